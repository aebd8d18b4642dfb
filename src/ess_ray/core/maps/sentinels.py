"""Sentinels: the raw numbers that a device sends for "no value", as a register map writes them.

Of integers they are numbers. A float has two forms, and a map may mean either: -9999 is the number, 0xFF7FFFFF the bits
that the registers carry (the most negative float32, which many batteries send). So a hexadecimal number is always a bit
pattern; it reaches here as text, since YAML forgets how a number was written (`config.yaml_source` keeps it).
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from ess_ray.core.maps.raw_types import MAGNITUDE, TYPES, Notation
from ess_ray.core.maps.tree import TreeNode

HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F_]+")


def make_sentinels(
    node: TreeNode, raw_type: str, raw_range: tuple[int, int] | None, signed: str = ""
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The fields `sentinels` and `patterns` of a `Value`, both sorted, out of its attribute `sentinel`.

    That is a number, a text such as 0xFFFF, or a list of them. `raw_range`: lowest and highest raw number, None for a
    float; `signed`: as `Value.signed`. Raises what `node.fail` makes for what no raw number of the type can ever be.
    """
    nodes = node.items() if isinstance(node.value, list) else [node]
    numbers, patterns = set[int](), set[int]()
    for item in nodes:
        number = _written_in_hexadecimal(item)
        if number is not None and _differ(raw_type, signed):
            patterns.add(_pattern(item, number, raw_type))
        elif raw_range is not None:
            numbers.add(_integer(item if number is None else replace(item, value=number), *raw_range))
        else:
            exact, rounded = _float(item, raw_type)
            numbers |= exact
            patterns |= rounded
    return tuple(sorted(numbers)), tuple(sorted(patterns))


def _differ(raw_type: str, signed: str) -> bool:
    """True if the bits of a number, written as a number, are another one."""
    type_ = TYPES.get(raw_type)
    return signed == MAGNITUDE or (type_ is not None and type_.notation is not Notation.WHOLE)


def _written_in_hexadecimal(item: TreeNode) -> int | None:
    if isinstance(item.value, str) and HEXADECIMAL.fullmatch(item.value):
        return int(item.value, 16)
    return None


def _integer(item: TreeNode, low: int, high: int) -> int:
    """A raw integer; of a signed type it may be written unsigned too (0xFFFF of an int16 is -1)."""
    number = item.integer(low, high - low)
    return number if number <= high else number - (high - low + 1)


def _pattern(item: TreeNode, number: int, raw_type: str) -> int:
    highest = (1 << TYPES[raw_type].bits) - 1
    if number > highest:
        raise item.error(f"{item.value} can never match: the bits of a {raw_type} go up to {highest:#X}")
    return number


def _float(item: TreeNode, raw_type: str) -> tuple[set[int], set[int]]:
    """A float written as a number: it as whole number, or its bits; or both.

    Both: a whole number that the type has not exactly may have been the bits, in a recipe that was made before
    hexadecimal digits were kept.
    """
    dtype = TYPES[raw_type].dtype
    number = item.decimal()
    with np.errstate(over="ignore"):
        rounded = np.array([float(number)], dtype)
    if not np.isfinite(rounded[0]):
        raise item.error(f"{item.value} can never match: it is larger than any {raw_type}")
    if isinstance(item.value, float) and rounded[0] != 0:
        return set(), {int.from_bytes(rounded.tobytes(), "little")}
    integer = int(number)
    could_be_bits = 0 <= integer < 1 << 8 * dtype.itemsize and int(rounded[0]) != integer
    return {integer}, {integer} if could_be_bits else set()
