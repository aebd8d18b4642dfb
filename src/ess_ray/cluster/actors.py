"""What runs as an actor or a task, under which name, with which restarts, retries and concurrency: all of it here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ess_ray.actors.exporter import Exporter, Outcome, Progress
from ess_ray.actors.page import Page
from ess_ray.actors.poller import JournalSettings, Poller
from ess_ray.core.errors import CannotStart
from ess_ray.core.export import Part
from ess_ray.core.settings import DeviceSettings

# No actor asks Ray for processors: what they need is measured, not reserved, and a small machine runs them all.
# Ray never repeats a call by itself (max_task_retries): a poll must not happen twice, and what is written again is the
# conductor's decision. Calls are answered one at a time, in order.
COMMON: Mapping[str, Any] = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": 0, "max_concurrency": 1}

# An export is repeated by `cluster.exports` and not by Ray: Ray tells a repeated generator by the places of what it
# yields, and the second time there may be fewer. An environment of its own keeps its processes, which stand back, apart
# from those that become actors.
EXPORT: Mapping[str, Any] = {
    "num_cpus": 0,
    "num_returns": "streaming",
    "max_retries": 0,
    "scheduling_strategy": "SPREAD",
    "runtime_env": {"env_vars": {"ESS_RAY_TASK": "export"}},
}
NICE = 10


@dataclass(frozen=True)
class PollerPlan:
    """A poller to be: its name in the Ray dashboard, its devices and its journal."""

    name: str
    devices: tuple[DeviceSettings, ...]
    journal: JournalSettings

    def make(self) -> Any:
        """The actor. Its devices are told later: Ray starts it again with what it is given here."""
        return ray.remote(Poller).options(**COMMON, name=self.name).remote(self.journal)


def normaliser(number: int, standard_tree: Mapping[str, object]) -> Any:
    """One of the pool that decodes."""
    from ess_ray.actors.normaliser import Normaliser

    return ray.remote(Normaliser).options(**COMMON, name=f"normaliser:{number}").remote(dict(standard_tree))


def writer(dsn: str, collector: str, state_dir: Path) -> Any:
    """The actor that commits."""
    from ess_ray.actors.writer import Writer

    return (
        ray.remote(Writer)
        .options(**COMMON, name="writer")
        .remote(dsn, rejected_dir=state_dir / "rejected", collector=collector)
    )


def watcher(page: Page) -> Any:
    """The actor that shows the run to others, on the driver's node: page and state folder are that machine's."""
    from ess_ray.actors.watcher import Watcher
    from ess_ray.cluster.metrics import RayMetrics

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)  # where a person looks
    return ray.remote(Watcher).options(**COMMON, name="watcher", scheduling_strategy=here).remote(RayMetrics(), page)


def export(exporter: Exporter, part: Part, verify: bool) -> Any:
    """A task: the generator of references to what `Exporter.export` or `Exporter.verify` gives."""
    return ray.remote(_export).options(**EXPORT, name=f"export:{part}").remote(exporter, part, verify)


def _export(exporter: Exporter, part: Part, verify: bool) -> Iterator[Progress | Outcome]:
    os.setpriority(os.PRIO_PROCESS, 0, NICE)  # collecting goes first
    yield from exporter.verify(part) if verify else exporter.export(part)


def check_ray() -> None:
    """Raises CannotStart if Ray's own process on this machine is gone: nothing can be collected without it."""
    node: Any = ray._private.worker._global_node  # noqa: SLF001  # Ray has no public way to ask
    processes: Mapping[str, Any] = node.all_processes
    for name in ("raylet", "gcs_server"):
        if any(info.process.poll() is not None for info in processes.get(name, ())):
            raise CannotStart(f"Ray's {name} has ended: the job cannot go on, start it again")
