"""Frames → PostgreSQL binary COPY tuples, without the file's header and trailer.

All rows are first written as wide as the widest could be, column by column into one buffer; bytes are cut out only of
rows that hold a NULL or a shorter text, so that a few gaps cost those rows and not the batch. Format: PostgreSQL
documentation, COPY, "Binary Format"; each field is what its type's `*_recv` function reads, arrays that of `array_recv`
(src/backend/utils/adt/arrayfuncs.c).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import polars as pl

from ess_ray.core.maps.column_types import ColumnType, Family, is_array, value_type

POSTGRES_EPOCH_US = 946_684_800_000_000  # 2000-01-01 UTC, in microseconds since 1970
NULL = -1  # length of a field that is NULL
COUNT, LENGTH = 2, 4  # bytes before every tuple and before every field
HEAD, DIMENSION = 12, 8  # bytes of an array: its head; its size and first index


class Fields(NamedTuple):
    """Neighbouring columns of one type."""

    values: np.ndarray  # (rows, columns)
    form: np.dtype  # of a value in the tuple, as wide as the widest
    lengths: np.ndarray | None = None  # (rows, columns), in bytes, or NULL; None: all fill the form
    keep: np.ndarray | None = None  # (rows, columns, bytes), which of them stay; None: as many as `lengths` says


def encode(frame: pl.DataFrame, column_types: Sequence[str]) -> tuple[bytes, np.ndarray]:
    """(tuples, byte end of each row) of `frame`; `column_types` are PostgreSQL's, one a column, arrays as `int2[]`.

    Types: float8, float4, int2, int4, int8, bool, timestamptz (pl.Datetime in us), text without NUL characters, and
    arrays of these but text, as pl.Array or pl.List.
    """
    if not frame.height:
        return b"", np.zeros(0, np.int64)
    columns = zip(column_types, frame.get_columns(), strict=True)
    runs = [_fields(of, [series for _, series in run]) for of, run in groupby(columns, key=itemgetter(0))]
    fields = [one for run in runs for one in run]
    layout, row = _layout(tuple((one.form, one.values.shape[1]) for one in fields))
    data = bytearray(row) * frame.height
    rows = np.frombuffer(data, layout)
    uneven = np.zeros(frame.height, bool)
    for place, (values, form, lengths, _) in enumerate(fields):
        rows[f"{place}"]["value"] = values
        if lengths is not None:
            rows[f"{place}"]["length"] = lengths
            uneven |= (lengths != form.itemsize).any(1)
    if uneven.any():
        return _cut(rows, fields, uneven)
    return bytes(data), np.arange(1, frame.height + 1) * layout.itemsize


@lru_cache(maxsize=256)  # of a table they differ by the widths of its texts
def _layout(forms: tuple[tuple[np.dtype, int], ...]) -> tuple[np.dtype, bytes]:
    """The form of a row, and a row without its values. `forms`: those of its fields, each with how often."""
    runs = [(f"{place}", [("length", ">i4"), ("value", form)], (many,)) for place, (form, many) in enumerate(forms)]
    layout = np.dtype([("count", ">i2"), *runs])
    row = np.zeros(1, layout)
    row["count"] = sum(many for _, many in forms)
    for (name, *_), (form, _) in zip(runs, forms, strict=True):
        row[name]["length"] = form.itemsize
    return layout, row.tobytes()


def _cut(rows: np.ndarray, fields: Sequence[Fields], uneven: np.ndarray) -> tuple[bytes, np.ndarray]:
    """The tuples, without what the uneven rows do not need of theirs, and where each ends."""
    whole = rows.view(np.uint8).reshape(len(rows), rows.itemsize)
    stay = np.ones((np.count_nonzero(uneven), rows.itemsize), bool)
    end = COUNT
    for values, form, lengths, keep in fields:
        start, end = end, end + values.shape[1] * (LENGTH + form.itemsize)
        if lengths is not None:
            kept = np.arange(form.itemsize) < lengths[uneven, :, None] if keep is None else keep[uneven]
            stay[:, start:end].reshape(len(stay), values.shape[1], LENGTH + form.itemsize)[:, :, LENGTH:] = kept
    sizes = np.full(len(rows), rows.itemsize)
    sizes[uneven] = stay.sum(1)
    cut = whole[uneven][stay].tobytes()
    places = np.append(0, sizes[uneven].cumsum())  # where the uneven rows lie in `cut`
    changes = [0, *(np.flatnonzero(uneven[1:] != uneven[:-1]) + 1).tolist(), len(rows)]
    pieces, done = [], 0
    for first, last in pairwise(changes):
        if uneven[first]:
            pieces.append(cut[places[done] : places[done + last - first]])
            done += last - first
        else:
            pieces.append(whole[first:last].tobytes())
    return b"".join(pieces), sizes.cumsum()


def _fields(of: str, run: list[pl.Series]) -> list[Fields]:
    type_ = value_type(of)
    if is_array(of):
        return [_array(series, type_) for series in run]
    if type_.family is Family.TEXT:
        return [_text(series) for series in run]
    if type_.family is Family.TIME:
        run = [series.to_physical() - POSTGRES_EPOCH_US for series in run]
    return [_numbers(run, type_.copy_dtype)]


def _numbers(run: list[pl.Series], form: np.dtype) -> Fields:
    lengths = None
    if any(series.null_count() for series in run):
        frame = pl.DataFrame(run)
        lengths = np.where(frame.select(pl.all().is_null()).to_numpy(), NULL, form.itemsize)
        run = frame.fill_null(strategy="zero").get_columns()
    # Transposed, so that they are written row by row.
    return Fields(np.stack([series.to_numpy() for series in run]).T, form, lengths)


def _text(series: pl.Series) -> Fields:
    if series.null_count() == len(series):
        values = np.zeros((len(series), 1), "V0")
        return Fields(values, values.dtype, np.full(values.shape, NULL))
    changes = series[1:] != series[:-1]  # names repeat from row to row: each run of one text is encoded once
    starts = np.append(True, (changes.fill_null(True) if changes.null_count() else changes).to_numpy())
    texts = [None if text is None else text.encode() for text in series.filter(starts)]
    repeats = np.diff(np.append(np.flatnonzero(starts), len(series)))
    lengths = np.array([[NULL if text is None else len(text)] for text in texts]).repeat(repeats, axis=0)
    values = np.array([[text or b""] for text in texts]).repeat(repeats, axis=0)
    return Fields(values, values.dtype, None if (lengths == values.itemsize).all() else lengths)


def _array(series: pl.Series, of: ColumnType) -> Fields:
    flat, sizes = _flat(series)
    item = np.dtype([("length", ">i4"), ("value", of.copy_dtype)])
    form = np.dtype([("head", ">i4", 3), ("dimension", ">i4", 2), ("items", item, (int(sizes.max().clip(0)),))])
    values = np.zeros((len(series), 1), form)
    values["head"], values["dimension"][:, 0, 0] = (1, 0, of.oid), sizes  # dimensions, has NULLs, type; size …
    values["dimension"][:, 0, 1] = 1  # … and first index
    items = values["items"][:, 0]
    there = np.arange(items.shape[1]) < sizes[:, None]
    null = np.zeros(there.shape, bool)
    if flat.null_count():
        null[there] = flat.is_null().to_numpy()
        flat = flat.fill_null(strategy="zero")
    items["length"] = np.where(null, NULL, item["value"].itemsize)
    items["value"][there] = flat.to_numpy()
    if items.size and there.all() and not null.any():
        return Fields(values, form)
    values["head"][:, 0, 0] = sizes > 0
    values["head"][:, 0, 1] = null.any(1)
    keep = np.ones((len(series), form.itemsize), bool)
    body = there[:, :, None] & (~null[:, :, None] | (np.arange(item.itemsize) < LENGTH))
    keep[:, HEAD + DIMENSION :] = body.reshape(len(series), -1)
    keep[sizes < 1, HEAD:] = False
    keep[sizes == NULL] = False
    lengths = np.where(sizes == NULL, NULL, keep.sum(1))
    return Fields(values, form, lengths[:, None], keep[:, None])


def _flat(series: pl.Series) -> tuple[pl.Series, np.ndarray]:
    """All elements, and how many each row has, NULL where the array itself is NULL."""
    if isinstance(series.dtype, pl.Array) and not series.null_count():
        return series.reshape((-1,)), np.full(len(series), series.dtype.size)
    lists = series.cast(pl.List(series.dtype.inner)) if isinstance(series.dtype, pl.Array) else series
    sizes = lists.list.len().cast(pl.Int64).fill_null(NULL).to_numpy()
    return lists.filter(sizes > 0).explode(), sizes
