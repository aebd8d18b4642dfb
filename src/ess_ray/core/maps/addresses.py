"""Addresses in register maps, read as their node is numbered (`core.maps.numbering`): as they are sent, from 0."""

from __future__ import annotations

import re
from dataclasses import replace

from ess_ray.core.maps.numbering import KINDS, LAST_ADDRESS, NUMBERINGS, Numbering
from ess_ray.core.maps.tree import TreeNode

ZEROS = re.compile(r"0\d+")  # what YAML would take for octal, and a table prints: it reaches here as text


def renumbered(node: TreeNode) -> TreeNode:
    """A level of a map with what it says of its addresses, `addresses: modicon`: all that is below is read so.

    Raises what `node.fail` makes for a word that is none of NUMBERINGS.
    """
    if not isinstance(node.value, dict) or "addresses" not in node.value:
        return node
    return replace(node, numbering=read_numbering(node.child("addresses", node.value["addresses"])))


def read_numbering(node: TreeNode) -> Numbering:
    """The numbering that `addresses` names at this node, with the base that its level has."""
    return replace(node.numbering, kind=node.text(NUMBERINGS, "kind of addresses"))


def read_address(node: TreeNode, function: int | None = None) -> int:
    """An address as it is sent.

    Raises what `node.fail` makes for what is none, or if it says another function than `function`.
    """
    said, address = _sent(node)
    if function is not None and said not in (None, function):
        problem = f"{node.value} is {KINDS[said or 0]} by its first digit, and function {function} is read here"
        raise node.error(f"{problem}: leave function out, or give it a run of its own")
    return address


def read_function(node: TreeNode) -> int | None:
    """The function (1-4) that an address says itself, None if it does not."""
    return _sent(node)[0]


def read_span(node: TreeNode, function: int | None) -> tuple[int | None, range]:
    """The function and addresses of one address or of `first..last`, as they are sent; `function`: if they say none."""
    ends = node.value.split("..") if isinstance(node.value, str) else []
    if len(ends) != 2:
        return read_function(node) or function, range(first := read_address(node), first + 1)
    nodes = [replace(node, value=end if ZEROS.fullmatch(end) or not end.isdecimal() else int(end)) for end in ends]
    said, first = _sent(nodes[0])
    last = read_address(nodes[1], said)
    if last < first:
        raise node.error(f"expected first..last, found {node.value!r}")
    return said or function, range(first, last + 1)


def _sent(node: TreeNode) -> tuple[int | None, int]:
    """(function or None, address) of a node."""
    text = node.value if isinstance(node.value, str) and ZEROS.fullmatch(node.value) else None
    if text is None and (not isinstance(node.value, int) or isinstance(node.value, bool) or node.value < 0):
        raise node.error(f"expected a whole number from 0 to {LAST_ADDRESS}, found {node.value!r}")
    try:
        return node.numbering.sent(int(str(node.value)), len(text) if text else 0)
    except ValueError as error:
        raise node.error(str(error)) from None
