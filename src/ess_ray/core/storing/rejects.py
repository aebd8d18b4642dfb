"""Rows that the database refuses for good: how they are found, taken out of their flush, and written for people.

Pure: `adapters.postgres.writer` gives the attempt to store. A row is identified by its table, the index of its sample
in the flush and its index among the sample's rows. Tuples are those of PostgreSQL's binary COPY (manual, COPY, "Binary
Format"): the number of fields (int16), then of each field the length (int32, -1 for NULL) and the bytes, big end first.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import TypeVar

import numpy as np

from ess_ray.core.maps.column_types import TYPES, TypeFamily
from ess_ray.core.reasons import Reason
from ess_ray.core.samples import Status
from ess_ray.core.storing.flush import Flush, Key, TableRows, rejoined, rows_by_sample

TYPES_BY_SQL_NAME = {type_.sql_name: type_ for type_ in TYPES.values()}
POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
# Bytes of an array as array_send() of PostgreSQL's arrayfuncs.c has it: dimensions, has NULLs, element type; and of
# each dimension size and lower bound.
ARRAY_HEADER, ARRAY_DIMENSION = 12, 8

Fields = list[bytes | None]
Refusal = TypeVar("Refusal")


@dataclass(frozen=True, slots=True)
class Piece:
    """Neighbouring rows of one sample: `sample` is its index in the flush, `row` the first row's in the sample."""

    sample: int
    row: int
    data: bytes
    rows: int = 1

    def cut(self, most: int) -> list[Piece]:
        """The same rows in pieces of at most so many."""
        if self.rows <= most:
            return [self]
        rows = split_rows(self.data)
        return [
            Piece(self.sample, self.row + start, b"".join(part), len(part))
            for start in range(0, len(rows), most)
            if (part := rows[start : start + most])
        ]


@dataclass(frozen=True, slots=True)
class Rejection:
    """A refused row as table `rejected` has it: `row_data` is JSON, column → value, `reason` the server's message."""

    key: Key
    table: str
    row_data: str
    sqlstate: str
    reason: str


def sift(pieces: Sequence[Piece], store: Callable[[bytes], Refusal | None]) -> list[tuple[Piece, Refusal]]:
    """The single rows that `store` refuses, with its refusal each, found by halving; `pieces` are of one table.

    `store` is given COPY tuples: it stores all of them and returns None, or stores none and returns why. No row that it
    stored is given to it again.
    """
    if not pieces or (refusal := store(b"".join(piece.data for piece in pieces))) is None:
        return []
    if len(pieces) == 1:
        (piece,) = pieces
        if piece.rows == 1:
            return [(piece, refusal)]
        pieces = piece.cut(1)
    half = len(pieces) // 2
    return sift(pieces[:half], store) + sift(pieces[half:], store)


def pieces_of(rows: TableRows) -> list[Piece]:
    """One piece a sample, with all its rows; samples without rows are left out."""
    by_sample = zip(rows_by_sample(rows), rows.rows, strict=True)
    return [Piece(sample, 0, data, count) for sample, (data, count) in enumerate(by_sample) if data]


def without_rows(flush: Flush, refused: Mapping[str, Collection[Piece]]) -> tuple[Flush, dict[Key, Status]]:
    """`flush` less the `refused` rows, and the new status of the samples that lost some: partial, or failed if all.

    `refused`: by name of the data table, one row a piece, as `sift` gives them. The rows of these samples in table
    `sample` get the new status too, with reason `rejected`.
    """
    tables = tuple(_without_pieces(table, refused.get(table.table, ())) for table in flush.tables)
    demoted = {}
    for sample in {piece.sample for pieces in refused.values() for piece in pieces}:
        left = any(table.rows[sample] for table in tables)
        demoted[sample] = Status.PARTIAL if left else Status.FAILED
    samples = rows_by_sample(flush.samples)
    for sample, status in demoted.items():
        samples[sample] = _with_status(samples[sample], flush.samples.columns, status)
    cleaned = replace(flush, samples=rejoined(flush.samples, samples, flush.samples.rows), tables=tables)
    return cleaned, {flush.keys[sample]: status for sample, status in demoted.items()}


