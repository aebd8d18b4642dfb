"""What the machine's cores are worth: one busy process, and as many at once as there are cores.

Virtual cores may be two threads of one real core, and neighbours may be busy: then work that is spread over all of them
costs more CPU time than the same work alone, and no collector can change that.
"""

from __future__ import annotations

import os
import time
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier

from benchmarks.measure import Part, Spread, in_turn, ratio, spread

BUSY_S = 0.5


def run(rounds: int) -> Part:
    """The work of one process, and of as many as there are cores."""
    cores = os.cpu_count() or 1
    single, all_together = speed(rounds)
    return Part(
        "Cores: busy processes at once",
        f"Each process counts in plain Python for {BUSY_S:g} s; a turn is 5000 numbers.",
        f"{cores} times the work of one, if they are {cores} real cores without other load",
        {
            "1 process": {"turns/s": single, "times the work of one": None},
            f"{cores} processes": {"turns/s": None, "times the work of one": all_together},
        },
    )


def speed(rounds: int) -> tuple[Spread, Spread]:
    """Turns a second of one busy process, and the ratio to it of as many processes as there are cores."""
    cores = os.cpu_count() or 1
    taken = in_turn({"one": lambda: _work(1), "all": lambda: _work(cores)}, rounds)
    return spread(taken["one"]), ratio(taken["all"], taken["one"])


def _work(processes: int) -> float:
    """Turns a second of so many processes that begin together."""
    context = get_context("fork")
    done: SimpleQueue[float] = context.SimpleQueue()
    barrier = context.Barrier(processes)
    busy = [context.Process(target=_count, args=(barrier, done)) for _ in range(processes)]
    for process in busy:
        process.start()
    turns = sum(done.get() for _ in busy)
    for process in busy:
        process.join()
    return turns


def _count(barrier: Barrier, done: SimpleQueue[float]) -> None:
    barrier.wait()
    turns, begun_s = 0, time.perf_counter()
    while (passed_s := time.perf_counter() - begun_s) < BUSY_S:
        sum(number * number % 7 for number in range(5000))
        turns += 1
    done.put(turns / passed_s)
