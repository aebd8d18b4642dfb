"""Ends what a killed driver leaves behind: `python -m ess_ray.app.guard MARK FOLDER`.

A child of the job that outlives it. Its standard input is a pipe from the driver: when it ends, the driver is gone.
Everything that the driver started inherited the mark in its environment; FOLDER is where its Ray sessions are. Most of
it ends by itself; Ray's agents sometimes wait for a server that died with the driver. PostgreSQL is left alone: it
shuts down by itself, and may take its time to do it in order.
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
# Seconds after the driver's end: what is left is asked to end, then ended, more than once: a process may have been
# starting another one.
STEPS = ((2.0, signal.SIGTERM), *((after_s, signal.SIGKILL) for after_s in (6.0, 7.0, 8.0, 10.0, 15.0)))


@contextmanager
def guarded(ray_folder: Path) -> Iterator[None]:
    """What is started inside, with Ray below that folder, does not outlive this process for long, however it ends."""
    os.environ[VARIABLE] = mark = uuid4().hex
    command = [sys.executable, "-m", "ess_ray.app.guard", mark, str(ray_folder.resolve())]
    guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield
    finally:
        assert guard.stdin is not None
        guard.stdin.close()


class Family:
    """Processes that inherited the mark, and those with a file open in the folder of such a one's Ray session.

    A process that gives itself a title may overwrite its environment, so the mark alone would not find all. Sessions
    elsewhere do not count: files of a stranger's Ray may have been inherited from whoever started the job.
    """

    def __init__(self, mark: str, ray_folder: str, driver: int) -> None:
        self._exempt = {str(os.getpid()), str(driver)}
        self._mark = f"{VARIABLE}={mark}".encode()
        self._session = re.compile(re.escape(ray_folder) + r"/(?:.*/)?session_[0-9][^/]*(?=/)")
        self._sessions: set[str] = set()

    def living(self) -> list[int]:
        """All but this process, the driver, which may take its time to end in order, and PostgreSQL."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                sessions = self._sessions_of(folder)
                marked = self._mark in (folder / "environ").read_bytes().split(b"\0")
                exempt = folder.name in self._exempt or (folder / "comm").read_text().strip() == "postgres"
                if (marked or sessions & self._sessions) and not exempt:
                    self._sessions |= sessions
                    found.append(int(folder.name))
        return found

    def end(self, number: int) -> None:
        """Send all of them a signal."""
        for pid in self.living():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _sessions_of(self, process: Path) -> set[str]:
        """The folders of our Ray sessions in which a process has files open."""
        found = set()
        for handle in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                if session := self._session.match(str(handle.readlink())):
                    found.add(session[0])
        return found


def main(mark: str, ray_folder: str) -> None:
    """Wait for the driver's end, then see to the end of the rest."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    family = Family(mark, ray_folder, os.getppid())
    sys.stdin.buffer.read()
    ended_s = time.monotonic()
    for after_s, number in STEPS:
        while family.living():
            if time.monotonic() > ended_s + after_s:
                family.end(number)
                break
            time.sleep(0.2)


if __name__ == "__main__":
    main(*sys.argv[1:])
