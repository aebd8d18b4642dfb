"""The keys of an object's rows, held against those that are to take their place: not one may be missing.

Nor may a value be: of a column that the rows in its place do not have, all have to be NULL.

An object and a day in the database are in the same order (`DayObject.order`), so that two streams are compared in one
pass, whatever their size.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from operator import itemgetter

from ess_ray.core.exporting.extent import clock, csv_rows, time_us

Key = tuple[int | str, ...]  # of a row: its time, microseconds since 1970 UTC, device, and what else tells it apart
# The other columns of keys are integers, and `time`. Texts are ordered by code points, as with COLLATE "C" in UTF-8.
TEXTS = frozenset({"device", "kind", "table_name", "row_data"})


class RowMissingError(Exception):
    """A row, or a value, of the object is missing in what is to take its place; the text is for a person."""


def value_missing(column: str) -> RowMissingError:
    """The error for an object with values in a column that would be gone."""
    gone = "today's data standard, or the map of that day by the table device, does not have that column"
    return RowMissingError(f"the object has values in the column {column}, and its replacement would not: {gone}")


def keys_of_csv(blocks: Iterable[bytes], order: Sequence[str], kept: Collection[str]) -> Iterator[Key]:
    """The keys of a canonical CSV with its header line, in its order; `blocks`: its bytes, cut anywhere.

    `order`: the columns of a key. `kept`: the columns of what takes its place. Raises ValueError if it is no such CSV,
    or lacks a column; RowMissingError if it has a value in a column that is not kept.
    """
    rows = csv_rows(blocks)
    names = next(rows, [])
    others = [(index, name) for index, name in enumerate(names) if name not in kept]
    yield from _keys(_without_values(rows, others) if others else rows, names, order)


def _without_values(rows: Iterable[list[str]], columns: Sequence[tuple[int, str]]) -> Iterator[list[str]]:
    for row in rows:
        for index, name in columns:
            if row[index:] and row[index]:
                raise value_missing(name)
        yield row


class KeptRows:
    """Takes the rows of a day, in order, and looks that none is missing that an object has."""

    def __init__(self, before: Iterator[Key], columns: Sequence[str], order: Sequence[str]) -> None:
        """`before`: the keys of the object. `columns`: of the rows that will come, `order`: those of a key.

        Begins to read `before`: raises its errors, and so do `add` and `finish`.
        """
        self._before, self._columns, self._order = before, columns, order
        self._expected = next(before, None)

    def add(self, block: bytes) -> None:
        """Take complete lines of canonical CSV, without the header. Raises RowMissingError."""
        if self._expected is None:
            return
        for key in _keys(csv.reader(io.StringIO(block.decode(), newline="")), self._columns, self._order):
            while self._expected == key:
                self._expected = next(self._before, None)
            if self._expected is None:
                return
            if self._expected < key:
                self.finish()

    def finish(self) -> None:
        """Note that no further rows come. Raises RowMissingError."""
        if self._expected is not None:
            time, device, *others = self._expected
            assert isinstance(time, int)
            which = "".join(f", {name} {value}" for name, value in zip(self._order[2:], others, strict=True))
            raise RowMissingError(f"the object has {device} at {clock(time)}{which}, and the database has not")


def _keys(rows: Iterable[list[str]], columns: Sequence[str], order: Sequence[str]) -> Iterator[Key]:
    if not {*order} <= {*columns}:
        raise ValueError(f"it has no columns {', '.join(order)}")
    take = itemgetter(*map(columns.index, order))
    convert: list[Callable[[str], int | str]] = [_time_us, *(str if name in TEXTS else int for name in order[1:])]
    for row in rows:
        try:
            yield tuple([each(value) for each, value in zip(convert, take(row), strict=True)])
        except IndexError as error:
            raise ValueError(f"a row has {len(row)} columns") from error


@lru_cache(maxsize=64)  # devices share ticks
def _time_us(text: str) -> int:
    if (moment := time_us(text)) is None:
        raise ValueError("a row has no time")
    return moment
