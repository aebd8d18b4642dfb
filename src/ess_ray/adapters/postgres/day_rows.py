"""The rows of one table of one site on one day, as the canonical CSV, streamed from one snapshot of the database.

RFC 4180, sorted, the same bytes whichever server gives them: times as 2026-11-22T00:00:00+09:00 in the site's offset
(with a fraction where there is one), arrays as [1,2], booleans as true and false, NULL as an empty field and the empty
text as "". Memory stays bounded whatever the day's size.

Errors: `DatabaseUnavailable` (also: a writer's transaction does not end), `DatabaseRefused` (also: rows of that day
were dropped, see adapters.retention).
"""

from __future__ import annotations

import select
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
from psycopg import generators, sql

from ess_ray.adapters.postgres.connect import EPOCH, Connection, connect, translated, utc
from ess_ray.core.day import offset_intervals
from ess_ray.core.errors import DatabaseRefused, DatabaseUnavailable
from ess_ray.core.exporting.objects import Part, header_line
from ess_ray.core.maps.column_types import Column

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

BLOCK_BYTES = 256 * 1024
SETTLE_LIMIT_S = 180.0  # longer than a writer's transaction may stay silent
LOOK_S = 0.05
ANSWER_LIMIT_S = 1800.0  # of the server's silence: it sorts a day before it sends the first row
ANNOUNCE = """
INSERT INTO export_until AS known (site, until) VALUES (%s, %s)
ON CONFLICT (site) DO UPDATE SET until = excluded.until WHERE known.until < excluded.until"""
WRITERS = """
SELECT virtualtransaction, pid FROM pg_locks
WHERE relation = 'late_commit'::regclass AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND mode = 'RowExclusiveLock' AND granted"""
# Local to the transaction. Sorting a day takes memory or a file; what only compiles or forks for it does not pay.
SETTINGS = """
SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),
       set_config('client_connection_check_interval', '2s', true), set_config('extra_float_digits', '1', true),
       set_config('work_mem', '32MB', true), set_config('jit', 'off', true)"""
MARK = "SELECT (pg_control_system()).system_identifier || '/' || pg_current_snapshot()"
DROPPED = "SELECT place FROM export_object WHERE site = %s AND table_name = %s AND day = %s AND dropped LIMIT 1"
# The sort comes first, over the rows as they are stored; only then they become text, while they are sent.
COPY = """
COPY (SELECT {texts} FROM (
    SELECT {columns} FROM {table} WHERE site = {site} AND time >= {start} AND time < {end} ORDER BY {order}
) AS day) TO STDOUT (FORMAT csv, ENCODING 'UTF8')"""


@contextmanager
def open_day(dsn: str, part: Part, settle_limit_s: float = SETTLE_LIMIT_S) -> Iterator[DayRows]:
    """The day's rows, from one snapshot: of every commit that it does not show, `Ledger.look` knows by its mark.

    Waits, as long as `settle_limit_s`, for transactions of writers that may know nothing of this export.
    """
    with translated(f"reading {part}"):
        connection = connect(dsn, ANSWER_LIMIT_S)
        try:
            _announce(connection, part, settle_limit_s)
            yield DayRows(connection, part)
        finally:
            connection.close()  # in the middle of the rows there is nothing else that ends them


