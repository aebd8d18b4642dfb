"""A map that was made can be used, whatever was imported; what it could not have is listed with the reason."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ess_ray.core.errors import ConfigError
from ess_ray.core.importing.item import FoundDevice, Import, Item, ItemError, Operand, in_one_register
from ess_ray.core.importing.yaml_text import comment, flow, scalar
from tests.imported import decoded, loaded, made

ITEM = Item("power", "line 1", 3, 10)


def imported(*items: Item, period_s: Decimal | None = None) -> Import:
    return Import("table", [FoundDevice("", list(items), period_s)])


def test_values_keep_their_units_meanings_and_places() -> None:
    item = replace(ITEM, name="DC power ${x}", unit="℃", printed="40011", scale=Decimal("0.10"), minimum=Decimal(-5))
    text = made(imported(item)).text
    assert '    dc_power_x: {unit: degC, meaning: "DC power $ {x}"}\n' in text
    assert "          - dc_power_x: {type: uint16, scale: 0.1, min: -5} # 10, printed 40011; line 1\n" in text


def test_registers_that_follow_each_other_are_a_run_and_small_holes_are_passed_over() -> None:
    near = [replace(ITEM, name=f"n{address}", address=address) for address in (10, 11, 15, 40)]
    text = made(imported(*near)).text
    assert text.count("- at: ") == 2
    assert "- skip: 3\n" in text
    assert [value.address for value in loaded(text).values] == [10, 11, 15, 40]


def test_what_is_read_less_often_has_a_period_of_its_own() -> None:
    slow = replace(ITEM, name="energy", address=12, period_s=Decimal(65))
    values = loaded(made(imported(ITEM, slow, period_s=Decimal(10))).text).values
    assert {value.column: value.period_us for value in values} == {"power": 0, "energy": 60_000_000}


def test_periods_that_do_not_divide_each_other_become_shorter() -> None:
    asked = {f"x{seconds}": replace(ITEM, name=f"x{seconds}", address=seconds, period_s=Decimal(seconds))
             for seconds in (5, 10, 15, 30, 100)}  # fmt: skip
    values = loaded(made(imported(*asked.values())).text).values
    assert [value.period_us // 1_000_000 for value in values] == [0, 10, 10, 30, 90]


def test_a_register_may_be_read_twice_as_a_whole_and_as_bits() -> None:
    signed = replace(ITEM, name="as signed", type="int16")
    found = made(
        imported(ITEM, replace(ITEM, name="flag", address=11, bits=(3, 1)), replace(ITEM, name="b", address=11))
    )
    assert decoded(found.text, {(3, 10): 5, (3, 11): 8})["imported"] == [{"power": 5, "flag": True, "b": 8}]
    assert [entry.column for entry in found.entries] == ["power", "flag", "b"]
    twice = made(imported(ITEM, replace(ITEM, name="again")))
    assert decoded(twice.text, {(3, 10): 65535})["imported"] == [{"power": 65535, "again": 65535}]
    thrice = made(imported(ITEM, replace(ITEM, name="again"), signed))
    assert [(one.name, one.reason) for one in thrice.left_out] == [
        ("as signed", "register 10 is read by power (line 1) already")
    ]


def test_a_number_that_is_read_twice_is_bits_and_one_that_is_read_thrice_is_computed() -> None:
    wide = replace(ITEM, type="uint32", width=2, scale=Decimal("0.1"))
    signed, kilo = replace(wide, name="signed", type="int32"), replace(wide, name="kilo", scale=Decimal("0.0001"))
    found = made(imported(wide, signed, kilo))
    assert decoded(found.text, {(3, 10): 0xFFFF, (3, 11): 0xFFFF})["imported"] == [
        {"power": 429496729.5, "signed": -0.1, "kilo": 429496.7295}
    ]


def test_numbers_that_cross_are_not_both_right() -> None:
    wide = replace(ITEM, type="uint32", width=2)
    found = made(imported(wide, replace(wide, name="crossing", address=11), replace(ITEM, name="low", address=11)))
    assert [entry.column for entry in found.entries] == ["power", "low"]
    assert [one.reason for one in found.left_out] == ["it has one register with power (line 1), and another without it"]


def test_words_apart_come_in_one_request_if_what_lies_between_may_be_read() -> None:
    near = replace(ITEM, name="near", type="uint32", width=2, address=23, words={"words": [23, 20]})
    far = replace(ITEM, name="far", type="uint32", width=2, address=200, words={"words": [100, 200]})
    found = made(imported(ITEM, replace(ITEM, name="between", address=21), near, far))
    assert "readable: [22] #" in found.text
    assert "far: {type: uint32, words: {at: [100, 200], apart: true}}" in found.text
    assert decoded(found.text, {(3, 23): 1, (3, 20): 2, (3, 100): 3, (3, 200): 4})["imported"] == [
        {"power": 0, "between": 0, "near": 65538, "far": 3 * 65536 + 4}
    ]


def test_what_is_computed_from_something_that_is_left_out_is_left_out_too() -> None:
    odd = replace(ITEM, name="odd", address=20, words={"colour": "red"})
    sums = replace(ITEM, name="sum", formula={"sum": [Operand("odd", "line 1"), Operand("power", "line 1", True)]})
    found = made(imported(ITEM, odd, sums))
    assert [entry.column for entry in found.entries] == ["power"]
    assert found.left_out[-1].reason == "it is computed from odd, which is not in the map"


def test_what_the_map_language_refuses_is_left_out_with_its_reason() -> None:
    odd = replace(ITEM, name="odd", address=20, words={"colour": "red"})
    beyond = replace(ITEM, name="beyond", address=65535, type="uint32", width=2)
    found = made(imported(ITEM, odd, beyond))
    assert [entry.column for entry in found.entries] == ["power"]
    reasons = {one.name: one.reason for one in found.left_out}
    assert "unknown attribute 'colour'" in reasons["odd"]
    assert "above 65535" in reasons["beyond"]
    assert "\n# - odd (line 1): " in found.text


def test_nothing_that_fits_is_an_error_that_says_why() -> None:
    with pytest.raises(ConfigError, match=r"nothing of file fits into a map: .*colour"):
        made(imported(replace(ITEM, words={"colour": "red"})))


def test_more_columns_than_a_row_can_hold_are_several_tables() -> None:
    items = [replace(ITEM, name=f"v{at}", address=2 * at, type="string", width=2) for at in range(400)]
    found = made(imported(*items))
    assert {entry.table for entry in found.entries} == {"imported", "imported_2"}
    assert len(loaded(found.text).values) == 400


@pytest.mark.parametrize(
    ("order", "bit", "register", "left"),
    [("ABCD", 0, 1, 0), ("ABCD", 17, 0, 1), ("CDAB", 17, 1, 1), ("CDAB", 3, 0, 3), ("DCBA", 3, 0, 3)],
)
def test_a_bit_of_a_wide_number_is_one_of_its_register(order: str, bit: int, register: int, left: int) -> None:
    item = in_one_register(Item("b", "", 3, 10, "uint32", 2, order=order, bits=(bit, 1)))
    assert (item.address, item.bits) == (10 + register, (left, 1))


def test_bits_across_registers_cannot_be_had() -> None:
    with pytest.raises(ItemError, match="bits 12 to 19 are in two registers"):
        in_one_register(Item("b", "", 3, 10, "uint32", 2, bits=(12, 8)))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("kW", "kW"),
        ("on", '"on"'),
        ("%", '"%"'),
        ("1: yes", '"1: yes"'),
        ("A (low)", "A (low)"),
        ("0..3", "0..3"),
        ("${now}", '"$ {now}"'),
        (Decimal("0.10"), "0.1"),
        (Decimal("1E+6"), "1000000"),
        (Decimal("0.0000001"), "0.0000001"),
        (True, "true"),
        (None, "null"),
    ],
)
def test_every_reader_of_yaml_takes_a_scalar_alike(value: object, text: str) -> None:
    assert scalar(value) == text


def test_flow_and_comments_stay_on_one_line() -> None:
    assert flow({"enum": {0: "off", 1: "a, b"}, "at": [1, 2]}) == '{enum: {0: "off", 1: "a, b"}, at: [1, 2]}'
    assert comment("two\nlines\x1b[0m") == "two lines [0m"
