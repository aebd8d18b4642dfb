"""The disk of a folder that may not be there yet: its free room, and the time to have bytes on it for good.

Called by `job=check`; leaves nothing behind. Raises OSError, as the operating system gives it.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

SYNCS = 20


def nearest(folder: Path) -> Path:
    """The folder, or the nearest of its parents that exists."""
    return next(path for path in (folder, *folder.parents) if path.is_dir())


def free_bytes(folder: Path) -> int:
    """The bytes that a user without special rights may still write on the disk of a folder that exists (`nearest`)."""
    return shutil.disk_usage(folder).free


def sync_ms(folder: Path, block_bytes: int) -> tuple[float, float]:
    """(median, worst) time in milliseconds of SYNCS writes of a block, each followed by fsync, in a nameless file.

    The folder must exist (see `nearest`) and be writable. Takes as long as the disk does.
    """
    took_ms = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(SYNCS):
            begun_s = time.perf_counter()
            file.write(bytes(block_bytes))
            os.fsync(file.fileno())
            took_ms.append(1000 * (time.perf_counter() - begun_s))
    return statistics.median(took_ms), max(took_ms)
