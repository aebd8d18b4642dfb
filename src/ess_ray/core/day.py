"""Days at a site: [00:00, 24:00) in its time zone, 23 or 25 hours long when the clocks are changed.

Times are microseconds since 1970 UTC; time zones are names of the IANA database (`Asia/Seoul`) that the configuration
has checked. Nothing here reads a clock: `now_us` is an argument.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from ess_ray.core.errors import ConfigError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WORDS = {"today": timedelta(0), "yesterday": timedelta(days=1)}  # how long before the date at the site
HOUR_US, QUARTER_US, MINUTE_US = 3_600_000_000, 900_000_000, 60_000_000


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """The day of `job=report`, and the form of the report.

    `day`: YYYY-MM-DD, "today" or "yesterday", at each site. `format`: "terminal", "json", "csv" or "html". `file`: an
    absolute path; None: the terminal. Exit code 1 if a device or table lost more than `max_loss_percent`.
    """

    day: str  # see `core.day`
    format: str
    file: Path | None
    max_loss_percent: float


def microseconds(moment: datetime) -> int:
    """The moment, which has a time zone, in microseconds since 1970 UTC: exact, a float could not be."""
    return (moment - EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Day:
    """A date in a time zone: [start_us, end_us) is all of it, in [start_us, until_us) samples are expected.

    The times are microseconds since 1970 UTC. `until_us` is `end_us`, but for a day that is not over or whose last
    samples may still be on their way: then it is earlier, and never before `start_us`.
    """

    date: date
    timezone: str
    start_us: int
    end_us: int
    until_us: int

    @property
    def minutes(self) -> int:
        """Number of minutes, rounded up: 1440, or more or less (even 0) when the clocks or the zone are changed."""
        return -(-(self.end_us - self.start_us) // MINUTE_US)

    def clock(self, time_us: int, form: str = "%H:%M:%S") -> str:
        """`time_us` (microseconds since 1970 UTC, of this day or not) as the site's clock shows it.

        `form`: a format of `datetime.strftime`.
        """
        return (EPOCH + timedelta(microseconds=time_us)).astimezone(ZoneInfo(self.timezone)).strftime(form)


def check_day(word: str, key: str = "day") -> str:
    """Returns `word` if it is YYYY-MM-DD, `today` or `yesterday`. Raises ConfigError about the setting `key` if not."""
    try:
        if word in WORDS or (re.fullmatch(r"\d{4}-\d\d-\d\d", word) and 1970 < date.fromisoformat(word).year < 9999):
            return word
    except ValueError:
        pass
    raise ConfigError(key, f"{word!r} is not a day: expected a date like 2026-11-22, yesterday or today")


def days_of_word(word: str, key: str = "day") -> tuple[str, str]:
    """The first and the last day that a word means: `2026-11-20..2026-11-22`, or one day as `check_day` takes it.

    Raises ConfigError about the setting `key` if it means none.
    """
    first, _, last = word.partition("..")
    return check_days(first, last or first, key, key) if last or ".." not in word else (check_day(word, key), word)


def check_days(first: str, last: str, key: str, last_key: str) -> tuple[str, str]:
    """Returns `first` and `last` if both are days in order.

    Raises ConfigError about the setting `key`, or `last_key`, if not.
    """
    check_day(first, key)
    check_day(last, last_key)
    if first[:1].isdigit() and last[:1].isdigit() and first > last:
        raise ConfigError(last_key, f"{last} is before {first if key == last_key else f'{key}={first}'}")
    return first, last


def date_of_word(word: str, today: date) -> date:
    """The date that a word means, checked by `check_day` before."""
    return today - WORDS[word] if word in WORDS else date.fromisoformat(word)


def choose_day(word: str, timezone: str, now_us: int, late_us: int) -> Day:
    """The day that `word` means in a time zone at `now_us`, microseconds since 1970 UTC.

    `word`: YYYY-MM-DD, `today` or `yesterday`, checked by `check_day` before. Samples of the last `late_us`
    microseconds before `now_us` may still be on their way to the database, so the day's `until_us` is no later than
    `now_us - late_us`. Raises ConfigError for a day that has not begun.
    """
    zone, today = ZoneInfo(timezone), date_at(now_us, timezone)
    chosen = date_of_word(word, today)
    if chosen > today:
        raise ConfigError("day", f"{chosen} has not begun in {timezone}, where it is {today}")
    start_us, end_us = _midnight_us(chosen, zone), _midnight_us(chosen + timedelta(days=1), zone)
    return Day(chosen, timezone, start_us, end_us, max(start_us, min(end_us, now_us - late_us)))


def whole_day(day: date, timezone: str) -> Day:
    """The day of a date in a time zone, of which all samples are expected: `until_us` is `end_us`, over or not."""
    zone = ZoneInfo(timezone)
    start_us, end_us = _midnight_us(day, zone), _midnight_us(day + timedelta(days=1), zone)
    return Day(day, timezone, start_us, end_us, end_us)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of a site whose time zone may have been changed: they follow each other without a gap or an overlap.

    `zones`: pairs (microseconds since 1970 UTC from which it holds, time zone), oldest first, at least one; the first
    zone holds from ever, whatever its time. The day in which the zone is changed ends at the midnight of the new one,
    so it may be longer or shorter than others.
    """

    zones: tuple[tuple[int, str], ...]

    def day(self, day: date) -> Day:
        """The day of a date, in the zone in which it begins; `until_us` is `end_us`, whether the day is over or not.

        Empty (`end_us` is `start_us`) for a date that a change of the zone skips.
        """
        start_us, timezone = self._begin(day)
        end_us = max(start_us, self._begin(day + timedelta(days=1))[0])
        return Day(day, timezone, start_us, end_us, end_us)

    def dates(self, start_us: int, end_us: int) -> Iterator[date]:
        """The dates of the days that [start_us, end_us), microseconds since 1970 UTC, touches, oldest first.

        Nothing for an empty interval.
        """
        firsts, lasts = ([date_at(time_us, zone) for _, zone in self.zones] for time_us in (start_us, end_us - 1))
        chosen = min(firsts)
        while start_us < end_us and chosen <= max(lasts):
            day = self.day(chosen)
            if day.start_us < end_us and day.end_us > start_us:
                yield chosen
            chosen += timedelta(days=1)

    def _begin(self, day: date) -> tuple[int, str]:
        """The beginning of a date, and the zone that holds then."""
        for (_, timezone), (until_us, _) in pairwise(self.zones):
            if (start_us := _midnight_us(day, ZoneInfo(timezone))) < until_us:
                return start_us, timezone
        timezone = self.zones[-1][1]
        return _midnight_us(day, ZoneInfo(timezone)), timezone


