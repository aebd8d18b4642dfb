"""A device's items → its map, checked: what the map language refuses is taken out and listed with the reason.

So a map that was made can always be used, and whatever it lacks is said.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ess_ray.core.errors import ConfigError
from ess_ray.core.importing.item import FoundDevice, Import, Item, ItemError, LeftOut, Operand, is_long, operands
from ess_ray.core.importing.writing import Entry, MapText, place, write_map
from ess_ray.core.maps.registers import BIT_FUNCTIONS

ROW_BYTES = 7600  # of a table's row, counted generously: PostgreSQL holds some more, see `core.maps.row_size`
COLUMN_BYTES, LONG_BYTES = 8, 21  # of a number; of a text or an array, which may be moved out of the row
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
    imported: Import, device: FoundDevice, table: str, source: str, check: Check, identity: Sequence[str] = ()
) -> MadeMap:
    """The map of one device of an import, whose columns go to `table`, or to that and some more if they are many.

    `source`: the file's name. `identity`: of `table`, if the standard has it: its row gets number 1. `check` gives the
    first line of a map's text (0: none) that cannot be used, and why; None if it is good. Raises ConfigError if nothing
    is left, or if what is wrong is no value's fault.
    """
    items, left_out = _apart(device.items)
    entries = _placed(items, table)
    while entries := _complete(entries, left_out):
        text = write_map(
            entries,
            device.period_s,
            _heading(imported, device, source),
            _footing([*imported.left_out, *left_out]),
            {table: identity} if identity else {},
        )
        wrong = check(text.text)
        if wrong is None:
            return MadeMap(text.text, entries, left_out, text.period_s, device.unit_id)
        good = _good_alone(entries, left_out, check)
        if len(good) == len(entries):
            entry = _entry_at(text, wrong[0])
            if entry is None:
                raise ConfigError("from", f"no map can be made of {source}: {wrong[1]}")
            good.remove(entry)
            left_out.append(LeftOut(entry.item.name, entry.item.where, wrong[1]))
        entries = good
    reasons = "; ".join(dict.fromkeys(one.reason for one in left_out))
    raise ConfigError("from", f"nothing of {source} fits into a map: {reasons}")


def _entry_at(text: MapText, line: int) -> Entry | None:
    """The entry whose value begins at the line or last before it."""
    return text.entries[max(before)] if (before := [at for at in text.entries if at <= line]) else None


def _good_alone(entries: list[Entry], left_out: list[LeftOut], check: Check) -> list[Entry]:
    """The entries that make a map by themselves: one look at each, where a map of all tells only the first mistake."""
    good = []
    for entry in entries:
        wrong = None if entry.item.formula is not None else check(write_map([entry], None, ()).text)
        if wrong is None:
            good.append(entry)
        else:
            left_out.append(LeftOut(entry.item.name, entry.item.where, wrong[1]))
    return good


def _complete(entries: list[Entry], left_out: list[LeftOut]) -> list[Entry]:
    """The entries without those that are computed from something that is not among them."""
    while True:
        there = {(entry.item.name, entry.item.where) for entry in entries}
        lacking = {entry: lack for entry in entries if (lack := _lacks(entry.item, there))}
        if not lacking:
            return entries
        entries = [entry for entry in entries if entry not in lacking]
        left_out += [
            LeftOut(entry.item.name, entry.item.where, f"it is computed from {lack}, which is not in the map")
            for entry, lack in lacking.items()
        ]


def _lacks(item: Item, there: Collection[tuple[str, str]]) -> str:
    names = operands(item.formula) if item.formula is not None else ()
    return next((one.name for one in names if (one.name, one.where) not in there), "")


def _placed(items: Sequence[Item], table: str) -> list[Entry]:
    """Each item with its column; tables as many as their rows need, what is computed beside its operands."""
    tables: dict[tuple[str, str], str] = {}
    placed, number, size = [], 1, 0
    for entry in place(items, table):
        item = entry.item
        beside = next((tables.get((one.name, one.where)) for one in operands(item.formula or {})), None)
        if beside is None:
            bytes_ = LONG_BYTES if is_long(item) else COLUMN_BYTES
            if size + bytes_ > ROW_BYTES:
                number, size = number + 1, 0
            size += bytes_
            beside = table if number == 1 else f"{table}_{number}"
        tables[item.name, item.where] = beside
        placed.append(replace(entry, table=beside))
    return placed


def _apart(items: Iterable[Item]) -> tuple[list[Item], list[LeftOut]]:
    """The items that a map can have together, in the file's order."""
    kept: list[Item] = []
    left_out: list[LeftOut] = []
    taken = _Taken()
    for item in items:
        try:
            kept.append(taken.take(item))
        except ItemError as reason:
            left_out.append(LeftOut(item.name, item.where, str(reason)))
    return kept, left_out


