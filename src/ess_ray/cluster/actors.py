"""What runs as an actor or a task, under which name, with which restarts, retries and concurrency: all of it here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ess_ray.actors.exporter import Exporter, Outcome, Progress
from ess_ray.actors.keeper import Keeper
from ess_ray.actors.page import Page
from ess_ray.actors.poller import JournalSettings, Poller, Ready
from ess_ray.adapters.local.logs import LogFile
from ess_ray.core.exporting.objects import Part
from ess_ray.core.settings import DeviceSettings, Settings

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


# A poller asks for so much of what its node has to offer: a thousand may share it.
OFFER = 0.001


class _Placed:
    """In a cluster actors say which node they are on."""

    def ready(self) -> Ready:
        """As the actor's own."""
        ready: Ready = super().ready()  # type: ignore[misc]
        return replace(ready, node=ray.get_runtime_context().get_node_id())


class _PlacedPoller(_Placed, Poller):
    pass


class _PlacedKeeper(_Placed, Keeper):
    pass


@dataclass(frozen=True)
class PollerPlan:
    """A poller to be: its name in the Ray dashboard, its devices and its journal; in a cluster its place.

    It comes up on `node`; if that is not up, on another one that offers what `placement` asks for. A keeper stays.
    """

    name: str
    devices: tuple[DeviceSettings, ...]
    journal: JournalSettings
    log: LogFile
    placement: frozenset[str] = frozenset()
    node: str | None = None
    keeper: bool = False

    def make(self) -> Any:
        """The actor. Its devices are told later: Ray starts it again with what it is given here."""
        plain = _PlacedKeeper if self.keeper else _PlacedPoller if self.journal.state_dir else Poller
        return ray.remote(plain).options(**COMMON, **self._place, name=self.name).remote(self.journal, self.log)

    @property
    def _place(self) -> dict[str, Any]:
        place: dict[str, Any] = {"resources": dict.fromkeys(self.placement, OFFER)}
        if self.node:
            place["scheduling_strategy"] = NodeAffinitySchedulingStrategy(self.node, soft=not self.keeper)
        return place


def log_file(settings: Settings, name: str, actor: str) -> LogFile:
    """Where an actor logs."""
    return LogFile(str(settings.state_dir), name, actor, settings.log_level)


def normaliser(number: int, settings: Settings, place: Mapping[str, Any]) -> Any:
    """One of the pool that decodes."""
    from ess_ray.actors.normaliser import Normaliser

    log = log_file(settings, f"normaliser-{number}", f"normaliser:{number}")
    options = {**COMMON, **place, "name": log.actor}
    return ray.remote(Normaliser).options(**options).remote(dict(settings.standard_tree), log)


def writer(dsn: str, collector: str, settings: Settings, place: Mapping[str, Any]) -> Any:
    """The actor that commits."""
    from ess_ray.actors.writer import Writer

    return (
        ray.remote(Writer)
        .options(**COMMON, **place, name="writer")
        .remote(dsn, settings.state_dir / "rejected", collector, log_file(settings, "writer", "writer"))
    )


def watcher(page: Page, settings: Settings) -> Any:
    """The actor that shows the run to others: page and state folder are the driver's machine's."""
    from ess_ray.actors.watcher import Watcher
    from ess_ray.cluster.metrics import RayMetrics

    log = log_file(settings, "watcher", "watcher")
    options = {**COMMON, **beside_the_driver(), "name": log.actor}
    return ray.remote(Watcher).options(**options).remote(RayMetrics(), page, log)


def beside_the_driver() -> dict[str, Any]:
    """Where the driver is, and so the database is near."""
    return {"scheduling_strategy": NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)}


def export(exporter: Exporter, part: Part, verify: bool) -> Any:
    """A task: the generator of references to what `Exporter.export` or `Exporter.verify` gives."""
    place = beside_the_driver() if exporter.store.on_one_node else {}
    return ray.remote(_export).options(**{**EXPORT, **place}, name=f"export:{part}").remote(exporter, part, verify)


def _export(exporter: Exporter, part: Part, verify: bool) -> Iterator[Progress | Outcome]:
    os.setpriority(os.PRIO_PROCESS, 0, NICE)  # collecting goes first
    yield from exporter.verify(part) if verify else exporter.export(part)


def ray_logs() -> Path | None:
    """Where Ray on this machine logs; None: it is not ours."""
    node: Any = ray._private.worker._global_node  # noqa: SLF001  # Ray has no public way to ask
    return Path(node.get_logs_dir_path()) if node.head else None