def date_at(time_us: int, timezone: str) -> date:
    """The date in a time zone at `time_us`, microseconds since 1970 UTC."""
    return (EPOCH + timedelta(microseconds=time_us)).astimezone(ZoneInfo(timezone)).date()


def offset_intervals(day: Day) -> list[tuple[int, int, int]]:
    """The day in intervals [start_us, end_us) of one UTC offset: (start_us, end_us, offset in seconds, east positive).

    Oldest first, without gaps. One interval, and another for each time that the clocks are changed; none for an empty
    day, which a time zone that skips a date has.
    """
    zone, intervals, start_us = ZoneInfo(day.timezone), list[tuple[int, int, int]](), day.start_us
    while start_us < day.end_us:
        offset_s, end_us = _offset_s(start_us, zone), start_us
        while end_us < day.end_us and _offset_s(end_us, zone) == offset_s:
            end_us += QUARTER_US  # clocks are changed on the quarter hour
        intervals.append((start_us, min(end_us, day.end_us), offset_s))
        start_us = end_us
    return intervals


def _offset_s(time_us: int, zone: ZoneInfo) -> int:
    offset = (EPOCH + timedelta(microseconds=time_us)).astimezone(zone).utcoffset()
    assert offset is not None
    return offset // timedelta(seconds=1)


def _midnight_us(day: date, zone: ZoneInfo) -> int:
    return microseconds(datetime.combine(day, time(), zone).astimezone(UTC))
