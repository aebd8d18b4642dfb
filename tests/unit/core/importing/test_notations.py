"""What cells of register tables say: addresses, types, units, factors, ranges, meanings, bits, in every notation."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ess_ray.core.importing.headings import role_of
from ess_ray.core.importing.meanings import half_of, is_reserved, read_bits, read_enum
from ess_ray.core.importing.names import UniqueNames, plain_name
from ess_ray.core.importing.notations import (
    is_writable,
    is_write_only,
    read_function,
    read_order,
    read_printed,
    read_type,
)
from ess_ray.core.importing.quantities import read_range, read_scale, read_sentinels, read_unit


@pytest.mark.parametrize(
    ("text", "hexadecimal", "first", "last", "bit"),
    [
        ("40001", False, 40001, 40001, None),
        ("    0x00A", False, 10, 10, None),
        ("0X0101", False, 257, 257, None),
        ("4100h", False, 0x4100, 0x4100, None),
        ("24b", True, 0x24B, 0x24B, None),
        ("100", True, 0x100, 0x100, None),
        ("33037 - 33038", False, 33037, 33038, None),
        ("2 ~ 5", False, 2, 5, None),
        ("516,517", False, 516, 517, None),
        ("0x1500~0x16FF", False, 0x1500, 0x16FF, None),
        ("36 / Bit3", False, 36, 36, 3),
        ("40101.12", False, 40101, 40101, 12),
        ("400001", False, 400001, 400001, None),
    ],
)
def test_addresses_are_read_as_they_are_printed(
    text: str, hexadecimal: bool, first: int, last: int, bit: int | None
) -> None:
    printed = read_printed(text, hexadecimal)
    assert printed is not None
    assert (printed.first, printed.last, printed.bit) == (first, last, bit)


@pytest.mark.parametrize("text", ["", "…", "Grid", "24b", "40101.16", "5-2", "Address", "1,3,4"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert read_printed(text) is None


@pytest.mark.parametrize(
    ("text", "width", "type_", "length", "order"),
    [
        ("U16 ", 0, "uint16", 0, ""),
        ("s32", 0, "int32", 0, ""),
        ("Signed Integer 32", 0, "int32", 0, ""),
        ("Int 32 bit", 0, "int32", 0, ""),
        ("unsigned int (16 bits)", 0, "uint16", 0, ""),
        ("U_WORD", 0, "uint16", 0, ""),
        ("U_DWORD (LW,HW)", 0, "uint32", 0, "CDAB"),
        ("FLOAT", 0, "float32", 0, ""),
        ("Float", 4, "float64", 0, ""),
        ("REAL32", 0, "float32", 0, ""),
        ("SHORT", 0, "int16", 0, ""),
        ("INT", 0, "int16", 0, ""),
        ("INT", 2, "int32", 0, ""),
        ("UINT", 4, "uint64", 0, ""),
        ("bitfield", 2, "uint32", 0, ""),
        ("enum16", 0, "uint16", 0, ""),
        ("uint48", 0, "uint48", 0, ""),
        ("BCD", 2, "bcd32", 0, ""),
        ("in16", 0, "int16", 0, ""),
        ("String[8]", 0, "string", 8, ""),
        ("STR32", 16, "string", 16, ""),
        ("CHAR", 5, "string", 5, ""),
        ("String(16 bytes)", 0, "string", 8, ""),
        ("无符号32位", 0, "uint32", 0, ""),
        ("부호 있음", 0, "int16", 0, ""),
    ],
)
def test_types_are_read_in_all_their_spellings(text: str, width: int, type_: str, length: int, order: str) -> None:
    found = read_type(text, width)
    assert found is not None
    assert (found.type, found.length, found.order) == (type_, length, order)


@pytest.mark.parametrize("text", ["RO", "Fixed Block", "uint40", "", "pad"])
def test_what_is_no_type_of_a_map_is_none(text: str) -> None:
    assert read_type(text) is None


def test_a_byte_is_the_low_one_of_its_register_and_a_fixed_number_has_decimals() -> None:
    assert read_type("s8") == read_type("int8")
    byte, fixed = read_type("s8"), read_type("U32 FIX2")
    assert byte is not None
    assert (byte.type, byte.byte) == ("int16", True)
    assert fixed is not None
    assert (fixed.type, fixed.decimals) == ("uint32", 2)


@pytest.mark.parametrize(
    ("text", "unit", "step"),
    [
        ("V", "V", None),
        ("0.1V", "V", "0.1"),
        ("0,1 V", "V", "0.1"),
        ("10W", "W", "10"),
        ("1.13W", "W", "1.13"),
        ("100ms", "ms", "100"),
        ("x0.1 A", "A", "0.1"),
        ("[kWh]", "kWh", None),
        ("℃", "degC", None),
        ("°C", "degC", None),
        ("0.01", "", "0.01"),
        ("N/A", "", None),
        ("\\", "", None),
        ("0=Open;1=Closed", "", None),
        ("1- Fault，0- Normal", "", None),
    ],
)
def test_a_unit_may_have_its_step_in_front(text: str, unit: str, step: str | None) -> None:
    found = read_unit(text)
    assert (found.unit, found.step) == (unit, None if step is None else Decimal(step))


@pytest.mark.parametrize(
    ("text", "factor", "divides"),
    [
        ("10", "10", None),
        ("0.1", "0.1", None),
        ("0,01", "0.01", None),
        ("-10", "-10", None),
        ("/10.0", "10.0", True),
        ("1/100", "100", True),
        ("x0.01", "0.01", False),
        ("× 10", "10", False),
        ("10^-1", "0.1", False),
        ("10^(-2)", "0.01", False),
        ("0.1V", "0.1", False),
    ],
)
def test_a_factor_says_whether_it_divides_or_leaves_it_open(text: str, factor: str, divides: bool | None) -> None:
    found = read_scale(text)
    assert found is not None
    assert (found.factor, found.divides) == (Decimal(factor), divides)


@pytest.mark.parametrize("text", ["", "N/A", "-", "W_SF", "\\", "0"])
def test_what_is_no_factor_is_none(text: str) -> None:
    assert read_scale(text) is None


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("0 to 6553.5", "0", "6553.5"),
        ("[0,4]", "0", "4"),
        ("0~100", "0", "100"),
        ("-3276.8 to 3276.7", "-3276.8", "3276.7"),
        ("−30…80 °C", "-30", "80"),
        ("0..255 (*1)", "0", "255"),
        ("1.05~1.25, Unit: 0.01(*Vnom)", "1.05", "1.25"),
        ("0 - 100 %", "0", "100"),
        ("0 bis 10", "0", "10"),
    ],
)
def test_ranges_are_read(text: str, low: str, high: str) -> None:
    found = read_range(text)
    assert found is not None
    assert (found.low, found.high) == (Decimal(low), Decimal(high))


@pytest.mark.parametrize(
    ("text", "meanings"),
    [
        ("0: off\n1: on", {0: "off", 1: "on"}),
        ("0=Open;1=Closed", {0: "Open", 1: "Closed"}),
        ("1- Fault，0- Normal", {0: "Normal", 1: "Fault"}),
        ("0：停止 1：运行", {0: "停止", 1: "运行"}),
        ("0::nitial\n1::Run", {0: "nitial", 1: "Run"}),
        ("0 = stop, 1 = run, 10 = fault", {0: "stop", 1: "run", 10: "fault"}),
        ("0x00: none\n0xFF: all", {0: "none", 255: "all"}),
        ("0=9.6kbps\n1=19.2kbps", {0: "9.6kbps", 1: "19.2kbps"}),
        ("0 to 100", {}),
        ("0.1 to 5.0", {}),
        ("Bit0:Run\nBit1:Stop", {}),
        ("see 3.2: the table", {}),
    ],
)
def test_numbers_with_meanings_are_read(text: str, meanings: dict[int, str]) -> None:
    assert read_enum(text) == meanings


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("Bit0:Reserved\nBit1:Stop", {(0, 1): "Reserved", (1, 1): "Stop"}),
        ("BIT00 No grid, BIT01 Overvoltage", {(0, 1): "No grid", (1, 1): "Overvoltage"}),
        ("bit4-bit7: mode", {(4, 4): "mode"}),
        ("Bit 8~11: order; Bit 12: stop", {(8, 4): "order", (12, 1): "stop"}),
        ("0: off", {}),
    ],
)
def test_bits_with_meanings_are_read(text: str, bits: dict[tuple[int, int], str]) -> None:
    assert read_bits(text) == bits


@pytest.mark.parametrize(
    ("name", "half"),
    [
        ("Total energy (High-order)", ("Total energy", "high")),
        ("Total energy (Low-order)", ("Total energy", "low")),
        ("Energy（0~15bit）", ("Energy", "low")),
        ("Energy high word", ("Energy", "high")),
        ("Energy_LW", ("Energy", "low")),
        ("누적 발전량 상위", ("누적 발전량", "high")),
        ("Cell voltage alarm high", None),
        ("Temperature (low)", None),
    ],
)
def test_the_words_of_a_number_are_told_from_limits(name: str, half: tuple[str, str] | None) -> None:
    assert half_of(name) == half


@pytest.mark.parametrize("name", ["Reserved", "reserved grid fault", "예약", "保留", "Spare 3", "", "-"])
def test_reserved_rows_are_nothing(name: str) -> None:
    assert is_reserved(name)


@pytest.mark.parametrize("name", ["Reserve power", "Nonlinear load", "Unknown error count", "미사용량"])
def test_rows_that_only_sound_like_it_are_values(name: str) -> None:
    assert not is_reserved(name)


@pytest.mark.parametrize(
    ("text", "function"),
    [("3", 3), ("0x04", 4), ("03/06/16", 3), ("h", 3), ("holding-register", 3), ("i", 4), ("FC4", 4), ("x", None)],
)
def test_functions_are_read(text: str, function: int | None) -> None:
    assert read_function(text) == function


@pytest.mark.parametrize("text", ["RW", "R/W", "RD/WR", "yes", "읽기/쓰기", "读写", "W"])
def test_what_can_be_written_is_a_holding_register(text: str) -> None:
    assert is_writable(text)


@pytest.mark.parametrize("text", ["RO", "R", "R0", "no", "read", ""])
def test_what_can_only_be_read_says_nothing_of_that(text: str) -> None:
    assert not is_writable(text)
    assert not is_write_only(text)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("CDAB", "CDAB"),
        ("GHEFCDAB", "CDAB"),
        ("ABCDEFGH", "ABCD"),
        ("low word first", "CDAB"),
        ('32-bit: Little Endian (aka "wordswap")', "CDAB"),
        ("8 bit and 16 bit: Big Endian", ""),
        ("高字在前", "ABCD"),
        ("swap the words of the sentence", ""),
    ],
)
def test_orders_are_read(text: str, order: str) -> None:
    assert read_order(text) == order


def test_sentinels_are_raw_numbers() -> None:
    assert read_sentinels("0x7FFF or 0x8000") == [0x7FFF, 0x8000]
    assert read_sentinels("65535") == [65535]


@pytest.mark.parametrize(
    ("heading", "role"),
    [
        ("Register Address（HEX）", "hex"),
        ("Modbus Address (Decimal System)", "address"),
        ("주소", "address"),
        ("寄存器地址", "address"),
        ("Adresse", "address"),
        ("Register Defination", "name"),
        ("포인트 이름", "name"),
        ("Bezeichnung", "name"),
        (" Unit", "unit"),
        ("단위", "unit"),
        ("Scalefactor", "scale"),
        ("보정식", "scale"),
        ("倍率", "scale"),
        ("데이터 타입", "type"),
        ("Datentyp", "type"),
        ("기능 코드", "function"),
        ("dbus-service-name", "device"),
        ("Comments\nFunction Code: 0x03(R)", "function"),
        ("0값 레이블", "label0"),
        ("Colour", None),
    ],
)
def test_headings_are_recognised(heading: str, role: str | None) -> None:
    assert role_of(heading) == role


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Battery 1 - SOC (%)", "battery_1_soc_percent"),
        ("BatteryVoltage", "battery_voltage"),
        ("배터리 전압", "battery_voltage"),
        ("电池温度", "battery_temperature"),
        ("Größe", "grosse"),
        ("1st error", "n_1st_error"),
        ("時", "reg_40"),
        ("Time", "time_value"),
        ("Register", "register_value"),
        ("x" * 80, "x" * 63),
    ],
)
def test_names_become_names_of_columns(text: str, name: str) -> None:
    assert plain_name(text, "reg_40") == name


def test_a_name_is_handed_out_once() -> None:
    names = UniqueNames(["power"])
    assert [names.take("power"), names.take("power"), names.take("x" * 63), names.take("x" * 63)] == [
        "power_2",
        "power_3",
        "x" * 63,
        "x" * 61 + "_2",
    ]
