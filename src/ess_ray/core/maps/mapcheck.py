"""What must hold for the expanded values of a register map, and the hash of what they decide.

Called by `core.maps.mapfile` with values by function, address, lowest bit. Every error is a MapError.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from decimal import Decimal

from ess_ray.core.errors import MapError
from ess_ray.core.maps.registers import LAST_ADDRESS, Value
from ess_ray.core.maps.standard import Standard


def place(name: str, line: int = 0, address: int | None = None) -> str:
    """`map NAME, line N, address A` as far as each is known."""
    parts = [f"map {name}"] + ([f"line {line}"] if line else []) + ([] if address is None else [f"address {address}"])
    return ", ".join(parts)


def check_values(name: str, values: Sequence[Value], standard: Standard) -> None:
    """No value past the last address, none twice, no two on one register (bits may stand beside the whole)."""
    if not values:
        raise MapError(place(name), "has no values")
    for value in values:
        if value.address < 0 or value.address + value.width - 1 > LAST_ADDRESS:
            raise MapError(place(name, value.line, value.address), f"{label(value, standard)} ends past {LAST_ADDRESS}")
    _check_once(name, values, standard)
    _check_elements(name, values, standard)
    _check_overlap(name, values, standard)


def label(value: Value, standard: Standard) -> str:
    """A value by name, for people: `rack.rack_module_faults[3] (bank_id 1, rack_id 2)`."""
    ids = zip(standard.tables[value.table].identity, value.ids, strict=True)
    row = ", ".join(f"{key} {number}" for key, number in ids)
    element = "" if value.element is None else f"[{value.element}]"
    return f"{value.table}.{value.column}{element}" + (f" ({row})" if row else "")


def map_hash(values: Iterable[Value]) -> str:
    """16 hex digits over everything that decides what is stored; units, notes and lines do not."""
    digest = hashlib.sha256()
    for v in values:
        decides = (
            v.table, v.column, v.element, v.ids, v.function, v.address, v.width, v.raw_type, v.order, _plain(v.scale),
            _plain(v.offset), _plain(v.minimum), _plain(v.maximum), v.invert, v.sentinels, v.choices, v.bits,
            v.column_type,
        )  # fmt: skip
        digest.update(f"{decides}\n".encode())
    return digest.hexdigest()[:16]


def _plain(number: Decimal | None) -> str:
    """0.1 and 0.10 are the same."""
    return "" if number is None else str(number.normalize())


def _check_once(name: str, values: Iterable[Value], standard: Standard) -> None:
    seen: dict[object, Value] = {}
    for value in values:
        first = seen.setdefault((value.table, value.ids, value.column, value.element), value)
        if first is not value:
            problem = f"{label(value, standard)} is there twice, first at {place(name, first.line, first.address)}"
            raise MapError(place(name, value.line, value.address), problem)


def _check_elements(name: str, values: Iterable[Value], standard: Standard) -> None:
    elements: dict[object, list[Value]] = {}
    for value in values:
        if value.element is not None:
            elements.setdefault((value.table, value.ids, value.column), []).append(value)
    for array in elements.values():
        array.sort(key=lambda value: value.element or 0)
        for expected, value in enumerate(array, 1):
            if value.element != expected:
                problem = f"{label(value, standard)}: element {expected} is missing; they count from 1 without a gap"
                raise MapError(place(name, value.line, value.address), problem)


def _check_overlap(name: str, values: Iterable[Value], standard: Standard) -> None:
    # Two layers a register: values that take it whole, and values that take some of its bits.
    taken: dict[tuple[int, int, bool], list[Value]] = {}
    for value in values:
        for address in range(value.address, value.address + value.width):
            others = taken.setdefault((value.function, address, value.bits is not None), [])
            for other in others:
                if _share_bits(value, other):
                    problem = (
                        f"{label(value, standard)} reads a register that {label(other, standard)} reads already "
                        f"({place(name, other.line, other.address)})"
                    )
                    raise MapError(place(name, value.line, address), problem)
            others.append(value)


def _share_bits(one: Value, other: Value) -> bool:
    if one.bits is None or other.bits is None:
        return True
    return one.bits[0] < sum(other.bits) and other.bits[0] < sum(one.bits)
