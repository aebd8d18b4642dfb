"""A device's items → its map, checked: what the map language refuses is taken out and listed with the reason.

So a map that was made can always be used, and whatever it lacks is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ess_ray.core.errors import ConfigError
from ess_ray.core.importing.item import FoundDevice, Import, Item, LeftOut
from ess_ray.core.importing.writing import Entry, MapText, place, write_map
from ess_ray.core.maps.registers import BIT_FUNCTIONS

ROW_BYTES = 7600  # of a table's row, counted generously: PostgreSQL holds some more, see `core.maps.row_size`
COLUMN_BYTES, TEXT_BYTES = 8, 21
WHOLE = 0xFFFF  # every bit of a register

Check = Callable[[str], tuple[int, str] | None]


@dataclass(frozen=True, slots=True)
class MadeMap:
    """A map that passes the checks, its values, and those that it could not have."""

    text: str
    entries: Sequence[Entry]
    left_out: Sequence[LeftOut]
    period_s: Decimal
    unit_id: int | None


def make_map(
    found: Import, device: FoundDevice, table: str, source: str, check: Check, identity: Sequence[str] = ()
) -> MadeMap:
    """The map of one device of an import, whose columns go to `table`, or to that and some more if they are many.

    `source`: the file's name. `identity`: of `table`, if the standard has it: its row gets number 1. `check` gives the
    first line of a map's text (0: none) that cannot be used, and why; None if it is good. Raises ConfigError if nothing
    is left, or if what is wrong is no value's fault.
    """
    items, left_out = _apart(device.items)
    entries = _placed(items, table)
    while entries:
        text = write_map(
            entries,
            device.period_s,
            _heading(found, device, source),
            _footing([*found.left_out, *left_out]),
            {table: identity} if identity else {},
        )
        wrong = check(text.text)
        if wrong is None:
            return MadeMap(text.text, entries, left_out, text.period_s, device.unit_id)
        entry = _entry_at(text, wrong[0])
        if entry is None:
            raise ConfigError("from", f"no map can be made of {source}: {wrong[1]}")
        entries.remove(entry)
        left_out.append(LeftOut(entry.item.name, entry.item.where, wrong[1]))
    reasons = "; ".join(dict.fromkeys(one.reason for one in left_out))
    raise ConfigError("from", f"nothing of {source} fits into a map: {reasons}")


def _entry_at(text: MapText, line: int) -> Entry | None:
    """The entry whose value begins at the line or last before it."""
    return text.entries[max(before)] if (before := [at for at in text.entries if at <= line]) else None


def _placed(items: Sequence[Item], table: str) -> list[Entry]:
    """Each item with its column; tables as many as their rows need."""
    entries = place(items, table)
    placed, number, size = [], 1, 0
    for entry in entries:
        bytes_ = TEXT_BYTES if entry.item.type == "string" else COLUMN_BYTES
        if size + bytes_ > ROW_BYTES:
            number, size = number + 1, 0
        size += bytes_
        placed.append(entry if number == 1 else replace(entry, table=f"{table}_{number}"))
    return placed


def _apart(items: Iterable[Item]) -> tuple[list[Item], list[LeftOut]]:
    """The items that a map can have together, in the file's order: one value for a register, and one for its bits."""
    kept: list[Item] = []
    left_out: list[LeftOut] = []
    whole: dict[tuple[int, int], Item] = {}
    bits: dict[tuple[int, int], int] = {}
    for item in items:
        found = item
        registers = [(item.function, item.address + number) for number in range(item.width)]
        other = next((whole[register] for register in registers if register in whole), None)
        if item.bits is None and other and _fits_into_bits(item) and not bits.get(registers[0]):
            words = {"signed": True} | dict(item.words) if item.type == "int16" else item.words
            found = replace(item, bits=(0, 16), words=words)
        if found.bits is not None:
            lowest, count = found.bits
            mask = ((1 << count) - 1) << lowest
            if bits.get(registers[0], 0) & mask:
                left_out.append(LeftOut(item.name, item.where, f"register {item.address} is another value's already"))
                continue
            bits[registers[0]] = bits.get(registers[0], 0) | mask
        elif other:
            reason = f"register {item.address} is read by {other.name} ({other.where}) already"
            left_out.append(LeftOut(item.name, item.where, reason))
            continue
        else:
            whole.update(dict.fromkeys(registers, item))
        kept.append(found)
    return kept, left_out


def _fits_into_bits(item: Item) -> bool:
    return item.width == 1 and item.function not in BIT_FUNCTIONS and item.type in ("int16", "uint16")


def _heading(found: Import, device: FoundDevice, source: str) -> Iterator[str]:
    which = f", device {device.name}" if device.name else ""
    yield f"Made by job=import from {source} ({found.form}{which}). Change it as you like: nothing writes it again."
    yield "Behind each value: its address as sent, and where it stands in the file."
    if found.taken:
        yield ""
        yield "What the file leaves open was read so:"
        yield from (f"- {one}" for one in found.taken)


def _footing(left_out: Sequence[LeftOut]) -> Iterator[str]:
    if left_out:
        yield ""
        yield "Not in this map:"
        yield from (f"- {one.name or '?'} ({one.where}): {one.reason}" for one in left_out)
