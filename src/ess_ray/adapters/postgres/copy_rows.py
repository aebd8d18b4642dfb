"""COPY of rows that are encoded already: PostgreSQL's manual, COPY, "Binary Format".

Used by `adapters.postgres.writer`. Errors: psycopg's.
"""

from __future__ import annotations

from functools import cache

import psycopg
from psycopg import sql

from ess_ray.core.storing.flush import TableRows

COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # signature, flags, length of the header extension
COPY_TRAILER = b"\xff\xff"
SMALL_BYTES = 1 << 16  # cheaper to copy in memory than to send in pieces
COLUMN_TYPES = """
SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"""


def copy_rows(cursor: psycopg.Cursor, rows: TableRows) -> None:
    """Store all the rows by COPY … FROM STDIN, in the cursor's transaction, which the caller commits.

    Without rows nothing is sent. After an error the transaction, or its innermost savepoint, is lost.
    """
    if not rows.data:
        return
    with cursor.copy(_copy_statement(rows.table, rows.columns)) as copy:
        if len(rows.data) < SMALL_BYTES:
            copy.write(COPY_HEADER + rows.data + COPY_TRAILER)
            return
        copy.write(COPY_HEADER)
        copy.write(rows.data)
        copy.write(COPY_TRAILER)


@cache
def _copy_statement(table: str, columns: tuple[str, ...]) -> bytes:
    """The statement, kept: composing it takes longer than copying a few rows."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(sql.Identifier(table), names)
    return statement.as_bytes()


def column_types(cursor: psycopg.Cursor, table: str) -> dict[str, str]:
    """Column → type of a table in the database, as format_type() names it: `double precision`, `smallint[]`.

    Empty if there is no such table. `table` has no schema: the search_path decides.
    """
    name = sql.Identifier(table).as_string(cursor)
    return dict(cursor.execute(COLUMN_TYPES, [name]).fetchall())
