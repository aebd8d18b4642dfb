"""The bytes of some registers as every type and order that a device might mean, for a person to choose from."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ess_ray.core.maps.order import ORDERS

SCALES = (1, 2, 3)  # powers of ten that factors of registers usually have
FLOATS = {4: ">f", 8: ">d"}
LEAST, MOST = 1e-6, 1e12  # what is meant lies between


def as_all_types(data: bytes) -> Iterator[tuple[str, list[str]]]:
    """Name of a type, and what `data` (1 to 4 registers, as received) mean in it: a text for each of ORDERS.

    A type reads the first 1, 2 or 4 registers; types wider than `data` are left out. Integers of 1 and 2 registers are
    followed by what the signed one is with each of SCALES. Empty: the same as in an order before; "-": too large or too
    small to be meant. A type without any number that may be meant is left out.
    """
    for words in (1, 2, 4):
        if len(part := data[: 2 * words]) < 2 * words:
            return
        orders = _orders(2 * words)
        bits = 16 * words
        for name, signed in ((f"uint{bits}", False), (f"int{bits}", True)):
            numbers = [as_integer(part, order, signed=signed) if order else None for order in orders]
            yield from _meant(name, ["" if number is None else _short(number) for number in numbers])
        for power in SCALES if words < 4 else ():
            yield f"  × {10**-power:g}", ["" if number is None else scaled(number, power) for number in numbers]
        if words > 1:
            yield from _meant(f"float{bits}", [as_float(part, order) if order else "" for order in orders])


def _orders(size: int) -> list[str]:
    """The orders by name; empty where a number of `size` bytes is the same as in an order before."""
    positions = [order.positions(size) for order in ORDERS.values()]
    return [name if positions.index(positions[i]) == i else "" for i, name in enumerate(ORDERS)]


def _meant(name: str, row: list[str]) -> Iterator[tuple[str, list[str]]]:
    if {*row} - {"-", ""}:
        yield name, row


def _short(number: int) -> str:
    return str(number) if abs(number) < MOST else "-"


def as_integer(data: bytes, order: str, *, signed: bool) -> int:
    """The whole number in `data`, 1, 2 or 4 registers as received, read in `order`, a key of ORDERS."""
    return int.from_bytes(ORDERS[order].decode(data), "big", signed=signed)


def as_float(data: bytes, order: str) -> str:
    """The float in `data`, 2 or 4 registers as received, read in `order`, a key of ORDERS: text of at most 7 digits.

    "-" for one that no device means: infinite, NaN, or, 0 aside, of a size outside [LEAST, MOST).
    """
    (number,) = struct.unpack(FLOATS[len(data)], ORDERS[order].decode(data))
    return f"{number:.7g}" if number == 0 or LEAST <= abs(number) < MOST else "-"


def scaled(number: int, power: int) -> str:
    """The number divided by 10**power as text, with all its digits: -5 and 2 give "-0.05". `power`: 0 or more."""
    if not power:
        return str(number)
    sign, digits = "-" if number < 0 else "", str(abs(number)).rjust(power + 1, "0")
    return f"{sign}{digits[:-power]}.{digits[-power:]}"
