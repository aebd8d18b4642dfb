"""What a person is shown of a register is what would be stored of it."""

from __future__ import annotations

import random

import pytest

from ess_ray.core.batch import batch_of
from ess_ray.core.checking.reading import read_values, registers_of
from ess_ray.core.decoding.normalise import Decoder
from ess_ray.core.maps.plan import Plan, Request, make_plan
from ess_ray.core.samples import Device, Sample, Status
from tests.decoded import dicts
from tests.make import shipped_map, shipped_standard


@pytest.mark.parametrize("name", ["sionyu", "panri", "hwanggeum6", "seokhwan"])
def test_a_value_that_is_shown_is_the_value_that_is_stored(name: str) -> None:
    standard, register_map = shipped_standard(), shipped_map(name)
    plan = make_plan(register_map)
    image = random.Random(name).randbytes(plan.image_bytes)
    missing = ((2, 6),)
    sample = Sample(Device("s", "d"), plan.layout, 0, Status.PARTIAL, "timeout", missing, "", 1.0, 1, 0, image)
    tables = Decoder(register_map, plan, standard).decode(batch_of([sample]))
    rows = {
        (table, *(row[key] for key in standard.tables[table].identity)): row
        for table, columns in tables.items()
        for row in dicts(columns)
    }
    for reading in read_values(register_map.values, registers_of(plan, image, missing)):
        value = reading.value
        stored = rows[value.table, *value.ids][value.column]
        stored = stored if value.element is None else stored[value.element - 1]
        assert reading.number == stored
        assert reading.read == (stored is not None or bool(value.sentinels))


def test_a_hole_of_a_request_that_was_not_read_is_not_taken_for_read() -> None:
    request = Request(4, 600, 5, ((600, 3), (604, 1)), 0)
    plan = Plan((request,), 10, "layout")
    assert registers_of(plan, bytes(10), ()) == dict.fromkeys([(4, address) for address in range(600, 605)], 0)
    assert registers_of(plan, bytes(10), ((0, 6), (8, 10))) == {}
    assert registers_of(plan, bytes(10), ((0, 2),)) == dict.fromkeys([(4, 601), (4, 602), (4, 604)], 0)