def _without_pieces(table: TableRows, refused: Collection[Piece]) -> TableRows:
    taken_out = {(piece.sample, piece.row) for piece in refused}
    pieces, counts = rows_by_sample(table), list(table.rows)
    for sample in {sample for sample, _ in taken_out}:
        stay = [row for index, row in enumerate(split_rows(pieces[sample])) if (sample, index) not in taken_out]
        pieces[sample], counts[sample] = b"".join(stay), len(stay)
    return rejoined(table, pieces, counts)


def _with_status(row: bytes, columns: Sequence[str], status: Status) -> bytes:
    fields = split_fields(row)
    fields[columns.index("status")] = status.encode()
    fields[columns.index("reason")] = Reason.REJECTED.encode()
    lengths = [struct.pack(">i", -1 if field is None else len(field)) + (field or b"") for field in fields]
    return struct.pack(">h", len(fields)) + b"".join(lengths)


def split_rows(data: bytes) -> list[bytes]:
    """COPY tuples that lie one behind the other, cut apart. Raises struct.error if the last one is cut off."""
    rows, start = [], 0
    while start < len(data):
        end = start + 2
        for _ in range(struct.unpack_from(">h", data, start)[0]):
            end += 4 + max(0, struct.unpack_from(">i", data, end)[0])
        rows.append(data[start:end])
        start = end
    return rows


def split_fields(row: bytes) -> Fields:
    """The fields of one COPY tuple as bytes; None is NULL."""
    fields: Fields = []
    at = 2
    while at < len(row):
        (length,) = struct.unpack_from(">i", row, at)
        at += 4
        fields.append(None if length < 0 else row[at : at + length])
        at += max(0, length)
    return fields


def row_json(row: bytes, columns: Sequence[str], types: Mapping[str, str], ascii_only: bool = False) -> str:
    """One COPY tuple as JSON, column → value; `types` by column, as the server's format_type() names them.

    Times are ISO 8601 in UTC. Floats that JSON does not have are text: "nan", "inf". So are, in hexadecimal digits
    behind \\x, bytes that are no value of their column's type. `ascii_only`: other letters become \\u and digits.
    """
    values = zip(columns, split_fields(row), strict=True)
    return json.dumps({name: _value(field, types.get(name, "")) for name, field in values}, ensure_ascii=ascii_only)


def _value(field: bytes | None, sql_type: str) -> object:
    if field is None:
        return None
    try:
        return _array(field, sql_type.removesuffix("[]")) if sql_type.endswith("[]") else _scalar(field, sql_type)
    except (struct.error, ValueError, OverflowError):  # of another length, no UTF-8, a time beyond year 9999
        return "\\x" + field.hex()


def _scalar(field: bytes, sql_type: str) -> object:
    type_ = TYPES_BY_SQL_NAME.get(sql_type)
    if type_ is None or type_.family is TypeFamily.OWN:
        raise ValueError(sql_type)
    if type_.family is TypeFamily.TEXT:
        return field.decode()
    if len(field) != type_.copy_dtype.itemsize:
        raise ValueError(field)
    value = np.frombuffer(field, type_.copy_dtype)[0].item()
    if type_.family is TypeFamily.TIME:
        return (POSTGRES_EPOCH + timedelta(microseconds=value)).isoformat()
    return value if isfinite(value) else str(value)


def _array(field: bytes, sql_type: str) -> object:
    dimensions, _, _ = struct.unpack_from(">iii", field)
    values: list[object] = []
    at = ARRAY_HEADER + ARRAY_DIMENSION * dimensions
    while at < len(field):
        (length,) = struct.unpack_from(">i", field, at)
        at += 4
        values.append(None if length < 0 else _scalar(field[at : at + length], sql_type))
        at += max(0, length)
    return values
