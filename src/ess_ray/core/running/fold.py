"""Repeated troubles as few lines: the first, then at growing intervals, then that it is over.

A trouble is reported when it begins, again once it has lasted for each of `AGAIN_S` (daily from then on), and when it
is over. One that comes back within `CALM_S` is the same trouble: what flutters is reported no more often than what
stays. Moments are seconds of any clock that does not jump; keys are whatever names a trouble.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

AGAIN_S = (60.0, 600.0, 3600.0, 21600.0, 86400.0)  # since the line before
CALM_S = 600.0  # a trouble that stays away for so long is over for good
FORGET_S = 3 * 86400.0  # a trouble that nobody has reported for so long, not even as over, is forgotten


@dataclass(frozen=True, slots=True)
class Repeats:
    """How often a trouble was met, and for how long it has lasted, since its first line."""

    times: int
    lasted_s: float

    def __str__(self) -> str:
        """To be put behind a message, as ` (7 times in 3 min)`: empty the first time."""
        return f" ({self.times} times in {_duration(self.lasted_s)})" if self.times > 1 else ""


@dataclass(slots=True)
class _Trouble:
    begun_s: float
    seen_s: float  # when it was last met, or reported as over
    line_s: float = 0.0  # when the latest line was written
    lines: int = 0
    end_reported: bool = False  # the latest line says that it is over, and it has not come back since
    times: int = 0  # met
    ends: int = 0
    ended_s: float | None = None  # None: it is there

    def due(self, now_s: float) -> bool:
        return not self.lines or now_s >= self.line_s + AGAIN_S[min(self.lines, len(AGAIN_S)) - 1]

    def line(self, now_s: float, over: bool) -> Repeats:
        self.line_s, self.end_reported, self.lines = now_s, over, self.lines + 1
        return Repeats(self.times, now_s - self.begun_s)


class Folds:
    """All troubles of one origin; decides which of their reports become a line."""

    def __init__(self) -> None:
        self._troubles: dict[Hashable, _Trouble] = {}

    def remembers(self, key: Hashable) -> bool:
        """True if the trouble was met and `ended` has not dropped it: it is there, or was within about `CALM_S`."""
        return key in self._troubles

    def met(self, key: Hashable, now_s: float) -> Repeats | None:
        """The trouble is there, and is counted: what to put behind its line, to be written now, or None: no line."""
        trouble = self._troubles.get(key)
        if trouble is None or (trouble.ended_s is not None and now_s >= trouble.ended_s + CALM_S):
            trouble = self._troubles[key] = _Trouble(now_s, now_s)
        trouble.times += 1
        trouble.seen_s, trouble.ended_s, trouble.end_reported = now_s, None, False
        return trouble.line(now_s, over=False) if trouble.due(now_s) else None

    def over(self, key: Hashable, now_s: float) -> Repeats | None:
        """The trouble is not there: what its line says, or None if no line is due, as when it never was there."""
        trouble = self._troubles.get(key)
        if trouble is None or trouble.ended_s is not None:
            return None
        trouble.seen_s = trouble.ended_s = now_s
        trouble.ends += 1
        return trouble.line(now_s, over=True) if trouble.ends == 1 or trouble.due(now_s) else None

    def ended(self, now_s: float) -> list[tuple[Hashable, Repeats]]:
        """(key, what its line says) of troubles away for `CALM_S` whose last end made no line: to be written now.

        Forgets all troubles away for so long, and those not reported for `FORGET_S`. To be called now and then.
        """
        ended = []
        for key, trouble in list(self._troubles.items()):
            if trouble.ended_s is not None and now_s >= trouble.ended_s + CALM_S:
                if not trouble.end_reported:
                    ended.append((key, trouble.line(trouble.ended_s, over=True)))
                del self._troubles[key]
            elif now_s >= trouble.seen_s + FORGET_S:
                del self._troubles[key]
        return ended


def _duration(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
