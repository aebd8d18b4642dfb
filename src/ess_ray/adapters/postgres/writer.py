"""Write flushes to PostgreSQL, with or without TimescaleDB: one transaction a flush, every sample at most once.

`sample` goes first: its primary key (site, device, time) is what lets a tick commit once only, whoever sends it and
however often, so that the data tables need no unique index. That also makes it safe to send a flush again whose commit
was not answered.

A row that the database refuses for good (`adapters.postgres.connect` says by which SQLSTATEs) is found by halving, in a
transaction that is rolled back, and kept in `rejected`; its sample becomes partial or failed, and the rest is stored.

Errors: `DatabaseUnavailable` (send the same flush again later), `DatabaseRefused` (nothing of the flush was stored, and
no row of it is at fault). A server that stays silent is given up after `ANSWER_LIMIT_S`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TypeVar

import psycopg
from psycopg import sql

from ess_ray.adapters.postgres import rejected
from ess_ray.adapters.postgres.connect import Connection, concerns_row, connect, translated, utc, words
from ess_ray.core.samples import Event, Status
from ess_ray.core.storing.flush import Committed, Cost, Flush, Key, Keys, TableRows, count_rows, touched, without
from ess_ray.core.storing.rejects import Piece, Rejection, pieces_of, row_json, sift, without_rows

# PostgreSQL manual, COPY, "Binary Format": signature, flags, length of the header extension; trailer.
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
ANSWER_LIMIT_S = 25.0
SMALL = 1 << 16  # bytes that are cheaper to copy than to send in pieces
# What every transaction begins with, in one round trip. The settings are local to it: that also holds behind a
# connection pooler. A commit must be on disk when it is answered; a transaction whose writer vanished must not keep its
# keys from the next writer for long; a lock is given up with a message that names it before the whole connection is.
# The lock comes before the question whether an export has read as far: an export that has announced itself waits for
# the transactions that have the lock, all later ones know of it (docs/decisions/003). Whatever the server's default, a
# statement has to see what was committed before it.
BEGIN = """
SET LOCAL transaction_isolation = 'read committed';
LOCK TABLE late_commit IN ROW EXCLUSIVE MODE;
SELECT set_config('synchronous_commit', 'on', true), set_config('statement_timeout', '60s', true),
       set_config('idle_in_transaction_session_timeout', '30s', true), set_config('lock_timeout', {lock}, true),
       set_config('client_connection_check_interval', '2s', true), set_config('ess_ray.collector', {collector}, true),
       EXISTS (SELECT FROM export_until WHERE until > """
LATE = """
INSERT INTO late_commit (site, tables, first, last)
SELECT site, %s::text[], first, last
FROM unnest(%s::text[], %s::timestamptz[], %s::timestamptz[]) AS written(site, first, last)
JOIN export_until USING (site) WHERE first < until"""
# The bounds on the time let TimescaleDB look into the chunks concerned only.
KNOWN = """
SELECT k.place - 1, s.collector
FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) WITH ORDINALITY AS k(site, device, time, place)
JOIN sample s ON s.site = k.site AND s.device = k.device AND s.time = k.time
WHERE s.time BETWEEN %s AND %s"""
EVENTS = """
INSERT INTO event (time, site, device, kind, until, detail)
SELECT * FROM unnest(%s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::text[])
ON CONFLICT DO NOTHING"""
TYPES = """
SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"""

Answer = TypeVar("Answer")


@dataclass(slots=True)
class _Attempt:
    """What is left to commit of a flush, and what was learned about the rest."""

    flush: Flush
    others: set[str] = field(default_factory=set)
    rejections: list[Rejection] = field(default_factory=list)
    demoted: dict[Key, Status] = field(default_factory=dict)
    copy_s: float = 0.0
    known: int = 0  # transactions rolled back
    refused: int = 0

    def drop_known(self, collectors: Mapping[Key, str | None]) -> bool:
        """Leave out what the database has, and repeats; False if that changes nothing."""
        before = len(self.flush.keys)
        self.flush = without(self.flush, collectors)
        self.others |= {name for name in collectors.values() if name}
        self.rejections = [one for one in self.rejections if one.key not in collectors]
        self.demoted = {key: status for key, status in self.demoted.items() if key not in collectors}
        return len(self.flush.keys) < before


class FlushWriter:
    """A connection to one database, opened when first needed and again after it was lost.

    `rejected_dir` gets the rows that not even the table `rejected` takes. `collector` is the name that the samples
    carry, the same after a restart.
    """

    def __init__(
        self,
        dsn: str,
        rejected_dir: Path | None = None,
        collector: str = "",
        answer_limit_s: float = ANSWER_LIMIT_S,
    ) -> None:
        self._dsn = dsn
        self._collector = collector
        self._rejected_dir = rejected_dir
        self._answer_limit_s = answer_limit_s
        self._connection: Connection | None = None
        self._begin_words = ""

    def write(self, flush: Flush) -> Committed:
        """Commit `flush`, all of it, less the samples that are there already: those are `known` in the answer."""
        return self._translated(f"writing {len(flush.keys)} samples", lambda: self._write(flush))

    def write_events(self, events: Sequence[Event]) -> None:
        """Commit events, less those that are there already."""
        if events:
            self._translated(f"writing {len(events)} events", lambda: self._write_events(events))

    def close(self) -> None:
        """Close the connection; the next write opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _translated(self, doing: str, work: Callable[[], Answer]) -> Answer:
        try:
            with translated(doing):
                return work()
        except BaseException:
            self.close()
            raise

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = connect(self._dsn, self._answer_limit_s)
            words = sql.SQL(BEGIN).format(lock=f"{self._answer_limit_s * 800:.0f}ms", collector=self._collector)
            self._begin_words = words.as_string(self._connection)
        return self._connection

    def _begin(self, cursor: psycopg.Cursor, tables: Sequence[str], keys: Keys) -> None:
        """What holds for a transaction that writes rows of `keys` into `tables`; a late one notes what it touches."""
        oldest = utc(int(keys.ticks_us.min()))
        cursor.execute(f"{self._begin_words}'{oldest.isoformat()}')".encode())
        while cursor.nextset():  # the last of its answers
            pass
        row = cursor.fetchone()
        if row is not None and row[-1]:
            sites, first_us, last_us = zip(*touched(keys), strict=True)
            cursor.execute(LATE, [list(tables), list(sites), [*map(utc, first_us)], [*map(utc, last_us)]])

    def _write(self, flush: Flush) -> Committed:
        left, begun_s = _Attempt(flush), time.perf_counter()
        while left.flush.keys and not self._stored(left):
            left.known += 1
            if not left.drop_known(self._known(left.flush)):
                raise psycopg.InternalError("a key of `sample` is taken that nobody can see")
        # A key that the flush holds twice counts as known once: one of the two was dropped.
        known = () if left.flush is flush else (Counter(flush.keys) - Counter(left.flush.keys)).elements()
        return Committed(
            tuple(known),
            count_rows(left.flush),
            committed_us=time.time_ns() // 1000,
            others=tuple(sorted(left.others - {self._collector})),
            rejected=Counter(one.table for one in left.rejections),
            demoted=left.demoted,
            cost=Cost(
                normalised_rows=sum(sum(table.rows) for table in flush.tables),
                normalise_s=flush.made_s,
                copy_s=left.copy_s,
                write_s=time.perf_counter() - begun_s,
                known=left.known,
                refused=left.refused,
            ),
        )

    def _stored(self, left: _Attempt) -> bool:
        """Commit what is left, less the rows that are refused; False if a sample is known."""
        while True:
            try:
                return self._commit(left)
            except psycopg.Error as error:
                if not concerns_row(error) or not self._reject(left):
                    raise
                left.refused += 1

    def _commit(self, left: _Attempt) -> bool:
        """One transaction; False if it was rolled back because a sample is known."""
        connection = self._connected()
        with connection.transaction(), connection.cursor() as cursor:
            self._begin(cursor, _tables(left.flush), left.flush.keys)
            begun_s = time.perf_counter()
            try:
                _copy(cursor, left.flush.samples)
            except psycopg.errors.UniqueViolation:
                raise psycopg.Rollback from None
            for table in left.flush.tables:
                _copy(cursor, table)
            left.copy_s += time.perf_counter() - begun_s
            if left.rejections:
                rejected.keep(connection, left.rejections, self._rejected_dir)
            return True
        return False

    def _known(self, flush: Flush) -> dict[Key, str | None]:
        """The samples that the database has, and which collector wrote them."""
        sites = [device.site for device, _ in flush.keys]
        devices = [device.device for device, _ in flush.keys]
        times = [utc(tick_us) for _, tick_us in flush.keys]
        connection = self._connected()
        with connection.transaction():
            rows = connection.execute(KNOWN, [sites, devices, times, min(times), max(times)]).fetchall()
        return {flush.keys[place]: collector for place, collector in rows}

    def _reject(self, left: _Attempt) -> bool:
        """Take the rows out of what is left that the database refuses; False if it refuses none alone."""
        found: dict[str, list[Piece]] = {}
        connection = self._connected()
        with connection.transaction(force_rollback=True), connection.cursor() as cursor:
            self._begin(cursor, _tables(left.flush), left.flush.keys)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or some would speak up at the commit only
            try:
                _copy(cursor, left.flush.samples)
            except psycopg.errors.UniqueViolation:
                return True  # another writer was faster: the next commit finds that out too
            for table in left.flush.tables:
                refused = sift(pieces_of(table), _attempt(cursor, table))
                types = _types(cursor, table) if refused else {}
                found[table.table] = [piece for piece, _ in refused]
                for piece, error in refused:
                    data, key = row_json(piece.data, table.columns, types), left.flush.keys[piece.sample]
                    left.rejections.append(Rejection(key, table.table, data, error.sqlstate or "", words(error)))
        left.flush, demoted = without_rows(left.flush, found)
        left.demoted |= demoted
        return bool(demoted)

    def _write_events(self, events: Sequence[Event]) -> None:
        connection = self._connected()
        rows = [
            (utc(e.time_us), e.device.site, e.device.device, e.kind, _utc_or_none(e.until_us), e.detail) for e in events
        ]
        with connection.transaction(), connection.cursor() as cursor:
            self._begin(cursor, ["event"], Keys.of((event.device, event.time_us) for event in events))
            cursor.execute(EVENTS, [list(column) for column in zip(*rows, strict=True)])


