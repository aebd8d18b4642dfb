"""The main job with Ray as its user runs it, from the command line to the rows."""

from __future__ import annotations

import json
import signal
import threading
import time
from pathlib import Path

import pytest

from tests import torture
from tests.jobs.job import at, running, start, until
from tests.jobs.plants import FinishedRun, check_a_broken_device, check_every_value, collect
from tests.logfiles import log_lines


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("job")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    return collect(tmp_path_factory.mktemp("job"), "cluster=local")


def test_every_value_of_four_independent_plants_is_stored_as_their_lists_say(ran: FinishedRun) -> None:
    check_every_value(ran)


def test_a_broken_device_lacks_its_own_registers_and_its_neighbours_nothing(ran: FinishedRun) -> None:
    check_a_broken_device(ran)


def test_the_four_simulated_plants_are_collected_completely_and_nothing_is_left_running(folder: Path) -> None:
    job = start(folder, "site=all", "run.summary=summary.json", "run.require_complete=true")
    until((folder / "ess_ray_state/logs/watcher.json").exists)
    time.sleep(2)
    job.send_signal(signal.SIGTERM)
    output, _ = job.communicate(timeout=60)
    assert job.returncode == 0, output
    assert "SIMULATED" in output
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["simulated"] is True
    counts = {site: each["devices"]["gateway"] for site, each in summary["sites"].items()}
    assert [site for site, count in counts.items() if count["stored"] != count["expected"]] == []
    ticks = counts["sionyu"]["stored"]
    assert ticks == counts["panri"]["stored"] == counts["hwanggeum6"]["stored"] > 5
    assert abs(ticks / 5 - counts["seokhwan"]["stored"]) < 1
    assert summary["sites"]["sionyu"]["rows"] == {"bank": ticks, "rack": 8 * ticks, "pcs": ticks, "etc": ticks}
    assert running(folder) == []
    logs = {file.name: log_lines(file) for file in (folder / "ess_ray_state" / "logs").iterdir()}
    actors = "writer", "watcher", "normaliser-0", *(f"poller-{number}" for number in range(4))
    assert logs.keys() == {f"{name}.json" for name in ("ess_ray", *actors)}
    early = next(line for line in logs["ess_ray.json"] if line.get("event.action") == "collect early")
    up = next(line for line in logs["ess_ray.json"] if line.get("event.action") == "collect")
    assert early["message"] == "polling 4 devices while Ray is started"
    assert early["@timestamp"] < up["ess.tick"] < up["@timestamp"]  # the first tick of the run
    assert {line["log.level"] for lines in logs.values() for line in lines} <= {"info", "warning"}
    summary_in_log = {line["message"] for line in logs["ess_ray.json"] if line.get("event.action") == "summary"}
    assert set(output.splitlines()[-4:]) == summary_in_log


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
