"""A day at a site: [00:00, 24:00) by the clock on its wall, which is 23 or 25 hours long when that clock is changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ess_ray.core.errors import ConfigError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WORDS = {"today": timedelta(0), "yesterday": timedelta(days=1)}  # back from the date at the site
HOUR_US, QUARTER_US, MINUTE_US = 3_600_000_000, 900_000_000, 60_000_000


@dataclass(frozen=True, slots=True)
class Day:
    """A date in a time zone; [start_us, end_us) is all of it, from `until_us` on nothing can be expected yet."""

    date: date
    timezone: str
    start_us: int
    end_us: int
    until_us: int

    @property
    def minutes(self) -> int:
        """How many minutes it has: 1440, or an hour more or less."""
        return -(-(self.end_us - self.start_us) // MINUTE_US)

    def clock(self, time_us: int, form: str = "%H:%M:%S") -> str:
        """The time at the site."""
        return (EPOCH + timedelta(microseconds=time_us)).astimezone(ZoneInfo(self.timezone)).strftime(form)


def check_day(word: str, key: str = "day") -> str:
    """`word` if it is a date as YYYY-MM-DD, today or yesterday; raises ConfigError for `key`."""
    try:
        if word in WORDS or (re.fullmatch(r"\d{4}-\d\d-\d\d", word) and 1970 < date.fromisoformat(word).year < 9999):
            return word
    except ValueError:
        pass
    raise ConfigError(key, f"{word!r} is no day: say for example 2026-11-22, yesterday or today")


def choose_day(word: str, timezone: str, now_us: int, late_us: int) -> Day:
    """The day that `word` (see `check_day`) means in a time zone.

    What is younger than `late_us` may still be on its way: nothing is expected of it. Raises ConfigError for a day that
    has not begun.
    """
    zone = ZoneInfo(timezone)
    here = (EPOCH + timedelta(microseconds=now_us)).astimezone(zone).date()
    chosen = here - WORDS[word] if word in WORDS else date.fromisoformat(word)
    if chosen > here:
        raise ConfigError("day", f"{chosen} has not begun in {timezone}: there it is {here}")
    start_us, end_us = _midnight_us(chosen, zone), _midnight_us(chosen + timedelta(days=1), zone)
    return Day(chosen, timezone, start_us, end_us, max(start_us, min(end_us, now_us - late_us)))


def whole_day(day: date, timezone: str) -> Day:
    """All of a day that is over."""
    zone = ZoneInfo(timezone)
    start_us, end_us = _midnight_us(day, zone), _midnight_us(day + timedelta(days=1), zone)
    return Day(day, timezone, start_us, end_us, end_us)


def date_at(time_us: int, timezone: str) -> date:
    """The date at a site."""
    return (EPOCH + timedelta(microseconds=time_us)).astimezone(ZoneInfo(timezone)).date()


def stretches(day: Day) -> list[tuple[int, int, int]]:
    """[start_us, end_us) and UTC offset in seconds: one, or one more for each time that the clock is changed."""
    zone, found, start_us = ZoneInfo(day.timezone), list[tuple[int, int, int]](), day.start_us
    while start_us < day.end_us:
        offset_s, end_us = _offset_s(start_us, zone), start_us
        while end_us < day.end_us and _offset_s(end_us, zone) == offset_s:
            end_us += QUARTER_US  # clocks are changed at whole quarters
        found.append((start_us, min(end_us, day.end_us), offset_s))
        start_us = end_us
    return found


def _offset_s(time_us: int, zone: ZoneInfo) -> int:
    offset = (EPOCH + timedelta(microseconds=time_us)).astimezone(zone).utcoffset()
    assert offset is not None
    return offset // timedelta(seconds=1)


def _midnight_us(day: date, zone: ZoneInfo) -> int:
    return (datetime.combine(day, time(), zone).astimezone(UTC) - EPOCH) // timedelta(microseconds=1)
