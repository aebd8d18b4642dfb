"""Values of a register map, decoded from registers for a person to look at, in `job=check` and `job=probe`.

They are decoded by the very rules that decode samples (`core.decoding.rules`), so that nobody is shown another number
than would be stored. Registers are given by (function, address): 16 bits each, or 0 and 1 for functions 1 and 2.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import numpy as np

from ess_ray.core.decoding.cells import dtype_of, value_bytes
from ess_ray.core.decoding.rules import shared_part
from ess_ray.core.decoding.sides import make_rule
from ess_ray.core.maps.order import ORDERS
from ess_ray.core.maps.plan import Plan, Request
from ess_ray.core.maps.raw_types import TYPES, field_of
from ess_ray.core.maps.registers import BIT_FUNCTIONS, COMPUTED, Value

# Raw types that the few lines of `peek` know.
PLAIN_TYPES = ("bit", "bits", *(name for name, type_ in TYPES.items() if type_.is_whole or name.startswith("float")))
FLOAT_FORMATS = {"float32": ">f", "float64": ">d"}
Registers = Mapping[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class Reading:
    """A value of a map, read."""

    value: Value
    read: bool  # all its registers were
    data: bytes  # of its registers, as received; empty if they were not read
    number: float | bool | str | None  # None: not read, a sentinel, or no number
    outside: bool  # outside its range or choices: it would be stored and flagged

    def text(self) -> str:
        """The number with its unit; "no value" for a sentinel, "not read" for what is missing."""
        if not self.read:
            return "not read"
        return "no value" if self.number is None else with_unit(show(self.number), self.value.unit)


def read_values(values: Iterable[Value], registers: Registers) -> list[Reading]:
    """A reading for each value, in their order; `read` is False for one that lacks any of its registers."""
    values = list(values)
    readings = [Reading(value, False, b"", None, False) for value in values]
    alike: dict[Value, list[int]] = {}
    for index, value in enumerate(values):
        alike.setdefault(shared_part(value), []).append(index)
    for shared, indices in alike.items():
        read = [index for index in indices if all(key in registers for key in values[index].keys)]
        if not read:
            continue
        of_sides = zip(*([side.value for side in values[index].sides] for index in read), strict=True)
        raw, *sides = (_raw_numbers(each, registers) for each in ([values[index] for index in read], *of_sides))
        decoded = make_rule(shared)(raw, None, sides)
        for position, index in enumerate(read):
            data = _data(values[index], registers)
            flagged = bool(decoded.outside is not None and decoded.outside[position])
            readings[index] = Reading(values[index], True, data, decoded.value(position), flagged)
    return readings


def peek(value: Value, registers: Registers) -> Reading:
    """The same as `read_values` gives for one value, but for the last digits of its number and its column's type.

    For weighing thousands of assumptions, where the rules for whole columns cost too much each.
    """
    data = _data(value, registers)
    if not data:
        return Reading(value, False, b"", None, False)
    if not _is_plain(value):
        return read_values([value], registers)[0]
    raw = _raw_number(value, data)
    if raw is None:
        return Reading(value, True, data, None, False)
    if value.invert is not None:
        raw = (1 - raw if raw in (0, 1) else raw) if value.invert == "swap01" else int(raw == 0)
    number = raw * _float(value.scale) + _float(value.offset)
    return Reading(value, True, data, number, _is_outside(value, number))


def _is_plain(value: Value) -> bool:
    """True if the few lines of `peek` know how to read it."""
    special = value.sides or value.signed or value.format or (value.bits and value.width > 1)
    return value.raw_type in PLAIN_TYPES and not special


def _raw_number(value: Value, data: bytes) -> float | None:
    """The number in the registers; None for a sentinel, and for a float that is none."""
    ordered = ORDERS[value.order].decode(data) if len(data) > 1 else data
    whole = int.from_bytes(ordered, "big", signed=value.raw_type.startswith("int"))
    if value.raw_type in FLOAT_FORMATS:
        (number,) = struct.unpack(FLOAT_FORMATS[value.raw_type], ordered)
        return None if math.isnan(number) or whole in value.patterns else number
    if value.bits is not None:
        whole = (whole >> value.bits[0]) & ((1 << value.bits[1]) - 1)
    return None if whole in value.sentinels else whole


def _is_outside(value: Value, number: float) -> bool:
    if value.choices:
        return number not in value.choices
    spare = abs(number) * 1e-12  # of what floats round
    low, high = value.minimum, value.maximum
    return (low is not None and number < _float(low) - spare) or (high is not None and number > _float(high) + spare)


@lru_cache(maxsize=4096)
def _float(number: Decimal) -> float:
    return float(number)


def registers_of(plan: Plan, image: bytes, missing: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """The registers of a sample's image by (function, address); {} if the image is empty.

    `plan`: the one that the sample was read by. Registers in `missing`, ranges [start, end) of the image's bytes, were
    not read and are left out, and so are registers without a value in a request that was not read as a whole.
    """
    registers: dict[tuple[int, int], int] = {}
    unread = {byte for start, end in missing for byte in range(start, end)}
    for request in plan.requests if image else ():
        part = image[request.offset : request.offset + request.count * request.item_bytes]
        read = split_reply(request, part)
        if not unread.isdisjoint(range(request.offset, request.offset + len(part))):
            held = {address + n for address, count in request.atoms for n in range(count)}  # of holes nobody knows
            first, size = request.offset, request.item_bytes
            read = {
                (function, address): number
                for (function, address), number in read.items()
                if address in held and first + (address - request.address) * size not in unread
            }
        registers |= read
    return registers


def split_reply(request: Request, data: bytes) -> dict[tuple[int, int], int]:
    """The registers in the data of a request's reply by (function, address).

    `data` is complete: two bytes a register, high byte first; bits unpacked, one byte each, 0 or 1.
    """
    size = request.item_bytes
    return {
        (request.function, request.address + number): int.from_bytes(data[number * size : (number + 1) * size], "big")
        for number in range(request.count)
    }


def show(number: float | bool | str) -> str:
    """A number as text for a person: floats with at most seven digits, a bool as 0 or 1, a text in quotation marks."""
    if isinstance(number, str):
        return repr(number)
    if isinstance(number, bool):
        return str(int(number))
    return str(number) if isinstance(number, int) else f"{number:.7g}"


def with_unit(text: str, unit: str) -> str:
    """A text with the unit behind it, as people write it: "21.5 °C". `unit`: the standard's (`degC`), may be empty."""
    return f"{text} {unit.replace('degC', '°C')}".rstrip()


