"""The daily export over Ray, with what can die in the middle of it: the next run mends it, nothing is uploaded twice.

Real store (fake-gcs-server), real databases.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
import ray

from ess_ray.actors.exporter import Exporter, make_exporter
from ess_ray.adapters.postgres.connect import utc
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.adapters.stores.gcs import Bucket
from ess_ray.cluster import exports
from ess_ray.cluster.export_processes import ExportProcesses
from ess_ray.cluster.exports import ExportTasks
from ess_ray.cluster.ray_exports import RayExports
from ess_ray.cluster.spawned_exports import SpawnedExports
from ess_ray.core.exporting.objects import DayObject
from ess_ray.core.exporting.outcome import ExportEnd, ExportOutcome
from ess_ray.core.maps.fixed_columns import FIXED_TABLES
from ess_ray.core.settings import Settings
from ess_ray.jobs.collect.export_schedule import ExportSchedule
from tests.conftest import QUICK, TIMESCALE, _timescale_bin_dir
from tests.days import day_of, register, write_day, write_ticks
from tests.make import make_settings
from tests.stores import BUCKET, FakeStore, Fault, Harm, Step, fake_store

S, HOUR_US = 1_000_000, 3_600_000_000
MARK = "ESS_RAY_EXPORT_TEST"
TABLES = {"bank", "rack", "pcs", "etc", *FIXED_TABLES}  # of Sionyu
QUIET = {"event", "rejected", "device"}  # of them: those that late samples do not change
DAYS = [date(2026, 11, day) for day in range(1, 9)]
PATIENCE_S = 1.0
PERIOD = "sites.sionyu.devices.gateway.period_s=1200"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("export")


@pytest.fixture(scope="module")
def store(folder: Path) -> Iterator[FakeStore]:
    with fake_store(folder / "store") as running:
        yield running


@pytest.fixture(scope="module")
def settings(folder: Path, store: FakeStore) -> Settings:
    words = ["export=gcs", f"export.bucket={BUCKET}", f"export.endpoint={store.endpoint}", "export.wait_s=3600"]
    return make_settings("site=sionyu", f"state_dir={folder}/state", PERIOD, *words)


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def exporter(folder: Path, settings: Settings, store: FakeStore, dsn: str) -> Iterator[Exporter]:
    """With little patience."""
    os.environ[MARK] = str(folder)
    made = make_exporter(settings, dsn)
    yield Exporter(dsn, made.ledger, Bucket(BUCKET, endpoint=store.endpoint, patience_s=PATIENCE_S))
    del os.environ[MARK]


@pytest.fixture(scope="module")
def ray_exports(exporter: Exporter) -> Iterator[ExportProcesses]:  # its mark is in the environment
    # Not the product's start, which wants to set the environment before Ray is imported.
    ray.init(address="local", include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    yield RayExports()
    ray.shutdown()


@pytest.fixture
def spawned_exports() -> ExportProcesses:
    return SpawnedExports()


@pytest.fixture(autouse=True)
def no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PAUSES_S", (0.1, 0.1, 0.1))


def day_objects_of(exporter: Exporter, settings: Settings, number: int) -> tuple[DayObject, ...]:
    return exporter.ledger.day_objects("sionyu", day_of(settings, "sionyu", DAYS[number]))


def run(
    exporter: Exporter,
    day_objects: tuple[DayObject, ...],
    verify: bool = False,
    processes: ExportProcesses | None = None,
) -> dict[str, ExportOutcome]:
    """Every outcome, by table."""
    reports = ExportTasks(processes or SpawnedExports(), exporter, parallel=2, verify=verify).run(day_objects)
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


@pytest.mark.parametrize(
    ("kind", "step", "number"),
    [
        ("ray_exports", Step.BEGIN, 0), ("ray_exports", Step.LAST, 1), ("spawned_exports", Step.BEGIN, 6),
        ("spawned_exports", Step.LAST, 7),
    ],
)  # fmt: skip
def test_killed_tasks_are_run_again_and_nothing_is_uploaded_twice(
    exporter: Exporter, settings: Settings, store: FakeStore, folder: Path, request: pytest.FixtureRequest,
    kind: str, step: Step, number: int,
) -> None:  # fmt: skip
    processes: ExportProcesses = request.getfixturevalue(kind)
    store.steps.clear()
    store.faults = [Fault(step, Harm.SLOW, seconds=20)]
    with when(lambda: any(seen is step for seen, _ in store.steps), lambda: kill_exporters(folder)):
        outcomes = run(exporter, day_objects_of(exporter, settings, number), processes=processes)
    assert all(outcome.succeeded for outcome in outcomes.values())
    assert made(store, number) == Counter(TABLES)
    assert set(ends(run(exporter, day_objects_of(exporter, settings, number), verify=True)).values()) == {
        ExportEnd.VERIFIED
    }


def test_the_death_of_a_store_is_reported_and_the_next_run_exports_the_missing_objects(
    exporter: Exporter, settings: Settings, store: FakeStore
) -> None:
    day_objects = day_objects_of(exporter, settings, 2)
    store.steps.clear()
    with when(lambda: any(step is Step.LAST for step, _ in store.steps), store.kill):
        outcomes = run(exporter, day_objects)
    assert {ExportEnd.FAILED} <= set(ends(outcomes).values())
    assert any("not tried any more" in outcome.problem for outcome in outcomes.values())
    store.start()
    assert all(outcome.succeeded for outcome in run(exporter, day_objects).values())
    assert set(ends(run(exporter, day_objects, verify=True)).values()) == {ExportEnd.VERIFIED}
    # An object that was finished just before the server died is there, and its front has not heard of it.
    assert made(store, 2) <= Counter(TABLES)


def test_two_exporters_at_once_upload_everything_once(exporter: Exporter, settings: Settings, store: FakeStore) -> None:
    day_objects = day_objects_of(exporter, settings, 3)
    both: list[dict[str, ExportOutcome]] = []
    other = threading.Thread(target=lambda: both.append(run(exporter, day_objects)))
    other.start()
    both.append(run(exporter, day_objects))
    other.join()
    assert all(outcome.succeeded for outcomes in both for outcome in outcomes.values())
    assert made(store, 3) == Counter(TABLES)


def test_a_difference_is_reported_and_a_changed_day_is_exported_again(
    exporter: Exporter, settings: Settings, store: FakeStore, dsn: str
) -> None:
    day_objects = day_objects_of(exporter, settings, 4)
    run(exporter, day_objects)
    by_table = {day_object.table: day_object for day_object in day_objects}
    late_us = day_objects[0].day.start_us + 1800 * S
    write_ticks(dsn, settings, settings.devices[0], [late_us])
    outcomes = run(exporter, day_objects, verify=True)
    assert ends(outcomes)["event"] is ExportEnd.VERIFIED
    assert {table for table, outcome in outcomes.items() if "has changed since" in outcome.problem} == TABLES - QUIET
    assert [
        day_object.table
        for day_object in exporter.ledger.due("sionyu", "Asia/Seoul", DAYS[4])
        if day_object in day_objects
    ] == [day_object.table for day_object in day_objects if day_object.table not in QUIET]
    assert ends(run(exporter, day_objects)) == dict.fromkeys(TABLES, ExportEnd.REPLACED) | dict.fromkeys(
        QUIET, ExportEnd.UNCHANGED
    )
    assert made(store, 4) == Counter(dict.fromkeys(TABLES, 2) | dict.fromkeys(QUIET, 1))
    stored = exporter.store.stat(by_table["rack"].name)
    assert stored
    exporter.store.delete(stored.name, stored.generation)
    assert "not in the store" in run(exporter, day_objects, verify=True)["rack"].problem
    assert ends(run(exporter, day_objects))["rack"] is ExportEnd.EXPORTED


def test_the_schedule_waits_for_the_journals_exports_and_finds_late_samples(
    exporter: Exporter, settings: Settings, store: FakeStore, dsn: str
) -> None:
    day = day_of(settings, "sionyu", DAYS[5])
    run(exporter, tuple(day_object for number in range(5) for day_object in day_objects_of(exporter, settings, number)))
    watermark_us = {"sionyu": day.end_us - 1}
    schedule = ExportSchedule(settings, SpawnedExports(), dsn, "", watermark_us.__getitem__, lambda: True)
    assert not schedule.export_due(day.end_us + 299 * S)
    assert schedule.state is None
    assert not schedule.export_due(day.end_us + 300 * S)
    assert "2026-11-06: waiting for samples in the journals" in str(schedule.state)
    watermark_us["sionyu"] = day.end_us
    assert schedule.export_due(day.end_us + 301 * S)
    assert (schedule.written, schedule.failed) == (len(TABLES), {})
    assert not schedule.export_due(day.end_us + 302 * S)
    write_ticks(dsn, settings, settings.devices[0], [day.start_us + 1800 * S])
    watermark_us["sionyu"] = 0
    assert not schedule.export_due(day.end_us + 400 * S)
    assert schedule.export_due(day.end_us + 400 * S + HOUR_US)  # export.wait_s is over
    notes = schedule.take_notes()
    assert [note.partition(":")[0] for note in notes] == ["export"] * 3
    assert "without samples that are still in the journals" in notes[1]
    assert made(store, 5) == Counter(dict.fromkeys(TABLES, 2) | dict.fromkeys(QUIET, 1))


def test_the_schedule_reports_what_is_held_once_and_looks_at_it_again_after_hours(
    exporter: Exporter, settings: Settings, store: FakeStore, dsn: str
) -> None:
    run(exporter, tuple(day_object for number in range(6) for day_object in day_objects_of(exporter, settings, number)))
    day_object = next(each for each in day_objects_of(exporter, settings, 3) if each.table == "sample")
    limits = [utc(day_object.day.start_us), utc(day_object.day.start_us + 12 * HOUR_US)]
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT * FROM sample WHERE time >= %s AND time < %s", limits)
        connection.execute("DELETE FROM sample WHERE time >= %s AND time < %s", limits)
        connection.execute("DELETE FROM export_object WHERE table_name = 'sample' AND day = %s", [DAYS[3]])
    before = len(store.made)
    schedule = ExportSchedule(settings, SpawnedExports(), dsn, "", lambda _: 1 << 60, lambda: True)
    now_us = day_of(settings, "sionyu", DAYS[5]).end_us + 400 * S
    assert schedule.export_due(now_us)
    assert (list(schedule.held), schedule.failed, schedule.done.held) == ([day_object.name], {}, 1)
    (note,) = schedule.take_notes()
    assert note.startswith(f"export: {day_object} is held: the object has ")
    assert not schedule.export_due(now_us + 60 * S)
    assert schedule.done.lag_days == {"sionyu": 0}  # the object is in the store
    assert schedule.export_due(now_us + 7 * HOUR_US)
    assert schedule.take_notes() == []
    with psycopg.connect(dsn) as connection:
        connection.execute("INSERT INTO sample SELECT * FROM kept")
        connection.execute("DROP TABLE kept")
    assert schedule.export_due(now_us + 14 * HOUR_US)
    assert (schedule.held, schedule.done.held, len(store.made)) == ({}, 0, before)


def test_a_killed_and_a_stopped_command_leave_nothing_unfinished_and_the_next_one_does_the_rest(
    settings: Settings, store: FakeStore, dsn: str, folder: Path
) -> None:
    words = [
        "job=export", "site=sionyu", f"day={DAYS[0]}", f"state_dir={folder}/state", PERIOD, "export=gcs",
        f"export.bucket={BUCKET}", f"export.endpoint={store.endpoint}", "export.name=again/{site}/{table}{yyyymmdd}",
    ]  # fmt: skip
    command = [sys.executable, "-m", "ess_ray.main", *words]
    for number, code in ((signal.SIGKILL, -9), (signal.SIGINT, 130)):
        before = len(store.steps)
        store.faults = [Fault(Step.BEGIN, Harm.SLOW, seconds=15, times=2)]
        job = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while not any(step is Step.BEGIN for step, _ in store.steps[before:]):
            assert job.poll() is None
            time.sleep(0.02)
        job.send_signal(number)
        began_s = time.monotonic()
        stderr = job.communicate(timeout=30)[1]
        assert (job.returncode, time.monotonic() - began_s < 10) == (code, True), stderr
    store.faults = []
    assert not [name for name, _ in store.made if name.startswith("again/")]
    done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith(f"{len(TABLES)} objects in gs://{BUCKET}: {len(TABLES)} exported; ")
    assert len([name for name, _ in store.made if name.startswith("again/")]) == len(TABLES)


def test_the_schedule_drops_what_is_in_the_store_and_nothing_else(
    exporter: Exporter, settings: Settings, store: FakeStore, dsn: str
) -> None:
    with psycopg.connect(dsn) as connection:
        if not connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").fetchone():
            pytest.skip("plain tables have no chunks")
    chosen = replace(settings, export=replace(settings.export, drop_after_us=24 * HOUR_US))
    schedule = ExportSchedule(chosen, SpawnedExports(), dsn, "", lambda _: 1 << 60, lambda: True)
    later_us = day_of(settings, "sionyu", DAYS[5]).end_us + 30 * 24 * HOUR_US
    while schedule.export_due(later_us):  # one that has nothing to export drops
        pass
    assert any(note.startswith("dropped chunk") for note in schedule.take_notes())
    limits = [utc(day_of(settings, "sionyu", DAYS[1]).start_us), utc(day_of(settings, "sionyu", DAYS[4]).end_us)]
    with psycopg.connect(dsn) as connection:
        inside = "SELECT count(*) FROM rack WHERE time BETWEEN %s AND %s"
        assert connection.execute(inside, limits).fetchone() == (0,)
        # The tick at the midnight behind the last day was never exported: its chunk stays.
        assert connection.execute("SELECT count(*) > 0 FROM rack WHERE time > %s", limits[1:]).fetchone() == (True,)
    day_objects = day_objects_of(exporter, settings, 3)
    assert set(ends(run(exporter, day_objects)).values()) == {ExportEnd.UNCHANGED}
    assert set(ends(run(exporter, day_objects, verify=True)).values()) == {ExportEnd.VERIFIED}


def test_the_main_job_catches_up_while_it_collects(folder: Path) -> None:
    state = folder / "main" / "state"
    state.mkdir(parents=True)
    settings = make_settings("site=sionyu", PERIOD)
    yesterday = (datetime.now(ZoneInfo("Asia/Seoul")) - timedelta(days=1)).date()
    with EmbeddedPostgres(state / "postgresql", settings=QUICK) as server:
        day = day_of(settings, "sionyu", yesterday)
        register(server.dsn, settings, day.start_us, day.end_us)
        write_day(server.dsn, settings, yesterday)
    words = ["site=sionyu", "run.duration_s=12", "run.summary=summary.json", "run.require_complete=true"]
    words += [f"state_dir={state}", "cluster=none", "export.grace_s=0"]
    command = [sys.executable, "-m", "ess_ray.main", *words]
    done = subprocess.run(command, check=False, cwd=folder / "main", capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    summary = json.loads((folder / "main" / "summary.json").read_text())
    assert summary["export"] == {"written": len(TABLES), "failed": {}, "held": {}}
    assert f"export: {yesterday} of sionyu: {len(TABLES)} objects" in done.stdout
    files = {path.name for path in (state / "export").rglob("*.csv")}
    assert files == {f"{yesterday:%Y%m%d}_{table}.csv" for table in TABLES}
