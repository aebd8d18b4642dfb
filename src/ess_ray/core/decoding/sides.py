"""Values whose raw number is multiplied by what stands in other registers: exponent, factor, divisor, sign.

Those registers change rarely and serve many values, so there are few different multipliers in a batch, however many
values it has. For each of them the rule of the value is made once with the multiplier in its scale: the result is
rounded once, and ranges and choices are those of the value that is stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import NamedTuple

import numpy as np

from ess_ray.core.decoding.decoded import Decode, Decoded
from ess_ray.core.decoding.number_texts import ClockRule, FormatRule
from ess_ray.core.decoding.rules import make_plain_rule
from ess_ray.core.maps.column_types import value_type
from ess_ray.core.maps.registers import Side, Value

MOST_RULES = 1024  # that are kept
FEW = 1 << 10  # numbers: below, a table of all words costs more than a sort
LARGEST = Fraction(10) ** 30  # no ratio is larger, nor 1 divided by it


class Multiplier(NamedTuple):
    """What a raw number is multiplied by; None: there is no value then, `flagged` unless a sentinel says so."""

    number: Fraction | None
    flagged: bool = False


NONSENSE = Multiplier(None, flagged=True)


def make_rule(shared: Value) -> Decode:
    """A function that turns raw numbers into values, for all values whose `shared_part` is `shared`.

    As `core.decoding.rules.make_plain_rule`, and it takes the raw numbers of the value's sides too, each as long as the
    value's own. No raw number makes it fail.
    """
    if shared.format:
        return FormatRule(shared).decode
    if shared.raw_type == "datetime":
        return ClockRule(shared).decode
    return _SidedRule(shared).decode if shared.sides else make_plain_rule(shared)


class _SidedRule:
    """The rule of a value with sides."""

    def __init__(self, shared: Value) -> None:
        self._plain = replace(shared, sides=())
        self._sides = [partial(_multipliers, side, make_plain_rule(side.value)) for side in shared.sides]
        self._rules: dict[Fraction, Decode] = {}

    def decode(self, raw: np.ndarray, hidden: np.ndarray | None, sides: Sequence[np.ndarray] = ()) -> Decoded:
        """As `Decode` says."""
        if hidden is not None:  # what stands there means nothing: no rules are made of it
            sides = [np.where(hidden, side.dtype.type(0), side) for side in sides]
        values = np.zeros(len(raw), value_type(self._plain.column_type).dtype)
        null, outside = np.zeros(len(raw), bool), np.zeros(len(raw), bool)
        for multiplier, cells in self._alike(sides) if len(raw) else ():
            of_cells = None if hidden is None else hidden[cells]
            if multiplier.number is None:
                null[cells] = True
                outside[cells] = multiplier.flagged if of_cells is None else multiplier.flagged & ~of_cells
                continue
            decoded = self._rule(multiplier.number)(raw[cells], of_cells, ())
            values[cells] = decoded.values
            null[cells] = False if decoded.null is None else decoded.null
            outside[cells] = False if decoded.outside is None else decoded.outside
        return Decoded(values, null if null.any() else None, outside if outside.any() else None)

    def _alike(self, sides: Sequence[np.ndarray]) -> Iterator[tuple[Multiplier, np.ndarray | slice]]:
        """Each multiplier with the cells that have it."""
        multipliers, codes = [Multiplier(Fraction(1))], np.zeros(1, np.intp)
        for multipliers_of, raw in zip(self._sides, sides, strict=True):
            different, of_side = _numbered(raw)
            of_registers = multipliers_of(different)
            if len(multipliers) == 1:
                multipliers, codes = [_product(multipliers[0], each) for each in of_registers], of_side
                continue
            pairs, codes = _numbered(codes * len(of_registers) + of_side)
            multipliers = [
                _product(multipliers[pair // len(of_registers)], of_registers[pair % len(of_registers)])
                for pair in pairs.tolist()
            ]
        if len(multipliers) == 1:
            yield multipliers[0], slice(None)
            return
        few = codes.astype(np.uint16) if len(multipliers) <= FEW else codes  # sorted in one pass
        order = np.argsort(few, kind="stable")
        ends = np.cumsum(np.bincount(codes, minlength=len(multipliers)))
        yield from zip(multipliers, np.split(order, ends[:-1]), strict=True)

    def _rule(self, multiplier: Fraction) -> Decode:
        if multiplier not in self._rules:
            if len(self._rules) >= MOST_RULES:
                self._rules.clear()
            self._rules[multiplier] = make_plain_rule(self._plain, multiplier)
        return self._rules[multiplier]


def _numbered(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different ones among numbers, and for each number which of them it is: `numpy.unique` without its sort."""
    if raw.itemsize != 2 or len(raw) < FEW:
        return np.unique(raw, return_inverse=True)
    bits, number = raw.view(np.uint16), np.zeros(1 << 16, np.intp)
    number[bits] = 1
    different = np.flatnonzero(number)
    number[different] = np.arange(len(different))
    return different.astype(np.uint16).view(raw.dtype), number[bits]


def _product(first: Multiplier, second: Multiplier) -> Multiplier:
    if first.number is None or second.number is None:
        return Multiplier(None, first.flagged or second.flagged)
    return Multiplier(first.number * second.number)


def _multipliers(side: Side, rule: Decode, raw: np.ndarray) -> list[Multiplier]:
    """What each of these raw numbers of a side says."""
    decoded = rule(raw, None, ())
    outside = np.zeros(len(raw), bool) if decoded.outside is None else decoded.outside
    numbers = [decoded.value(index) for index in range(len(raw))]
    return [_multiplier(side, number, flagged) for number, flagged in zip(numbers, outside.tolist(), strict=True)]


def _multiplier(side: Side, number: float | bool | str | None, flagged: bool) -> Multiplier:
    if number is None or flagged:
        return Multiplier(None, flagged)
    number = float(number)
    if side.role == "sign":
        return Multiplier(Fraction(-1 if number in side.negative else 1))
    if side.role == "exponent":
        return Multiplier(Fraction(10) ** int(number))
    if not np.isfinite(number) or (number and not 1 / LARGEST <= abs(Fraction(number)) <= LARGEST):
        return NONSENSE
    if side.role == "factor":
        return Multiplier(Fraction(number))
    return Multiplier(1 / Fraction(number)) if number else NONSENSE
