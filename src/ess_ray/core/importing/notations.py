"""How tables write addresses, types, functions, access and orders: one cell → what it says."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from ess_ray.core.maps.order import ORDERS

TYPES = {
    "bcd": "bcd16", "bcd16": "bcd16", "bcd32": "bcd32", "bcd64": "bcd64",
    "short": "int16", "ushort": "uint16", "word": "uint16", "uword": "uint16", "dword": "uint32", "udword": "uint32",
    "qword": "uint64", "long": "int32", "ulong": "uint32", "signedint": "int16", "unsignedint": "uint16",
    "signedshort": "int16", "unsignedshort": "uint16",
    "signedinteger": "int16", "unsignedinteger": "uint16", "signedword": "int16",
    "unsignedword": "uint16", "signeddword": "int32", "unsigneddword": "uint32", "signedlong": "int32",
    "unsignedlong": "uint32", "int": "int16", "integer": "int16", "uint": "uint16", "in16": "int16",
    "unit16": "uint16", "unit32": "uint32", "enum": "uint16", "enum16": "uint16", "enum32": "uint32",
    "bitfield": "uint16", "bitfield16": "uint16", "bitfield32": "uint32", "bitmap": "uint16", "bitmap16": "uint16",
    "bitmap32": "uint32", "flags": "uint16", "acc16": "uint16", "acc32": "uint32", "acc64": "uint64",
    "count": "uint16", "sunssf": "int16", "hex": "uint16", "float": "float32", "float32": "float32", "f32": "float32",
    "real": "float32", "single": "float32", "ieee754": "float32", "real32": "float32", "float64": "float64",
    "f64": "float64", "double": "float64", "real64": "float64", "lreal": "float64", "bool": "bit", "boolean": "bit",
    "bit": "bit", "coil": "bit", "string": "string", "str": "string", "char": "string", "chr": "string",
    "ascii": "string", "text": "string", "utf8": "string", "문자열": "string", "정수": "int16", "실수": "float32",
    "字符串": "string", "浮点": "float32", "无符号16位": "uint16", "有符号16位": "int16", "无符号32位": "uint32",
    "有符号32位": "int32",
}  # fmt: skip
UNSIGNED = {"unsigned": "uint16", "signed": "int16", "u": "uint16", "s": "int16", "无符号": "uint16", "有符号": "int16",
            "부호없음": "uint16", "부호있음": "int16"}  # fmt: skip
BYTES = {  # the low byte of a register
    "u8": "uint16", "uint8": "uint16", "byte": "uint16", "s8": "int16", "i8": "int16", "int8": "int16",
    "sint8": "int16",
}  # fmt: skip
FUNCTIONS = {
    "1": 1, "2": 2, "3": 3, "4": 4, "01": 1, "02": 2, "03": 3, "04": 4, "c": 1, "coil": 1, "coils": 1, "do": 1, "0x": 1,
    "d": 2, "discrete": 2, "discrete input": 2, "discrete inputs": 2, "di": 2, "1x": 2, "h": 3, "holding": 3,
    "holding register": 3, "holding registers": 3, "4x": 3, "hr": 3, "i": 4, "input": 4, "input register": 4,
    "input registers": 4, "3x": 4, "ir": 4,
}  # fmt: skip
WRITE_ONLY = {"w", "wo", "wr", "write", "write only", "쓰기", "只写", "写"}
READ_ONLY = {"r", "ro", "r0", "rd", "read", "read only", "no", "n", "false", "읽기", "只读", "读", "readonly"}


@dataclass(frozen=True, slots=True)
class Printed:
    """An address as it is printed.

    `last`: of a range, else `first`. `bit`: of an address like `36.3`. `digits`: of a decimal one with zeros in front,
    as coils have them, else 0.
    """

    first: int
    last: int
    hexadecimal: bool
    bit: int | None = None
    digits: int = 0

    @property
    def width(self) -> int:
        """How many registers it names."""
        return self.last - self.first + 1


_ADDRESS = re.compile(r"(0x)?([0-9a-f]+?)(h)?", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*(?:-|–|—|~|…|\.\.|to|,|/)\s*", re.IGNORECASE)


def read_printed(text: str, hexadecimal: bool = False) -> Printed | None:
    """The address of a cell: 40001, 0x0101, 24b, `33037 - 33038`, `516,517`, `36 / Bit3`, 40101.3; None for no address.

    `hexadecimal`: the column's heading says so, or other cells have letters. Dots and commas between thousands are not
    known: 4,096 is two addresses, and none.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    bit = None
    if match := re.fullmatch(r"(.+?)\s*(?:/|\.|,|:|\s)\s*(?:bit\s*|b)(\d{1,2})", text, re.IGNORECASE) or re.fullmatch(
        r"(\d{3,6})\.(\d{1,2})", text
    ):
        text, bit = match[1], int(match[2])
        if bit > 15:
            return None
    parts = [part for part in _BETWEEN.split(text) if part]
    if not 1 <= len(parts) <= 4:
        return None
    numbers = [_number(part, hexadecimal) for part in parts]
    if any(number is None for number in numbers):
        return None
    pairs = [number for number in numbers if number is not None]
    first, last = pairs[0][0], pairs[-1][0]
    if len(pairs) > 2 and [number for number, _ in pairs] != list(range(first, last + 1)):
        return None
    if last < first:
        return None
    hexadecimal = any(is_hex for _, is_hex in pairs)
    zeros = parts[0].startswith("0") and len(parts[0]) in (5, 6) and not hexadecimal
    return Printed(first, last, hexadecimal, bit, len(parts[0]) if zeros else 0)


