"""One column entry of a register map → one `Value`: which attributes apply, what they say, and whether they fit.

Called by `core.maps.mapfile`. An attribute that an outer level hands down and that does not apply to the kind of value
is not used; one that stands at the column itself and does not apply is an error. Bits take no numbers from outer
levels: the scale of the measured values around a status word is never meant for them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ess_ray.core.maps.clocks import read_parts, read_zone
from ess_ray.core.maps.column_types import Column
from ess_ray.core.maps.encodings import DEFAULT_ENCODING, is_encoding
from ess_ray.core.maps.expressions import OPERATIONS
from ess_ray.core.maps.fit import check_fit
from ess_ray.core.maps.formats import FORMATS
from ess_ray.core.maps.new_columns import ColumnFinder
from ess_ray.core.maps.order import DEFAULT_ORDER, ORDERS
from ess_ray.core.maps.raw_types import COMPLEMENT, MAGNITUDE, TYPES, WIDTHS, Notation, raw_limits
from ess_ray.core.maps.registers import BIT_FUNCTIONS, MAX_REGISTERS, ROLES, TEXT_TYPES, Value
from ess_ray.core.maps.sentinels import make_sentinels
from ess_ray.core.maps.sides import make_sides, read_words
from ess_ray.core.maps.standard import Table
from ess_ray.core.maps.tree import TreeNode

INVERTS = ("swap01", "nonzero")
SHARED_ATTRIBUTES = (
    "type", "order", "scale", "offset", "min", "max", "invert", "sentinel", "enum", "encoding", "note", "zone",
    *ROLES,
)  # fmt: skip
OWN_ATTRIBUTES = (
    "at",
    "words",
    "length",
    "bit",
    "bits",
    "signed",
    "format",
    "parts",
    "count",
    "element",
    "unit",
)  # only at a column


KINDS = {
    Notation.WHOLE: "integer", Notation.BCD: "integer", Notation.FLOAT: "float", Notation.MODULO: "modulo",
}  # fmt: skip
BIT_TYPES = tuple(name for name, type_ in TYPES.items() if type_.is_whole or type_.registers == 3)  # with `bits`

# What types of other tables are here.
ELSEWHERE = {
    "int8": "write `bits: 0..7, signed: true`, or 8..15", "uint8": "write `bits: 0..7`, or 8..15",
    "sunssf": "it is an int16, and a value's `exponent: ADDRESS` names it",
    "mod10": "mod10k32, mod10k48 and mod10k64 have 2, 3 and 4 registers",
    **{f"{name}{bits}": f"it is a uint{bits}" for name in ("acc", "enum", "bitfield") for bits in (16, 32, 64)},
}  # fmt: skip

_ALWAYS = {"at", "count", "element", "unit", "note"}
_NUMBER = _ALWAYS | {"scale", "offset", "min", "max", "sentinel", *ROLES}
_INTEGER = _NUMBER | {"invert", "enum"}
_APPLIES = {  # kind of value → attributes
    "float": _NUMBER | {"type", "order", "words"},
    "integer": _INTEGER | {"type", "order", "words"},
    "modulo": _INTEGER | {"type", "order", "words", "signed"},
    "string": _ALWAYS | {"type", "order", "length", "encoding"},
    "text of a number": _ALWAYS | {"type", "order", "words", "bits", "sentinel", "format", "zone"},
    "datetime": _ALWAYS | {"type", "order", "parts", "zone"},
    "bits": _INTEGER | {"type", "bit", "bits", "order", "words", "signed"},
    "bit": _INTEGER,
    "bool of bits": _ALWAYS | {"type", "bit", "bits", "order", "words", "invert"},
    "bool of bit": _ALWAYS | {"invert"},
}
_NOT_FOR_BITS = {"type", "scale", "offset", "min", "max", "sentinel", *ROLES}  # when they come from an outer level


@dataclass(frozen=True, slots=True)
class Level:
    """Table, function (1-4) and attributes that the levels around a column hand down to it.

    `attributes`: nodes by name, each a name of SHARED_ATTRIBUTES; of several levels the innermost. `finder`: of the
    map's columns.
    """

    table: Table
    function: int
    attributes: Mapping[str, TreeNode]
    finder: ColumnFinder
    repeats: Sequence[str] = ()  # the identity columns that repeat

    def column(self, name: str, entry: TreeNode, own: Mapping[str, TreeNode]) -> Column:
        """The column that an entry fills; `own`: its attributes. Raises as `ColumnFinder.column` does."""
        kind = "computed" if OPERATIONS.keys() & own.keys() else _raw_type(self, own)
        if "format" in own or kind in TEXT_TYPES:
            kind = "string"
        return self.finder.column(self.table, name, entry, own, kind)


def make_value(node: TreeNode, column: Column, level: Level, own: Mapping[str, TreeNode]) -> Value:
    """The Value of an entry, still without ids, element and address (`mapfile` sets them).

    `node`: the entry. `own`: the attributes that stand at the column itself, by name (of SHARED_ATTRIBUTES and
    OWN_ATTRIBUTES; the caller has checked that). Raises ConfigError (for a map: MapError), made by the `fail` of the
    node that is wrong, if an attribute does not apply to this kind of value or is not what is expected of it, if the
    unit is not the standard's, or if the column's type cannot hold every value that the device may send (where the map
    says so with `enum`, `min` or `max`: every value that is in range).
    """
    raw_type = _raw_type(level, own)
    chosen = _applying(_kind(raw_type, column, own), level.attributes, own)
    if "unit" in chosen and (unit := chosen["unit"].text()) != column.unit:
        raise chosen["unit"].error(f"the standard's unit of {column.name} is {column.unit!r}, not {unit!r}")
    width = _width(node, raw_type, chosen, own)
    bits, signed = _bits(chosen, width), _signed(raw_type, chosen, own)
    raw_range = raw_limits(raw_type, bits, signed)
    sentinels, patterns = (
        make_sentinels(chosen["sentinel"], raw_type, raw_range, signed) if "sentinel" in chosen else ((), ())
    )
    words, apart = read_words(chosen["words"], width, level.function) if "words" in chosen else ((), False)
    value = Value(
        level.table.name, column.name, None, (), level.function, 0, width, raw_type,
        order=_order(chosen, own),
        scale=chosen["scale"].decimal() if "scale" in chosen else Decimal(1),
        offset=chosen["offset"].decimal() if "offset" in chosen else Decimal(0),
        minimum=chosen["min"].decimal() if "min" in chosen else None,
        maximum=chosen["max"].decimal() if "max" in chosen else None,
        invert=chosen["invert"].text(INVERTS) if "invert" in chosen else None,
        sentinels=sentinels, patterns=patterns,
        choices=_choices(chosen["enum"]) if "enum" in chosen else (),
        encoding=_encoding(chosen["encoding"]) if "encoding" in chosen else DEFAULT_ENCODING,
        bits=bits, column_type=column.type, unit=column.unit,
        note=chosen["note"].text() if "note" in chosen else "", line=node.line,
        signed=signed, words=words, apart=apart, format=own["format"].text(FORMATS) if "format" in own else "",
        parts=read_parts(chosen["parts"]) if "parts" in chosen else (),
        zone=read_zone(chosen["zone"]) if "zone" in chosen else "",
    )  # fmt: skip
    value = replace(value, sides=make_sides(chosen, value, level.repeats))
    check_fit(node, value, raw_range)
    return value


def _raw_type(level: Level, own: Mapping[str, TreeNode]) -> str:
    if level.function in BIT_FUNCTIONS:
        return "bit"
    if "bit" in own or "bits" in own:
        return "bits"
    node = own.get("type", level.attributes.get("type"))
    return "int16" if node is None or node.value is None else _type_name(node)


def _type_name(node: TreeNode) -> str:
    if hint := ELSEWHERE.get(str(node.value)):
        raise node.error(f"unknown type {node.value!r}: {hint}")
    return node.text([*TYPES, *TEXT_TYPES], "type")


def _kind(raw_type: str, column: Column, own: Mapping[str, TreeNode]) -> str:
    if "format" in own and (raw_type == "bits" or raw_type in TYPES):
        return "text of a number"
    if raw_type in ("bit", "bits"):
        return f"bool of {raw_type}" if column.type == "bool" else raw_type
    return KINDS[TYPES[raw_type].notation] if raw_type in TYPES else raw_type


def _applying(kind: str, inherited: Mapping[str, TreeNode], own: Mapping[str, TreeNode]) -> dict[str, TreeNode]:
    """The attributes that hold for a value, of each the innermost; `null` takes an inherited one away."""
    for key, node in own.items():
        if key not in _APPLIES[kind]:
            raise node.error(f"{key} does not apply to a value of kind {kind!r}")
    handed_down = _APPLIES[kind] - _NOT_FOR_BITS if "bit" in kind else _APPLIES[kind]
    outer = {key: node for key, node in inherited.items() if key in handed_down}
    return {key: node for key, node in (outer | dict(own)).items() if node.value is not None}


def _bits(chosen: Mapping[str, TreeNode], width: int) -> tuple[int, int] | None:
    """(lowest bit, count) of `bit: 3` or `bits: 4..7`; `width`: registers that they are of."""
    if "bit" in chosen and "bits" in chosen:
        raise chosen["bits"].error("expected bit or bits, not both")
    node = chosen.get("bit", chosen.get("bits"))
    if node is None:
        return None
    span = node.span(0, 16 * width - 1)
    return span[0], len(span)


def _signed(raw_type: str, chosen: dict[str, TreeNode], own: Mapping[str, TreeNode]) -> str:
    """What `signed: true` or `sign: magnitude` says; `sign` stays in `chosen` if it is a register beside the value."""
    if "sign" in chosen and isinstance(chosen["sign"].value, str):
        chosen.pop("sign").text((MAGNITUDE,))
        if raw_type == "bits" or TYPES[raw_type].notation is Notation.WHOLE:
            return MAGNITUDE
        if "sign" in own:
            raise own["sign"].error(f"a {raw_type} has no bit for its sign")
    return COMPLEMENT if "signed" in chosen and chosen["signed"].boolean() else ""


def _order(chosen: Mapping[str, TreeNode], own: Mapping[str, TreeNode]) -> str:
    """Words apart say by themselves which is the first: of an outer order the bytes of each register are left."""
    if "order" not in chosen:
        return DEFAULT_ORDER
    order = ORDERS[chosen["order"].text(ORDERS)]
    if "words" not in chosen or order.positions(4)[0] < 2:
        return order.name
    if "order" in own:
        raise own["order"].error(f"words are given most significant first, {order.name} says otherwise")
    return "BADC" if order.low_byte_first else "ABCD"


def _width(node: TreeNode, raw_type: str, chosen: Mapping[str, TreeNode], own: Mapping[str, TreeNode]) -> int:
    if raw_type == "bits" and "type" in own:
        if own["type"].value in ("int8", "uint8"):
            raise own["type"].error("bits say how many they are: leave the type out, and write signed: true for int8")
        return WIDTHS[own["type"].text(BIT_TYPES, "type of bits")]
    if raw_type == "datetime":
        if "parts" not in chosen:
            raise node.error(
                "a datetime needs parts, what each of its registers holds: [year, month, day, hour/minute]"
            )
        return len(chosen["parts"].items())
    if raw_type != "string":
        return WIDTHS.get(raw_type, 1)
    if "length" not in chosen:
        raise node.error("a string needs length, its number of registers (two characters each)")
    return chosen["length"].integer(1, MAX_REGISTERS)


def _encoding(node: TreeNode) -> str:
    name = node.text()
    if not is_encoding(name):
        known = "latin-1, cp949, gbk, shift_jis, utf-16-be …"
        raise node.error(f"{name!r} is no encoding of texts that Python knows: {known}")
    return name


def _choices(node: TreeNode) -> tuple[int, ...]:
    """The numbers of {0: off, 1: on}; the words are for the reader."""
    if not isinstance(node.value, dict) or not node.value:
        raise node.error(f"expected numbers with their meanings, {{0: off, 1: on}}, found {node.value!r}")
    numbers = [node.child(key, _number(key)).integer(-(1 << 63), (1 << 63) - 1) for key in node.value]
    return tuple(sorted(numbers))


def _number(key: object) -> object:
    """The key as YAML has it: in a recipe, which is JSON, every key is a text."""
    return int(key) if isinstance(key, str) and re.fullmatch(r"-?[0-9]+", key) else key
