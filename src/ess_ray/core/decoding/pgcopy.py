"""Columns of values → PostgreSQL binary COPY tuples, without the file's header and trailer.

All rows are first written as wide as the widest could be, column by column into one buffer; bytes are cut out only of
rows that hold a NULL or a shorter text, so that a few gaps cost those rows and not the batch.

Format: PostgreSQL documentation, SQL command COPY, section "File Formats", "Binary Format", "Tuples": the number of
fields (int16), then of each field its length in bytes (int32, -1 for NULL) and its data, all big end first. The data
are what the type's `*_recv` function reads; of an array that is `array_recv` (src/backend/utils/adt/arrayfuncs.c):
number of dimensions, a flag that there are NULLs, the elements' OID; size and first index of the dimension; then of
each element length and data, as of a field.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np

from ess_ray.core.maps.column_types import ColumnType, TypeFamily, is_array, value_type

POSTGRES_EPOCH_US = 946_684_800_000_000  # 2000-01-01 UTC, in microseconds since 1970
NULL = -1  # length of a field that is NULL
ALL_NULL = np.dtype("V0")  # the data of fields that are NULL in all rows
COUNT_BYTES, LENGTH_BYTES = 2, 4  # before every tuple and before every field
ARRAY_HEADER_BYTES, ARRAY_DIMENSION_BYTES = 12, 8  # three int32; two


class ColumnValues(NamedTuple):
    """The values of a column: R rows, of an array column with at most E elements each.

    `values` are of the dtype of the column's type: text as UTF-8 (`S`), times in microseconds since 1970 UTC.
    """

    values: np.ndarray  # (R) or (R, E)
    null: np.ndarray | None = None  # bool as `values`: true where there is none, whatever is there; None: nowhere
    sizes: np.ndarray | None = None  # (R): the elements of each array, or NULL where there is no array; None: all E


class FieldColumns(NamedTuple):
    """Neighbouring columns of one type, as fields of equal width. R rows, C columns, N bytes of the widest field.

    N is `dtype.itemsize`, without the four bytes of a field's length. Of fields that are all NULL it is 0.
    """

    values: np.ndarray  # (R, C) of `dtype`
    dtype: np.dtype  # of a field's data, as wide as the widest
    lengths: np.ndarray | None = None  # (R, C): bytes of each field, or NULL; None: all are N, or all are NULL
    kept: np.ndarray | None = None  # (R, C, N) bool: the bytes that a field has; None: its first `lengths`


def encode(columns: Sequence[ColumnValues], column_types: Sequence[str]) -> tuple[bytes, np.ndarray]:
    """(tuples, byte offset of the end of each row) of columns with as many rows each; the offsets are (rows,) int64.

    No file header or trailer: the caller of COPY adds them. Row n is bytes [offsets[n - 1], offsets[n]), the first from
    0. Empty bytes and offsets for columns without rows.

    `column_types`: PostgreSQL's, one a column: float8, float4, int2, int4, int8, bool, timestamptz, text without NUL
    characters, and arrays of these but text (`int2[]`). Raises KeyError for another.
    """
    height = len(columns[0].values)
    if not height:
        return b"", np.zeros(0, np.int64)
    fields = [run for type_, array, span in _runs(tuple(column_types)) for run in _fields(type_, array, columns[span])]
    row_dtype, empty_row = _row(tuple((run.dtype, run.values.shape[1]) for run in fields))
    data = bytearray(empty_row) * height
    rows = np.frombuffer(data, row_dtype)
    uneven: np.ndarray | None = None
    for number, (values, dtype, lengths, _) in enumerate(fields):
        rows[f"{number}"]["data"] = values
        if lengths is not None:
            rows[f"{number}"]["length"] = lengths
            differs = (lengths != dtype.itemsize).any(1)
            uneven = differs if uneven is None else uneven | differs
    if uneven is not None and uneven.any():
        return _cut(rows, fields, uneven)
    return bytes(data), np.arange(1, height + 1) * row_dtype.itemsize


@lru_cache(maxsize=256)
def _runs(column_types: tuple[str, ...]) -> list[tuple[ColumnType, bool, slice]]:
    """Neighbouring columns of one type: of the values, whether they are arrays, and which columns."""
    runs, end = [], 0
    for name, run in groupby(column_types):
        start, end = end, end + len(list(run))
        runs.append((value_type(name), is_array(name), slice(start, end)))
    return runs


@lru_cache(maxsize=256)  # of a table they differ by the widths of its texts
def _row(fields: tuple[tuple[np.dtype, int], ...]) -> tuple[np.dtype, bytes]:
    """The dtype of a row, and a row with its lengths but without data. `fields`: (dtype of the data, columns)."""
    runs = [
        (f"{number}", [("length", ">i4"), ("data", dtype)], (columns,))
        for number, (dtype, columns) in enumerate(fields)
    ]
    row_dtype = np.dtype([("count", ">i2"), *runs])
    row = np.zeros(1, row_dtype)
    row["count"] = sum(columns for _, columns in fields)
    for (name, *_), (dtype, _) in zip(runs, fields, strict=True):
        row[name]["length"] = dtype.itemsize if dtype != ALL_NULL else NULL
    return row_dtype, row.tobytes()


def _cut(rows: np.ndarray, fields: Sequence[FieldColumns], uneven: np.ndarray) -> tuple[bytes, np.ndarray]:
    """The tuples and where each ends; out of the `uneven` rows the bytes are cut that their fields do not have."""
    row_bytes = rows.view(np.uint8).reshape(len(rows), rows.itemsize)
    kept = np.ones((np.count_nonzero(uneven), rows.itemsize), bool)
    end = COUNT_BYTES
    for values, dtype, lengths, of_field in fields:
        width = LENGTH_BYTES + dtype.itemsize
        start, end = end, end + values.shape[1] * width
        if lengths is not None:
            data = np.arange(dtype.itemsize) < lengths[uneven, :, None] if of_field is None else of_field[uneven]
            kept[:, start:end].reshape(len(kept), values.shape[1], width)[:, :, LENGTH_BYTES:] = data
    sizes = np.full(len(rows), rows.itemsize)
    sizes[uneven] = kept.sum(1)
    cut = row_bytes[uneven][kept].tobytes()
    offsets = np.append(0, sizes[uneven].cumsum())  # of the uneven rows in `cut`
    changes = [0, *(np.flatnonzero(uneven[1:] != uneven[:-1]) + 1).tolist(), len(rows)]
    pieces, done = [], 0
    for first, last in pairwise(changes):
        if uneven[first]:
            pieces.append(cut[offsets[done] : offsets[done + last - first]])
            done += last - first
        else:
            pieces.append(row_bytes[first:last].tobytes())
    return b"".join(pieces), sizes.cumsum()


def _fields(type_: ColumnType, array: bool, columns: Sequence[ColumnValues]) -> list[FieldColumns]:
    """Columns of one type: numbers together, texts and arrays, which have widths of their own, one by one."""
    if array:
        return [_array(column, type_) for column in columns]
    if type_.family is TypeFamily.TEXT:
        return [_text(column) for column in columns]
    values = np.concatenate([column.values for column in columns]).reshape(len(columns), -1)
    if type_.family is TypeFamily.TIME:
        values -= POSTGRES_EPOCH_US
    lengths = None
    for number, column in enumerate(columns):
        if column.null is not None and column.null.any():
            if lengths is None:
                lengths = np.full(values.shape, type_.dtype.itemsize)
            lengths[number, column.null] = NULL
    # Transposed, so that they are written row by row.
    return [FieldColumns(values.T, type_.copy_dtype, None if lengths is None else lengths.T)]


def _text(column: ColumnValues) -> FieldColumns:
    values, null = column.values[:, None], column.null
    if null is not None and null.all():
        return FieldColumns(np.zeros(values.shape, ALL_NULL), ALL_NULL)
    lengths = np.strings.str_len(values)
    if null is not None:
        lengths = np.where(null[:, None], NULL, lengths)
    return FieldColumns(values, values.dtype, None if (lengths == values.itemsize).all() else lengths)


def _array(column: ColumnValues, element: ColumnType) -> FieldColumns:
    rows, most = column.values.shape
    item = np.dtype([("length", ">i4"), ("data", element.copy_dtype)])
    dtype = np.dtype([("header", ">i4", 3), ("dimension", ">i4", 2), ("items", item, (most,))])
    values = np.zeros((rows, 1), dtype)
    values["header"] = (1, 0, element.oid)  # dimensions, has NULLs, type
    values["dimension"] = (most, 1)  # size, first index
    items = values["items"][:, 0]
    items["length"] = item["data"].itemsize
    items["data"] = column.values
    if column.sizes is None and (column.null is None or not column.null.any()):
        return FieldColumns(values, dtype)
    sizes = np.full(rows, most) if column.sizes is None else column.sizes
    filled = np.arange(most) < sizes[:, None]
    null = np.zeros(filled.shape, bool) if column.null is None else filled & column.null
    values["header"][:, 0, 0] = sizes > 0  # an empty array has no dimension
    values["header"][:, 0, 1] = null.any(1)
    values["dimension"][:, 0, 0] = sizes
    items["length"][null] = NULL
    kept = np.ones((rows, dtype.itemsize), bool)
    body = filled[:, :, None] & (~null[:, :, None] | (np.arange(item.itemsize) < LENGTH_BYTES))
    kept[:, ARRAY_HEADER_BYTES + ARRAY_DIMENSION_BYTES :] = body.reshape(rows, -1)
    kept[sizes < 1, ARRAY_HEADER_BYTES:] = False
    kept[sizes == NULL] = False
    lengths = np.where(sizes == NULL, NULL, kept.sum(1))
    return FieldColumns(values, dtype, lengths[:, None], kept[:, None])
