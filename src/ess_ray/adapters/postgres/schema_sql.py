"""The tables as SQL, made from the data standard: nothing here talks to a database.

`adapters.postgres.schema` runs the statements. Errors: `ConfigError` with key `table NAME`.
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
class ColumnSql:
    """A column of the database: its type (a key of TYPES, with `[]` for an array), NOT NULL or not, its default."""

    type: str
    required: bool = False  # NOT NULL
    default: str = ""  # SQL, constants of this module only


@dataclass(frozen=True, slots=True)
class Relation:
    """A table as it should be. `identity`: the columns that, with `time`, tell its rows apart; none: no time series."""

    name: str
    columns: Mapping[str, ColumnSql]  # by name, in the table's order
    identity: tuple[str, ...] = ()
    constraints: str = ""  # SQL behind the columns, constants of this module only
    unique_index: str = ""  # SQL behind ON table, likewise
    index: str = ""  # likewise


TEXT, TIME = ColumnSql("text", required=True), ColumnSql("timestamptz", required=True)


def _columns_sql(columns: Iterable[Column]) -> dict[str, ColumnSql]:
    return {column.name: ColumnSql(column.type, column.required) for column in columns}


SAMPLE = Relation(
    "sample",
    # Who wrote it: each transaction of a writer says so itself, and the rows need not carry it.
    _columns_sql(fixed_columns.SAMPLE)
    | {"collector": ColumnSql("text", default="nullif(current_setting('ess_ray.collector', true), '')")},
    identity=("site", "device"),
    constraints=", PRIMARY KEY (site, device, time), CHECK (status IN ('stored', 'partial', 'failed'))",
)
DEVICE = Relation(
    "device",
    {
        "site": TEXT, "device": TEXT, "map": TEXT, "map_hash": TEXT, "period_s": ColumnSql("float8", required=True),
        "phase_s": ColumnSql("float8", required=True), "valid_from": TIME, "valid_to": ColumnSql("timestamptz"),
        "delivers": ColumnSql("text"),  # JSON: the columns that its map delivers, by table, and periods of their own
        "timezone": ColumnSql("text"),  # of its site: where its days begin and end
        "collector": ColumnSql("text"),  # that polls it, and alone closes the row
    },
    unique_index="(site, device) WHERE valid_to IS NULL",
)  # fmt: skip
EVENT = Relation(
    "event",
    _columns_sql(fixed_columns.EVENT),
    identity=("site", "device", "kind"),
    constraints=", PRIMARY KEY (site, device, time, kind)",
)
REJECTED = Relation(
    "rejected",
    _columns_sql(fixed_columns.REJECTED),
)
# One row, whatever happens: a journal belongs to it.
IDENTITY = Relation("database_identity", {"id": TEXT}, unique_index="((true))")
# The steps that made the tables what they are, see `adapters.postgres.migrations`.
SCHEMA_VERSION = Relation(
    "schema_version",
    {"version": ColumnSql("int4", required=True), "name": TEXT, "program": TEXT, "applied_at": TIME},
    constraints=", PRIMARY KEY (version)",
)
# For the daily export (docs/decisions/003): up to where each site's days have been read, the commits that touched what
# had been read, and what was exported.
NUMBER, TRUTH = ColumnSql("int8", required=True), ColumnSql("bool", required=True)
EXPORT_UNTIL = Relation("export_until", {"site": TEXT, "until": TIME}, constraints=", PRIMARY KEY (site)")
LATE_COMMIT = Relation(
    "late_commit",
    {
        "xid": ColumnSql("xid8", required=True, default="pg_current_xact_id()"),
        # Transactions of one cluster mean nothing in another that the data were restored to.
        "cluster": ColumnSql("int8", required=True, default="(pg_control_system()).system_identifier"),
        "site": TEXT, "tables": ColumnSql("text[]", required=True), "first": TIME, "last": TIME,
    },
    index="(site, last)",
)  # fmt: skip
EXPORT_OBJECT = Relation(
    "export_object",
    {
        "site": TEXT, "table_name": TEXT, "day": ColumnSql("date", required=True), "form": TEXT, "place": TEXT,
        "name": TEXT, "generation": NUMBER, "bytes": NUMBER, "crc32c": NUMBER, "content_crc32c": NUMBER, "rows": NUMBER,
        "first": ColumnSql("timestamptz"), "last": ColumnSql("timestamptz"), "mark": TEXT, "schema_hash": TEXT,
        "version": TEXT, "exported_at": TIME, "starts": TIME, "ends": TIME, "dropped": TRUTH,
    },
    constraints=", PRIMARY KEY (site, table_name, day, form, place)",
)  # fmt: skip
BOOKKEEPING = (SAMPLE, EVENT, DEVICE, REJECTED, IDENTITY, SCHEMA_VERSION, EXPORT_UNTIL, LATE_COMMIT, EXPORT_OBJECT)


def relations(standard: Standard) -> tuple[Relation, ...]:
    """Every table: ess_ray's own, then the standard's. Raises ConfigError if one of the latter has a taken name."""
    tables = tuple(_of(table) for table in standard.tables.values())
    for table in tables:
        if table.name in {relation.name for relation in BOOKKEEPING}:
            raise ConfigError(f"table {table.name}", "the name is taken by ess_ray's own book-keeping; choose another")
    return (*BOOKKEEPING, *tables)


def _of(table: Table) -> Relation:
    fields = _columns_sql((*fixed_columns.leading_columns(table.identity), *table.columns.values()))
    return Relation(table.name, fields, identity=("site", "device", *table.identity))


def type_name(relation: Relation, column: str) -> str:
    """A column's type as format_type() names it (`double precision`), which is also safe to put into a statement.

    `column`: a key of `relation.columns`. Raises ConfigError for a type that the standard does not have.
    """
    written = relation.columns[column].type
    if written.removesuffix("[]") not in TYPES:
        raise ConfigError(
            f"table {relation.name}", f"column {column} has type {written!r}; expected one of {', '.join(TYPES)}, or []"
        )
    return value_type(written).sql_name + ("[]" if is_array(written) else "")


def missing_columns(relation: Relation, existing: Mapping[str, tuple[str, bool]]) -> tuple[str, ...]:
    """The names of the columns to add to a table that exists already, in the relation's order; () if none.

    `existing`: its columns, name → (type as format_type() names it, True if an insert has to give it a value). Raises
    ConfigError for what adding cannot mend: another type, or another identity.
    """
    key = f"table {relation.name}"
    for column in relation.columns.keys() & existing.keys():
        expected, (actual, _) = type_name(relation, column), existing[column]
        if actual != expected:
            raise ConfigError(
                key, f"column {column} is {actual}, expected {expected}; alter it or rename the table (a column of "
                "your own can get another name, or, with `type`, the type that it has there)"
            )  # fmt: skip
    for column, (actual, needed) in existing.items():
        if needed and column not in relation.columns:
            raise ConfigError(
                key, f"column {column} ({actual}) may not be NULL, and the standard has no such column: "
                f"expected the identity {_listed(relation.identity)}; rename the table or change the standard"
            )  # fmt: skip
    missing = tuple(column for column in relation.columns if column not in existing)
    for column in missing:
        if relation.columns[column].required:
            raise ConfigError(
                key, f"column {column} ({type_name(relation, column)} NOT NULL) is not there, and rows that exist "
                "cannot be given one; rename the table or change the standard"
            )  # fmt: skip
    return missing


def create(relation: Relation) -> list[sql.Composed]:
    """CREATE TABLE, then CREATE INDEX if it needs one besides its primary key; for a table that does not exist."""
    table = sql.Identifier(relation.name)
    columns = sql.SQL(", ").join(_column(relation, column) + _default(relation, column) for column in relation.columns)
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
    """ALTER TABLE … ADD COLUMN for one of `missing_columns`, to be run in order.

    A default is a second statement: TimescaleDB adds none to compressed hypertables.
    """
    table, added = sql.Identifier(relation.name), relation.columns[column]
    statements = [sql.SQL("ALTER TABLE {} ADD COLUMN {}").format(table, _column(relation, column))]
    if added.default:
        alter = sql.SQL("ALTER TABLE {} ALTER COLUMN {} SET DEFAULT {}")
        statements += [alter.format(table, sql.Identifier(column), sql.SQL(added.default))]
    return statements


def enable_compression(relation: Relation) -> sql.Composed:
    """ALTER TABLE … SET (timescaledb.compress, …): a segment an identity, newest first.

    For a hypertable with an identity. A series of one bank, rack or module then reads as a run of complete batches.
    TimescaleDB's documentation, "ALTER TABLE (Compression)".
    """
    return sql.SQL(
        "ALTER TABLE {} SET (timescaledb.compress, timescaledb.compress_segmentby = {}, "
        "timescaledb.compress_orderby = 'time DESC')"
    ).format(sql.Identifier(relation.name), sql.Literal(_listed(relation.identity)))


def _column(relation: Relation, column: str) -> sql.Composed:
    required = sql.SQL(" NOT NULL" if relation.columns[column].required else "")
    return sql.SQL("{} {}{}").format(sql.Identifier(column), sql.SQL(type_name(relation, column)), required)


def _default(relation: Relation, column: str) -> sql.Composed:
    default = relation.columns[column].default
    return sql.SQL(" DEFAULT {}" if default else "").format(sql.SQL(default))


def _listed(columns: tuple[str, ...]) -> str:
    return ", ".join(sql.Identifier(column).as_string(None) for column in columns)