def _tables(flush: Flush) -> list[str]:
    return [table.table for table in (flush.samples, *flush.tables) if table.data]


def _utc_or_none(time_us: int | None) -> object:
    return None if time_us is None else utc(time_us)


def _attempt(cursor: psycopg.Cursor, table: TableRows) -> Callable[[bytes], psycopg.Error | None]:
    """How `sift` tries rows of `table`: stored, or the error about a row. Other errors end the search."""

    def attempt(data: bytes) -> psycopg.Error | None:
        try:
            with cursor.connection.transaction():
                _copy(cursor, replace(table, data=data))
        except psycopg.Error as error:
            if not concerns_row(error):
                raise
            return error
        return None

    return attempt


def _types(cursor: psycopg.Cursor, table: TableRows) -> dict[str, str]:
    name = sql.Identifier(table.table).as_string(cursor)
    return dict(cursor.execute(TYPES, [name]).fetchall())


def _copy(cursor: psycopg.Cursor, rows: TableRows) -> None:
    if not rows.data:
        return
    with cursor.copy(_copy_words(rows.table, rows.columns)) as copy:
        if len(rows.data) < SMALL:
            copy.write(HEADER + rows.data + TRAILER)
            return
        copy.write(HEADER)
        copy.write(rows.data)
        copy.write(TRAILER)


@cache
def _copy_words(table: str, columns: tuple[str, ...]) -> bytes:
    """Composing them takes longer than copying a few rows."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(sql.Identifier(table), names)
    return statement.as_bytes()
