"""The decisions of the daily export: which objects a day has, how they are called, what to do about each.

An object holds one table of one site on one of its local days, [00:00, 24:00), in one format. A `LedgerEntry` says what
was exported last, the store's `StoredObject` what it has now. Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from string import Formatter

from ess_ray.core.day import Calendar, Day, date_at
from ess_ray.core.errors import ConfigError
from ess_ray.core.exporting.extent import Extent
from ess_ray.core.exporting.formats import CSV, ObjectFormat
from ess_ray.core.exporting.store import StoredObject
from ess_ray.core.maps import fixed_columns
from ess_ray.core.maps.column_types import Column
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.standard import Standard

TEMPLATE = "{site}/{yyyy}/{mm}/{dd}/{yyyymmdd}_{table}.csv"
FIELDS = ("site", "table", "yyyy", "mm", "dd", "yyyymmdd")
MOST_NAME_BYTES = 900  # Google Cloud Storage takes 1,024: room for any suffix
ObjectKey = tuple[str, date, str]  # table, date and the format's name: an object of a site in a store
ONE_DAY = timedelta(days=1)


class Action(StrEnum):
    """The step that brings an object of the store into line with the database."""

    SKIP = "skip"  # the store has it, and the day has not changed since
    UPLOAD = "upload"  # the store has none: make it (generation 0)
    REPLACE = "replace"  # the day has changed: replace the generation that the store has, unless that holds more
    COMPARE = "compare"  # the store has one that the ledger does not vouch for: read the day; if it differs, REPLACE
    HELD = "held"  # rows of that day were dropped from the database: the object holds more, it is left alone


@dataclass(frozen=True, slots=True)
class DayObject:
    """One object of the export: a table of a site on one of its local days, in a format."""

    site: str
    table: str
    day: Day
    format: ObjectFormat
    name: str  # of the object
    columns: tuple[Column, ...]  # all of the object, in order: time, site, device, quality, identity…, values
    order: tuple[str, ...]  # the columns that rows are sorted by and that tell two rows apart

    @property
    def key(self) -> ObjectKey:
        """The object's key within its site and store."""
        return self.table, self.day.date, self.format.name

    @property
    def schema_hash(self) -> str:
        """A hash of the columns' names and types, in order: 16 hexadecimal digits."""
        text = ",".join(f"{column.name} {column.type}" for column in self.columns)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def __str__(self) -> str:
        return f"{self.site} {self.day.date} {self.table} ({self.format.name})"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A row of the ledger (table `export_object`): the last export of an object into one store."""

    name: str
    location: str  # of the store
    generation: int
    bytes: int
    crc32c: int  # of the object
    content_crc32c: int  # of the canonical CSV, header line included, whatever the format
    rows: int
    first_us: int | None  # the oldest row's time; None without rows
    last_us: int | None
    mark: str  # the database's snapshot that was exported, see `adapters.postgres.day_rows`
    schema_hash: str
    version: str  # of the program
    exported_us: int
    start_us: int  # the day's limits as they were then
    end_us: int
    dropped: bool = False  # rows of that day have been dropped from the database since

    @property
    def extent(self) -> Extent:
        """The extent of what was exported."""
        return Extent(self.rows, self.first_us, self.last_us)

    def agrees(self, stored: StoredObject) -> bool:
        """True if the store's object is the one that was exported: the same name, generation and CRC32C."""
        return (self.name, self.generation, self.crc32c) == (stored.name, stored.generation, stored.crc32c)

    def matches(self, day_object: DayObject) -> bool:
        """True if the export had the columns and the hours that the object has by today's settings."""
        day = day_object.day
        return (self.schema_hash, self.start_us, self.end_us) == (day_object.schema_hash, day.start_us, day.end_us)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The objects that the settings ask for, of any day. `template`: of their names, see `check_template`."""

    standard: Standard
    template: str = TEMPLATE
    formats: tuple[ObjectFormat, ...] = (CSV,)

    def day_objects(self, site: str, day: Day, delivered: Mapping[str, Collection[str]]) -> tuple[DayObject, ...]:
        """The objects of a day, one for each table and format.

        `delivered`: names of the columns that the site's maps delivered then, by table. Tables without any are left
        out; `sample` and `event` are always there.
        """
        day_objects: list[DayObject] = []
        for table, (columns, identity) in self._tables(delivered).items():
            for object_format in self.formats:
                name = object_name(self.template, site, day.date, table, object_format.suffix)
                order = ("time", "device", *identity)
                day_objects.append(DayObject(site, table, day, object_format, name, columns, order))
        return tuple(day_objects)

    @property
    def tables(self) -> dict[str, tuple[tuple[Column, ...], tuple[str, ...]]]:
        """By table: all columns that an object of it can have, and those that tell rows of one tick apart."""
        return self._tables(all_of(self.standard))

    def _tables(
        self, delivered: Mapping[str, Collection[str]]
    ) -> dict[str, tuple[tuple[Column, ...], tuple[str, ...]]]:
        """By table: the columns of the object, and the names of the columns that tell rows of one time apart."""
        tables: dict[str, tuple[tuple[Column, ...], tuple[str, ...]]] = {}
        for table in self.standard.tables.values():
            values = tuple(column for name, column in table.columns.items() if name in delivered.get(table.name, ()))
            if values:
                tables[table.name] = (*fixed_columns.leading_columns(table.identity), *values), table.identity
        return {**tables, **fixed_columns.FIXED_TABLES}


def delivered_by(register_map: RegisterMap) -> dict[str, list[str]]:
    """Names of the columns that a map delivers, by table, sorted: the table `device` keeps them as `delivers`."""
    columns: dict[str, list[str]] = {}
    for cell in register_map.cells:
        columns.setdefault(cell.table, []).append(cell.column)
    return {table: sorted(set(names)) for table, names in sorted(columns.items())}


def all_of(standard: Standard) -> dict[str, list[str]]:
    """Names of all columns, by table: for a time of which it is not recorded what was delivered."""
    return {table.name: list(table.columns) for table in standard.tables.values()}


def union_of_columns(all_delivered: Iterable[Mapping[str, Collection[str]]]) -> dict[str, set[str]]:
    """Names of the columns that several maps deliver together, by table."""
    together: dict[str, set[str]] = {}
    for delivered in all_delivered:
        for table, columns in delivered.items():
            together.setdefault(table, set()).update(columns)
    return together


def object_name(template: str, site: str, day: date, table: str, suffix: str) -> str:
    """The name of an object of the local day `day`: `template`, checked by `check_template`, with FIELDS filled in.

    `suffix`: the format's, with the dot; it takes the place of the ending `.csv`, or follows a name without one.
    """
    values = {
        "site": site, "table": table, "yyyy": f"{day:%Y}", "mm": f"{day:%m}", "dd": f"{day:%d}",
        "yyyymmdd": f"{day:%Y%m%d}",
    }  # fmt: skip
    return template.format_map(values).removesuffix(CSV.suffix) + suffix


def check_template(key: str, template: str, sites: Collection[str], tables: Collection[str]) -> str:
    """The template itself, if it gives each object of these sites and tables a name of its own in the store.

    A name has segments between slashes, none of them empty, `.` or `..`, no backslash or control character, and at
    most MOST_NAME_BYTES bytes. Raises ConfigError about the setting `key` if a name is not so, if two are the same, or
    if the template has other fields than FIELDS, formats one (`{mm:3}`), or lacks site, table or date.
    """
    example = f"expected something like {TEMPLATE}"
    try:
        fields = [name for _, name, form, conversion in Formatter().parse(template) if name is not None or form]
        plain = not re.search(r"[:!]", "".join(re.findall(r"\{[^}]*\}", template)))
    except ValueError as error:
        raise ConfigError(key, f"{error}; {example}") from error
    if unknown := [name for name in fields if name not in FIELDS] or ([] if plain else [template]):
        raise ConfigError(key, f"{unknown[0]!r} is not one of {', '.join(FIELDS)}; {example}")
    if not {"site", "table"} <= {*fields} or not ({"yyyymmdd"} <= {*fields} or {"yyyy", "mm", "dd"} <= {*fields}):
        raise ConfigError(key, f"lacks the site, the table or the date; {example}")
    names = [object_name(template, site, date(2026, 11, 22), table, CSV.suffix) for site in sites for table in tables]
    for name in names:
        segments = name.split("/")
        unusable = not {"", ".", ".."}.isdisjoint(segments) or re.search(r"[\\\x00-\x1f\x7f]", name)
        if unusable or len(name.encode()) > MOST_NAME_BYTES:
            raise ConfigError(key, f"would make {name!r}, which is no name for an object; {example}")
    if len({*names}) < len(names):
        raise ConfigError(key, f"gives two objects the same name; {example}")
    return template


def last_closed(timezone: str, now_us: int, grace_us: int) -> date:
    """The last date whose day in the time zone has been over for `grace_us` microseconds or longer at `now_us`."""
    return date_at(now_us - grace_us, timezone) - ONE_DAY


def days_of(periods: Iterable[tuple[int, int | None]], calendar: Calendar, last: date) -> list[date]:
    """Dates of the site's days, `last` included, that any of the periods [start_us, end_us) touches, oldest first.

    An `end_us` of None: the period goes on. Each date comes once.
    """
    dates: set[date] = set()
    last_us = calendar.day(last).end_us
    for start_us, end_us in set(periods):
        dates.update(calendar.dates(start_us, last_us if end_us is None else min(last_us, end_us)))
    return sorted(dates)


def decide(entry: LedgerEntry | None, stored: StoredObject | None, changed: bool | None) -> Action:
    """The action for an object, from its row of the ledger and the store's object (None: there is none).

    `changed`: True if the day's rows, columns or hours changed since `entry`; None if that is unknown.
    """
    recorded = entry is not None and stored is not None and entry.agrees(stored)
    if entry is not None and entry.dropped:
        return Action.SKIP if recorded and changed is False else Action.HELD
    if stored is None:
        return Action.UPLOAD
    if not recorded or changed is None:
        return Action.COMPARE
    return Action.REPLACE if changed else Action.SKIP


def header_line(columns: Sequence[Column]) -> bytes:
    """The first line of the canonical CSV: the columns' names, and CR LF."""
    return ",".join(column.name for column in columns).encode() + b"\r\n"


def why_not_verified(entry: LedgerEntry | None, stored: StoredObject | None) -> str:
    """The reason why there is nothing to be verified; empty if `stored` has the generation of the ledger's `entry`."""
    if entry is None:
        untracked = ": the store has an object under that name, but the ledger has no record of it"
        return "the object was never exported" + (untracked if stored else "")
    if stored is None:
        return "the object is not in the store any more"
    if stored.generation != entry.generation:
        generations = f"generation {stored.generation} instead of {entry.generation}"
        return f"somebody else replaced the object after our export ({generations})"
    return ""


def why_kept_after_drop(stored: StoredObject | None, changed: bool | None) -> str:
    """The reason why `decide` says HELD of an object with these arguments: the database dropped rows of its day."""
    if stored is None:
        reason = "the object is not in the store any more, and the database cannot give it again"
    elif changed:
        reason = "samples of that day came later; the object stays as it is, and they stay in the database"
    else:
        reason = "the object is not the one that was exported; it is left alone"
    return f"rows of that day were dropped from the database after its export (export.drop_after): {reason}"
