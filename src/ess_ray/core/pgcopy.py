"""Frames → PostgreSQL binary COPY tuples, without the file's header and trailer.

A frame is laid out as one matrix of bytes, every row as wide as the widest could be; only if there are NULLs or shorter
texts are bytes cut out of it. Format: PostgreSQL documentation, COPY, "Binary Format"; each field is what its
type's `*_recv` function reads, arrays that of `array_recv` (src/backend/utils/adt/arrayfuncs.c).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

import numpy as np
import polars as pl

NUMBERS = {  # type → numpy form, OID
    "int2": (">i2", 21), "int4": (">i4", 23), "int8": (">i8", 20), "float4": (">f4", 700), "float8": (">f8", 701),
    "bool": ("?", 16), "timestamptz": (">i8", 1184),
}  # fmt: skip
POSTGRES_EPOCH_US = 946_684_800_000_000  # 2000-01-01 UTC, in microseconds since 1970
NULL = -1  # length of a field that is NULL
LENGTH, HEAD, DIMENSION = 4, 12, 8  # bytes: before every field; of an array: its head; its size and lower bound

Fields = tuple[np.ndarray, np.ndarray | None]  # (rows, bytes) uint8, and which of the bytes stay; None: all


def encode(frame: pl.DataFrame, column_types: Sequence[str]) -> tuple[bytes, np.ndarray]:
    """(tuples, byte end of each row) of `frame`; `column_types` are PostgreSQL's, one a column, arrays as `int2[]`.

    Types: float8, float4, int2, int4, int8, bool, timestamptz (pl.Datetime in us), text without NUL characters, and
    arrays of these but text, as pl.Array or pl.List.
    """
    if not frame.height:
        return b"", np.zeros(0, np.int64)
    columns = list(zip(column_types, frame.get_columns(), strict=True))
    fields: list[Fields] = [(np.full((frame.height, 1), len(columns), ">i2").view(np.uint8), None)]
    for of, run in groupby(columns, key=itemgetter(0)):
        fields += _encoded(of, [series for _, series in run])
    rows = np.concatenate([values for values, _ in fields], axis=1)
    if all(keep is None for _, keep in fields):
        return rows.tobytes(), np.arange(1, len(rows) + 1) * rows.shape[1]
    stay = np.concatenate([np.ones(values.shape, bool) if keep is None else keep for values, keep in fields], axis=1)
    return rows[stay].tobytes(), stay.sum(1).cumsum()


def _encoded(of: str, run: list[pl.Series]) -> list[Fields]:
    """The fields of neighbouring columns of one type."""
    if of == "text":
        return [_texts(series) for series in run]
    if of.endswith("[]"):
        return [_arrays(series, *NUMBERS[of.removesuffix("[]")]) for series in run]
    if of == "timestamptz":
        run = [series.to_physical() - POSTGRES_EPOCH_US for series in run]
    return [_numbers(run, NUMBERS[of][0])]


def _numbers(run: list[pl.Series], form: str) -> Fields:
    null: np.ndarray | None = None
    if any(series.null_count() for series in run):
        frame = pl.DataFrame(run)
        null = frame.select(pl.all().is_null()).to_numpy()
        run = frame.fill_null(False if form == "?" else 0).get_columns()
    fields = np.empty((len(run[0]), len(run)), [("length", ">i4"), ("value", form)])
    fields["length"] = fields.dtype["value"].itemsize
    fields["value"] = np.stack([series.to_numpy() for series in run], axis=1)
    if null is None:
        return _bytes(fields), None
    fields["length"][null] = NULL
    keep = np.ones((*fields.shape, fields.dtype.itemsize), bool)
    keep[null, LENGTH:] = False
    return _bytes(fields), keep.reshape(len(keep), -1)


def _texts(series: pl.Series) -> Fields:
    changes = series[1:] != series[:-1]  # names repeat from row to row: each run of one text is encoded once
    starts = np.append(True, (changes.fill_null(True) if changes.null_count() else changes).to_numpy())
    texts = [None if text is None else text.encode() for text in series.filter(starts)]
    repeats = np.diff(np.append(np.flatnonzero(starts), len(series)))
    lengths = np.array([NULL if text is None else len(text) for text in texts]).repeat(repeats)
    values = np.array([text or b"" for text in texts]).repeat(repeats)
    fields = np.empty(len(series), [("length", ">i4"), ("value", values.dtype)])
    fields["length"], fields["value"] = lengths, values
    if (lengths == values.dtype.itemsize).all():
        return _bytes(fields), None
    return _bytes(fields), np.arange(fields.dtype.itemsize) < LENGTH + lengths.clip(0)[:, None]


def _arrays(series: pl.Series, form: str, oid: int) -> Fields:
    flat, sizes = _flat(series)
    items, keep_items = _numbers([flat], form)
    head = np.zeros(len(series), [("length", ">i4"), ("head", ">i4", 3), ("dimension", ">i4", 2)])
    head["head"], head["dimension"] = (1, 0, oid), (0, 1)  # dimensions, has NULLs, type; size, first index
    head["dimension"][:, 0] = sizes
    if keep_items is None and sizes.min() == sizes.max() > 0:
        body = items.reshape(len(series), -1)
        head["length"] = HEAD + DIMENSION + body.shape[1]
        return np.concatenate([_bytes(head), body], axis=1), None
    filled = np.arange(sizes.max().clip(0)) < sizes[:, None]
    body, keep_body = (np.zeros((*filled.shape, items.shape[1]), of) for of in (np.uint8, bool))
    body[filled], keep_body[filled] = items, True if keep_items is None else keep_items
    head["head"][:, 0] = sizes > 0
    head["head"][:, 1] = (filled & ~keep_body[:, :, -1]).any(1)
    keep = np.concatenate([np.ones((len(series), head.itemsize), bool), keep_body.reshape(len(series), -1)], axis=1)
    keep[sizes < 1, LENGTH + HEAD :] = False
    keep[sizes == NULL, LENGTH:] = False
    head["length"] = np.where(sizes == NULL, NULL, keep.sum(1) - LENGTH)
    return np.concatenate([_bytes(head), _bytes(body)], axis=1), keep


def _flat(series: pl.Series) -> tuple[pl.Series, np.ndarray]:
    """All elements, and how many each row has, NULL where the array itself is NULL."""
    if isinstance(series.dtype, pl.Array) and not series.null_count():
        return series.reshape((-1,)), np.full(len(series), series.dtype.size)
    lists = series.cast(pl.List(series.dtype.inner)) if isinstance(series.dtype, pl.Array) else series
    sizes = lists.list.len().cast(pl.Int64).fill_null(NULL).to_numpy()
    return lists.filter(sizes > 0).explode(), sizes


def _bytes(fields: np.ndarray) -> np.ndarray:
    """(rows, bytes) of (rows, …), also of no rows."""
    return fields.view(np.uint8).reshape(len(fields), fields.itemsize * math.prod(fields.shape[1:]))
