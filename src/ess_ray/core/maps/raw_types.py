"""Raw types: what the bits of a value's registers mean as a number, both ways.

A register map names them as `type`. TYPES is the only list of them: whoever decodes, checks or simulates values takes
widths, limits and conversions from here, so a new type is one more line there, and a new notation one more branch in
`to_numbers` and `to_bits`. Texts and dates are none of them and take as many registers as the map says.

The *bits* of a number are what its registers carry, as an unsigned number, the most significant register first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import MappingProxyType

import numpy as np


class Notation(Enum):
    """How bits make a number."""

    WHOLE = "whole"  # unsigned, or two's complement
    FLOAT = "float"  # IEEE 754
    BCD = "bcd"  # a decimal digit in each four bits
    MODULO = "modulo"  # each register has four decimal digits: 1234 and 5678 are 12345678


# What `Value.signed` can be beside "": as the type says.
COMPLEMENT = "complement"  # two's complement; of Notation.MODULO: each register has a sign of its own, so
MAGNITUDE = "magnitude"  # the top bit is the sign, the others are the size


@dataclass(frozen=True, slots=True)
class RawType:
    """A type of numbers in registers."""

    notation: Notation
    registers: int
    bits: int  # of its registers that count; those above mean nothing
    signed: bool = False  # two's complement

    @property
    def dtype(self) -> np.dtype:
        """Of its bits, least significant byte first; of the number itself, where numpy has its notation."""
        kind = "f" if self.notation is Notation.FLOAT else "i" if self.signed and self.is_whole else "u"
        return np.dtype(f"<{kind}{_container(self.registers)}")

    @property
    def is_whole(self) -> bool:
        """True if its bits are the number as numpy has numbers."""
        return self.notation is Notation.WHOLE and self.bits == 8 * _container(self.registers)


def _whole(registers: int, bits: int = 0) -> dict[str, RawType]:
    bits = bits or 16 * registers
    return {
        f"{sign}int{bits}": RawType(Notation.WHOLE, registers, bits, signed=not sign)
        for sign in ("", "u")
    }  # fmt: skip


def _made(notation: Notation, name: str, *registers: int) -> dict[str, RawType]:
    return {f"{name}{16 * count}": RawType(notation, count, 16 * count) for count in registers}


TYPES: Mapping[str, RawType] = MappingProxyType(
    _whole(1) | _whole(2) | _whole(4) | _made(Notation.FLOAT, "float", 2, 4)
    | _whole(2, 24) | _whole(3) | _made(Notation.BCD, "bcd", 1, 2, 3, 4) | _made(Notation.MODULO, "mod10k", 2, 3, 4)
)  # fmt: skip
WIDTHS: Mapping[str, int] = MappingProxyType({name: type_.registers for name, type_ in TYPES.items()})
DIGITS, TOP_WORD = 10, 10_000  # of a digit, and of a register of Notation.MODULO


def _container(registers: int) -> int:
    """Bytes of the smallest number that holds as many registers."""
    return 2 if registers == 1 else 4 if registers == 2 else 8


@cache
def raw_dtype(raw_type: str, width: int, signed: str) -> np.dtype:
    """The dtype of the raw numbers of a rule: of text `S`, else what `to_numbers` takes.

    `raw_type`: as `Value.raw_type`. `width`: registers. `signed`: as `Value.signed`.
    """
    if raw_type in TYPES:
        type_ = TYPES[raw_type]
        return type_.dtype if not signed or type_.notation is not Notation.WHOLE else np.dtype(f"<u{_container(width)}")
    if raw_type == "bit":
        return np.dtype("u1")  # 0 or 1
    return np.dtype(f"<u{_container(width)}" if raw_type == "bits" else f"S{2 * width}")


@cache
def field_of(raw_type: str, bits: tuple[int, int] | None) -> tuple[int, int] | None:
    """(lowest bit, count) of the bits that count, None if all of them do."""
    type_ = TYPES.get(raw_type)
    if bits is not None or type_ is None:
        return bits
    return None if type_.bits == 8 * type_.dtype.itemsize else (0, type_.bits)


@cache
def raw_limits(raw_type: str, bits: tuple[int, int] | None, signed: str = "") -> tuple[int, int] | None:
    """The lowest and highest raw number, both inclusive, that a value can have; None for floats and texts.

    `raw_type`: as `Value.raw_type`. `bits`: (lowest bit, count) for "bits", else None.
    """
    if raw_type == "bit":
        return 0, 1
    type_ = TYPES.get(raw_type)
    if bits is None and (type_ is None or type_.notation is Notation.FLOAT):
        return None
    if type_ is not None and type_.notation in (Notation.BCD, Notation.MODULO):
        highest = 10 ** (type_.bits // 4) - 1
        return -highest if signed else 0, highest
    count = bits[1] if bits is not None else type_.bits if type_ is not None else 0
    half = 1 << (count - 1)
    if signed == MAGNITUDE:
        return 1 - half, half - 1
    if signed == COMPLEMENT or (type_ is not None and type_.signed):
        return -half, half - 1
    return 0, 2 * half - 1


def are_numbers(raw_type: str, bits: tuple[int, int] | None, signed: str) -> bool:
    """True if raw numbers of `raw_dtype` are what they mean already."""
    type_ = TYPES.get(raw_type)
    if type_ is not None and type_.notation is not Notation.WHOLE:
        return type_.notation is Notation.FLOAT
    limits = raw_limits(raw_type, bits, signed)
    return limits is None or limits[0] == 0 or (type_ is not None and type_.is_whole and not signed)


def to_numbers(
    raw: np.ndarray, raw_type: str, bits: tuple[int, int] | None, signed: str
) -> tuple[np.ndarray, np.ndarray | None]:
    """The numbers that bits mean, and True where they mean none (None: all do).

    `raw`: of `raw_dtype`, bits that do not count are 0. Numbers have its dtype, or int64.
    """
    type_ = TYPES.get(raw_type)
    if type_ is not None and type_.notation is Notation.BCD:
        digits = [(raw >> np.uint8(4 * place)).astype(np.int64) & 0xF for place in range(type_.bits // 4)]
        return _sum(digits, DIGITS), np.any([digit >= DIGITS for digit in digits], axis=0)
    if type_ is not None and type_.notation is Notation.MODULO:
        words = [(raw >> np.uint8(16 * place)).astype(np.uint16) for place in range(type_.registers)]
        numbers = [word.view(np.int16 if signed else np.uint16).astype(np.int64) for word in words]
        return _sum(numbers, TOP_WORD), np.any([np.abs(number) >= TOP_WORD for number in numbers], axis=0)
    if are_numbers(raw_type, bits, signed):
        return raw, None
    _, highest = raw_limits(raw_type, bits, signed) or (0, 0)  # as bits: all but the top one
    low = (raw & raw.dtype.type(highest)).astype(np.int64)
    negative = raw > raw.dtype.type(highest)
    return np.where(negative, -low if signed == MAGNITUDE else low - np.int64(highest) - 1, low), None


def _sum(digits: list[np.ndarray], base: int) -> np.ndarray:
    total: np.ndarray = np.sum([digit * base**place for place, digit in enumerate(digits)], axis=0)
    return total


def to_bits(numbers: np.ndarray, raw_type: str, bits: tuple[int, int] | None, signed: str) -> np.ndarray:
    """The bits of whole numbers (int64) within `raw_limits`, as int64: the inverse of `to_numbers`."""
    type_ = TYPES.get(raw_type)
    if type_ is not None and type_.notation in (Notation.BCD, Notation.MODULO):
        base, size = (DIGITS, 4) if type_.notation is Notation.BCD else (TOP_WORD, 16)
        sizes, whole = np.abs(numbers), np.zeros_like(numbers)
        for place in range(type_.bits // size):
            digit = np.where(numbers < 0, -(sizes // base**place % base), sizes // base**place % base)
            whole |= (digit & ((1 << size) - 1)) << (size * place)
        return whole
    limits = raw_limits(raw_type, bits, signed)
    if limits is None or limits[0] == 0:
        return numbers
    if signed == MAGNITUDE:
        return np.where(numbers < 0, np.array(limits[1] + 1, np.uint64).view(np.int64) | -numbers, numbers)
    return numbers & (2 * limits[1] + 1) if limits[1] < (1 << 62) else numbers
