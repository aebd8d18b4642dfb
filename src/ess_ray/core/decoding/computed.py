"""Computed columns, from the columns that the rules have decoded: for many samples and rows at once.

What is NULL in an operand is NULL in the result. The result is exact in decimals and rounded once, see
`core.decoding.exact`; then its range is looked at. A division by zero, and what the column cannot hold, is NULL and out
of range.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import or_

import numpy as np

from ess_ray.core.decoding.cells import TableShape
from ess_ray.core.decoding.decoded import Decoded
from ess_ray.core.decoding.exact import Exact, add, divide, multiply, of_number, of_stored, rounded
from ess_ray.core.decoding.pgcopy import ColumnValues
from ess_ray.core.maps.column_types import value_type
from ess_ray.core.maps.expressions import COLUMN, NUMBER, Expression
from ess_ray.core.maps.registers import Computed, RegisterMap

MINUS_ONE = of_number(Decimal(-1))


def compute(computed: Computed, operands: Mapping[str, ColumnValues], decimals: Mapping[str, int]) -> Decoded:
    """The values of a computed column, as many as each of its operands has, which are 1-d.

    `operands`: by name, as they are stored. `decimals`: about how many each of them has; others are found too, slower.
    """
    count = len(next(iter(operands.values())).values)
    null = np.zeros(count, bool)
    endless = np.zeros(count, bool)
    exact: dict[str, Exact] = {}
    for name, (values, absent, _) in operands.items():
        if absent is not None:
            null |= absent
        if values.dtype.kind == "f" and not (finite := np.isfinite(values)).all():
            endless |= ~finite
        exact[name] = of_stored(np.where(null | endless, values.dtype.type(0), values), decimals.get(name, 0))
    result, zeros = _evaluated(computed.expression, exact)
    nothing = reduce(or_, zeros, endless)
    values, lost, outside = _fitted(computed, result, count)
    nothing = nothing | lost
    flagged = (nothing | outside) & ~null
    null = null | nothing
    return Decoded(values, null if null.any() else None, flagged if flagged.any() else None)


def _evaluated(expression: Expression, columns: Mapping[str, Exact]) -> tuple[Exact, list[np.ndarray]]:
    """The exact result, and where something is divided by zero."""
    if expression.what == COLUMN:
        return columns[expression.name], []
    if expression.what == NUMBER:
        return of_number(expression.number), []
    parts = [_evaluated(operand, columns) for operand in expression.operands]
    zeros = [zero for _, part in parts for zero in part]
    first, *others = (exact for exact, _ in parts)
    if expression.what == "quotient":
        quotient, zero = divide(first, others[0])
        return quotient, [*zeros, zero]
    if expression.what == "difference":
        others = [multiply(other, MINUS_ONE) for other in others]
    return reduce(multiply if expression.what == "product" else add, others, first), zeros


def _fitted(computed: Computed, exact: Exact, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The values in the column's type, which ones it cannot hold, and which are out of range."""
    doubles, dtype = rounded(exact, count), value_type(computed.column_type).dtype
    outside = np.zeros(count, bool)
    if computed.minimum is not None:
        outside |= doubles < float(computed.minimum)
    if computed.maximum is not None:
        outside |= doubles > float(computed.maximum)
    if dtype.kind == "i":  # whole: the map's check made sure
        whole, limits = np.broadcast_to(np.asarray(exact.above // exact.below), count), np.iinfo(dtype)
        lost = np.asarray((whole < int(limits.min)) | (whole > int(limits.max)), bool)
        return np.where(lost, 0, whole).astype(dtype), lost, outside
    with np.errstate(over="ignore"):
        values = doubles.astype(dtype)
    return values, ~np.isfinite(values), outside


@dataclass(frozen=True, slots=True)
class _Alike:
    """A column that is computed in the same way in some rows of a table."""

    computed: Computed  # of any of these rows
    rows: np.ndarray  # their indexes among the table's rows
    decimals: Mapping[str, int]  # of its operands


class ComputedColumns:
    """The computed columns of a map, for `core.decoding.normalise.Decoder`."""

    def __init__(self, register_map: RegisterMap, tables: Mapping[str, TableShape]) -> None:
        self._tables = tables
        decimals = _decimals(register_map)
        depths: dict[tuple[object, ...], int] = {}
        alike: dict[tuple[object, ...], list[Computed]] = {}
        for each in register_map.computed:
            sources = [depths.get((each.table, each.ids, name), 0) for name in each.expression.columns]
            depth = depths[each.table, each.ids, each.column] = 1 + max(sources, default=0)
            same = depth, each.table, each.column, each.expression, each.minimum, each.maximum
            alike.setdefault(same, []).append(each)
        self._alike = []
        for _, members in sorted(alike.items(), key=lambda item: item[0][0]):  # type: ignore[arg-type, return-value]
            of_row = {ids: row for row, ids in enumerate(tables[members[0].table].rows)}
            rows = np.array([of_row[each.ids] for each in members])
            known = {name: decimals.get((members[0].table, name), 0) for name in members[0].expression.columns}
            self._alike.append(_Alike(members[0], rows, known))

    def add(self, columns: Mapping[str, dict[str, ColumnValues]], quality: Mapping[str, np.ndarray], flag: int) -> None:
        """Add the computed columns to `columns`, by table and name, and `flag` to the quality of rows out of range.

        Those of tables that are not in `columns` are left out. `quality`: by table (samples, rows).
        """
        for alike in self._alike:
            table, name = alike.computed.table, alike.computed.column
            if table not in columns:
                continue
            shape = quality[table].shape
            operands = {
                operand: _of_rows(columns[table][operand], shape, alike.rows)
                for operand in alike.computed.expression.columns
            }
            values, null, outside = compute(alike.computed, operands, alike.decimals)
            if outside is not None:
                samples, rows = np.nonzero(outside.reshape(-1, len(alike.rows)))
                quality[table][samples, alike.rows[rows]] |= flag
            columns[table][name] = _placed(columns[table].get(name), ColumnValues(values, null), shape, alike.rows)


def _decimals(register_map: RegisterMap) -> dict[tuple[str, str], int]:
    """The most decimals of the factors and offsets of each column that is read."""
    decimals: dict[tuple[str, str], int] = {}
    for value in register_map.values:
        exponents = [number.normalize().as_tuple().exponent for number in (value.scale, value.offset)]
        most = max(0, *(-exponent for exponent in exponents if isinstance(exponent, int)))
        key = value.table, value.column
        decimals[key] = max(most, decimals.get(key, 0))
    return decimals


def _of_rows(column: ColumnValues, shape: tuple[int, ...], rows: np.ndarray) -> ColumnValues:
    """Those of some rows of each sample; `shape`: (samples, rows) of the table."""
    if len(rows) == shape[1]:
        rows = slice(None)  # type: ignore[assignment]
    null = None if column.null is None else column.null.reshape(shape)[:, rows].reshape(-1)
    return ColumnValues(column.values.reshape(shape)[:, rows].reshape(-1), null)


def _placed(
    before: ColumnValues | None, column: ColumnValues, shape: tuple[int, ...], rows: np.ndarray
) -> ColumnValues:
    """The values of some rows of each sample among those of all rows; others are as `before`, or NULL."""
    values = np.zeros(shape, column.values.dtype) if before is None else before.values.reshape(shape).copy()
    null = np.ones(shape, bool)
    if before is not None:
        null = np.zeros(shape, bool) if before.null is None else before.null.reshape(shape).copy()
    values[:, rows] = column.values.reshape(-1, len(rows))
    null[:, rows] = False if column.null is None else column.null.reshape(-1, len(rows))
    return ColumnValues(values.reshape(-1), null.reshape(-1) if null.any() else None)
