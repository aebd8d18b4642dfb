"""Samples that the database has already are cut out of a flush, and nothing else is."""

from __future__ import annotations

import pytest

from ess_ray.core.samples import Device
from ess_ray.core.storing.flush import Flush, Keys, TableRows, without

A, B, C = (Device("s", name) for name in "abc")


def make(*rows: tuple[Device, int, bytes, bytes]) -> Flush:
    def table(name: str, pieces: list[bytes]) -> TableRows:
        ends = tuple(len(b"".join(pieces[: i + 1])) for i in range(len(pieces)))
        return TableRows(name, ("x",), b"".join(pieces), ends, tuple(len(piece) for piece in pieces))

    keys = Keys.of((device, tick) for device, tick, _, _ in rows)
    return Flush(keys, table("sample", [row[2] for row in rows]), (table("bank", [row[3] for row in rows]),))


FULL = ((A, 1, b"a", b"AAA"), (B, 1, b"b", b""), (C, 1, b"c", b"CC"))


@pytest.mark.parametrize(
    ("rows", "duplicates", "left"),
    [
        (FULL, [], FULL),
        (FULL, [(A, 1)], FULL[1:]),
        (FULL, [(B, 1)], (FULL[0], FULL[2])),
        (FULL, [(C, 1), (A, 1)], FULL[1:2]),
        (FULL, [(A, 1), (B, 1), (C, 1)], ()),
        (FULL, [(A, 2)], FULL),  # another tick
        ((*FULL, (A, 1, b"z", b"ZZZZ")), [], FULL),  # twice in one flush: the first stays
        ((*FULL, (A, 1, b"z", b"ZZZZ")), [(A, 1)], FULL[1:]),
    ],
)
def test_duplicates_and_repeats_of_a_key_are_cut_out(
    rows: tuple[tuple[Device, int, bytes, bytes], ...],
    duplicates: list[tuple[Device, int]],
    left: tuple[tuple[Device, int, bytes, bytes], ...],
) -> None:
    assert without(make(*rows), duplicates) == make(*left)
