"""Other ways to read a value of a map: what may have been mistaken when it was written. Pure.

Each function gives the value as it would be then, or None if the guess does not apply to it.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from ess_ray.core.maps.order import ORDERS
from ess_ray.core.maps.registers import (
    LAST_ADDRESS,
    PRINTED_FUNCTIONS,
    READ_COILS,
    READ_DISCRETE_INPUTS,
    READ_HOLDING_REGISTERS,
    READ_INPUT_REGISTERS,
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
PRINTED_DIGIT = 10_000  # the digit's worth in an address of five digits, see PRINTED_FUNCTIONS


def swapped(value: Value, *, words: bool = False, bytes_: bool = False) -> Value | None:
    """The value with its words, the bytes of each register, or both the other way round."""
    if value.raw_type == "bit" or (words and (value.width == 1 or value.raw_type == "string")):
        return None
    order = ORDERS[value.order].swapped(words=words, bytes_=bytes_)
    return None if order is None else replace(value, order=order.name)


def shifted(value: Value, by: int) -> Value | None:
    """The value `by` registers later."""
    address = value.address + by
    return replace(value, address=address) if 0 <= address <= LAST_ADDRESS + 1 - value.width else None


def as_printed(value: Value, first: int, *, by_digit: bool = False) -> Value | None:
    """The value whose address is meant as printed: a digit, and a number counted from `first`.

    `by_digit`: the digit says the function, too.
    """
    digit, number = divmod(value.address, PRINTED_DIGIT)
    if digit not in PRINTED_FUNCTIONS or number < first:
        return None
    function = PRINTED_FUNCTIONS[digit] if by_digit else value.function
    return replace(value, address=number - first, function=function)


def by_other_function(value: Value) -> Value | None:
    """The value among the other kind of registers, or of bits: holding or input, coils or inputs."""
    return replace(value, function=OTHER_FUNCTION[value.function])


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
