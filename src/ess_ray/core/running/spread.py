"""Which node of a cluster polls what. Pure; `cluster.plan` and `cluster.balance` ask.

A device may say what a node has to offer to poll it (`placement`): a node offers what its Ray was started with as
resources. Loads are counted in devices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Line = TypeVar("Line")


@dataclass(frozen=True, slots=True)
class Node:
    """A node that is up."""

    id: str
    host: str
    cores: int
    offers: frozenset[str]


def eligible(nodes: Iterable[Node], placement: Iterable[str]) -> list[Node]:
    """The nodes that offer all of it."""
    return [node for node in nodes if node.offers.issuperset(placement)]


def assign(groups: Sequence[tuple[frozenset[str], int]], nodes: Sequence[Node]) -> list[str | None]:
    """A node for each group of devices, given its placement and size: the emptiest; None where nobody offers it."""
    loads = dict.fromkeys((node.id for node in nodes), 0)
    chosen: list[str | None] = []
    for placement, devices in groups:
        node = min(eligible(nodes, placement), key=lambda one: loads[one.id], default=None)
        chosen.append(node.id if node else None)
        if node:
            loads[node.id] += devices
    return chosen


def moves(
    placed: Mapping[Line, str],
    sizes: Mapping[Line, int],
    placements: Mapping[Line, frozenset[str]],
    nodes: Sequence[Node],
) -> dict[Line, str]:
    """Which lines to move where, so that loads differ by no more than a line; the fewest that do.

    `placed`: the node of every line that is polled. A line on a node that is not up any more stays: Ray moves it.
    """
    loads = dict.fromkeys((node.id for node in nodes), 0)
    kinds: dict[str, dict[tuple[int, frozenset[str]], list[Line]]] = {node.id: {} for node in nodes}
    for line, here in placed.items():
        if here in loads:
            loads[here] += sizes[line]
            kinds[here].setdefault((sizes[line], placements[line]), []).append(line)
    where = dict(placed)
    while step := _best_move(loads, kinds, nodes):
        here, there, kind = step
        line = kinds[here][kind].pop()
        kinds[there].setdefault(kind, []).append(line)
        where[line] = there
        loads[here] -= kind[0]
        loads[there] += kind[0]
    return {line: node for line, node in where.items() if node != placed[line]}


def _best_move(
    loads: Mapping[str, int],
    kinds: Mapping[str, Mapping[tuple[int, frozenset[str]], Sequence[Line]]],
    nodes: Sequence[Node],
) -> tuple[str, str, tuple[int, frozenset[str]]] | None:
    """From which node to which, a line of which size and placement: off the fullest, the largest that helps."""
    for here in sorted(loads, key=lambda node: -loads[node]):
        for kind in sorted(kinds[here], key=lambda one: -one[0]):
            size, placement = kind
            there = min(eligible(nodes, placement), key=lambda node: loads[node.id], default=None)
            if kinds[here][kind] and there and loads[there.id] + size < loads[here]:
                return here, there.id, kind
    return None
