"""The guard ends the processes that a killed driver leaves behind: `python -m ess_ray.app.guard MARK FOLDER`.

A child process of the main job that outlives it. Its standard input is a pipe from the driver: when that ends, the
driver has ended. Every process that the driver started inherited MARK in its environment; FOLDER is where the driver's
Ray sessions are. Most of those processes end by themselves; Ray's agents sometimes wait for a server that died with the
driver. PostgreSQL is left alone: it shuts down by itself, and may take its time to do it in order.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

VARIABLE = "ESS_RAY_RUN"
# Seconds after the driver's end, and the signal to the processes that are left then. SIGKILL comes several times: a
# process may have been starting another one.
STEPS = ((2.0, signal.SIGTERM), *((after_s, signal.SIGKILL) for after_s in (6.0, 7.0, 8.0, 10.0, 15.0)))


@contextmanager
def guarded(ray_folder: Path) -> Iterator[None]:
    """Have processes that are started in this block end soon after the block or this process, however that ends.

    Those that are left get SIGTERM after 2 s and SIGKILL from 6 s on, but for PostgreSQL. Sets a variable of the
    environment that stays. `ray_folder`: where Ray is started (`cluster.ray_start`). Used once by the driver.
    """
    os.environ[VARIABLE] = mark = uuid4().hex
    command = [sys.executable, "-m", "ess_ray.app.guard", mark, str(ray_folder.resolve())]
    guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield
    finally:
        assert guard.stdin is not None
        guard.stdin.close()


class DriverProcesses:
    """The processes of a driver: those with the mark in their environment, and those that share its Ray session.

    A process that gives itself a title may overwrite its environment, so the mark alone would not find all: a process
    that has files open in a session of a marked one is counted too. Sessions outside `ray_folder` are not: whoever
    started the job may have passed on open files of another Ray.

    `mark`: the value of VARIABLE; `ray_folder`: an absolute path without links; `driver`: the driver's process id.
    """

    def __init__(self, mark: str, ray_folder: str, driver: int) -> None:
        self._exempt = {str(os.getpid()), str(driver)}
        self._mark = f"{VARIABLE}={mark}".encode()
        self._session = re.compile(re.escape(ray_folder) + r"/(?:.*/)?session_[0-9][^/]*(?=/)")
        self._sessions: set[str] = set()

    def living(self) -> list[int]:
        """Process ids of those alive, without this process, and PostgreSQL and the driver, which may take time."""
        pids = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                sessions = self._sessions_of(folder)
                marked = self._mark in (folder / "environ").read_bytes().split(b"\0")
                exempt = folder.name in self._exempt or (folder / "comm").read_text().strip() == "postgres"
                if (marked or sessions & self._sessions) and not exempt:
                    self._sessions |= sessions
                    pids.append(int(folder.name))
        return pids

    def end(self, number: int) -> None:
        """Send the signal of this number to all that `living` gives; does not wait for their end."""
        for pid in self.living():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _sessions_of(self, process: Path) -> set[str]:
        """The folders of this driver's Ray sessions in which a process has files open."""
        sessions = set()
        for handle in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                if session := self._session.match(str(handle.readlink())):
                    sessions.add(session[0])
        return sessions


def main(mark: str, ray_folder: str) -> None:
    """Wait for the end of standard input, then end what is left of the driver's processes, in 15 s at most (STEPS).

    The driver is the parent process. SIGINT and SIGTERM are ignored from now on.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    processes = DriverProcesses(mark, ray_folder, os.getppid())
    sys.stdin.buffer.read()
    ended_s = time.monotonic()
    for after_s, number in STEPS:
        while processes.living():
            if time.monotonic() > ended_s + after_s:
                processes.end(number)
                break
            time.sleep(0.2)


if __name__ == "__main__":
    main(*sys.argv[1:])
