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
from pathlib import Path
from typing import Any

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


def test_a_job_at_work_takes_changes_refuses_mistakes_and_misses_nothing(tmp_path: Path) -> None:
    with ExitStack() as stack:
        names = ("stays", "changes", "comes")
        ports = {name: stack.enter_context(pymodbus_server(range(100))) for name in names}
        plants = Plants(tmp_path, ports)
        plants.map("moving", 10)
        plants.site(stays="steady", changes="moving")
        assert reload(tmp_path) == (1, f"ess_ray: no collector is at work in {tmp_path}/ess_ray_state (state_dir)\n")
        job = start(tmp_path, *WORDS, "run.summary=summary.json", "cluster.devices_per_actor=2")
        stack.callback(job.kill)
        announced = tmp_path / "ess_ray_state/collector.json"
        until(announced.exists)
        until(lambda: len(pollers(tmp_path)) == 1)

        plants.map("moving", 20)
        plants.site(stays="steady", changes="moving", comes="steady")
        code, printed = reload(tmp_path)
        assert (code, printed.split(", from")[0]) == (0, "reloaded: added hilltop/comes; changed hilltop/changes")
        assert reload(tmp_path) == (0, "nothing to reload: the configuration has not changed\n")

        plants.map("moving", "nowhere")
        code, printed = reload(tmp_path)
        refused = "not reloaded, the old configuration stays in force: map moving, line 7"
        assert (code, printed.startswith(refused)) == (1, True), printed
        plants.map("moving", 20)

        time.sleep(2)
        for pid in pollers(tmp_path):
            os.kill(pid, signal.SIGKILL)
        time.sleep(8)

        plants.site(stays="steady", changes="moving")
        code, printed = reload(tmp_path)
        assert (code, printed.split(", from")[0]) == (0, "reloaded: removed hilltop/comes")
        time.sleep(3)
        job.send_signal(signal.SIGTERM)
        output = job.communicate(timeout=60)[0]
        assert job.returncode == 0, output
        assert not announced.exists()
    summary = json.loads((tmp_path / "summary.json").read_text())["sites"]["hilltop"]["devices"]
    with database(tmp_path) as connection:
        _check(connection, summary)


LATE_S = 4.0  # less than an actor may take to answer


def test_a_reload_that_reaches_its_poller_late_holds_from_behind_the_last_tick_that_was_taken(tmp_path: Path) -> None:
    with ExitStack() as stack:
        ports = {name: stack.enter_context(pymodbus_server(range(100))) for name in ("stays", "changes")}
        plants = Plants(tmp_path, ports)
        plants.map("moving", 10)
        plants.site(stays="steady", changes="moving")
        job = start(tmp_path, *WORDS, "run.summary=summary.json", "cluster.devices_per_actor=2")
        stack.callback(job.kill)
        until((tmp_path / "ess_ray_state/collector.json").exists)
        until(lambda: len(pollers(tmp_path)) == 1)
        time.sleep(5)
        (poller,) = pollers(tmp_path)
        plants.map("moving", 20)
        os.kill(poller, signal.SIGSTOP)
        stack.enter_context(going_on(poller, LATE_S))
        code, printed = reload(tmp_path)
        assert (code, printed.split(", from")[0]) == (0, "reloaded: changed hilltop/changes")
        time.sleep(3)
        job.send_signal(signal.SIGTERM)
        output = job.communicate(timeout=60)[0]
        assert job.returncode == 0, output
    summary = json.loads((tmp_path / "summary.json").read_text())["sites"]["hilltop"]["devices"]
    with database(tmp_path) as connection:
        (old, new) = connection.execute("SELECT * FROM device WHERE device = 'changes' ORDER BY valid_from").fetchall()
        rows = connection.execute("SELECT time, bank_soc FROM bank WHERE device = 'changes' ORDER BY time").fetchall()
    assert old["valid_to"] == new["valid_from"]
    assert [row["bank_soc"] for row in rows if row["time"] < new["valid_from"]] != []
    assert {row["bank_soc"] for row in rows if row["time"] < new["valid_from"]} == {10}
    assert {row["bank_soc"] for row in rows if row["time"] >= new["valid_from"]} == {20}
    for (
        name,
        counts,
    ) in summary.items():  # each tick has one sample, be it that it was due while the process was stopped
        assert counts["expected"] == counts["stored"] + counts["reasons"].get("overrun", 0), (name, counts)


@contextmanager
def going_on(pid: int, after_s: float) -> Iterator[None]:
    """Let a process that was stopped go on a while after the block begins."""
    timer = threading.Timer(after_s, os.kill, (pid, signal.SIGCONT))
    timer.start()
    yield
    timer.join()


def _check(connection: Any, summary: dict[str, dict[str, Any]]) -> None:
    history = connection.execute("SELECT * FROM device ORDER BY device, valid_from").fetchall()
    assert [(row["device"], row["valid_to"] is None) for row in history] == [
        ("changes", False), ("changes", True), ("comes", False), ("stays", True),
    ]  # fmt: skip
    changed, added = history[1]["valid_from"], history[2]
    rows = connection.execute("SELECT device, time, bank_soc FROM bank ORDER BY time").fetchall()
    values = {name: [(r["time"], r["bank_soc"]) for r in rows if r["device"] == name] for name in summary}
    assert {value for _, value in values["stays"]} == {1}
    assert {value for time_, value in values["changes"] if time_ < changed} == {10}
    assert {value for time_, value in values["changes"] if time_ >= changed} == {20}
    assert all(added["valid_from"] <= time_ < added["valid_to"] for time_, _ in values["comes"])
    assert values["comes"]
    for name, counts in summary.items():
        # Only what a killed poller could not poll is missing.
        assert counts["expected"] == counts["stored"] + counts["reasons"].get("collector down", 0), (name, counts)
        assert counts["stored"] == len(values[name])
