"""The words of `job=restore`: the rows of an object on their way into a database, and what became of them.

Rows travel as CSV for PostgreSQL's COPY, in pieces that never span two hours: an hour is a transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from ess_ray.core.exporting.names import NamedObject
from ess_ray.core.maps.column_types import Column

HOUR_US = 3_600_000_000
CONTENT = "content_crc32c"  # key of an object's metadata: CRC32C of its rows as canonical CSV, 8 hexadecimal digits


@dataclass(frozen=True, slots=True)
class RowBlock:
    """Some rows of an object, all of one hour, in the order of time."""

    hour: int  # whole hours since 1970 UTC
    rows: int
    csv: bytes  # for COPY … FROM STDIN (FORMAT csv): without header, arrays as {1,NULL}


@dataclass(frozen=True, slots=True)
class ObjectContent:
    """The content of an object, as it was counted when all of it was read."""

    rows: int
    first_us: int | None  # microseconds since 1970 UTC; None without rows
    last_us: int | None
    crc32c: int  # of the object's bytes
    content_crc32c: int | None  # of the canonical CSV; None for other formats


@dataclass(slots=True)
class LoadCount:
    """The rows of a table, or of a part of it, that were restored or would be."""

    rows: int = 0  # of the object
    new: int = 0  # inserted, or to be inserted in a dry run
    lacking: int = 0  # that the database still lacks afterwards: it has other values at their tick, or no sample

    def add(self, other: LoadCount) -> None:
        """Count the rows of another part too."""
        self.rows += other.rows
        self.new += other.new
        self.lacking += other.lacking


@dataclass(slots=True)
class HourCount:
    """The rows and ticks of an hour, or of several, that were restored or would be."""

    tables: dict[str, LoadCount] = field(default_factory=dict)
    ticks_new: int = 0
    ticks_present: int = 0
    ticks_other: int = 0  # of the present ones: the database has another sample, which it keeps

    def add(self, other: HourCount) -> None:
        """Count another hour too."""
        for table, count in other.tables.items():
            self.tables.setdefault(table, LoadCount()).add(count)
        self.ticks_new += other.ticks_new
        self.ticks_present += other.ticks_present
        self.ticks_other += other.ticks_other

    @property
    def lacking(self) -> int:
        """Rows of the objects that the database lacks afterwards, in all tables."""
        return sum(count.lacking for count in self.tables.values())


class RestoreEnd(StrEnum):
    """The way in which the restore of a day ended."""

    RESTORED = "restored"
    PRESENT = "already there"  # the database had all of it
    WOULD = "would be restored"  # a dry run
    INCOMPLETE = "not all of it"  # the database has, and keeps, other samples at some ticks
    REFUSED = "refused"  # an object is damaged, or does not fit the data standard: nothing was inserted
    BROKEN_OFF = "broken off"  # the database refused rows of an hour: the hours before are restored


@dataclass(frozen=True, slots=True)
class RestoreProgress:
    """Progress of a day: its rows so far, and the share of the work that is done, 0 to 1."""

    rows: int
    share: float


@dataclass(frozen=True, slots=True)
class RestoreOutcome:
    """The end of a day's restore."""

    end: RestoreEnd
    count: HourCount = field(default_factory=HourCount)
    entered: int = 0  # objects that the ledger has taken over
    problem: str = ""  # of REFUSED and BROKEN_OFF: why, for a person

    @property
    def succeeded(self) -> bool:
        """True if the database has, or in a dry run would have, everything that the objects hold."""
        return self.end not in (RestoreEnd.INCOMPLETE, RestoreEnd.REFUSED, RestoreEnd.BROKEN_OFF)


RestoreReport = RestoreProgress | RestoreOutcome


@dataclass(frozen=True, slots=True)
class StoredDay:
    """A day of a site as a store has it. `timezone`: the configured one; the ledger goes by those that are recorded."""

    site: str
    day: date
    timezone: str
    objects: Mapping[str, tuple[NamedObject, ...]]  # by table: the same in several formats, the preferred one first

    def only(self, table: str | None) -> StoredDay:
        """The day with the object of one table, or without any; None: as it is."""
        chosen = {name: formats for name, formats in self.objects.items() if table in (None, name)}
        return StoredDay(self.site, self.day, self.timezone, chosen)

    def __str__(self) -> str:
        return f"{self.site} {self.day}"


def columns_of(names: Sequence[str], possible: Sequence[Column]) -> tuple[Column, ...]:
    """The columns that an object's header names, in its order.

    `possible`: the columns that the table has by today's standard. Raises ValueError, in words for a person, if the
    header names another one, names one twice, or lacks one that each row has to have.
    """
    by_name = {column.name: column for column in possible}
    if unknown := [name for name in names if name not in by_name]:
        raise ValueError(
            f"column {unknown[0]!r} is not in the data standard any more: add it to the standard, and restore again"
        )
    if len({*names}) < len(names):
        raise ValueError("its header names a column twice")
    if lacking := [column.name for column in possible if column.required and column.name not in names]:
        raise ValueError(f"its header lacks the column {lacking[0]!r}")
    return tuple(by_name[name] for name in names)
