"""Which devices share a poller actor. Pure; `cluster.plan` calls it before the actors are made and after a change.

Devices behind one endpoint (host, port) share one connection and therefore stay together: what is packed are endpoints,
each with the number of its devices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

Endpoint = TypeVar("Endpoint")

IDLE_ACTOR_CORES = 0.009  # what an idle actor costs, measured: 0.9 % of a core …
IDLE_ACTOR_BYTES = 64_000_000  # … and so much memory of its own, by PSS
IDLE_CORES, IDLE_MEMORY = 1 / 8, 1 / 16  # the parts of cores and memory that idle actors may cost


def devices_per_actor(devices: Sequence[int], cores: int, memory_bytes: int) -> int:
    """Devices of an actor, unless the user says so; `devices`: how many each endpoint has.

    One, until the idle actors alone would cost more than an eighth of the cores or a sixteenth of the memory; above
    that one packed actor a core, since one loop serves thousands.
    """
    cheap = len(devices) * IDLE_ACTOR_CORES <= cores * IDLE_CORES
    small = len(devices) * IDLE_ACTOR_BYTES <= memory_bytes * IDLE_MEMORY
    return 1 if cheap and small else -(-sum(devices) // cores)


def group_endpoints(devices: Sequence[int], per_actor: int) -> list[list[int]]:
    """Which endpoints share a poller: indices into `devices`, in order, a list a poller.

    `devices`: how many each endpoint has; an endpoint with more than `per_actor` has a poller of its own.
    """
    groups: list[list[int]] = []
    size = 0
    for index, count in enumerate(devices):
        if not groups or size + count > per_actor:
            groups.append([])
            size = 0
        groups[-1].append(index)
        size += count
    return groups


def regroup_endpoints(
    pollers: Sequence[Iterable[Endpoint]], devices: Mapping[Endpoint, int], per_actor: int
) -> list[list[Endpoint]]:
    """Which poller has which endpoints after a change: a list for each of `pollers`, maybe empty, then for new ones.

    `pollers`: the endpoints that each had; those that are not in `devices` are left out. `devices`: all endpoints that
    there are now, and how many devices each has. An endpoint stays with its poller. A new one goes to the emptiest
    while that has room (an empty one takes any), else to a new poller.
    """
    groups = [[endpoint for endpoint in poller if endpoint in devices] for poller in pollers]
    polled = {endpoint for group in groups for endpoint in group}
    for endpoint, count in devices.items():
        if endpoint in polled:
            continue
        sizes = [sum(devices[other] for other in group) for group in groups]
        least = min(sizes, default=None)
        if least is None or (least and least + count > per_actor):
            groups.append([endpoint])
        else:
            groups[sizes.index(least)].append(endpoint)
    return groups
