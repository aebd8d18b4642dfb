"""The main job with Ray as its user runs it, from the command line to the rows."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

import pytest

from tests import torture
from tests.jobs.job import at, run, running, start
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