class DayRows:
    """See `open_day`. Iterate once: blocks of whole lines, about 256 KiB each, without the header."""

    def __init__(self, connection: Connection, part: Part) -> None:
        self._connection = connection
        self._part = part
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute(SETTINGS)
        row = connection.execute(MARK).fetchone()
        assert row is not None
        # Asked in the same snapshot: a drop that is going on is seen whole or not at all.
        if gone := connection.execute(DROPPED, [part.site, part.table, part.day.date]).fetchone():
            raise DatabaseRefused(f"reading {part}: rows were dropped after the export to {gone[0]}, which is complete")
        self.mark: str = row[0]  # of the snapshot
        self.header = header_line(part.columns)
        self.rows = 0  # so far
        self.first_us: int | None = None  # of the rows so far
        self.last_us: int | None = None

    def __iter__(self) -> Iterator[bytes]:
        for start_us, end_us, offset_s in offset_intervals(self._part.day):
            # Ours, and not the server's time zone rules: those are as old as the server.
            self._connection.execute("SELECT set_config('TimeZone', %s, true)", [_zone(offset_s)])
            for rows in _copied(self._connection, self._statement(start_us, end_us)):
                self.rows += len(rows)
                if self.first_us is None:
                    self.first_us = _time_us(rows[0])
                self.last_us = _time_us(rows[-1])
                rows.append(b"")
                yield b"\r\n".join(rows)

    def _statement(self, start_us: int, end_us: int) -> bytes:
        names = [sql.Identifier(column.name) for column in self._part.columns]
        order = [sql.SQL('{} COLLATE "C"' if name in ("device", "kind") else "{}") for name in self._part.order]
        statement = sql.SQL(COPY).format(
            texts=sql.SQL(", ").join(map(_text, self._part.columns)),
            columns=sql.SQL(", ").join(names),
            table=sql.Identifier(self._part.table),
            site=self._part.site,
            start=utc(start_us),
            end=utc(end_us),
            order=sql.SQL(", ").join(
                one.format(sql.Identifier(name)) for one, name in zip(order, self._part.order, strict=True)
            ),
        )
        return statement.as_bytes(self._connection)


def _announce(connection: Connection, part: Part, settle_limit_s: float) -> None:
    """From here on, late writers say so; wait for the transactions of those who may not know it yet."""
    connection.autocommit = True
    connection.execute(ANNOUNCE, [part.site, utc(part.day.end_us)])
    before = set(connection.execute(WRITERS).fetchall())
    end_s = time.monotonic() + settle_limit_s
    while before and (before := before & set(connection.execute(WRITERS).fetchall())):
        if time.monotonic() > end_s:
            pids = ", ".join(sorted(str(pid) for _, pid in before))
            raise DatabaseUnavailable(
                f"reading {part}: the database's process {pids} has been writing in one transaction for "
                f"{settle_limit_s:g} s; the day is read when that has ended"
            )
        time.sleep(LOOK_S)
    connection.autocommit = False


def _copied(connection: Connection, statement: bytes) -> Iterator[list[bytes | memoryview]]:
    """The rows of a COPY TO STDOUT in lots of about `BLOCK_BYTES`, without their line ends.

    psycopg's own way takes every message through three generators, which costs more than the rest of this program.
    """
    pgconn = connection.pgconn
    pgconn.send_query(statement)
    _checked(connection.wait(generators.execute(pgconn)))
    socket = select.poll()
    socket.register(pgconn.socket, select.POLLIN)
    rows: list[bytes | memoryview] = []
    size = 0
    get = pgconn.get_copy_data
    while True:
        length, row = get(1)  # one message is one row
        if length > 0:
            rows.append(row[:-1])
            size += length
            if size >= BLOCK_BYTES:
                yield rows
                rows, size = [], 0
        elif length == 0:
            if not socket.poll(ANSWER_LIMIT_S * 1000):
                raise psycopg.OperationalError(f"no answer from the server for {ANSWER_LIMIT_S:g} s")
            pgconn.consume_input()
        else:
            break
    _checked(connection.wait(generators.fetch_many(pgconn)))
    if rows:
        yield rows


def _checked(results: Sequence[PGresult]) -> None:
    """Raise what the server said, if that was an error."""
    for result in results:
        if result.status == psycopg.pq.ExecStatus.FATAL_ERROR:
            raise psycopg.errors.error_from_result(result)


def _text(column: Column) -> sql.Composed:
    """The column as the text that COPY writes."""
    name = sql.Identifier(column.name)
    if column.type == "timestamptz":
        return sql.SQL("to_json({}) #>> '{{}}'").format(name)
    if column.type.endswith("[]"):
        return sql.SQL("to_json({})").format(name)
    return sql.SQL("{}::text" if column.type == "bool" else "{}").format(name)


def _zone(offset_s: int) -> str:
    """A fixed offset as POSIX writes a zone, where east is negative."""
    minutes = abs(offset_s) // 60
    clock = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"<{'+' if offset_s >= 0 else '-'}{clock}>{'-' if offset_s >= 0 else '+'}{clock}"


def _time_us(row: bytes | memoryview) -> int:
    """The time at the beginning of a row."""
    text = bytes(row[:40]).partition(b",")[0].decode()
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)
