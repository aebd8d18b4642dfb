"""The main job in one process as its user runs it, from the command line to the rows."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.jobs.job import run, running, start
from tests.jobs.plants import FinishedRun, check_a_broken_device, check_every_value, collect
from tests.make import shipped_standard

# Becomes a command whose terminal is its standard input. `pty.fork` would also copy what other threads of pytest hold.
IN_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("job")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    return collect(tmp_path_factory.mktemp("job"), "cluster=none")


def test_every_value_of_four_independent_plants_is_stored_as_their_lists_say(ran: FinishedRun) -> None:
    check_every_value(ran)


def test_a_broken_device_lacks_its_own_registers_and_its_neighbours_nothing(ran: FinishedRun) -> None:
    check_a_broken_device(ran)


def test_one_process_collects_the_four_simulated_plants_and_loads_nothing_of_ray(folder: Path) -> None:
    job = start(folder, "site=all", "cluster=none", "run.summary=summary.json", "run.require_complete=true")
    assert job.stdout is not None
    try:
        for line in job.stdout:
            if line.startswith("page: "):
                break
        loaded, processes = Path(f"/proc/{job.pid}/maps").read_text(), running(folder)
        job.send_signal(signal.SIGINT)
        output, _ = job.communicate(timeout=60)
    finally:
        job.kill()
    assert job.returncode == 0, output
    assert "/psycopg" in loaded
    assert "/ray/" not in loaded
    assert [words for words in processes if "raylet" in words] == []
    assert [file.name for file in (folder / "ess_ray_state" / "logs").iterdir()] == ["ess_ray.json"]
    assert running(folder) == []


def test_ctrl_c_drains_without_a_gap_and_does_not_wait_for_the_slowest_device(folder: Path) -> None:
    slow = "sites.seokhwan.devices.gateway.period_s=86400"
    job = start(folder, "site=[sionyu,seokhwan]", "cluster=none", slow, "run.summary=summary.json")
    assert job.stdout is not None
    for line in job.stdout:
        if "samples stored" in line:
            break
    job.send_signal(signal.SIGINT)
    output, _ = job.communicate(timeout=60)
    assert job.returncode == 0, output
    counts = json.loads((folder / "summary.json").read_text())["sites"]["sionyu"]["devices"]["gateway"]
    assert counts["stored"] == counts["expected"] > 5
    assert running(folder) == []


def test_a_terminal_that_is_closed_drains_the_job(folder: Path) -> None:
    terminal, inner = os.openpty()
    words = ["cluster=none", "site=sionyu", "run.summary=summary.json"]
    job = subprocess.Popen(
        [sys.executable, "-c", IN_TERMINAL, sys.executable, "-m", "ess_ray.main", *words],
        cwd=folder, stdin=inner, stdout=inner, stderr=inner, start_new_session=True,
    )  # fmt: skip
    os.close(inner)
    output = b""
    while b"collecting for 3 s" not in output:
        output = output[-1000:] + os.read(terminal, 1000)
    os.close(terminal)
    assert job.wait(240) == 0
    counts = json.loads((folder / "summary.json").read_text())["sites"]["sionyu"]["devices"]["gateway"]
    assert counts["stored"] == counts["expected"] >= 3
    deadline_s = time.monotonic() + 30
    while left := running(folder):  # the guard ends it, and nothing here waits for the guard
        assert time.monotonic() < deadline_s, left
        time.sleep(0.1)


def test_a_real_database_gets_simulated_samples_only_with_allow_simulated(folder: Path, dsn: str) -> None:
    words = ["site=sionyu", "cluster=none", "storage=timescale", "run.duration_s=3"]
    code, output, _ = run(folder, *words, ESS_RAY_DSN=dsn)
    assert (code, output.count("\n")) == (2, 1)
    assert "storage.allow_simulated" in output
    code, output, summary = run(folder, *words, "storage.allow_simulated=true", ESS_RAY_DSN=dsn)
    assert code == 0, output
    with psycopg.connect(dsn) as connection:
        counted = connection.execute("SELECT (SELECT count(*) FROM rack), (SELECT count(*) FROM sample)").fetchone()
        extension = connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
        if extension:
            tables = connection.execute("SELECT count(*) FROM timescaledb_information.hypertables").fetchone()
            assert tables == (len(shipped_standard().tables) + 2,)  # and sample, event
    assert counted == (24, 3)
    assert re.search("TimescaleDB" if extension else "PostgreSQL", summary["database"])
