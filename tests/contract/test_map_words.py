"""Values that stand in several registers, at devices as they are: read over a real socket, in one request, and exact.

The devices have the registers of REGISTERS and no others: a request that touches another one is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from ess_ray.core.batch import batch_of
from ess_ray.core.decoding.normalise import MISSING, Decoder
from ess_ray.core.maps.plan import make_plan
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.samples import Sample
from tests import torture
from tests.contract.test_modbus import collect, settings
from tests.decoded import dicts
from tests.few_values import STANDARD, made
from tests.torture import Behaviour, Pieces

POWER, EXPONENT = 40083, 40084  # of an inverter that changes its scale factor from poll to poll
AMOUNT, DIRECTION = 3001, 3002
LOW, HIGH = 625, 690
REGISTERS = {
    POWER: 6553, AMOUNT: 123, DIRECTION: 1, LOW: -40_000 & 0xFFFF, HIGH: -40_000 >> 16 & 0xFFFF, 3000: 0x8064,
    100: 0x1234, 101: 0xEC19, 102: 0x0002, 103: 0x0000, 104: 0x1A0B, 105: 0x1B08, 106: 0x2D01,
}  # fmt: skip
COLUMNS = f"""
    x: {{at: {POWER}, exponent: {EXPONENT}}}, y: {{at: 3000, scale: 0.1, sign: magnitude}},
    z: {{at: {AMOUNT}, type: uint16, scale: 0.1, sign: {DIRECTION}}},
    whole: {{type: int32, words: {{at: [{HIGH}, {LOW}], apart: true}}}},
    small: {{at: 100, type: bcd16}}, list: {{at: 101, bits: 8..15, signed: true, count: 1}},
    up: {{at: 102, type: uint32, bit: 17}},
    word: {{at: 104, type: datetime, parts: [year/month, day/hour, minute/second]}}
"""
REST = {
    "y": -10.0, "z": -12.3, "whole": -40_000, "small": 1234, "list": [-20.0], "up": True, "word": "2026-11-27T08:45:01",
}  # fmt: skip


def device(refused: int | None = None) -> Behaviour:
    """Answers with REGISTERS; the exponent is another one in each reply. `refused`: a register that it lacks."""
    exponents = count()

    def behave(number: int, reply: bytes) -> Pieces:
        first = int.from_bytes(reply[9:11])  # a good device's registers hold their own address
        addresses = range(first, first + reply[8] // 2)
        registers: Mapping[int, int] = REGISTERS | {EXPONENT: -(next(exponents) % 2) & 0xFFFF}
        if any(address not in registers or address == refused for address in addresses):
            return torture.refusing(2)(number, reply)
        return [(0, reply[:9] + b"".join(registers[address].to_bytes(2) for address in addresses))]

    return behave


def stored(plant: RegisterMap, samples: list[Sample]) -> list[dict[str, Any]]:
    return dicts(Decoder(plant, make_plan(plant), STANDARD).decode(batch_of(samples))["one"])


def test_each_value_is_what_its_registers_say_at_that_moment() -> None:
    plant = made(COLUMNS)
    with torture.device(device()) as port:
        rows = stored(plant, collect([settings(port, make_plan(plant))], 4))
    assert all(row.items() >= REST.items() and row["quality"] == 0 for row in rows)
    assert {row["x"] for row in rows} == {6553.0, 655.3}


def test_a_value_whose_exponent_is_refused_is_missing_and_the_others_are_read() -> None:
    plant = made(COLUMNS)
    with torture.device(device(refused=EXPONENT)) as port:
        samples = collect([settings(port, make_plan(plant))], 4)
    rows = stored(plant, samples)
    assert all((row["x"], row["quality"]) == (None, MISSING) and row.items() >= REST.items() for row in rows)
    assert all(f"3:{POWER}-{EXPONENT}" in (sample.missing_text or "") for sample in samples)