class _Taken:
    """The registers of the items so far. A map has one value of a whole register, and one of each of its bits."""

    def __init__(self) -> None:
        self._whole: dict[tuple[int, int], Item] = {}
        self._bits: dict[tuple[int, int], int] = {}  # masks

    def take(self, item: Item) -> Item:
        """The item, in another form if its registers are another one's already. Raises ItemError if there is none."""
        registers = [(item.function, register) for register in item.registers]
        others = [self._whole[register] for register in registers if register in self._whole]
        if item.bits is not None:
            lowest, count = item.bits
            self._take_bits(item, registers, ((1 << count) - 1) << lowest)
        elif not others:
            self._whole.update(dict.fromkeys(registers, item))
        elif _is_plain_number(item) and not any(register in self._bits for register in registers):
            if crossing := next((other for other in others if not _nested(item, other)), None):
                raise ItemError(f"it has one register with {crossing.name} ({crossing.where}), and another without it")
            self._take_bits(item, registers, WHOLE)
            return _as_bits(item)
        else:
            return _computed_from(item, others[0])
        return item

    def _take_bits(self, item: Item, registers: Sequence[tuple[int, int]], mask: int) -> None:
        for register in registers:
            if self._bits.get(register, 0) & mask:
                raise ItemError(f"register {item.address} is another value's already")
            self._bits[register] = self._bits.get(register, 0) | mask


def _nested(item: Item, other: Item) -> bool:
    """Whether one has all registers of the other; of two numbers that cross, one is read wrong."""
    mine, theirs = set(item.registers), set(other.registers)
    return mine <= theirs or theirs <= mine


def _is_plain_number(item: Item) -> bool:
    """Whether the bits of its registers say the same as the item."""
    return item.function not in BIT_FUNCTIONS and item.type.startswith(("int", "uint")) and not item.words


def _as_bits(item: Item) -> Item:
    """The item as all bits of its registers."""
    words: dict[str, object] = {"signed": True} if item.type.startswith("int") else {}
    if item.width == 1:
        return replace(item, bits=(0, 16), words=words)
    type_ = f"u{item.type.removeprefix('u')}"
    return replace(item, type=type_, words={"bits": f"0..{16 * item.width - 1}"} | words)


def _computed_from(item: Item, other: Item) -> Item:
    """The item, computed from the one that reads the same number. Raises ItemError if it is another number."""
    same = all(getattr(item, key) == getattr(other, key) for key in ("registers", "type", "order", "words"))
    ratio = item.scale / other.scale
    plain = not (is_long(item) or item.offset or other.offset or item.sentinels)
    if not same or not plain or ratio * other.scale != item.scale:
        raise ItemError(f"register {item.address} is read by {other.name} ({other.where}) already")
    return replace(item, formula={"product": [Operand(other.name, other.where), ratio]})


def _heading(imported: Import, device: FoundDevice, source: str) -> Iterator[str]:
    which = f", device {device.name}" if device.name else ""
    yield f"Made by job=import from {source} ({imported.form}{which}). Change it as you like: nothing writes it again."
    yield "Behind each value: its address as sent, and where it stands in the file."
    if imported.taken:
        yield ""
        yield "What the file leaves open was read so:"
        yield from (f"- {one}" for one in imported.taken)


def _footing(left_out: Sequence[LeftOut]) -> Iterator[str]:
    if left_out:
        yield ""
        yield "Not in this map:"
        yield from (f"- {one.name or '?'} ({one.where}): {one.reason}" for one in left_out)