def _number(text: str, hexadecimal: bool) -> tuple[int, bool] | None:
    match = _ADDRESS.fullmatch(text.strip())
    if match is None:
        return None
    marked = bool(match[1] or match[3]) or hexadecimal
    if not marked and not match[2].isdecimal():
        return None
    number = int(match[2], 16 if marked else 10)
    return (number, marked) if number <= 0xFFFFF else None


@dataclass(frozen=True, slots=True)
class TypeCell:
    """What a type's cell says.

    `length`: registers of a text, 0: not said. `order`: of words, empty: not said. `decimals`: of the value. `byte`:
    the value is the low byte of the register only, and the type that of a number which may be negative or not. `count`:
    of such numbers one behind the other.
    """

    type: str
    length: int = 0
    order: str = ""
    decimals: int = 0
    byte: bool = False
    count: int = 1


def read_type(text: str, width: int = 0) -> TypeCell | None:
    """The type of a cell: `U16 `, `Signed Integer 32`, `STRING[8]`, `U_DWORD (LW,HW)`, `FIX2`; None for none.

    `width`: registers that the row has, 0 if it does not say: decides where the type does not say how wide it is, and
    how long a text is; a number behind a text's type is its registers or its characters, whichever the width agrees
    with.
    """
    plain = unicodedata.normalize("NFKC", text).casefold().strip()
    order = _order_in(plain)
    plain = re.sub(r"\((?:lw|hw|low|high|msb|lsb|big|little)[^)]*\)", "", plain)
    if match := re.search(r"\b(?:fix|q)(\d)\b", plain):
        plain = plain.replace(match[0], "")
    decimals = int(match[1]) if match else 0
    compact = re.sub(r"[\s_\-().]+", "", plain)
    compact = re.sub(r"bits?$|(?<=\d)bits?|型$|형$", "", compact)
    if text_type := _text_type(compact, width):
        return text_type
    if compact in BYTES:
        return TypeCell(BYTES[compact], byte=True)
    type_ = _number_type(compact, width)
    return TypeCell(type_, width if type_ == "string" else 0, order, decimals) if type_ else None


def _text_type(compact: str, width: int) -> TypeCell | None:
    """A text with its length: `string[8]`, `char16`, `16world` (sic)."""
    if match := re.fullmatch(r"(string|str|char|chr|ascii|text|utf8)\[?(\d+)\]?(bytes?|words?|registers?)?", compact):
        return TypeCell("string", _length(int(match[2]), match[3] or "", width))
    if match := re.fullmatch(r"(\d+)(string|char|ascii|world|bytes)s?", compact):
        return TypeCell("string", width or int(match[1]))
    return None


