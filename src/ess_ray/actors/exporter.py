"""The exporter: one object of the daily export, from the database's snapshot into the store, or read back from there.

A plain class: what a Ray task of `ess_ray.cluster.exports` does, or a plain call without a cluster. It keeps nothing
between two objects. Each call is a generator: `Progress` from time to time, at last one `Outcome`; closing it before
leaves nothing half done in the store.
Errors: those of `adapters.postgres.day_rows`, `adapters.postgres.ledger` and `core.exporting.store`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ess_ray import __version__
from ess_ray.adapters.postgres.day_rows import DayRows, open_day
from ess_ray.adapters.postgres.ledger import Ledger
from ess_ray.adapters.stores.checksum import crc32c
from ess_ray.core.errors import ConfigError, StoreConflict
from ess_ray.core.exporting.objects import Action, Catalogue, Entry, Part, decide, delivered_by
from ess_ray.core.exporting.store import Store, StoredObject
from ess_ray.core.settings import Settings

PROGRESS_S = 0.5
MOST_CONFLICTS = 3  # how often somebody else may change the object under our hands


class End(StrEnum):
    """What became of an object."""

    EXPORTED = "exported"
    REPLACED = "exported again"  # the day had changed
    ENTERED = "entered"  # it was there, equal to the database, and the ledger did not know
    UNCHANGED = "unchanged"
    VERIFIED = "verified"
    BUSY = "busy"  # another exporter is at it
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an object is; `share` of its day, 0 to 1."""

    rows: int
    share: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of an object's export or verification."""

    end: End
    rows: int = 0
    bytes: int = 0
    problem: str = ""  # of FAILED and BUSY: why, for a person

    @property
    def good(self) -> bool:
        """Whether the object is where and what it should be."""
        return self.end not in (End.FAILED, End.BUSY)

    @property
    def written(self) -> bool:
        """Whether the store was written to."""
        return self.end in (End.EXPORTED, End.REPLACED)


def make_exporter(settings: Settings, dsn: str) -> Exporter:
    """The exporter of these settings; it can be sent to another process. Raises ConfigError if nothing is exported."""
    export = settings.export
    if export.store is None:
        raise ConfigError("export", "nothing is exported with these settings: say where the objects go")
    store = export.store.open()
    catalogue = Catalogue(settings.standard, export.template, export.formats)
    maps = {name: delivered_by(one) for name, one in settings.maps.items()}
    return Exporter(dsn, Ledger(dsn, store.location, catalogue, maps), store)


class Exporter:
    """Between one database and one store."""

    def __init__(self, dsn: str, ledger: Ledger, store: Store) -> None:
        self._dsn = dsn
        self.ledger = ledger
        self.store = store

    def export(self, part: Part) -> Iterator[Progress | Outcome]:
        """See that the object is in the store as the database has it."""
        with self.ledger.turn(part) as free:
            if not free:
                yield Outcome(End.BUSY, problem="another exporter is at it")
                return
            for _ in range(MOST_CONFLICTS):
                try:
                    yield from self._export(part)
                except StoreConflict as error:
                    conflict = error
                else:
                    return
            raise conflict

    def verify(self, part: Part) -> Iterator[Progress | Outcome]:
        """Read the object back: it must be the ledger's, and the ledger's what the database still holds."""
        entry, changed = self.ledger.look(part)
        found = self.store.stat(part.name)
        if wrong := _missing(entry, found):
            yield Outcome(End.FAILED, problem=wrong)
            return
        assert entry is not None
        found_bytes = _Tally()
        for block in self.store.read(part.name):
            found_bytes.add(block)
            yield Progress(0, 0.0)
        if (found_bytes.crc32c, found_bytes.bytes) != (entry.crc32c, entry.bytes):
            differs = f"{found_bytes} instead of {entry.bytes} bytes with CRC32C {entry.crc32c:08x}"
            yield Outcome(End.FAILED, problem=f"the object is not what was exported: {differs}")
        elif changed:
            yield Outcome(End.FAILED, problem="the day has changed since it was exported: export it again")
        elif entry.dropped:
            yield Outcome(End.VERIFIED, entry.rows, entry.bytes)
        else:
            yield from self._verify_rows(part, entry)

    # --- exporting ----------------------------------------------------------------------------------------------------

    def _export(self, part: Part) -> Iterator[Progress | Outcome]:
        entry, changed = self.ledger.look(part)
        found = self.store.stat(part.name)
        action = decide(entry, found, changed)
        if action is Action.SKIP and entry:
            yield Outcome(End.UNCHANGED, entry.rows, entry.bytes)
        elif action is Action.HELD:
            yield Outcome(End.FAILED, problem=_held(found, changed))
        elif action is Action.COMPARE and found:
            yield from self._compare(part, found)
        else:
            yield from self._upload(part, found)

    def _upload(self, part: Part, found: StoredObject | None) -> Iterator[Progress | Outcome]:
        generation, content = found.generation if found else 0, _Tally()
        with (
            open_day(self._dsn, part) as rows,
            self.store.write(
                part.name, generation=generation, metadata={}, content_type=part.format.content_type
            ) as upload,
        ):
            for piece, progress in _encoded(rows, part, content):
                upload.write(piece)
                if progress:
                    yield progress
            upload.metadata.update(_metadata(part, rows))
        self.ledger.record(part, self._entry(part, rows, content, upload.stored))
        yield Outcome(End.REPLACED if found else End.EXPORTED, rows.rows, upload.stored.bytes)

    def _compare(self, part: Part, found: StoredObject) -> Iterator[Progress | Outcome]:
        """The object is there and nothing vouches for it: make its bytes without storing them, and compare."""
        made, content = _Tally(), _Tally()
        with open_day(self._dsn, part) as rows:
            for piece, progress in _encoded(rows, part, content):
                made.add(piece)
                if progress:
                    yield progress
        if (made.crc32c, made.bytes) != (found.crc32c, found.bytes):
            yield from self._upload(part, found)
            return
        self.ledger.record(part, self._entry(part, rows, content, found))
        yield Outcome(End.ENTERED, rows.rows, found.bytes)

    def _entry(self, part: Part, rows: DayRows, content: _Tally, stored: StoredObject) -> Entry:
        return Entry(
            name=part.name,
            location=self.store.location,
            generation=stored.generation,
            bytes=stored.bytes,
            crc32c=stored.crc32c,
            content_crc32c=content.crc32c,
            rows=rows.rows,
            first_us=rows.first_us,
            last_us=rows.last_us,
            mark=rows.mark,
            schema_hash=part.schema_hash,
            version=__version__,
            exported_us=time.time_ns() // 1000,
            start_us=part.day.start_us,
            end_us=part.day.end_us,
        )

    def _verify_rows(self, part: Part, entry: Entry) -> Iterator[Progress | Outcome]:
        content = _Tally()
        with open_day(self._dsn, part) as rows:
            for block, progress in _watched(rows, part):
                content.add(block)
                if progress:
                    yield progress
        if content.crc32c == entry.content_crc32c:
            yield Outcome(End.VERIFIED, entry.rows, entry.bytes)
            return
        differs = f"{rows.rows} rows there, {entry.rows} exported" if rows.rows != entry.rows else "other values"
        # It may have changed while it was read.
        if self.ledger.look(part)[1]:
            differs = "the day has changed since it was exported: export it again"
        yield Outcome(End.FAILED, problem=f"the database holds something else: {differs}")


