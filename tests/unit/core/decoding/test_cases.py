"""Golden cases, tests/cases/NAME: a map, registers, and the rows that must come of them (or the map's refusal).

`map.yaml` as users write it; `standard.yaml` if not that of all cases; `registers.yaml`: `registers`, by function and
first address, and `missing`, addresses that could not be read; `expected.yaml`: rows by table, or `error`, part of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ess_ray.adapters.local.yaml_lines import line_finder
from ess_ray.config.yaml_source import plain_tree
from ess_ray.core.batch import batch_of
from ess_ray.core.decoding.normalise import Decoder
from ess_ray.core.errors import MapError
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.own_columns import merged
from ess_ray.core.maps.plan import Plan, make_plan
from ess_ray.core.maps.recipe import follow_recipe, make_recipe
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.standard import Standard, load_standard
from ess_ray.core.samples import Device, Sample, Status
from tests.decoded import dicts

CASES = Path(__file__).parents[3] / "cases"
NAMES = sorted(path.parent.name for path in CASES.glob("*/map.yaml"))


def _read(name: str, file: str) -> Any:
    if file == "map.yaml":
        return plain_tree(CASES / name / file)  # as the configuration reads it
    return yaml.load((CASES / name / file).read_text(), Loader=yaml.CSafeLoader)


def _map(name: str) -> tuple[RegisterMap, Standard]:
    own = (CASES / name / "standard.yaml").exists()
    standard = load_standard(_read(name if own else ".", "standard.yaml"))
    text = (CASES / name / "map.yaml").read_text()
    register_map = load_map(name, _read(name, "map.yaml"), standard, line_finder(text))
    return register_map, merged(standard, [register_map.own])


def _sample(plan: Plan, registers: dict[int, dict[int, list[int]]], missing: dict[int, list[int]]) -> Sample:
    image, gaps = bytearray(), []
    for request in plan.requests:
        runs = registers[request.function]
        held = {address: number for first, run in runs.items() for address, number in enumerate(run, first)}
        for address in range(request.address, request.address + request.count):
            if address in missing.get(request.function, []):
                gaps.append((len(image), len(image) + request.item_bytes))
            image += held[address].to_bytes(request.item_bytes)
    status = Status.PARTIAL if gaps else Status.STORED
    return Sample(Device("site", "device"), "layout", 0, status, None, tuple(gaps), None, 1.0, 1, 0, bytes(image))


@pytest.mark.parametrize("name", NAMES)
def test_a_case_gives_what_it_says(name: str) -> None:
    expected = _read(name, "expected.yaml")
    if "error" in expected:
        with pytest.raises(MapError) as refusal:
            _map(name)
        assert expected["error"] in str(refusal.value)
        return
    register_map, standard = _map(name)
    plan = make_plan(register_map)
    given = _read(name, "registers.yaml")
    sample = _sample(plan, given["registers"], given.get("missing", {}))
    tables = Decoder(register_map, plan, standard).decode(batch_of([sample]))
    keys = {"time": 0, "site": "site", "device": "device"}
    assert {table: dicts(columns) for table, columns in tables.items()} == {
        table: [keys | row for row in rows] for table, rows in expected.items()
    }


@pytest.mark.parametrize("name", [name for name in NAMES if "error" not in _read(name, "expected.yaml")])
def test_a_recipe_makes_the_map_that_it_was_made_of(name: str) -> None:
    register_map, standard = _map(name)
    recipe = make_recipe(register_map, _read(name, "map.yaml"), 125, 2000)
    without_own = load_standard(_read(".", "standard.yaml"))
    followed, plan, then = follow_recipe(recipe, make_plan(register_map, 125, 2000).layout, without_own)
    sample = _sample(plan, **{"missing": {}, **_read(name, "registers.yaml")})
    batch = batch_of([sample])
    rows = Decoder(followed, plan, then).decode(batch)
    expected = Decoder(register_map, plan, standard).decode(batch)
    assert {table: dicts(columns) for table, columns in rows.items()} == {
        table: dicts(columns) for table, columns in expected.items()
    }
