"""Other ways to read a value of a map: what may have been mistaken when it was written. Pure.

Each function gives the value as it would be then, or None if the guess does not apply to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from ess_ray.core.maps.numbering import FIVE_DIGITS, LAST_ADDRESS, MODICON_FUNCTIONS
from ess_ray.core.maps.order import ORDERS
from ess_ray.core.maps.registers import (
    READ_COILS,
    READ_DISCRETE_INPUTS,
    READ_HOLDING_REGISTERS,
    READ_INPUT_REGISTERS,
    TEXT_TYPES,
    Value,
)

KINDS = {
    "int16": "uint16", "uint16": "int16", "int32": "float32", "uint32": "float32", "float32": "int32",
    "int64": "float64", "uint64": "float64", "float64": "int64",
}  # fmt: skip
OTHER_FUNCTION = {
    READ_COILS: READ_DISCRETE_INPUTS, READ_DISCRETE_INPUTS: READ_COILS, READ_HOLDING_REGISTERS: READ_INPUT_REGISTERS,
    READ_INPUT_REGISTERS: READ_HOLDING_REGISTERS,
}  # fmt: skip


DIGITS = MODICON_FUNCTIONS.keys() - {0}  # in front of an address of five digits; 0 looks like none


def swapped(value: Value, *, words: bool = False, bytes_: bool = False) -> Value | None:
    """The value with its words, the bytes of each register, or both the other way round."""
    if value.raw_type == "bit" or (words and (value.width == 1 or value.raw_type in TEXT_TYPES or value.words)):
        return None
    order = ORDERS[value.order].swapped(words=words, bytes_=bytes_)
    return None if order is None else replace(value, order=order.name)


def shifted(value: Value, by: int) -> Value | None:
    """The value `by` registers later, with what stands beside it."""
    addresses = [address + by for _, address in value.keys]
    if min(addresses) < 0 or max(addresses) > LAST_ADDRESS:
        return None
    return _everywhere(value, lambda each: _at(each, lambda address: address + by))


def as_printed(value: Value, first: int, *, by_digit: bool = False) -> Value | None:
    """The value whose address is meant as printed: a digit, and a number counted from `first`.

    `by_digit`: the digit says the function, too.
    """
    printed = [divmod(address, FIVE_DIGITS) for each in _parts(value) for address in (each.address, *each.words)]
    if any(digit not in DIGITS or number < first for digit, number in printed):
        return None

    def as_sent(each: Value) -> Value:
        function = MODICON_FUNCTIONS[each.address // FIVE_DIGITS] if by_digit else each.function
        return replace(_at(each, lambda address: address % FIVE_DIGITS - first), function=function)

    return _everywhere(value, as_sent)


def by_other_function(value: Value) -> Value | None:
    """The value among the other kind of registers, or of bits: holding or input, coils or inputs."""
    return _everywhere(value, lambda each: replace(each, function=OTHER_FUNCTION[each.function]))


def _at(value: Value, change: Callable[[int], int]) -> Value:
    """The value at other addresses."""
    return replace(value, address=change(value.address), words=tuple(map(change, value.words)))


def _parts(value: Value) -> list[Value]:
    """The value, and what is read beside it."""
    return [value, *(side.value for side in value.sides)]


def _everywhere(value: Value, change: Callable[[Value], Value]) -> Value:
    """The value changed, and what stands beside it changed in the same way: a table has one kind of mistakes."""
    sides = tuple(replace(side, value=change(side.value)) for side in value.sides)
    return replace(change(value), sides=sides)


def as_other_type(value: Value) -> Value | None:
    """The value as the type that is mistaken for its own most often: signed or not, integer or float."""
    kind = KINDS.get(value.raw_type)
    return None if kind is None else replace(value, raw_type=kind, sentinels=(), patterns=(), choices=(), invert=None)


def scaled(value: Value, by: Decimal) -> Value | None:
    """The value times `by`."""
    scalable = value.raw_type in KINDS and not value.choices and not value.invert and not value.offset
    return replace(value, scale=value.scale * by) if scalable else None


def free(value: Value) -> Value:
    """The value in a column whose type holds any number."""
    return value if value.column_type in ("text", "bool") else replace(value, column_type="float8")
