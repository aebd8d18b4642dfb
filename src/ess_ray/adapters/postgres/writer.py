"""Write flushes to PostgreSQL, with or without TimescaleDB: one transaction a flush, every sample at most once.

`sample` goes first: its primary key (site, device, time) is what lets a tick commit once only, whoever sends it and
however often, so that the data tables need no unique index. That also makes it safe to send a flush again whose commit
was not answered.

A row that the database refuses for good (`adapters.postgres.connect` says by which SQLSTATEs) is found by halving, in a
transaction that is rolled back, and kept in `rejected`; its sample becomes partial or failed, and all else is stored.

A flush on its way::

    to commit ──COMMIT──▶ committed
      ▲  ▲ └──a key of `sample` exists (23505): rolled back──▶ which ones? those are dropped as duplicates ──┐
      │  └────────────────────────────────────────────────────────────────────────────────────────────────────┘
      └──a row is refused: rolled back; found by halving, taken out, to be kept in `rejected`

Every other error is raised, after the connection was closed: the next write begins with a new one.

Errors: `DatabaseUnavailable` (send the same flush again later), `DatabaseRefused` (nothing of the flush was stored, and
no row of it is at fault). A server that stays silent is given up after `FLUSH_LIMIT_S`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import psycopg
from psycopg import sql

from ess_ray.adapters.postgres import rejected
from ess_ray.adapters.postgres.connect import DatabaseConnection, concerns_row, connect, server_message, translated, utc
from ess_ray.adapters.postgres.copy_rows import column_types, copy_rows
from ess_ray.core.samples import Event, Status
from ess_ray.core.storing.flush import Committed, Cost, Flush, Key, Keys, TableRows, count_rows, touched_spans, without
from ess_ray.core.storing.rejects import Piece, Rejection, pieces_of, row_json, sift, without_rows

FLUSH_LIMIT_S = 25.0  # of the server's silence; well below the driver's limit for a write (`cluster.liveness`)
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
       (SELECT id FROM database_identity), EXISTS (SELECT FROM export_until WHERE until > """
LATE_COMMIT = """
INSERT INTO late_commit (site, tables, first, last)
SELECT site, %s::text[], first, last
FROM unnest(%s::text[], %s::timestamptz[], %s::timestamptz[]) AS written(site, first, last)
JOIN export_until USING (site) WHERE first < until"""
# The bounds on the time let TimescaleDB look into the chunks concerned only.
DUPLICATES = """
SELECT k.ordinality - 1, s.collector
FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) WITH ORDINALITY AS k(site, device, time, ordinality)
JOIN sample s ON s.site = k.site AND s.device = k.device AND s.time = k.time
WHERE s.time BETWEEN %s AND %s"""
EVENTS = """
INSERT INTO event (time, site, device, kind, until, detail)
SELECT * FROM unnest(%s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::text[])
ON CONFLICT DO NOTHING"""

Result = TypeVar("Result")


@dataclass(slots=True)
class _Attempt:
    """A flush on its way: what of it is still to be committed, and what happened to the samples taken out of it.

    Invariant: `rejections` and `demoted` are of samples that are still in `flush`, so that they are written with them.
    """

    flush: Flush
    other_collectors: set[str] = field(default_factory=set)  # that wrote the duplicates
    rejections: list[Rejection] = field(default_factory=list)
    demoted: dict[Key, Status] = field(default_factory=dict)
    copy_s: float = 0.0
    duplicate_rollbacks: int = 0
    refusal_rollbacks: int = 0

    def drop_duplicates(self, collectors: Mapping[Key, str | None]) -> bool:
        """Leave out samples that the database has, and repeats of a key; False if that changes nothing.

        `collectors`: who wrote each of the former.
        """
        before = len(self.flush.keys)
        self.flush = without(self.flush, collectors)
        self.other_collectors |= {name for name in collectors.values() if name}
        self.rejections = [rejection for rejection in self.rejections if rejection.key not in collectors]
        self.demoted = {key: status for key, status in self.demoted.items() if key not in collectors}
        return len(self.flush.keys) < before


