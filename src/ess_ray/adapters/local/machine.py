"""What this machine gives a process: its cores and its memory, or a container's part of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from zoneinfo import ZoneInfo

# Of the container that this process is in, if it is in one and that has a limit (the kernel's cgroup-v2, memory.max;
# cgroup-v1/memory, memory.limit_in_bytes).
LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def time_zone(link: Path = Path("/etc/localtime")) -> str:
    """The name of this machine's time zone, that of the variable TZ first; UTC if it has none with a name."""
    name = os.environ.get("TZ", "").removeprefix(":") or str(link.resolve()).rpartition("zoneinfo/")[2]
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return "UTC"
    return name


def cores() -> int:
    """The cores that this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_bytes(limits: Sequence[Path] = LIMITS) -> int:
    """The machine's memory, or the least of the `limits`, files with a number or a word, if that is less."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in limits:
        with suppress(OSError, ValueError):  # no such file, or "max"
            memory = min(memory, int(limit.read_text()))
    return memory
