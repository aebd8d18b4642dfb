"""Columns of values from and to Python's values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from ess_ray.core.decoding.normalise import Columns
from ess_ray.core.decoding.pgcopy import NULL, ColumnValues
from ess_ray.core.maps.column_types import is_array, value_type

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def dicts(columns: Columns) -> list[dict[str, Any]]:
    """One dict a row, by column: text as str, times in microseconds, arrays as lists, NULL as None."""
    values = [_values(column) for column in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]


def _values(column: ColumnValues) -> list[Any]:
    cells = column.values.astype(object)
    if column.values.dtype.kind == "S":
        cells[:] = [text.decode() for text in column.values.tolist()]
    if column.null is not None:
        cells[column.null] = None
    values: list[Any] = cells.tolist()
    if column.sizes is None:
        return values
    return [None if size == NULL else row[:size] for row, size in zip(values, column.sizes.tolist(), strict=True)]


def column_of(type_name: str, values: Sequence[Any]) -> ColumnValues:
    """A column of this type of PostgreSQL: None is NULL, times are datetimes, arrays lists with None in them or not."""
    if is_array(type_name):
        return _arrays(type_name, values)
    null = np.array([value is None for value in values], bool)
    return ColumnValues(np.array([_raw(type_name, value) for value in values], value_type(type_name).dtype), null)


def _raw(type_name: str, value: Any) -> Any:
    if value is None:
        return b"" if type_name == "text" else 0
    if isinstance(value, datetime):
        return (value - EPOCH) // timedelta(microseconds=1)
    return value.encode() if isinstance(value, str) else value


def _arrays(type_name: str, rows: Sequence[Sequence[Any] | None]) -> ColumnValues:
    sizes = np.array([NULL if row is None else len(row) for row in rows], int)
    cells = np.zeros((len(rows), max([0, *sizes])), value_type(type_name).dtype)
    null = np.zeros(cells.shape, bool)
    for index, row in enumerate(rows):
        for element, value in enumerate(row or ()):
            cells[index, element], null[index, element] = 0 if value is None else value, value is None
    return ColumnValues(cells, null, sizes)
