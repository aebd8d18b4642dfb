"""Rows of exported objects back into the database, an hour in each transaction, beside collectors at work.

The rows of all tables go into temporary tables first; from there what the database lacks is inserted. The key of
`sample` decides: a tick that the database has stays as it is. A data row is inserted if its tick comes back with it,
or if the database has the same sample and has lost the row. Rows of a tick of which the database has another sample
(or, restoring a data table alone, none) are not inserted: a sample and its rows belong together.

A commit that touches what an export has read is recorded in `late_commit`, as a writer does (docs/decisions/003).

Errors: psycopg's, which `open_load` translates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import psycopg
from psycopg import sql

from ess_ray.adapters.postgres.connect import DatabaseConnection, connect, translated, utc
from ess_ray.adapters.postgres.copy_rows import column_types
from ess_ray.adapters.postgres.device_load import load_devices
from ess_ray.core.exporting.restoring import HOUR_US, HourCount, LoadCount, RowBlock
from ess_ray.core.maps.column_types import Column, is_array, value_type
from ess_ray.core.maps.fixed_columns import SAMPLE_KEY

LOAD_LIMIT_S = 1800.0  # of the server's silence: rows of an hour are inserted in one statement
MOST_REPEATS = 5  # how often somebody else may store ticks of the hour, or lock its chunks, while it is restored
# Local to the transaction, see `adapters.postgres.writer`. Chunks that are compressed may be taken apart in full.
# Another restore of the site is waited for without a lock on late_commit: an export would take it for a writer.
BEGIN = """
SELECT pg_advisory_xact_lock(hashtextextended('restore ' || {site}, 0));
LOCK TABLE late_commit IN ROW EXCLUSIVE MODE;
SELECT set_config('synchronous_commit', 'on', true), set_config('statement_timeout', '0', true),
       set_config('idle_in_transaction_session_timeout', '0', true), set_config('ess_ray.collector', '', true),
       set_config('client_connection_check_interval', '2s', true), set_config('work_mem', '64MB', true),
       set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '0', true),
       set_config('jit', 'off', true)"""
LATE_COMMIT = """
INSERT INTO late_commit (site, tables, first, last)
SELECT site, %s, %s, %s FROM export_until WHERE site = %s AND until > %s"""
# In each transaction: behind a connection pooler the next one may have another session.
MAKE = "CREATE TEMP TABLE {} ({}) ON COMMIT DROP"
TICK_COLUMNS = sql.SQL("time timestamptz, device text, state text")
WITHIN = "site = {site} AND time >= {start} AND time < {end}"
TICKS = f"""
INSERT INTO pg_temp.restored_tick (time, device, state)
SELECT coalesce(r.time, s.time), coalesce(r.device, s.device),
       CASE WHEN s.time IS NULL THEN 'new'
            WHEN r.time IS NULL THEN CASE WHEN s.status = 'failed' THEN 'other' ELSE 'same' END
            WHEN ({{restored}}) IS NOT DISTINCT FROM ({{stored}}) THEN 'same' ELSE 'other' END
FROM pg_temp.restored_sample AS r FULL JOIN (SELECT * FROM sample WHERE {WITHIN}) AS s
     ON s.time = r.time AND s.device = r.device"""
TICK_COUNTS = """
SELECT count(*) FILTER (WHERE t.state = 'new'), count(*) FILTER (WHERE t.state <> 'new'),
       count(*) FILTER (WHERE t.state = 'other')
FROM pg_temp.restored_sample AS r JOIN pg_temp.restored_tick AS t ON t.time = r.time AND t.device = r.device"""
NEW_SAMPLES = """
FROM pg_temp.restored_sample AS r JOIN pg_temp.restored_tick AS t ON t.time = r.time AND t.device = r.device
WHERE t.state = 'new'"""
ABSENT = f"""
NOT EXISTS (SELECT FROM {{table}} AS d WHERE {WITHIN} AND d.time = r.time AND d.device = r.device {{identity}})"""
NEW_ROWS = f"""
FROM {{temporary}} AS r JOIN pg_temp.restored_tick AS t ON t.time = r.time AND t.device = r.device
WHERE t.state <> 'other' AND {ABSENT}"""
NEW_OTHERS = f"FROM {{temporary}} AS r WHERE {ABSENT}"
LACKING = f"""
SELECT count(*) FROM (
    SELECT {{columns}} FROM {{temporary}} EXCEPT ALL SELECT {{columns}} FROM {{table}} WHERE {WITHIN}) AS lacking"""
# Of a sample: all but who wrote it.
SAMPLE_VALUES = ("status", "reason", "missing", "read_ms", "requests", "retries")
WITHOUT_SAMPLE = ("event", "rejected")  # their rows stand for themselves


@dataclass(frozen=True)  # without slots: what is made of it is kept
class LoadedTable:
    """A table as an object has it: its columns in the object's order, and those that tell rows of a tick apart."""

    name: str
    columns: tuple[Column, ...]
    identity: tuple[str, ...]  # behind time and device

    # Composing the names of hundreds of columns takes longer than an hour of few rows does: once for all hours.
    @cached_property
    def names(self) -> sql.SQL:
        """Its columns' names, with commas between."""
        return _text(sql.SQL(", ").join(sql.Identifier(column.name) for column in self.columns))

    @cached_property
    def restored_names(self) -> sql.SQL:
        """The same, as columns of the temporary table, which is `r`."""
        return _text(sql.SQL(", ").join(sql.Identifier("r", column.name) for column in self.columns))

    @cached_property
    def make(self) -> sql.SQL:
        """The statement that makes the temporary table."""
        columns = sql.SQL(", ").join(map(_column, self.columns))
        return _text(sql.SQL(MAKE).format(sql.Identifier(f"restored_{self.name}"), columns))


