"""Exports as tasks of Ray; `tests/jobs/test_export.py` has what is promised of all exports."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray

from ess_ray.actors.exporter import Exporter
from ess_ray.cluster.export_processes import ExportProcesses
from ess_ray.cluster.ray_exports import RayExports
from ess_ray.core.settings import Settings
from tests.jobs import export_days
from tests.jobs.export_days import (
    check_killed,
)
from tests.stores import FakeStore, Step

folder, store, settings, dsn, exporter, _, no_long_pauses = export_days.fixtures()


@pytest.fixture(scope="module")
def ray_exports(exporter: Exporter) -> Iterator[ExportProcesses]:  # its mark is in the environment
    # Not the product's start, which wants to set the environment before Ray is imported.
    ray.init(address="local", include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    yield RayExports()
    ray.shutdown()


@pytest.mark.parametrize(("step", "number"), [(Step.BEGIN, 0), (Step.LAST, 1)])
def test_tasks_that_are_killed_run_again_and_nothing_is_uploaded_twice(
    exporter: Exporter,
    settings: Settings,
    store: FakeStore,
    folder: Path,
    ray_exports: ExportProcesses,
    step: Step,
    number: int,
) -> None:
    check_killed(exporter, settings, store, folder, ray_exports, step, number)
