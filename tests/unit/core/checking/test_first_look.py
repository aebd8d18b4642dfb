"""Of a device of which nothing is known its registers are found, and a map made of them is one that can be used."""

from __future__ import annotations

from collections.abc import Collection

import pytest
import yaml

from ess_ray.core.checking.first_look import first_look, without_mirror
from ess_ray.core.checking.skeleton import MOST_COLUMNS, map_of_registers
from ess_ray.core.checking.survey import Reply
from ess_ray.core.checking.ways import Way
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.plan import make_plan
from ess_ray.core.reasons import Reason
from tests.make import shipped_standard

TCP = Way("tcp", 1)


def asked(registers: dict[tuple[int, int], int], otherwise: Reply, log: list[tuple[int, int]]) -> object:
    def ask(_: Way, function: int, address: int, count: int) -> Reply:
        log.append((function, address))
        keys = [(function, at) for at in range(address, address + count)]
        if not registers.keys() >= {*keys}:
            return otherwise
        return b"".join(registers[key].to_bytes(2, "big") for key in keys)

    return ask


def area(function: int, addresses: Collection[int]) -> dict[tuple[int, int], int]:
    return {(function, at): at for at in addresses}


@pytest.mark.parametrize(
    ("registers", "address", "windows", "sunspec"),
    [
        (area(3, range(10)), None, [(3, 0, 63)], None),
        (area(3, range(100, 300)), None, [(3, 100, 163), (3, 256, 319)], None),
        (area(4, range(30000, 30010)), None, [(4, 30000, 30063)], None),
        (area(3, range(7000, 7010)), None, [], None),
        (area(3, range(7000, 7010)), 7000, [(3, 7000, 7063)], None),
        (area(3, [65535]), 65535, [(3, 65535, 65535)], None),
        ({(3, 40000): 0x5375, (3, 40001): 0x6E53, (3, 0): 1}, None, [(3, 40000, 40063)], 40000),
    ],
)
def test_where_registers_begin_is_found(
    registers: dict[tuple[int, int], int], address: int | None, windows: list[tuple[int, int, int]], sunspec: int | None
) -> None:
    look = first_look(TCP, asked(registers, 2, []), address)  # type: ignore[arg-type]
    assert (list(look.windows), look.sunspec) == (windows, sunspec)


def test_a_device_that_is_silent_costs_few_time_outs() -> None:
    log: list[tuple[int, int]] = []
    assert first_look(TCP, asked({}, str(Reason.TIMEOUT), log)).windows == ()  # type: ignore[arg-type]
    assert len(log) == 3 + 2 * 3


def test_input_registers_that_are_the_holding_registers_once_more_are_left_out() -> None:
    runs = [(3, 0, 9), (4, 0, 9)]
    both = {(function, at): at for function in (3, 4) for at in range(10)}
    assert without_mirror(runs, both) == [(3, 0, 9)]
    assert without_mirror(runs, {**both, (4, 3): 77}) == [(3, 0, 9)]  # it has changed meanwhile
    assert without_mirror(runs, {**both, (4, 3): 77, (4, 4): 78}) == runs


@pytest.mark.parametrize(
    ("values", "columns"),
    [
        ([0, 7, 0, 0, 65535, 0], ["holding_1", "holding_4"]),
        ([0, 0, 0], ["holding_0"]),
        ([1] * 400, [f"holding_{at}" for at in range(MOST_COLUMNS)]),
    ],
)
def test_the_map_that_is_made_can_be_used(values: list[int], columns: list[str]) -> None:
    registers = {(3, at): value for at, value in enumerate(values)}
    text = map_of_registers([(3, 0, len(values) - 1)], registers, "new_raw")
    made = load_map("new", yaml.safe_load(text), shipped_standard(), None)
    assert [value.column for value in made.values] == columns
    assert len(make_plan(made).requests) == -(-(int(columns[-1][8:]) + 1 - int(columns[0][8:])) // 125)
