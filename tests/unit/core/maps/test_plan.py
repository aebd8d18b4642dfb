"""The request plan: every value read, nothing forbidden, nothing split, and no plan with fewer requests."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.plan import Plan, locate, make_plan
from ess_ray.core.maps.registers import RegisterMap, Value


def register_map(
    spans: list[tuple[int, int]], function: int = 4, holes: frozenset[tuple[int, int]] = frozenset()
) -> RegisterMap:
    values = [Value("t", f"c{address}", None, (), function, address, width, "string") for address, width in spans]
    return RegisterMap("test", 1.0, tuple(values), holes, "hash")


def spans_of(plan: Plan) -> list[tuple[int, int, int]]:
    return [(request.function, request.address, request.count) for request in plan.requests]


@st.composite
def maps(draw: st.DrawFn) -> RegisterMap:
    """Values of width 1-4 with gaps of 0-3, some gaps readable."""
    spans, holes, address = [], set(), 0
    for _ in range(draw(st.integers(1, 9))):
        gap, readable, width = draw(st.integers(0, 3)), draw(st.booleans()), draw(st.integers(1, 4))
        holes |= {(4, hole) for hole in range(address, address + gap) if readable}
        spans.append((address + gap, width))
        address += gap + width
    return register_map(spans, holes=frozenset(holes))


def fewest(plant: RegisterMap, limit: int) -> int:
    """By trying every way to cut the values into runs."""

    def possible(first: int, last: int) -> bool:
        values = plant.values[first : last + 1]
        end = values[-1].address + values[-1].width
        covered = {v.address + i for v in values for i in range(v.width)} | {a for _, a in plant.readable_holes}
        return end - values[0].address <= limit and covered >= set(range(values[0].address, end))

    @cache
    def best(first: int) -> int:
        last_ones = range(first, len(plant.values))
        return min((1 + best(last + 1) for last in last_ones if possible(first, last)), default=0)

    return best(0)


@given(maps(), st.integers(4, 12))
def test_no_plan_has_fewer_requests(plant: RegisterMap, limit: int) -> None:
    assert len(make_plan(plant, limit).requests) == fewest(plant, limit)


@given(maps(), st.integers(4, 12))
def test_every_value_is_read_whole_once_and_no_forbidden_address_is_touched(plant: RegisterMap, limit: int) -> None:
    plan = make_plan(plant, limit)
    read = [address for r in plan.requests for address in range(r.address, r.address + r.count)]
    wanted = {address for v in plant.values for address in range(v.address, v.address + v.width)}
    assert len(read) == len(set(read))
    assert wanted <= set(read) <= wanted | {address for _, address in plant.readable_holes}
    assert max(request.count for request in plan.requests) <= limit
    assert [atom for r in plan.requests for atom in r.atoms] == [(v.address, v.width) for v in plant.values]
    assert all(r.address <= a and a + n <= r.address + r.count for r in plan.requests for a, n in r.atoms)


@given(maps(), st.integers(4, 12))
def test_locate_finds_the_registers_of_every_value_in_the_image(plant: RegisterMap, limit: int) -> None:
    plan = make_plan(plant, limit)
    image = b"".join(
        address.to_bytes(2, "big") for r in plan.requests for address in range(r.address, r.address + r.count)
    )
    assert len(image) == plan.image_bytes
    for value in plant.values:
        byte = locate(plan, value)
        assert int.from_bytes(image[byte : byte + 2], "big") == value.address


def test_bits_take_a_byte_each_in_the_image() -> None:
    coils = register_map([(address, 1) for address in range(3, 20)], function=1)
    plan = make_plan(coils, max_bits=10)
    assert spans_of(plan) == [(1, 3, 10), (1, 13, 7)]
    assert (plan.image_bytes, [request.reply_bytes for request in plan.requests]) == (17, [2, 1])
    assert [locate(plan, coils.values[index]) for index in (0, 7, 8, 10, 16)] == [0, 7, 8, 10, 16]


def test_functions_are_never_mixed_and_go_in_order() -> None:
    plant = register_map([(0, 1), (1, 1)], 3)
    both = RegisterMap("test", 1.0, plant.values + register_map([(2, 2)], 4).values, frozenset(), "hash")
    assert spans_of(make_plan(both)) == [(3, 0, 2), (4, 2, 2)]


def test_bits_inside_a_wide_value_join_its_atom() -> None:
    plan = make_plan(register_map([(0, 2), (1, 1), (2, 1)]), max_registers=2)
    assert [request.atoms for request in plan.requests] == [((0, 2),), ((2, 1),)]


def test_layout_differs_with_the_map_and_with_the_requests() -> None:
    plant = register_map([(0, 1), (1, 1)])
    other = RegisterMap("test", 1.0, plant.values, frozenset(), "other")
    assert make_plan(plant).layout == make_plan(plant, 100).layout
    assert len({make_plan(plant).layout, make_plan(plant, 1).layout, make_plan(other).layout}) == 3


@pytest.mark.parametrize(
    ("registers", "bits", "words"),
    [
        (0, 2000, ["max_registers", "1 to 125", "found 0"]),
        (126, 2000, ["max_registers", "found 126"]),
        (125, 2001, ["max_bits", "1 to 2000"]),
        (3, 2000, ["map test, address 7", "t.c7 takes 4 registers", "only 3"]),
    ],
)
def test_a_limit_that_cannot_work_is_refused(registers: int, bits: int, words: list[str]) -> None:
    with pytest.raises(ConfigError) as error:
        make_plan(register_map([(7, 4)]), registers, bits)
    assert all(word in str(error.value) for word in words)


def test_no_request_crosses_a_border() -> None:
    plant = register_map([(0, 2), (2, 1), (3, 4), (7, 1)], holes=frozenset({(4, 8), (4, 9)}))
    assert spans_of(make_plan(plant)) == [(4, 0, 8)]
    assert spans_of(make_plan(plant, borders=(3, 7, 40))) == [(4, 0, 3), (4, 3, 4), (4, 7, 1)]
    with pytest.raises(ConfigError, match="5 lies within a value, which has the address 3"):
        make_plan(plant, borders=(5,))
