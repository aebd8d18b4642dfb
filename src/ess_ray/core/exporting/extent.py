"""The extent of an object or of a day in the database: enough to see that one holds less than the other.

An export never replaces an object by one that holds less, nor one that another database wrote
(docs/decisions/008-an-export-never-destroys.md). Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ess_ray.core.day import EPOCH, microseconds

csv.field_size_limit(1 << 30)  # PostgreSQL's limit of a value; Python's own is 131,072 characters
SECOND_US = 1_000_000  # an object's metadata have its times in seconds
IDENTITY = "database"  # key of an object's metadata: the identity of the database that wrote it


@dataclass(frozen=True, slots=True)
class Extent:
    """Number of rows, and the times of the oldest and the newest one; None without rows, or if they are unknown."""

    rows: int
    first_us: int | None
    last_us: int | None

    def shortfall(self, database: Extent) -> str:
        """The reason why an object with this extent holds more than the database has; empty if it does not.

        More: more rows, an earlier first or a later last time. Times are compared in whole seconds; one that is unknown
        of the object is not compared.
        """
        if database.rows < self.rows:
            return f"the object has {self.rows} rows, and the database has {database.rows or 'none'}"
        if _second(database.first_us, 0) > _second(self.first_us, database.first_us):
            return f"the object begins at {clock(self.first_us)}, and the database at {clock(database.first_us)}"
        if _second(database.last_us, 0) < _second(self.last_us, database.last_us):
            return f"the object ends at {clock(self.last_us)}, and the database at {clock(database.last_us)}"
        return ""


def extent_of_metadata(metadata: Mapping[str, str]) -> Extent | None:
    """The extent that an object's metadata say; None if `rows` is missing, or an entry cannot be read.

    Keys: `rows`, and `first_time` and `last_time` in ISO 8601 with the UTC offset; these may be missing or empty.
    """
    try:
        first_us, last_us = (time_us(metadata.get(name)) for name in ("first_time", "last_time"))
        return Extent(int(metadata["rows"]), first_us, last_us)
    except (KeyError, ValueError):
        return None


def extent_of_csv(blocks: Iterable[bytes]) -> Extent:
    """The extent of a canonical CSV, counted; no rows if it is empty. Raises ValueError if it cannot be read as one.

    `blocks`: its bytes, cut anywhere. Its rows are in order of time: the first and the last one give the times.
    """
    rows, first, last = 0, None, None
    reader = csv_rows(blocks)
    if next(reader, ["time"])[:1] != ["time"]:
        raise ValueError("its first line has no column time")
    for row in reader:
        rows, first, last = rows + 1, first or row[0], row[0]
    return Extent(rows, time_us(first), time_us(last))


def csv_rows(blocks: Iterable[bytes]) -> Iterator[list[str]]:
    """The rows of a CSV, the header line too, at least one field each. Raises ValueError if it cannot be read as one.

    `blocks`: its bytes, cut anywhere.
    """
    try:
        for row in csv.reader(_lines(blocks), strict=True):
            if not row:
                raise ValueError("it has an empty line")
            yield row
    except csv.Error as error:
        raise ValueError(str(error)) from error


def _lines(blocks: Iterable[bytes]) -> Iterator[str]:
    """Lines with their ends; a line end within quotes is one too, the reader puts that together again."""
    unfinished = b""
    for block in blocks:
        *lines, unfinished = (unfinished + block).split(b"\n")
        for line in lines:
            yield line.decode() + "\n"
    if unfinished:
        yield unfinished.decode()


def time_us(text: str | None) -> int | None:
    """Microseconds since 1970 UTC of a time in ISO 8601; None for none. Raises ValueError without the UTC offset."""
    if not text:
        return None
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"{text} has no UTC offset")
    return microseconds(time)


def _second(moment_us: int | None, otherwise_us: int | None) -> int:
    """The second of a time; of the other one, or 0, if the time is unknown."""
    return (moment_us if moment_us is not None else otherwise_us or 0) // SECOND_US


def clock(moment_us: int | None) -> str:
    """A time, microseconds since 1970 UTC, as text for a person, in UTC."""
    return "no time" if moment_us is None else f"{EPOCH + timedelta(microseconds=moment_us):%Y-%m-%d %H:%M:%S} UTC"
