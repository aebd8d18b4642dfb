"""One item of a definition of ha-solarman → an item: numbers, texts, bits, versions, times, computed values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ess_ray.core.importing.item import Item, ItemError, in_one_register
from ess_ray.core.importing.trees import Tree, address, listed, mappings, number, whole
from ess_ray.core.maps.registers import MAX_REGISTERS

NUMBERS = {1: False, 3: False, 2: True, 4: True}  # rule → signed
TEXT, DIGITS, VERSION, DATE_TIME, TIME, RAW = 5, 6, 7, 8, 9, 10
MOST_TRACKERS, MOST_PHASES = 4, 3  # that a sum counts: ha-solarman's own defaults
MOST_WORDS = 4  # of a number
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Source:
    """Where an item stands, with which function it is read, and how often."""

    where: str
    function: int
    period_s: Decimal | None


def read_items(entry: Tree, source: Source) -> list[Item]:
    """The items of an entry that reads its own registers. Raises ItemError for one that cannot be carried over."""
    name = str(entry.get("name", ""))
    if "disabled" in entry:
        raise ItemError("it is disabled in the file")
    if not entry.get("rule"):
        raise ItemError("it has no register that is read: the program computes it, or it is a button")
    rule = whole(entry["rule"], "its rule")
    registers = [address(register) for register in listed(entry, "registers")]
    if not registers:
        raise ItemError("it has no register in this model")
    base = Item(
        name, source.where, source.function, registers[0], period_s=source.period_s,
        unit=str(entry.get("uom", entry.get("unit_of_measurement")) or ""),
    )  # fmt: skip
    if rule in NUMBERS and len(registers) > MOST_WORDS and "lookup" in entry:
        rule = RAW  # events, a bit each
    if rule in NUMBERS:
        return [_number(base, entry, registers, NUMBERS[rule])]
    return _other(base, entry, registers, rule)


# --- numbers --------------------------------------------------------------------------------------------------------


def located(item: Item, registers: Sequence[int], signed: bool) -> Item:
    """The item as a number of these registers, the least significant first. Raises ItemError for too many of them."""
    if len(registers) > MOST_WORDS:
        raise ItemError(f"a number of {len(registers)} registers is not among those of register maps")
    kind = "int" if signed else "uint"
    item = replace(item, type=f"{kind}{16 * len(registers)}", width=len(registers), address=min(registers))
    ascending = list(range(registers[0], registers[0] + len(registers)))
    if list(registers) == ascending:
        return replace(item, order="CDAB" if len(registers) > 1 else item.order)
    if list(registers) == list(range(registers[0], registers[0] - len(registers), -1)):
        return item
    return replace(item, address=registers[-1], words=dict(item.words) | {"words": list(reversed(registers))})


def _number(base: Item, entry: Tree, registers: Sequence[int], signed: bool) -> Item:
    item = located(base, registers, signed)
    if entry.get("magnitude"):
        item = replace(item, words=dict(item.words) | {"sign": "magnitude"})
    lowest, item = _bits(item, entry)
    scale, offset = _scale(entry), number_at(entry, "offset", Decimal(0))
    enum = _lookup(entry, lowest)
    if enum or "lookup" in entry:
        scale, offset = ONE, Decimal(0)
    divide = number_at(entry, "divide", ONE)
    if divide not in (ONE, 1 << lowest):
        raise ItemError(f"it is divided by {divide:f} and rounded down")
    if divide == ONE and item.bits and item.bits[1] > 1:
        scale *= 1 << lowest  # a mask that is not shifted down
    if entry.get("inverted"):
        scale = -scale
    low, high = (None, None) if enum else value_range(entry, scale, offset)
    item = replace(
        item, scale=scale, offset=-offset * scale, minimum=low, maximum=high, enum=enum, unit="" if enum else item.unit
    )
    return replace(item, note=_note(entry))


def _bits(item: Item, entry: Tree) -> tuple[int, Item]:
    """The item as some bits of its register, and the lowest of them; as it is and 0 without a mask."""
    value = entry.get("value")
    bit = entry.get("bit", value.get("bit") if isinstance(value, Mapping) else None)
    mask = entry.get("mask", entry.get("bitmask"))
    if bit is not None:
        return whole(bit, "its bit"), _some(item, whole(bit, "its bit"), 1)
    if mask is None:
        return 0, item
    mask = whole(mask, "its mask")
    lowest = (mask & -mask).bit_length() - 1
    count = mask.bit_count()
    if mask <= 0 or mask >> lowest != (1 << count) - 1:
        raise ItemError(f"its mask {mask:#x} has gaps")
    return lowest, _some(item, lowest, count)


def _some(item: Item, lowest: int, count: int) -> Item:
    if "words" in item.words:
        raise ItemError("some bits of registers that lie apart")
    return in_one_register(replace(item, type="uint16", bits=(lowest, count)))


def _scale(entry: Tree) -> Decimal:
    return number_at(entry, "scale", ONE) or ONE


def number_at(entry: Tree, key: str, otherwise: Decimal) -> Decimal:
    """The number at a key; `otherwise` without it. Raises ItemError for what is none."""
    return otherwise if entry.get(key) is None else number(entry[key], f"its {key}")


def _lookup(entry: Tree, lowest: int) -> dict[int, str]:
    """The meanings of raw numbers; empty if they are of bits that come together, which a map says for each bit."""
    labels: dict[int, str] = {}
    for _, one in mappings(entry, "lookup"):
        if "bit" in one or one.get("mode"):
            return {}
        for key in listed(one, "key"):
            if isinstance(key, int) and not isinstance(key, bool):
                labels.setdefault(key >> lowest, str(one.get("value", "")))
    return labels


def value_range(entry: Tree, scale: Decimal, offset: Decimal) -> tuple[Decimal | None, Decimal | None]:
    """The expected range of the value: `validation` is of the value, `range` of the raw number."""
    bounds: dict[str, Decimal | None] = {"min": None, "max": None}
    raw, checked = entry.get("range"), entry.get("validation")
    if isinstance(raw, Mapping):
        ends = {key: (number(raw[key], f"its {key}") - offset) * scale for key in bounds if raw.get(key) is not None}
        bounds |= ends if scale > 0 else {"min": ends.get("max"), "max": ends.get("min")}
    if isinstance(checked, Mapping) and "lookup" not in checked:
        bounds |= {key: number(checked[key], f"its {key}") for key in bounds if checked.get(key) is not None}
    if entry.get("uint") and bounds["min"] is None:
        bounds["min"] = Decimal(0)
    low, high = bounds["min"], bounds["max"]
    return (low, high) if low is None or high is None or low <= high else (None, None)


def _note(entry: Tree) -> str:
    """What the definition does with the value, and a map does not."""
    checked = entry.get("validation")
    words = [key for key in ("dev", "invalidate_all") if isinstance(checked, Mapping) and key in checked]
    notes = [f"the definition drops it by {' and '.join(words)}; here it is kept"] if words else []
    if any("bit" in one for _, one in mappings(entry, "lookup")):
        bits = [f"bit {one['bit']}: {one.get('value')}" for _, one in mappings(entry, "lookup") if "bit" in one]
        notes.append(", ".join(bits))
    return "; ".join(notes)


# --- everything else ------------------------------------------------------------------------------------------------

# The parts of a date and time, by the registers that it takes: two parts in each of three, or one in each of six.
DATE_PARTS = {
    3: ["year/month", "day/hour", "minute/second"],
    6: ["year", "month", "day", "hour", "minute", "second"],
}
TIME_PARTS = {2: ["hour", "minute"], 3: ["hour", "minute", "second"]}


def _other(base: Item, entry: Tree, registers: Sequence[int], rule: int) -> list[Item]:
    base = replace(base, unit="")
    if rule == TEXT:
        return [_text(base, registers)]
    if rule == TIME:
        return [_time(base, entry, registers)]
    if rule == DATE_TIME:
        return [_clock(base, registers, DATE_PARTS.get(len(registers)))]
    if rule not in (VERSION, DIGITS, RAW):
        raise ItemError(f"rule {rule} is unknown")
    words = {VERSION: {"format": "nibbles"}, DIGITS: {"format": "hex"}}.get(rule, {})
    base = replace(base, words=words)
    if len(registers) == 1:
        return [base]
    return [replace(base, name=f"{base.name} {place}", address=at) for place, at in enumerate(registers, 1)]


def _in_a_row(registers: Sequence[int]) -> bool:
    return list(registers) == list(range(registers[0], registers[0] + len(registers)))


def _text(base: Item, registers: Sequence[int]) -> Item:
    if not _in_a_row(registers) or len(registers) > MAX_REGISTERS:
        raise ItemError(f"a text of registers {list(registers)}: a map has them in a row, at most {MAX_REGISTERS}")
    return replace(base, type="string", width=len(registers))


def _time(base: Item, entry: Tree, registers: Sequence[int]) -> Item:
    """A time of day: a number like 1330, two bytes, a register for each part, or digits of text."""
    if "hex" in entry and entry.get("offset") is not None:
        return _text(base, registers)
    if len(registers) > 1:
        return _clock(base, registers, TIME_PARTS.get(len(registers)))
    if "hex" in entry:
        return replace(base, type="bcd16", note="HHMM")
    if number_at(entry, "dec", Decimal(100)) == 256:
        return _clock(base, registers, ["hour/minute"])
    return replace(base, words={"format": "hhmm"})


def _clock(base: Item, registers: Sequence[int], parts: list[str] | None) -> Item:
    if parts is None or not _in_a_row(registers):
        raise ItemError(f"a date or time of registers {list(registers)}")
    return replace(base, type="datetime", width=len(registers), words={"parts": parts})
