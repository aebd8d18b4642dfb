"""The tables as SQL, made from the data standard: nothing here talks to a database.

`prepare` (adapters.schema) runs the statements. Errors: `ConfigError` with key `table NAME`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from psycopg import sql

from ess_ray.core.errors import ConfigError
from ess_ray.core.maps import fixed_columns
from ess_ray.core.maps.column_types import TYPES, Column, is_array, value_type
from ess_ray.core.maps.standard import Standard, Table


@dataclass(frozen=True, slots=True)
class Field:
    """A column; `required` is NOT NULL."""

    type: str
    required: bool = False
    default: str = ""  # SQL, constants of this module only


@dataclass(frozen=True, slots=True)
class Relation:
    """A table as it should be. `identity`: what one row a tick belongs to; without one it is no time series."""

    name: str
    fields: Mapping[str, Field]
    identity: tuple[str, ...] = ()
    constraints: str = ""  # SQL behind the columns, constants of this module only
    unique_index: str = ""  # SQL behind ON table, likewise
    index: str = ""  # likewise


TEXT, TIME = Field("text", required=True), Field("timestamptz", required=True)


def _fields(columns: Iterable[Column]) -> dict[str, Field]:
    return {column.name: Field(column.type, column.required) for column in columns}


SAMPLE = Relation(
    "sample",
    # Who wrote it: each transaction of a writer says so itself, and the rows need not carry it.
    _fields(fixed_columns.SAMPLE)
    | {"collector": Field("text", default="nullif(current_setting('ess_ray.collector', true), '')")},
    identity=("site", "device"),
    constraints=", PRIMARY KEY (site, device, time), CHECK (status IN ('stored', 'partial', 'failed'))",
)
DEVICE = Relation(
    "device",
    {
        "site": TEXT, "device": TEXT, "map": TEXT, "map_hash": TEXT, "period_s": Field("float8", required=True),
        "phase_s": Field("float8", required=True), "valid_from": TIME, "valid_to": Field("timestamptz"),
        "delivers": Field("text"),  # JSON: the columns that its map delivers, by table
    },
    unique_index="(site, device) WHERE valid_to IS NULL",
)  # fmt: skip
EVENT = Relation(
    "event",
    _fields(fixed_columns.EVENT),
    identity=("site", "device", "kind"),
    constraints=", PRIMARY KEY (site, device, time, kind)",
)
REJECTED = Relation(
    "rejected",
    {
        "time": TIME, "site": TEXT, "device": TEXT, "table_name": TEXT, "row_data": TEXT, "sqlstate": TEXT,
        "reason": TEXT, "rejected_at": TIME,
    },
)  # fmt: skip
# One row, whatever happens: a journal belongs to it.
IDENTITY = Relation("database_identity", {"id": TEXT}, unique_index="((true))")
# For the daily export (docs/decisions/003): up to where each site's days have been read, the commits that touched what
# had been read, and what was exported.
NUMBER, TRUTH = Field("int8", required=True), Field("bool", required=True)
EXPORT_UNTIL = Relation("export_until", {"site": TEXT, "until": TIME}, constraints=", PRIMARY KEY (site)")
LATE_COMMIT = Relation(
    "late_commit",
    {
        "xid": Field("xid8", required=True, default="pg_current_xact_id()"),
        # Transactions of one cluster mean nothing in another that the data were restored to.
        "cluster": Field("int8", required=True, default="(pg_control_system()).system_identifier"),
        "site": TEXT, "tables": Field("text[]", required=True), "first": TIME, "last": TIME,
    },
    index="(site, last)",
)  # fmt: skip
EXPORT_OBJECT = Relation(
    "export_object",
    {
        "site": TEXT, "table_name": TEXT, "day": Field("date", required=True), "form": TEXT, "place": TEXT,
        "name": TEXT, "generation": NUMBER, "bytes": NUMBER, "crc32c": NUMBER, "content_crc32c": NUMBER,
        "rows": NUMBER, "first": Field("timestamptz"), "last": Field("timestamptz"), "mark": TEXT, "schema_hash": TEXT,
        "version": TEXT, "exported_at": TIME, "starts": TIME, "ends": TIME, "dropped": TRUTH,
    },
    constraints=", PRIMARY KEY (site, table_name, day, form, place)",
)  # fmt: skip
BOOKS = (SAMPLE, EVENT, DEVICE, REJECTED, IDENTITY, EXPORT_UNTIL, LATE_COMMIT, EXPORT_OBJECT)


def relations(standard: Standard) -> tuple[Relation, ...]:
    """All tables: the books, then the standard's."""
    tables = tuple(_of(table) for table in standard.tables.values())
    for table in tables:
        if table.name in {book.name for book in BOOKS}:
            raise ConfigError(f"table {table.name}", "the name is taken by ess_ray's own book-keeping; choose another")
    return (*BOOKS, *tables)


