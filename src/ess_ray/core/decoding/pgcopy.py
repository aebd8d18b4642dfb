"""Frames → PostgreSQL binary COPY tuples, without the file's header and trailer.

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
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import polars as pl

from ess_ray.core.maps.column_types import ColumnType, TypeFamily, is_array, value_type

POSTGRES_EPOCH_US = 946_684_800_000_000  # 2000-01-01 UTC, in microseconds since 1970
NULL = -1  # length of a field that is NULL
COUNT_BYTES, LENGTH_BYTES = 2, 4  # before every tuple and before every field
ARRAY_HEADER_BYTES, ARRAY_DIMENSION_BYTES = 12, 8  # three int32; two


class FieldColumns(NamedTuple):
    """Neighbouring columns of one type, as fields of equal width. R rows, C columns, N bytes of the widest field.

    N is `dtype.itemsize`, without the four bytes of a field's length.
    """

    values: np.ndarray  # (R, C) of `dtype`
    dtype: np.dtype  # of a field's data, as wide as the widest
    lengths: np.ndarray | None = None  # (R, C): bytes of each field, or NULL; None: all are N
    kept: np.ndarray | None = None  # (R, C, N) bool: the bytes that a field has; None: its first `lengths`


def encode(frame: pl.DataFrame, column_types: Sequence[str]) -> tuple[bytes, np.ndarray]:
    """(tuples, byte offset of the end of each row) of `frame`; the offsets are (rows,) int64.

    No file header or trailer: the caller of COPY adds them. Row n is bytes [offsets[n - 1], offsets[n]), the first from
    0. Empty bytes and offsets for a frame without rows.

    `column_types`: PostgreSQL's, one a column: float8, float4, int2, int4, int8, bool, timestamptz (pl.Datetime in us),
    text without NUL characters, and arrays of these but text (`int2[]`), as pl.Array or pl.List. Raises KeyError for
    another.
    """
    if not frame.height:
        return b"", np.zeros(0, np.int64)
    columns = zip(column_types, frame.get_columns(), strict=True)
    runs = [_fields(name, [series for _, series in run]) for name, run in groupby(columns, key=itemgetter(0))]
    fields = [columns for run in runs for columns in run]
    row_dtype, empty_row = _row(tuple((columns.dtype, columns.values.shape[1]) for columns in fields))
    data = bytearray(empty_row) * frame.height
    rows = np.frombuffer(data, row_dtype)
    uneven = np.zeros(frame.height, bool)
    for number, (values, dtype, lengths, _) in enumerate(fields):
        rows[f"{number}"]["data"] = values
        if lengths is not None:
            rows[f"{number}"]["length"] = lengths
            uneven |= (lengths != dtype.itemsize).any(1)
    if uneven.any():
        return _cut(rows, fields, uneven)
    return bytes(data), np.arange(1, frame.height + 1) * row_dtype.itemsize


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
        row[name]["length"] = dtype.itemsize
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


def _fields(type_name: str, columns: list[pl.Series]) -> list[FieldColumns]:
    """Columns of one type: numbers together, texts and arrays, which have widths of their own, one by one."""
    type_ = value_type(type_name)
    if is_array(type_name):
        return [_array(series, type_) for series in columns]
    if type_.family is TypeFamily.TEXT:
        return [_text(series) for series in columns]
    if type_.family is TypeFamily.TIME:
        columns = [series.to_physical() - POSTGRES_EPOCH_US for series in columns]
    return [_numbers(columns, type_.copy_dtype)]


def _numbers(columns: list[pl.Series], dtype: np.dtype) -> FieldColumns:
    lengths = None
    if any(series.null_count() for series in columns):
        frame = pl.DataFrame(columns)
        lengths = np.where(frame.select(pl.all().is_null()).to_numpy(), NULL, dtype.itemsize)
        columns = frame.fill_null(strategy="zero").get_columns()
    # Transposed, so that they are written row by row.
    return FieldColumns(np.stack([series.to_numpy() for series in columns]).T, dtype, lengths)


def _text(series: pl.Series) -> FieldColumns:
    if series.null_count() == len(series):
        values = np.zeros((len(series), 1), "V0")
        return FieldColumns(values, values.dtype, np.full(values.shape, NULL))
    changes = series[1:] != series[:-1]  # names repeat from row to row: each run of one text is encoded once
    starts = np.append(True, (changes.fill_null(True) if changes.null_count() else changes).to_numpy())
    texts = [None if text is None else text.encode() for text in series.filter(starts)]
    repeats = np.diff(np.append(np.flatnonzero(starts), len(series)))
    lengths = np.array([[NULL if text is None else len(text)] for text in texts]).repeat(repeats, axis=0)
    values = np.array([[text or b""] for text in texts]).repeat(repeats, axis=0)
    return FieldColumns(values, values.dtype, None if (lengths == values.itemsize).all() else lengths)


def _array(series: pl.Series, element: ColumnType) -> FieldColumns:
    flat, sizes = _flat(series)
    item = np.dtype([("length", ">i4"), ("data", element.copy_dtype)])
    dtype = np.dtype([("header", ">i4", 3), ("dimension", ">i4", 2), ("items", item, (int(sizes.max().clip(0)),))])
    values = np.zeros((len(series), 1), dtype)
    values["header"] = (1, 0, element.oid)  # dimensions, has NULLs, type
    values["dimension"][:, 0, 0], values["dimension"][:, 0, 1] = sizes, 1  # size, first index
    items = values["items"][:, 0]
    filled = np.arange(items.shape[1]) < sizes[:, None]
    null = np.zeros(filled.shape, bool)
    if flat.null_count():
        null[filled] = flat.is_null().to_numpy()
        flat = flat.fill_null(strategy="zero")
    items["length"] = np.where(null, NULL, item["data"].itemsize)
    items["data"][filled] = flat.to_numpy()
    if items.size and filled.all() and not null.any():
        return FieldColumns(values, dtype)
    values["header"][:, 0, 0] = sizes > 0  # an empty array has no dimension
    values["header"][:, 0, 1] = null.any(1)
    kept = np.ones((len(series), dtype.itemsize), bool)
    body = filled[:, :, None] & (~null[:, :, None] | (np.arange(item.itemsize) < LENGTH_BYTES))
    kept[:, ARRAY_HEADER_BYTES + ARRAY_DIMENSION_BYTES :] = body.reshape(len(series), -1)
    kept[sizes < 1, ARRAY_HEADER_BYTES:] = False
    kept[sizes == NULL] = False
    lengths = np.where(sizes == NULL, NULL, kept.sum(1))
    return FieldColumns(values, dtype, lengths[:, None], kept[:, None])


def _flat(series: pl.Series) -> tuple[pl.Series, np.ndarray]:
    """The elements of all rows in one Series, and how many each row has, NULL where the array itself is NULL."""
    if isinstance(series.dtype, pl.Array) and not series.null_count():
        return series.reshape((-1,)), np.full(len(series), series.dtype.size)
    lists = series.cast(pl.List(series.dtype.inner)) if isinstance(series.dtype, pl.Array) else series
    sizes = lists.list.len().cast(pl.Int64).fill_null(NULL).to_numpy()
    return lists.filter(sizes > 0).explode(), sizes