def address_text(value: Value) -> str:
    """Function and addresses: "4:12", "4:12-13", of words apart "4:12,79"; "computed" of a column that reads none."""
    if value.raw_type == COMPUTED:
        return COMPUTED
    if value.words:
        return f"{value.function}:{','.join(map(str, value.words))}"
    last = value.address + value.width - 1
    return f"{value.function}:{value.address}" + (f"-{last}" if last > value.address else "")


def row_text(value: Value) -> str:
    """Table, row and column, "rack 1.3 rack_soc": identities with dots, an element in brackets."""
    row = ".".join(map(str, value.ids))
    element = "" if value.element is None else f"[{value.element}]"
    return f"{value.table} {row} {value.column}{element}".replace("  ", " ")


def range_text(value: Value) -> str:
    """The range or choices of the map: "0 to 100", "one of 0, 1, 2"; empty if it gives none."""
    if value.choices:
        return "one of " + ", ".join(map(str, value.choices))
    if value.minimum is not None and value.maximum is not None:
        return f"{value.minimum:f} to {value.maximum:f}"
    if value.minimum is not None:
        return f"from {value.minimum:f}"
    return "" if value.maximum is None else f"to {value.maximum:f}"


def _data(value: Value, registers: Registers) -> bytes:
    """The value's bytes as received; empty if any of its registers was not read."""
    keys = [(value.function, address) for address in value.addresses]
    if any(key not in registers for key in keys):
        return b""
    size = 1 if value.function in BIT_FUNCTIONS else 2
    return b"".join(registers[key].to_bytes(size, "big") for key in keys)


def _raw_numbers(values: Sequence[Value], registers: Registers) -> np.ndarray:
    """The raw numbers of values whose `shared_part` is one, as their rule takes them."""
    return np.array([_raw(value, _data(value, registers)) for value in values], dtype_of(values[0]))


def _raw(value: Value, data: bytes) -> object:
    ordered = bytes(data[byte] for byte in value_bytes(value))
    raw = np.frombuffer(ordered, dtype_of(value))[0]
    field = field_of(value.raw_type, value.bits)
    return raw if field is None else (int(raw) >> field[0]) & ((1 << field[1]) - 1)
