"""One measured run of the real job: `python -m ess_ray.main site=fleet`, against a server and devices made for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks.load_device import FIRST_PORT, HOST
from benchmarks.measure import Spread, spread
from benchmarks.processes import Process, Watch

WARM_S = 5.0  # until connections are made and caches filled
LONGEST_START_S, LONGEST_END_S = 120.0, 90.0
DEVICES, POSTGRESQL, TOTAL = "devices", "PostgreSQL", "all"
OTHERS = (DEVICES, POSTGRESQL)  # processes that are not the collector's
# Beginnings of lines of the job, and the step of its start that they show.
STEP_LINES = {"ess_ray: starting": "configured", "sites:": "Ray is up"}


@dataclass(frozen=True)
class Run:
    """The result of one run; `cpu_ms` (for each device-tick) and `memory_mb` are by kind of process."""

    devices: int
    seconds_s: float
    expected: int
    stored: int
    accounted_for: int  # stored, partial, or failed with its reason
    reasons: Mapping[str, int]
    p50_ms: float
    p99_ms: float
    cpu_ms: Mapping[str, Spread]
    memory_mb: Mapping[str, float]
    started_s: Mapping[str, float]  # from the command to each step

    @property
    def collector_ms(self) -> float:
        """CPU ms of the collector for each device-tick: all processes but the devices and the server."""
        return sum(cell.median for kind, cell in self.cpu_ms.items() if kind not in (*OTHERS, TOTAL))


@contextmanager
def fresh_database(server: str, name: str) -> Iterator[str]:
    """The DSN of an empty database that is dropped afterwards."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
        yield make_conninfo(server, dbname=name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@dataclass(frozen=True)
class Setting:
    """The devices of a run, which may listen or not, and for how long they are collected."""

    devices: int
    map_name: str
    seconds_s: float
    first_port: int = FIRST_PORT
    pid: int | None = None  # of the devices
    warm_s: float = WARM_S


def run_job(dsn: str, setting: Setting, slices: int, *settings: str) -> Run:
    """Collect a fleet; `settings` are further settings of the job. Raises AssertionError if the job does not run.

    `setting.seconds_s` are those from the first row that another connection sees: before, a job with Ray is starting.
    """
    with TemporaryDirectory(prefix="ess_ray-bench-") as folder:
        summary = Path(folder, "summary.json")
        words = [
            "site=fleet", f"fleet.devices={setting.devices}", f"fleet.map={setting.map_name}", f"fleet.host={HOST}",
            f"fleet.port={setting.first_port}", "storage=timescale",
            f"run.summary={summary}", f"state_dir={folder}/state", "cluster.dashboard_port=0", *settings,
        ]  # fmt: skip
        others = {postmaster(dsn): POSTGRESQL} | ({setting.pid: DEVICES} if setting.pid else {})
        with Job(words, dsn) as job, Watch(job.pid, others) as watch:
            steps = job.steps(dsn)
            first_s = job.started_s + steps["first row"]
            end_s = first_s + 0.8 * setting.seconds_s
            job.wait_until(end_s)
            memory = watch.memory_mb()  # takes some time, so after the slices that count
            job.wait_until(first_s + setting.seconds_s)
            job.stop()
            if not summary.exists():
                raise job.failed("no summary")
            figures = json.loads(summary.read_text(encoding="utf-8"))["sites"]["fleet"]
        return _run(
            setting, figures, _cpu_ms(watch, setting.devices, first_s + setting.warm_s, end_s, slices), memory, steps
        )


def _run(
    setting: Setting, figures: Any, cpu: Mapping[str, Spread], memory: Mapping[str, float], steps: Mapping[str, float]
) -> Run:
    total, reasons = Counter[str](), Counter[str]()
    for device in figures["devices"].values():
        reasons.update(device.pop("reasons"))
        total.update(device)
    return Run(
        devices=setting.devices,
        seconds_s=setting.seconds_s,
        expected=total["expected"],
        stored=total["stored"],
        accounted_for=total["stored"] + total["partial"] + total["failed"],
        reasons=reasons,
        p50_ms=figures["latency_ms"]["p50"],
        p99_ms=figures["latency_ms"]["p99"],
        cpu_ms=cpu,
        memory_mb=memory,
        started_s=steps,
    )


class Job:
    """The process of the job, its output, and when each step of its start was reached."""

    def __init__(self, words: Sequence[str], dsn: str = "") -> None:
        self.started_s = time.time()
        self.reached_s: dict[str, float] = {}  # seconds from the command
        self._lines: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ess_ray.main", *words],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ | {"ESS_RAY_DSN": dsn},
        )  # fmt: skip
        Thread(target=self._listen, daemon=True).start()

    @property
    def pid(self) -> int:
        """Process id of the driver."""
        return self._process.pid

    def __enter__(self) -> Job:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._process.terminate()
        self._process.wait(LONGEST_END_S)

    def stop(self) -> None:
        """Ends the job in order."""
        self._process.terminate()
        self.wait_until(time.time() + LONGEST_END_S)

    def steps(self, dsn: str) -> dict[str, float]:
        """Waits for the first committed row; seconds from the command to each step (to the first row: within 50 ms)."""
        tick_s = self._first_tick_s(dsn)
        return self.reached_s | {"first tick": tick_s - self.started_s, "first row": time.time() - self.started_s}

    def _first_tick_s(self, dsn: str) -> float:
        query = "SELECT extract(epoch FROM min(time))::float8 FROM sample WHERE time > to_timestamp(%s)"
        while time.time() < self.started_s + LONGEST_START_S:
            self.check()
            with suppress(psycopg.OperationalError, psycopg.errors.UndefinedTable), psycopg.connect(dsn) as connection:
                while time.time() < self.started_s + LONGEST_START_S:
                    self.check()
                    row = connection.execute(query, (self.started_s,)).fetchone()
                    if row and row[0] is not None:
                        return float(row[0])
                    connection.commit()
                    time.sleep(0.05)
            time.sleep(0.05)
        raise self.failed("still nothing stored")

    def check(self) -> None:
        """Raises AssertionError if the job has ended."""
        if (code := self._process.poll()) is not None:
            raise self.failed(f"exit code {code}")

    def wait_until(self, until_s: float) -> None:
        """Waits until this time or until the job ends."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, until_s - time.time()))

    def failed(self, reason: object) -> AssertionError:
        """An error with the last lines of the job's output."""
        return AssertionError(f"the job failed ({reason}): {''.join(self._lines[-5:])}")

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            for start, step in STEP_LINES.items():
                if line.startswith(start):
                    self.reached_s.setdefault(step, time.time() - self.started_s)
            self._lines.append(line)


def _cpu_ms(watch: Watch, devices: int, from_s: float, until_s: float, slices: int) -> dict[str, Spread]:
    """CPU ms for each device-tick by kind of process, as a spread over slices of the time."""
    slice_s = (until_s - from_s) / slices
    looks = [watch.cpu_s(from_s + n * slice_s, from_s + (n + 1) * slice_s) for n in range(slices)]
    by_kind = {
        kind: [1e3 * cpu_s.get(kind, 0.0) / devices / passed_s for cpu_s, passed_s in looks] for kind in looks[-1][0]
    }
    by_kind[TOTAL] = [sum(each) for each in zip(*by_kind.values(), strict=True)]
    return {kind: spread(numbers) for kind, numbers in by_kind.items()}


def postmaster(dsn: str) -> int:
    """Process id of the server's postmaster, the parent of its other processes."""
    with psycopg.connect(dsn) as connection:
        return Process.read(connection.info.backend_pid).parent
