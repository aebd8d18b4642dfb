"""Days in a database, a bucket to export them into, and an exporter with little patience: fixtures of a module."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ess_ray.actors.exporter import Exporter, make_exporter
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.adapters.stores.gcs import Bucket
from ess_ray.cluster import exports
from ess_ray.cluster.export_processes import ExportProcess, ExportProcesses
from ess_ray.cluster.exports import ExportTasks
from ess_ray.cluster.spawned_exports import SpawnedExports
from ess_ray.core.exporting.objects import DayObject
from ess_ray.core.exporting.outcome import ExportEnd, ExportOutcome
from ess_ray.core.maps.fixed_columns import FIXED_TABLES
from ess_ray.core.settings import Settings
from tests.conftest import QUICK, TIMESCALE, _timescale_bin_dir
from tests.days import day_of, register, write_day
from tests.make import make_settings
from tests.stores import BUCKET, FakeStore, Fault, Harm, Step, fake_store

S, HOUR_US = 1_000_000, 3_600_000_000
MARK = "ESS_RAY_EXPORT_TEST"
TABLES = {"bank", "rack", "pcs", "etc", *FIXED_TABLES}  # of Sionyu
QUIET = {"event", "rejected", "device"}  # of them: those that late samples do not change
DAYS = [date(2026, 11, day) for day in range(1, 7)]
PATIENCE_S = 1.0
PERIOD = "sites.sionyu.devices.gateway.period_s=1200"


def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("export")


def no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PAUSES_S", (0.1, 0.1, 0.1))


class KeptProcesses(SpawnedExports):
    """Processes that wait for the next exports when they have nothing to do: to start one takes a second."""

    def start(self, exporter: Exporter, day_object: DayObject, verify: bool) -> ExportProcess:
        """As its class does, but for processes that a test has killed meanwhile."""
        self._idle = [spawned for spawned in self._idle if spawned.process.is_alive()]
        return super().start(exporter, day_object, verify)

    def release(self) -> None:
        """Nothing: they are ended by `close`."""

    def close(self) -> None:
        """End those that have nothing to do."""
        super().release()


def fixtures() -> tuple[Any, ...]:
    """`folder, store, settings, dsn, exporter, processes, no_long_pauses`, for a module to have under these names."""
    of_module = [pytest.fixture(scope="module")(each) for each in (folder, store, settings, dsn, exporter, processes)]
    return (*of_module, pytest.fixture(autouse=True)(no_long_pauses))


def store(folder: Path) -> Iterator[FakeStore]:
    with fake_store(folder / "store") as running:
        yield running


def settings(folder: Path, store: FakeStore) -> Settings:
    words = ["export=gcs", f"export.bucket={BUCKET}", f"export.endpoint={store.endpoint}", "export.wait_s=3600"]
    return make_settings("site=sionyu", f"state_dir={folder}/state", PERIOD, *words)


def dsn(folder: Path, settings: Settings) -> Iterator[str]:
    """A day for each test."""
    (folder / "state").mkdir()
    bin_dir = _timescale_bin_dir()  # without it the tables are plain
    with EmbeddedPostgres(folder / "state" / "postgresql", bin_dir, TIMESCALE if bin_dir else QUICK) as server:
        first, last = day_of(settings, "sionyu", DAYS[0]), day_of(settings, "sionyu", DAYS[-1])
        register(server.dsn, settings, first.start_us, last.end_us)
        for day in DAYS:
            write_day(server.dsn, settings, day)
        yield server.dsn


def exporter(folder: Path, settings: Settings, store: FakeStore, dsn: str) -> Iterator[Exporter]:
    """With little patience."""
    os.environ[MARK] = str(folder)
    made = make_exporter(settings, dsn)
    yield Exporter(dsn, made.ledger, Bucket(BUCKET, endpoint=store.endpoint, patience_s=PATIENCE_S))
    del os.environ[MARK]


def processes(exporter: Exporter) -> Iterator[KeptProcesses]:  # its mark is in the environment
    with closing(KeptProcesses()) as processes:
        yield processes


def day_objects_of(exporter: Exporter, settings: Settings, number: int) -> tuple[DayObject, ...]:
    return exporter.ledger.day_objects("sionyu", day_of(settings, "sionyu", DAYS[number]))


def run(
    processes: ExportProcesses,
    exporter: Exporter,
    day_objects: tuple[DayObject, ...],
    verify: bool = False,
) -> dict[str, ExportOutcome]:
    """Every outcome, by table."""
    reports = ExportTasks(processes, exporter, parallel=2, verify=verify).run(day_objects)
    return {day_object.table: report for day_object, report in reports if isinstance(report, ExportOutcome)}


def ends(outcomes: dict[str, ExportOutcome]) -> dict[str, ExportEnd]:
    return {table: outcome.end for table, outcome in outcomes.items()}


def made(store: FakeStore, number: int) -> Counter[str]:
    """Number of objects that were made of each table of a day."""
    day = f"{DAYS[number]:%Y%m%d}_"
    return Counter(name.rsplit("_")[-1].removesuffix(".csv") for name, _ in store.made if day in name)


@contextmanager
def when(happened: Callable[[], bool], then: Callable[[], None]) -> Iterator[None]:
    """Do something beside the block, as soon as something has happened."""

    def watch() -> None:
        deadline_s = time.monotonic() + 30
        while not happened() and time.monotonic() < deadline_s:
            time.sleep(0.01)
        then()

    watching = threading.Thread(target=watch)
    watching.start()
    yield
    watching.join()


def kill_exporters(folder: Path) -> None:
    """kill -9 of every process that has an export task of this test."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            of_this_test = f"{MARK}={folder}".encode() in (process / "environ").read_bytes().split(b"\0")
            command = (process / "cmdline").read_bytes()
            if of_this_test and (b"ray::export" in command or b"multiprocessing.spawn" in command):
                os.kill(int(process.name), signal.SIGKILL)
        except OSError:
            continue


def check_killed(
    exporter: Exporter,
    settings: Settings,
    store: FakeStore,
    folder: Path,
    processes: ExportProcesses,
    step: Step,
    number: int,
) -> None:
    """Processes killed at this step are made again, and nothing of the day with this number is uploaded twice."""
    store.steps.clear()
    store.faults = [Fault(step, Harm.SLOW, seconds=20)]
    with when(lambda: any(seen is step for seen, _ in store.steps), lambda: kill_exporters(folder)):
        outcomes = run(processes, exporter, day_objects_of(exporter, settings, number))
    assert all(outcome.succeeded for outcome in outcomes.values())
    assert made(store, number) == Counter(TABLES)
    assert set(ends(run(processes, exporter, day_objects_of(exporter, settings, number), verify=True)).values()) == {
        ExportEnd.VERIFIED
    }