class _Tally:
    """Bytes that went by."""

    def __init__(self) -> None:
        self.bytes = 0
        self.crc32c = 0

    def add(self, block: bytes) -> None:
        """Count a block."""
        self.bytes += len(block)
        self.crc32c = crc32c(block, self.crc32c)

    def __str__(self) -> str:
        return f"{self.bytes} bytes with CRC32C {self.crc32c:08x}"


def _watched(rows: DayRows, part: Part) -> Iterator[tuple[bytes, Progress | None]]:
    """Header and blocks, now and then with how far it is: rows come in the order of time."""
    yield rows.header, None
    next_s = time.monotonic()
    for block in rows:
        progress = None
        if time.monotonic() >= next_s and rows.last_us is not None:
            next_s = time.monotonic() + PROGRESS_S
            share = (rows.last_us - part.day.start_us) / (part.day.end_us - part.day.start_us)
            progress = Progress(rows.rows, share)
        yield block, progress


def _encoded(rows: DayRows, part: Part, content: _Tally) -> Iterator[tuple[bytes, Progress | None]]:
    """The object's bytes; the canonical CSV that they are made of is counted in `content`."""
    encoder = part.format.encoder(part.columns, part.day)
    for block, progress in _watched(rows, part):
        content.add(block)
        yield encoder.feed(block), progress
    yield encoder.finish(), None


def _metadata(part: Part, rows: DayRows) -> Mapping[str, str]:
    """What an object says about itself."""
    times = {"first_time": rows.first_us, "last_time": rows.last_us}
    return {
        "rows": str(rows.rows),
        **{name: part.day.clock(time_us, "%Y-%m-%dT%H:%M:%S%z") for name, time_us in times.items() if time_us},
        "schema_hash": part.schema_hash,
        "version": __version__,
    }


def _missing(entry: Entry | None, found: StoredObject | None) -> str:
    """Why there is nothing to be verified."""
    if entry is None:
        return "was never exported" + ("; there is an object, and nothing vouches for it" if found else "")
    if found is None:
        return "the object is not in the store any more"
    if found.generation != entry.generation:
        return f"somebody else has replaced the object: generation {found.generation} instead of {entry.generation}"
    return ""


def _held(found: StoredObject | None, changed: bool | None) -> str:
    """Why an object is left as it is although the database has dropped rows of its day."""
    if found is None:
        what = "the object is not in the store any more"
    elif changed:
        what = "samples of that day have come since; the object stays as it is, they stay in the database"
    else:
        what = "the object is not the one that was exported; it is left alone"
    return f"rows of that day were dropped from the database after its export (export.drop_after): {what}"
