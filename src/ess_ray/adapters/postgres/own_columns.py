"""What columns of the user's own mean, kept in the database as comments: psql shows them, and they outlive their map.

A column stays when its map goes, and so do its rows of days that are not exported yet, or that are restored or reported
later. Its type and its table's identity are those of the table; unit and meaning are the comment `MEANING [UNIT]`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import psycopg
from psycopg import sql

from ess_ray.adapters.postgres.connect import connect, translated
from ess_ray.core.maps.column_types import STANDARD_TYPES, TYPES, Column
from ess_ray.core.maps.own_columns import with_others
from ess_ray.core.maps.standard import RESERVED_COLUMNS, Standard, Table

PLACE = "the database"
READ_LIMIT_S = 60.0
COMMENT = re.compile(r"(?P<meaning>.*?)(?: \[(?P<unit>[^][]*)\])?", re.DOTALL)
# Of tables that have the columns of every data table, all columns: the identity has no comments.
COMMENTED = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, col_description(c.oid, a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid) AND (
    SELECT count(*) = cardinality(%(each)s::text[]) FROM pg_attribute o
    WHERE o.attrelid = c.oid AND NOT o.attisdropped AND o.attname = ANY (%(each)s::text[]))
ORDER BY c.relname, a.attnum"""
BY_SQL_NAME = {type_.sql_name: name for name, type_ in TYPES.items()}


def describe(connection: psycopg.Connection, own: Mapping[str, Table]) -> list[str]:
    """Comment the columns of `own`, which are there, in the transaction of the connection; gives notes for a person.

    What says so already is left alone; a role that does not own the tables leaves all as it is.
    """
    if not own:
        return []
    notes, known = [], described(connection)
    for table in own.values():
        before = known[table.name].columns if table.name in known else {}
        for column in table.columns.values():
            text = _text(column)
            if column.name in before and _text(before[column.name]) == text:
                continue
            if column.name in before and before[column.name].unit != column.unit:
                was = before[column.name].unit
                notes.append(
                    f"{table.name}.{column.name} has the unit {column.unit!r} in {column.place}, and had {was!r} until "
                    "now: unless that was a mistake, give the new values a column of another name"
                )
            try:
                with connection.transaction():
                    connection.execute(
                        sql.SQL("COMMENT ON COLUMN {}.{} IS {}").format(
                            sql.Identifier(table.name), sql.Identifier(column.name), sql.Literal(text)
                        )
                    )
            except psycopg.errors.InsufficientPrivilege:
                return notes
    return notes


def described(connection: psycopg.Connection) -> dict[str, Table]:
    """The columns that have a comment, by table, and the identity of these tables; of any role that may connect."""
    identities: dict[str, list[str]] = {}
    columns: dict[str, dict[str, Column]] = {}
    for table, name, sql_type, required, comment in connection.execute(COMMENTED, {"each": [*RESERVED_COLUMNS]}):
        array = "[]" if sql_type.endswith("[]") else ""
        type_ = BY_SQL_NAME.get(sql_type.removesuffix("[]"), "") + array
        if required and name not in RESERVED_COLUMNS:
            identities.setdefault(table, []).append(name)
        elif comment is not None and type_ in STANDARD_TYPES and (match := COMMENT.fullmatch(comment)):
            column = Column(name, type_, match["unit"] or "", match["meaning"], place=PLACE)
            columns.setdefault(table, {})[name] = column
    return {table: Table(table, tuple(identities.get(table, ())), of) for table, of in columns.items()}


def remembering(connection: psycopg.Connection, standard: Standard) -> Standard:
    """The standard with the columns that only the database knows any more, behind its own."""
    return with_others(standard, described(connection))


def read_remembered(dsn: str, standard: Standard) -> Standard:
    """`remembering` of the database at `dsn`. Raises DatabaseUnavailable, DatabaseRefused."""
    with translated("reading which columns there are"), connect(dsn, READ_LIMIT_S) as connection:
        return remembering(connection, standard)


def _text(column: Column) -> str:
    """The comment: with the unit, and with an empty one where the text would be read otherwise or be no comment."""
    plain = column.meaning and not column.unit and not column.meaning.endswith("]")
    return column.meaning if plain else f"{column.meaning} [{column.unit}]"
