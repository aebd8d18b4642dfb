"""The restorer: a site's day out of a store of exports, checked object by object, then loaded hour by hour.

A plain class; it keeps nothing between two days. `restore` is a generator: it yields `RestoreProgress` from time to
time and at last one `RestoreOutcome`. What is committed stays whatever ends it; the same call again does the rest.
Errors: those of `core.exporting.store`, DatabaseUnavailable and DatabaseRefused, CannotStart for a full disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from ess_ray.actors.takeover import TakeOver
from ess_ray.adapters.postgres.hour_load import HourLoad, LoadedTable, open_load
from ess_ray.adapters.stores.checksum import Checksum
from ess_ray.adapters.stores.formats import FORMATS
from ess_ray.adapters.stores.row_blocks import column_names, read_content, row_blocks
from ess_ray.core.day import whole_day
from ess_ray.core.errors import CannotStart, DatabaseRefused
from ess_ray.core.exporting.extent import extent_of_metadata
from ess_ray.core.exporting.formats import ObjectFormat
from ess_ray.core.exporting.names import NamedObject, name_prefix, named_objects
from ess_ray.core.exporting.objects import Catalogue
from ess_ray.core.exporting.restoring import (
    CONTENT,
    HourCount,
    ObjectContent,
    RestoreEnd,
    RestoreOutcome,
    RestoreProgress,
    RestoreReport,
    RowBlock,
    StoredDay,
    columns_of,
)
from ess_ray.core.exporting.store import Store, StoredObject

READ_SHARE, LOAD_SHARE = 0.2, 0.5  # of the work of a day: reading and checking its objects; inserting their rows


@dataclass(frozen=True, slots=True)
class _CheckedObject:
    """An object that was read in full: where its bytes are, and what they are."""

    named: NamedObject
    stored: StoredObject
    table: LoadedTable
    content: ObjectContent
    file: IO[bytes]


class Restorer:
    """Restores from one store into one database. Neither connects before it is used."""

    def __init__(
        self,
        dsn: str,
        store: Store,
        catalogue: Catalogue,
        spool: Path,
        *,
        run: bool,
        take_over: TakeOver | None = None,
        identity: str = "",
    ) -> None:
        """`catalogue`: its template names the objects, its formats are preferred where there are several.

        `spool`: a folder, in which a day's objects lie while they are restored. `run`: False reads, checks and counts,
        and changes nothing. `take_over`: for the objects of the store that exports go to; None: they go nowhere.
        `identity`: of the database, "" for any; OtherDatabase is raised while another one answers.
        """
        self.store = store
        self._dsn = dsn
        self._catalogue = catalogue
        self._spool = spool
        self._run = run
        self._take_over = take_over
        self._identity = identity

    def days(self, site: str, timezone: str) -> list[StoredDay]:
        """The days of a site of which the store has an object, oldest first, with the objects of each table."""
        formats = _formats(self._catalogue)
        names = self.store.names(name_prefix(self._catalogue.template, site))
        objects: dict[date, dict[str, tuple[NamedObject, ...]]] = {}
        for named in named_objects(self._catalogue.template, site, formats, names):
            of_day = objects.setdefault(named.day, {})
            several = (*of_day.get(named.table, ()), named)
            of_day[named.table] = tuple(sorted(several, key=lambda each: formats.index(each.format)))
        return [StoredDay(site, day, timezone, dict(sorted(objects[day].items()))) for day in sorted(objects)]

    def restore(self, stored_day: StoredDay) -> Iterator[RestoreReport]:
        """Restore a day, or say what that would do; REFUSED, and nothing is inserted, if an object is not right.

        BROKEN_OFF if the database refuses rows: the hours before theirs are restored.
        """
        with ExitStack() as stack:
            checked: list[_CheckedObject] = []
            for number, in_formats in enumerate(stored_day.objects.values()):
                yield RestoreProgress(0, READ_SHARE * number / len(stored_day.objects))
                named = self._fullest(in_formats)
                try:
                    checked.append(self._checked(stored_day, named, stack))
                except ValueError as error:
                    yield RestoreOutcome(RestoreEnd.REFUSED, problem=f"{named.name}: {error}")
                    return
            yield from self._load(stored_day, checked)

    def _fullest(self, in_formats: Sequence[NamedObject]) -> NamedObject:
        """The object of most rows by its metadata: a format that was exported earlier may have stayed behind."""
        if len(in_formats) == 1:
            return in_formats[0]
        stored = [self.store.stat(named.name) for named in in_formats]
        extents = [extent_of_metadata(each.metadata) if each else None for each in stored]
        rows = [extent.rows if extent else -1 for extent in extents]
        return in_formats[rows.index(max(rows))]

    def _checked(self, stored_day: StoredDay, named: NamedObject, stack: ExitStack) -> _CheckedObject:
        """Fetch the object, read all of it and compare it with what the store and its metadata say."""
        tables = self._catalogue.tables
        if named.table not in tables:
            raise ValueError(f"the data standard has no table {named.table} any more: add it, or restore table=…")
        stored = self.store.stat(named.name)
        if stored is None:
            raise ValueError("it was deleted while it was restored")
        if stored.altered:
            raise ValueError("its bytes are not those that were written: it was cut off or changed since")
        file = self._fetched(stored, stack)
        possible, identity = tables[named.table]
        columns = columns_of(column_names(named.format, file), possible)
        content = read_content(named.format, columns, stored_day.site, file)
        if problem := _differs(stored.metadata, content):
            raise ValueError(problem)
        return _CheckedObject(named, stored, LoadedTable(named.table, columns, identity), content, file)

    def _fetched(self, stored: StoredObject, stack: ExitStack) -> IO[bytes]:
        """The object's bytes in a file without a name, until the end of `stack`."""
        fetched = Checksum()
        try:
            file = stack.enter_context(TemporaryFile(dir=self._spool))  # noqa: SIM115 (the stack closes it)
            for block in self.store.read(stored.name):
                fetched.add(block)
                file.write(block)
            file.flush()
        except OSError as error:
            problem = f"{stored.name} ({stored.bytes / 1e6:.0f} MB) does not go into {self._spool}: {error.strerror}"
            raise CannotStart(f"{problem}: make room, or set state_dir") from error
        if (fetched.bytes, fetched.crc32c) != (stored.bytes, stored.crc32c):
            raise ValueError(f"{fetched} were read, and the store has {stored.bytes} with {stored.crc32c:08x}")
        return file

    def _load(self, stored_day: StoredDay, checked: list[_CheckedObject]) -> Iterator[RestoreReport]:
        count, rows = HourCount(), 0
        all_rows = sum(each.content.rows for each in checked)
        tables = [each.table for each in checked]
        try:
            with open_load(self._dsn, stored_day.site, tables, run=self._run, identity=self._identity) as load:
                for of_hour in _parts(load, checked):
                    count.add(of_hour)
                    rows = sum(table.rows for table in count.tables.values())
                    yield RestoreProgress(rows, READ_SHARE + LOAD_SHARE * rows / max(1, all_rows))
        except DatabaseRefused as error:  # of this day's rows; other days may be all right
            yield RestoreOutcome(RestoreEnd.BROKEN_OFF, count, problem=str(error))
            return
        entered = 0
        if self._run and self._take_over:
            day = whole_day(stored_day.day, stored_day.timezone)
            incomplete = {name for name, table in count.tables.items() if table.lacking}
            complete = {each.table.name: each.content for each in checked if each.table.name not in incomplete}
            for share, newly_entered in self._take_over.day(stored_day.site, day, complete):
                entered += newly_entered
                yield RestoreProgress(rows, READ_SHARE + LOAD_SHARE + (1 - READ_SHARE - LOAD_SHARE) * share)
        end = RestoreEnd.RESTORED if self._run else RestoreEnd.WOULD
        if count.lacking:
            end = RestoreEnd.INCOMPLETE
        elif not any(table.new for table in count.tables.values()):
            end = RestoreEnd.PRESENT
        yield RestoreOutcome(end, count, entered)


