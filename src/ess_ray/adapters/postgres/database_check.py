"""The check of the database for `job=check`, tried for real and undone: nothing that happens here is committed.

The main job's start is done in a transaction that is rolled back, so whatever would be refused then (rights, a table
that does not fit, a read-only server) is refused now. Errors become findings, none is raised.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

import psycopg
from psycopg import sql

from ess_ray.adapters.postgres.connect import DatabaseConnection, connect, translated
from ess_ray.adapters.postgres.migrations import SchemaChange
from ess_ray.adapters.postgres.schema import bring_all
from ess_ray.adapters.postgres.schema_sql import Relation, relations
from ess_ray.core.checking.findings import Finding, Verdict, clock_finding, size
from ess_ray.core.errors import ConfigError, EssRayError
from ess_ray.core.maps.column_types import Column, TypeFamily, is_array, value_type
from ess_ray.core.maps.fixed_columns import leading_columns
from ess_ray.core.maps.standard import Standard, Table

CHECK_LIMIT_S = 30.0  # of the server's silence: a person waits for the check
LOCK_LIMIT = "5s"  # a running collector must not wait for this check
SUBJECT = "database"
LOGIN = "check host, port, user, password and database of the DSN (ESS_RAY_DSN, storage.dsn_file or storage.dsn)"
BUSY = "a query or another start of the job holds the tables: try again"
UPDATED = ("device", "export_until", "late_commit", "export_object")  # to all other tables rows are only added
CLOCK_TRIES = 5  # the quickest one is the surest
LACKING = """SELECT t, r FROM unnest(%s::text[], %s::text[]) AS needed(t, r)
             WHERE NOT has_table_privilege(quote_ident(t), r)"""
NAME = "ess_ray_check"  # of site and device of the rows that are tried
TRIAL = f"""INSERT INTO sample (time, site, device, status)
            VALUES ('1970-01-01 UTC', '{NAME}', '{NAME}', 'failed')"""
TRIAL_VALUES: Mapping[TypeFamily, object] = {
    TypeFamily.INTEGER: 1, TypeFamily.FLOAT: 1.0, TypeFamily.BOOLEAN: True, TypeFamily.TEXT: NAME,
    TypeFamily.TIME: "1970-01-01 UTC",
}  # fmt: skip


def database_findings(
    dsn: str,
    standard: Standard,
    chunk_interval: timedelta,
    compress_after: timedelta,
    rate: float,
    rows: Mapping[str, Mapping[str, int]],
) -> list[Finding]:
    """Findings about connection, clock, room, version, schema, tables, rights and first rows, in this order.

    `rate`: bytes a second that will come; `rows`: what is tried, see `core.maps.row_size.widest_rows`. `chunk_interval`
    and `compress_after` as in `adapters.postgres.schema.prepare`. What comes after a failure may be left out: without a
    connection there is one finding. A lock is waited for 5 s, an answer 30 s.
    """
    findings: list[Finding] = []
    begun_s = time.monotonic()
    try:
        with translated("connecting"):
            connection = connect(dsn, CHECK_LIMIT_S)
            connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED  # as `prepare`
    except EssRayError as error:
        return [Finding(SUBJECT, "connection", Verdict.FAIL, _line(error), LOGIN)]
    try:
        info = connection.info
        took_ms = 1000 * (time.monotonic() - begun_s)
        where = f"{info.user} at {info.host or 'localhost'}, database {info.dbname} ({took_ms:.0f} ms)"
        findings.append(Finding(SUBJECT, "connection", Verdict.PASS, where))
        with translated("reading the clock"):
            findings.append(clock_finding(*_clock(connection)))
            findings.append(_room(connection, rate))
            connection.rollback()
        findings += _rehearsed(connection, standard, rows, chunk_interval, compress_after)
    except EssRayError as error:
        findings.append(Finding(SUBJECT, "tables", Verdict.FAIL, _line(error)))
    finally:
        connection.close()  # what is open is rolled back
    return findings


def _rehearsed(
    connection: DatabaseConnection,
    standard: Standard,
    rows: Mapping[str, Mapping[str, int]],
    chunk_interval: timedelta,
    compress_after: timedelta,
) -> Iterator[Finding]:
    """Findings about the job's start and a first row of each table, all undone."""
    wanted = relations(standard)
    try:
        with translated("preparing the tables"):
            connection.execute(f"SET LOCAL lock_timeout = '{LOCK_LIMIT}'")
            prepared = bring_all(connection, wanted, chunk_interval, compress_after)
            yield Finding(SUBJECT, "version", Verdict.PASS, prepared.server)
            for note in prepared.notes:
                yield Finding(SUBJECT, "version", Verdict.WARNING, note)
            yield _schema(prepared.schema)
            yield Finding(SUBJECT, "tables", Verdict.PASS, f"all {len(wanted)} fit or can be made (tried and undone)")
            yield _rights(connection, wanted)
        with translated("inserting a row"):
            connection.execute(TRIAL)
    except ConfigError as error:
        yield Finding(SUBJECT, "tables", Verdict.FAIL, str(error))
    except EssRayError as error:
        busy = isinstance(error.__cause__, psycopg.errors.LockNotAvailable)
        advice = BUSY if busy else f"let the role {connection.info.user} do that, or give the job another"
        yield Finding(SUBJECT, "rights", Verdict.FAIL, _line(error), advice)
    else:
        yield from _inserted(connection, standard, rows)
    finally:
        connection.rollback()


