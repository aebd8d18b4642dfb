"""What a running job costs, by kind of process: CPU time and memory, from /proc (Linux).

A `Watch` looks at a process and all below it twice a second, from a thread: CPU times only grow, so a process that ends
leaves what it had at the last look. Memory is PSS: pages that several processes share are divided between them.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Self

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
EVERY_S = 0.5
DRIVER, OTHER = "driver", "Ray, other"
# What the driver started, by the beginning of the program's name; the rest is Ray's own.
KINDS = {
    "ray::Poller": "poller",
    "ray::Normaliser": "normaliser",
    "ray::Writer": "writer",
    "ray::Watcher": "watcher",
    "postgres": "PostgreSQL",
}


@dataclass(frozen=True)
class Process:
    """One line of /proc/*/stat. A number is used again: with its start it is one process for good."""

    pid: int
    parent: int
    started: int
    cpu_s: float

    @classmethod
    def read(cls, pid: int) -> Process:
        """Raises OSError for a process that is gone."""
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return cls(pid, int(fields[1]), int(fields[19]), (int(fields[11]) + int(fields[12])) / TICKS_PER_S)


def process_cpu_s(pid: int) -> float:
    """User and system time of a process, its ended threads included, its children not."""
    return Process.read(pid).cpu_s


class Watch:
    """CPU seconds by kind over time, of a process and all that it started, and of others given with their kind."""

    def __init__(self, root: int, others: Mapping[int, str]) -> None:
        self._roots = {root: DRIVER} | dict(others)
        self._seen: dict[tuple[int, int], tuple[str, float]] = {}
        self._looks: list[tuple[float, Mapping[str, float]]] = []  # wall time, CPU seconds by kind
        self._over = Event()
        self._thread = Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def cpu_s(self, from_s: float, until_s: float) -> tuple[Mapping[str, float], float]:
        """CPU seconds by kind between the looks that lie within [from_s, until_s] (wall), and the time between them."""
        within = [look for look in self._looks if from_s <= look[0] <= until_s]
        (first_s, first), (last_s, last) = within[0], within[-1]
        return {kind: last[kind] - first.get(kind, 0.0) for kind in last}, last_s - first_s

    def memory_mb(self) -> Mapping[str, float]:
        """PSS by kind, now. Reading it costs time in proportion to the memory: not for every look."""
        memory: defaultdict[str, float] = defaultdict(float)
        for kind, process in self._processes():
            with suppress(OSError):
                lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
                memory[kind] += next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
        return memory

    def _run(self) -> None:
        while not self._over.is_set():
            self._look()
            self._over.wait(EVERY_S)
        self._look()

    def _look(self) -> None:
        for kind, process in self._processes():
            self._seen[process.pid, process.started] = kind, process.cpu_s
        total: defaultdict[str, float] = defaultdict(float)
        for kind, cpu_s in self._seen.values():
            total[kind] += cpu_s
        self._looks.append((time.time(), dict(total)))

    def _processes(self) -> Iterator[tuple[str, Process]]:
        """All of ours that live, with their kinds."""
        processes: dict[int, Process] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                processes[int(folder.name)] = Process.read(int(folder.name))
        for process in processes.values():
            above = process
            while above.pid not in self._roots and above.parent in processes:
                above = processes[above.parent]
            root = self._roots.get(above.pid)
            if root == DRIVER and above is not process:
                yield _named(process.pid), process
            elif root:
                yield root, process


def _named(pid: int) -> str:
    """The kind of a process that the driver started, or Ray for it: workers are renamed when they become actors."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
    except OSError:
        command = ""
    name = command if command.startswith("ray::") else command.rpartition("/")[2]
    return next((kind for start, kind in KINDS.items() if name.startswith(start)), OTHER)
