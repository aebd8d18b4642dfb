"""The rows of one table of one site on one day, as the canonical CSV, streamed from one snapshot of the database.

RFC 4180, sorted, the same bytes whichever server gives them: times as 2026-11-22T00:00:00+09:00 in the site's offset
(with a fraction where there is one), arrays as [1,2], booleans as true and false, NULL as an empty field and the empty
text as "". Memory stays bounded whatever the day's size.

Errors: `DatabaseUnavailable` (also: a writer's transaction does not end), `DatabaseRefused` (also: rows of that day
were dropped, see `adapters.postgres.retention`).
"""

from __future__ import annotations

import select
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import psycopg
from psycopg import generators, sql

from ess_ray.adapters.postgres.connect import DatabaseConnection, connect, translated, utc
from ess_ray.core.day import microseconds, offset_intervals
from ess_ray.core.errors import DatabaseRefused, DatabaseUnavailable
from ess_ray.core.exporting.extent import Extent
from ess_ray.core.exporting.keys import TEXTS
from ess_ray.core.exporting.objects import DayObject, header_line
from ess_ray.core.maps.column_types import Column

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

BLOCK_BYTES = 256 * 1024
WRITER_LIMIT_S = 180.0  # longer than a writer's transaction may stay silent
LOCK_POLL_S = 0.05
DAY_ROWS_LIMIT_S = 1800.0  # of the server's silence: it sorts a day before it sends the first row
ANNOUNCE = """
INSERT INTO export_until AS announced (site, until) VALUES (%s, %s)
ON CONFLICT (site) DO UPDATE SET until = excluded.until WHERE announced.until < excluded.until"""
WRITERS = """
SELECT virtualtransaction, pid FROM pg_locks
WHERE relation = 'late_commit'::regclass AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND mode = 'RowExclusiveLock' AND granted"""
# Local to the transaction. Sorting a day takes memory or a file; what only compiles or forks for it does not pay.
SETTINGS = """
SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),
       set_config('client_connection_check_interval', '2s', true), set_config('extra_float_digits', '1', true),
       set_config('work_mem', '32MB', true), set_config('jit', 'off', true)"""
COUNT = "SELECT count(*), min(time), max(time) FROM {source} AS day WHERE site = %s AND time >= %s AND time < %s"
MARK = """
SELECT (SELECT id FROM database_identity), (pg_control_system()).system_identifier || '/' || pg_current_snapshot()"""
DROPPED = "SELECT place FROM export_object WHERE site = %s AND table_name = %s AND day = %s AND dropped LIMIT 1"
# The table `device` has a row for each configuration: they are cut to the day, see `fixed_columns.DEVICE_DAY`.
DEVICES = """(
    SELECT greatest(valid_from, {start}) AS time, site, device, map, map_hash, period_s, phase_s,
           least(coalesce(valid_to, 'infinity'), {end}) AS until, delivers, timezone
    FROM device
    WHERE valid_from < {end} AND coalesce(valid_to, 'infinity') > greatest(valid_from, {start}))"""
# The sort comes first, over the rows as they are stored; only then they become text, while they are sent.
COPY = """
COPY (SELECT {texts} FROM (
    SELECT {columns} FROM {source} AS source WHERE site = {site} AND time >= {start} AND time < {end} ORDER BY {order}
) AS day) TO STDOUT (FORMAT csv, ENCODING 'UTF8')"""


@contextmanager
def open_day(
    dsn: str,
    day_object: DayObject,
    writer_limit_s: float = WRITER_LIMIT_S,
    identity: str = "",
    *,
    dropped_too: bool = False,
) -> Iterator[DayRows]:
    """The day's rows of the object's table, all of one snapshot of the database.

    With the snapshot's mark, `Ledger.entry_of` notices every later commit that changes the day. For that, the day's end
    is committed to table `export_until`, and transactions of writers that may not know of it are waited for: blocks up
    to `writer_limit_s` seconds, then raises DatabaseUnavailable. Raises DatabaseRefused if rows of the day were
    dropped (not with `dropped_too`), OtherDatabase unless the database has the `identity` ("" for any). psycopg's
    errors in the `with` are translated; leaving it closes the connection.
    """
    with translated(f"reading {day_object}"):
        connection = connect(dsn, DAY_ROWS_LIMIT_S, identity)
        try:
            _announce(connection, day_object, writer_limit_s)
            yield DayRows(connection, day_object, dropped_too)
        finally:
            connection.close()  # in the middle of the rows there is nothing else that ends them


