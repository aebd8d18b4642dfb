"""Bring a database to the data standard. The job's start calls `prepare`, `job=check` tries `bring_all` and undoes it.

Tables become hypertables where TimescaleDB is there, loaded and allowed, and plain tables with the same columns and
indexes where it is not: create_hypertable(), by_range(), add_compression_policy() of TimescaleDB's API, 2.13 or newer.
Columns are added, never changed or dropped, but by the steps of `adapters.postgres.migrations`. Two jobs that start at
once take turns.

Errors: `ConfigError` (a table that does not fit, `key` is `table NAME`; a database of a newer ess_ray),
`DatabaseUnavailable`, `DatabaseRefused`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

import psycopg
from psycopg import sql

from ess_ray.adapters.postgres import migrations, schema_sql
from ess_ray.adapters.postgres.connect import DatabaseConnection, connect, translated
from ess_ray.adapters.postgres.migrations import SchemaChange
from ess_ray.adapters.postgres.own_columns import describe
from ess_ray.adapters.postgres.schema_sql import Relation
from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.own_columns import own_columns
from ess_ray.core.maps.standard import Standard, Table

# A statement that waits for a lock makes all others wait that come behind it: those of the writer, too.
BRIEFLY_S, BRIEF_LIMIT_S = 1.0, 45.0
PREPARE_LIMIT_S = 120.0  # of the server's silence: a statement here may wait for a query that reads a table
TIMESCALE_VERSION = "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"
NOTHING: Mapping[str, Table] = MappingProxyType({})
LOCK = 0x6573735F726179  # "ess_ray" in ASCII: the number of our advisory lock


@dataclass(frozen=True, slots=True)
class Known:
    """A database that ess_ray has prepared once."""

    identity: str  # goes with its data through dump, restore and failover
    server: str  # "TimescaleDB 2.22.1 on PostgreSQL 15.18", or "PostgreSQL 18.4"
    database: str


@dataclass(frozen=True, slots=True)
class Prepared(Known):
    """The database once it is prepared."""

    hypertables: bool  # True if every time series is a hypertable
    schema: SchemaChange
    notes: tuple[str, ...]  # for the user, to be said once


def prepare(
    dsn: str,
    standard: Standard,
    *,
    chunk_interval: timedelta = timedelta(days=1),
    compress_after: timedelta | None = None,
    identity: str = "",
    beside_writers: bool = False,
) -> Prepared:
    """Make the tables that are missing, check those that are there, add columns that they lack.

    A chunk is compressed `compress_after` its end, default: one chunk interval. So at most two chunks and a bit lie
    uncompressed, whatever the fleet; the rows of an outage that long come back at full speed (later ones are accepted
    too, slower); and the export of a day reads plain rows. `chunk_interval` is for future chunks. `identity`: of the
    only database that may be prepared, "" for any. `beside_writers`: this run stores rows meanwhile, so that no lock is
    waited for longer than BRIEFLY_S at once, and none longer than BRIEF_LIMIT_S in all. One transaction, committed;
    doing it again changes nothing; waits up to 120 s for another job's start or a lock. Raises ConfigError for a table
    that does not fit the standard, a schema that a newer ess_ray has changed or this role may not, or a TimescaleDB
    that its server does not load; DatabaseUnavailable (OtherDatabase), DatabaseRefused.
    """
    relations, own, deadline_s = schema_sql.relations(standard), own_columns(standard), time.monotonic() + BRIEF_LIMIT_S
    lock_s = BRIEFLY_S if beside_writers else None
    with translated("preparing the database"):
        while True:
            try:
                return _prepare(dsn, identity, relations, own, chunk_interval, compress_after or chunk_interval, lock_s)
            except psycopg.errors.DeadlockDetected:  # a running collector locks its tables in another order
                if time.monotonic() > deadline_s:
                    raise
            except psycopg.errors.LockNotAvailable:
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(BRIEFLY_S)  # for those who have queued up meanwhile


def look(dsn: str) -> Known | None:
    """The database as it is, not prepared for this version; None if ess_ray has never used it.

    Raises DatabaseUnavailable, DatabaseRefused.
    """
    with translated("looking at the database"), connect(dsn, PREPARE_LIMIT_S) as connection:
        if not _value(connection, "SELECT to_regclass('database_identity')"):
            return None
        identity = _value(connection, "SELECT id FROM database_identity")
        server = _server(connection, _value(connection, TIMESCALE_VERSION))
        return Known(identity, server, connection.info.dbname) if identity else None


def read_identity(dsn: str) -> str:
    """The identity of the database; "" if ess_ray has never used it. Raises DatabaseUnavailable, DatabaseRefused."""
    with translated("reading the database's identity"), connect(dsn, PREPARE_LIMIT_S) as connection:
        if _value(connection, "SELECT to_regclass('database_identity')"):
            return _value(connection, "SELECT id FROM database_identity")
        return ""


def _prepare(
    dsn: str,
    identity: str,
    relations: Sequence[Relation],
    own: Mapping[str, Table],
    chunk_interval: timedelta,
    compress_after: timedelta,
    lock_s: float | None,
) -> Prepared:
    with connect(dsn, PREPARE_LIMIT_S, identity) as connection:
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED  # to see what another start has committed
        if lock_s is not None:
            connection.execute("SELECT set_config('lock_timeout', %s, true)", [f"{lock_s * 1000:.0f}ms"])
        return bring_all(connection, relations, chunk_interval, compress_after, own)


def bring_all(
    connection: DatabaseConnection,
    relations: Sequence[Relation],
    chunk_interval: timedelta,
    compress_after: timedelta,
    own: Mapping[str, Table] = NOTHING,
) -> Prepared:
    """The work of `prepare`, in the transaction that the connection is in, which the caller commits or rolls back.

    `relations`: all of `schema_sql.relations`. `own`: the columns whose meaning is left in the database. Raises
    ConfigError and psycopg's errors.
    """
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    notes: list[str] = []
    change = migrations.migrate(connection)
    if not connection.holds_every_text:
        notes.append(
            f"database {connection.info.dbname} has the encoding {connection.encoding}: rows with texts that it cannot "
            "hold go to the table rejected; a database in UTF8 holds every text"
        )
    timescale = _timescale(connection, notes)
    for relation in relations:
        _bring(connection, relation)
    notes += describe(connection, own)
    migrations.record(connection, change)
    plain = 0
    for relation in (r for r in relations if r.identity and timescale):
        plain += not _hypertable(connection, relation, chunk_interval, notes)
    if timescale and not plain:
        _compress(connection, relations, compress_after, notes)
    return Prepared(
        identity=_identity(connection),
        server=_server(connection, timescale),
        database=connection.info.dbname,
        hypertables=bool(timescale) and not plain,
        schema=change,
        notes=tuple(notes),
    )


def _value(connection: DatabaseConnection, query: str, *arguments: object) -> str:
    """The single value of a query, as text; "" for NULL."""
    row = connection.execute(query, arguments or None).fetchone()
    return "" if row is None or row[0] is None else str(row[0])


def _server(connection: DatabaseConnection, timescale: str) -> str:
    """The server's name and version, with TimescaleDB's, if that is not ""."""
    postgresql = f"PostgreSQL {_value(connection, 'SHOW server_version').split()[0]}"
    return f"TimescaleDB {timescale} on {postgresql}" if timescale else postgresql


def _timescale(connection: DatabaseConnection, notes: list[str]) -> str:
    """TimescaleDB's version, or "" and a note where it cannot be used. Creates the extension if the role may."""
    # The library registers this setting; shared_preload_libraries itself is for superusers' eyes.
    loaded = _value(connection, "SELECT current_setting('timescaledb.disable_load', true)") == "off"
    installed = _value(connection, TIMESCALE_VERSION)
    if installed and not loaded:
        raise ConfigError(
            "storage.dsn", f"database {connection.info.dbname} uses TimescaleDB {installed}, but its server does not "
            "load it; put timescaledb into shared_preload_libraries and restart the server"
        )  # fmt: skip
    if installed:
        return installed
    if not _value(connection, "SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'"):
        notes.append("the database server has no TimescaleDB: plain tables, nothing is compressed")
    elif not loaded:
        notes.append("TimescaleDB is there, but not in shared_preload_libraries: plain tables, nothing is compressed")
    else:
        try:
            with connection.transaction():
                connection.execute("CREATE EXTENSION timescaledb")
        except psycopg.errors.InsufficientPrivilege:
            notes.append(
                f"role {connection.info.user} may not CREATE EXTENSION timescaledb in {connection.info.dbname}; an "
                "administrator can, once, before the first start: until then plain tables, nothing is compressed"
            )
    return _value(connection, TIMESCALE_VERSION)


