"""Registers beside a value, as a register map writes them: `exponent: 84`, `factor: {at: 90, type: uint32}`.

Called by `core.maps.mapvalue`. Each is a register of its own, which may serve many values: what SunSpec calls a scale
factor, a meter's transformer ratio, the direction of a current. Errors are those of the nodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from ess_ray.core.maps.addresses import read_address, read_function
from ess_ray.core.maps.numbering import LAST_ADDRESS
from ess_ray.core.maps.order import DEFAULT_ORDER, ORDERS
from ess_ray.core.maps.raw_types import WIDTHS, raw_limits
from ess_ray.core.maps.registers import BIT_FUNCTIONS, ROLES, Side, Value
from ess_ray.core.maps.sentinels import make_sentinels
from ess_ray.core.maps.tree import TreeNode

KEYS = ("at", "function", "type", "order", "bit", "sentinel", "stride", "step", "apart")
TYPES = tuple(name for name, width in WIDTHS.items() if width <= 2)  # those that doubles hold exactly
# "SunSpec Device Information Model Specification", data type sunssf: an int16 from -10 to 10, 0x8000 not implemented.
EXPONENTS = (Decimal(-10), Decimal(10))
NOT_IMPLEMENTED = -0x8000


def make_sides(chosen: Mapping[str, TreeNode], value: Value, repeats: Sequence[str]) -> tuple[Side, ...]:
    """The sides of a value out of its attributes, by name, in the order of ROLES; as they are in the first row.

    `value`: the value as it is without them. `repeats`: the identity columns that repeat.
    """
    return tuple(_side(role, chosen[role], value, repeats) for role in ROLES if role in chosen)


def read_words(node: TreeNode, width: int, function: int) -> tuple[tuple[int, ...], bool]:
    """The fields `words` and `apart` of a value of `width` registers of a function out of its attribute `words`."""
    fields = node.fields(("at", "apart"), needed=("at",)) if isinstance(node.value, dict) else {"at": node}
    words = tuple(read_address(item, function) for item in fields["at"].items())
    if len(words) != width or len(set(words)) != width or width == 1:
        count = f"{width} different addresses" if width > 1 else "no words apart of one register"
        raise fields["at"].error(f"expected {count}, most significant first, found {fields['at'].value!r}")
    return words, "apart" in fields and fields["apart"].boolean()


def moved(sides: Sequence[Side], index: int) -> tuple[Side, ...]:
    """The sides of the entry's column or element `index`, from 0 on."""
    return tuple(_shifted(side, side.step * index) for side in sides)


def of_row(sides: Sequence[Side], rows_on: Mapping[str, int]) -> tuple[Side, ...]:
    """The sides of a row that is so many rows behind the first, by identity column that repeats."""
    return tuple(_shifted(side, sum(stride * rows_on[key] for key, stride in side.strides)) for side in sides)


def _shifted(side: Side, by: int) -> Side:
    return replace(side, value=replace(side.value, address=side.value.address + by)) if by else side


def _side(role: str, node: TreeNode, value: Value, repeats: Sequence[str]) -> Side:
    keys = (*KEYS, "negative") if role == "sign" else KEYS
    fields = node.fields(keys, needed=("at",)) if isinstance(node.value, dict) else {"at": node}
    function = fields["function"].integer(1, 4) if "function" in fields else None
    function = function or read_function(fields["at"]) or value.function
    register = _register(role, fields, function)
    register = replace(register, table=value.table, column=value.column, ids=value.ids, line=node.line)
    if "order" not in fields and function not in BIT_FUNCTIONS:
        register = replace(register, order=value.order)
    return Side(
        role, register, _negative(fields), bool("apart" in fields and fields["apart"].boolean()),
        _strides(fields, repeats), fields["step"].integer(1, LAST_ADDRESS) if "step" in fields else 0,
    )  # fmt: skip


def _register(role: str, fields: Mapping[str, TreeNode], function: int) -> Value:
    """What is read beside a value."""
    bits = None
    if function in BIT_FUNCTIONS:
        raw_type = "bit"
    elif "bit" in fields:
        raw_type, bits = "bits", (fields["bit"].integer(0, 15), 1)
    else:
        usual = "uint16" if role in ("factor", "divisor") else "int16"
        raw_type = fields["type"].text(TYPES, "type") if "type" in fields else usual
    if raw_type.startswith("bit") and ("type" in fields or role != "sign"):
        raise fields["at"].error("a bit can say nothing but a sign")
    limits = raw_limits(raw_type, bits)
    sentinels, patterns = make_sentinels(fields["sentinel"], raw_type, limits) if "sentinel" in fields else ((), ())
    if role == "exponent" and raw_type == "int16" and "sentinel" not in fields:
        sentinels = (NOT_IMPLEMENTED,)
    low, high = EXPONENTS if role == "exponent" else (None, None)
    width = WIDTHS.get(raw_type, 1)
    return Value(
        "", "", None, (), function, read_address(fields["at"], function), width, raw_type,
        order=fields["order"].text(ORDERS) if "order" in fields else DEFAULT_ORDER, bits=bits,
        sentinels=sentinels, patterns=patterns, minimum=low, maximum=high,
    )  # fmt: skip


def _negative(fields: Mapping[str, TreeNode]) -> tuple[int, ...]:
    if "negative" not in fields:
        return (1,)
    node = fields["negative"]
    nodes = node.items() if isinstance(node.value, list) else [node]
    return tuple(sorted({item.integer(-(1 << 31), (1 << 32) - 1) for item in nodes}))


def _strides(fields: Mapping[str, TreeNode], repeats: Sequence[str]) -> tuple[tuple[str, int], ...]:
    if "stride" not in fields:
        return ()
    return tuple(read_strides(fields["stride"], repeats).items())


def read_strides(node: TreeNode, repeats: Sequence[str]) -> dict[str, int]:
    """Registers from one row to the next, for each identity column that repeats: of `20` or `{rack_id: 20}`."""
    if len(repeats) == 1 and isinstance(node.value, int):
        return {repeats[0]: node.integer(1, LAST_ADDRESS)}
    children = node.fields(repeats, needed=repeats, what="repeated identity column")
    return {key: child.integer(1, LAST_ADDRESS) for key, child in children.items()}