def _inserted(
    connection: DatabaseConnection, standard: Standard, rows: Mapping[str, Mapping[str, int]]
) -> Iterator[Finding]:
    """A finding for each table that does not take the largest row of the maps, or one that all do."""
    refused = False
    for table in standard.tables.values():
        columns = rows.get(table.name, {})
        try:
            with translated(f"inserting a row of {len(columns)} columns into {table.name}"), connection.transaction():
                _insert(connection, table, columns)
        except EssRayError as error:
            refused = True
            advice = "correct the table or the standard: the rows of a run would go to the table `rejected`"
            yield Finding(SUBJECT, "insert", Verdict.FAIL, _line(error), advice)
    if not refused:
        text = f"a row goes into each of {', '.join(standard.tables)} (tried and undone)"
        yield Finding(SUBJECT, "insert", Verdict.PASS, text)


def _insert(connection: DatabaseConnection, table: Table, columns: Mapping[str, int]) -> None:
    filled = [*leading_columns(table.identity), *(table.columns[name] for name in table.columns if name in columns)]
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in filled)
    marks = sql.SQL(", ").join([sql.Placeholder()] * len(filled))
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(sql.Identifier(table.name), names, marks)
    connection.execute(statement, [_trial_value(column, columns.get(column.name, 1)) for column in filled])


def _trial_value(column: Column, elements: int) -> object:
    one = TRIAL_VALUES[value_type(column.type).family]
    return [one] * elements if is_array(column.type) else one


def _schema(change: SchemaChange) -> Finding:
    if not change.steps:
        return Finding(SUBJECT, "schema", Verdict.PASS, str(change))
    text = f"{change} at the next start (tried and undone); then an older ess_ray refuses this database"
    return Finding(SUBJECT, "schema", Verdict.WARNING, text, "back the database up before: docs/backup.md")


def _rights(connection: DatabaseConnection, wanted: Sequence[Relation]) -> Finding:
    needed = [
        (relation.name, right)
        for relation in wanted
        for right in ("SELECT", "INSERT", *(("UPDATE",) if relation.name in UPDATED else ()))
    ]
    lacking = connection.execute(LACKING, [[name for name, _ in needed], [right for _, right in needed]]).fetchall()
    if not lacking:
        return Finding(SUBJECT, "rights", Verdict.PASS, f"{connection.info.user} may read and write all tables")
    missing = ", ".join(f"{right} on {table}" for table, right in lacking[:4]) + (", …" if len(lacking) > 4 else "")
    advice = f"GRANT … TO {connection.info.user}, or make that role the owner of the tables"
    return Finding(SUBJECT, "rights", Verdict.FAIL, f"{connection.info.user} lacks {missing}", advice)


def _clock(connection: DatabaseConnection) -> tuple[float, float]:
    """Seconds that the server's clock is ahead of ours, and how uncertain that is: of several tries the quickest."""
    tries = []
    for _ in range(CLOCK_TRIES):
        before_s = time.time()
        row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
        after_s = time.time()
        assert row is not None
        tries.append(((after_s - before_s) / 2, float(row[0]) - (before_s + after_s) / 2))
    uncertain_s, ahead_s = min(tries)
    return ahead_s, uncertain_s


def _room(connection: DatabaseConnection, rate: float) -> Finding:
    """Finding about free disk space: known if the server is on this machine and shows our role where its data are."""
    row = connection.execute(
        """SELECT pg_database_size(current_database()),
                  (SELECT setting FROM pg_settings WHERE name = 'data_directory')"""
    ).fetchone()
    assert row is not None
    used, folder = int(row[0]), row[1]
    need = f"holds {size(used)}, gets about {size(86_400 * rate)} a day before compression"
    free = _free(folder) if folder and str(connection.info.host).startswith("/") else None
    if free is None:
        return Finding(SUBJECT, "room", Verdict.SKIPPED, f"{need}; the server does not say how much is free")
    days = free / (86_400 * rate) if rate else float("inf")
    text = f"{size(free)} free, {days:.1f} days; {need}" if rate else f"{size(free)} free; {need}"
    if days >= 2:
        return Finding(SUBJECT, "room", Verdict.PASS, text)
    return Finding(SUBJECT, "room", Verdict.WARNING if days > 0.1 else Verdict.FAIL, text, "a bigger disk")


def _free(folder: str) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:  # the folder is another user's, as it should be
        return None


def _line(error: EssRayError) -> str:
    return "; ".join(line.strip() for line in str(error).splitlines() if line.strip())
