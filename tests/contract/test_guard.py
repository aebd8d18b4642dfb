"""The guard ends the processes that a killed driver leaves behind, and no others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# Starts a child that has a file of the driver's Ray session open, prints a line, and waits to be killed.
DRIVER = """
import subprocess, sys, time
from pathlib import Path
from ess_ray.app.guard import guarded
with guarded(Path(sys.argv[1])):
    with open(sys.argv[1] + "/t/session_2026/log", "w") as log:
        subprocess.Popen(["sleep", "60"], stdout=log, close_fds=False)
    print("up", flush=True)
    time.sleep(60)
"""


def session(folder: Path) -> Path:
    (folder / "session_2026").mkdir(parents=True)
    return folder / "session_2026/log"


def test_a_killed_drivers_processes_end_and_those_of_another_ray_go_on(tmp_path: Path) -> None:
    own, strange = session(tmp_path / "ray/t"), session(tmp_path / "another")
    with own.open("w") as own_log, strange.open("w") as strange_log:
        # A process without the mark, such as a worker of Ray that has given itself a title.
        titled = subprocess.Popen(["sleep", "60"], stdout=own_log, stderr=subprocess.DEVNULL)
        stranger = subprocess.Popen(["sleep", "60"], stdout=strange_log, stderr=subprocess.DEVNULL)
        driver = subprocess.Popen(
            [sys.executable, "-c", DRIVER, str(tmp_path / "ray")], stdout=subprocess.PIPE,
            pass_fds=[strange_log.fileno()],  # as a job inherits them that is started from a program which uses Ray
        )  # fmt: skip
    with driver, titled, stranger:
        assert driver.stdout is not None
        assert driver.stdout.readline() == b"up\n"
        driver.kill()
        driver.wait()
        assert titled.wait(timeout=30) != 0
        assert driver.stdout.read() == b""
        assert stranger.poll() is None
        stranger.kill()


SLOW = """
import subprocess, sys
from pathlib import Path
from ess_ray.app.guard import guarded
log = open(sys.argv[1] + "/t/session_2026/log", "w")
with guarded(Path(sys.argv[1])):
    left = subprocess.Popen(["sleep", "60"], stdout=log)
left.wait()
print("ended in order")
"""


def test_a_driver_that_takes_its_time_to_end_as_on_a_busy_machine_is_not_ended_by_its_guard(tmp_path: Path) -> None:
    session(tmp_path / "ray/t")
    command = [sys.executable, "-c", SLOW, str(tmp_path / "ray")]
    driver = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (driver.returncode, driver.stdout) == (0, "ended in order\n")
