"""The order in which the main job exports what is due: pure, `now_us` is an argument.

The oldest date comes first, all sites of it together. A site's day waits, within a bound, until everything that was
polled before its end is in the database. An object that failed is left alone for a while, longer each time, and never
keeps other days waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from ess_ray.core.exporting.objects import DayObject

SHORTEST_PAUSE_US, LONGEST_PAUSE_US = 60_000_000, 600_000_000
HELD_PAUSE_US = 6 * 3_600_000_000  # a look at an object that is held costs the reading of its day

SiteDay = tuple[date, str]


@dataclass(frozen=True, slots=True)
class ExportRound:
    """The objects to export now, all of one date."""

    day_objects: tuple[DayObject, ...] = ()
    incomplete: tuple[str, ...] = ()  # sites that go without the samples of that day that are still in the journals
    waiting: tuple[SiteDay, ...] = ()  # days that are due too, and wait for samples in the journals


class Agenda:
    """A memory of since when days are due and of which exports failed; for one thread.

    The caller reports each object of a round with `done`, `held` or `failed`; one of which nothing is reported is in
    the next round again as long as it is due. `now_us`: microseconds since 1970 UTC.
    """

    def __init__(self, wait_us: int) -> None:
        """`wait_us`: microseconds that a day that is due waits at most for samples that are still in the journals."""
        self._wait_us = wait_us
        self._due_since_us: dict[SiteDay, int] = {}
        self._incomplete: set[SiteDay] = set()  # exported or tried without the samples in the journals
        self._paused: dict[str, tuple[int, int]] = {}  # by object: until when, and how long that is

    def next(self, due: Iterable[DayObject], watermark_us: Callable[[str], int], now_us: int) -> ExportRound:
        """The round at `now_us`; without objects if none can be exported now.

        `due`: all objects that are due, in any order; a day that is missing waits anew when it comes back.
        `watermark_us(site)`: all samples of the site before that time are in the database.
        """
        days: dict[SiteDay, list[DayObject]] = {}
        for day_object in due:
            days.setdefault((day_object.day.date, day_object.site), []).append(day_object)
        self._due_since_us = {site_day: self._due_since_us.get(site_day, now_us) for site_day in days}
        self._incomplete &= days.keys()
        chosen: list[DayObject] = []
        waiting: list[SiteDay] = []
        incomplete: list[str] = []
        for site_day in sorted(days):
            if chosen and site_day[0] != chosen[0].day.date:
                break
            ready = [each for each in days[site_day] if now_us >= self._paused.get(each.name, (0, 0))[0]]
            if not ready:
                continue
            complete = watermark_us(site_day[1]) >= ready[0].day.end_us
            if not complete and now_us < self._due_since_us[site_day] + self._wait_us:
                waiting.append(site_day)
                continue
            chosen.extend(ready)
            if not complete and site_day not in self._incomplete:
                self._incomplete.add(site_day)
                incomplete.append(site_day[1])
        return ExportRound(tuple(chosen), tuple(incomplete), tuple(waiting))

    def done(self, day_object: DayObject) -> None:
        """Note that the object is exported: if it becomes due again, its day has changed."""
        self._paused.pop(day_object.name, None)

    def held(self, day_object: DayObject, now_us: int) -> None:
        """Note that the object stays as it is, since it holds more; it is left alone for HELD_PAUSE_US.

        The database may have it all again some day.
        """
        self._paused[day_object.name] = now_us + HELD_PAUSE_US, SHORTEST_PAUSE_US // 2

    def failed(self, day_object: DayObject, now_us: int) -> int:
        """Note that the export failed; returns the pause before it is tried again, in microseconds.

        SHORTEST_PAUSE_US, and twice as long after each further failure, up to LONGEST_PAUSE_US.
        """
        _, before_us = self._paused.get(day_object.name, (0, SHORTEST_PAUSE_US // 2))
        pause_us = min(2 * before_us, LONGEST_PAUSE_US)
        self._paused[day_object.name] = now_us + pause_us, pause_us
        return pause_us
