"""Left-overs of an earlier server: its pid file, a server that outlived its owner, children that outlived their server.

A postmaster that is killed (kill -9, or by Linux when memory is short) cannot end its children. They notice, and end by
themselves, at once while they wait and later while they work; until then they hold the shared memory, and PostgreSQL
rightly refuses to start over the same data. Used by `server` only.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

STOP_TIMEOUT_S = 60.0  # a fast shutdown writes a checkpoint; after that, immediate: recovery at the next start
CHILDREN_S = 10.0  # children without a postmaster end within moments, unless they hang
LOOK_S = 0.02
# Lines of postmaster.pid: PostgreSQL, src/include/utils/pidfile.h. The sixth is key and id of the shared memory.
PID_LINE, SHARED_MEMORY_LINE, STATE_LINE = 0, 6, 7
SHARED_MEMORY = Path("/proc/sysvipc/shm")  # proc(5): key, shmid, perms, size, cpid, lpid, nattch
SHMID_COLUMN, ATTACHED_COLUMN = 1, 6


def pid_file_lines(data: Path) -> list[str]:
    """The lines of `postmaster.pid` in the data folder; none if there is no such file."""
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def postmaster(data: Path) -> int:
    """The process that `postmaster.pid` in the data folder names, which may be another program by now; 0: none."""
    return int((pid_file_lines(data) or ["0"])[PID_LINE])


def serves(pid: int, data: Path) -> bool:
    """True if process `pid` is a server that was started over `data`: anyone may read its command line, proc(5)."""
    try:
        return os.fsencode(data) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False


def end_server(pid: int, ended: Callable[[], bool]) -> None:
    """End server `pid`: fast shutdown, then immediate, then a kill (PostgreSQL manual, "Shutting Down the Server")."""
    for end_signal in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        try:
            os.kill(pid, end_signal)
        except ProcessLookupError:
            return
        deadline_s = time.monotonic() + STOP_TIMEOUT_S
        while time.monotonic() < deadline_s:
            if ended():
                return
            time.sleep(LOOK_S)


def end_children(data: Path, stopping: Callable[[], bool]) -> None:
    """Wait until no child of a postmaster that was killed holds its shared memory; those that hang are killed.

    After CHILDREN_S, as far as this user may see whose they are. Returns early when `stopping()`; what is left then
    keeps the next server from starting.
    """
    deadline_s = time.monotonic() + CHILDREN_S
    while _attached(data) and not stopping():
        if time.monotonic() > deadline_s:
            for pid in _in_folder(data):
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            if time.monotonic() > deadline_s + CHILDREN_S:
                return
        time.sleep(LOOK_S)


def _attached(data: Path) -> int:
    """The number of processes attached to the shared memory that `postmaster.pid` names: what PostgreSQL looks at."""
    lines = pid_file_lines(data)
    if len(lines) <= SHARED_MEMORY_LINE or not SHARED_MEMORY.exists():
        return 0
    shmid = lines[SHARED_MEMORY_LINE].split()[-1:]
    rows = [line.split() for line in SHARED_MEMORY.read_text().splitlines()[1:]]
    return sum(int(row[ATTACHED_COLUMN]) for row in rows if [row[SHMID_COLUMN]] == shmid)


def _in_folder(data: Path) -> Iterator[int]:
    """The processes whose working folder is `data`: PostgreSQL's, each of which works there."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # another user's, or it has ended
            if (process / "cwd").readlink() == data:
                yield int(process.name)