@contextmanager
def open_load(
    dsn: str, site: str, tables: Sequence[LoadedTable], *, run: bool, identity: str = ""
) -> Iterator[HourLoad]:
    """The load of a site's hours through a connection of its own, for the `with` block.

    `run`: False counts only, and changes nothing. psycopg's errors in the block become DatabaseUnavailable or
    DatabaseRefused; OtherDatabase is raised unless the database has the `identity` ("" for any).
    """
    with translated(f"restoring {site}"):
        connection = connect(dsn, LOAD_LIMIT_S, identity)
        try:
            connection.autocommit = True
            connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
            yield HourLoad(connection, site, tables, run)
        finally:
            connection.close()  # what is open is rolled back


class HourLoad:
    """See `open_load`; each call of `load` is a transaction."""

    def __init__(self, connection: DatabaseConnection, site: str, tables: Sequence[LoadedTable], run: bool) -> None:
        self._connection = connection
        self._site = site
        self._run = run
        self._tables = {table.name: table for table in tables}
        names = [*self._tables, "sample", "device"]
        types = {name: set(column_types(connection.cursor(), name)) for name in names}
        self._existing = {name: of_table for name, of_table in types.items() if of_table}

    def load_devices(self, blocks: Iterable[RowBlock]) -> LoadCount:
        """Bring the configurations of a day into the table `device`, or count what that would do; commits."""
        table = self._tables["device"]
        with self._connection.transaction():
            self._begin([table])
            self._copy(table, blocks)
            exists = "device" in self._existing
            return load_devices(self._connection, self._site, table.columns, run=self._run, exists=exists)

    def load(self, hour: int, blocks: Mapping[str, Iterable[RowBlock]]) -> HourCount:
        """Bring the rows of an hour into the database, or count what that would do; by the table's name.

        Commits, if anything is new. `hour`: of all the blocks.
        """
        limits = {"site": self._site, "start": utc(hour * HOUR_US), "end": utc((hour + 1) * HOUR_US)}
        with self._connection.transaction():
            sample = self._tables.get("sample", LoadedTable("sample", SAMPLE_KEY, ()))
            self._begin([sample, *(self._tables[table] for table in blocks if table != "sample")])
            rows = {table: self._copy(self._tables[table], of_table) for table, of_table in blocks.items()}
            for _ in range(MOST_REPEATS):
                if count := self._attempt(rows, limits):
                    break
            else:
                problem = "collectors store ticks of that hour, or its chunks are being compressed: try again later"
                raise psycopg.errors.LockNotAvailable(problem)
            touched = [table for table, of_table in count.tables.items() if of_table.new]
            if touched and self._run:
                last = utc((hour + 1) * HOUR_US - 1)
                self._connection.execute(LATE_COMMIT, [touched, limits["start"], last, self._site, limits["start"]])
        return count

    def _attempt(self, rows: Mapping[str, int], limits: Mapping[str, object]) -> HourCount | None:
        """Insert what is new, or count it; None, and nothing is inserted, if somebody else was in the way."""
        try:
            with self._connection.transaction() as attempt:
                if (count := self._insert(rows, limits)) is None:
                    raise psycopg.Rollback(attempt)
                return count
        except psycopg.errors.DeadlockDetected:  # with a writer, or with TimescaleDB, which compresses the chunk
            pass
        return None

    def _begin(self, tables: Iterable[LoadedTable]) -> None:
        """Begin the transaction's work; temporary tables for the rows of these tables, and for ticks."""
        statements: list[sql.Composable] = [sql.SQL(MAKE).format(sql.Identifier("restored_tick"), TICK_COLUMNS)]
        statements += [table.make for table in tables]
        if self._run:
            statements.insert(0, sql.SQL(BEGIN).format(site=self._site))
        self._connection.execute(sql.SQL("; ").join(statements).as_string(self._connection).encode())

    def _copy(self, table: LoadedTable, blocks: Iterable[RowBlock]) -> int:
        """Copy rows into the temporary table; returns their number."""
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, ENCODING 'UTF8')").format(
            _temporary(table), table.names
        )
        rows = 0
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for block in blocks:
                copy.write(block.csv)
                rows += block.rows
        return rows

    def _insert(self, rows: Mapping[str, int], limits: Mapping[str, object]) -> HourCount | None:
        """Insert what is new, or count it; None if a collector has stored a tick meanwhile that was new."""
        count = HourCount()
        self._find_ticks(limits)
        if "sample" in rows:
            row = self._connection.execute(TICK_COUNTS).fetchone()
            assert row is not None
            count.ticks_new, count.ticks_present, count.ticks_other = row
            sample = LoadCount(rows["sample"], count.ticks_new, count.ticks_other)
            if self._new(self._tables["sample"], NEW_SAMPLES, limits) != sample.new:
                return None
            count.tables["sample"] = sample
        for name, number in rows.items():
            if name != "sample":
                count.tables[name] = self._insert_rows(self._tables[name], number, limits)
        return count

    def _find_ticks(self, limits: Mapping[str, object]) -> None:
        """Fill `restored_tick`: each tick of the objects or the database, and if it is new, the same or another."""
        sample = self._tables.get("sample")
        names = [column.name for column in sample.columns if column.name in SAMPLE_VALUES] if sample else []
        restored, stored = (
            sql.SQL(", ").join([sql.SQL("0"), *(sql.Identifier(of, name) for name in names)]) for of in ("r", "s")
        )
        if "sample" in self._existing:
            self._execute(TICKS, limits, restored=restored, stored=stored)
        else:
            self._connection.execute(
                "INSERT INTO restored_tick SELECT time, device, 'new' FROM restored_sample ON CONFLICT DO NOTHING"
            )

    def _insert_rows(self, table: LoadedTable, rows: int, limits: Mapping[str, object]) -> LoadCount:
        new = self._new(table, NEW_OTHERS if table.name in WITHOUT_SAMPLE else NEW_ROWS, limits)
        existing = self._existing.get(table.name, set())
        if new == rows or (existing and not {column.name for column in table.columns} <= existing):
            return LoadCount(rows, new, 0)  # a dry run, in which columns that are missing are not added
        if not existing:
            return LoadCount(rows, new, rows - new)
        cursor = self._execute(LACKING, limits, temporary=_temporary(table), table=_stored(table), columns=table.names)
        row = cursor.fetchone()
        lacking = row[0] if row else 0
        return LoadCount(rows, new, lacking if self._run else lacking - new)

    def _new(self, table: LoadedTable, selected: str, limits: Mapping[str, object]) -> int:
        """Insert, or count, the rows of the temporary table that `selected` selects."""
        if table.name not in self._existing:
            selected = selected.replace(ABSENT, "true")
        identity = sql.SQL("").join(
            sql.SQL(" AND d.{0} = r.{0}").format(sql.Identifier(name)) for name in table.identity
        )
        parts = {"temporary": _temporary(table), "table": _stored(table), "identity": identity}
        if not self._run:
            row = self._execute(f"SELECT count(*) {selected}", limits, **parts).fetchone()
            return int(row[0]) if row else 0
        insert = f"INSERT INTO {{table}} ({{names}}) SELECT {{columns}} {selected} ON CONFLICT DO NOTHING"
        return self._execute(insert, limits, names=table.names, columns=table.restored_names, **parts).rowcount

    def _execute(
        self, statement: str, limits: Mapping[str, object], **parts: sql.Composable
    ) -> psycopg.Cursor[tuple[Any, ...]]:
        return self._connection.execute(sql.SQL(statement).format(**limits, **parts))


def _column(column: Column) -> sql.Composed:
    kind = value_type(column.type).sql_name + ("[]" if is_array(column.type) else "")
    return sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(kind))


def _text(composed: sql.Composed) -> sql.SQL:
    return sql.SQL(composed.as_string())


def _stored(table: LoadedTable) -> sql.Identifier:
    return sql.Identifier(table.name)


def _temporary(table: LoadedTable) -> sql.Identifier:
    return sql.Identifier("pg_temp", f"restored_{table.name}")
