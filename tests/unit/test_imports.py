"""What a process has imported, and when: a program goes from what a poller imports to the start of Ray."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

RAY = """
import os
print("ray is imported with", os.environ.get("RAY_AUTH_MODE"), os.environ.get("RAY_USAGE_STATS_ENABLED"), flush=True)
os._exit(0)
"""
PROGRAM = """
import sys
from importlib import import_module
from pathlib import Path

import ess_ray.actors.poller
print("a poller:", *{"psycopg", "hydra", "yaml", "rich"} & set(sys.modules))

for module in ("cluster.one_process", "cluster.watcher_link", "jobs.collect.reload", "jobs.collect.export_schedule"):
    import_module(f"ess_ray.{module}")
print("one process")

import ess_ray.main
from ess_ray.cluster.ray_start import start_ray
from ess_ray.config.jobs import JOBS
from tests.make import SMALL, make_settings

settings = make_settings("site=sionyu", folder=SMALL)  # which loads what composes a configuration
for job in JOBS.values():
    import_module(job.module)
print("all jobs", flush=True)
start_ray(settings.cluster, Path(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The lines of the program, which ends as soon as something imports `ray`."""
    folder = tmp_path_factory.mktemp("imports")
    (folder / "ray.py").write_text(RAY)
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])  # where that `ray` is found first
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    environment = os.environ | {"PYTHONPATH": path}
    program = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert program.returncode == 0, program.stderr
    return program.stdout.splitlines()


def test_a_poller_process_loads_no_psycopg(said: list[str]) -> None:
    assert said[0] == "a poller:"


def test_one_process_loads_nothing_of_ray(said: list[str]) -> None:
    assert said[1] == "one process"


def test_the_driver_imports_ray_only_once_its_environment_is_set(said: list[str]) -> None:
    assert said[-2:] == ["all jobs", "ray is imported with token 0"]
