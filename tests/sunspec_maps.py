"""Maps that the program makes of SunSpec models, and what its decoder makes of their registers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from ess_ray.adapters.importing.sunspec_definitions import find_definition
from ess_ray.core.batch import batch_of
from ess_ray.core.decoding.normalise import Decoder
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.own_columns import merged
from ess_ray.core.maps.plan import make_plan
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.row_size import check_rows
from ess_ray.core.samples import Device, Sample, Status
from ess_ray.core.sunspec.making import Made, make_blocks
from ess_ray.core.sunspec.placing import Model
from ess_ray.core.sunspec.writing import write
from tests.decoded import dicts
from tests.make import shipped_standard
from tests.sunspec_device import SunSpecModel


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
    plan, standard = make_plan(register_map), merged(shipped_standard(), [register_map.own])
    held = {model.address + at: number for model in models for at, number in enumerate(model.registers)}
    words = (held[request.address + at] for request in plan.requests for at in range(request.count))
    image = b"".join(word.to_bytes(2) for word in words)
    sample = Sample(Device("s", "d"), plan.layout, 0, Status.STORED, None, (), None, 1.0, 1, 0, image)
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
