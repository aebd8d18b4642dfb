"""Whether a column's type can hold whatever a value may give. Called by `core.maps.mapvalue`."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

from ess_ray.core.maps.column_types import ColumnType, TypeFamily, value_type
from ess_ray.core.maps.registers import Value
from ess_ray.core.maps.tree import TreeNode

WIDER = "give it a column of another name, which the map brings itself (`new`)"
MOST_DECIMALS = 50  # of scale and offset


def _check_size(node: TreeNode, value: Value) -> None:
    """No factor is as large or small; beyond, doubles would overflow on the way to a result that they could hold."""
    for name, number in (("scale", value.scale), ("offset", value.offset)):
        exponent = cast(int, number.normalize().as_tuple().exponent)  # of its last digit
        if number and (exponent < -MOST_DECIMALS or number.adjusted() > MOST_DECIMALS):
            limits = f"at most {MOST_DECIMALS} decimals, and less than 1e{MOST_DECIMALS + 1}"
            raise node.error(f"{name} {number} cannot be used: expected a number with {limits}")


def check_fit(node: TreeNode, value: Value, raw_range: tuple[int, int] | None) -> None:
    """Raises what `node.fail` makes unless the column's type can hold whatever the map calls in range."""
    type_ = value_type(value.column_type)
    if value.scale == 0:
        raise node.error("scale 0 would turn every value into nothing")
    _check_size(node, value)
    if value.minimum is not None and value.maximum is not None and value.minimum > value.maximum:
        raise node.error(f"min {value.minimum} is above max {value.maximum}")
    if value.format and (raw_range is None or raw_range[0] < 0):
        raise node.error(f"format needs a whole number without a sign, and {value.raw_type} is none")
    if value.is_text != (type_.family is TypeFamily.TEXT):
        what = "a string, a datetime and a number with format go into a text column, and nothing else does"
        raise node.error(f"the column is {type_.name}: {what}; {WIDER}")
    if type_.family is TypeFamily.BOOLEAN and (value.raw_type != "bit" and (value.bits is None or value.bits[1] != 1)):
        raise node.error(f"the column is bool: it takes one bit (`bit: 3`, or function 1 or 2); {WIDER}")
    if type_.family is TypeFamily.INTEGER:
        _check_integer(node, value, type_, raw_range)


def _check_integer(node: TreeNode, value: Value, type_: ColumnType, raw_range: tuple[int, int] | None) -> None:
    half = 1 << (type_.bits - 1)
    if raw_range is None:
        raise node.error(f"the column is {type_.name}: it cannot hold a {value.raw_type}; {WIDER}")
    if any(number != number.to_integral_value() for number in (value.scale, value.offset)):
        raise node.error(
            f"the column is {type_.name}: scale {value.scale} and offset {value.offset} must be whole numbers; {WIDER}"
        )
    raws = (0, 1) if value.invert == "nonzero" else raw_range
    factors = _factors(node, value, type_)
    ends = sorted(raw * factor * value.scale + value.offset for raw in raws for factor in factors)
    low, high = ends[0], ends[-1]
    expected_low, expected_high = _expected(value, low, high)
    if expected_low < -half or expected_high >= half:
        raise node.error(
            f"the column is {type_.name} and holds {-half} to {half - 1}, but a {value.raw_type} with this scale may "
            f"give {low} to {high}: say with enum, or min and max, that only numbers which fit mean anything (another "
            f"one is stored as NULL then, and flagged), or {WIDER}"
        )


def _factors(node: TreeNode, value: Value, type_: ColumnType) -> set[int]:
    """The ends of what the registers beside a value can multiply its raw number by."""
    factors = {1}
    for side in value.sides:
        limits = (-1, 1) if side.role == "sign" else side.value.limits
        if side.role in ("exponent", "divisor") or limits is None:
            raise node.error(f"the column is {type_.name}: with {side.role} values may be broken, take a float8 column")
        factors = {factor * limit for factor in factors for limit in limits}
    return factors


def _expected(value: Value, low: Decimal, high: Decimal) -> tuple[Decimal, Decimal]:
    """The lowest and the highest number that the map calls in range; `low` and `high`: that the device may send."""
    if value.choices:
        low, high = Decimal(value.choices[0]), Decimal(value.choices[-1])
    lows = [low] if value.minimum is None else [low, value.minimum]
    highs = [high] if value.maximum is None else [high, value.maximum]
    return max(lows), min(highs)
