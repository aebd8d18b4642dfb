"""Write flushes to PostgreSQL, with or without TimescaleDB: one transaction a flush, every sample at most once.

`sample` goes first: its primary key (site, device, time) is what lets a tick commit once only, whoever sends it and
however often, so that the data tables need no unique index. That also makes it safe to send a flush again whose commit
was not answered.

Errors: `DatabaseUnavailable` (send the same flush again later), `DatabaseRefused` (nothing of the flush was stored).
"""

from __future__ import annotations

import time
from collections import Counter

import psycopg
from psycopg import sql

from ess_ray.adapters.database import connect, translated, utc
from ess_ray.core.flush import Committed, Flush, Key, TableRows, count_rows, without

# PostgreSQL manual, COPY, "Binary Format": signature, flags, length of the header extension; trailer.
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
# Local to the transaction: that also holds behind a connection pooler. A commit must be on disk when it is answered;
# a transaction whose writer vanished must not keep its keys from the next writer for long.
LIMITS = """SET LOCAL synchronous_commit = on;
SET LOCAL statement_timeout = '60s';
SET LOCAL idle_in_transaction_session_timeout = '60s'"""
# The bounds on the time let TimescaleDB look into the chunks concerned only.
KNOWN = """
SELECT k.place - 1
FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) WITH ORDINALITY AS k(site, device, time, place)
JOIN sample s ON s.site = k.site AND s.device = k.device AND s.time = k.time
WHERE s.time BETWEEN %s AND %s"""


class FlushWriter:
    """A connection to one database, opened when first needed and again after it was lost."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection | None = None

    def write(self, flush: Flush) -> Committed:
        """Commit `flush`, all of it, less the samples that are there already: those are `known` in the answer."""
        rest = flush
        try:
            with translated(f"writing {len(flush.keys)} samples"):
                while rest.keys and not self._commit(rest):
                    fewer = without(rest, self._known(rest))
                    if len(fewer.keys) == len(rest.keys):
                        raise psycopg.errors.UniqueViolation("a key of `sample` is taken that nobody can see")
                    rest = fewer
        except BaseException:
            self.close()
            raise
        # A key that the flush holds twice counts as known once: one of the two was dropped.
        known = (Counter(flush.keys) - Counter(rest.keys)).elements() if rest is not flush else ()
        return Committed(tuple(known), count_rows(rest), committed_us=time.time_ns() // 1000)

    def close(self) -> None:
        """Close the connection; the next write opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> psycopg.Connection:
        if self._connection is None:
            self._connection = connect(self._dsn)
        return self._connection

    def _commit(self, flush: Flush) -> bool:
        """One transaction; False if it was rolled back because a sample is known."""
        connection = self._connected()
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(LIMITS)
            try:
                _copy(cursor, flush.samples)
            except psycopg.errors.UniqueViolation:
                raise psycopg.Rollback from None
            for table in flush.tables:
                _copy(cursor, table)
            return True
        return False

    def _known(self, flush: Flush) -> set[Key]:
        sites = [device.site for device, _ in flush.keys]
        devices = [device.device for device, _ in flush.keys]
        times = [utc(tick_us) for _, tick_us in flush.keys]
        connection = self._connected()
        with connection.transaction():
            rows = connection.execute(KNOWN, [sites, devices, times, min(times), max(times)]).fetchall()
        return {flush.keys[place] for (place,) in rows}


def _copy(cursor: psycopg.Cursor[tuple[object, ...]], rows: TableRows) -> None:
    if not rows.data:
        return
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(rows.table), sql.SQL(", ").join(map(sql.Identifier, rows.columns))
    )
    with cursor.copy(statement) as copy:
        copy.write(HEADER)
        copy.write(rows.data)
        copy.write(TRAILER)
