"""Computed columns of a register map: `plant_load: {sum: [grid_power, pv_power, -battery_power], min: 0}`.

They are computed from columns of the same row and the same poll, as those are stored, and read no register. `Computed`
is one of them in one row; `core.decoding.computed` computes, `core.maps.mapfile` calls what is here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter

from ess_ray.core.errors import MapError
from ess_ray.core.maps.column_types import Column, TypeFamily, is_array, value_type
from ess_ray.core.maps.expressions import COLUMN, MINUS_ONE, NUMBER, Expression, operation_of, read_operation
from ess_ray.core.maps.fit import WIDER
from ess_ray.core.maps.mapcheck import cell_location
from ess_ray.core.maps.registers import Computed, Value
from ess_ray.core.maps.standard import Table
from ess_ray.core.maps.tree import TreeNode, unknown

Row = tuple[str, tuple[int, ...]]  # table and identity
_Limits = tuple[Fraction, Fraction] | None


def make_computed(node: TreeNode, table: Table, column: Column, own: Mapping[str, TreeNode]) -> Computed | None:
    """The computed column of an entry, still without ids; None if the entry is not computed.

    `node`: the entry; `column`: what it fills; `own`: its attributes. Raises what `node.fail` makes for
    what is wrong with it alone; `settle` looks at what it is computed from.
    """
    word = operation_of(own)
    if word is None:
        return None
    if "unit" in own and (unit := own["unit"].text()) != column.unit:
        raise own["unit"].error(f"the standard's unit of {column.name} is {column.unit!r}, not {unit!r}")
    type_ = value_type(column.type)
    if is_array(column.type) or type_.family not in (TypeFamily.INTEGER, TypeFamily.FLOAT):
        raise node.error(f"the column is {column.type}: only a column of numbers can be computed")
    low, high = (own[key].decimal() if key in own else None for key in ("min", "max"))
    if low is not None and high is not None and low > high:
        raise node.error(f"min {low} is above max {high}")
    return Computed(
        table.name, column.name, (), read_operation(word, own[word]), low, high, column.type, column.unit,
        own["note"].text() if "note" in own else "", node.line,
    )  # fmt: skip


def settle(name: str, computed: Iterable[Computed], values: Iterable[Value]) -> tuple[Computed, ...]:
    """The computed columns of the map `name` in an order in which each comes behind those that it is computed from.

    Raises MapError for one that is there twice or also read, that is computed from itself, from something that its row
    does not have or that is no number, that adds up different units, or that does not fit into its column.
    """
    read: dict[Row, dict[str, Value]] = {}
    computed = tuple(computed)
    if not computed:
        return ()
    for value in values:
        read.setdefault((value.table, value.ids), {})[value.column] = value
    rows: dict[Row, dict[str, Computed]] = {}
    for each in computed:
        row = each.table, each.ids
        known: dict[str, Value | Computed] = {**read.get(row, {}), **rows.get(row, {})}
        if each.column in known:
            problem = f"{each.column} is there twice, first at {cell_location(name, known[each.column])}"
            raise MapError(cell_location(name, each), problem)
        rows.setdefault(row, {})[each.column] = each
    settled: list[Computed] = []
    for row, columns in rows.items():
        settled += _ordered(name, columns, read.get(row, {}))
    return tuple(settled)


def _ordered(name: str, columns: Mapping[str, Computed], read: Mapping[str, Value]) -> list[Computed]:
    """Those of one row, checked."""
    for each in columns.values():
        for operand in each.expression.columns:
            _check_operand(name, each, operand, {**read, **columns})
    sources = {column: [n for n in each.expression.columns if n in columns] for column, each in columns.items()}
    try:
        order = list(TopologicalSorter(sources).static_order())
    except CycleError as error:
        circle = error.args[1]
        each = columns[circle[0]]
        problem = f"{each.column} is computed from itself: {' → '.join(reversed(circle))}"
        raise MapError(cell_location(name, each), problem) from None
    limits: dict[str, _Limits] = {column: _limits_of(value) for column, value in read.items()}
    for column in order:
        each = columns[column]
        _check_units(name, each, {**read, **columns})
        limits[column] = _limits(each.expression, limits)
        _check_fit(name, each, limits[column])
    return [columns[column] for column in order]


def _check_operand(name: str, each: Computed, operand: str, row: Mapping[str, Value | Computed]) -> None:
    if operand not in row:
        problem = unknown("value of its row", operand, sorted(row)) + "; a column is computed from its own row only"
        raise MapError(cell_location(name, each), f"{each.column}: {problem}")
    type_name = row[operand].column_type
    if is_array(type_name) or value_type(type_name).family not in (TypeFamily.INTEGER, TypeFamily.FLOAT):
        problem = f"{each.column} cannot be computed from {operand}, which is {type_name}: only numbers can"
        raise MapError(cell_location(name, each), problem)


# --- units ----------------------------------------------------------------------------------------------------------


def _check_units(name: str, each: Computed, row: Mapping[str, Value | Computed]) -> None:
    unit = _unit(name, each, each.expression, row)
    if unit and each.unit and unit != each.unit:
        problem = (
            f"{each.column} is in {each.unit}, what it is computed from in {unit}: a product with a number turns it"
        )
        raise MapError(cell_location(name, each), problem)


def _unit(name: str, each: Computed, expression: Expression, row: Mapping[str, Value | Computed]) -> str:
    """The unit that follows from the operands, empty if none does: products and quotients make new ones."""
    if expression.what == COLUMN:
        return row[expression.name].unit
    units = {str(operand): _unit(name, each, operand, row) for operand in expression.operands}
    if expression.what in ("sum", "difference"):
        different = {unit: operand for operand, unit in units.items() if unit}
        if len(different) > 1:
            (unit, operand), (other_unit, other), *_ = different.items()
            problem = f"{operand} is in {unit}, {other} in {other_unit}: {expression.what} takes one unit"
            raise MapError(cell_location(name, each), f"{each.column}: {problem}; a product with a number turns it")
        return next(iter(different), "")
    kept = expression.what == "product" and expression.operands[0] == MINUS_ONE and len(expression.operands) == 2
    return units[str(expression.operands[1])] if kept else ""


# --- whole numbers --------------------------------------------------------------------------------------------------


def _limits_of(value: Value) -> _Limits:
    """Least and most that a whole number can be, None for one that need not be whole."""
    raw = (0, 1) if value.invert == "nonzero" else value.limits
    scale, offset = Fraction(value.scale), Fraction(value.offset)
    if raw is None or scale.denominator != 1 or offset.denominator != 1:
        return None
    if any(side.role != "sign" for side in value.sides):
        return None
    signs = (1, -1) if value.sides else (1,)
    ends = sorted(sign * number * scale + offset for number in raw for sign in signs)
    return ends[0], ends[-1]


def _limits(expression: Expression, columns: Mapping[str, _Limits]) -> _Limits:
    if expression.what == COLUMN:
        return columns[expression.name]
    if expression.what == NUMBER:
        number = Fraction(expression.number)
        return (number, number) if number.denominator == 1 else None
    parts = [_limits(operand, columns) for operand in expression.operands]
    known = [part for part in parts if part is not None]
    if expression.what == "quotient" or len(known) < len(parts):
        return None
    low, high = known[0]
    for least, most in known[1:]:
        if expression.what == "sum":
            low, high = low + least, high + most
        elif expression.what == "difference":
            low, high = low - most, high - least
        else:
            ends = [first * second for first in (low, high) for second in (least, most)]
            low, high = min(ends), max(ends)
    return low, high


def _check_fit(name: str, each: Computed, limits: _Limits) -> None:
    type_ = value_type(each.column_type)
    if type_.family is not TypeFamily.INTEGER:
        return
    half = 1 << (type_.bits - 1)
    if limits is None:
        problem = f"{each.column} is {type_.name}, and {each.expression} need not be whole: {WIDER}"
        raise MapError(cell_location(name, each), problem)
    low = limits[0] if each.minimum is None else max(limits[0], Fraction(each.minimum))
    high = limits[1] if each.maximum is None else min(limits[1], Fraction(each.maximum))
    if low < -half or high >= half:
        problem = (
            f"{each.column} is {type_.name} and holds {-half} to {half - 1}, but {each.expression} may give "
            f"{limits[0]} to {limits[1]}: say with min and max that only numbers which fit mean anything (another one "
            f"is stored as NULL then, and flagged), or {WIDER}"
        )
        raise MapError(cell_location(name, each), problem)