class DayRows:
    """The canonical CSV of a day, see `open_day`. Iterate once: blocks of complete lines, about 256 KiB, no header.

    No rows, no block. `rows`, `first_us` and `last_us` (microseconds since 1970 UTC, None without rows) are those of
    the blocks that were given so far. `header` is the header line, `mark` for `LedgerEntry.mark`, `database` the
    identity of the database ("" if it has none).
    """

    def __init__(self, connection: DatabaseConnection, day_object: DayObject, dropped_too: bool) -> None:
        self._connection = connection
        self._day_object = day_object
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute(SETTINGS)
        row = connection.execute(MARK).fetchone()
        assert row is not None
        # Read in the same snapshot: it shows a drop that is going on completely or not at all.
        key = [day_object.site, day_object.table, day_object.day.date]
        if (gone := connection.execute(DROPPED, key).fetchone()) and not dropped_too:
            raise DatabaseRefused(
                f"reading {day_object}: rows were dropped after the export to {gone[0]}, which is complete"
            )
        self.database: str = row[0] or ""  # its identity
        self.mark: str = row[1]  # of the snapshot
        self.header = header_line(day_object.columns)
        self.rows = 0  # so far
        self.first_us: int | None = None  # of the rows so far
        self.last_us: int | None = None

    def count(self) -> Extent:
        """The extent of all rows, counted by the server in the same snapshot; not to be called amid the iteration."""
        day = self._day_object.day
        statement = sql.SQL(COUNT).format(source=self._source())
        limits = [self._day_object.site, utc(day.start_us), utc(day.end_us)]
        row = self._connection.execute(statement, limits).fetchone()
        assert row is not None
        first_us, last_us = (microseconds(moment) if moment else None for moment in row[1:])
        return Extent(row[0], first_us, last_us)

    def __iter__(self) -> Iterator[bytes]:
        for start_us, end_us, offset_s in offset_intervals(self._day_object.day):
            # The offset by this program's time zone rules: the server's rules are as old as the server.
            self._connection.execute("SELECT set_config('TimeZone', %s, true)", [_zone(offset_s)])
            for rows in _copied(self._connection, self._statement(start_us, end_us)):
                self.rows += len(rows)
                if self.first_us is None:
                    self.first_us = _time_us(rows[0])
                self.last_us = _time_us(rows[-1])
                rows.append(b"")
                yield b"\r\n".join(rows)

    def _statement(self, start_us: int, end_us: int) -> bytes:
        names = [sql.Identifier(column.name) for column in self._day_object.columns]
        order = [sql.SQL('{} COLLATE "C"' if name in TEXTS else "{}") for name in self._day_object.order]
        statement = sql.SQL(COPY).format(
            texts=sql.SQL(", ").join(map(_text, self._day_object.columns)),
            columns=sql.SQL(", ").join(names),
            source=self._source(),
            site=self._day_object.site,
            start=utc(start_us),
            end=utc(end_us),
            order=sql.SQL(", ").join(
                column.format(sql.Identifier(name)) for column, name in zip(order, self._day_object.order, strict=True)
            ),
        )
        return statement.as_bytes(self._connection)

    def _source(self) -> sql.Composable:
        """The source that the rows are selected from: the table, or a query that stands for it."""
        day = self._day_object.day
        if self._day_object.table == "device":
            return sql.SQL(DEVICES).format(start=utc(day.start_us), end=utc(day.end_us))
        return sql.Identifier(self._day_object.table)


def _announce(connection: DatabaseConnection, day_object: DayObject, writer_limit_s: float) -> None:
    """Have writers record late commits of the day from now on; wait for the transactions that began before."""
    connection.autocommit = True
    connection.execute(ANNOUNCE, [day_object.site, utc(day_object.day.end_us)])
    before = set(connection.execute(WRITERS).fetchall())
    end_s = time.monotonic() + writer_limit_s
    while before and (before := before & set(connection.execute(WRITERS).fetchall())):
        if time.monotonic() > end_s:
            pids = ", ".join(sorted(str(pid) for _, pid in before))
            raise DatabaseUnavailable(
                f"reading {day_object}: PostgreSQL process {pids} has held a transaction open for more than "
                f"{writer_limit_s:g} s that may still write samples of that day: if it hangs, end it "
                "(pg_terminate_backend); the day is exported afterwards"
            )
        time.sleep(LOCK_POLL_S)
    connection.autocommit = False


def _copied(connection: DatabaseConnection, statement: bytes) -> Iterator[list[bytes | memoryview]]:
    """The rows of a COPY TO STDOUT, without their line ends, in lists of about `BLOCK_BYTES`.

    psycopg takes every message through three generators, which costs more than everything else that the export does.
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
            if not socket.poll(DAY_ROWS_LIMIT_S * 1000):
                raise psycopg.OperationalError(f"no answer from the server for {DAY_ROWS_LIMIT_S:g} s")
            pgconn.consume_input()
        else:
            break
    _checked(connection.wait(generators.fetch_many(pgconn)))
    if rows:
        yield rows


def _checked(results: Sequence[PGresult]) -> None:
    """Raise the server's error, if there is one."""
    for result in results:
        if result.status == psycopg.pq.ExecStatus.FATAL_ERROR:
            raise psycopg.errors.error_from_result(result)


def _text(column: Column) -> sql.Composed:
    """An expression for the column that COPY writes as the canonical CSV has it."""
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
    return microseconds(datetime.fromisoformat(text))
