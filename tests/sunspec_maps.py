"""Maps that the program makes of SunSpec models, and what its decoder makes of their registers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import yaml

from ess_ray.adapters.importing.sunspec_definitions import find_definition
from ess_ray.core.batch import batch_of
from ess_ray.core.decoding.normalise import Decoder
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.own_columns import merged
from ess_ray.core.maps.plan import Plan, make_plan
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.row_size import check_rows
from ess_ray.core.samples import Device, Sample, Status
from ess_ray.core.sunspec.making import Made, make_blocks
from ess_ray.core.sunspec.placing import Model
from ess_ray.core.sunspec.writing import write
from tests.decoded import dicts
from tests.make import shipped_standard
from tests.sunspec_device import Cell, SunSpecModel


def made_of(*models: SunSpecModel) -> Made:
    """The blocks for a device with these models."""
    chain = []
    for model in models:
        definition = find_definition(model.number)
        assert definition
        counts = {name: model.registers[at] for name, at in definition.counts()}
        chain.append(Model(definition, model.address, model.registers[1], counts))
    return make_blocks(chain, shipped_standard())


def map_of(*models: SunSpecModel) -> RegisterMap:
    """The map of a device with these models, as it is when its text has been read."""
    text = write(made_of(*models), ["made by a test"])
    register_map = load_map("device", yaml.load(text, Loader=yaml.CSafeLoader), shipped_standard())
    check_rows(register_map, merged(shipped_standard(), [register_map.own]))
    return register_map


def decoded(register_map: RegisterMap, *models: SunSpecModel) -> dict[int, object]:
    """What is stored of each value, by its first address."""
    plan = make_plan(register_map)
    held = {model.address + at: number for model in models for at, number in enumerate(model.registers)}
    words = (held[request.address + at] for request in plan.requests for at in range(request.count))
    image = b"".join(word.to_bytes(2) for word in words)
    sample = Sample(Device("s", "d"), plan.layout, 0, Status.STORED, None, (), None, 1.0, 1, 0, image)
    return stored_of(register_map, plan, sample)


def stored_of(register_map: RegisterMap, plan: Plan, sample: Sample) -> dict[int, object]:
    """What is stored of each value of a sample, by its first address; all its values have to be due."""
    standard = merged(shipped_standard(), [register_map.own])
    tables = Decoder(register_map, plan, standard).decode(batch_of([sample]))
    rows: dict[tuple[str, tuple[int, ...]], Mapping[str, Any]] = {}
    for name, columns in tables.items():
        for row in dicts(columns):
            rows[name, tuple(row[key] for key in standard.tables[name].identity)] = row
    found: dict[int, object] = {}
    for value in register_map.values:
        cell = rows[value.table, value.ids][value.column]
        if value.element is not None:
            found[value.address] = cell[value.element - 1]
        else:
            found[value.address] = cell
    return found


def cells_by_address(models: Iterable[SunSpecModel]) -> dict[int, Cell]:
    """What the device means by each value, by its first address; what is stored as an array has one an element."""
    cells: dict[int, Cell] = {}
    for cell in (cell for model in models for cell in model.cells.values()):
        for at, word in enumerate(cell.value if isinstance(cell.value, list) else ()):
            cells[cell.address + at] = replace(cell, address=cell.address + at, value=Fraction(word), units="")
        if not isinstance(cell.value, list):
            cells[cell.address] = cell
    return cells


def stored(cell: Cell, unit: str, type_: str) -> object:
    """What the database should have of a value, in a column of this unit and type."""
    if not isinstance(cell.value, Fraction | float):
        return cell.value
    thousandth = unit.startswith("k") and not cell.units.startswith("k")
    share = Fraction(1, 1000) if thousandth else Fraction(1, 100) if cell.units == "Pct" and not unit else 1
    number = Fraction(cell.value) * share
    return float(number) if type_ == "float8" else int(number)
