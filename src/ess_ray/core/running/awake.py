"""A clock for time limits whose watcher may stand still itself: stopped, swapped out, held up by a busy machine.

A reply is not seen while nobody looks for it. An age by the wall or the monotonic clock would then say that all others
hang, in the very moment in which the watcher wakes up, before it has looked whether their replies are there.
"""

from __future__ import annotations

LONGEST_GAP_S = 1.0  # between two looks of a watcher that is awake; the rounds of the driver take half of that


class AwakeClock:
    """Seconds since the first look in which the owner was awake, in `now_s`: a gap counts LONGEST_GAP_S at most.

    A time limit of n seconds on this clock therefore means that the owner has looked at least n / LONGEST_GAP_S times.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self._looked_s: float | None = None  # when `look` was called last, by its own clock

    def look(self, monotonic_s: float) -> float:
        """Note that the owner is awake now, by a clock that is never set; gives `now_s`. To be called every round."""
        if self._looked_s is not None:
            self.now_s += min(max(monotonic_s - self._looked_s, 0.0), LONGEST_GAP_S)
        self._looked_s = monotonic_s
        return self.now_s
