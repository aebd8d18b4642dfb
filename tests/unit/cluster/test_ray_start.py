"""Ray reads some of its environment while it is imported: `start_ray` sets it first, and nothing imports Ray before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

RAY = """
import os, sys
print("imported with", os.environ.get("RAY_AUTH_MODE"), os.environ.get("POLARS_MAX_THREADS"), flush=True)
os._exit(0)
"""
DRIVER = """
import sys
from importlib import import_module
from pathlib import Path
from ess_ray.cluster.ray_start import start_ray
from ess_ray.config.jobs import JOBS
from ess_ray.main import main

main(["--cfg", "job", "site=sionyu"])  # which loads what composes a configuration
for job in JOBS.values():
    import_module(job.module)
import_module("ess_ray.jobs.collect.reload")
print("jobs are loaded")
from tests.make import make_settings
start_ray(make_settings("site=sionyu").cluster, Path(sys.argv[1]))
"""


def test_the_driver_imports_ray_only_once_its_environment_is_set(tmp_path: Path) -> None:
    (tmp_path / "ray.py").write_text(RAY)
    (tmp_path / "state").mkdir()
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])  # where that `ray` is found first
    driver = subprocess.run(
        [sys.executable, "-c", DRIVER, str(tmp_path / "state")], capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": path},
    )  # fmt: skip
    assert driver.stdout.splitlines()[-2:] == ["jobs are loaded", "imported with token 1"], driver.stderr
