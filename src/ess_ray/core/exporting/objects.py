"""The daily export, as far as it is thinking: which objects a day has, how they are called, what to do about each.

An object holds one table of one site on one of its local days, [00:00, 24:00), in one format. The ledger's `Entry` says
what was exported last, the store's `StoredObject` what is there now. Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from string import Formatter

from ess_ray.core.day import Day, date_at
from ess_ray.core.errors import ConfigError
from ess_ray.core.exporting.formats import CSV, ObjectFormat
from ess_ray.core.exporting.store import StoredObject
from ess_ray.core.maps import fixed_columns
from ess_ray.core.maps.column_types import Column
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.standard import Standard

TEMPLATE = "{site}/{yyyy}/{mm}/{dd}/{yyyymmdd}_{table}.csv"
FIELDS = ("site", "table", "yyyy", "mm", "dd", "yyyymmdd")
ONE_DAY = timedelta(days=1)


class Action(StrEnum):
    """What to do about an object."""

    SKIP = "skip"  # it is there, and the day has not changed
    UPLOAD = "upload"  # nothing is there: make it (generation 0)
    REPLACE = "replace"  # the day has changed: replace the generation that was found
    COMPARE = "compare"  # it is there, and nothing vouches for it: read the day; if the object differs, REPLACE
    HELD = "held"  # rows of that day were dropped: the object is worth more than what the database can give


@dataclass(frozen=True, slots=True)
class Part:
    """One object to be: a table of a site on a day, in a format."""

    site: str
    table: str
    day: Day
    format: ObjectFormat
    name: str  # of the object
    columns: tuple[Column, ...]  # all of the object, in order: time, site, device, quality, identity…, values
    order: tuple[str, ...]  # the columns that rows are sorted by and that tell two rows apart

    @property
    def key(self) -> tuple[str, date, str]:
        """Table, date and the format's name: the object within a site and a store, also in the ledger."""
        return self.table, self.day.date, self.format.name

    @property
    def schema_hash(self) -> str:
        """Of the columns' names and types."""
        text = ",".join(f"{column.name} {column.type}" for column in self.columns)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def __str__(self) -> str:
        return f"{self.site} {self.day.date} {self.table} ({self.format.name})"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger says about an object: its last export."""

    name: str
    location: str  # of the store
    generation: int
    bytes: int
    crc32c: int  # of the object
    content_crc32c: int  # of the canonical CSV, header line included, whatever the format
    rows: int
    first_us: int | None  # the oldest row's time; None without rows
    last_us: int | None
    mark: str  # what the database held, see adapters.day_rows
    schema_hash: str
    version: str  # of the program
    exported_us: int
    start_us: int  # the day's limits as they were then
    end_us: int
    dropped: bool = False  # rows of that day have been dropped from the database since

    def is_of(self, part: Part) -> bool:
        """Whether it tells of the same columns and of the same hours."""
        return (self.schema_hash, self.start_us, self.end_us) == (part.schema_hash, part.day.start_us, part.day.end_us)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Which objects are made of any day, by the settings."""

    standard: Standard
    template: str = TEMPLATE
    formats: tuple[ObjectFormat, ...] = (CSV,)

    def parts(self, site: str, day: Day, delivered: Mapping[str, Collection[str]]) -> tuple[Part, ...]:
        """The objects of a day. `delivered`: the columns that the site's maps delivered then, by table."""
        parts = []
        for table, (columns, order) in self._tables(delivered).items():
            for object_format in self.formats:
                name = object_name(self.template, site, day.date, table, object_format.suffix)
                parts.append(Part(site, table, day, object_format, name, columns, ("time", "device", *order)))
        return tuple(parts)

    def _tables(
        self, delivered: Mapping[str, Collection[str]]
    ) -> dict[str, tuple[tuple[Column, ...], tuple[str, ...]]]:
        """Columns, and the identity, by table."""
        found: dict[str, tuple[tuple[Column, ...], tuple[str, ...]]] = {}
        for table in self.standard.tables.values():
            values = tuple(column for name, column in table.columns.items() if name in delivered.get(table.name, ()))
            if values:
                found[table.name] = (*fixed_columns.leading_columns(table.identity), *values), table.identity
        return {**found, **fixed_columns.FIXED_TABLES}


def delivered_by(register_map: RegisterMap) -> dict[str, list[str]]:
    """The columns that a map delivers, by table: what the table `device` keeps."""
    found: dict[str, list[str]] = {}
    for value in register_map.values:
        found.setdefault(value.table, []).append(value.column)
    return {table: sorted(set(columns)) for table, columns in sorted(found.items())}


def all_of(standard: Standard) -> dict[str, list[str]]:
    """Every column: for a time when nobody noted what was delivered."""
    return {table.name: list(table.columns) for table in standard.tables.values()}


def union(all_delivered: Iterable[Mapping[str, Collection[str]]]) -> dict[str, set[str]]:
    """What several maps deliver together."""
    found: dict[str, set[str]] = {}
    for delivered in all_delivered:
        for table, columns in delivered.items():
            found.setdefault(table, set()).update(columns)
    return found


def object_name(template: str, site: str, day: date, table: str, suffix: str) -> str:
    """`template`, filled in; its ending `.csv` gives way to the format's suffix."""
    values = {
        "site": site, "table": table, "yyyy": f"{day:%Y}", "mm": f"{day:%m}", "dd": f"{day:%d}",
        "yyyymmdd": f"{day:%Y%m%d}",
    }  # fmt: skip
    return template.format_map(values).removesuffix(CSV.suffix) + suffix


def check_template(key: str, template: str, sites: Collection[str], tables: Collection[str]) -> str:
    """`template`, if every object gets a name of its own below the store's top. Raises ConfigError for `key`."""
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
        parts = name.split("/")
        if not {"", ".", ".."}.isdisjoint(parts) or re.search(r"[\\\x00-\x1f\x7f]", name) or len(name.encode()) > 900:
            raise ConfigError(key, f"would make {name!r}, which is no name for an object; {example}")
    if len({*names}) < len(names):
        raise ConfigError(key, f"gives two objects the same name; {example}")
    return template


def last_closed(timezone: str, now_us: int, grace_us: int) -> date:
    """The last day at a site that has been over for the grace period."""
    return date_at(now_us - grace_us, timezone) - ONE_DAY


def days_of(spans: Iterable[tuple[int, int | None]], timezone: str, last: date) -> list[date]:
    """The local days, up to `last`, of which any [start_us, end_us) holds some, oldest first; None: has no end."""
    found: set[date] = set()
    for start_us, end_us in spans:
        first = date_at(start_us, timezone)
        end = last if end_us is None else min(last, date_at(end_us - 1, timezone))
        found.update(first + number * ONE_DAY for number in range((end - first).days + 1))
    return sorted(found)


def decide(entry: Entry | None, found: StoredObject | None, changed: bool | None) -> Action:
    """What to do. `changed`: whether the day did since `entry`; None if that cannot be told."""
    recorded = entry is not None and found is not None and _agree(entry, found)
    if entry is not None and entry.dropped:
        return Action.SKIP if recorded and changed is False else Action.HELD
    if found is None:
        return Action.UPLOAD
    if not recorded or changed is None:
        return Action.COMPARE
    return Action.REPLACE if changed else Action.SKIP


def _agree(entry: Entry, found: StoredObject) -> bool:
    return (entry.name, entry.generation, entry.crc32c) == (found.name, found.generation, found.crc32c)


def header_line(columns: Sequence[Column]) -> bytes:
    """The CSV's first line."""
    return ",".join(column.name for column in columns).encode() + b"\r\n"
