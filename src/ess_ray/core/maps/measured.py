"""Measured values: those that never stand still for long while a device measures.

A state may stay for months, and a counter of energy stands while nothing flows; a voltage, a current, a temperature
move in their last digit. So a device whose registers all stand is looked at (`core.polling.frozen`), but none whose map
has no measured values. What a value is, its column says: by its unit, and without a unit by its type.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from ess_ray.core.maps.column_types import TypeFamily, value_type
from ess_ray.core.maps.order import ORDERS
from ess_ray.core.maps.raw_types import TYPES, Notation, to_bits
from ess_ray.core.maps.registers import Value

# Units of what is counted up, and not measured: energy, charge, times.
COUNTED = frozenset(prefix + unit for prefix in ("", "k", "M", "G") for unit in ("Wh", "VAh", "varh", "Ah")) | {
    "ms", "s", "min", "h", "d",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """Measured values of one type: where they lie in a sample's image, each with `size` bytes.

    `nothing`: the bytes by which one of them says nothing: zero, as of a device that is off, and "no value".
    """

    offsets: tuple[int, ...]
    size: int
    nothing: frozenset[bytes]


def find_measured(located: Iterable[tuple[Value, Sequence[int]]]) -> tuple[Measured, ...]:
    """Those of the values that are measured.

    Each comes with the offset of its first byte in the image, or, if its words are apart, with that of each word.
    """
    offsets: dict[tuple[int, frozenset[bytes]], list[int]] = {}
    for value, starts in located:
        if _is_measured(value.raw_type, value.column_type, value.unit):
            size, nothing = _nothing(
                value.raw_type, value.width, value.order, value.signed, value.sentinels, value.patterns
            )
            size //= len(starts)
            for part, start in enumerate(starts):
                of_part = frozenset(each[part * size : (part + 1) * size] for each in nothing)
                offsets.setdefault((size, of_part), []).append(start)
    return tuple(Measured(tuple(of_type), *nothing) for nothing, of_type in offsets.items())


def says_nothing(image: bytes, measured: Iterable[Measured]) -> bool:
    """True if no measured value of an image has a number, since it is off or was not read (then its bytes are zero)."""
    return all(image[offset : offset + each.size] in each.nothing for each in measured for offset in each.offsets)


@cache
def _is_measured(raw_type: str, column_type: str, unit: str) -> bool:
    """True for a number with a unit that is not COUNTED, or without any unit in a column of floats."""
    family = value_type(column_type).family
    if raw_type == "string" or family not in (TypeFamily.INTEGER, TypeFamily.FLOAT):
        return False
    return unit not in COUNTED if unit else family is TypeFamily.FLOAT


@cache
def _nothing(
    raw_type: str, width: int, order: str, signed: str, sentinels: tuple[int, ...], patterns: tuple[int, ...]
) -> tuple[int, frozenset[bytes]]:
    """The size of a value of this kind in the image, and the bytes by which it says nothing."""
    if raw_type in ("bit", "bits"):  # of bits that share a register the whole of it is looked at
        size = 1 if raw_type == "bit" else 2 * width
        return size, frozenset({bytes(size)})
    if TYPES[raw_type].notation is Notation.FLOAT:
        numbers = [number.tobytes()[::-1] for number in np.array([0, *sentinels], TYPES[raw_type].dtype)]
    else:
        unsigned = [number % (1 << 64) for number in (0, *sentinels)]  # as bits: a uint64 may be beyond an int64
        bits = to_bits(np.array(unsigned, np.uint64).view(np.int64), raw_type, None, signed).view(np.uint64)
        numbers = [number.tobytes()[2 * width - 1 :: -1] for number in bits.astype("<u8")]
    numbers += [pattern.to_bytes(2 * width) for pattern in patterns]
    return 2 * width, frozenset(map(ORDERS[order].encode, numbers))
