"""The shipped register maps say what the plants' CSVs say, and what was doubtful in them is decided in one line."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from ess_ray.adapters.local.yaml_lines import line_finder
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.plan import make_plan
from ess_ray.core.maps.registers import RegisterMap, Value
from ess_ray.core.maps.standard import Standard
from tests.make import shipped_map, shipped_standard

ROOT = Path(__file__).parents[4]
REQUESTS = {"sionyu": 7, "panri": 14, "hwanggeum6": 10, "seokhwan": 23}
PERIODS_S = {"sionyu": 1, "panri": 1, "hwanggeum6": 1, "seokhwan": 5}


def load(name: str, text: str) -> RegisterMap:
    return load_map(name, yaml.load(text, Loader=yaml.CSafeLoader), shipped_standard(), line_finder(text))


def text_of(name: str) -> str:
    return (ROOT / f"conf/map/{name}.yaml").read_text("utf-8")


def csv_rows(value: Value, standard: Standard) -> dict[str, str]:
    """A value as a line of the plants' CSVs."""

    def number(decimal: Decimal | None) -> str:
        return "" if decimal is None else str(decimal)

    ids = dict(zip(standard.tables[value.table].identity, map(str, value.ids), strict=True))
    exponent = value.scale.as_tuple().exponent
    assert isinstance(exponent, int)
    return {
        "table": value.table, "column": value.column, "element": str(value.element or ""),
        **{key: ids.get(key, "") for key in ("bank_id", "rack_id", "module_id")},
        "address": str(value.address), "width": str(value.width),
        "word_order": {"ABCD": "big", "CDAB": "little"}[value.order] if value.width > 1 else "",
        "signed": str(int(not value.raw_type.startswith("u"))),
        "scale": str(value.scale), "decimals": str(max(0, -exponent)),
        "min": number(value.minimum), "max": number(value.maximum), "invert": value.invert or "",
        "unit": value.unit, "type": value.column_type, "note": value.note,
    }  # fmt: skip


@pytest.mark.parametrize("name", REQUESTS)
def test_a_shipped_map_says_what_the_plants_csv_says_and_nothing_more(name: str) -> None:
    standard, plant = shipped_standard(), shipped_map(name)
    have = sorted((csv_rows(value, standard) for value in plant.values), key=lambda row: int(row["address"]))
    with (ROOT / f"tests/data/registers/{name}.csv").open(encoding="utf-8") as file:
        want = sorted(csv.DictReader(file), key=lambda row: int(row["address"]))
    assert have == want
    rest = {(v.function, v.offset, v.sentinels, v.choices, v.bits) for v in plant.values}
    assert rest == {(4, Decimal(0), (), (), None)}
    assert plant.period_s == PERIODS_S[name]
    assert len(make_plan(plant).requests) == REQUESTS[name]


@pytest.mark.parametrize(("slots", "racks"), [("nine", 9), ("eleven", 11)])
def test_the_owner_of_seokhwan_settles_the_bank_flags_in_one_line(slots: str, racks: int) -> None:
    text = text_of("seokhwan").replace("- *unsettled", f"- *{slots}_rack_slots")
    plant = load("seokhwan", text)
    addresses = {v.column: v.address for v in plant.values if v.table == "bank"}
    assert addresses["battery_status_for_standby"] == 1022 + racks
    assert len([v for v in plant.values if v.column == "master_rack_communication_faults"]) == racks
    assert len(plant.values) == 2594
    assert len(make_plan(plant).requests) == 23


def test_the_owner_of_sionyu_moves_the_solar_counter_in_one_line() -> None:
    text = text_of("sionyu").replace("{at: 604, scale", "{at: 603, type: uint32, scale")
    value = load("sionyu", text).values[-1]
    assert (value.column, value.address, value.width) == ("inv1_cumulative_power_generation", 603, 2)


def test_the_worked_example_of_the_manual_is_a_map() -> None:
    text = (ROOT / "docs/register-maps.md").read_text("utf-8").split("```yaml\n")[1].split("```")[0]
    plant = load("example", text)
    registers = {(v.column, *v.ids): (v.function, v.address, v.raw_type, v.bits) for v in plant.values}
    assert len(registers) == 10 + 4 * 3
    assert registers["bank_power", 1] == (3, 5, "int32", None)
    assert registers["order_source", 1] == (3, 7, "bits", (8, 4))
    assert registers["emergency_status", 1] == (1, 16, "bit", None)
    assert registers["rack_voltage", 1, 4] == (3, 162, "uint16", None)
    requests = [(request.function, request.address, request.count) for request in make_plan(plant).requests]
    assert requests == [(1, 16, 1), (3, 0, 8), (3, 100, 3), (3, 120, 3), (3, 140, 3), (3, 160, 3)]
