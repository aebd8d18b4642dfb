"""The sections of a register map: the map itself, with its variant, and every map that it includes.

Called by `core.maps.mapfile` with the tree that `core.maps.reuse` has completed. A section is read as a map by itself:
nothing of the map that includes it is handed down to its blocks but where its address 0 stands.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ess_ray.core.maps.addresses import read_address, read_numbering, read_span
from ess_ray.core.maps.numbering import Numbering
from ess_ray.core.maps.registers import Value
from ess_ray.core.maps.reuse import ENTRY, INCLUDE, TREE, VARIANTS
from ess_ray.core.maps.tree import TreeNode

LISTS = ("blocks", "include", "readable", "new")  # of a variant they come on top of the map's, all else goes first


@dataclass(frozen=True, slots=True)
class Section:
    """The map itself (`source` is empty), or a map that it includes, by its name.

    `levels` is what holds for all of its blocks; `period` that of an included map, if the entry names one.
    """

    source: str
    levels: Mapping[str, TreeNode]
    blocks: tuple[TreeNode, ...]
    readable: tuple[TreeNode, ...]
    new: tuple[TreeNode, ...]
    period: TreeNode | None = None


def read_sections(root: TreeNode, allowed: Collection[str], source: str = "") -> Iterator[Section]:
    """The map at `root`, then what it includes, each with what it includes behind it.

    `allowed`: the keys that are handed down to blocks. Raises what `root.fail` makes for what is no map.
    """
    keys = (*allowed, *LISTS, "lists")
    own = root.fields((*keys, VARIANTS))
    variant = _variant(own[VARIANTS]).fields(keys) if VARIANTS in own else {}
    levels = {key: node for key, node in {**own, **variant}.items() if key in allowed}
    numbering = read_numbering(levels["addresses"]) if "addresses" in levels else root.numbering
    levels = {key: replace(node, numbering=numbering) for key, node in levels.items()}
    parts = {key: [replace(part[key], numbering=numbering) for part in (own, variant) if key in part] for key in LISTS}
    if not parts["blocks"] and not parts[INCLUDE]:
        raise root.error("blocks is missing")
    blocks = tuple(block for node in parts["blocks"] for block in node.items())
    yield Section(source, levels, blocks, tuple(parts["readable"]), tuple(parts["new"]))
    for entry in (entry for node in parts[INCLUDE] for entry in node.items()):
        yield from _included(entry, allowed)


def _variant(node: TreeNode) -> TreeNode:
    """The one variant that is left: the others are gone when a map is read for a device."""
    variants = node.fields(what="variant")
    if len(variants) != 1:
        raise node.error(f"the device says which one, `variant: {next(iter(variants), '…')}`")
    return next(iter(variants.values()))


def _included(entry: TreeNode, allowed: Collection[str]) -> Iterator[Section]:
    fields = entry.fields((*ENTRY, TREE), needed=("map",))
    if TREE not in fields:
        raise entry.error("the map that is included was not looked for: only the files of a configuration can include")
    base = read_address(fields["at"]) if "at" in fields else entry.numbering.base
    top = replace(fields[TREE], numbering=Numbering(base=base))
    first, *others = read_sections(top, allowed, fields["map"].text())
    yield replace(first, period=fields.get("period_s"))
    for other in others:
        yield other if other.period else replace(other, period=fields.get("period_s"))


def read_holes(readable: Iterable[tuple[TreeNode, int | None]], values: Iterable[Value]) -> frozenset[tuple[int, int]]:
    """The holes, (function, address), that may be read along: of each `readable`, with the function of its section.

    A lone address must be a hole; in a range values may stand too. Raises what a node's `fail` makes if it is not so.
    """
    taken = {(value.function, address) for value in values for address in value.addresses}
    holes: set[tuple[int, int]] = set()
    for node, function in readable:
        for item in node.items() if isinstance(node.value, list) else [node]:
            holes |= _hole(item, function, taken)
    return frozenset(holes)


def _hole(item: TreeNode, function: int | None, taken: set[tuple[int, int]]) -> set[tuple[int, int]]:
    at = item
    if isinstance(item.value, dict):
        fields = item.fields(("function", "at"), needed=("at",))
        function = fields["function"].integer(1, 4) if "function" in fields else function
        at = fields["at"]
    of, span = read_span(at, function)
    if of is None:
        raise item.error("function is missing: write {function: 4, at: …}")
    addresses = {(of, address) for address in span}
    if len(addresses) == 1 and addresses <= taken:
        raise item.error(f"address {at.value} is no hole, it holds a value")
    return addresses - taken
