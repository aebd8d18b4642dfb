"""Register tables as vendors make them: what is found out, what is asked, what is left out."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ess_ray.core.errors import ConfigError
from ess_ray.core.importing.cells import Sheet, column_number, letters
from ess_ray.core.importing.choices import Choices, Question
from ess_ray.core.importing.item import Import, Item
from ess_ray.core.importing.table import read_table
from tests.imported import decoded, made

READY = Choices(base="0", function=3, order="ABCD", scale="multiply")
HEADINGS = ["Address", "Name", "Type", "Factor", "Unit", "Range"]


def sheet(*rows: list[str], name: str = "Sheet1", **others: object) -> Sheet:
    return replace(Sheet(name, [list(row) for row in rows]), **others)  # type: ignore[arg-type]


def imported(*rows: list[str], choices: Choices = READY) -> tuple[Import, list[Question]]:
    return read_table([sheet(*rows)], choices)


def items(*rows: list[str], choices: Choices = READY) -> list[Item]:
    found, questions = imported(*rows, choices=choices)
    assert questions == []
    return found.devices[0].items


def taken(found: Import, word: str) -> str:
    return next(one for one in found.taken if one.startswith(f"{word}="))


def test_a_row_becomes_an_item_with_its_cell() -> None:
    (item,) = items(HEADINGS, ["40", "DC voltage", "U16", "0.1", "V", "0 to 1000.5"])
    assert item == Item(
        "DC voltage", "sheet Sheet1, A2", 3, 40, "uint16", 1, scale=Decimal("0.1"), unit="V", minimum=Decimal(0),
        maximum=Decimal("1000.5"),
    )  # fmt: skip


# --- what is found out ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("addresses", "above", "base", "sent"),
    [
        (["0", "1"], "", "0", [(3, 0), (3, 1)]),
        (["0x10", "0x11"], "", "0", [(3, 16), (3, 17)]),
        (["10", "1a"], "", "0", [(3, 16), (3, 26)]),
        (["1", "2"], "Addresses start at 1", "1", [(3, 0), (3, 1)]),
        (["5", "6"], "zero-based addresses", "0", [(3, 5), (3, 6)]),
        (["400001", "300002"], "", "modicon", [(3, 0), (4, 1)]),
        (["40000", "40001"], "", "0", [(3, 40000), (3, 40001)]),
    ],
)
def test_how_addresses_count_is_found_out_and_said(
    addresses: list[str], above: str, base: str, sent: list[tuple[int, int]]
) -> None:
    rows = [[address, f"value {address}", "U16"] for address in addresses]
    choices = replace(READY, base=None)
    found, questions = imported([above], ["Address", "Name", "Type"], *rows, choices=choices)
    assert questions == []
    assert taken(found, "base").startswith(f"base={base}: ")
    assert [(item.function, item.address) for item in found.devices[0].items] == sent


@pytest.mark.parametrize(
    "above",
    ["Unit 1 - 1 address list", "Racks start with 1", "base 1 or base 0 addresses", "Address Offset of a block"],
)
def test_sentences_that_only_sound_like_it_decide_nothing(above: str) -> None:
    rows = [above], ["Address", "Name", "Type"], ["5", "a", "U16"]
    _, questions = imported(*rows, choices=replace(READY, base=None))
    assert [question.word for question in questions] == ["base"]


@pytest.mark.parametrize(
    ("above", "function"),
    [
        ("Function code 0x04 (read), 0x06", 4),
        ("Function Code: 0x03(R)\\0x06(W)", 3),
        ("기능 코드 3", 3),
        ("holding registers", 3),
        ("Function codes 03, 04, 06", None),
        ("holding and input registers are alike: input registers", None),
    ],
)
def test_a_function_is_taken_from_a_sentence_that_names_one(above: str, function: int | None) -> None:
    rows = [above], ["Address", "Name", "Type"], ["5", "a", "U16"]
    found, questions = imported(*rows, choices=replace(READY, function=None))
    assert [question.word for question in questions] == ([] if function else ["function"])
    assert found.devices[0].items[0].function == (function or 3)


def test_decimals_are_a_factor_unless_units_have_steps() -> None:
    heading = ["Address", "Name", "Type", "Unit", "decimals"]
    assert items(heading, ["1", "a", "U16", "V", "1"])[0].scale == Decimal("0.1")
    shown = items(heading, ["1", "a", "U16", "0.01V", "1"], ["2", "b", "U16", "V", "1"])
    assert [item.scale for item in shown] == [Decimal("0.01"), Decimal(1)]


def test_a_second_column_of_addresses_tells_how_the_first_counts() -> None:
    rows = (
        ["Address", "Address (hex)", "Name", "Type"],
        ["40018", "0x0010", "a", "U16"],
        ["40019", "0x0011", "b", "U16"],
    )
    with pytest.raises(AssertionError):  # 40018 is 40002 above 0x10: no way of counting
        items(*rows, choices=replace(READY, base=None))
    rows[1][0], rows[2][0] = "17", "18"
    assert [item.address for item in items(*rows, choices=replace(READY, base=None))] == [16, 17]


def test_a_function_that_is_not_its_first_digit_tells_that_40001_is_sent_as_it_is() -> None:
    rows = ["Address", "Function", "Name", "Type"], ["30051", "3", "class", "U16"], ["40001", "3", "other", "U16"]
    choices = replace(READY, base=None, function=None)
    assert [(item.function, item.address) for item in items(*rows, choices=choices)] == [(3, 30051), (3, 40001)]


@pytest.mark.parametrize(
    ("rows", "divides", "values"),
    [
        ([["1", "a", "U16", "10", "", "0 to 6553.5"], ["2", "b", "U16", "100", "W", ""]], True, ["0.1", "0.01"]),
        ([["1", "a", "U16", "10", "degC", ""], ["2", "b", "S16", "-10", "V", ""]], True, ["0.1", "-0.1"]),
        ([["1", "a", "U16", "10", "W", "0 to 655350"], ["2", "b", "U16", "0.1", "V", ""]], False, ["10", "0.1"]),
        ([["1", "a", "U16", "10", "V", "0 to 6553.5"], ["2", "b", "U16", "0.01", "s", "0 to 6553500"]], True,
         ["0.1", "100"]),
        ([["1", "a", "U16", "/10", "W", ""], ["2", "b", "U16", "x10", "W", ""]], False, ["0.1", "10"]),
    ],
)  # fmt: skip
def test_ranges_and_units_tell_what_a_factor_does(rows: list[list[str]], divides: bool, values: list[str]) -> None:
    found, questions = imported(HEADINGS, *rows, choices=replace(READY, scale=None))
    assert questions == []
    assert [item.scale for item in found.devices[0].items] == [Decimal(value) for value in values]
    assert any(one.startswith("scale=divide") for one in found.taken) == divides


def test_a_step_in_the_unit_is_a_factor() -> None:
    one, two, three = items(
        HEADINGS,
        ["1", "a", "U16", "", "0,1V", ""],
        ["2", "b", "U16", "1", "10W", ""],
        ["3", "c", "U16", "0.1", "0.1A", ""],
    )
    assert [(item.scale, item.unit) for item in (one, two, three)] == [
        (Decimal("0.1"), "V"),
        (Decimal(10), "W"),
        (Decimal("0.1"), "A"),
    ]


def test_a_range_is_kept_only_if_it_is_known_what_it_is_of() -> None:
    raw = items(HEADINGS, ["1", "soc", "U16", "0.1", "%", "0~1000"], ["2", "v", "U16", "0.1", "V", "0~9000"])
    assert [item.maximum for item in raw] == [Decimal(100), Decimal(900)]
    unknown = items(HEADINGS, ["1", "v", "U16", "0.1", "V", "0~500"])
    assert unknown[0].maximum is None


def test_the_way_to_read_is_found_in_texts_titles_and_what_can_be_written() -> None:
    heading = ["Address", "Name", "Type", "Access"]
    silent = replace(READY, function=None)
    written = items(heading, ["1", "a", "U16", "RO"], ["2", "b", "U16", "RW"], choices=silent)
    assert [item.function for item in written] == [3, 3]
    titled = items(
        heading,
        ["Input registers"],
        ["1", "a", "U16", ""],
        ["Holding registers"],
        ["1", "b", "U16", ""],
        choices=silent,
    )
    assert [item.function for item in titled] == [4, 3]
    said = items(["read with function code 0x04"], heading, ["1", "a", "U16", "RO"], choices=silent)
    assert said[0].function == 4


def test_a_type_that_does_not_say_how_wide_it_is_is_as_wide_as_the_gaps() -> None:
    rows = [[str(address), f"n{address}", "INT"] for address in (10, 12, 14, 16)]
    assert [item.type for item in items(["Address", "Name", "Type"], *rows)] == ["int32"] * 4
    rows[1][0] = "11"
    assert [item.type for item in items(["Address", "Name", "Type"], *rows)] == ["int16"] * 4


# --- what is asked ----------------------------------------------------------------------------------------------------


def test_what_nothing_decides_is_asked_all_at_once_with_examples() -> None:
    rows = HEADINGS, ["40011", "Power", "U16", "10", "W", ""], ["40012", "Energy", "U32", "1", "Wh", ""]
    _, questions = imported(*rows, choices=Choices())
    assert [(question.word, question.values) for question in questions] == [
        ("base", ("0", "1", "modicon")),
        ("function", ("3", "4")),
        ("scale", ("divide", "multiply")),
        ("order", ("ABCD", "CDAB")),
    ]
    base, _, scale, order = map(str, questions)
    assert (
        "40011 (sheet Sheet1, A2) is sent as 40011 with base=0, as 40010 with base=1, as 10 with base=modicon" in base
    )
    assert "Power (sheet Sheet1, A2): with 10, is 500 50 or 5000 W?" in scale
    assert "Energy (sheet Sheet1, A3)" in order


def test_rows_that_contradict_each_other_are_asked_about() -> None:
    rows = HEADINGS, ["1", "a", "U16", "10", "V", ""], ["2", "b", "U16", "10", "", "0 to 655350"]
    _, (question,) = imported(*rows, choices=replace(READY, scale=None))
    assert "Rows speak for both: sheet Sheet1, A2 divides, sheet Sheet1, A3 multiplies" in question.why


def test_answers_go_before_what_could_be_found_out() -> None:
    rows = HEADINGS, ["0", "a", "U16", "10", "V", ""], ["41", "b", "U32", "10", "V", ""]
    choices = Choices(base="1", scale="multiply", order="CDAB", function=4)
    found, questions = imported(*rows, choices=choices)
    assert questions == []
    assert found.devices[0].items == [
        Item("b", "sheet Sheet1, A3", 4, 40, "uint32", 2, "41", "CDAB", Decimal(10), unit="V")
    ]
    assert [one.reason for one in found.left_out] == [
        "address 0: 0 is no address that counts from 1 (addresses: one_based)"
    ]


def test_columns_that_are_not_recognised_are_asked_for_and_can_be_named() -> None:
    rows = ["Where", "What", "Kind"], ["7", "Power", "U16"]
    with pytest.raises(ConfigError, match=r"columns=\{address: B.*Where \| What \| Kind.*7 \| Power"):
        imported(*rows)
    for columns in ({"address": "A", "name": "2", "type": "C"}, {"address": "1", "name": "B", "type": "3"}):
        (item,) = items(*rows, choices=replace(READY, columns=columns))
        assert (item.name, item.address, item.type) == ("Power", 7, "uint16")
    with pytest.raises(ConfigError, match="columns: 'adress' is none of address, hex"):
        imported(*rows, choices=replace(READY, columns={"adress": "A"}))


# --- rows and cells ---------------------------------------------------------------------------------------------------


def test_headings_may_take_two_rows_stand_below_titles_and_come_again() -> None:
    found = items(
        ["Some vendor's register table"],
        ["번호", "성능명", "성능 카운터", "", ""],
        ["", "", "기능코드", "주소", "데이터 타입"],
        ["1", "배터리 전압", "4", "10", "UINT16"],
        ["번호", "성능명", "기능코드", "주소", "데이터 타입"],
        ["2", "배터리 전류", "4", "11", "INT16"],
    )
    assert [(item.name, item.function, item.address, item.type) for item in found] == [
        ("배터리 전압", 4, 10, "uint16"),
        ("배터리 전류", 4, 11, "int16"),
    ]


def test_a_column_is_what_is_in_it() -> None:
    found, _ = imported(
        ["Register Address（HEX）", "Data Type", "Data Meaning", "Value Type", "Coefficient", "Unit"],
        ["0x0101", "RO", "State", "u16", "N/A", "N/A"],
        ["0x0102", "WO", "Command", "u16", "N/A", "N/A"],
        ["0x0103", "RO", "Voltage", "s16", "0.1", "V"],
    )
    assert [(item.name, item.type) for item in found.devices[0].items] == [("State", "uint16"), ("Voltage", "int16")]
    assert [(one.name, one.reason) for one in found.left_out] == [("Command", "it can only be written (WO)")]


def test_merged_cells_hold_for_all_their_rows_and_rows_below_an_address_continue_it() -> None:
    rows = [
        ["Address", "Name", "Type", "Remark"],
        ["10", "State", "U16", "Bit0:Stop"],
        ["", "", "", "Bit1:Reserved"],
        ["", "", "", "Bit2:Run"],
        ["11", "Power", "", ""],
    ]
    area = [(1, 0, 3, 0), (1, 1, 3, 1), (1, 2, 4, 2)]  # the address, the name; the type down to the last row
    found, _ = read_table([sheet(*rows, merged=area)], READY)
    assert [(item.name, item.address, item.bits, item.type) for item in found.devices[0].items] == [
        ("State Stop", 10, (0, 1), "uint16"),
        ("State Run", 10, (2, 1), "uint16"),
        ("Power", 11, None, "uint16"),
    ]


def test_bits_may_have_a_row_each_and_a_list_in_a_wide_register() -> None:
    rowed = items(["Address", "Size", "Type", "Name", "Unit"], ["32", "bit3", "bitfield", "Grid", "1- on, 0- off"])
    assert [(item.address, item.bits, dict(item.enum)) for item in rowed] == [(32, (3, 1), {0: "off", 1: "on"})]
    wide = items(["Address", "Name", "Type", "Remark"], ["8", "Events", "U32", "Bit0: low one\nBit17: high one"])
    assert [(item.address, item.bits) for item in wide] == [(9, (0, 1)), (8, (1, 1))]


def test_the_two_words_of_a_number_are_joined_in_their_order() -> None:
    rows = ["Address", "Name", "Type"], ["4", "Energy (High-order)", "U16"], ["5", "Energy (Low-order)", "U16"]
    choices = replace(READY, order=None)
    (high,) = items(*rows, choices=choices)
    assert (high.name, high.address, high.type, high.width, high.order) == ("Energy", 4, "uint32", 2, "ABCD")
    rows[1][1], rows[2][1] = rows[2][1], rows[1][1]
    assert [item.order for item in items(*rows, choices=choices)] == ["CDAB"]


def test_meanings_are_found_wherever_they_stand() -> None:
    found = items(
        ["Address", "Name", "Type", "Unit", "Range", "Remark"],
        ["1", "relay", "U16", "0=Open;1=Closed", "0 to 1", ""],
        ["2", "mode", "U16", "", "", "0: off\n1: on\n2: auto"],
    )
    assert [dict(item.enum) for item in found] == [{0: "Open", 1: "Closed"}, {0: "off", 1: "on", 2: "auto"}]


def test_a_long_row_of_numbers_is_an_array() -> None:
    found, _ = imported(["Address", "Name", "Type"], ["0x10~0x1F", "Cell voltage", "s16"])
    assert decoded(made(found).text, {(3, 0x11): 0xFFFF})["imported"] == [{"cell_voltage": [0, -1, *[0] * 14]}]


def test_what_is_no_value_is_counted_or_left_out_with_its_place() -> None:
    found, _ = imported(
        ["Address", "Name", "Type", "Size"],
        ["1", "Reserved", "U16", ""],
        ["2", "Text", "STRING", ""],
        ["3", "Odd", "U16", "2"],
        ["4", "Unknown", "complex", ""],
        ["x5", "Wrong", "U16", ""],
        ["6", "Good", "U16", "1"],
        ["6", "Good", "U16", "1"],
    )
    assert [(one.name, one.where[-2:], one.reason) for one in found.left_out] == [
        ("Text", "A3", "type 'STRING' is a text, and the row does not say how many registers it takes"),
        ("Odd", "A4", "type 'U16' takes 1 register, and the row has 2"),
        ("", "A6", "'x5' is no address"),
        ("Good", "A8", "stands there twice, first at sheet Sheet1, A7"),
    ]
    assert [item.name for item in found.devices[0].items] == ["Good"]
    assert found.unused == ["2 rows of sheet Sheet1 reserved or without a name"]


def test_sheets_and_devices_that_say_different_things_of_a_register_are_a_map_each() -> None:
    heading = ["Device", "Address", "Name", "Type"]
    one = sheet(heading, ["", "1", "a", "U16"], ["", "2", "b", "U16"], name="pcs")
    two = sheet(heading, ["", "3", "c", "U16"], name="bms")
    found, _ = read_table([one, two], READY)
    assert [(device.name, len(device.items)) for device in found.devices] == [("", 3)]
    two.rows[1][1] = "2"
    found, _ = read_table([one, two], READY)
    assert [(device.name, len(device.items)) for device in found.devices] == [("pcs", 2), ("bms", 1)]
    named = sheet(heading, ["grid", "1", "a", "U16"], ["", "2", "b", "U16"], ["load", "1", "c", "U16"])
    found, _ = read_table([named], replace(READY, device="grid"))
    assert [(device.name, len(device.items)) for device in found.devices] == [("grid", 2)]
    with pytest.raises(ConfigError, match="device: there is no device 'x': grid, load"):
        read_table([named], replace(READY, device="x"))


def test_hidden_sheets_are_named_and_read_when_asked_for() -> None:
    shown = sheet(["Address", "Name", "Type"], ["1", "a", "U16"], name="one")
    hidden = sheet(["Address", "Name", "Type"], ["1", "b", "U16"], name="two", hidden=True)
    found, _ = read_table([shown, hidden], READY)
    assert found.unused == ["hidden sheets are not read: two; sheet=NAME reads one"]
    found, _ = read_table([shown, hidden], replace(READY, sheet="two"))
    assert [item.name for item in found.devices[0].items] == ["b"]
    with pytest.raises(ConfigError, match="sheet: there is no sheet 'three': one, two"):
        read_table([shown, hidden], replace(READY, sheet="three"))


@pytest.mark.parametrize(("number", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_have_letters(number: int, name: str) -> None:
    assert letters(number) == name
    assert column_number(name) == column_number(str(number + 1)) == number
