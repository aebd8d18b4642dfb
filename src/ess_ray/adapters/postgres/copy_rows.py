"""Rows into tables: by COPY those that are encoded already (PostgreSQL's manual, COPY, "Binary Format"), and events.

Used by `adapters.postgres.writer`. Errors: psycopg's.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import psycopg
from psycopg import sql

from ess_ray.adapters.postgres.connect import utc
from ess_ray.core.samples import Event
from ess_ray.core.storing.flush import TableRows

COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # signature, flags, length of the header extension
COPY_TRAILER = b"\xff\xff"
SMALL_BYTES = 1 << 16  # cheaper to copy in memory than to send in pieces
COLUMN_TYPES = """
SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"""
EVENTS = """
INSERT INTO event (time, site, device, kind, until, detail)
SELECT * FROM unnest(%s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::text[])
ON CONFLICT DO NOTHING"""


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


def insert_events(cursor: psycopg.Cursor, events: Sequence[Event]) -> None:
    """Store events in the cursor's transaction, less those whose (site, device, time, kind) is there already."""
    rows = [
        (
            utc(e.time_us), e.device.site, e.device.device, e.kind,
            None if e.until_us is None else utc(e.until_us), e.detail,
        )
        for e in events
    ]  # fmt: skip
    cursor.execute(EVENTS, [list(column) for column in zip(*rows, strict=True)])


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
