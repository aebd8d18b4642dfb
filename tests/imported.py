"""Maps that `job=import` makes, loaded and decoded as the collector does it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from ess_ray.adapters.importing.map_file import check_map
from ess_ray.adapters.importing.trees import read_yaml
from ess_ray.core.batch import batch_of
from ess_ray.core.decoding.normalise import Decoder
from ess_ray.core.importing.item import Import
from ess_ray.core.importing.map_of import MadeMap, make_map
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.own_columns import merged
from ess_ray.core.maps.plan import make_plan
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.standard import Standard, load_standard
from ess_ray.core.samples import Device, Sample, Status
from tests.decoded import dicts

STANDARD = Path(__file__).parents[1] / "conf" / "standard" / "ess.yaml"
Memory = dict[tuple[int, int], int]  # registers, or bits, by function and address


@cache
def standard() -> Standard:
    return load_standard(read_yaml(STANDARD.read_text(encoding="utf-8"), "standard"))


def made(found: Import, device: int = 0, table: str = "imported") -> MadeMap:
    """The map of one device of an import."""
    return make_map(found, found.devices[device], table, "file", lambda text: check_map("imported", text, standard()))


def loaded(text: str) -> RegisterMap:
    return load_map("imported", read_yaml(text, "map"), standard())


def decoded(text: str, memory: Memory) -> dict[str, list[dict[str, Any]]]:
    """The rows of one sample, by table, without time, site, device and quality; addresses not in `memory` hold 0."""
    register_map = loaded(text)
    plan, image = make_plan(register_map), bytearray()
    for request in plan.requests:
        for address in range(request.address, request.address + request.count):
            image += memory.get((request.function, address), 0).to_bytes(request.item_bytes)
    sample = Sample(Device("site", "device"), "layout", 0, Status.STORED, None, (), None, 1.0, 1, 0, bytes(image))
    tables = Decoder(register_map, plan, merged(standard(), [register_map.own])).decode(batch_of([sample]))
    leading = ("time", "site", "device", "quality")
    return {
        table: [{name: value for name, value in row.items() if name not in leading} for row in dicts(columns)]
        for table, columns in tables.items()
    }
