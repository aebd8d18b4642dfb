"""What Ray leaves on disk, kept in bounds: about 2 MB a run, and a few files for each process that ever ran.

Ray rotates each of its files (`cluster.start` says how large) and removes none. Old sessions go when a run starts,
files of processes that have ended go now and then while it is at work. What a living process uses stays.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

KEEP = 4  # sessions, beside the one to come
TIDY_S = 600.0
KEEP_FILES = 200  # of processes that have ended, in the session at work
# Ray names a session and the files of a worker after the number of their process.
SESSION = re.compile(r"session_[0-9].*_([0-9]+)")
OF_WORKER = re.compile(r"(?:worker|python-core-worker)-.*[-_]([0-9]+)\.(?:out|err|log)(?:\.[0-9]+)?")


def keep_few(ray_folder: Path, keep: int = KEEP) -> None:
    """Remove the sessions in the folder but the newest and those in use. To be called before Ray starts."""
    sessions = [path for path in ray_folder.glob("t/session_*") if SESSION.fullmatch(path.name) and path.is_dir()]
    old = sorted(session for session in sessions if not session.is_symlink())[: -keep or None]
    used = {path.split("/")[1] for path in _open_files(ray_folder / "t")} if old else set()
    for session in old:
        if session.name not in used and not _lives(session, SESSION):
            shutil.rmtree(session, ignore_errors=True)


def forget_ended(logs: Path, keep: int = KEEP_FILES) -> None:
    """Remove the files of workers that have ended from the logs of the session at work, but the newest."""
    files = [path for path in logs.glob("**/*worker-*") if OF_WORKER.fullmatch(path.name)]
    ended: list[tuple[float, Path]] = []
    for file in files:
        with suppress(OSError):
            if not _lives(file, OF_WORKER):
                ended.append((file.stat().st_mtime, file))
    for _, file in sorted(ended)[: -keep or None]:
        file.unlink(missing_ok=True)


class Tidying:
    """`forget_ended`, now and then. `logs` says where Ray logs; None: it is not ours."""

    def __init__(self, logs: Callable[[], Path | None]) -> None:
        self._logs = logs
        self._next_s = 0.0

    def step(self) -> None:
        """To be called every round."""
        if time.monotonic() > self._next_s:
            self._next_s = time.monotonic() + TIDY_S
            if logs := self._logs():
                forget_ended(logs)


def _lives(named: Path, pattern: re.Pattern[str]) -> bool:
    """Whether a process of that number is at work; not this one, which may have an earlier one's, as in a container."""
    match = pattern.fullmatch(named.name)
    assert match
    try:
        os.kill(int(match[1]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return int(match[1]) != os.getpid()


def _open_files(folder: Path) -> Iterator[str]:
    """Files below the folder that some process has open, as paths from there that begin with a slash."""
    below = str(folder.resolve())
    for handle in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            target = str(handle.readlink())
            if target.startswith(below + "/"):
                yield target[len(below) :]
