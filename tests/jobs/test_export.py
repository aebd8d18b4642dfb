"""The daily export over Ray, with what can die in the middle of it: the next run mends it, nothing is uploaded twice.

Real store (fake-gcs-server), real databases.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest

from ess_ray.actors.exporter import Exporter
from ess_ray.adapters.postgres.connect import utc
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.cluster.spawned_exports import SpawnedExports
from ess_ray.core.exporting.outcome import ExportEnd, ExportOutcome
from ess_ray.core.settings import Settings
from ess_ray.jobs.collect.export_schedule import ExportSchedule
from tests.conftest import QUICK
from tests.days import day_of, register, write_day, write_ticks
from tests.jobs import export_days
from tests.jobs.export_days import (
    DAYS,
    HOUR_US,
    PERIOD,
    QUIET,
    TABLES,
    KeptProcesses,
    S,
    check_killed,
    day_objects_of,
    ends,
    made,
    run,
    when,
)
from tests.make import make_settings
from tests.stores import BUCKET, FakeStore, Fault, Harm, Step

folder, store, settings, dsn, exporter, processes, no_long_pauses = export_days.fixtures()


@pytest.mark.parametrize(("step", "number"), [(Step.BEGIN, 0), (Step.LAST, 1)])
def test_processes_that_are_killed_run_again_and_nothing_is_uploaded_twice(
    exporter: Exporter, settings: Settings, store: FakeStore, folder: Path, step: Step, number: int
) -> None:
    check_killed(exporter, settings, store, folder, SpawnedExports(), step, number)


def test_the_death_of_a_store_is_reported_and_the_next_run_exports_the_missing_objects(
    exporter: Exporter, processes: KeptProcesses, settings: Settings, store: FakeStore
) -> None:
    day_objects = day_objects_of(exporter, settings, 2)
    store.steps.clear()
    with when(lambda: any(step is Step.LAST for step, _ in store.steps), store.kill):
        outcomes = run(processes, exporter, day_objects)
    assert {ExportEnd.FAILED} <= set(ends(outcomes).values())
    assert any("not tried any more" in outcome.problem for outcome in outcomes.values())
    store.start()
    assert all(outcome.succeeded for outcome in run(processes, exporter, day_objects).values())
    assert set(ends(run(processes, exporter, day_objects, verify=True)).values()) == {ExportEnd.VERIFIED}
    # An object that was finished just before the server died is there, and its front has not heard of it.
    assert made(store, 2) <= Counter(TABLES)


def test_two_exporters_at_once_upload_everything_once(
    exporter: Exporter, processes: KeptProcesses, settings: Settings, store: FakeStore
) -> None:
    day_objects = day_objects_of(exporter, settings, 3)
    both: list[dict[str, ExportOutcome]] = []
    other = threading.Thread(target=lambda: both.append(run(SpawnedExports(), exporter, day_objects)))
    other.start()
    both.append(run(processes, exporter, day_objects))
    other.join()
    assert all(outcome.succeeded for outcomes in both for outcome in outcomes.values())
    assert made(store, 3) == Counter(TABLES)


def test_a_difference_is_reported_and_a_changed_day_is_exported_again(
    exporter: Exporter, processes: KeptProcesses, settings: Settings, store: FakeStore, dsn: str
) -> None:
    day_objects = day_objects_of(exporter, settings, 4)
    run(processes, exporter, day_objects)
    by_table = {day_object.table: day_object for day_object in day_objects}
    late_us = day_objects[0].day.start_us + 1800 * S
    write_ticks(dsn, settings, settings.devices[0], [late_us])
    outcomes = run(processes, exporter, day_objects, verify=True)
    assert ends(outcomes)["event"] is ExportEnd.VERIFIED
    assert {table for table, outcome in outcomes.items() if "has changed since" in outcome.problem} == TABLES - QUIET
    assert [
        day_object.table
        for day_object in exporter.ledger.due("sionyu", "Asia/Seoul", DAYS[4])
        if day_object in day_objects
    ] == [day_object.table for day_object in day_objects if day_object.table not in QUIET]
    assert ends(run(processes, exporter, day_objects)) == dict.fromkeys(TABLES, ExportEnd.REPLACED) | dict.fromkeys(
        QUIET, ExportEnd.UNCHANGED
    )
    assert made(store, 4) == Counter(dict.fromkeys(TABLES, 2) | dict.fromkeys(QUIET, 1))
    stored = exporter.store.stat(by_table["rack"].name)
    assert stored
    exporter.store.delete(stored.name, stored.generation)
    assert "not in the store" in run(processes, exporter, day_objects, verify=True)["rack"].problem
    assert ends(run(processes, exporter, day_objects))["rack"] is ExportEnd.EXPORTED


def test_the_schedule_waits_for_the_journals_exports_and_finds_late_samples(
    exporter: Exporter, processes: KeptProcesses, settings: Settings, store: FakeStore, dsn: str
) -> None:
    day = day_of(settings, "sionyu", DAYS[5])
    run(
        processes,
        exporter,
        tuple(day_object for number in range(5) for day_object in day_objects_of(exporter, settings, number)),
    )
    watermark_us = {"sionyu": day.end_us - 1}
    schedule = ExportSchedule(settings, processes, dsn, "", watermark_us.__getitem__, lambda: True)
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
    exporter: Exporter, processes: KeptProcesses, settings: Settings, store: FakeStore, dsn: str
) -> None:
    run(
        processes,
        exporter,
        tuple(day_object for number in range(6) for day_object in day_objects_of(exporter, settings, number)),
    )
    day_object = next(each for each in day_objects_of(exporter, settings, 3) if each.table == "sample")
    limits = [utc(day_object.day.start_us), utc(day_object.day.start_us + 12 * HOUR_US)]
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT * FROM sample WHERE time >= %s AND time < %s", limits)
        connection.execute("DELETE FROM sample WHERE time >= %s AND time < %s", limits)
        connection.execute("DELETE FROM export_object WHERE table_name = 'sample' AND day = %s", [DAYS[3]])
    before = len(store.made)
    schedule = ExportSchedule(settings, processes, dsn, "", lambda _: 1 << 60, lambda: True)
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
    exporter: Exporter, processes: KeptProcesses, settings: Settings, store: FakeStore, dsn: str
) -> None:
    with psycopg.connect(dsn) as connection:
        if not connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").fetchone():
            pytest.skip("plain tables have no chunks")
    chosen = replace(settings, export=replace(settings.export, drop_after_us=24 * HOUR_US))
    schedule = ExportSchedule(chosen, processes, dsn, "", lambda _: 1 << 60, lambda: True)
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
    assert set(ends(run(processes, exporter, day_objects)).values()) == {ExportEnd.UNCHANGED}
    assert set(ends(run(processes, exporter, day_objects, verify=True)).values()) == {ExportEnd.VERIFIED}


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
