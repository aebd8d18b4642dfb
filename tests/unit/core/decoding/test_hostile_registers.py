"""Whatever registers hold: nothing raises, and what a person is shown is what is stored."""

from __future__ import annotations

import random

from ess_ray.core.checking.reading import peek, read_values, registers_of
from ess_ray.core.maps.plan import make_plan
from tests.few_values import decoded, made

COLUMNS = """
    x: {at: 0, exponent: 1, factor: {at: 2, type: float32}, divisor: 4, sign: {at: 5, bit: 3}, max: 1000},
    y: {at: 6, type: float32, exponent: 1, divisor: {at: 8, type: bcd32}},
    z: {at: 10, type: mod10k64, signed: true, scale: 0.001},
    whole: {at: 14, type: uint32, factor: {at: 16, type: int16}, sign: 17},
    list: {at: 18, type: bcd16, count: 3, exponent: {at: 21, step: 1}},
    small: {at: 24, bits: 3..9, signed: true}, up: {at: 25, type: uint32, bit: 17},
    word: {at: 27, type: datetime, zone: Europe/Berlin, parts: [year/month, day/hour, minute/second]}
"""


def test_random_registers_are_decoded_or_null() -> None:
    plant = made(COLUMNS)
    plan = make_plan(plant)
    rolled = random.Random(7)
    likely = (0, 1, 0xFFFF, 0x8000, 0x7FFF, 0x1A0B, 0x7F80, 9)
    polls = [
        {at: rolled.choice(likely) if rolled.random() < 0.5 else rolled.randrange(1 << 16) for at in range(30)}
        for _ in range(100)
    ]
    for row, poll in zip(decoded(plant, *polls), polls, strict=True):
        image = b"".join(poll[at].to_bytes(2) for at in range(30))
        for reading in read_values(plant.values, registers_of(plan, image, ())):
            stored = row[reading.value.column]
            stored = stored if reading.value.element is None else stored[reading.value.element - 1]
            assert reading.number == stored, reading
            assert not reading.outside or row["quality"] == 1
        for value in plant.values:
            peek(value, registers_of(plan, image, ()))
