"""Files for their owner only: small ones of the state folder that are replaced while others read them, and keys.

Raises OSError.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ess_ray.core.errors import ConfigError

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_private(key: str, file: Path) -> None:
    """Raise ConfigError, which names the setting `key`, if others than its owner may read or write this file."""
    if file.stat().st_mode & OTHERS:
        raise ConfigError(key, f"{file} is not for its owner only: chmod 600 {file}")


def write_private(file: Path, text: str, *, sync: bool = False) -> None:
    """Replace the file by one with this text and a line feed, at once and completely, readable by its owner only.

    UTF-8, made as `NAME.new` beside it and renamed. The folder has to be there; the file need not be. `sync`: wait
    until it is on disk, so that a power cut leaves the old file or the new one.
    """
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as handle:
        handle.write(text + "\n")
        if sync:
            handle.flush()
            os.fsync(handle.fileno())
    fresh.replace(file)
    if sync:
        sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Make names in the folder durable, new and renamed ones: fsync(2). Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
