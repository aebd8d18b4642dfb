"""A job at work takes a changed configuration, and devices that stay miss nothing. One run, step by step."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.job import database, start, until
from tests.peers import pymodbus_server

MAP = """\
period_s: 1
function: 3
blocks:
  - table: bank
    ids: {bank_id: 1}
    runs:
      - at: AT
        columns: [bank_soc]
"""
WORDS = ("--config-dir", "plants", "source=plant", "storage=embedded", "export=none", "site=hilltop")


class Plants:
    """A user's folder: the device `stays` with its own map, `changes` with another."""

    def __init__(self, folder: Path, ports: dict[str, int]) -> None:
        self._folder, self._ports = folder / "plants", ports
        for name in ("site", "map"):
            (self._folder / name).mkdir(parents=True)
        self.map("steady", 1)

    def map(self, name: str, at: int | str) -> None:
        (self._folder / f"map/{name}.yaml").write_text(MAP.replace("AT", str(at)))

    def site(self, **maps: str) -> None:
        devices = "".join(
            f"  {name}: {{map: {map_name}, host: 127.0.0.1, port: {self._ports[name]}}}\n"
            for name, map_name in maps.items()
        )
        text = f"# @package sites.hilltop\ntimezone: Asia/Seoul\ndevices:\n{devices}"
        (self._folder / "site/hilltop.yaml").write_text(text)


def reload(folder: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "ess_ray.main", "job=reload"]
    done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def pollers(folder: Path) -> list[int]:
    """The numbers of the poller processes of the job in this folder."""
    pids = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            is_poller_of_job = (
                process.joinpath("cmdline").read_bytes().startswith(b"ray::Poller")
                and str(folder).encode() in process.joinpath("environ").read_bytes()
            )
        except OSError:
            continue
        if is_poller_of_job:
            pids.append(int(process.name))
    return pids


@dataclass(frozen=True)
class FinishedRun:
    """A run that is over: the output of each reload, then what the summary and the database say."""

    reloads: dict[str, tuple[int, str]]
    summary: dict[str, dict[str, Any]]  # by device
    history: list[dict[str, Any]]  # the table `device`
    ticks: list[dict[str, Any]]  # the table `sample`
    rows: list[dict[str, Any]]  # the table `bank`

    @property
    def from_times(self) -> list[datetime]:
        """From when each configuration of the device `changes` was in force."""
        return [row["valid_from"] for row in self.history if row["device"] == "changes"]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    folder, reloads = tmp_path_factory.mktemp("reload"), {}
    with ExitStack() as stack:
        names = ("stays", "changes", "comes")
        ports = {name: stack.enter_context(pymodbus_server(range(100))) for name in names}
        plants = Plants(folder, ports)
        plants.map("moving", 10)
        plants.site(stays="steady", changes="moving")
        reloads["before the start"] = reload(folder)
        job = start(folder, *WORDS, "run.summary=summary.json", "cluster.devices_per_actor=2")
        stack.callback(job.kill)
        announced = folder / "ess_ray_state/collector.json"
        until(announced.exists)
        until(lambda: len(pollers(folder)) == 1)

        time.sleep(5)
        plants.map("moving", 20)
        with standing_still(pollers(folder)[0], LATE_S):
            reloads["late"] = reload(folder)
        time.sleep(3)

        plants.map("moving", 30)
        plants.site(stays="steady", changes="moving", comes="steady")
        reloads["added and changed"] = reload(folder)
        reloads["nothing new"] = reload(folder)
        plants.map("moving", "nowhere")
        reloads["mistaken"] = reload(folder)
        plants.map("moving", 30)

        time.sleep(2)
        for pid in pollers(folder):
            os.kill(pid, signal.SIGKILL)
        time.sleep(8)

        plants.site(stays="steady", changes="moving")
        reloads["removed"] = reload(folder)
        time.sleep(3)
        job.send_signal(signal.SIGTERM)
        output = job.communicate(timeout=60)[0]
        assert job.returncode == 0, output
        assert not announced.exists()
    summary = json.loads((folder / "summary.json").read_text())["sites"]["hilltop"]["devices"]
    with database(folder) as connection:
        history = connection.execute("SELECT * FROM device ORDER BY device, valid_from").fetchall()
        ticks = connection.execute("SELECT device, time FROM sample ORDER BY device, time").fetchall()
        rows = connection.execute("SELECT device, time, bank_soc FROM bank ORDER BY time").fetchall()
    return FinishedRun(reloads, summary, history, ticks, rows)


