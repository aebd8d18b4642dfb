"""What the bits of registers mean: every type and notation, against numbers that were worked out by hand or by text."""

from __future__ import annotations

import numpy as np
import pytest

from ess_ray.core.decoding.normalise import MISSING
from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.plan import make_plan
from ess_ray.core.maps.raw_types import COMPLEMENT, MAGNITUDE, TYPES, Notation, raw_limits, to_bits, to_numbers
from tests.few_values import decoded, made, one


def registers(*words: int) -> dict[int, int]:
    return dict(enumerate(words))


@pytest.mark.parametrize(
    ("columns", "given_registers", "expected"),
    [
        ("x: {type: bcd16}", registers(0x1234), (1234.0, False)),
        ("x: {type: bcd16, scale: 0.1, offset: -5}", registers(0x1234), (118.4, False)),
        ("x: {type: bcd16}", registers(0x12A4), (None, True)),
        ("x: {type: bcd16, sentinel: '0xFFFF'}", registers(0xFFFF), (None, False)),
        ("x: {type: bcd16, sentinel: 9999}", registers(0x9999), (None, False)),
        ("x: {type: bcd16, max: 1000}", registers(0x1001), (1001.0, True)),
        ("x: {type: bcd32}", registers(0x1234, 0x5678), (12345678.0, False)),
        ("x: {type: bcd32, order: CDAB}", registers(0x5678, 0x1234), (12345678.0, False)),
        ("x: {type: bcd48, order: CDAB}", registers(0x9012, 0x5678, 0x1234), (123456789012.0, False)),
        ("x: {type: bcd48, order: BADC}", registers(0x3412, 0x7856, 0x1290), (123456789012.0, False)),
        ("x: {type: bcd64}", registers(0x9999, 0x9999, 0x9999, 0x9999), (9999999999999999.0, False)),
        ("x: {type: uint24}", registers(0xFF12, 0x3456), (float(0x123456), False)),
        ("x: {type: int24}", registers(0x00FF, 0xFFFE), (-2.0, False)),
        ("x: {type: int24}", registers(0xFF7F, 0xFFFF), (8388607.0, False)),
        ("x: {type: int24, order: CDAB, sentinel: 0x800000}", registers(0x0000, 0x0080), (None, False)),
        ("x: {type: uint48}", registers(0x0001, 0x0002, 0x0003), (float((1 << 32) + (2 << 16) + 3), False)),
        ("x: {type: int48}", registers(0xFFFF, 0xFFFF, 0xFFFD), (-3.0, False)),
        ("x: {type: int48, order: DCBA}", registers(0xFDFF, 0xFFFF, 0xFFFF), (-3.0, False)),
        ("x: {type: int48, scale: 0.001}", registers(0x8000, 0, 0), (-140737488355.328, False)),
        ("x: {type: mod10k32}", registers(1234, 5678), (12345678.0, False)),
        ("x: {type: mod10k32, order: CDAB}", registers(5678, 1234), (12345678.0, False)),
        ("x: {type: mod10k48, scale: 0.1}", registers(1, 2, 3), (10002000.3, False)),
        ("x: {type: mod10k64}", registers(9999, 9999, 9999, 9999), (9999999999999999.0, False)),
        ("x: {type: mod10k32}", registers(1234, 10000), (None, True)),
        ("x: {type: mod10k32}", registers(0xFFFF, 5), (None, True)),
        ("x: {type: mod10k32, signed: true}", registers(-1, -2), (-10002.0, False)),
        ("x: {type: mod10k32, signed: true}", registers(-10000, 0), (None, True)),
        ("x: {sign: magnitude, scale: 0.1}", registers(0x8064), (-10.0, False)),
        ("x: {sign: magnitude, type: uint16}", registers(0x7FFF), (32767.0, False)),
        ("x: {sign: magnitude, type: uint16}", registers(0x8000), (0.0, False)),
        ("x: {sign: magnitude, sentinel: '0x8000'}", registers(0x8000), (None, False)),
        ("x: {sign: magnitude, type: uint32}", registers(0xFFFF, 0xFFFF), (-2147483647.0, False)),
        ("x: {sign: magnitude, type: int64}", registers(0x8000, 0, 0, 7), (-7.0, False)),
        ("x: {sign: magnitude, type: uint24}", registers(0x0080, 5), (-5.0, False)),
        ("x: {sign: magnitude, min: -5, max: 5}", registers(0x8006), (-6.0, True)),
        ("x: {bits: 8..15, signed: true}", registers(0xEC19), (-20.0, False)),
        ("x: {bits: 0..7, signed: true}", registers(0xEC19), (25.0, False)),
        ("x: {bits: 4..7, sign: magnitude}", registers(0x00D0), (-5.0, False)),
        ("x: {bits: 8..15, signed: true, sentinel: 0x80}", registers(0x8000), (None, False)),
        ("x: {type: uint32, bits: 12..19}", registers(0x000A, 0xB000), (float(0xAB), False)),
        ("x: {type: uint32, bits: 12..19, order: CDAB}", registers(0xB000, 0x000A), (float(0xAB), False)),
        ("x: {type: uint64, bits: 30..63}", registers(0xFFFF, 0, 0, 0), (float(0xFFFF << 18), False)),
        ("x: {type: uint64, bits: 0..63, signed: true}", registers(0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE), (-2.0, False)),
        ("x: {type: uint48, bits: 40..47}", registers(0xAB00, 0, 0), (float(0xAB), False)),
        ("x: {type: int32, words: [9, 3]}", {9: 0xFFFF, 3: 0x63C0, **dict.fromkeys(range(4, 9), 1)}, (-40000.0, False)),
        ("x: {type: float32, words: [1, 0], order: BADC}", registers(0, 0xC03F), (1.5, False)),
        ("x: {type: bcd32, words: [5, 4], exponent: 6}", {5: 1, 4: 2, 6: -1}, (1000.2, False)),
    ],
)  # fmt: skip
def test_bits_mean_this_number(columns: str, given_registers: dict[int, int], expected: object) -> None:
    holes = "y: {at: 4}, z: {at: 5}, whole: {at: 6}, small: {at: 7}, list: {at: 8, count: 1}" if "[9" in columns else ""
    assert one(f"{columns}, {holes}", given_registers) == expected


