"""Register maps: every form expands to the right values, every mistake is reported with its line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import yaml

from ess_ray.adapters.local.yaml_lines import line_finder
from ess_ray.core.errors import ConfigError, MapError
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.registers import RegisterMap, Value
from ess_ray.core.maps.standard import load_standard

SMALL = load_standard(
    {
        "tables": {
            "row": {
                "identity": ["a", "b"],
                "columns": {
                    name: {"type": type_, "unit": "V" if name == "x" else "", "meaning": "…"}
                    for name, type_ in {
                        "x": "float8", "y": "float8", "small": "int2", "wide": "int4", "list": "int2[]", "on_1": "bool",
                        "on_2": "bool", "on_3": "bool", "name": "text",
                    }.items()
                },
            }
        }
    }
)  # fmt: skip


def small(columns: str, run: str = "at: 10", top: str = "function: 4", rows: str = "ids: {a: 1, b: 2}") -> RegisterMap:
    text = f"period_s: 1\n{top}\nblocks:\n- {{table: row, {rows}, runs: [{{{run}, columns: [\n{columns}\n]}}]}}\n"
    return load_map("test", yaml.safe_load(text), SMALL, line_finder(text))


def only(columns: str, **where: str) -> Value:
    (value,) = small(columns, **where).values
    return value


def numbers(value: Value) -> tuple[str, str, str]:
    return str(value.scale), str(value.minimum), str(value.maximum)


@pytest.mark.parametrize(
    ("columns", "addresses"),
    [
        ("x, y", [("x", 10), ("y", 11)]),
        ("x, skip: 3, y", [("x", 10), ("y", 14)]),
        ("x: {type: uint32}, y", [("x", 10), ("y", 12)]),
        ("x, y: {at: 50}, wide", [("x", 10), ("y", 50), ("wide", 51)]),
        ("[x, [y]], wide", [("x", 10), ("y", 11), ("wide", 12)]),
        ("list: {count: 2}, x", [("list", 10), ("list", 11), ("x", 12)]),
        ("on_1..3: {bit: 0}, x", [("on_1", 10), ("on_2", 11), ("on_3", 12), ("x", 13)]),
        ("register: [x, on_1: {bit: 0}, small: {bits: 4..7}], y", [("x", 10), ("on_1", 10), ("small", 10), ("y", 11)]),
        ("name: {type: string, length: 8}, x", [("name", 10), ("x", 18)]),
    ],
)
def test_columns_follow_each_other(columns: str, addresses: list[tuple[str, int]]) -> None:
    assert [(value.column, value.address) for value in small(columns).values] == addresses


def test_rows_repeat_by_their_strides() -> None:
    plant = small("x, y", run="at: 100, stride: {a: 50, b: 5}", rows="repeat: {a: 2, b: 7..9}")
    assert [(value.ids, value.address) for value in plant.values if value.column == "x"] == [
        ((1, 7), 100), ((1, 8), 105), ((1, 9), 110), ((2, 7), 150), ((2, 8), 155), ((2, 9), 160)
    ]  # fmt: skip


def test_the_innermost_attribute_wins_and_null_takes_it_away() -> None:
    top = "function: 4\nscale: 0.1\nmin: 0\nmax: 9"
    x, y, wide = small("x, y: {scale: 0.01, min: null}, wide: {scale: 1, max: 3}", "at: 0, max: 5", top).values
    assert numbers(x) == ("0.1", "0", "5")
    assert numbers(y) == ("0.01", "None", "5")
    assert numbers(wide) == ("1", "0", "3")


def test_an_inherited_attribute_that_cannot_apply_is_not_used() -> None:
    run = "at: 0, scale: 0.1, max: 5"
    name, on_1, small_ = small("name: {type: string, length: 2}, on_1: {bit: 3}, small: {bits: 0..3}", run).values
    assert numbers(name) == numbers(on_1) == numbers(small_) == ("1", "None", "None")
    assert on_1.bits == (3, 1)


@pytest.mark.parametrize(
    ("attributes", "sentinels"),
    [
        ("sentinel: 0xFFFF", (-1,)),
        ("sentinel: -1", (-1,)),
        ("sentinel: [0x7FFF, 0x8000]", (-32768, 32767)),
        ("type: uint16, sentinel: 0xFFFF", (65535,)),
        ("type: int32, sentinel: 0x80000000", (-(2**31),)),
        ("type: float32, sentinel: -9999", (-9999,)),
    ],
)
def test_a_sentinel_is_the_raw_number_as_its_type_reads_it(attributes: str, sentinels: tuple[int, ...]) -> None:
    assert only(f"x: {{{attributes}}}").sentinels == sentinels


@pytest.mark.parametrize(
    ("attributes", "sentinels", "patterns"),
    [
        ("type: float32, sentinel: '0xFF7FFFFF'", (), (0xFF7FFFFF,)),
        ("type: float64, sentinel: ['0x8000000000000000', -1]", (-1,), (1 << 63,)),
        ("type: float32, sentinel: [9999, 2147483648]", (9999, 1 << 31), ()),
        ("type: float32, sentinel: 2147483648.0", (), (0x4F000000,)),
        ("type: float32, sentinel: 0.0", (0,), ()),
        ("type: float32, sentinel: 0xff7fffff", (0xFF7FFFFF,), (0xFF7FFFFF,)),  # as an old recipe has it
    ],
)
def test_a_sentinel_of_a_float_is_a_number_or_if_hexadecimal_its_bits(
    attributes: str, sentinels: tuple[int, ...], patterns: tuple[int, ...]
) -> None:
    value = only(f"x: {{{attributes}}}")
    assert (value.sentinels, value.patterns) == (sentinels, patterns)


def test_the_remaining_attributes_arrive() -> None:
    value = only("wide: {enum: {2: stop, 0: off, 1: on}, invert: swap01, offset: 4, order: BADC, note: why}")
    assert (value.choices, value.invert, value.order, value.note) == ((0, 1, 2), "swap01", "BADC", "why")
    assert value.offset == Decimal(4)
    assert only("x: {unit: V}").unit == "V"
    assert only("list: {count: 1}").element == 1
    coil = only("on_1", top="function: 1")
    assert (coil.function, coil.raw_type, coil.width) == (1, "bit", 1)


def test_an_array_may_be_gathered_from_several_places() -> None:
    values = small("list: {count: 2}, x, list: {element: 3, count: 2}").values
    assert [(v.element, v.address) for v in values if v.column == "list"] == [(1, 10), (2, 11), (3, 13), (4, 14)]


@pytest.mark.parametrize(
    ("readable", "holes"),
    [
        ("[11]", {(4, 11)}),
        ("11", {(4, 11)}),
        ("[10..12]", {(4, 11)}),
        ("[{function: 3, at: 10..11}]", {(3, 10), (3, 11)}),
    ],
)
def test_readable_holes(readable: str, holes: set[tuple[int, int]]) -> None:
    assert small("x, skip: 1, y", top=f"function: 4\nreadable: {readable}").readable_holes == holes


def test_registers_between_words_that_lie_apart_are_holes() -> None:
    readable = small("{x: {type: int32, words: [20, 23]}}", top="function: 4\nreadable: [21, 22]").readable_holes
    assert readable == {(4, 21), (4, 22)}


def test_the_hash_knows_what_decides_and_nothing_else() -> None:
    base = small("x: {scale: 0.1}").map_hash
    assert small("\n\nx: {scale: 0.10, note: new}").map_hash == base
    others = [
        "y: {scale: 0.1}",
        "x",
        "x: {scale: 0.1, at: 9}",
        "x: {scale: 0.1, min: 0}",
        "x: {scale: 0.1, sentinel: 0}",
    ]
    hashes = {small(columns).map_hash for columns in others}
    assert len(hashes | {base}) == len(others) + 1
    assert len(base) == 16


IN_COLUMNS: dict[str, list[str]] = {
    "x, xx": ["line 5", "unknown column of table row 'xx'; did you mean x?"],
    "x,\ny: {scael: 0.1}": ["line 6", "unknown attribute 'scael'; did you mean scale?"],
    "x, x": ["address 11", "row.x (a 1, b 2) is there twice", "address 10"],
    "x, y: {at: 10}": ["address 10", "row.y (a 1, b 2) reads a register that row.x"],
    "register: [x, y]": ["address 10", "reads already"],
    "register: [on_1: {bit: 4}, small: {bits: 4..7}]": ["address 10", "reads already"],
    "x: {at: 65535, type: int32}": ["address 65535", "last register is above 65535"],
    "x: {at: 65536}": ["from 0 to 65535, found 65536"],
    "x, x: {scale: 0}": ["line 5, address 11: x: scale 0"],
    "x: {scale: fast}": ["line 5, address 10: x.scale: expected a number, found 'fast'"],
    "x: {min: 5, max: 4}": ["min 5 is above max 4"],
    "x: {type: int17}": ["unknown type 'int17'; did you mean int1"],
    "x: {order: CDBA}": ["unknown value 'CDBA'"],
    "x: {unit: mV}": ["unit of x is 'V', not 'mV'"],
    "x: {count: 2}": ["is not an array"],
    "x: {sentinel: 70000}": ["expected a whole number from -32768 to 65535"],
    "x: {sentinel: '0x12345'}": ["x.sentinel: expected a whole number from -32768 to 65535, found 74565"],
    "x: {type: uint16, sentinel: -1}": ["expected a whole number from 0 to 65535"],
    "small: {bits: 0..3, sentinel: 16}": ["expected a whole number from 0 to 15"],
    "x: {type: float32, sentinel: '0x1FFFFFFFF'}": ["0x1FFFFFFFF can never match", "float32 go up to 0XFFFFFFFF"],
    "x: {type: float32, sentinel: 1.0e+39}": ["x.sentinel: 1e+39 can never match: it is larger than any float32"],
    "x: {type: float64, sentinel: none}": ["x.sentinel: expected a number, found 'none'"],
    "x: {enum: [0, 1]}": ["expected numbers with their meanings"],
    "x: {bit: 16}": ["from 0 to 15"],
    "x: {bit: 1, bits: 2..3}": ["not both"],
    "x: {bit: 1, type: float32}": ["unknown type of bits 'float32'"],
    "x: {length: 2}": ["length does not apply"],
    "x: {type: float32, invert: swap01}": ["invert does not apply"],
    "list": ["list: the column is an array: it needs count"],
    "list: {element: 2, count: 2}": ["element 1 is missing"],
    "small: {type: uint16}": ["the column is int2 and holds -32768 to 32767", "0 to 65535"],
    "small: {scale: 0.1}": ["scale 0.1", "whole numbers"],
    "small: {type: float32}": ["cannot hold a float32"],
    "name": ["into a text column"],
    "x: {type: string, length: 2}": ["into a text column"],
    "name: {type: string}": ["a string needs length"],
    "on_1": ["on_1: the column is bool"],
    "on_1: {bits: 0..1}": ["the column is bool"],
    "on_3..1: {bit: 1}": ["the last number is below the first"],
    "{x: {min: 0}, scale: 0.1}": ["one column an entry"],
    "3": ["expected columns with values"],
    "": ["has no values"],
}

AROUND: list[tuple[dict[str, str], list[str]]] = [
    ({"top": ""}, ["line 4", "function is missing"]),
    ({"top": "function: 5"}, ["line 2", "function: expected a whole number from 1 to 4, found 5"]),
    ({"top": "function: 4\nreadable: [10]"}, ["line 3", "address 10 is no hole"]),
    ({"top": "function: 4\nreadable: [8..3]"}, ["expected first..last"]),
    ({"top": "function: 4\nperiods: 3"}, ["unknown key 'periods'; did you mean period_s?"]),
    ({"rows": "ids: {a: 1}"}, ["line 4", "table row needs b either under ids"]),
    ({"rows": "ids: {a: 1, b: 1}, repeat: {b: 2}"}, ["needs b either"]),
    ({"rows": "ids: {a: 1, c: 1}"}, ["unknown identity column 'c'"]),
    ({"rows": "ids: {a: 1}, repeat: {b: 2}"}, ["stride is missing: the registers from one b to the next"]),
    ({"rows": "ids: {a: 1}, repeat: {b: 2}", "run": "at: 0, stride: {a: 1}"}, ["unknown repeated identity column"]),
    ({"rows": "repeat: {a: 2, b: 2}", "run": "at: 0, stride: {a: 1}"}, ["b is missing"]),
    ({"rows": "repeat: {a: 2, b: 2}", "run": "at: 0, stride: 3"}, ["expected"]),
    ({"run": "at: 400003"}, ["400003 is an address as tables print it", "write 2 and function: 3"]),
    ({"run": "at: 365536"}, ["write 65535 and function: 4"]),
    ({"run": "at: 365537"}, ["expected a whole number from 0 to 65535, found 365537"]),
    (
        {"rows": "ids: {a: 1}, repeat: {b: 3}", "run": "at: 65000, stride: 300"},
        ["address 65600", "last register is above"],
    ),
    ({"run": "stride: 3"}, ["at is missing"]),
]


@pytest.mark.parametrize(
    ("columns", "where", "words"),
    [(columns, {}, words) for columns, words in IN_COLUMNS.items()] + [("x", where, words) for where, words in AROUND],
)
def test_a_mistake_is_told_where_and_what(columns: str, where: dict[str, str], words: list[str]) -> None:
    with pytest.raises(MapError, match=r"^map test") as error:
        small(columns, **where)
    assert [word for word in words if word not in str(error.value)] == [], str(error.value)


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({"blocks": []}, "period_s is missing"),
        ({"period_s": 0, "blocks": []}, "more than 0 seconds"),
        ({"period_s": 1, "blocks": [{"table": "rwo", "runs": []}]}, "unknown table 'rwo'; did you mean row?"),
        ({"period_s": 1, "blocks": {}}, "expected a list"),
    ],
)
def test_without_a_file_a_mistake_is_told_without_a_line(tree: dict[str, Any], words: str) -> None:
    with pytest.raises(MapError) as error:
        load_map("test", tree, SMALL)
    assert error.value.key == "map test"
    assert words in error.value.problem


def test_lines_are_those_of_the_file() -> None:
    line_of = line_finder("a: 1\nb:\n  - c\n  - d:\n      e: 2\n")
    paths: list[tuple[str | int, ...]] = [(), ("a",), ("b", 0), ("b", 1, "d", "e"), ("b", 7), ("z",)]
    assert [line_of(path) for path in paths] == [1, 1, 3, 5, None, None]
    with pytest.raises(ConfigError, match="line 2"):
        line_finder("a: 1\nb: [")
