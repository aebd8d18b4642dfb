"""Which points can be read in one request with their scale factors, and which cannot: models longer than a request.

An inverter may change its scale factors while it runs, so a value and its factor should be of one moment. A request
holds 125 registers; of a longer model the points nearest to their factors are read with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import NamedTuple

from ess_ray.core.maps.registers import MAX_REGISTERS
from ess_ray.core.sunspec.placing import Place, Placed, Rows

Span = tuple[int, int]  # the first register, and the one behind the last


class Part(NamedTuple):
    """Some of the rows of `Rows`: so many from this index on, of what repeats outermost. `apart`: see the module."""

    start: int
    length: int
    apart: bool


class ReadTogether:
    """The decisions for one model."""

    def __init__(self, placed: Placed) -> None:
        self._joined: list[Span] = []  # registers that requests read together, no two overlap
        self._apart: set[int] = set()  # addresses of points, outside of what repeats
        self._parts: dict[int, list[Part]] = {}  # by the rows' identity
        for rows in placed.rows:
            if rows.repeats:
                self._accept([span for row in _all_rows(rows) for span in _spans(rows, row, own=True)])
        for rows in placed.rows:
            if not rows.repeats:
                self._points(rows)
        for rows in placed.rows:
            if rows.repeats:
                self._parts[id(rows)] = list(self._rows(rows))

    def parts(self, rows: Rows) -> list[Part]:
        """The rows, divided where some are apart."""
        return self._parts.get(id(rows), [Part(0, 1, apart=False)])

    def is_apart(self, rows: Rows, part: Part, place: Place) -> bool:
        """True if the point's scale factor comes in another request."""
        if not rows.repeats:
            return place.address in self._apart
        return part.apart and bool(place.factor and not place.factor.levels)

    def _points(self, rows: Rows) -> None:
        spans = [(_span(place, 0, 0), place.address) for place in rows.places if place.factor]
        for span, address in sorted(spans, key=lambda one: (one[0][1] - one[0][0], one[1])):
            if not self._accept([span]):
                self._apart.add(address)

    def _rows(self, rows: Rows) -> Iterable[Part]:
        count, inner = rows.repeats[0].count, rows.repeats[1:]
        ends = [index for index in range(count) if not inner and self._accept(_spans(rows, (index,), own=False))]
        near = next((index for index in range(count) if index not in ends), count)
        if inner:
            whole = self._accept([span for row in _all_rows(rows) for span in _spans(rows, row, own=False)])
            near = count if whole else 0
        if near:
            yield Part(0, near, apart=False)
        if near < count:
            yield Part(near, count - near, apart=True)

    def _accept(self, spans: Sequence[Span]) -> bool:
        """Whether requests can read each of these in one piece, besides what they read so already."""
        joined: list[Span] = []
        for first, end in sorted([*self._joined, *spans]):
            if joined and first < joined[-1][1]:
                joined[-1] = joined[-1][0], max(end, joined[-1][1])
            else:
                joined.append((first, end))
        if any(end - first > MAX_REGISTERS for first, end in joined):
            return False
        self._joined = joined
        return True


def _all_rows(rows: Rows) -> Iterable[tuple[int, ...]]:
    return product(*(range(repeat.count) for repeat in rows.repeats))


def _spans(rows: Rows, row: tuple[int, ...], own: bool) -> list[Span]:
    """Of the points of a row with their factors; `own`: those whose factors are in the row, else all others."""
    shift = sum(index * repeat.stride for index, repeat in zip(row, rows.repeats, strict=True))
    return [
        _span(place, shift, shift if place.factor.levels else 0)
        for place in rows.places
        if place.factor and bool(place.factor.levels) == own
    ]


def _span(place: Place, shift: int, factor_shift: int) -> Span:
    assert place.factor
    first, factor = place.address + shift, place.factor.address + factor_shift
    return min(first, factor), max(first + place.point.size, factor + 1)
