"""Exports as tasks of Ray, on any node that can reach the store."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import ray
from ray.exceptions import RayError

from ess_ray.actors.exporter import Exporter
from ess_ray.cluster.actor_system import Placement
from ess_ray.cluster.export_processes import NICENESS, ExportProcess
from ess_ray.cluster.ray_actors import call_error, placement_options
from ess_ray.cluster.ray_nodes import node_id
from ess_ray.core.exporting.objects import DayObject
from ess_ray.core.exporting.outcome import ExportReport

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


class RayExports:
    """See `cluster.export_processes.ExportProcesses`. A process is Ray's generator of references to the reports."""

    def start(self, exporter: Exporter, day_object: DayObject, verify: bool) -> ExportProcess:
        """On this node, if the store is here only."""
        near = placement_options(Placement(node_id(), only_there=True)) if exporter.store.on_one_node else {}
        options = {**EXPORT, **near, "name": f"export:{day_object}"}
        return ray.remote(_export).options(**options).remote(exporter, day_object, verify)

    def ready(self, processes: Sequence[ExportProcess], timeout_s: float) -> list[ExportProcess]:
        """See there."""
        return list(ray.wait(list(processes), timeout=timeout_s)[0])

    def report(self, process: ExportProcess) -> ExportReport | None:
        """See there."""
        try:
            report: ExportReport = ray.get(next(process))
        except StopIteration:
            return None
        except RayError as error:
            raise call_error(error) from error
        return report

    def end(self, process: ExportProcess) -> None:
        """See there."""
        ray.cancel(process, force=True)

    def release(self) -> None:
        """Ray ends them by itself."""


def _export(exporter: Exporter, day_object: DayObject, verify: bool) -> Iterator[ExportReport]:
    os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    yield from exporter.verify(day_object) if verify else exporter.export(day_object)
