"""The main job as its user runs it: a process of its own, from the command line to the rows."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from tests import oracle, torture
from tests.logfiles import log_lines
from tests.peers import pymodbus_server

PLANTS = ("sionyu", "panri", "hwanggeum6", "seokhwan")
SECONDS = 6
# Becomes a command whose terminal is its standard input. `pty.fork` would also copy what other threads of pytest hold.
IN_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("job")


def start(folder: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    """Start the job in the folder, with any free port for the dashboard."""
    command = [sys.executable, "-m", "ess_ray.main", "cluster.dashboard_port=0", *words]
    environment = {**os.environ, **environment}
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def run(folder: Path, *words: str, **environment: str) -> tuple[int, str, dict[str, Any]]:
    """Run the job to its end: exit code, output, summary."""
    job = start(folder, "run.summary=summary.json", *words, **environment)
    output, _ = job.communicate(timeout=240)
    file = folder / "summary.json"
    return job.returncode, output, json.loads(file.read_text()) if file.exists() else {}


@contextmanager
def database(folder: Path) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """The embedded database of a job that has ended."""
    with (
        EmbeddedPostgres(folder / "ess_ray_state" / "postgresql") as server,
        psycopg.connect(server.dsn, row_factory=dict_row) as connection,
    ):
        yield connection


def at(site: str, port: int, device: str = "gateway") -> list[str]:
    return [f"sites.{site}.devices.{device}.host=127.0.0.1", f"sites.{site}.devices.{device}.port={port}"]


def check_rows(connection: psycopg.Connection[dict[str, Any]], site: str, registers: Sequence[int]) -> int:
    """Check that every row of every tick of the site equals the oracle's; gives how many rows there are."""
    rows = 0
    ticks = connection.execute("SELECT count(*) AS n FROM sample WHERE site = %s", [site]).fetchone()
    assert ticks is not None
    for table, expected in oracle.rows(site, registers).items():
        stored = connection.execute(f"SELECT * FROM {table} WHERE site = %s", [site]).fetchall()
        assert len(stored) == ticks["n"] * len(expected)
        rows += len(stored)
        for row in stored:
            ids = tuple(row[name] for name in oracle.IDS if row.get(name) is not None)
            values = {name: row[name] for name in expected[ids]}
            assert values == expected[ids], f"{site} {table} {ids}"
            others = set(row) - set(values) - {"time", "site", "device", *oracle.IDS}
            assert all(row[name] is None for name in others)
    return rows


@dataclass(frozen=True)
class FinishedRun:
    """A run that is over."""

    folder: Path
    images: dict[str, list[int]]  # the registers of the plants
    summary: dict[str, Any]


