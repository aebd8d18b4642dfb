"""What a map says of a point of SunSpec's: its attributes, and of a column of its own name, type, unit and meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from ess_ray.core.maps.standard import RESERVED_COLUMNS
from ess_ray.core.sunspec.definitions import REGISTERS, TYPES, Point
from ess_ray.core.sunspec.homes import unit_of
from ess_ray.core.sunspec.placing import Place

INSTANCE = "instance_id"
# The type of a column whose numbers are not scaled; else it is float8.
COLUMN_TYPES = {
    "int16": "int2", "uint16": "int4", "int32": "int4", "uint32": "int8", "int64": "int8", "string": "text",
    REGISTERS: "int4[]",
}  # fmt: skip


def attributes(
    one: Place, scale: str, shift: int, stride: Mapping[str, int], apart: bool
) -> Iterator[tuple[str, object]]:
    """What the map says of a point, but for its column."""
    raw, sentinel, text = TYPES[one.point.type]
    yield "type", "uint16" if raw == REGISTERS else raw
    if raw == "string":
        yield "length", one.point.size
    elif raw == REGISTERS:
        yield "count", one.point.size
    if isinstance(one.point.factor, int):
        scale = str(Decimal(scale).scaleb(one.point.factor))
    if scale != "1":
        yield "scale", Decimal(scale)
    if one.factor:
        at = one.factor.address + (shift if one.factor.levels else 0)
        more = ({"stride": dict(stride)} if one.factor.levels else {}) | ({"apart": True} if apart else {})
        yield "exponent", {"at": at, **more} if more else at
    if sentinel:
        yield "sentinel", sentinel
    if text:
        yield "format", text
    if one.point.symbols and one.point.type.startswith("enum"):
        yield "enum", dict(sorted(one.point.symbols.items()))


def remark(one: Place) -> str:
    """The point's name as SunSpec has it, what it is, and the bits of a bit field."""
    name = ".".join((*one.within, one.point.name))
    bits = ", ".join(f"{bit} {text}" for bit, text in sorted(one.point.symbols.items()))
    return f"{name}: {one.point.label}" + (f"; bits: {bits}" if bits and one.point.type.startswith("bit") else "")


def described(point: Point) -> Mapping[str, str]:
    """What `new` of a map says of a point's column."""
    scaled = point.factor is not None
    kind = TYPES[point.type]
    type_ = "text" if kind.format else "float8" if scaled else COLUMN_TYPES.get(kind.raw, "float8")
    unit = unit_of(point.units)
    return {"type": type_, **({"unit": unit} if unit else {}), "meaning": point.label}


def lower_name(text: str) -> str:
    """A name of SunSpec in small letters, as the data standard wants it."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def own_column(one: Place) -> str:
    """The column of a point in its model's own table."""
    name = lower_name("_".join((*one.within, one.point.name)))
    return f"{name}_value" if name in RESERVED_COLUMNS or name == INSTANCE else name