def _bring(connection: DatabaseConnection, relation: Relation) -> None:
    """Create the table, or check it and add the columns it lacks."""
    name = sql.Identifier(relation.name).as_string(connection)
    kind = _value(connection, "SELECT relkind FROM pg_class WHERE oid = to_regclass(%s)", name)
    if not kind:
        for statement in schema_sql.create(relation):
            connection.execute(statement)
        return
    if kind not in ("r", "p"):
        raise ConfigError(
            f"table {relation.name}", "the database has a view, an index or a sequence of this name; rename it"
        )
    existing = connection.execute(
        """SELECT attname, format_type(atttypid, atttypmod),
                  attnotnull AND NOT atthasdef AND attidentity = ''
           FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped""",
        [name],
    ).fetchall()
    for column in schema_sql.missing_columns(relation, {name: (kind, needed) for name, kind, needed in existing}):
        for statement in schema_sql.add_column(relation, column):
            connection.execute(statement)


def _identity(connection: DatabaseConnection) -> str:
    """The database's identity, by which journals know it; given once."""
    identity = _value(connection, "SELECT id FROM database_identity")
    return identity or _value(connection, "INSERT INTO database_identity VALUES (gen_random_uuid()::text) RETURNING id")


def _hypertable(
    connection: DatabaseConnection, relation: Relation, chunk_interval: timedelta, notes: list[str]
) -> bool:
    """Make it a hypertable with this chunk interval, which future chunks get. False if it stays a plain table."""
    name = sql.Identifier(relation.name).as_string(connection)
    current = connection.execute(
        """SELECT time_interval FROM timescaledb_information.dimensions
           WHERE format('%%I.%%I', hypertable_schema, hypertable_name)::regclass = %s::regclass
             AND column_name = 'time'""",
        [name],
    ).fetchone()
    if current is None:
        if _value(connection, f"SELECT EXISTS (SELECT FROM {name})") == "True":
            notes.append(
                f"table {relation.name} has rows from before TimescaleDB and stays plain; to convert it, stop ess_ray, "
                f"run SELECT create_hypertable('{name}', by_range('time'), migrate_data => true)"
            )
            return False
        connection.execute(
            "SELECT create_hypertable(%s::regclass, by_range('time', %s), create_default_indexes => false)",
            [name, chunk_interval],
        )
    elif current[0] != chunk_interval:
        connection.execute("SELECT set_chunk_time_interval(%s::regclass, %s)", [name, chunk_interval])
    return True


