"""The checks of a register map's expanded values against each other, and the hash of what they decide.

Called by `core.maps.mapfile` with values by function, address, lowest bit. Every error is a MapError.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from decimal import Decimal

from ess_ray.core.errors import MapError
from ess_ray.core.maps.encodings import DEFAULT_ENCODING
from ess_ray.core.maps.numbering import LAST_ADDRESS
from ess_ray.core.maps.order import ORDERS
from ess_ray.core.maps.registers import Cell, Computed, Value
from ess_ray.core.maps.standard import Standard


def location(name: str, line: int = 0, address: int | None = None) -> str:
    """The beginning of an error: `map NAME, line N, address A`; a line of 0 and no address are left out."""
    parts = [f"map {name}"] + ([f"line {line}"] if line else []) + ([] if address is None else [f"address {address}"])
    return ", ".join(parts)


def cell_location(name: str, cell: Cell, address: int | None = None) -> str:
    """The beginning of an error about a value or a computed column of the map `name`, or of what that includes."""
    included = f" (which map {name} includes)" if cell.source else ""
    return location(cell.source or name, cell.line, cell.address if address is None else address) + included


def check_values(name: str, values: Sequence[Value], standard: Standard) -> None:
    """Raises MapError unless the values of the map `name` agree with each other.

    Required: at least one; all within addresses 0 to LAST_ADDRESS; no cell (table, ids, column, element) twice; the
    elements of an array numbered from 1 without a gap; no two values on the same bits, though bits of a register may be
    values beside the whole register. Not checked: each value's table is one of `standard`, and its `ids` fit it.
    """
    if not values:
        raise MapError(location(name), "has no values")
    for value in values:
        if max(address for _, address in value.keys) > LAST_ADDRESS:
            raise MapError(
                cell_location(name, value),
                f"{label(value, standard)}: its last register is above {LAST_ADDRESS}, the highest address",
            )
    _check_once(name, values, standard)
    _check_elements(name, values, standard)
    _check_overlap(name, values, standard)


def label(value: Value, standard: Standard) -> str:
    """The name of a value for people: `rack.rack_module_faults[3] (bank_id 1, rack_id 2)`."""
    ids = zip(standard.tables[value.table].identity, value.ids, strict=True)
    row = ", ".join(f"{key} {number}" for key, number in ids)
    element = "" if value.element is None else f"[{value.element}]"
    return f"{value.table}.{value.column}{element}" + (f" ({row})" if row else "")


def map_hash(values: Iterable[Value], computed: Iterable[Computed] = ()) -> str:
    """16 hexadecimal digits over everything that decides what is stored; units, notes and lines do not.

    The order of the values counts: by function, address, lowest bit, as in `RegisterMap.values`.
    """
    digest = hashlib.sha256()
    for value in values:
        digest.update(f"{_decides(value)}\n".encode())
    for c in computed:
        result = c.table, c.column, c.ids, str(c.expression), _plain(c.minimum), _plain(c.maximum), c.column_type
        digest.update(f"{result}\n".encode())
    return digest.hexdigest()[:16]


def _decides(v: Value) -> tuple[object, ...]:
    """Everything about a value that decides what is stored. What a map need not say and does not say is left out."""
    newer = [] if v.encoding == DEFAULT_ENCODING else [v.encoding]
    newer += [f"every {v.period_us} us"] if v.period_us else []
    newer += [v.signed] if v.signed else []
    newer += [str(v.words)] if v.words else []
    newer += [f"{v.format} {v.parts} {v.zone}"] if v.is_text and (v.format or v.parts) else []
    newer += [str((side.role, side.negative, _decides(side.value))) for side in v.sides]
    return (
        v.table, v.column, v.element, v.ids, v.function, v.address, v.width, v.raw_type, v.order, _plain(v.scale),
        _plain(v.offset), _plain(v.minimum), _plain(v.maximum), v.invert, _sentinels(v), v.choices, v.bits,
        v.column_type, *newer,
    )  # fmt: skip


def _sentinels(value: Value) -> tuple[int | str, ...]:
    """Sentinels as numbers and bit patterns; maps without patterns of their own have the hash that they always had."""
    return (*value.sentinels, *(f"{pattern:#x}" for pattern in value.patterns if pattern not in value.sentinels))


def _plain(number: Decimal | None) -> str:
    """A number as text, the same for 0.1 and 0.10."""
    return "" if number is None else str(number.normalize())


def _check_once(name: str, values: Iterable[Value], standard: Standard) -> None:
    seen: dict[object, Value] = {}
    for value in values:
        first = seen.setdefault((value.table, value.ids, value.column, value.element), value)
        if first is not value:
            problem = f"{label(value, standard)} is there twice, first at {cell_location(name, first)}"
            raise MapError(cell_location(name, value), problem)


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
                raise MapError(cell_location(name, value), problem)


def _check_overlap(name: str, values: Iterable[Value], standard: Standard) -> None:
    # A register has two layers: values that take all of it, and values that take some of its bits.
    taken: dict[tuple[int, int, bool], list[tuple[Value, int]]] = {}
    for value in values:
        for address, bits in _bits_of(value).items():
            others = taken.setdefault((value.function, address, value.bits is not None), [])
            for other, their_bits in others:
                if bits & their_bits:
                    problem = (
                        f"{label(value, standard)} reads a register that {label(other, standard)} reads already "
                        f"({cell_location(name, other)})"
                    )
                    raise MapError(cell_location(name, value, address), problem)
            others.append((value, bits))


def _bits_of(value: Value) -> dict[int, int]:
    """The bits of each of its registers that a value takes, by address; all of them if it is none of bits."""
    if value.bits is None:
        return dict.fromkeys(value.addresses, 0xFFFF)
    lowest, count = value.bits
    taken = ((1 << count) - 1) << lowest
    places = [16 * (value.width - 1 - word) for word in ORDERS[value.order].words(value.width)]
    bits = {address: taken >> place & 0xFFFF for address, place in zip(value.addresses, places, strict=True)}
    return {address: mask for address, mask in bits.items() if mask}
