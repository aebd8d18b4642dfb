"""The lock of a journal: an flock on `NAME.journal.lock`, held as long as a process has the journal.

The kernel gives it up with the process, also after kill -9. Who holds the lock may use, rename and delete the journal's
files, and nobody else may. flock(2); the lock file is deleted with an empty journal, while it is held.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from ess_ray.core.errors import JournalBusy, JournalFailed

LOCK_WAIT_S = 10.0  # a predecessor that was killed may still be dying


def acquire_lock(path: Path, wait_s: float) -> int:
    """The open descriptor of the lock of the journal at `path`; `os.close` of it gives the lock up. Makes the folder.

    Waits `wait_s` seconds at most, 0: tries once. Raises JournalBusy if another process, or this one, still has it
    then, JournalFailed if the disk refuses.
    """
    deadline_s = time.monotonic() + wait_s
    while (lock := _try_lock(path)) is None:
        if time.monotonic() >= deadline_s:
            raise JournalBusy(f"journal {path} is in use by another collector: give this one its own state_dir")
        time.sleep(0.1)
    return lock


def _try_lock(path: Path) -> int | None:
    """The lock; None: another process has it, or had it and has deleted it with the journal meanwhile."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(lock_path(path), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise JournalFailed(f"journal {path}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(lock).st_ino == lock_path(path).stat().st_ino:
            return lock
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError as error:
        os.close(lock)
        raise JournalFailed(f"journal {path}: {error.strerror}") from error
    os.close(lock)
    return None


def is_locked(path: Path) -> bool:
    """True if a process has the journal at `path` now. Makes nothing."""
    try:
        with lock_path(path).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def lock_path(path: Path) -> Path:
    """The path of the lock file of the journal at `path`: `.lock` behind it. Nothing is made."""
    return Path(f"{path}.lock")
