"""Ray as the platform of a run: processes for actors and exports, on this machine or on those of a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ray

from ess_ray.cluster.platform import Addresses, Platform
from ess_ray.cluster.ray_actors import RayActors
from ess_ray.cluster.ray_exports import RayExports
from ess_ray.cluster.ray_metrics import RayMetrics, report_interval_s
from ess_ray.cluster.ray_nodes import RayNodes


def ray_platform(cluster: bool, addresses: Addresses) -> Platform:
    """The platform once Ray is started, with the `addresses` that `start_ray` gave. `cluster`: False on one machine."""
    return Platform(
        RayActors(cluster), RayNodes(cluster), RayExports(), RayMetrics(), report_interval_s(), _logs, addresses
    )


def _logs() -> Path | None:
    """The folder of Ray's logs on this machine; None if this job joined a Ray that was there before."""
    node: Any = ray._private.worker._global_node  # noqa: SLF001  # Ray has no public way to ask
    return Path(node.get_logs_dir_path()) if node.head else None