@pytest.mark.parametrize("bit", [0, 15, 16, 17, 31])
def test_a_single_bit_of_a_wide_field(bit: int) -> None:
    high, low = divmod(1 << bit, 1 << 16)
    assert one(f"up: {{type: uint32, bit: {bit}}}", registers(high, low), "up") == (True, False)
    assert one(f"up: {{type: uint32, bit: {bit}}}", registers(~high, ~low), "up") == (False, False)
    assert one(f"up: {{type: uint32, bit: {bit}, order: CDAB, invert: swap01}}", registers(low, high), "up")[0] is False


def test_every_word_as_bcd() -> None:
    numbers, nonsense = to_numbers(np.arange(1 << 16, dtype="<u2"), "bcd16", None, "")
    assert nonsense is not None
    for word, (number, flagged) in enumerate(zip(numbers.tolist(), nonsense.tolist(), strict=True)):
        digits = f"{word:04x}"
        assert flagged != digits.isdecimal()
        assert flagged or number == int(digits)


NOTATIONS = [(name, "") for name in TYPES if TYPES[name].notation is not Notation.FLOAT]
NOTATIONS += [(name, MAGNITUDE) for name in TYPES if TYPES[name].notation is Notation.WHOLE]
NOTATIONS += [(name, COMPLEMENT) for name in TYPES if TYPES[name].notation is Notation.MODULO]


@pytest.mark.parametrize(("raw_type", "signed"), NOTATIONS)
def test_what_is_sent_for_a_number_is_read_as_that_number(raw_type: str, signed: str) -> None:
    low, high = raw_limits(raw_type, None, signed) or (0, 0)
    numbers = [n for n in (low, -70_001, -1, 0, 1, 9, 12_345, 98_765_432, high) if low <= n <= high < 1 << 63]
    word = {"": "", MAGNITUDE: ", sign: magnitude", COMPLEMENT: ", signed: true"}[signed]
    width = TYPES[raw_type].registers
    for order in ("ABCD", "CDAB", "BADC", "DCBA"):
        polls = []
        for bits in to_bits(np.array(numbers, np.int64), raw_type, None, signed).tolist():
            words = [bits >> 16 * (width - 1 - word) & 0xFFFF for word in range(width)]
            words = words[::-1] if order in ("CDAB", "DCBA") else words
            swapped = [(word & 0xFF) << 8 | word >> 8 for word in words]
            polls.append(registers(*(swapped if order in ("BADC", "DCBA") else words)))
        rows = decoded(made(f"x: {{type: {raw_type}, order: {order}{word}}}"), *polls)
        assert [row["x"] for row in rows] == [float(number) for number in numbers]


def test_words_apart_move_with_the_row_and_are_missing_together() -> None:
    rows = "table: many, repeat: {part: 2}"
    plant = made("x: {type: uint32, words: {at: [9, 2], apart: true}}", "at: 0, stride: 20", rows)
    assert [(r.address, r.count) for r in make_plan(plant).requests] == [(2, 1), (9, 1), (22, 1), (29, 1)]
    found = decoded(plant, {2: 5, 9: 1, 22: 6, 29: 2}, missing=(22,), table="many")
    assert [(row["x"], row["quality"]) for row in found] == [(65541.0, 0), (None, MISSING)]


