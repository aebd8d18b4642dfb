"""Every actor and task of Ray: its name, node, restarts, retries and concurrency, all of it here.

Called by the driver: by its main thread for actors, by the export's for tasks. Making an actor does not wait for it;
`ready()` of each says when it is up.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ess_ray.actors.exporter import Exporter
from ess_ray.actors.keeper import Keeper
from ess_ray.actors.page import Page
from ess_ray.actors.poller import Poller, Ready
from ess_ray.cluster.plan import PollerPlan, log_file
from ess_ray.core.exporting.objects import DayObject
from ess_ray.core.exporting.outcome import ExportReport
from ess_ray.core.settings import Settings

# No actor asks Ray for processors: what they need is measured, not reserved, and a small machine runs them all.
# Ray never repeats a call by itself (max_task_retries): a poll must not happen twice, and what is written again is the
# conductor's decision. An actor carries out its calls one after the other, in order.
COMMON: Mapping[str, Any] = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": 0, "max_concurrency": 1}

# An export is repeated by `cluster.exports` and not by Ray: Ray matches what a repeated generator yields by its number,
# and the second time there may be fewer. An environment of its own keeps its processes, which have a low priority,
# apart from those that become actors.
EXPORT: Mapping[str, Any] = {
    "num_cpus": 0,
    "num_returns": "streaming",
    "max_retries": 0,
    "scheduling_strategy": "SPREAD",
    "runtime_env": {"env_vars": {"ESS_RAY_TASK": "export"}},
}
EXPORT_NICENESS = 10  # collecting goes first

# Of a resource that its node offers a poller takes so much, where a node has 1: a thousand may share it.
SHARE_OF_RESOURCE = 0.001


class _Placed:
    """Adds to a poller or keeper which node of the cluster it is on."""

    def ready(self) -> Ready:
        """The same as of the actor, with the node."""
        ready: Ready = super().ready()  # type: ignore[misc]
        return replace(ready, node=ray.get_runtime_context().get_node_id())


class _PlacedPoller(_Placed, Poller):
    pass


class _PlacedKeeper(_Placed, Keeper):
    pass


def poller(plan: PollerPlan) -> Any:
    """Make the poller or keeper of a plan; gives its handle. Raises ValueError while another actor has its name.

    Its devices are given by calls: Ray starts it again with the arguments it has here.
    """
    actor_class = _PlacedKeeper if plan.keeper else _PlacedPoller if plan.journal.state_dir else Poller
    node_options: dict[str, Any] = {"resources": dict.fromkeys(plan.placement, SHARE_OF_RESOURCE)}
    if plan.node:
        node_options["scheduling_strategy"] = NodeAffinitySchedulingStrategy(plan.node, soft=not plan.keeper)
    options = {**COMMON, **node_options, "name": plan.name}
    return ray.remote(actor_class).options(**options).remote(plan.journal, plan.log)


def normaliser(number: int, settings: Settings, node_options: Mapping[str, Any]) -> Any:
    """Make a normaliser of the pool, the one with this number from 0; gives its handle.

    `node_options`: Ray's options that say on which node (`Nodes.near`).
    """
    from ess_ray.actors.normaliser import Normaliser

    log = log_file(settings, f"normaliser-{number}", f"normaliser:{number}")
    options = {**COMMON, **node_options, "name": log.actor}
    return ray.remote(Normaliser).options(**options).remote(dict(settings.standard_tree), log)


def writer(dsn: str, identity: str, collector: str, settings: Settings, node_options: Mapping[str, Any]) -> Any:
    """Make the writer; gives its handle. `collector`: distinguishes this collector from others in the database.

    `identity`: of the database that it writes into, and into no other. `node_options`: Ray's options that say on which
    node (`Nodes.near`).
    """
    from ess_ray.actors.writer import Writer

    log = log_file(settings, "writer", "writer")
    options = {**COMMON, **node_options, "name": log.actor}
    return ray.remote(Writer).options(**options).remote(dsn, settings.state_dir / "rejected", collector, log, identity)


def watcher(page: Page, settings: Settings) -> Any:
    """Make the watcher, on the driver's node: page and state folder are of that machine. Gives its handle."""
    from ess_ray.actors.watcher import Watcher
    from ess_ray.cluster.metrics import RayMetrics

    log = log_file(settings, "watcher", "watcher")
    options = {**COMMON, **beside_the_driver(), "name": log.actor}
    return ray.remote(Watcher).options(**options).remote(RayMetrics(), page, log)


def beside_the_driver() -> dict[str, Any]:
    """Ray's options that keep an actor or task on the driver's node, where the database is near."""
    return {"scheduling_strategy": NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)}


def export(exporter: Exporter, day_object: DayObject, verify: bool) -> Any:
    """Start a task, without waiting; gives Ray's generator of references to what the exporter yields.

    `verify`: that of `Exporter.verify`, else of `Exporter.export`. `next` waits for a reference; `ray.wait` takes the
    generator; an error of the task is raised by `ray.get`.
    """
    node_options = beside_the_driver() if exporter.store.on_one_node else {}
    options = {**EXPORT, **node_options, "name": f"export:{day_object}"}
    return ray.remote(_export).options(**options).remote(exporter, day_object, verify)


def _export(exporter: Exporter, day_object: DayObject, verify: bool) -> Iterator[ExportReport]:
    os.setpriority(os.PRIO_PROCESS, 0, EXPORT_NICENESS)
    yield from exporter.verify(day_object) if verify else exporter.export(day_object)


def ray_logs() -> Path | None:
    """The folder of Ray's logs on this machine; None if this job joined a Ray that was there before.

    To be called once Ray is started.
    """
    node: Any = ray._private.worker._global_node  # noqa: SLF001  # Ray has no public way to ask
    return Path(node.get_logs_dir_path()) if node.head else None
