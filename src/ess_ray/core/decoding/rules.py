"""Decoding rules: from raw numbers to values, for all values at once that differ only in address and name.

Called by `core.decoding.normalise` with the raw numbers of many samples as one long array, and by
`core.checking.reading`, so that a person is shown the very number that would be stored. In this order: sentinel and NaN
become NULL, inversion, range, scaling. Nothing is clamped: what is out of range is kept and flagged; only what is too
large for a float column is NULL and flagged.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import partial, reduce
from itertools import count
from math import ceil, floor
from operator import or_
from typing import cast

import numpy as np
import polars as pl

from ess_ray.core.decoding.texts import read_text
from ess_ray.core.maps.column_types import ColumnType, TypeFamily, value_type
from ess_ray.core.maps.registers import RAW_DTYPES, Value, raw_limits

_EXACT_INTEGER = 1 << 53  # a double holds every integer up to here
_EXACT_POWER = 22  # 10**22 is the last power of ten that a double holds

# Values, as many as raw numbers, and a bool for each that is true where it is out of range (None: none is).
Decoded = tuple[pl.Series, np.ndarray | None]
# From raw numbers (1-d, `raw_dtype`) and a bool for each that is true where there is none (None: all are there).
Decode = Callable[[np.ndarray, np.ndarray | None], Decoded]


def shared_part(value: Value) -> Value:
    """A value without what tells it from others that are decoded alike: table, column, row, address, unit, notes.

    Equal results mean: decoded by one rule. Of bits only their count stays, of an array column its elements' type.
    """
    bits = None if value.bits is None else (0, value.bits[1])
    return replace(
        value, table="", column="", element=None, ids=(), function=0, address=0, bits=bits,
        column_type=value.column_type.removesuffix("[]"), unit="", note="", line=0,
    )  # fmt: skip


def raw_dtype(value: Value) -> np.dtype:
    """The dtype of the raw array that the value's rule takes: as in RAW_DTYPES; of strings `S` and their bytes."""
    return np.dtype(RAW_DTYPES.get(value.raw_type) or f"S{2 * value.width}")


def polars_dtype(type_: ColumnType) -> pl.DataType:
    """The polars dtype of a Series of the type's values: of timestamptz Datetime("us", "UTC"), of text String."""
    if type_.family is TypeFamily.TIME:
        return pl.Datetime("us", "UTC")
    return pl.String() if type_.family is TypeFamily.TEXT else pl.Series(np.empty(0, type_.dtype)).dtype


def make_rule(shared: Value) -> Decode:
    """A function that turns raw numbers into values, for all values whose `shared_part` is `shared`.

    The function takes a 1-d array of `raw_dtype(shared)`, of any number of samples and values, and a bool array that is
    true where there is no value, or None. It gives as many values in a Series of the dtype that `polars_dtype` gives
    for the column's type, NULL where there is none, and a bool array of what is out of range, None if nothing is. No
    raw number makes it fail.
    """
    if shared.raw_type == "string":
        return partial(decode_texts, encoding=shared.encoding)
    rule = _FloatRule(shared) if shared.raw_type.startswith("float") else _IntegerRule(shared)
    return rule.decode


def decode_texts(raw: np.ndarray, hidden: np.ndarray | None, encoding: str) -> Decoded:
    """Texts out of raw bytes (1-d, dtype `S`), as `core.decoding.texts.read_text` reads them.

    What is no text in this encoding is out of range. `hidden`: true where there is no text, which is NULL and not out
    of range; None: all are there. Returns a Series of String and a bool array of what is out of range, None if nothing
    is.
    """
    read = [read_text(item, encoding) for item in raw.tolist()]
    texts = pl.Series([text for text, _ in read], dtype=pl.String)
    outside = ~np.array([understood for _, understood in read], bool)
    if hidden is not None:
        texts = texts.set(pl.Series(hidden), None)
        outside &= ~hidden
    return texts, outside if outside.any() else None


class _Rule(ABC):
    """A rule of numbers: value = (raw * factor + addend) / 10**power, all three whole, so that it is exact."""

    def __init__(self, shared: Value) -> None:
        self.shared = shared
        self.dtype = polars_dtype(value_type(shared.column_type))
        scale, offset = Fraction(shared.scale), Fraction(shared.offset)
        self.power = next(n for n in count() if 10**n % scale.denominator == 10**n % offset.denominator == 0)
        self.factor, self.addend = int(scale * 10**self.power), int(offset * 10**self.power)

    def decode(self, raw: np.ndarray, hidden: np.ndarray | None) -> Decoded:
        """As `Decode` says: sentinels are NULL already when `judge` gets the numbers."""
        series = pl.Series(raw)
        if hidden is not None:
            series = series.set(pl.Series(hidden), None)
        if self.shared.sentinels:
            series = series.set(series.is_in(pl.Series(self.shared.sentinels, dtype=series.dtype)), None)
        with np.errstate(over="ignore", invalid="ignore"):  # infinite and NaN are looked at where they matter
            values, tests = self.judge(series)
        if not tests or not (outside := reduce(or_, tests)).any():
            return values, None
        return values, outside.fill_null(False).to_numpy()

    @abstractmethod
    def judge(self, raw: pl.Series) -> tuple[pl.Series, list[pl.Series]]:
        """Values, and boolean Series that are true where a value is out of range: one a test."""

    def scaled(self, raw: pl.Series) -> pl.Series:
        """Scaled, as Float64: one correctly rounded division gives the double nearest to the decimal that is meant.

        3 with scale 0.1 is 0.3 and not 0.30000000000000004.
        """
        if (self.factor, self.addend, self.power) == (1, 0, 0):
            return raw.cast(pl.Float64)
        # In numpy: polars divides by a number by multiplying with its reciprocal, which makes 0.30000000000000004 of 3.
        values = raw.cast(pl.Float64).to_numpy() * float(self.factor)  # NULL is NaN here
        values += self.addend
        values /= 10.0**self.power
        return pl.Series(values, nan_to_null=True)


