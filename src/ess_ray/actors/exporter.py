"""The exporter: one object of the daily export, from the database's snapshot into the store, or read back from there.

A plain class: a Ray task of `ess_ray.cluster.exports` calls it, or anybody without a cluster. It keeps nothing between
two objects. Its two calls are generators: they yield `ExportProgress` from time to time and at last one
`ExportOutcome`; closing them before leaves no unfinished object in the store.
Errors: those of `adapters.postgres.day_rows`, `adapters.postgres.ledger` and `core.exporting.store`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from ess_ray.actors.entries import entry_of, has_content, metadata_of
from ess_ray.adapters.postgres.day_rows import DayRows, open_day
from ess_ray.adapters.postgres.ledger import Ledger
from ess_ray.adapters.stores.checksum import Checksum
from ess_ray.core.errors import ConfigError, StoreConflict
from ess_ray.core.exporting.extent import IDENTITY, Extent, extent_of_metadata
from ess_ray.core.exporting.keys import KeptRows, RowMissingError
from ess_ray.core.exporting.objects import (
    Action,
    Catalogue,
    DayObject,
    LedgerEntry,
    decide,
    delivered_by,
    why_kept_after_drop,
    why_not_verified,
)
from ess_ray.core.exporting.outcome import ExportEnd, ExportOutcome, ExportProgress, ExportReport
from ess_ray.core.exporting.store import Store, StoredObject
from ess_ray.core.settings import Settings

PROGRESS_S = 0.5
HELD_ADVICE = "nothing is replaced; docs/exports.md says what to do about a day that is held"
MOST_CONFLICTS = 3  # how often somebody else may change the object while it is exported


def make_exporter(settings: Settings, dsn: str, identity: str = "") -> Exporter:
    """The exporter of these settings; it can be sent to another process. Raises ConfigError if nothing is exported.

    `identity`: of the database, "" for any; its calls raise OtherDatabase while another one answers.
    """
    export = settings.export
    if export.store is None:
        raise ConfigError("export", "nothing is exported with these settings: set export=local or export=gcs")
    store = export.store.open()
    catalogue = Catalogue(settings.standard, export.template, export.formats)
    maps = {name: delivered_by(register_map) for name, register_map in settings.maps.items()}
    return Exporter(dsn, Ledger(dsn, store.location, catalogue, maps, identity), store, export.replace_smaller)


class Exporter:
    """Exports from one database into one store."""

    def __init__(self, dsn: str, ledger: Ledger, store: Store, replace_smaller: bool = False) -> None:
        """`ledger`: the one of this store, in this database. `replace_smaller`: replace what would be held."""
        self._dsn = dsn
        self._replace_smaller = replace_smaller
        self.ledger = ledger
        self.store = store

    def export(self, day_object: DayObject) -> Iterator[ExportReport]:
        """Bring the object in the store into line with the database, and enter it in the ledger.

        HELD, and nothing is changed, if the database has less than the object or is not the one that wrote it, unless
        `replace_smaller`; BUSY if another exporter works on it. Raises StoreConflict if somebody else keeps changing
        the object meanwhile.
        """
        with self.ledger.claim(day_object) as claimed:
            if not claimed:
                yield ExportOutcome(ExportEnd.BUSY, problem="another exporter is working on it")
                return
            for _ in range(MOST_CONFLICTS):
                try:
                    yield from self._export(day_object)
                except StoreConflict as error:
                    conflict = error
                else:
                    return
            raise conflict

    def verify(self, day_object: DayObject) -> Iterator[ExportReport]:
        """Compare the object, read back, with its ledger row, and that with the database: VERIFIED or FAILED."""
        entry, changed = self.ledger.entry_of(day_object)
        stored = self.store.stat(day_object.name)
        if problem := why_not_verified(entry, stored):
            yield ExportOutcome(ExportEnd.FAILED, problem=problem)
            return
        assert entry is not None
        read_back = Checksum()
        for block in self.store.read(day_object.name):
            read_back.add(block)
            yield ExportProgress(0, 0.0)
        if (read_back.crc32c, read_back.bytes) != (entry.crc32c, entry.bytes):
            differs = f"{read_back} instead of {entry.bytes} bytes with CRC32C {entry.crc32c:08x}"
            yield ExportOutcome(
                ExportEnd.FAILED, problem=f"the object in the store was changed after the export: {differs}"
            )
        elif changed:
            yield ExportOutcome(ExportEnd.FAILED, problem="the day has changed since it was exported: export it again")
        elif entry.dropped:
            yield ExportOutcome(ExportEnd.VERIFIED, entry.rows, entry.bytes)
        else:
            yield from self._verify_rows(day_object, entry)

    # --- exporting ----------------------------------------------------------------------------------------------------

    def _export(self, day_object: DayObject) -> Iterator[ExportReport]:
        entry, changed = self.ledger.entry_of(day_object)
        stored = self.store.stat(day_object.name)
        action = decide(entry, stored, changed)
        if action is Action.SKIP and entry:
            yield ExportOutcome(ExportEnd.UNCHANGED, entry.rows, entry.bytes)
        elif action is Action.HELD:
            yield ExportOutcome(ExportEnd.HELD, problem=why_kept_after_drop(stored, changed))
        elif action is Action.COMPARE and stored:
            yield from self._compare(day_object, entry, stored)
        else:
            yield from self._upload(day_object, entry, stored)

    def _upload(
        self, day_object: DayObject, entry: LedgerEntry | None, replaced: StoredObject | None
    ) -> Iterator[ExportReport]:
        with open_day(self._dsn, day_object, identity=self.ledger.identity) as rows:
            if reason := self._why_held(day_object, entry, replaced, rows):
                if not self._replace_smaller:
                    yield ExportOutcome(ExportEnd.HELD, problem=f"{reason}; {HELD_ADVICE}")
                    return
                if replaced:
                    self.store.put_aside(replaced.name, replaced.generation)
            try:
                yield from self._write(day_object, replaced, rows)
            except (RowMissingError, ValueError) as error:
                yield ExportOutcome(ExportEnd.HELD, problem=f"{error}; {HELD_ADVICE}")

    def _why_held(
        self, day_object: DayObject, entry: LedgerEntry | None, stored: StoredObject | None, rows: DayRows
    ) -> str:
        """The reason why these rows must not take the place of what was exported; empty if they may."""
        writer = stored.metadata.get(IDENTITY) if stored else None
        taken_over = entry is not None and stored is not None and entry.agrees(stored)  # or exported by this one
        if writer and writer != rows.database and not taken_over:
            return f"another database ({writer}) wrote the object, and this one is {rows.database}"
        try:
            before = self._extent(day_object, entry, stored)
        except ValueError as error:
            return f"nobody knows how much the object holds: it cannot be read ({error})"
        shortfall = before.shortfall(rows.count()) if before else ""
        return shortfall if stored or not shortfall else f"the object was deleted from the store, and {shortfall}"

    def _extent(self, day_object: DayObject, entry: LedgerEntry | None, stored: StoredObject | None) -> Extent | None:
        """The extent of the object, or of what was exported last if the store has none; None: there was nothing."""
        if stored is None or (entry is not None and entry.agrees(stored)):
            return entry.extent if entry else None
        counted = extent_of_metadata(stored.metadata)
        return counted or day_object.format.extent(self.store.read(stored.name))

    def _write(self, day_object: DayObject, replaced: StoredObject | None, rows: DayRows) -> Iterator[ExportReport]:
        """Write the object; raises RowMissingError, or ValueError for an object that cannot be read.

        Then the store keeps what it has.
        """
        generation, content = replaced.generation if replaced else 0, Checksum()
        kept = self._kept(day_object, replaced)
        with (
            self.store.write(
                day_object.name, generation=generation, metadata={}, content_type=day_object.format.content_type
            ) as upload,
        ):
            for block, progress in _encoded(rows, day_object, content, kept):
                upload.write(block)
                if progress:
                    yield progress
            upload.metadata.update(metadata_of(day_object, rows, content))
        self.ledger.record(day_object, entry_of(day_object, rows, content, upload.stored, self.store.location))
        yield ExportOutcome(ExportEnd.REPLACED if replaced else ExportEnd.EXPORTED, rows.rows, upload.stored.bytes)

    def _kept(self, day_object: DayObject, replaced: StoredObject | None) -> KeptRows | None:
        """Looks, while the rows are written, that none is missing that the object has; None if nothing is lost."""
        if replaced is None or self._replace_smaller:
            return None
        columns = [column.name for column in day_object.columns]
        before = day_object.format.keys(self.store.read(replaced.name), day_object.order, columns)
        return KeptRows(before, columns, day_object.order)

    def _compare(
        self, day_object: DayObject, entry: LedgerEntry | None, stored: StoredObject
    ) -> Iterator[ExportReport]:
        """Upload an object that the ledger does not vouch for only if its bytes, made without storing them, differ."""
        encoded, content = Checksum(), Checksum()
        with open_day(self._dsn, day_object, identity=self.ledger.identity) as rows:
            for block, progress in _encoded(rows, day_object, content):
                encoded.add(block)
                if progress:
                    yield progress
        same_bytes = (encoded.crc32c, encoded.bytes) == (stored.crc32c, stored.bytes)
        if not same_bytes and not has_content(stored, day_object, content):
            yield from self._upload(day_object, entry, stored)
            return
        self.ledger.record(day_object, entry_of(day_object, rows, content, stored, self.store.location))
        yield ExportOutcome(ExportEnd.ENTERED, rows.rows, stored.bytes)

    def _verify_rows(self, day_object: DayObject, entry: LedgerEntry) -> Iterator[ExportReport]:
        content = Checksum()
        with open_day(self._dsn, day_object, identity=self.ledger.identity) as rows:
            for block, progress in _with_progress(rows, day_object):
                content.add(block)
                if progress:
                    yield progress
        if content.crc32c == entry.content_crc32c:
            yield ExportOutcome(ExportEnd.VERIFIED, entry.rows, entry.bytes)
            return
        differs = "the values differ"
        if rows.rows != entry.rows:
            differs = f"it has {rows.rows} rows, and {entry.rows} were exported"
        # It may have changed while it was read.
        if self.ledger.entry_of(day_object)[1]:
            differs = "the day has changed since it was exported: export it again"
        yield ExportOutcome(ExportEnd.FAILED, problem=f"the database holds something else: {differs}")


def _with_progress(rows: DayRows, day_object: DayObject) -> Iterator[tuple[bytes, ExportProgress | None]]:
    """Header and blocks of the canonical CSV, every `PROGRESS_S` with the progress: rows come in the order of time."""
    yield rows.header, None
    next_s = time.monotonic()
    day = day_object.day
    for block in rows:
        progress = None
        if time.monotonic() >= next_s and rows.last_us is not None:
            next_s = time.monotonic() + PROGRESS_S
            progress = ExportProgress(rows.rows, (rows.last_us - day.start_us) / (day.end_us - day.start_us))
        yield block, progress


def _encoded(
    rows: DayRows, day_object: DayObject, content: Checksum, kept: KeptRows | None = None
) -> Iterator[tuple[bytes, ExportProgress | None]]:
    """The object's bytes; the canonical CSV that they are made of is added to `content`, and to `kept`."""
    encoder = day_object.format.encoder(day_object.columns, day_object.day)
    for block, progress in _with_progress(rows, day_object):
        content.add(block)
        if kept and block is not rows.header:
            kept.add(block)
        yield encoder.feed(block), progress
    if kept:
        kept.finish()
    yield encoder.finish(), None
