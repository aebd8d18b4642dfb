"""Computed items of ha-solarman's definitions (`sensors`): sums, differences, products and quotients of registers.

The definition starts with 0 and goes through its sensors: each is added, or subtracted from what there is, or that is
multiplied or divided by it. A sensor may be multiplied with further registers first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from ess_ray.core.importing.item import Item, ItemError, Operand, is_long
from ess_ray.core.importing.solarman_values import Source, located, number_at, value_range
from ess_ray.core.importing.trees import Tree, address, listed, mappings

WORDS = {"multiply": "product", "divide": "quotient"}
# Of strings and phases more than ha-solarman takes a device to have, unless its user says so.
USUAL = {"mppt": 4, "l": 3}
Term = Operand | Decimal | Mapping[str, Sequence[object]]


def computed_item(entry: Tree, source: Source, known: Sequence[Item]) -> list[Item]:
    """The item of an entry with `sensors`, behind those that it is computed from and that are not `known`.

    Raises ItemError for one that cannot be carried over.
    """
    name = str(entry.get("name", ""))
    if "lookup" in entry:
        raise ItemError("it is computed, and its numbers have meanings")
    parts: list[Item] = []
    whole: Term | None = None
    skipped = 0
    for index, sensor in mappings(entry, "sensors"):
        if "enabled_lookup" in sensor:
            raise ItemError("what it is computed from depends on a setting of the device")
        if any(number_at(sensor, key, Decimal(0)) > most for key, most in USUAL.items()) or not listed(
            sensor, "registers"
        ):
            skipped += 1
            continue
        term = _term(entry, sensor, source, f"{name} part {index + 1}", known, parts)
        whole = _with(whole, term, str(sensor.get("operator") or "add"))
    if whole is None:
        raise ItemError("it is computed from nothing in this model")
    formula = whole if isinstance(whole, Mapping) else {"product": [whole, Decimal(1)]}
    low, high = value_range(entry, Decimal(1), Decimal(0))
    unit = str(entry.get("uom", entry.get("unit_of_measurement")) or "")
    note = f"without {skipped} operands that few devices of this kind have" if skipped else ""
    item = Item(
        name, source.where, source.function, 0, unit=unit, minimum=low, maximum=high, period_s=source.period_s,
        formula=formula, note=note,
    )  # fmt: skip
    return [*parts, item]


def _with(whole: Term | None, term: Term, operator: str) -> Term:
    """What there is so far, and the next term."""
    if operator in WORDS and whole is not None:
        return {WORDS[operator]: [whole, term]}
    if operator == "subtract":
        term = _negative(term)
    elif operator not in ("add", *WORDS):
        raise ItemError(f"operator {operator!r} is unknown")
    if whole is None:
        return term
    if isinstance(whole, Mapping) and "sum" in whole:
        return {"sum": [*whole["sum"], term]}
    return {"sum": [whole, term]}


def _negative(term: Term) -> Term:
    if isinstance(term, Operand):
        return replace(term, negative=not term.negative)
    return {"product": [Decimal(-1), term]}


def _term(entry: Tree, sensor: Tree, source: Source, name: str, known: Sequence[Item], parts: list[Item]) -> Term:
    """A sensor as a column, times whatever it is multiplied with."""
    scale = number_at(sensor, "scale", number_at(entry, "scale", Decimal(1)))
    term = _column(sensor, scale, source, name, known, parts)
    factor = sensor.get("multiply")
    if not isinstance(factor, Mapping):
        return term
    other = _column(factor, number_at(factor, "scale", scale), source, f"{name} factor", known, parts)
    return {"product": [term, other]}


def _column(sensor: Tree, scale: Decimal, source: Source, name: str, known: Sequence[Item], parts: list[Item]) -> Term:
    """The column that has a sensor's registers, in its scale: a known one, or a further part."""
    if extra := sorted(set(sensor) & {"mask", "bit", "bitmask", "divide", "range", "magnitude"}):
        raise ItemError(f"what it is computed from has {', '.join(extra)}")
    registers = [address(register) for register in listed(sensor, "registers")]
    offset = -number_at(sensor, "offset", Decimal(0)) * scale
    base = Item(name, source.where, source.function, registers[0], period_s=source.period_s, scale=scale, offset=offset)
    item = located(base, registers, "signed" in sensor)
    for other in (*known, *parts):
        if _same_raw(other, item) and not item.offset and not other.offset:
            ratio = item.scale / other.scale
            if ratio == 1:
                return Operand(other.name, other.where)
            if ratio * other.scale == item.scale:
                return {"product": [ratio, Operand(other.name, other.where)]}
    parts.append(item)
    return Operand(item.name, item.where)


def _same_raw(one: Item, other: Item) -> bool:
    if one.formula is not None or one.bits is not None or is_long(one) or one.enum:
        return False
    return (one.function, one.registers, one.type, one.order, one.words) == (
        other.function, other.registers, other.type, other.order, other.words,
    )  # fmt: skip