class _FloatRule(_Rule):
    """Floats: scaled in double precision, so their own rounding stays; infinity is kept."""

    def decode(self, raw: np.ndarray, hidden: np.ndarray | None) -> Decoded:
        """Decode as every rule does; bit patterns are compared first, since NaN is no number that could be compared."""
        if self.shared.patterns:
            bits = raw.view(f"<u{raw.itemsize}")
            matching = np.isin(bits, np.array(self.shared.patterns, bits.dtype))
            hidden = matching if hidden is None else hidden | matching
        return super().decode(raw, hidden)

    def judge(self, raw: pl.Series) -> tuple[pl.Series, list[pl.Series]]:
        raw = raw.fill_nan(None)
        values = self.scaled(raw)
        tests = []
        if self.shared.minimum is not None:
            tests.append(values < float(self.shared.minimum))
        if self.shared.maximum is not None:
            tests.append(values > float(self.shared.maximum))
        values = values.cast(self.dtype)
        lost = values.is_infinite() & raw.is_finite()  # too large for the column
        return values.set(lost, None), [*tests, lost]


class _IntegerRule(_Rule):
    """Integers and bits. Ranges and choices are compared as raw numbers: exact, also beyond 2**53."""

    def __init__(self, shared: Value) -> None:
        super().__init__(shared)
        # Lowest and highest: what the raw type can hold; low and high: what of it the map calls in range.
        self.lowest, self.highest = cast(tuple[int, int], raw_limits(shared.raw_type, shared.bits))
        low, high = self._unscaled(shared.minimum), self._unscaled(shared.maximum)
        if self.factor < 0:
            low, high = high, low
        self.low = self.lowest if low is None else max(self.lowest, ceil(low))
        self.high = self.highest if high is None else min(self.highest, floor(high))
        choices = [self._unscaled(choice) for choice in shared.choices]
        self.choices = [int(c) for c in choices if c is not None and c.denominator == 1 and self.low <= c <= self.high]

    def _unscaled(self, limit: Decimal | int | None) -> Fraction | None:
        return None if limit is None else (Fraction(limit) * 10**self.power - self.addend) / self.factor

    def judge(self, raw: pl.Series) -> tuple[pl.Series, list[pl.Series]]:
        if self.shared.invert == "swap01":
            raw = (1 - raw).zip_with((raw == 0) | (raw == 1), raw)
        elif self.shared.invert == "nonzero":
            raw = (raw == 0).cast(raw.dtype)
        values, tests = self._converted(raw), self._out_of_range(raw)
        if not self.dtype.is_float() or not (lost := values.is_infinite()).any():
            return values, tests
        return values.set(lost, None), [*tests, lost]  # too large for the column

    def _out_of_range(self, raw: pl.Series) -> list[pl.Series]:
        if self.shared.choices:
            return [~raw.is_in(pl.Series(self.choices, dtype=raw.dtype))]
        if self.low > self.high:
            return [raw.is_not_null()]
        below = [raw < self.low] if self.low > self.lowest else []
        return below + ([raw > self.high] if self.high < self.highest else [])

    def _converted(self, raw: pl.Series) -> pl.Series:
        if self.dtype.is_float():
            return (self.scaled(raw) if self._is_exact(raw) else self._divided(raw)).cast(self.dtype)
        if (self.factor, self.addend) != (1, 0):
            factor, addend = (pl.Series([number], dtype=pl.Int128) for number in (self.factor, self.addend))
            raw = raw.cast(pl.Int128) * factor + addend
        return raw.cast(self.dtype)  # the map's check made sure that it fits

    def _is_exact(self, raw: pl.Series) -> bool:
        """True if every sum stays below 2**53: from the raw type alone, else (64 bits) from these numbers."""
        lowest, highest = self.lowest, self.highest
        if self._largest(lowest, highest) >= _EXACT_INTEGER:
            lowest, highest = cast(int, raw.min() or 0), cast(int, raw.max() or 0)
        return self._largest(lowest, highest) < _EXACT_INTEGER and self.power <= _EXACT_POWER

    def _largest(self, lowest: int, highest: int) -> int:
        return max(abs(lowest), abs(highest)) * abs(self.factor) + abs(self.addend)

    def _divided(self, raw: pl.Series) -> pl.Series:
        """Scaled one by one: Python's division of whole numbers is correctly rounded whatever their size."""
        divisor = 10**self.power
        values = [None if number is None else (number * self.factor + self.addend) / divisor for number in raw]
        return pl.Series(values, dtype=pl.Float64)
