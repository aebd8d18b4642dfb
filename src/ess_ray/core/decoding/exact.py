"""Exact arithmetic with whole columns: numbers as fractions of whole numbers, rounded once at the end.

A number that is stored is taken as the decimal that it shows: the double 0.1 is one tenth, so 0.1 + 0.2 is 0.3. That is
the very number that the register meant, as long as that has at most 15 digits. Whole numbers are 64-bit while nothing
can overflow, and Python's, slow and unlimited, where it could.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import inf, lcm
from typing import NamedTuple

import numpy as np

_EXACT_INTEGER = 1 << 53  # a double holds every integer up to here
_LARGEST = 1 << 62
_MOST_DECIMALS = 10  # that are looked for with whole columns
_SHOWN = {8: 10**15, 4: 10**6}  # by a float's bytes: below, a decimal with this many digits is the one that it shows


class Exact(NamedTuple):
    """Numbers: `above` / `below`, arrays of whole numbers, int64 or of Python's; a plain int is the same everywhere.

    `below` is positive.
    """

    above: np.ndarray | int
    below: np.ndarray | int


def of_number(number: Decimal) -> Exact:
    """The same number everywhere."""
    fraction = Fraction(number)
    return Exact(fraction.numerator, fraction.denominator)


def of_stored(values: np.ndarray, decimals: int) -> Exact:
    """Numbers as they are stored (1-d; integers, or floats that are finite), with about so many `decimals` each."""
    if values.dtype.kind == "i":
        return Exact(values.astype(np.int64), 1)
    digits = _SHOWN[values.itemsize]
    doubles = values.astype(np.float64)
    for power in range(decimals, _MOST_DECIMALS + 1):
        whole = np.rint(doubles * 10.0**power)
        if not (np.abs(whole) < digits).all():
            break
        if ((whole / 10.0**power).astype(values.dtype) == values).all():
            return Exact(whole.astype(np.int64), 10**power)
    fractions = [Fraction(str(value)) for value in values]  # the shortest text of a float, as NumPy writes it
    below = lcm(*{fraction.denominator for fraction in fractions})
    return Exact(np.array([int(fraction * below) for fraction in fractions], object), below)


def add(first: Exact, second: Exact) -> Exact:
    """first + second."""
    if isinstance(first.below, int) and isinstance(second.below, int):
        below = lcm(first.below, second.below)
        above = _plus(_times(first.above, below // first.below), _times(second.above, below // second.below))
        return Exact(above, below)
    above = _plus(_times(first.above, second.below), _times(second.above, first.below))
    return Exact(above, _times(first.below, second.below))


def multiply(first: Exact, second: Exact) -> Exact:
    """first * second."""
    return Exact(_times(first.above, second.above), _times(first.below, second.below))


def divide(first: Exact, second: Exact) -> tuple[Exact, np.ndarray]:
    """first / second, and where second is zero: there the quotient means nothing. Second is an array or not zero."""
    divisor = np.asarray(second.above)
    zero = divisor == 0
    sign = np.where(divisor < 0, -1, 1)
    safe = np.where(zero, 1, divisor * sign)
    return Exact(_times(_times(first.above, second.below), sign), _times(first.below, safe)), zero


def rounded(exact: Exact, count: int) -> np.ndarray:
    """The nearest doubles, `count` of them; infinite where a number is too large."""
    above, below = (np.broadcast_to(np.asarray(part), count) for part in exact)
    if object not in (above.dtype, below.dtype) and _most(above) <= _EXACT_INTEGER >= _most(below):
        return above.astype(np.float64) / below.astype(np.float64)
    return np.array([_quotient(*pair) for pair in zip(above.tolist(), below.tolist(), strict=True)], np.float64)


def _quotient(above: int, below: int) -> float:
    try:
        return above / below  # of whole numbers Python's division is correctly rounded, whatever their size
    except OverflowError:
        return inf if above > 0 else -inf


def _plus(first: np.ndarray | int, second: np.ndarray | int) -> np.ndarray | int:
    if _most(first) + _most(second) < _LARGEST:
        return first + second
    return _wide(first) + _wide(second)


def _times(first: np.ndarray | int, second: np.ndarray | int) -> np.ndarray | int:
    amounts = _most(first), _most(second)
    if max(*amounts, amounts[0] * amounts[1]) < _LARGEST:  # a factor alone may be too large, for an array of zeros
        return first * second
    return _wide(first) * _wide(second)


def _most(numbers: np.ndarray | int) -> int:
    """The largest of the amounts, 0 of none."""
    if isinstance(numbers, int):
        return abs(numbers)
    return max(int(numbers.max(initial=0)), -int(numbers.min(initial=0)))


def _wide(numbers: np.ndarray | int) -> np.ndarray | int:
    return numbers if isinstance(numbers, int) else numbers.astype(object)
