"""Exports as tasks of Ray; `tests/jobs/test_export.py` has what is promised of all exports."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray

from ess_ray.actors.exporter import Exporter
from ess_ray.cluster import exports
from ess_ray.cluster.export_processes import ExportProcesses
from ess_ray.cluster.ray_exports import RayExports
from ess_ray.core.settings import Settings
from tests.jobs import export_days
from tests.jobs.export_days import (
    check_killed,
)
from tests.stores import FakeStore, Step


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("export")


store, settings, dsn, exporter = (
    pytest.fixture(scope="module")(fixture)
    for fixture in (export_days.store, export_days.settings, export_days.dsn, export_days.exporter)
)


@pytest.fixture(scope="module")
def ray_exports(exporter: Exporter) -> Iterator[ExportProcesses]:  # its mark is in the environment
    # Not the product's start, which wants to set the environment before Ray is imported.
    ray.init(address="local", include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    yield RayExports()
    ray.shutdown()


@pytest.fixture(autouse=True)
def no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PAUSES_S", (0.1, 0.1, 0.1))


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