def _number_type(compact: str, width: int) -> str | None:
    """The type of a number, or of a text without its length."""
    if match := re.fullmatch(r"(?!\d)(unsigned|u|signed|s|i)?(?:int|integer|long|number)?(16|24|32|48|64)", compact):
        return f"{'uint' if match[1] in ('unsigned', 'u') else 'int'}{match[2]}"
    if (match := re.fullmatch(r"(u?int|[usi]|u?word)\[?([124])\]?", compact)) and match[2] != "1":  # int2: registers
        return f"{'uint' if match[1] in ('uint', 'u', 'word', 'uword') else 'int'}{16 * int(match[2])}"
    type_ = TYPES.get(compact) or UNSIGNED.get(compact)
    if type_ and width in (2, 4) and compact in _WIDTH_OPEN:
        return f"{type_.removesuffix('16')}{16 * width}"
    return "float64" if width == 4 and compact in ("float", "real") else type_


# Types that do not say how many registers they take.
_WIDTH_OPEN = {
    "bcd", "int", "uint", "integer", "unsigned", "signed", "u", "s", "signedint", "unsignedint", "signedinteger",
    "unsignedinteger", "enum", "bitfield", "bitmap", "hex", "flags", "无符号", "有符号", "부호없음", "부호있음",
    "정수",
}  # fmt: skip


def is_open(text: str) -> bool:
    """Whether a type does not say how many registers it takes, as `INT`."""
    return re.sub(r"[\s_\-().]+", "", unicodedata.normalize("NFKC", text).casefold()) in _WIDTH_OPEN


def _length(number: int, unit: str, width: int) -> int:
    if width:
        return width
    return (number + 1) // 2 if unit.startswith("byte") else number


def _order_in(text: str) -> str:
    """The word order that a text tells of; empty if none."""
    if match := re.search(r"\b(abcd|cdab|badc|dcba)\b", text):
        return match[1].upper()
    if _LOW_FIRST.search(text):
        return "CDAB"
    if _HIGH_FIRST.search(text):
        return "ABCD"
    if _WIDE.search(text) and (match := re.search(r"(little|big)[ -]?endian|(小端)|(大端)", text)):
        return "ABCD" if match[1] == "big" or match[3] else "CDAB"
    return ""


_LOW_FIRST = re.compile(
    r"\blw\W+hw\b|\blow(er)?([ -]order)?[ -]?word[ -]?(comes )?(first|in front|before)|\blsw first|"
    r"word[ -]?swap|swapped words|하위 ?워드 ?(먼저|우선)|低(字|位)在前|低16位在前"
)
_HIGH_FIRST = re.compile(
    r"\bhw\W+lw\b|\bhigh(er)?([ -]order)?[ -]?word[ -]?(comes )?(first|in front)|\bmsw first|상위 ?워드 ?(먼저|우선)|"
    r"高(字|位)在前|高16位在前"
)
_WIDE = re.compile(r"32|64|double|dword|long|두 워드|双字")  # of words, and not of the bytes of a register


def read_order(text: str) -> str:
    """The byte order of a cell or a sentence: `CDAB`, `low word first`, `LW,HW`, 小端; empty if it says none."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    compact = plain.strip().upper()
    if compact in ORDERS:
        return compact
    eight = {"ABCDEFGH": "ABCD", "GHEFCDAB": "CDAB", "BADCFEHG": "BADC", "HGFEDCBA": "DCBA", "AB": "ABCD", "BA": "BADC"}
    return eight.get(compact) or _order_in(plain)


def read_function(text: str) -> int | None:
    """The function code to read with: `3`, `0x04`, `03/06/16`, `h`, `holding-register`; None for none."""
    plain = re.sub(r"[\s_-]+", " ", unicodedata.normalize("NFKC", text).casefold()).strip()
    if plain in FUNCTIONS:
        return FUNCTIONS[plain]
    codes = [int(code, 16) for code in re.findall(r"(?:0x|fc ?|\b)0*([0-9a-f]{1,2})(?:h\b|\b)", plain)]
    read = [code for code in codes if 1 <= code <= 4]
    return read[0] if read else None


def is_write_only(text: str) -> bool:
    """Whether an access cell says that the register cannot be read."""
    return _access(text) in WRITE_ONLY


def is_writable(text: str) -> bool:
    """Whether an access cell says that the register can be written: then it is a holding register or a coil."""
    plain = _access(text)
    return bool(plain) and plain not in READ_ONLY and bool(re.search(r"w|yes|쓰기|写", plain))


def _access(text: str) -> str:
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", text).casefold()).strip()
