"""Which rows of a flush the database refuses, found in transactions that are rolled back. Used by `postgres.writer`.

The search is by halving (`core.storing.rejects.sift`), each try behind a savepoint. No transaction of it searches more
than TRIAL_ROWS: in TimescaleDB every try that makes a chunk and is undone makes the next one of the same transaction
slower, so that 2,000 refused rows took 44 s, and 15,000 would take most of an hour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import psycopg

from ess_ray.adapters.postgres.connect import DatabaseConnection, concerns_row, server_message
from ess_ray.adapters.postgres.copy_rows import column_types, copy_rows
from ess_ray.core.storing.flush import Flush, TableRows
from ess_ray.core.storing.rejects import Piece, Rejection, pieces_of, row_json, sift

TRIAL_ROWS = 64

Search = tuple[TableRows, list[Piece]]
Refused = dict[str, list[tuple[Piece, psycopg.Error]]]  # by table, one row a piece


def find_refused(
    connection: DatabaseConnection, flush: Flush, begin: Callable[[psycopg.Cursor], None]
) -> Refused | None:
    """The rows that the database refuses; None if one of the samples is there already, by another writer.

    `begin` is given the cursor of each transaction before anything else. Empty if no row is refused alone. Raises
    psycopg's error if anything but a row is at fault.
    """
    searches = list(_searches(flush, TRIAL_ROWS))
    refused = _search_all(connection, flush, begin, searches)
    if refused or refused is None or len(searches) == 1:
        return refused
    everything = [search for searches_ in searches for search in searches_]  # rows that exclude each other
    return _search_all(connection, flush, begin, [everything])


def rejections(connection: DatabaseConnection, flush: Flush, refused: Refused) -> Iterator[Rejection]:
    """The rows as the table `rejected` has them; `flush` is the one that they were found in."""
    ascii_only = not connection.holds_every_text  # what is refused for its letters must not be refused there too
    for table in flush.tables:
        rows = refused.get(table.table, [])
        types = column_types(connection.cursor(), table.table) if rows else {}
        for piece, error in rows:
            data, reason = row_json(piece.data, table.columns, types, ascii_only), server_message(error)
            key = flush.keys[piece.sample]
            yield Rejection(key, table.table, data, error.sqlstate or "", connection.storable(reason))


def _searches(flush: Flush, most_rows: int) -> Iterator[list[Search]]:
    """The rows of all tables, in parts of about so many rows: one for each transaction."""
    part: list[Search] = []
    room = most_rows
    for table in flush.tables:
        pieces = [small for piece in pieces_of(table) for small in piece.cut(most_rows)]
        while pieces:
            taken, rows = 0, 0
            while taken < len(pieces) and (rows := rows + pieces[taken].rows) <= room:
                taken += 1
            if taken:
                part.append((table, pieces[:taken]))
                room -= sum(piece.rows for piece in pieces[:taken])
                del pieces[:taken]
            if pieces:
                yield part
                part, room = [], most_rows
    yield part


def _search_all(
    connection: DatabaseConnection,
    flush: Flush,
    begin: Callable[[psycopg.Cursor], None],
    parts: Sequence[Sequence[Search]],
) -> Refused | None:
    refused: Refused = {}
    for part in parts:
        with connection.transaction(force_rollback=True), connection.cursor() as cursor:
            begin(cursor)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or some would speak up at the commit only
            try:
                copy_rows(cursor, flush.samples)
            except psycopg.errors.UniqueViolation:
                return None
            for table, pieces in part:
                refused.setdefault(table.table, []).extend(sift(pieces, _trial(cursor, table)))
    return {table: rows for table, rows in refused.items() if rows}


def _trial(cursor: psycopg.Cursor, table: TableRows) -> Callable[[bytes], psycopg.Error | None]:
    """The `store` of `sift` for rows of `table`: returns the error about a row; other errors end the search."""

    def store(data: bytes) -> psycopg.Error | None:
        try:
            with cursor.connection.transaction():
                copy_rows(cursor, replace(table, data=data))
        except psycopg.Error as error:
            if not concerns_row(error):
                raise
            return error
        return None

    return store
