"""`export.drop_after`: drop chunks of which every site-day is in the store. The only way that anything is deleted.

A chunk is dropped when, in every format that is exported, entries of the ledger cover all its rows, none of these days
changed since, and the store has each object as the ledger has it. That is checked first without a lock, then, except
for the store, once more while no writer can commit; the drop and the flag `dropped` of the entries are one commit. Late
rows that arrive afterwards stay in the database, and their day is never exported again: its object has more.

Errors: `DatabaseUnavailable`, `DatabaseRefused`, `ConfigError` (plain tables have no chunks to drop).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import psycopg
from psycopg import sql

from ess_ray.adapters.postgres.connect import DatabaseConnection, utc
from ess_ray.adapters.postgres.ledger import CheckedEntry, Ledger
from ess_ray.core.day import microseconds
from ess_ray.core.errors import ConfigError
from ess_ray.core.exporting.objects import Action, LedgerEntry, ObjectKey, decide
from ess_ray.core.exporting.store import StoredObject
from ess_ray.core.maps import fixed_columns

CHUNKS = """
SELECT hypertable_name::text, chunk_schema::text, chunk_name::text, range_start, range_end
FROM timescaledb_information.chunks
WHERE hypertable_name = ANY (%s) AND range_end <= %s
  AND format('%%I.%%I', hypertable_schema, hypertable_name)::regclass = to_regclass(hypertable_name)
ORDER BY range_end, hypertable_name"""
ROWS = "SELECT site, min(time), max(time) FROM {} GROUP BY site ORDER BY site"
# Writers wait meanwhile, and so does everybody behind us: not for long.
LIMITS = "SELECT set_config('lock_timeout', '2s', true), set_config('statement_timeout', '20s', true)"
DROP = "SELECT drop_chunks(to_regclass(%s), older_than => %s::timestamptz, newer_than => %s::timestamptz)"
DROPPED = """
UPDATE export_object SET dropped = true
WHERE site = ANY (%s) AND table_name = %s AND starts < %s AND ends > %s"""
# TimescaleDB's own jobs may hold a chunk and want what we have.
IN_USE = (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled, psycopg.errors.DeadlockDetected)

ChunkRows = dict[str, tuple[datetime, datetime]]  # by site: the first and the last time in a chunk
Entries = dict[tuple[str, str, date, str], LedgerEntry]  # by site, table, day and format
Stat = Callable[[str], StoredObject | None]  # `Store.stat`


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of the hypertable `table`: its rows of [start, end), kept in the table `schema`.`name`."""

    table: str
    schema: str
    name: str
    start: datetime
    end: datetime

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True, slots=True)
class ChunkOutcome:
    """A chunk that was dropped, or that was kept."""

    table: str
    limits: str  # of the chunk's time, for people
    kept_because: str = ""  # empty if it was dropped


class _KeptError(Exception):
    """A chunk stays, and this is the reason, for people."""


def drop_verified(ledger: Ledger, stat: Stat, before_us: int) -> list[ChunkOutcome]:
    """Drop the chunks that end at or before `before_us` and are in the store, oldest first: for good, one by one.

    `before_us`: microseconds since 1970 UTC. `stat`: `Store.stat` of the ledger's store. An outcome for each of these
    chunks, dropped or kept; [] if there are none. A chunk that others use is kept; while one is dropped no writer can
    commit, for as long as statements of 20 s at most. Raises ConfigError if the database has no TimescaleDB, and the
    errors of ledger and store, after which the chunks before are gone.
    """
    outcomes = []
    for chunk in _chunks(ledger, before_us):
        try:
            _drop(ledger, chunk, stat)
            outcomes.append(ChunkOutcome(chunk.table, str(chunk)))
        except _KeptError as reason:
            outcomes.append(ChunkOutcome(chunk.table, str(chunk), str(reason)))
    return outcomes


def _chunks(ledger: Ledger, before_us: int) -> list[Chunk]:
    tables = [*ledger.catalogue.standard.tables, *fixed_columns.FIXED_TABLES]
    with ledger.connected("looking for chunks to drop") as connection:
        if not connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").fetchone():
            raise ConfigError(
                "export.drop_after", "needs TimescaleDB: plain tables have no chunks that could be dropped"
            )
        return [Chunk(*row) for row in connection.execute(CHUNKS, [tables, utc(before_us)]).fetchall()]


def _drop(ledger: Ledger, chunk: Chunk, stat: Stat) -> None:
    with ledger.connected(f"looking into chunk {chunk} of {chunk.table}") as connection:
        _, entries = _covered(ledger, connection, chunk)
    for (site, _, day, _), entry in entries.items():
        if decide(entry, stat(entry.name), changed=False) is not Action.SKIP:
            raise _KeptError(f"{entry.name} is not in the store as the ledger has it ({site} {day}): export it again")
    with ledger.connected(f"dropping chunk {chunk} of {chunk.table}") as connection:
        connection.execute(LIMITS)
        try:
            connection.execute("LOCK TABLE late_commit IN SHARE MODE")
            rows, entries_now = _covered(ledger, connection, chunk)
            if entries_now != entries:
                raise _KeptError("new rows arrived, or it was exported, while it was checked: the next run tries again")
            connection.execute(DROP, [chunk.table, chunk.end, chunk.start])
        except IN_USE as error:
            raise _KeptError("another query is using it: the next run tries again") from error
        connection.execute(DROPPED, [list(rows), chunk.table, chunk.end, chunk.start])


def _covered(ledger: Ledger, connection: DatabaseConnection, chunk: Chunk) -> tuple[ChunkRows, Entries]:
    """The times that a chunk holds, and the entries that cover all of them; raises `_KeptError` if they do not."""
    per_site = connection.execute(sql.SQL(ROWS).format(sql.Identifier(chunk.schema, chunk.name)))
    rows = {site: (first, last) for site, first, last in per_site}
    entries: Entries = {}
    for site, (first, last) in rows.items():
        checked = ledger.entries(connection, site, chunk.table)
        for name in [each.name for each in ledger.catalogue.formats]:
            of_format = {key: entry for key, entry in checked.items() if key[2] == name}
            for (table, day, _), entry in _cover(site, of_format, microseconds(first), microseconds(last)).items():
                entries[site, table, day, name] = entry
    return rows, entries


def _cover(
    site: str, checked: dict[ObjectKey, CheckedEntry], first_us: int, last_us: int
) -> dict[ObjectKey, LedgerEntry]:
    """The entries from the first time to the last, one after the other without a gap."""
    entries, reached_us = {}, first_us
    for key, (entry, changed) in sorted(checked.items()):
        if entry.start_us <= reached_us < entry.end_us:
            if changed is not False:
                raise _KeptError(f"{site} {key[1]} has changed since its export")
            entries[key] = entry
            reached_us = entry.end_us
            if reached_us > last_us:
                return entries
    raise _KeptError(f"{site} is not exported from {utc(reached_us):%Y-%m-%d %H:%M} UTC on")
