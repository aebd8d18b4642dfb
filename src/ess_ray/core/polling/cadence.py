"""Ticks on the absolute grid, and the two clocks that every state machine is given.

A device with a period of 1 s ticks at every whole second since 1970 UTC, shifted by nothing: `phase_us` only delays the
reading, the tick (and the row's `time`) stays on the grid. All times are whole microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

MAX_RANGES = 32  # of ticks that were taken; each change of the device, and each jump of the wall clock, makes one
NEVER_US = 1 << 63
CLOCK_STEP_US = 500_000  # a wall clock that differs by less was corrected, not set: ticks go on as they are
WAKE_LATE_US = 50_000  # a tick due so shortly before a jump was noticed is still read


class Now(NamedTuple):
    """One moment on both clocks: `mono_us` measures time limits, `wall_us` (since 1970 UTC) names ticks."""

    mono_us: int
    wall_us: int


def first_tick_us(wall_us: int, period_us: int) -> int:
    """The first tick at or after `wall_us` (since 1970 UTC): a multiple of `period_us`."""
    return -(-wall_us // period_us) * period_us


def ticks_between(start_us: int, end_us: int, period_us: int) -> int:
    """The number of multiples of `period_us` in [start_us, end_us), since 1970 UTC; 0 if the end comes first."""
    return max(0, -(-end_us // period_us) - -(-start_us // period_us))


def free_us(tick_us: int, taken: Sequence[range]) -> int:
    """`tick_us` (since 1970 UTC), or the first moment behind it that is in none of the ranges of ticks `taken`."""
    for ticks in sorted(taken, key=lambda ticks: ticks.start):
        if ticks.start <= tick_us < ticks.stop:
            tick_us = ticks.stop
    return tick_us


def joined(ranges: Sequence[range]) -> list[range]:
    """The ranges of ticks in order, those that meet or overlap as one; the last MAX_RANGES of them."""
    joined_ranges: list[range] = []
    for ticks in sorted(filter(None, ranges), key=lambda ticks: ticks.start):
        if joined_ranges and ticks.start <= joined_ranges[-1].stop:
            ticks = range(joined_ranges[-1].start, max(joined_ranges.pop().stop, ticks.stop))  # noqa: PLW2901
        joined_ranges.append(ticks)
    return joined_ranges[-MAX_RANGES:]


class WallClock:
    """Notices when the wall clock was set, by its distance to the monotonic clock."""

    __slots__ = ("_offset_us",)

    def __init__(self) -> None:
        self._offset_us: int | None = None  # when it was set last, or at the first call; small corrections add up

    def step_us(self, now: Now) -> int:
        """By how much the wall clock was set since the last call that gave a step: ahead if positive.

        0 if by less than CLOCK_STEP_US, and at the first call.
        """
        offset_us = now.wall_us - now.mono_us
        if self._offset_us is None:
            self._offset_us = offset_us
        step_us = offset_us - self._offset_us
        if -CLOCK_STEP_US < step_us < CLOCK_STEP_US:
            return 0
        self._offset_us = offset_us
        return step_us


class Cadence:
    """The ticks of one device in [first_us, end_us), on the wall clock; `end_us` None: without end.

    Before `start` there are none.
    """

    __slots__ = ("_clear_until_us", "_end_us", "_next_us", "_since_us", "_taken", "period_us", "phase_us")

    def __init__(self, period_us: int, phase_us: int) -> None:
        self.period_us = period_us
        self.phase_us = phase_us
        self._next_us: int | None = None
        self._end_us: int | None = None
        self._since_us = 0  # first tick since the start or the last jump of the clock
        self._taken: list[range] = []  # ticks taken by this cadence before `_since_us`, and by others
        self._clear_until_us = NEVER_US  # the first of them that is ahead

    def start(self, first_us: int, end_us: int | None, taken: Sequence[range] = ()) -> None:
        """Tick from the first grid point at or after `first_us` that is not in `taken`, by others: see `free_us`."""
        self._taken = joined(taken)
        self._go_on(first_tick_us(first_us, self.period_us))
        self._since_us = self._next_us or 0
        self._end_us = end_us

    def add_taken(self, taken: Sequence[range]) -> None:
        """Ticks that others have taken since `start`: they count when the wall clock is set back."""
        self._taken = joined([*self._taken, *taken])

    def stop(self, end_us: int) -> None:
        """No tick at or after `end_us` any more, nor at or after an earlier end."""
        self._end_us = end_us if self._end_us is None else min(self._end_us, end_us)

    @property
    def taken(self) -> list[range]:
        """The ticks that were taken, by others too, as far as they are remembered: [start, stop) of each range."""
        return [*self._taken, range(self._since_us, self._next_us or 0)]

    @property
    def claimed(self) -> list[range]:
        """The ticks that were taken, and those up to the end, if there is one: no other cadence may take them."""
        until_us = max(self._next_us or 0, self._end_us or 0)
        return [*self._taken, range(self._since_us, until_us)]

    def goes_on(self, from_us: int) -> bool:
        """True if `start` was called and the end, if there is one, is after `from_us`."""
        return self._next_us is not None and (self._end_us is None or self._end_us > from_us)

    def due(self, wall_us: int) -> range:
        """The ticks that have become due (tick plus phase) by `wall_us`, oldest first: usually none or one.

        Takes them: the next call does not give them again.
        """
        start = self._next_us
        if start is None or start + self.phase_us > wall_us:
            return range(0)
        last, following = wall_us - self.phase_us, start + self.period_us
        if last < following < self._clear_until_us and (self._end_us is None or start < self._end_us):
            self._next_us = following
            return range(start, start + 1)  # nearly always
        end = last + 1 if self._end_us is None else min(last + 1, self._end_us)
        for taken in self._taken:
            if start < taken.start < end:
                end = taken.start
        ticks = range(start, max(start, end), self.period_us)
        self._go_on(start + len(ticks) * self.period_us)
        return ticks

    def jump(self, wall_us: int, others: Sequence[range] = ()) -> range | None:
        """The wall clock was set and shows `wall_us` now: go on at the next tick that was not taken yet.

        `others`: the ticks that are other cadences'. Returns the ticks that are passed over: after a step ahead those
        that were never there, after a step back those that were taken before; None if there are none.
        """
        expected_us, end_us = self._next_us, self._end_us
        if expected_us is None or (end_us is not None and expected_us >= end_us):
            return None
        self.add_taken([*others, range(self._since_us, expected_us)])
        first_us = first_tick_us(wall_us - self.phase_us - WAKE_LATE_US, self.period_us)
        self._since_us = self._go_on(first_us)
        passed_us = self._since_us if end_us is None else min(self._since_us, end_us)
        passed = range(min(expected_us, first_us), passed_us, self.period_us)
        return passed or None

    def _go_on(self, tick_us: int) -> int:
        """The next tick is `tick_us`, or the first behind it that was not taken; gives it."""
        next_us = first_tick_us(free_us(tick_us, self._taken), self.period_us)
        self._next_us = next_us
        self._clear_until_us = min((ticks.start for ticks in self._taken if ticks.start > next_us), default=NEVER_US)
        return next_us

    def next_due_us(self) -> int | None:
        """When the next tick is read (tick plus phase), on the wall clock; None when there is none."""
        if self._next_us is None or (self._end_us is not None and self._next_us >= self._end_us):
            return None
        return self._next_us + self.phase_us
