"""One process as the platform of a run: actors are its threads, and nothing of Ray is loaded (`cluster=none`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ess_ray.cluster.nodes import Nodes
from ess_ray.cluster.platform import Addresses, Platform
from ess_ray.cluster.ports import choose_port
from ess_ray.cluster.scraped_metrics import INTERVAL_S, ScrapedMetrics
from ess_ray.cluster.spawned_exports import SpawnedExports
from ess_ray.cluster.thread_actors import ThreadActors
from ess_ray.core.errors import CannotStart


@contextmanager
def one_process(metrics_port: int, ray_folder: Path) -> Iterator[Platform]:
    """The platform, its metrics offered during the block.

    `metrics_port`: of `cluster.metrics_port`; `ray_folder`: as for `cluster.ports.choose_port`, which may wait. Raises
    CannotStart if no port is free.
    """
    metrics = ScrapedMetrics()
    port = choose_port("cluster.metrics_port", metrics_port, ray_folder)
    try:
        server, url = metrics.serve(port)
    except OSError as error:  # another program was quicker
        raise CannotStart(f"cluster.metrics_port: port {port} cannot be opened: {error.strerror}") from error
    try:
        yield Platform(
            ThreadActors(), Nodes(), SpawnedExports(), metrics, INTERVAL_S, lambda: None, Addresses(metrics=url)
        )
    finally:
        server.shutdown()
        server.server_close()
