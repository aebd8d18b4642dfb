"""The least that Ray takes: `python -m benchmarks.bare_ray ACTORS`, started as the job starts it, for empty actors.

Prints when Ray is up and when all actors have answered, each with the seconds of the wall clock.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ess_ray.cluster.ray_start import start_ray, stop_ray
from ess_ray.core.settings import ClusterSettings


class Empty:
    """Nothing to import, nothing to do."""

    def ready(self) -> None:
        """It is up."""


def main(actors: int) -> None:
    """Start, wait, end."""
    with TemporaryDirectory(prefix="ess_ray-bench-") as folder:
        start_ray(ClusterSettings(True, None, None, None, 1, 0, 0), Path(folder))
        print("Ray is up", time.time(), flush=True)
        import ray

        made: list[Any] = [ray.remote(Empty).options(num_cpus=0).remote() for _ in range(actors)]
        ray.get([each.ready.remote() for each in made])
        print("actors answer", time.time(), flush=True)
        stop_ray()


if __name__ == "__main__":
    main(int(sys.argv[1]))
