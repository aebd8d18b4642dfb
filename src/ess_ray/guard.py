"""Ends what a killed driver leaves behind: `python -m ess_ray.guard MARK`, a child of the job that outlives it.

Its standard input is a pipe from the driver: when it ends, the driver is gone. Everything that the driver started
inherited the mark in its environment. Most of it ends by itself; Ray's agents sometimes wait for a server that died
with the driver. PostgreSQL is left alone: it shuts down by itself, and may take its time to do it in order.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

VARIABLE = "ESS_RAY_RUN"
# Seconds after the driver's end: what is left is asked to end, then ended.
STEPS = ((2.0, signal.SIGTERM), (6.0, signal.SIGKILL))


@contextmanager
def guarded() -> Iterator[None]:
    """What is started inside does not outlive this process for long, however this process ends."""
    os.environ[VARIABLE] = mark = uuid4().hex
    guard = subprocess.Popen(
        [sys.executable, "-m", "ess_ray.guard", mark], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        yield
    finally:
        assert guard.stdin is not None
        guard.stdin.close()


def marked(mark: str) -> list[int]:
    """Processes, but for this one and PostgreSQL, that inherited the mark."""
    wanted = f"{VARIABLE}={mark}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            is_marked = wanted in (folder / "environ").read_bytes().split(b"\0")
            exempt = folder.name == str(os.getpid()) or (folder / "comm").read_text().strip() == "postgres"
            if is_marked and not exempt:
                found.append(int(folder.name))
    return found


def main(mark: str) -> None:
    """Wait for the driver's end, then see to the end of the rest."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    ended_s = time.monotonic()
    for after_s, number in STEPS:
        while marked(mark) and time.monotonic() < ended_s + after_s:
            time.sleep(0.2)
        for pid in marked(mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


if __name__ == "__main__":
    main(sys.argv[1])
