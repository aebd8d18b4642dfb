"""Ticks on the absolute grid, and the two clocks that every state machine is given.

A device with a period of 1 s ticks at every whole second since 1970 UTC, shifted by nothing: `phase_us` only delays the
reading, the tick (and the row's `time`) stays on the grid. All times are whole microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import lcm
from typing import NamedTuple


class Now(NamedTuple):
    """One moment on both clocks: `mono_us` measures time limits, `wall_us` (since 1970 UTC) names ticks."""

    mono_us: int
    wall_us: int


def first_tick_us(wall_us: int, period_us: int) -> int:
    """The first tick at or after `wall_us`."""
    return -(-wall_us // period_us) * period_us


def shared_tick_us(wall_us: int, periods_us: Iterable[int]) -> int:
    """The first tick at or after `wall_us` that devices of all these periods share."""
    return first_tick_us(wall_us, lcm(*periods_us))


def ticks_between(start_us: int, end_us: int, period_us: int) -> int:
    """How many ticks lie in [start_us, end_us)."""
    return max(0, -(-end_us // period_us) - -(-start_us // period_us))


class Cadence:
    """The ticks of one device in [first_us, end_us); `end_us` None: without end."""

    def __init__(self, period_us: int, phase_us: int) -> None:
        self.period_us = period_us
        self.phase_us = phase_us
        self._next_us: int | None = None
        self._end_us: int | None = None

    def start(self, first_us: int, end_us: int | None) -> None:
        """Tick from the first grid point at or after `first_us`."""
        self._next_us = first_tick_us(first_us, self.period_us)
        self.stop(end_us)

    def stop(self, end_us: int | None) -> None:
        """No tick at or after `end_us` any more."""
        self._end_us = end_us

    def due(self, wall_us: int) -> range:
        """The ticks that have come since the last call, oldest first: usually none or one."""
        start = self._next_us
        if start is None or start + self.phase_us > wall_us:
            return range(0)
        last = wall_us - self.phase_us
        end = last + 1 if self._end_us is None else min(last + 1, self._end_us)
        ticks = range(start, max(start, end), self.period_us)
        self._next_us = start + len(ticks) * self.period_us
        return ticks

    def next_due_us(self) -> int | None:
        """When the next tick is read, on the wall clock; None when there is none."""
        if self._next_us is None or (self._end_us is not None and self._next_us >= self._end_us):
            return None
        return self._next_us + self.phase_us