def _compress(
    connection: DatabaseConnection, relations: Sequence[Relation], compress_after: timedelta, notes: list[str]
) -> None:
    try:
        with connection.transaction():
            for relation in relations:
                if relation.identity:
                    _compression_policy(connection, relation, compress_after)
    except (psycopg.errors.FeatureNotSupported, psycopg.errors.InsufficientPrivilege) as error:
        # 0A000: the Apache edition has hypertables only; 42501: the tables are another role's
        notes.append(f"the tables are not compressed: {error.diag.message_primary}")


def _compression_policy(connection: DatabaseConnection, relation: Relation, compress_after: timedelta) -> None:
    name = sql.Identifier(relation.name).as_string(connection)
    is_this = "format('%%I.%%I', hypertable_schema, hypertable_name)::regclass = %s::regclass"
    enabled = f"SELECT compression_enabled FROM timescaledb_information.hypertables WHERE {is_this}"
    if _value(connection, enabled, name) != "True":
        connection.execute(schema_sql.enable_compression(relation))
    policy = connection.execute(
        f"""SELECT (config->>'compress_after')::interval FROM timescaledb_information.jobs
            WHERE proc_name = 'policy_compression' AND {is_this}""",
        [name],
    ).fetchone()
    if policy is None or policy[0] != compress_after:
        connection.execute("SELECT remove_compression_policy(%s::regclass, if_exists => true)", [name])
        connection.execute("SELECT add_compression_policy(%s::regclass, %s)", [name, compress_after])
