"""Repeats, medians and spreads, and the tables that show them.

Machines are noisy: the ways to do one thing take turns, and what is compared is compared round by round.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import parent_process
from statistics import median, quantiles
from threading import Thread
from time import process_time, sleep

PATIENCE_S = 60.0  # for a part to end its child processes
Rounds = dict[str, list[float]]  # by way, one number a round


@dataclass(frozen=True)
class Spread:
    """Median and quartiles over the rounds."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{_short(self.median)} ({_short(self.low)}-{_short(self.high)})"


Cell = Spread | float | None


@dataclass(frozen=True)
class Part:
    """One table of the output: a line for each way and a column for each figure, or the other way round."""

    title: str
    method: str
    aim: str
    lines: Mapping[str, Mapping[str, Cell]]

    def __str__(self) -> str:
        columns = list(next(iter(self.lines.values())))
        rows = [["", *columns]]
        rows += [[name, *(_cell(line[column]) for column in columns)] for name, line in self.lines.items()]
        widths = [max(len(row[index]) for row in rows) for index in range(len(columns) + 1)]
        table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([self.title, self.method, f"Aim: {self.aim}", *table])


def in_turn(ways: Mapping[str, Callable[[], float]], rounds: int) -> Rounds:
    """The result of each way, round by round. The ways take turns; a first round warms up and is not counted."""
    for way in ways.values():
        way()
    taken = [{name: way() for name, way in ways.items()} for _ in range(rounds)]
    return {name: [results[name] for results in taken] for name in ways}


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of this process for `work`."""
    start = process_time()
    work()
    return process_time() - start


def spread(numbers: Sequence[float]) -> Spread:
    """Median and quartiles of at least two numbers."""
    low, _, high = quantiles(numbers, n=4)
    return Spread(median(numbers), low, high)


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> Spread:
    """numerators / denominators, round by round."""
    return spread([above / below for above, below in zip(numerators, denominators, strict=True)])


def _cell(cell: Cell) -> str:
    if cell is None:
        return "-"
    return str(cell) if isinstance(cell, Spread) else _short(cell)


def _short(number: float) -> str:
    for size, sign in ((1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{number / size:.3g}{sign}"
    return f"{number:.3g}"


def end_with_parent() -> None:
    """Ends this process with its parent. To be called first in the process of a part.

    A part that outlived a killed benchmark would disturb the figures of the next one.
    """
    Thread(target=_interrupt_after_parent, daemon=True).start()


def _interrupt_after_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    while True:  # the first signal ends the part and its child processes, the next this process
        os.kill(os.getpid(), signal.SIGINT)
        sleep(PATIENCE_S)