def _of(table: Table) -> Relation:
    fields = _fields((*fixed_columns.leading_columns(table.identity), *table.columns.values()))
    return Relation(table.name, fields, identity=("site", "device", *table.identity))


def type_name(relation: Relation, column: str) -> str:
    """The column's type as the server spells it, which is also safe to put into a statement."""
    written = relation.fields[column].type
    if written.removesuffix("[]") not in TYPES:
        raise ConfigError(
            f"table {relation.name}", f"column {column} has type {written!r}; expected one of {', '.join(TYPES)}, or []"
        )
    return value_type(written).sql_name + ("[]" if is_array(written) else "")


def missing_columns(relation: Relation, found: Mapping[str, tuple[str, bool]]) -> tuple[str, ...]:
    """Columns to add to the existing table; `found`: name → (type, whether an insert has to give it a value).

    Raises `ConfigError` for what adding cannot mend: another type, or another identity.
    """
    key = f"table {relation.name}"
    for column in relation.fields.keys() & found.keys():
        expected, (actual, _) = type_name(relation, column), found[column]
        if actual != expected:
            raise ConfigError(key, f"column {column} is {actual}, expected {expected}; alter it or rename the table")
    for column, (actual, needed) in found.items():
        if needed and column not in relation.fields:
            raise ConfigError(
                key, f"column {column} ({actual}) may not be NULL, and the standard has no such column: "
                f"expected the identity {_listed(relation.identity)}; rename the table or change the standard"
            )  # fmt: skip
    missing = tuple(column for column in relation.fields if column not in found)
    for column in missing:
        if relation.fields[column].required:
            raise ConfigError(
                key, f"column {column} ({type_name(relation, column)} NOT NULL) is not there, and rows that exist "
                "cannot be given one; rename the table or change the standard"
            )  # fmt: skip
    return missing


def create(relation: Relation) -> list[sql.Composed]:
    """CREATE TABLE and its index."""
    table = sql.Identifier(relation.name)
    columns = sql.SQL(", ").join(_column(relation, column) + _default(relation, column) for column in relation.fields)
    statements = [sql.SQL("CREATE TABLE {} ({}{})").format(table, columns, sql.SQL(relation.constraints))]
    if relation.unique_index:
        statements += [sql.SQL("CREATE UNIQUE INDEX ON {} {}").format(table, sql.SQL(relation.unique_index))]
    elif relation.index:
        statements += [sql.SQL("CREATE INDEX ON {} {}").format(table, sql.SQL(relation.index))]
    elif relation.identity and not relation.constraints:
        by = sql.SQL("CREATE INDEX ON {} ({}, time DESC)")
        statements += [by.format(table, sql.SQL(", ").join(map(sql.Identifier, relation.identity)))]
    return statements


def add_column(relation: Relation, column: str) -> list[sql.Composed]:
    """ALTER TABLE … ADD COLUMN. A default comes after it: TimescaleDB adds none to compressed hypertables."""
    table, field = sql.Identifier(relation.name), relation.fields[column]
    statements = [sql.SQL("ALTER TABLE {} ADD COLUMN {}").format(table, _column(relation, column))]
    if field.default:
        alter = sql.SQL("ALTER TABLE {} ALTER COLUMN {} SET DEFAULT {}")
        statements += [alter.format(table, sql.Identifier(column), sql.SQL(field.default))]
    return statements


def enable_compression(relation: Relation) -> sql.Composed:
    """One segment a device part, newest first: a series reads as a run of whole batches."""
    return sql.SQL(
        "ALTER TABLE {} SET (timescaledb.compress, timescaledb.compress_segmentby = {}, "
        "timescaledb.compress_orderby = 'time DESC')"
    ).format(sql.Identifier(relation.name), sql.Literal(_listed(relation.identity)))


def _column(relation: Relation, column: str) -> sql.Composed:
    required = sql.SQL(" NOT NULL" if relation.fields[column].required else "")
    return sql.SQL("{} {}{}").format(sql.Identifier(column), sql.SQL(type_name(relation, column)), required)


def _default(relation: Relation, column: str) -> sql.Composed:
    default = relation.fields[column].default
    return sql.SQL(" DEFAULT {}" if default else "").format(sql.SQL(default))


def _listed(columns: tuple[str, ...]) -> str:
    return ", ".join(sql.Identifier(column).as_string(None) for column in columns)
