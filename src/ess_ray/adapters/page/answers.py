"""What the page is told, as plain trees for JSON. Called by threads of `adapters.page.server`.

The run's status is what the watcher was told last; curves, events and the day come out of the database, an answer at
most once in its time to live, however many pages are open. Errors: `NotThere` for a question about nothing,
`DatabaseUnavailable`, `DatabaseRefused`; `ConfigError` for a database that was never written to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import groupby, islice
from typing import Any

from ess_ray.adapters.postgres.completeness import open_completeness
from ess_ray.adapters.postgres.live import ANSWER_LIMIT_S, Line, Live, open_live, read_events
from ess_ray.core.day import WORDS, choose_day
from ess_ray.core.errors import NotThere
from ess_ray.core.maps.standard import Standard
from ess_ray.core.reporting.completeness import SiteReport, account_device
from ess_ray.core.reporting.heat_map import heat_map
from ess_ray.core.running.curves import WINDOWS_S, Curve, bucket_us, chosen, curves_of, unit
from ess_ray.core.running.status import OLD_US, Status

Query = Mapping[str, str]
Tree = dict[str, Any]
DAY_DEVICES = 24  # of a heat map
DEVICE_TTL_S, EVENTS_TTL_S, DAY_TTL_S = 2.0, 2.0, 60.0
MOST_KEPT = 64  # answers


class Answers:
    """`late_us`: as `storage.late_s`; what is younger is not yet expected of a day."""

    def __init__(self, dsn: str, standard: Standard, late_us: int) -> None:
        self._dsn = dsn
        self._standard = standard
        self._late_us = late_us
        self._kept: dict[tuple[object, ...], tuple[float, Tree]] = {}
        self.status: Status | None = None

    def run(self, _query: Query) -> Tree:
        """The run's status. `age_s`: since when nobody has told anything; the sites are then said to be down."""
        now_us = time.time_ns() // 1000
        if self.status is None:
            return {"sites": None}
        age_us = now_us - self.status.now_us
        return self.status.at(now_us).tree() | {"age_s": age_us / 1e6, "old": age_us > OLD_US}

    def devices(self, query: Query) -> Tree:
        """The names of a site's devices."""
        site = self._site(query)

        def ask() -> Tree:
            with open_live(self._dsn, self._standard, site) as live:
                return {"site": site, "devices": live.devices()}

        return self._once(DAY_TTL_S, ("devices", site), ask)

    def device(self, query: Query) -> Tree:
        """One device: curves over a window, the newest rows of its banks and racks, what else can be drawn."""
        site, device, window = self._site(query), query.get("device", ""), query.get("window", "15m")
        names = tuple(filter(None, query.get("curves", "").split(",")))
        if window not in WINDOWS_S:
            raise NotThere(f"{window!r} is none of {', '.join(WINDOWS_S)}")

        def ask() -> Tree:
            now_us = time.time_ns() // 1000
            with open_live(self._dsn, self._standard, site) as live:
                return self._device(live, device, names, WINDOWS_S[window] * 1_000_000, now_us)

        return self._once(DEVICE_TTL_S, ("device", site, device, window, names), ask)

    def events(self, _query: Query) -> Tree:
        """The newest events of the run's sites."""
        sites = [site.site for site in self.status.sites] if self.status else []

        def ask() -> Tree:
            return {"events": read_events(self._dsn, self._standard, sites, time.time_ns() // 1000)}

        return self._once(EVENTS_TTL_S, ("events", *sites), ask)

    def day(self, query: Query) -> Tree:
        """A site's heat map of today or yesterday, as HTML, of a part of its devices."""
        site, word, first = self._site(query), query.get("day", "today"), query.get("first", "0")
        if word not in WORDS or not (first.isascii() and first.isdecimal() and len(first) <= 6):
            raise NotThere("say day=today or day=yesterday, and first=NUMBER")
        return self._once(DAY_TTL_S, ("day", site, word, first), lambda: self._day(site, word, int(first)))

    def _device(self, live: Live, device: str, names: tuple[str, ...], window_us: int, now_us: int) -> Tree:
        configured = live.configured(device)
        curves = curves_of(self._standard, configured.delivers)
        drawn = chosen(curves, names)
        step_us = bucket_us(window_us, configured.period_us)
        window = (now_us - window_us, now_us)
        lines = live.lines(device, drawn, window, step_us)
        newest_us = live.newest_us(device, now_us)
        return {
            "device": device, "map": configured.map, "period_s": configured.period_us / 1e6, "step_s": step_us / 1e6,
            "from_s": window[0] / 1e6, "until_s": window[1] / 1e6, "newest_s": newest_us and newest_us / 1e6,
            "curves": [_drawing(*one) for one in zip(drawn, lines, strict=True)],
            "rows": [] if newest_us is None else self._rows(live, device, chosen(curves, ()), newest_us),
            "more": {name: f"{curve.title} ({unit(curve.low) or 'no unit'})" for name, curve in curves.items()},
        }  # fmt: skip

    def _rows(self, live: Live, device: str, curves: list[Curve], newest_us: int) -> list[Tree]:
        """The newest rows of the tables that have more than one a tick."""
        found = []
        for name, some in groupby(sorted(curves, key=lambda curve: curve.table), key=lambda curve: curve.table):
            table = self._standard.tables[name]
            columns = dict.fromkeys(column for curve in some for column in (curve.low, curve.high))
            if table.identity:
                newest = live.rows(device, table, [column.name for column in columns], newest_us)
                titles = [f"{column.meaning.partition(';')[0]}, {unit(column)}" for column in columns]
                rows = [[_short(value) for value in row] for row in newest.rows]
                found.append({"table": name, "ids": newest.ids, "columns": titles, "rows": rows})
        return found

    def _day(self, site: str, word: str, first: int) -> Tree:
        timezone = next(one.timezone for one in self.status.sites if one.site == site) if self.status else "UTC"
        day = choose_day(word, timezone, time.time_ns() // 1000, self._late_us)
        with open_completeness(self._dsn, self._standard, ANSWER_LIMIT_S) as completeness:
            spans = completeness.spans(site, day)
            count = len({span.device for span in spans})
            some = islice(groupby(spans, key=lambda span: span.device), first, first + DAY_DEVICES)
            devices = [
                account_device(day, [completeness.samples(span) for span in of], completeness.jumps(device, day), {})
                for device, of in some
            ]
        report = SiteReport(site, day, tuple(devices))
        return {
            "site": site, "date": str(day.date), "timezone": timezone, "until": day.clock(day.until_us), "first": first,
            "shown": len(devices), "count": count, "expected": report.expected, "stored": report.stored,
            "html": heat_map([report]) if devices else "",
        }  # fmt: skip

    def _site(self, query: Query) -> str:
        site = query.get("site", "")
        if self.status is None or site not in {one.site for one in self.status.sites}:
            raise NotThere(f"{site!r} is none of the sites")
        return site

    def _once(self, ttl_s: float, key: tuple[object, ...], ask: Callable[[], Tree]) -> Tree:
        now_s = time.monotonic()
        kept = self._kept.get(key)
        if kept and now_s < kept[0]:
            return kept[1]
        answer = ask()
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[key] = time.monotonic() + ttl_s, answer
        return answer


def _drawing(curve: Curve, lines: list[Line]) -> Tree:
    return {
        "name": curve.name,
        "title": curve.title,
        "unit": unit(curve.low),
        "pair": curve.pair,
        "lines": [
            {
                "label": "" if line.split is None else f"{curve.table} {line.split}",
                "points": [[time_us / 1e6, *map(_short, values)] for time_us, *values in line.points],
            }
            for line in lines
        ],
    }


def _short(value: float | None) -> float | None:
    """Six digits are enough to look at, and the sums of a mean have more."""
    return None if value is None else float(f"{value:.6g}")