def test_an_entry_behind_words_apart_follows_on_the_one_before() -> None:
    plant = made("x, y: {type: uint32, words: {at: [90, 80], apart: true}}, z")
    assert {value.column: value.address for value in plant.values} == {"x": 0, "y": 90, "z": 1}


def test_words_and_registers_beside_are_numbered_as_the_map_says() -> None:
    columns = "x: {type: uint32, words: [21, 11], exponent: 31}, y: {words: [22, 12], type: uint32, factor: {at: 32}}"
    for value, sent in zip(made(columns, "at: 1", top="function: 3, addresses: one_based").values, (0, 1), strict=True):
        assert value.keys == [(3, 20 + sent), (3, 10 + sent), (3, 30 + sent)]


def test_an_outer_order_says_nothing_of_words_apart_but_their_bytes() -> None:
    for order, own in (("CDAB", "ABCD"), ("DCBA", "BADC"), ("BADC", "BADC")):
        (value,) = made("x: {type: uint32, words: [0, 1]}", f"at: 0, order: {order}").values
        assert value.order == own


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ("small: {type: bcd32}", "may give 0 to 99999999"),
        ("small: {type: uint16, sign: magnitude, scale: 2}", "-65534 to 65534"),
        ("x: {type: bcd16, sign: magnitude}", "a bcd16 has no bit for its sign"),
        ("x: {type: bcd16, signed: true}", "signed does not apply"),
        ("x: {type: bcd16, sentinel: 10000}", "from 0 to 9999"),
        ("x: {type: bcd16, sentinel: '0x10000'}", "the bits of a bcd16 go up to 0XFFFF"),
        ("x: {type: float32, bits: 0..3}", "unknown type of bits 'float32'"),
        ("up: {type: uint32, bit: 32}", "from 0 to 31"),
        ("x: {type: int8}", "write `bits: 0..7, signed: true`"),
        ("x: {bits: 8..15, type: int8}", "leave the type out"),
        ("x: {type: acc32}", "it is a uint32"),
        ("x: {type: sunssf}", "exponent: ADDRESS"),
        ("x: {sign: size}", "unknown value 'size'; known: magnitude"),
        ("x: {type: uint32, words: [1, 2, 3]}", "expected 2 different addresses"),
        ("x: {type: uint32, words: [1, 1]}", "expected 2 different addresses"),
        ("x: {words: [1]}", "no words apart of one register"),
        ("x: {type: uint32, words: [1, 2], at: 3}", "takes no at"),
        ("list: {type: uint32, words: [1, 2], count: 2}", "an entry of its own"),
        ("x: {type: uint32, words: [1, 2], order: CDAB}", "most significant first, CDAB says otherwise"),
        ("x: {type: uint32, words: [1, 5]}, y: {at: 5}", "reads a register that one.x reads already"),
        ("register: [x: {type: uint32, bits: 8..16}, y: {type: uint32, bits: 16..20}]", "reads a register that"),
        ("x: {type: uint32, bits: 8..16}, y: {at: 0, bits: 0..0}", "reads a register that"),
    ],
)
def test_what_makes_no_sense_is_refused(columns: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        made(columns)


def test_bits_of_a_wide_field_stand_beside_others_and_its_whole() -> None:
    fields = "register: [x: {type: uint32}, y: {type: uint32, bits: 8..15}, z: {type: uint32, bits: 16..20}]"
    assert len(made(f"{fields}, up: {{at: 1, bit: 7}}").values) == 4


def test_words_apart_come_in_one_request_or_are_refused() -> None:
    plant = made("x: {type: uint32, words: [9, 5]}", top="function: 3, readable: [6..8]")
    assert [(r.address, r.count, r.atoms) for r in make_plan(plant).requests] == [(5, 5, ((5, 5),))]
    with pytest.raises(ConfigError, match=r"its words at 9, 5 have to come in one request.*two moments"):
        make_plan(made("x: {type: uint32, words: [9, 5]}"))


def test_a_map_is_another_one_with_another_notation() -> None:
    maps = ["x", "x: {sign: magnitude}", "x: {type: bcd16}", "x: {bits: 0..15}", "x: {bits: 0..15, signed: true}"]
    maps += ["x: {type: uint32}", "x: {type: uint32, words: [0, 1]}", "x: {type: uint32, bits: 0..15}"]
    assert len({made(columns).map_hash for columns in maps}) == len(maps)