def _parts(load: HourLoad, checked: list[_CheckedObject]) -> Iterator[HourCount]:
    """Load the configurations, then the rows of all objects hour by hour; each object is read once, in order."""
    blocks = {each.table.name: row_blocks(each.named.format, each.table.columns, each.file) for each in checked}
    if devices := blocks.pop("device", None):
        yield HourCount({"device": load.load_devices(devices)})
    ahead: dict[str, RowBlock] = {table: block for table, of in blocks.items() if (block := next(of, None))}

    def of_hour(table: str, hour: int) -> Iterator[RowBlock]:
        while table in ahead and ahead[table].hour == hour:
            yield ahead.pop(table)
            if block := next(blocks[table], None):
                ahead[table] = block

    while ahead:
        hour = min(block.hour for block in ahead.values())
        yield load.load(hour, {table: of_hour(table, hour) for table, of in ahead.items() if of.hour == hour})


def _formats(catalogue: Catalogue) -> list[ObjectFormat]:
    """Every format, gzip or not; first those of the catalogue."""
    every = [variant for each in FORMATS.values() for variant in (each, *([each.gzipped()] if each.is_text else []))]
    return [*catalogue.formats, *(each for each in every if each not in catalogue.formats)]


def _differs(metadata: Mapping[str, str], content: ObjectContent) -> str:
    """The difference between an object and its metadata, for a person; empty if there is none, or no metadata."""
    extent = extent_of_metadata(metadata)
    if extent is not None and extent.rows != content.rows:
        return f"it has {content.rows} rows, and its metadata say {extent.rows}: it is not as it was exported"
    crc = metadata.get(CONTENT)
    if crc and content.content_crc32c is not None and f"{content.content_crc32c:08x}" != crc:
        return "its content is not the one that was exported: another CRC32C than its metadata say"
    return ""