@pytest.fixture(scope="module", params=["local", "none"])
def ran(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> FinishedRun:
    """A run of the four plants and two sites whose devices are broken, with Ray and without."""
    folder, chance = tmp_path_factory.mktemp("job"), random.Random(20220510)
    images = {site: [chance.randrange(65536) for _ in range(7100)] for site in PLANTS}
    (folder / "conf/site").mkdir(parents=True)
    for site, register_map in (("broken", "sionyu"), ("dripping", "panri")):
        text = f"# @package sites.{site}\ntimezone: Asia/Seoul\ndevices: {{gateway: {{map: {register_map}}}}}\n"
        (folder / f"conf/site/{site}.yaml").write_text(text)
    with (
        ExitStack() as peers,
        torture.device(torture.only_for(200, torture.refusing(4))) as broken,
        torture.device(torture.drip) as dripping,
    ):
        addresses = [word for site in PLANTS for word in at(site, peers.enter_context(pymodbus_server(images[site])))]
        addresses += [*at("broken", broken), *at("dripping", dripping)]
        sites = f"site=[{','.join(PLANTS)},broken,dripping]"
        words = ["--config-dir", "conf", sites, f"cluster={request.param}", "source=plant", *addresses]
        code, output, summary = run(folder, *words, f"run.duration_s={SECONDS}")
    assert code == 0, output
    return FinishedRun(folder, images, summary)


def test_every_value_of_four_independent_plants_is_stored_as_their_lists_say(ran: FinishedRun) -> None:
    assert ran.summary["simulated"] is False
    with database(ran.folder) as connection:
        for site in PLANTS:
            counts = ran.summary["sites"][site]["devices"]["gateway"]
            assert counts["stored"] == counts["expected"] > 0
            rows = ran.summary["sites"][site]["rows"]
            assert check_rows(connection, site, ran.images[site]) == sum(rows.values())


def test_a_broken_device_lacks_its_own_registers_and_its_neighbours_nothing(ran: FinishedRun) -> None:
    counts = {site: figures["devices"]["gateway"] for site, figures in ran.summary["sites"].items()}
    assert counts["broken"]["partial"] == counts["broken"]["expected"] == SECONDS
    assert counts["broken"]["reasons"] == {"exception 4": SECONDS}
    assert counts["dripping"]["failed"] == counts["dripping"]["expected"] == SECONDS
    assert all(counts[site]["stored"] == counts[site]["expected"] > 0 for site in PLANTS)
    lines = log_lines(ran.folder / "ess_ray_state" / "logs" / "ess_ray.json")
    reasons = {(line["ess.site"], line["ess.status"]): line["ess.reason"] for line in lines if "ess.status" in line}
    assert reasons.keys() == {("broken", "partial"), ("dripping", "failed")}
    assert reasons["broken", "partial"] == "exception 4"
    with database(ran.folder) as connection:
        rows = connection.execute("SELECT * FROM bank WHERE site IN ('broken', 'dripping') ORDER BY time").fetchall()
        assert [(r["quality"] & 2, r["bank_soc"], r["rack_fuse_plus_fault_status"]) for r in rows] == [
            (2, 0, None)
        ] * SECONDS
        missing = connection.execute("SELECT DISTINCT missing FROM sample WHERE status = 'partial'").fetchall()
        assert len(missing) == 1
        assert missing[0]["missing"].startswith("4:200-")


def test_the_four_simulated_plants_are_collected_completely_and_nothing_is_left_running(folder: Path) -> None:
    code, output, summary = run(folder, "site=all", "run.duration_s=10", "run.require_complete=true")
    assert code == 0, output
    assert "SIMULATED" in output
    assert summary["simulated"] is True
    assert {site: s["devices"]["gateway"]["stored"] for site, s in summary["sites"].items()} == {
        "sionyu": 10, "panri": 10, "hwanggeum6": 10, "seokhwan": 2,
    }  # fmt: skip
    assert summary["sites"]["sionyu"]["rows"] == {"bank": 10, "rack": 80, "pcs": 10, "etc": 10}
    assert running(folder) == []
    logs = {file.name: log_lines(file) for file in (folder / "ess_ray_state" / "logs").iterdir()}
    actors = "writer", "watcher", "normaliser-0", *(f"poller-{number}" for number in range(4))
    assert logs.keys() == {f"{name}.json" for name in ("ess_ray", *actors)}
    assert {line["log.level"] for lines in logs.values() for line in lines} <= {"info", "warning"}
    summary_in_log = {line["message"] for line in logs["ess_ray.json"] if line.get("event.action") == "summary"}
    assert set(output.splitlines()[-4:]) == summary_in_log


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


def test_a_second_ctrl_c_stops_at_once_and_leaves_nothing_running(folder: Path) -> None:
    requested = threading.Event()

    def silent(number: int, reply: bytes) -> torture.Pieces:
        requested.set()
        return torture.silent(number, reply)

    with torture.device(silent) as port:
        limits = "sites.sionyu.devices.gateway.poll_limit_s=60", "sites.sionyu.devices.gateway.timeout_s=60"
        job = start(folder, "site=sionyu", "source=plant", *at("sionyu", port), *limits)
        assert requested.wait(120)
        while "collecting " not in (folder / "ess_ray_state/logs/ess_ray.json").read_text():
            assert job.poll() is None
            time.sleep(0.1)
        job.send_signal(signal.SIGTERM)
        time.sleep(1)
        assert job.poll() is None  # it waits for the poll at work
        job.send_signal(signal.SIGTERM)
        output, _ = job.communicate(timeout=60)
    assert job.returncode == 130, output
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
            assert tables == (7,)  # five of the standard, sample, event
    assert counted == (24, 3)
    assert re.search("TimescaleDB" if extension else "PostgreSQL", summary["database"])


def running(folder: Path) -> list[str]:
    """Command lines of the processes that name the folder."""
    command_lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command_line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in command_line and "pytest" not in command_line.split("/")[-1]:
            command_lines.append(command_line)
    return command_lines