LATE_S = 4.0  # less than an actor may take to answer


@contextmanager
def standing_still(pid: int, for_s: float) -> Iterator[None]:
    """A process stands still from the beginning of the block on, for a while that the block may outlast."""
    os.kill(pid, signal.SIGSTOP)
    timer = threading.Timer(for_s, os.kill, (pid, signal.SIGCONT))
    timer.start()
    yield
    timer.join()


def test_a_reload_without_a_collector_says_so(ran: FinishedRun) -> None:
    code, printed = ran.reloads["before the start"]
    assert (code, printed.startswith("ess_ray: no collector is at work in ")) == (1, True), printed


def test_each_reload_says_what_it_has_changed(ran: FinishedRun) -> None:
    said = {name: (code, printed.split(", from")[0]) for name, (code, printed) in ran.reloads.items()}
    assert said["late"] == (0, "reloaded: changed hilltop/changes")
    assert said["added and changed"] == (0, "reloaded: added hilltop/comes; changed hilltop/changes")
    assert said["removed"] == (0, "reloaded: removed hilltop/comes")
    assert ran.reloads["nothing new"] == (0, "nothing to reload: the configuration has not changed\n")


def test_a_mistake_is_refused_and_the_old_configuration_stays_in_force(ran: FinishedRun) -> None:
    code, printed = ran.reloads["mistaken"]
    refused = "not reloaded, the old configuration stays in force: map moving, line 7"
    assert (code, printed.startswith(refused)) == (1, True), printed
    assert [(row["device"], row["valid_to"] is None) for row in ran.history] == [
        ("changes", False), ("changes", False), ("changes", True), ("comes", False), ("stays", True),
    ]  # fmt: skip


def test_every_value_is_of_the_configuration_of_its_tick(ran: FinishedRun) -> None:
    values = {
        name: [(row["time"], row["bank_soc"]) for row in ran.rows if row["device"] == name] for name in ran.summary
    }
    assert {value for _, value in values["stays"]} == {1}
    edges = [*ran.from_times, datetime.max.replace(tzinfo=UTC)]
    for value, (begin, end) in zip((10, 20, 30), pairwise(edges), strict=True):
        assert {stored for time_, stored in values["changes"] if begin <= time_ < end} == {value}
    (added,) = (row for row in ran.history if row["device"] == "comes")
    assert all(added["valid_from"] <= time_ < added["valid_to"] for time_, _ in values["comes"])
    assert values["comes"]
    assert all(counts["stored"] == len(values[name]) for name, counts in ran.summary.items())


def test_only_what_a_killed_poller_could_not_poll_is_missing(ran: FinishedRun) -> None:
    for name, counts in ran.summary.items():
        reasons = counts["reasons"]  # `overrun`: it was due while the process stood still
        lost = reasons.get("collector down", 0) + reasons.get("overrun", 0)
        assert counts["expected"] == counts["stored"] + lost, (name, counts)


def test_a_reload_that_reaches_its_poller_late_leaves_no_tick_without_a_sample(ran: FinishedRun) -> None:
    old, new, *_ = (row for row in ran.history if row["device"] == "changes")
    assert old["valid_to"] == new["valid_from"]
    for name in ("stays", "changes"):
        ticks = [row["time"] for row in ran.ticks if row["device"] == name and row["time"] < ran.from_times[2]]
        assert [later - earlier for earlier, later in pairwise(ticks)] == [timedelta(seconds=1)] * (len(ticks) - 1)
        assert len(ticks) > LATE_S
