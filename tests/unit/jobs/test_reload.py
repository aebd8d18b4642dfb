"""`job=reload` and `job=status` meet the file of a collector that is gone, while another program has its number."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ess_ray.app.running import COLLECTOR_FILE, announced, find_collector
from ess_ray.main import main
from tests.make import SMALL

ANNOUNCING = """
import os, sys
from pathlib import Path
from ess_ray.app.running import announced
with announced(Path(sys.argv[1]), 1):
    print("up", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def left_behind(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The file of a collector that was killed, as it is still in its folder."""
    folder = tmp_path_factory.mktemp("killed")
    command = [sys.executable, "-c", ANNOUNCING, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as collector:
        assert collector.stdout is not None
        assert collector.stdout.readline() == b"up\n"
        running = find_collector(folder)
        assert running
        assert running.pid == collector.pid
        collector.kill()
        collector.wait()
    assert find_collector(folder) is None
    file: dict[str, object] = json.loads((folder / COLLECTOR_FILE).read_text())
    return file


def test_a_program_that_now_has_the_number_of_a_killed_collector_is_not_signalled(
    left_behind: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:  # SIGHUP would end it
        (tmp_path / COLLECTOR_FILE).write_text(json.dumps(left_behind | {"pid": stranger.pid}))
        for job in ("job=reload", "job=status"):
            assert main(["--config-dir", str(SMALL), job, "site=sionyu", f"state_dir={tmp_path}"]) == 1
            assert capsys.readouterr().err == f"ess_ray: no collector is at work in {tmp_path} (state_dir)\n"
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("pid", [0, -1, "1", None])
def test_a_file_that_names_no_single_process_is_not_believed(
    left_behind: dict[str, object], tmp_path: Path, pid: object
) -> None:
    (tmp_path / COLLECTOR_FILE).write_text(json.dumps(left_behind | {"pid": pid}))
    assert find_collector(tmp_path) is None


def test_a_collector_that_has_ended_and_that_nobody_has_waited_for_is_not_at_work(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ANNOUNCING.replace("sys.stdin.read()", "os._exit(0)"), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as zombie:
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        assert (tmp_path / COLLECTOR_FILE).exists()
        assert find_collector(tmp_path) is None


def test_a_collector_finds_itself(tmp_path: Path) -> None:
    with announced(tmp_path, 1):
        running = find_collector(tmp_path)
        assert running
        assert running.pid == os.getpid()
    assert find_collector(tmp_path) is None
