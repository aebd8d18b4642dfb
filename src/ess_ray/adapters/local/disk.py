"""The disk below a folder that may not be there yet: its free room, and what it takes to have bytes on it for good.

Called by `job=check`; leaves nothing behind. Errors: OSError, as the disk tells it.
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
    """The folder, or the nearest one above it that is there."""
    return next(one for one in (folder, *folder.parents) if one.is_dir())


def free_bytes(folder: Path) -> int:
    """Room for the likes of us."""
    return shutil.disk_usage(folder).free


def sync_ms(folder: Path, block_bytes: int) -> tuple[float, float]:
    """Median and worst of some writes of a block with fsync behind each, in a file that has no name."""
    took_ms = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(SYNCS):
            begun_s = time.perf_counter()
            file.write(bytes(block_bytes))
            os.fsync(file.fileno())
            took_ms.append(1000 * (time.perf_counter() - begun_s))
    return statistics.median(took_ms), max(took_ms)
