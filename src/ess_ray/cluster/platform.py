"""The platform of a run: what its actors, exports and metrics run on, and where a person finds it.

With Ray (`cluster.ray_platform`). Everything else of `cluster` that a run needs is made of these and does without Ray.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ess_ray.cluster.actor_system import ActorSystem
from ess_ray.cluster.export_processes import ExportProcesses
from ess_ray.cluster.nodes import Nodes
from ess_ray.core.running.metrics import Values


@dataclass(frozen=True)
class Addresses:
    """Where a person and Prometheus look; "" where there is nothing to look at."""

    dashboard: str = ""
    token_file: Path | None = None  # with the token that the dashboard asks for; None: it is in the environment
    metrics: str = ""


@dataclass(frozen=True)
class Platform:
    """Made once a run; to be used by the driver's main thread, `exports` by the export's thread too."""

    actors: ActorSystem
    nodes: Nodes
    exports: ExportProcesses
    metrics: Callable[[Values], None]  # called in the watcher's process
    metrics_interval_s: float  # between two times that the values are taken
    logs: Callable[[], Path | None]  # the folder of logs that the platform itself writes and nobody else removes
    addresses: Addresses
