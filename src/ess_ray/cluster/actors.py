"""What runs as an actor, under which name, with which restarts, retries and concurrency: all of it here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ray

from ess_ray.actors.poller import Poller
from ess_ray.core.settings import DeviceSettings

# No actor asks Ray for processors: what they need is measured, not reserved, and a small machine runs them all.
# Ray never repeats a call by itself (max_task_retries): a poll must not happen twice, and what is written again is the
# conductor's decision. Calls are answered one at a time, in order.
COMMON: Mapping[str, Any] = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": 0, "max_concurrency": 1}


def poller(devices: Sequence[DeviceSettings], outbox_bytes: int) -> Any:
    """The actor that polls these devices: `poller:sionyu/gateway`, with the number of further devices behind it."""
    more = f"+{len(devices) - 1}" if len(devices) > 1 else ""
    options = {**COMMON, "name": f"poller:{devices[0].device}{more}"}
    return ray.remote(Poller).options(**options).remote(list(devices), outbox_bytes)


def normaliser(number: int, standard_tree: Mapping[str, object]) -> Any:
    """One of the pool that decodes."""
    from ess_ray.actors.normaliser import Normaliser

    return ray.remote(Normaliser).options(**COMMON, name=f"normaliser:{number}").remote(dict(standard_tree))


def writer(dsn: str) -> Any:
    """The actor that commits."""
    from ess_ray.actors.writer import Writer

    return ray.remote(Writer).options(**COMMON, name="writer").remote(dsn)
