"""Write flushes to PostgreSQL, with or without TimescaleDB: one transaction or few, every sample at most once.

`sample` goes first: its primary key (site, device, time) is what lets a tick commit once only, whoever sends it and
however often, so that the data tables need no unique index. That also makes it safe to send a flush again whose commit
was not answered.

A row that the database refuses for good (`adapters.postgres.connect` says by which SQLSTATEs) is kept in `rejected`;
its sample becomes partial or failed, and all else is stored. The flush is halved until a part is small, and each part
is committed on its own, so that what has been found out stays, however many rows are refused: after WORK_S the call
ends, if a part is committed, and says what is left.

A part of a flush on its way::

    to commit ──COMMIT──▶ committed
      ▲  ▲ └──a key of `sample` exists (23505): rolled back──▶ which ones? those are dropped as duplicates ──┐
      │  └────────────────────────────────────────────────────────────────────────────────────────────────────┘
      └──a row is refused: rolled back; halved if it is big, else the row is found, to be kept in `rejected`

Every other error is raised, after the connection was closed: the next write begins with a new one.

Errors: `DatabaseUnavailable` (send the same flush again later), `DatabaseRefused` (no row is at fault). A server that
stays silent is given up after `FLUSH_LIMIT_S`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import psycopg
from psycopg import sql

from ess_ray.adapters.postgres import rejected
from ess_ray.adapters.postgres.connect import DatabaseConnection, concerns_row, connect, translated, utc
from ess_ray.adapters.postgres.copy_rows import copy_rows, insert_events
from ess_ray.adapters.postgres.refused_rows import TRIAL_ROWS, find_refused, rejections
from ess_ray.core.samples import Event
from ess_ray.core.storing.attempt import Attempt, committed_at_once, summed_up
from ess_ray.core.storing.flush import (
    Committed,
    Flush,
    Key,
    Keys,
    TableRows,
    halves,
    joined_rows,
    touched_spans,
    without,
)
from ess_ray.core.storing.rejects import without_rows

FLUSH_LIMIT_S = 25.0  # of the server's silence; well below the driver's limit for a write (`cluster.liveness`)
WORK_S = 10.0  # of a flush with refused rows; other flushes wait meanwhile, and the driver's limit is far
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

Result = TypeVar("Result")


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
        self._committed_before: set[Key] = set()  # samples of flushes of which some were left

    def write(self, flush: Flush) -> Committed:
        """Commit `flush`, less the samples that are there already: the `duplicates` of the result.

        If many rows are refused, only a part is committed: `left` of the result names the samples of the other part,
        and the same flush is to be written again. Raises DatabaseUnavailable if the same flush may succeed later,
        DatabaseRefused if it will not; nothing was stored then, unless the answer to a commit was lost.
        """
        return self._translated(f"writing {len(flush.keys)} samples", lambda: self._write(flush))

    def write_together(self, flushes: Sequence[Flush]) -> list[Committed]:
        """Commit flushes, in one transaction if no row is in the way, else one after the other; a result for each.

        As of `write`. Those for which no time is left are left whole. When it raises, some may be stored.
        """
        return self._translated(f"writing {len(flushes)} flushes", lambda: self._write_together(flushes))

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
            self._collector = self._connection.storable(self._collector)
            statement = sql.SQL(BEGIN).format(lock=f"{self._answer_limit_s * 800:.0f}ms", collector=self._collector)
            self._begin_statement = statement.as_string(self._connection)
        return self._connection

    def _begin(self, cursor: psycopg.Cursor, *writes: tuple[Sequence[str], Keys]) -> None:
        """Begin a transaction that writes rows of these keys into these tables; a late one notes what it touches."""
        oldest = utc(min(int(keys.ticks_us.min()) for _, keys in writes))
        cursor.execute(f"{self._begin_statement}'{oldest.isoformat()}')".encode())
        while cursor.nextset():  # the result of the last statement
            pass
        row = cursor.fetchone()
        assert row is not None
        self._connected().check_identity(row[-2])
        for tables, keys in writes if row[-1] else ():
            sites, first_us, last_us = zip(*touched_spans(keys), strict=True)
            cursor.execute(LATE_COMMIT, [list(tables), list(sites), [*map(utc, first_us)], [*map(utc, last_us)]])

    def _write(self, flush: Flush) -> Committed:
        begun_s, attempts = time.perf_counter(), list[Attempt]()
        before = self._committed_before & set(flush.keys) if self._committed_before else set()
        parts = [without(flush, before) if before else flush]  # those to be written first stand last
        while parts and not (_committed(attempts) and time.perf_counter() - begun_s > WORK_S):
            attempt = Attempt(parts.pop())
            try:
                attempt.committed = self._stored(attempt)
            except psycopg.Error:
                if not _committed(attempts):
                    raise
                self.close()
                parts.append(attempt.flush)  # whoever writes it again gets the error
                break
            attempts.append(attempt)
            if not attempt.committed:
                parts += reversed(halves(attempt.flush))
        left = [key for part in parts for key in part.keys]
        self._committed_before -= before
        if left:
            self._committed_before |= set(flush.keys) - set(left)
        write_s = time.perf_counter() - begun_s
        return summed_up(flush, attempts, self._collector, before, left, time.time_ns() // 1000, write_s)

    def _write_together(self, flushes: Sequence[Flush]) -> list[Committed]:
        begun_s = time.perf_counter()
        results = self._at_once(flushes) if len(flushes) > 1 and not self._committed_before else []
        for flush in flushes[len(results) :]:
            late = results and time.perf_counter() - begun_s > WORK_S
            results.append(Committed((), {}, 0, left=tuple(flush.keys)) if late else self._write(flush))
        return results

    def _at_once(self, flushes: Sequence[Flush]) -> list[Committed]:
        """All flushes in one transaction; empty if it was rolled back since a row is a duplicate, or refused."""
        begun_s, connection = time.perf_counter(), self._connected()
        try:
            with connection.transaction(), connection.cursor() as cursor:
                self._begin(cursor, *((_tables(flush), flush.keys) for flush in flushes))
                copied_s = time.perf_counter()
                for rows in joined_rows(flushes):
                    copy_rows(cursor, rows)
                copy_s = time.perf_counter() - copied_s
        except psycopg.Error as error:
            if not concerns_row(error):
                raise
            return []
        write_s = time.perf_counter() - begun_s
        return committed_at_once(flushes, self._collector, time.time_ns() // 1000, copy_s, write_s)

    def _stored(self, attempt: Attempt) -> bool:
        """Commit the attempt, less duplicates and refused rows; False if it is to be halved for these."""
        while attempt.flush.keys:
            try:
                if self._commit(attempt):
                    return True
            except psycopg.Error as error:
                if not concerns_row(error):
                    raise
                attempt.refusal_rollbacks += 1
                if len(attempt.flush.keys) > 1 and sum(map(_rows, attempt.flush.tables)) > TRIAL_ROWS:
                    return False
                if not self._take_out_refused(attempt):
                    raise
                continue
            attempt.duplicate_rollbacks += 1
            if not attempt.drop_duplicates(self._duplicates(attempt.flush), self._collector):
                raise psycopg.InternalError(
                    "a key of table sample is taken, but its row cannot be seen: a row security policy, or a unique "
                    "index that ess_ray did not make"
                )
        return True

    def _commit(self, attempt: Attempt) -> bool:
        """One transaction; False if it was rolled back because a sample is a duplicate."""
        connection = self._connected()
        with connection.transaction(), connection.cursor() as cursor:
            refused = ["rejected"] if attempt.rejections else []
            self._begin(cursor, ([*_tables(attempt.flush), *refused], attempt.flush.keys))
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

    def _take_out_refused(self, attempt: Attempt) -> bool:
        """Take the rows out of the attempt that the database refuses; False if it refuses none alone."""
        connection, flush = self._connected(), attempt.flush
        refused = find_refused(connection, flush, lambda cursor: self._begin(cursor, (_tables(flush), flush.keys)))
        if refused is None:
            return True  # another writer was faster: the next commit finds that out too
        with connection.transaction():
            attempt.rejections += rejections(connection, flush, refused)
        pieces = {table: [piece for piece, _ in rows] for table, rows in refused.items()}
        attempt.flush, demoted = without_rows(flush, pieces)
        attempt.demoted |= demoted
        return bool(demoted)

    def _write_events(self, events: Sequence[Event]) -> None:
        connection = self._connected()
        with connection.transaction(), connection.cursor() as cursor:
            self._begin(cursor, (["event"], Keys.of((event.device, event.time_us) for event in events)))
            insert_events(cursor, events)


def _committed(attempts: Sequence[Attempt]) -> bool:
    return any(attempt.committed for attempt in attempts)


def _rows(table: TableRows) -> int:
    return sum(table.rows)


def _tables(flush: Flush) -> list[str]:
    return [table.table for table in (flush.samples, *flush.tables) if table.data]