class FlushWriter:
    """A connection to one database, opened when first needed and again after it was lost.

    `rejected_dir` gets the rows that not even the table `rejected` takes; None: such a flush is refused. `collector` is
    the name that the samples carry, the same after a restart. `answer_limit_s`: seconds of silence after which the
    server is given up. `identity`: of the database, "" for any; in each transaction that writes it is checked once
    more, since a pooler may lead a connection elsewhere. Not for several threads at once. Every error closes the
    connection.
    """

    def __init__(
        self,
        dsn: str,
        rejected_dir: Path | None = None,
        collector: str = "",
        answer_limit_s: float = FLUSH_LIMIT_S,
        identity: str = "",
    ) -> None:
        self._dsn = dsn
        self._identity = identity
        self._collector = collector
        self._rejected_dir = rejected_dir
        self._answer_limit_s = answer_limit_s
        self._connection: DatabaseConnection | None = None
        self._begin_statement = ""  # of this connection

    def write(self, flush: Flush) -> Committed:
        """Commit `flush`, all of it, less the samples that are there already: the `duplicates` of the result.

        Raises DatabaseUnavailable if the same flush may succeed later, DatabaseRefused if it will not; nothing was
        stored then, unless the answer to a commit was lost.
        """
        return self._translated(f"writing {len(flush.keys)} samples", lambda: self._write(flush))

    def write_events(self, events: Sequence[Event]) -> None:
        """Commit events, less those whose (site, device, time, kind) is there already. Raises as `write` does."""
        if events:
            self._translated(f"writing {len(events)} events", lambda: self._write_events(events))

    def close(self) -> None:
        """Close the connection, if there is one; the next write opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _translated(self, doing: str, work: Callable[[], Result]) -> Result:
        try:
            with translated(doing):
                return work()
        except BaseException:
            self.close()
            raise

    def _connected(self) -> DatabaseConnection:
        if self._connection is None:
            self._connection = connect(self._dsn, self._answer_limit_s, self._identity)
            statement = sql.SQL(BEGIN).format(lock=f"{self._answer_limit_s * 800:.0f}ms", collector=self._collector)
            self._begin_statement = statement.as_string(self._connection)
        return self._connection

    def _begin(self, cursor: psycopg.Cursor, tables: Sequence[str], keys: Keys) -> None:
        """Begin a transaction that writes rows of `keys` into `tables`; a late one notes what it touches."""
        oldest = utc(int(keys.ticks_us.min()))
        cursor.execute(f"{self._begin_statement}'{oldest.isoformat()}')".encode())
        while cursor.nextset():  # the result of the last statement
            pass
        row = cursor.fetchone()
        assert row is not None
        self._connected().check_identity(row[-2])
        if row[-1]:
            sites, first_us, last_us = zip(*touched_spans(keys), strict=True)
            cursor.execute(LATE_COMMIT, [list(tables), list(sites), [*map(utc, first_us)], [*map(utc, last_us)]])

    def _write(self, flush: Flush) -> Committed:
        attempt, begun_s = _Attempt(flush), time.perf_counter()
        while attempt.flush.keys and not self._stored(attempt):
            attempt.duplicate_rollbacks += 1
            if not attempt.drop_duplicates(self._duplicates(attempt.flush)):
                raise psycopg.InternalError(
                    "a key of table sample is taken, but its row cannot be seen: a row security policy, or a unique "
                    "index that ess_ray did not make"
                )
        # A key that the flush holds twice is a duplicate once: one of the two was dropped.
        dropped = Counter(flush.keys) - Counter(attempt.flush.keys) if attempt.flush is not flush else Counter[Key]()
        return Committed(
            tuple(dropped.elements()),
            count_rows(attempt.flush),
            committed_us=time.time_ns() // 1000,
            other_collectors=tuple(sorted(attempt.other_collectors - {self._collector})),
            rejected=Counter(rejection.table for rejection in attempt.rejections),
            demoted=attempt.demoted,
            cost=Cost(
                normalised_rows=sum(sum(table.rows) for table in flush.tables),
                normalise_s=flush.made_s,
                copy_s=attempt.copy_s,
                write_s=time.perf_counter() - begun_s,
                duplicate_rollbacks=attempt.duplicate_rollbacks,
                refusal_rollbacks=attempt.refusal_rollbacks,
            ),
        )

    def _stored(self, attempt: _Attempt) -> bool:
        """Commit the attempt, less the rows that are refused; False if there is a duplicate among its samples."""
        while True:
            try:
                return self._commit(attempt)
            except psycopg.Error as error:
                if not concerns_row(error) or not self._take_out_refused(attempt):
                    raise
                attempt.refusal_rollbacks += 1

    def _commit(self, attempt: _Attempt) -> bool:
        """One transaction; False if it was rolled back because a sample is a duplicate."""
        connection = self._connected()
        with connection.transaction(), connection.cursor() as cursor:
            self._begin(cursor, _tables(attempt.flush), attempt.flush.keys)
            begun_s = time.perf_counter()
            try:
                copy_rows(cursor, attempt.flush.samples)
            except psycopg.errors.UniqueViolation:
                raise psycopg.Rollback from None
            for table in attempt.flush.tables:
                copy_rows(cursor, table)
            attempt.copy_s += time.perf_counter() - begun_s
            if attempt.rejections:
                rejected.keep(connection, attempt.rejections, self._rejected_dir)
            return True
        return False

    def _duplicates(self, flush: Flush) -> dict[Key, str | None]:
        """The samples that the database has, and which collector wrote them."""
        sites = [device.site for device, _ in flush.keys]
        devices = [device.device for device, _ in flush.keys]
        times = [utc(tick_us) for _, tick_us in flush.keys]
        connection = self._connected()
        with connection.transaction():
            rows = connection.execute(DUPLICATES, [sites, devices, times, min(times), max(times)]).fetchall()
        return {flush.keys[index]: collector for index, collector in rows}

    def _take_out_refused(self, attempt: _Attempt) -> bool:
        """Take the rows out of the attempt that the database refuses; False if it refuses none alone."""
        refused_pieces: dict[str, list[Piece]] = {}
        connection = self._connected()
        with connection.transaction(force_rollback=True), connection.cursor() as cursor:
            self._begin(cursor, _tables(attempt.flush), attempt.flush.keys)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or some would speak up at the commit only
            try:
                copy_rows(cursor, attempt.flush.samples)
            except psycopg.errors.UniqueViolation:
                return True  # another writer was faster: the next commit finds that out too
            for table in attempt.flush.tables:
                refused = sift(pieces_of(table), _trial(cursor, table))
                types = column_types(cursor, table.table) if refused else {}
                refused_pieces[table.table] = [piece for piece, _ in refused]
                for piece, error in refused:
                    data, key = row_json(piece.data, table.columns, types), attempt.flush.keys[piece.sample]
                    state, reason = error.sqlstate or "", server_message(error)
                    attempt.rejections.append(Rejection(key, table.table, data, state, reason))
        attempt.flush, demoted = without_rows(attempt.flush, refused_pieces)
        attempt.demoted |= demoted
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


def _utc_or_none(time_us: int | None) -> datetime | None:
    return None if time_us is None else utc(time_us)


def _trial(cursor: psycopg.Cursor, table: TableRows) -> Callable[[bytes], psycopg.Error | None]:
    """The `store` of `sift` for rows of `table`: returns the error about a row; other errors end the search."""

    def store(data: bytes) -> psycopg.Error | None:
        try:
            with cursor.connection.transaction():
                copy_rows(cursor, replace(table, data=data))
        except psycopg.Error as error:
            if not concerns_row(error):
                raise
            return error
        return None

    return store
