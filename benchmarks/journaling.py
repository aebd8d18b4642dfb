"""The journal beside a loop that appends the same images to a file and syncs it, a group at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.material import samples
from benchmarks.measure import Part, Rounds, Spread, in_turn, ratio, spread
from ess_ray.adapters.journal.bounds import Limits
from ess_ray.adapters.journal.journal import GATHER_S, Journal
from ess_ray.adapters.journal.owner import JournalOwner
from ess_ray.core.samples import Sample

MAP = "sionyu"
SIZES = (1, 150, 1000)  # samples a group: a device, a moment of a thousand devices, a backlog's
GROUPS = 20  # a round
LIMITS = Limits(1 << 30, 1 << 62, "full")
LOOK_S = 0.001


def run(rounds: int) -> Part:
    """Groups of each size."""
    lines: dict[str, dict[str, Spread]] = {}
    polled = samples(MAP, max(SIZES))
    for size in SIZES:
        with TemporaryDirectory() as folder:
            lines |= _compare(Path(folder), polled[:size], rounds)
    return Part(
        "Journal: samples on disk before they are offered",
        f"Map {MAP}. Journal: put, wait until all are offered, acknowledge; it gathers for {1000 * GATHER_S:g} ms. "
        "fsync: a loop that appends the images to a file and syncs it. CPU time of the process, kernel included.",
        "a few times the loop's CPU a group, and a few microseconds a sample",
        lines,
    )


def _compare(folder: Path, polled: Sequence[Sample], rounds: int) -> dict[str, dict[str, Spread]]:
    journal = Journal(folder / "a.journal", JournalOwner("simulated", "bench"), LIMITS)
    cpu_us: Rounds = {}
    images = b"".join(sample.image for sample in polled)

    def timed(name: str, work: Callable[[], None]) -> Callable[[], float]:
        def round_ms() -> float:
            start_s, cpu_s = time.perf_counter(), time.process_time()
            for _ in range(GROUPS):
                work()
            cpu_us.setdefault(name, []).append(1e6 * (time.process_time() - cpu_s) / GROUPS / len(polled))
            return 1e3 * (time.perf_counter() - start_s) / GROUPS

        return round_ms

    with (folder / "floor").open("wb", buffering=0) as file:

        def append() -> None:
            file.write(images)
            os.fsync(file.fileno())

        wall_ms = in_turn(
            {"journal": timed("journal", lambda: _through(journal, polled)), "fsync": timed("fsync", append)}, rounds
        )
    journal.close()
    return {
        f"{len(polled)} samples a group, {name}": {
            "ms a group": spread(wall_ms[name]),
            "CPU us a sample": spread(cpu_us[name][1:]),
            "times fsync's CPU": ratio(cpu_us[name][1:], cpu_us["fsync"][1:]),
        }
        for name in wall_ms
    }


def _through(journal: Journal, polled: Sequence[Sample]) -> None:
    """Returns when all are on disk and offered; they are forgotten with a later group."""
    for sample in polled:
        journal.put(sample)
    left = len(polled)
    while left:
        time.sleep(LOOK_S)
        taken = journal.take(left, 0)
        journal.acknowledge(taken.numbers)
        left -= taken.samples
