"""Decoding rules: from raw numbers to values, for all values at once that differ only in address and name.

Called by `core.decoding.normalise` with the raw numbers of many samples as one long array, and by
`core.checking.reading`, so that a person is shown the very number that would be stored. In this order: sentinel and NaN
become NULL, inversion, range, scaling. Nothing is clamped: what is out of range is kept and flagged; only what its
column cannot hold is NULL and flagged (docs/decisions/020).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import partial, reduce
from itertools import count
from math import ceil, floor, gcd, lcm
from operator import or_
from typing import cast

import numpy as np

from ess_ray.core.decoding.decoded import Decode, Decoded
from ess_ray.core.decoding.texts import read_text
from ess_ray.core.maps.column_types import value_type
from ess_ray.core.maps.raw_types import TYPES, Notation, are_numbers, to_numbers
from ess_ray.core.maps.registers import Side, Value

_EXACT_INTEGER = 1 << 53  # a double holds every integer up to here
_EXACT_POWERS = frozenset(10**power for power in range(23))  # 10**22 is the last power of ten that a double holds
ONE = Fraction(1)
_WRAP = 1 << 64  # whole numbers are scaled modulo this: exact whenever the result fits into 64 bits


def shared_part(value: Value) -> Value:
    """A value without what tells it from others that are decoded alike: table, column, row, address, unit, notes.

    Equal results mean: decoded by one rule. Of bits only their count stays, of an array column its elements' type.
    """
    bits = None if value.bits is None else (0, value.bits[1])
    sides = tuple(Side(side.role, shared_part(side.value), side.negative) for side in value.sides)
    return replace(
        value, table="", column="", element=None, ids=(), function=0, address=0, bits=bits,
        column_type=value.column_type.removesuffix("[]"), unit="", note="", line=0, source="", sides=sides, words=(),
        apart=False,
    )  # fmt: skip


def make_plain_rule(shared: Value, multiplier: Fraction = ONE) -> Decode:
    """A function that turns raw numbers into values, for all values whose `shared_part` is `shared`.

    The function takes a 1-d array of the dtype that `core.maps.raw_types.raw_dtype` gives, of any number of samples and
    values, and a bool array that is true where there is no value, or None; it looks at no sides. No raw number makes it
    fail. `multiplier`: what raw numbers are multiplied by, beside the scale; whole if the column is of integers.
    """
    if shared.raw_type == "string":
        return partial(decode_texts, encoding=shared.encoding)
    type_ = TYPES.get(shared.raw_type)
    kind = _FloatRule if type_ is not None and type_.notation is Notation.FLOAT else _IntegerRule
    return kind(shared, multiplier).decode


def decode_texts(
    raw: np.ndarray,
    hidden: np.ndarray | None,
    sides: Sequence[np.ndarray],  # noqa: ARG001
    *,
    encoding: str,
) -> Decoded:
    """Texts out of raw bytes (1-d, dtype `S`), as `core.decoding.texts.read_text` reads them.

    What is no text in this encoding is out of range. `hidden`: true where there is no text, which is NULL and not out
    of range; None: all are there.
    """
    read = [read_text(item, encoding) for item in raw.tolist()]
    outside = _any(~np.array([understood for _, understood in read], bool))
    if outside is not None and hidden is not None:
        outside = _any(outside & ~hidden)
    return Decoded(np.array([text.encode() for text, _ in read], "S"), hidden, outside)


def _any(*flags: np.ndarray | None) -> np.ndarray | None:
    """True where one of the flags is; None if none is anywhere. None among them: flags that are nowhere true."""
    given = [each for each in flags if each is not None and each.any()]
    return reduce(or_, given) if given else None


def _equal_any(raw: np.ndarray, numbers: Iterable[int]) -> np.ndarray | None:
    """True where the raw number is one of `numbers`, whole numbers of its type; None if it never is."""
    return _any(*(raw == raw.dtype.type(number) for number in numbers))


class _Rule(ABC):
    """A rule of numbers: value = (raw * factor + addend) / divisor, all three whole, so that it is exact."""

    def __init__(self, shared: Value, multiplier: Fraction) -> None:
        self.shared = shared
        self.dtype = value_type(shared.column_type).dtype
        scale, offset = Fraction(shared.scale) * multiplier, Fraction(shared.offset)
        self.divisor = _divisor(scale, offset)
        self.factor, self.addend = int(scale * self.divisor), int(offset * self.divisor)

    def decode(
        self,
        raw: np.ndarray,
        hidden: np.ndarray | None,
        sides: Sequence[np.ndarray],  # noqa: ARG002
    ) -> Decoded:
        """As `Decode` says."""
        empty = _any(hidden, self.no_value(raw))
        raw, nonsense = self.numbers(raw)
        null = _any(empty, _equal_any(raw, self.shared.sentinels), nonsense)
        with np.errstate(over="ignore", invalid="ignore"):  # infinite and NaN are looked at where they matter
            values, lost, tests = self.judge(raw, null)
        outside = _any(*tests)
        if outside is not None and null is not None:
            outside = _any(outside & ~null)
        if nonsense is not None:
            outside = _any(outside, nonsense if empty is None else nonsense & ~empty)
        return Decoded(values, _any(null, lost), outside)

    def no_value(self, raw: np.ndarray) -> np.ndarray | None:
        """True where the bits say that there is none."""
        return _equal_any(raw, self.shared.patterns)

    def numbers(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """The raw numbers out of their bits, and true where these are none: that is NULL and out of range."""
        return raw, None

    @abstractmethod
    def judge(
        self, raw: np.ndarray, null: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray | None, list[np.ndarray | None]]:
        """Values; true where one does not fit into the column and is NULL; true where one is out of range: one a test.

        `null`: true where there is no value; what is given there means nothing.
        """

    def scaled(self, raw: np.ndarray) -> np.ndarray:
        """Scaled, as float64: one correctly rounded division gives the double nearest to the decimal that is meant.

        3 with scale 0.1 is 0.3 and not 0.30000000000000004.
        """
        values = raw.astype(np.float64)
        if (self.factor, self.addend, self.divisor) != (1, 0, 1):
            values *= float(self.factor)
            values += float(self.addend)
            values /= float(self.divisor)
        return values


def _divisor(*numbers: Fraction) -> int:
    """The least power of ten that makes all of them whole; if there is none, the least number that does."""
    least = rest = lcm(*(number.denominator for number in numbers))
    powers = []
    for prime in (2, 5):
        powers.append(next(n for n in count() if rest % prime ** (n + 1)))
        rest //= prime ** powers[-1]
    return 10 ** max(powers) if rest == 1 else least


class _FloatRule(_Rule):
    """Floats: scaled in double precision, so their own rounding stays; infinity is kept."""

    def __init__(self, shared: Value, multiplier: Fraction) -> None:
        super().__init__(shared, multiplier)
        common = gcd(self.factor, self.addend, self.divisor)  # 25 / 100 would be rounded twice, 1 / 4 is not
        self.factor, self.addend, self.divisor = (n // common for n in (self.factor, self.addend, self.divisor))

    def no_value(self, raw: np.ndarray) -> np.ndarray | None:
        """NaN, and the bit patterns of the map, which may be NaN and so equal to nothing."""
        return _any(np.isnan(raw), _equal_any(raw.view(f"<u{raw.itemsize}"), self.shared.patterns))

    def judge(
        self,
        raw: np.ndarray,
        null: np.ndarray | None,  # noqa: ARG002
    ) -> tuple[np.ndarray, np.ndarray | None, list[np.ndarray | None]]:
        doubles = self.scaled(raw)
        values = doubles.astype(self.dtype)
        lost = np.isinf(values) & np.isfinite(raw)  # too large for the column
        tests: list[np.ndarray | None] = [lost]
        if self.shared.minimum is not None:
            tests.append(doubles < float(self.shared.minimum))
        if self.shared.maximum is not None:
            tests.append(doubles > float(self.shared.maximum))
        return values, lost, tests


class _IntegerRule(_Rule):
    """Integers and bits. Ranges and choices are compared as raw numbers: exact, also beyond 2**53."""

    def __init__(self, shared: Value, multiplier: Fraction) -> None:
        super().__init__(shared, multiplier)
        # Lowest and highest: what the raw type can hold; low and high: what of it the map calls in range.
        self.lowest, self.highest = cast(tuple[int, int], shared.limits)
        self.are_bits_numbers = are_numbers(shared.raw_type, shared.bits, shared.signed)
        self.low, self.high = self._in_range()
        choices = [self._unscaled(choice) for choice in shared.choices if self.factor]
        self.choices = [int(c) for c in choices if c is not None and c.denominator == 1 and self.low <= c <= self.high]
        self.always_exact = self._is_exact(self.lowest, self.highest)
        self.holds = self._held()

    def numbers(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """As `_Rule.numbers`."""
        if self.are_bits_numbers:
            return raw, None
        return to_numbers(raw, self.shared.raw_type, self.shared.bits, self.shared.signed)

    def _unscaled(self, limit: Decimal | int | None) -> Fraction | None:
        return None if limit is None else (Fraction(limit) * self.divisor - self.addend) / self.factor

    def _in_range(self) -> tuple[int, int]:
        """The lowest and highest raw number in range; the first is above the second if none is."""
        if not self.factor:  # a register beside the value is 0, so that all values are the offset
            return (self.lowest, self.highest) if self._is_right(Fraction(self.shared.offset)) else (1, 0)
        low, high = self._unscaled(self.shared.minimum), self._unscaled(self.shared.maximum)
        if self.factor < 0:
            low, high = high, low
        return (
            self.lowest if low is None else max(self.lowest, ceil(low)),
            self.highest if high is None else min(self.highest, floor(high)),
        )

    def _is_right(self, value: Fraction) -> bool:
        """True if a value is in range, and one of the choices if there are such."""
        low, high, choices = self.shared.minimum, self.shared.maximum, self.shared.choices
        inside = (low is None or Fraction(low) <= value) and (high is None or value <= Fraction(high))
        return inside and (not choices or value in choices)

    def judge(
        self, raw: np.ndarray, null: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray | None, list[np.ndarray | None]]:
        if self.shared.invert == "swap01":
            raw = np.where((raw == 0) | (raw == 1), 1 - raw, raw)
        elif self.shared.invert == "nonzero":
            raw = (raw == 0).astype(raw.dtype)
        values, tests = self._converted(raw, null), self._out_of_range(raw)
        if self.dtype.kind == "f":
            lost: np.ndarray | None = np.isinf(values)  # too large for the column
        else:
            lost = _any(*self._beyond(raw, *self.holds))
        return values, lost, [*tests, lost]

    def _held(self) -> tuple[int, int]:
        """The lowest and highest raw number that an integer column holds; of another column those of the raw type."""
        if self.dtype.kind != "i" or not self.factor:
            return self.lowest, self.highest
        limits = np.iinfo(self.dtype)
        ends = sorted((Fraction(int(end)) - self.addend) / self.factor for end in (limits.min, limits.max))
        return max(self.lowest, ceil(ends[0])), min(self.highest, floor(ends[1]))

    def _beyond(self, raw: np.ndarray, low: int, high: int) -> list[np.ndarray | None]:
        """True where a raw number is below `low`, and where it is above `high`: only what can be so is looked at."""
        below: list[np.ndarray | None] = [raw < low] if low > self.lowest else []
        return below + ([raw > high] if high < self.highest else [])

    def _out_of_range(self, raw: np.ndarray) -> list[np.ndarray | None]:
        if self.shared.choices and self.factor:
            known = _equal_any(raw, self.choices)
            return [np.ones(len(raw), bool) if known is None else ~known]
        if self.low > self.high:
            return [np.ones(len(raw), bool)]
        return self._beyond(raw, self.low, self.high)

    def _converted(self, raw: np.ndarray, null: np.ndarray | None) -> np.ndarray:
        if self.dtype.kind == "f":
            if not self.always_exact:
                raw = raw if null is None else np.where(null, raw.dtype.type(0), raw)
                if not self._is_exact(int(raw.min(initial=0)), int(raw.max(initial=0))):
                    return self._divided(raw).astype(self.dtype)
            return self.scaled(raw).astype(self.dtype, copy=False)
        if (self.factor, self.addend) != (1, 0):  # whole numbers, and exact wherever the result fits
            wide = raw.astype(np.uint64) * np.uint64(self.factor % _WRAP) + np.uint64(self.addend % _WRAP)
            raw = wide.view(np.int64)
        return raw.astype(self.dtype, copy=False)

    def _is_exact(self, lowest: int, highest: int) -> bool:
        """True if no sum of raw numbers in this range reaches 2**53."""
        largest = max(abs(lowest), abs(highest)) * abs(self.factor) + abs(self.addend)
        return largest < _EXACT_INTEGER and (self.divisor <= _EXACT_INTEGER or self.divisor in _EXACT_POWERS)

    def _divided(self, raw: np.ndarray) -> np.ndarray:
        """Scaled one by one: Python's division of whole numbers is correctly rounded whatever their size."""
        return np.array([(number * self.factor + self.addend) / self.divisor for number in raw.tolist()], np.float64)
