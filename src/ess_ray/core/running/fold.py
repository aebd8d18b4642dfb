"""Repeated troubles as few lines: the first, then at growing intervals, then that it is over.

A trouble is told when it begins, again once it has lasted for each of `AGAIN_S` (daily from then on), and when it is
over. One that comes back within `CALM_S` is the same trouble: what flutters is told no more often than what stays.
Moments are seconds of any clock that does not jump; keys are whatever names a trouble.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

AGAIN_S = (60.0, 600.0, 3600.0, 21600.0, 86400.0)  # since the line before
CALM_S = 600.0
FORGET_S = 3 * 86400.0  # nobody has spoken of it for so long, not even that it is over


@dataclass(frozen=True, slots=True)
class Told:
    """What a line says of a trouble: how often it was met, in how long, since its first line."""

    times: int
    lasted_s: float

    def __str__(self) -> str:
        """To be put behind a message: nothing the first time."""
        return f" ({self.times} times in {_duration(self.lasted_s)})" if self.times > 1 else ""


@dataclass(slots=True)
class _Trouble:
    since_s: float
    heard_s: float
    told_s: float = 0.0
    told: int = 0  # lines so far
    told_over: bool = False  # its end was told, and it was not there since
    times: int = 0  # met
    overs: int = 0
    well_s: float | None = None  # since when it is over

    def due(self, now_s: float) -> bool:
        return not self.told or now_s >= self.told_s + AGAIN_S[min(self.told, len(AGAIN_S)) - 1]

    def tell(self, now_s: float, over: bool) -> Told:
        self.told_s, self.told_over, self.told = now_s, over, self.told + 1
        return Told(self.times, now_s - self.since_s)


class Folds:
    """Says of each thing that is met whether it makes a line now."""

    def __init__(self) -> None:
        self._troubles: dict[Hashable, _Trouble] = {}

    def knows(self, key: Hashable) -> bool:
        """Whether it was there within `CALM_S`."""
        return key in self._troubles

    def met(self, key: Hashable, now_s: float) -> Told | None:
        """The trouble is there; None: no line."""
        trouble = self._troubles.get(key)
        if trouble is None or (trouble.well_s is not None and now_s >= trouble.well_s + CALM_S):
            trouble = self._troubles[key] = _Trouble(now_s, now_s)
        trouble.times += 1
        trouble.heard_s, trouble.well_s, trouble.told_over = now_s, None, False
        return trouble.tell(now_s, over=False) if trouble.due(now_s) else None

    def over(self, key: Hashable, now_s: float) -> Told | None:
        """It is not there; None: no line, as when it never was."""
        trouble = self._troubles.get(key)
        if trouble is None or trouble.well_s is not None:
            return None
        trouble.heard_s = trouble.well_s = now_s
        trouble.overs += 1
        return trouble.tell(now_s, over=True) if trouble.overs == 1 or trouble.due(now_s) else None

    def settled(self, now_s: float) -> list[tuple[Hashable, Told]]:
        """Troubles whose end was not told, since they came back, and that stay away now. Call it now and then."""
        ended = []
        for key, trouble in list(self._troubles.items()):
            if trouble.well_s is not None and now_s >= trouble.well_s + CALM_S:
                if not trouble.told_over:
                    ended.append((key, trouble.tell(trouble.well_s, over=True)))
                del self._troubles[key]
            elif now_s >= trouble.heard_s + FORGET_S:
                del self._troubles[key]
        return ended


def _duration(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
