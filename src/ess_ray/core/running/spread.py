"""The nodes of a cluster on which devices are polled. Pure; used by `cluster.plan` and `cluster.balance`.

A device's setting `placement` names resources: only a node whose Ray was started with all of them may poll the device.
The load of a node is the number of devices that it polls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Endpoint = TypeVar("Endpoint")  # names the devices behind one host and port, which are polled together


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the cluster that is up; `offers`: the resources that its Ray was started with."""

    id: str
    host: str
    cores: int
    offers: frozenset[str]
    memory_bytes: int


def eligible(nodes: Iterable[Node], placement: Iterable[str]) -> list[Node]:
    """The nodes that offer every resource (by its name) of `placement`, in their order; all if that is empty."""
    return [node for node in nodes if node.offers.issuperset(placement)]


def assign(groups: Sequence[tuple[frozenset[str], int]], nodes: Sequence[Node]) -> list[str | None]:
    """The node's id for each group of (placement, devices): the one with the least load that offers the placement.

    In the order of the groups; None for a group whose placement no node offers. `devices`: how many the group has. Only
    these groups are load: the nodes poll nothing yet.
    """
    loads = dict.fromkeys((node.id for node in nodes), 0)
    chosen: list[str | None] = []
    for placement, devices in groups:
        node = min(eligible(nodes, placement), key=lambda node: loads[node.id], default=None)
        chosen.append(node.id if node else None)
        if node:
            loads[node.id] += devices
    return chosen


def moves(
    placed: Mapping[Endpoint, str],
    sizes: Mapping[Endpoint, int],
    placements: Mapping[Endpoint, frozenset[str]],
    nodes: Sequence[Node],
) -> dict[Endpoint, str]:
    """The endpoints to move, each with its new node's id: the fewest after which no move makes loads more even.

    `placed`: the id of the node of every endpoint that is polled; `sizes`: how many devices each has. An endpoint whose
    node is not in `nodes`, no longer up, is not moved: Ray does that. Empty if no move helps.
    """
    loads = dict.fromkeys((node.id for node in nodes), 0)
    kinds: dict[str, dict[tuple[int, frozenset[str]], list[Endpoint]]] = {node.id: {} for node in nodes}
    for endpoint, here in placed.items():
        if here in loads:
            loads[here] += sizes[endpoint]
            kinds[here].setdefault((sizes[endpoint], placements[endpoint]), []).append(endpoint)
    where = dict(placed)
    while step := _best_move(loads, kinds, nodes):
        here, there, kind = step
        endpoint = kinds[here][kind].pop()
        kinds[there].setdefault(kind, []).append(endpoint)
        where[endpoint] = there
        loads[here] -= kind[0]
        loads[there] += kind[0]
    return {endpoint: node for endpoint, node in where.items() if node != placed[endpoint]}


def _best_move(
    loads: Mapping[str, int],
    kinds: Mapping[str, Mapping[tuple[int, frozenset[str]], Sequence[Endpoint]]],
    nodes: Sequence[Node],
) -> tuple[str, str, tuple[int, frozenset[str]]] | None:
    """(from node, to node, (size, placement) of the endpoint): off the fullest node, the largest that helps."""
    for here in sorted(loads, key=lambda node: -loads[node]):
        for kind in sorted(kinds[here], key=lambda kind: -kind[0]):
            size, placement = kind
            there = min(eligible(nodes, placement), key=lambda node: loads[node.id], default=None)
            if kinds[here][kind] and there and loads[there.id] + size < loads[here]:
                return here, there.id, kind
    return None
