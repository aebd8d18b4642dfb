"""Ray's files on disk, kept in bounds: about 2 MB a run, and a few files for each process that ever ran.

Ray rotates each of its files (`cluster.ray_start` says how large) and removes none. Old sessions are removed when a run
starts, files of processes that have ended now and then while it is at work. Nothing that a living process uses is
removed. Called by the driver's main thread.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from ess_ray.adapters.local.background import Background

SESSIONS_KEPT = 4  # beside the one to come
FILES_KEPT = 200  # of processes that have ended, in the session at work
TIDY_S = 600.0  # between two removals of files
# Ray puts the number of the process into the names of a session and of a worker's files.
SESSION = re.compile(r"session_[0-9].*_([0-9]+)")
OF_WORKER = re.compile(r"(?:worker|python-core-worker)-.*[-_]([0-9]+)\.(?:out|err|log)(?:\.[0-9]+)?")


def remove_old_sessions(ray_folder: Path, keep: int = SESSIONS_KEPT) -> None:
    """Remove all sessions below `t/` in the folder but the newest `keep` and those in use.

    `ray_folder`: see `cluster.ray_start`. To be called before Ray starts. What cannot be removed stays, and no error is
    raised.
    """
    sessions = [path for path in ray_folder.glob("t/session_*") if SESSION.fullmatch(path.name) and path.is_dir()]
    old = sorted(session for session in sessions if not session.is_symlink())[: -keep or None]
    used = {path.split("/")[1] for path in _open_files(ray_folder / "t")} if old else set()
    for session in old:
        if session.name not in used and not _is_alive(session, SESSION):
            shutil.rmtree(session, ignore_errors=True)


def remove_ended_files(logs: Path, keep: int = FILES_KEPT) -> None:
    """Remove the files of workers that have ended from the session's folder of logs, but the newest `keep`."""
    files = [path for path in logs.glob("**/*worker-*") if OF_WORKER.fullmatch(path.name)]
    ended: list[tuple[float, Path]] = []
    for file in files:
        with suppress(OSError):
            if not _is_alive(file, OF_WORKER):
                ended.append((file.stat().st_mtime, file))
    for _, file in sorted(ended)[: -keep or None]:
        file.unlink(missing_ok=True)


class Tidying:
    """`remove_ended_files`, now and then, in a thread: a disk may hang.

    `logs` gives the folder of Ray's logs; None: it is another job's Ray.
    """

    def __init__(self, logs: Callable[[], Path | None]) -> None:
        self._logs = logs
        self._next_s = 0.0
        self._thread = Background("tidy")
        self._tidying: Future[None] | None = None

    def step(self) -> None:
        """Begin to tidy if it is due, at once and then every TIDY_S; to be called every round, once Ray is started."""
        if time.monotonic() > self._next_s and (self._tidying is None or self._tidying.done()):
            self._next_s = time.monotonic() + TIDY_S
            if logs := self._logs():
                self._tidying = self._thread.submit(lambda: remove_ended_files(logs))


def _is_alive(path: Path, pattern: re.Pattern[str]) -> bool:
    """True if the process whose number is in the file's name is alive. This process is not meant: in a container it may
    have the number of an earlier one.
    """
    match = pattern.fullmatch(path.name)
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
