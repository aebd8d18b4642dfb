"""The chain of models of a device: where it may begin and end, and what real devices make otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from ess_ray.adapters.importing.sunspec_definitions import find_definition
from ess_ray.core.sunspec.chain import Chain, walk
from tests.sunspec_device import make_chain

MARK = [0x5375, 0x6E53]
INVERTER = [103, 50, *[0] * 50]


def walked(registers: Sequence[int] | Mapping[int, int], base: int = 40000) -> Chain:
    """What is found in a device with these registers from `base` on, which refuses all others."""
    held = dict(enumerate(registers, base)) if isinstance(registers, Sequence) else registers

    def read(address: int, count: int) -> bytes | int:
        numbers = [held.get(at) for at in range(address, address + count)]
        return b"".join(n.to_bytes(2) for n in numbers if n is not None) if None not in numbers else 2

    return walk(read, find_definition)


def models(chain: Chain) -> list[tuple[int, int, int]]:
    return [(model.definition.id, model.address, model.length) for model in chain.models]


@pytest.mark.parametrize("base", [40000, 0, 50000])
def test_a_chain_begins_at_one_of_three_places(base: int) -> None:
    chain = walked([*MARK, *INVERTER, 0xFFFF, 0], base)
    assert (chain.base, models(chain), chain.notes) == (base, [(103, base + 2, 50)], [])


@pytest.mark.parametrize(
    ("end", "note"),
    [
        ([0xFFFF, 0], ""),
        ([0xFFFF], ""),  # and not a register more
        ([0, 0], "ends with model 0"),
        ([], "no end model: exception 2 at 40054"),
        ([103, 60000], "beyond 65535"),
    ],
)
def test_a_chain_ends_in_many_ways(end: list[int], note: str) -> None:
    chain = walked([*MARK, *INVERTER, *end])
    assert models(chain) == [(103, 40002, 50)]
    assert note in "".join(chain.notes)
    assert bool(note) == bool(chain.notes)


def test_a_chain_without_an_end_is_left() -> None:
    chain = walked([*MARK, *[64999, 0] * 5000])
    assert chain.models == []
    assert "no end" in chain.notes[0]


def test_what_is_not_defined_is_told_and_passed_over() -> None:
    chain = walked([*MARK, 65230, 1, 7, *INVERTER, 0xFFFF, 0])
    assert [(one.number, one.address, one.length) for one in chain.unknown] == [(65230, 40002, 1)]
    assert models(chain) == [(103, 40005, 50)]


def test_counts_are_read_with_the_chain_and_the_maker_from_the_common_model() -> None:
    made = make_chain(1, 705, most=3)
    chain = walked([*MARK, *made[0].registers, *made[1].registers, 0xFFFF, 0])
    assert chain.models[1].counts == {"NCrv": 3, "NPt": 3}
    assert set(chain.nameplate) == {"Mn", "Md", "Opt", "Vr", "SN"}


def test_a_common_model_that_is_too_short_has_the_texts_that_are_in_it() -> None:
    chain = walked([*MARK, 1, 16, *b"\0A" * 16, *INVERTER, 0xFFFF, 0])
    assert list(chain.nameplate) == ["Mn"]


def test_a_device_without_a_chain_is_told_what_it_has_instead() -> None:
    chain = walked([1, 2, 3], 0)
    assert (chain.base, chain.replied) == (None, True)
    assert chain.tried == {40000: "exception 2", 0: "holds 00 01 00 02", 50000: "exception 2"}
    silent = walk(lambda address, count: "timeout", find_definition)
    assert (silent.base, silent.replied) == (None, False)
    assert silent.tried[40000] == "no reply: timeout"
