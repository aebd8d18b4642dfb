"""Addresses may be written as a vendor's table prints them, and are sent as the protocol counts them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ess_ray.adapters.local.yaml_lines import line_finder
from ess_ray.config.yaml_source import plain_tree
from ess_ray.core.errors import MapError
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.numbering import Numbering
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.standard import load_standard

COLUMNS = {name: {"type": "float8", "meaning": "…"} for name in ("a", "b", "c", "d")}
STANDARD = load_standard({"tables": {"t": {"columns": COLUMNS}}})


def load(folder: Path, text: str) -> RegisterMap:
    """A map as the configuration reads it from a file."""
    (folder / "m.yaml").write_text(f"period_s: 1\n{text}\n")
    tree = plain_tree(folder / "m.yaml")
    assert tree is not None
    return load_map("m", tree, STANDARD, line_finder((folder / "m.yaml").read_text()))


@pytest.mark.parametrize(
    ("kind", "number", "digits", "expected"),
    [
        ("wire", 0, 0, (None, 0)),
        ("wire", 40000, 0, (None, 40000)),  # SunSpec
        ("wire", 30051, 0, (None, 30051)),  # SMA
        ("wire", 33057, 0, (None, 33057)),  # Solis
        ("wire", 65535, 0, (None, 65535)),
        ("one_based", 1, 0, (None, 0)),
        ("one_based", 4990, 0, (None, 4989)),
        ("one_based", 65536, 0, (None, 65535)),
        ("one_based", 17, 5, (None, 16)),
        ("modicon", 40001, 0, (3, 0)),
        ("modicon", 40003, 0, (3, 2)),
        ("modicon", 49999, 0, (3, 9998)),
        ("modicon", 400001, 0, (3, 0)),
        ("modicon", 465536, 0, (3, 65535)),
        ("modicon", 30001, 0, (4, 0)),
        ("modicon", 312345, 0, (4, 12344)),
        ("modicon", 10001, 0, (2, 0)),
        ("modicon", 110000, 0, (2, 9999)),
        ("modicon", 1, 5, (1, 0)),
        ("modicon", 17, 0, (1, 16)),
        ("modicon", 9999, 0, (1, 9998)),
        ("modicon", 10000, 6, (1, 9999)),
        ("modicon", 65536, 6, (1, 65535)),
    ],
)
def test_each_numbering_says_what_is_sent(
    kind: str, number: int, digits: int, expected: tuple[int | None, int]
) -> None:
    assert Numbering(kind).sent(number, digits) == expected
    function, address = expected
    if address <= 65435:
        assert Numbering(kind, 100).sent(number, digits) == (function, address + 100)


@pytest.mark.parametrize(
    ("kind", "number", "digits", "problem"),
    [
        ("wire", 65536, 0, "expected a whole number from 0 to 65535, found 65536"),
        ("wire", 400003, 0, "write 2 and function: 3, or addresses: modicon"),
        ("wire", 17, 5, "00017 has zeros in front, .*: write 17 if it is sent so, or see `addresses`"),
        ("one_based", 0, 0, "0 is no address that counts from 1"),
        ("one_based", 65537, 0, "found 65537"),
        ("modicon", 0, 0, "0 is no Modicon address: expected 00001 to 09999"),
        ("modicon", 0, 5, "00000 is no Modicon address"),
        ("modicon", 40000, 0, "40000 is no Modicon address"),
        ("modicon", 10000, 0, "10000 is no Modicon address"),
        ("modicon", 20001, 0, "20001 is no Modicon address"),
        ("modicon", 50001, 0, "is no Modicon address"),
        ("modicon", 465537, 0, "is no Modicon address"),
        ("modicon", 4000001, 0, "is no Modicon address"),
    ],
)
def test_what_is_no_address_is_told(kind: str, number: int, digits: int, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Numbering(kind).sent(number, digits)


def test_a_base_cannot_lead_past_the_last_address() -> None:
    with pytest.raises(ValueError, match="500 is 65600 here, which is no address"):
        Numbering("wire", 65100).sent(500)


@pytest.mark.parametrize(
    ("top", "runs", "values", "holes"),
    [
        ("function: 3", "{at: 40003, columns: [a]}", [(3, 40003)], []),
        (
            "addresses: one_based\nfunction: 3\nreadable: [3, 5..6]",
            "{at: 1, columns: [a, b: {at: 4}]}",
            [(3, 0), (3, 3)],
            [(3, 2), (3, 4), (3, 5)],
        ),
        (
            "addresses: modicon\nreadable: [40003, 30002..30003]",
            "{at: 40001, columns: [a]}, {at: 30001, columns: [b]}, {at: 00017, columns: [c]}, "  # noqa: ISC004
            "{at: 100017, columns: [d]}",
            [(1, 16), (2, 16), (3, 0), (4, 0)],
            [(3, 2), (4, 1), (4, 2)],
        ),
        (
            "function: 4\naddresses: one_based",
            "{at: 10, columns: [a]}, {at: 40011, addresses: modicon, function: 3, columns: [b]}, "  # noqa: ISC004
            "{at: 12, addresses: wire, columns: [c]}",
            [(3, 10), (4, 9), (4, 12)],
            [],
        ),
    ],
)
def test_a_map_reads_what_its_table_prints(
    tmp_path: Path, top: str, runs: str, values: list[tuple[int, int]], holes: list[tuple[int, int]]
) -> None:
    register_map = load(tmp_path, f"{top}\nblocks: [{{table: t, runs: [{runs}]}}]")
    assert [(value.function, value.address) for value in register_map.values] == values
    assert sorted(register_map.readable_holes) == holes


def test_registers_beside_a_value_are_numbered_as_it_is(tmp_path: Path) -> None:
    text = (
        "addresses: modicon\nblocks: [{table: t, runs: [{at: 40001, columns: [a: {exponent: 40009}, "
        "b: {exponent: {at: 30009}}, c: {sign: {at: 00007}}]}]}]"
    )
    sides = [value.sides[0].value for value in load(tmp_path, text).values]
    assert [(side.function, side.address) for side in sides] == [(3, 8), (4, 8), (1, 6)]


def test_maps_that_write_the_same_registers_otherwise_decode_alike(tmp_path: Path) -> None:
    wire = "function: 3\nblocks: [{table: t, runs: [{at: 2, columns: [a, b]}]}]"
    one = "addresses: one_based\nfunction: 3\nblocks: [{table: t, runs: [{at: 3, columns: [a, b]}]}]"
    modicon = "addresses: modicon\nblocks: [{table: t, runs: [{at: 40003, columns: [a, b]}]}]"
    assert len({load(tmp_path, text).map_hash for text in (wire, one, modicon)}) == 1


RUN = "blocks: [{table: t, runs: [{at: 40001, columns: [a]}]}]"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            f"addresses: printed\n{RUN}",
            "line 2: addresses: unknown kind of addresses 'printed'; known: wire",
        ),
        (f"addresses: Modicon\n{RUN}", "did you mean modicon"),
        (f"addresses: 1\n{RUN}", "line 2: addresses: expected text, found 1"),
        (
            f"addresses: modicon\nfunction: 4\n{RUN}",
            "line 4.*40001 is a holding register by its first digit, and",
        ),
        (
            f"addresses: modicon\n{RUN.replace('[a]', '[a: {at: 30002}]')}",
            "30002 is an input register by",
        ),
        (f"addresses: modicon\n{RUN.replace('40001', '20001')}", "line 3: at: 20001 is no Modicon address"),
        (f"addresses: modicon\nreadable: [40001..30002]\n{RUN}", "line 3.*30002 is an input register"),
        (f"addresses: modicon\nreadable: [40005..40002]\n{RUN}", "expected first..last, found '40005..40002'"),
        (f"function: 3\nreadable: [a..b]\n{RUN}", "expected a whole number from 0 to 65535, found 'a'"),
        (f"function: 3\n{RUN.replace('40001', '00017')}", "line 3: at: 00017 has zeros in front"),
        (f"function: 3\n{RUN.replace('40001', '-1')}", "found -1"),
        (f"function: 3\n{RUN.replace('40001', 'true')}", "found True"),
        (f"function: 3\n{RUN.replace('40001', '1.0')}", "found 1.0"),
    ],
)
def test_mistakes_are_told_with_line_and_advice(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(MapError, match=problem):
        load(tmp_path, text)


def test_zeros_in_front_are_no_octal_number(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("at: 00017\nreadable: [00017, 17]\nother: 00017\n")
    tree: Any = plain_tree(tmp_path / "m.yaml")
    assert (tree["at"], tree["readable"], tree["other"]) == ("00017", ["00017", 17], 15)
