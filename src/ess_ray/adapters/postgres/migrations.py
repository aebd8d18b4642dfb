"""The version of the database's schema, and the steps from one to the next: plain SQL, each run once.

A column more needs no step: `adapters.postgres.schema` adds it, and an older ess_ray gets along with it. A step is for
what adding cannot do, such as another name, type or index, after which an older ess_ray would go wrong. It stands at
the end of MIGRATIONS with the next number, and is never changed once it was released. A dump of a database from before
it goes to tests/data/databases (see tests/made_database.py).

The table `schema_version` has a row for each step that was run, or one row for a database that was made new. Without
that table it is a database of ess_ray 0.1.0, which is version 0. `schema` calls `migrate` and `record` within its
transaction, under its lock: of two jobs that start at once one runs the steps, and a step that fails undoes all.
docs/decisions/010-schema-version.md says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

from ess_ray import __version__
from ess_ray.adapters.postgres.connect import DatabaseConnection
from ess_ray.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Migration:
    """A step to the version `version` of the schema, from the one before it."""

    version: int
    name: str  # the change, for a person
    statements: tuple[LiteralString, ...]  # such as may stand in a transaction


MIGRATIONS = (Migration(1, "the schema has a version", ()),)


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """The schema's version before and after a preparation, and the steps between. `before`: None for a new database."""

    before: int | None
    after: int
    steps: tuple[Migration, ...]

    def __str__(self) -> str:
        """The change for a person: `version 0 becomes 2 (the schema has a version; another index of late_commit)`."""
        if self.before is None:
            return f"version {self.after}, made new"
        if not self.steps:
            return f"version {self.after}"
        return f"version {self.before} becomes {self.after} ({'; '.join(step.name for step in self.steps)})"


# NULL: no tables of ess_ray. The second: no version that this role may read.
VERSIONED = """
SELECT CASE WHEN to_regclass('schema_version') IS NOT NULL THEN true
            WHEN to_regclass('database_identity') IS NOT NULL THEN false END,
       coalesce(has_table_privilege(to_regclass('schema_version'), 'SELECT'), false)"""
VERSION = "SELECT version, program FROM schema_version ORDER BY version DESC LIMIT 1"
MAY_CHANGE = """
SELECT relowner::regrole::text, pg_has_role(relowner, 'USAGE') AND has_schema_privilege(relnamespace, 'CREATE')
FROM pg_class WHERE oid = to_regclass('database_identity')"""
RECORD = "INSERT INTO schema_version (version, name, program, applied_at) VALUES (%s, %s, %s, now())"


def check_version(connection: DatabaseConnection) -> None:
    """Check that the tables are those of this version; for jobs that read a database. Two short queries.

    A database without tables of ess_ray passes, and so does a role that may not read the version. Raises ConfigError if
    a newer ess_ray has changed the tables, or the main job of this one was never started on them; psycopg's errors.
    """
    versioned, readable = _row(connection, VERSIONED)
    if versioned is None or (versioned and not readable):
        return
    version, newest = _recorded_version(connection) if versioned else 0, MIGRATIONS[-1].version
    if version < newest:
        raise ConfigError(
            "storage", f"database {connection.info.dbname} has schema version {version}, ess_ray {__version__} needs "
            f"version {newest}: start the main job on it once"
        )  # fmt: skip


def migrate(connection: DatabaseConnection) -> SchemaChange:
    """Run the steps that the database lacks, in the transaction that the connection is in; a new database needs none.

    Raises ConfigError if a newer ess_ray has changed the tables, or if this role may not; psycopg's errors.
    """
    newest, (versioned, _) = MIGRATIONS[-1].version, _row(connection, VERSIONED)
    if versioned is None:
        return SchemaChange(None, newest, ())
    version = _recorded_version(connection) if versioned else 0
    steps = tuple(step for step in MIGRATIONS if step.version > version)
    if steps:
        _check_rights(connection, version)
    for step in steps:
        for statement in step.statements:
            connection.execute(statement)
    return SchemaChange(version, newest, steps)


def record(connection: DatabaseConnection, change: SchemaChange) -> None:
    """Enter what `migrate` has done into the table `schema_version`, which is there by now; nothing if it did nothing.

    Raises psycopg's errors.
    """
    steps = change.steps if change.before is not None else (Migration(change.after, "made new", ()),)
    for step in steps:
        connection.execute(RECORD, [step.version, step.name, __version__])


def _recorded_version(connection: DatabaseConnection) -> int:
    """The version that stands in the table `schema_version`; 0 if that is empty."""
    newest, row = MIGRATIONS[-1].version, connection.execute(VERSION).fetchone()
    version, program = row or (0, "")
    if version > newest:
        raise ConfigError(
            "storage", f"database {connection.info.dbname} has schema version {version} (by ess_ray {program}), this "
            f"ess_ray {__version__} knows versions up to {newest}: update ess_ray here, or restore a backup from before"
        )  # fmt: skip
    return int(version)


def _check_rights(connection: DatabaseConnection, version: int) -> None:
    owner, allowed = _row(connection, MAY_CHANGE)
    if not allowed:
        raise ConfigError(
            "storage", f"database {connection.info.dbname} has schema version {version}, ess_ray {__version__} needs "
            f"version {MIGRATIONS[-1].version}, and role {connection.info.user} may not change the tables: start the "
            f"main job once as their owner, {owner}"
        )  # fmt: skip


def _row(connection: DatabaseConnection, query: LiteralString) -> tuple[object, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row
