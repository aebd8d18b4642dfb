"""Which objects the main job exports next: pure, `now_us` is an argument.

The oldest date comes first, all sites of it together. A site's day waits, within a bound, until everything that was
polled before its end is in the database. What failed is left alone for a while, longer each time, and never keeps other
days waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from ess_ray.core.exporting.objects import Part

SHORTEST_PAUSE_US, LONGEST_PAUSE_US = 60_000_000, 600_000_000

SiteDay = tuple[date, str]


@dataclass(frozen=True, slots=True)
class Batch:
    """What is exported now, of one date. `incomplete`: the sites whose journals still hold samples of that day."""

    parts: tuple[Part, ...] = ()
    incomplete: tuple[str, ...] = ()
    waiting: tuple[SiteDay, ...] = ()  # what else is due, and waits for its journals


class Agenda:
    """Remembers since when days are due and what has failed."""

    def __init__(self, wait_us: int) -> None:
        self._wait_us = wait_us
        self._due_since_us: dict[SiteDay, int] = {}
        self._incomplete: set[SiteDay] = set()  # exported or tried without what the journals hold
        self._paused: dict[str, tuple[int, int]] = {}  # by object: until when, and how long that is

    def next(self, due: Iterable[Part], settled_us: Callable[[str], int], now_us: int) -> Batch:
        """What to export at `now_us` of what is due. `settled_us(site)`: before it everything is in the database."""
        days: dict[SiteDay, list[Part]] = {}
        for part in due:
            days.setdefault((part.day.date, part.site), []).append(part)
        self._due_since_us = {day: self._due_since_us.get(day, now_us) for day in days}
        self._incomplete &= days.keys()
        chosen: list[Part] = []
        waiting: list[SiteDay] = []
        incomplete: list[str] = []
        for day in sorted(days):
            if chosen and day[0] != chosen[0].day.date:
                break
            parts = [part for part in days[day] if now_us >= self._paused.get(part.name, (0, 0))[0]]
            settled = settled_us(day[1]) >= parts[0].day.end_us if parts else False
            if parts and not settled and now_us < self._due_since_us[day] + self._wait_us:
                waiting.append(day)
                continue
            chosen.extend(parts)
            if parts and not settled and day not in self._incomplete:
                self._incomplete.add(day)
                incomplete.append(day[1])
        return Batch(tuple(chosen), tuple(incomplete), tuple(waiting))

    def done(self, part: Part) -> None:
        """It is exported: when it is due again, it is because the day has changed."""
        self._paused.pop(part.name, None)

    def failed(self, part: Part, now_us: int) -> int:
        """It is not; gives the pause before it is tried again, in microseconds."""
        _, before_us = self._paused.get(part.name, (0, SHORTEST_PAUSE_US // 2))
        pause_us = min(2 * before_us, LONGEST_PAUSE_US)
        self._paused[part.name] = now_us + pause_us, pause_us
        return pause_us
