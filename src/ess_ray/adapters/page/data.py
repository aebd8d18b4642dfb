"""The data that the page shows, as plain trees for JSON. Called by threads of `adapters.page.server`.

The run's status is the one that the watcher received last. Devices, curves, events and the day are queried from the
database and cached for a while (the constants ending in TTL_S), however many pages are open.

Raises `NotFound` for a request for something that does not exist, `DatabaseUnavailable` and `DatabaseRefused`, and
`ConfigError` for a database that ess_ray never wrote to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import groupby, islice
from typing import Any

from ess_ray.adapters.postgres.completeness import open_completeness
from ess_ray.adapters.postgres.live import PAGE_QUERY_LIMIT_S, CurveLine, Live, open_live, read_events
from ess_ray.core.day import WORDS, choose_day
from ess_ray.core.errors import NotFound
from ess_ray.core.maps.standard import Standard
from ess_ray.core.reporting.completeness import SiteReport, account_device
from ess_ray.core.reporting.heat_map import heat_map
from ess_ray.core.running.curves import WINDOWS_S, Curve, bucket_us, chosen, curves_of, unit
from ess_ray.core.running.status import OLD_US, RunStatus

Parameters = Mapping[str, str]  # of the request's URL
Tree = dict[str, Any]  # what json.dumps takes
DAY_DEVICES = 24  # of one heat map
DEVICE_TTL_S, EVENTS_TTL_S, DAY_TTL_S = 2.0, 2.0, 60.0
MOST_CACHED = 64  # results


class PageData:
    """One method for each path below `/api/`; each takes the parameters of the URL and returns a tree for JSON.

    `late_us` is `storage.late_s` in microseconds: samples younger than that are not expected yet in the heat map.
    `identity`: of the database, "" for any; nothing of another one is shown. `status` is set by the watcher, None until
    the run has one; so is `standard`, when a reload has changed it. Moments in trees (`…_s`) are seconds since 1970
    UTC. A parameter that is not used is passed over. All methods but `run` wait for the database.
    """

    def __init__(self, dsn: str, standard: Standard, late_us: int, identity: str = "") -> None:
        self._dsn = dsn
        self._identity = identity
        self.standard = standard
        self._late_us = late_us
        self._cache: dict[tuple[object, ...], tuple[float, Tree]] = {}  # result, and until when it holds
        self.status: RunStatus | None = None

    def run(self, _parameters: Parameters) -> Tree:
        """The status of the run as `RunStatus.tree` gives it, and two more keys; {"sites": None} if there is none yet.

        `age_s` is the status' age in seconds; `old` is true beyond OLD_US: the state of every site and device is
        `collector down` then. Raises nothing.
        """
        now_us = time.time_ns() // 1000
        if self.status is None:
            return {"sites": None}
        age_us = now_us - self.status.now_us
        return self.status.at(now_us).tree() | {"age_s": age_us / 1e6, "old": age_us > OLD_US}

    def devices(self, parameters: Parameters) -> Tree:
        """The names of the devices of a `site`: {"site": name, "devices": [names, in alphabetical order]}.

        Raises NotFound unless that is a site of the run.
        """
        site = self._site(parameters)

        def query() -> Tree:
            with open_live(self._dsn, self.standard, site, self._identity) as live:
                return {"site": site, "devices": live.devices()}

        return self._cached(DAY_TTL_S, ("devices", site), query)

    def device(self, parameters: Parameters) -> Tree:
        """One `device` of a `site`: its `curves` (or those shown at first) over a `window`, and its newest rows.

        `curves`: names with commas between; `window`: a key of WINDOWS_S, "15m" if not given, which ends now. Keys of
        the tree: `device`, `map`, `period_s`, `step_s`, `from_s`, `until_s`, `newest_s` (None: no sample), `curves`,
        `rows` (a list of tables), `all_curves` (titles by name).

        Raises NotFound for a site that is none of the run, a device or curve that there is not, too many curves, and
        a window that is none of WINDOWS_S.
        """
        site, device = self._site(parameters), parameters.get("device", "")
        window, names = parameters.get("window", "15m"), tuple(filter(None, parameters.get("curves", "").split(",")))
        if window not in WINDOWS_S:
            raise NotFound(f"there is no window {window!r}: it is one of {', '.join(WINDOWS_S)}")

        def query() -> Tree:
            now_us = time.time_ns() // 1000
            with open_live(self._dsn, self.standard, site, self._identity) as live:
                return self._device(live, device, names, WINDOWS_S[window] * 1_000_000, now_us)

        return self._cached(DEVICE_TTL_S, ("device", site, device, window, names), query)

    def events(self, _parameters: Parameters) -> Tree:
        """The newest events of the run's sites, newest first: {"events": [as `live.read_events` gives them]}."""
        sites = [site.site for site in self.status.sites] if self.status else []

        def query() -> Tree:
            now_us = time.time_ns() // 1000
            return {"events": read_events(self._dsn, self.standard, sites, now_us, self._identity)}

        return self._cached(EVENTS_TTL_S, ("events", *sites), query)

    def day(self, parameters: Parameters) -> Tree:
        """The heat map of a `day` (today, yesterday) of a `site` as HTML: DAY_DEVICES devices from `first` (0) on.

        `count` is the number of all devices, `shown` of those in `html`, which is empty if there are none; `expected`
        and `stored` count the samples of those shown.

        Raises NotFound for a site that is none of the run, another day, and a `first` that is no number from 0.
        """
        site, word = self._site(parameters), parameters.get("day", "today")
        first = parameters.get("first", "0")
        if word not in WORDS or not (first.isascii() and first.isdecimal() and len(first) <= 6):
            raise NotFound("expected day=today or day=yesterday, and first=NUMBER")
        return self._cached(DAY_TTL_S, ("day", site, word, first), lambda: self._day(site, word, int(first)))

    def _device(self, live: Live, device: str, names: tuple[str, ...], window_us: int, now_us: int) -> Tree:
        configuration = live.configuration(device)
        curves = curves_of(self.standard, configuration.delivers, configuration.period_us)
        drawn = chosen(curves, names)
        window = (now_us - window_us, now_us)
        steps_us = {curve: bucket_us(window_us, max(configuration.period_us, curve.period_us)) for curve in drawn}
        drawings = dict[str, Tree]()
        for step_us in sorted({*steps_us.values()}):
            of_step = [curve for curve in drawn if steps_us[curve] == step_us]
            for curve, lines in zip(of_step, live.lines(device, of_step, window, step_us), strict=True):
                drawings[curve.name] = _drawing(curve, lines, step_us)
        newest_us = live.newest_us(device, now_us)
        return {
            "device": device, "map": configuration.map, "period_s": configuration.period_us / 1e6,
            "step_s": bucket_us(window_us, configuration.period_us) / 1e6,
            "from_s": window[0] / 1e6, "until_s": window[1] / 1e6,
            "newest_s": newest_us and newest_us / 1e6,
            "curves": [drawings[curve.name] for curve in drawn],
            "rows": [] if newest_us is None else self._rows(live, device, chosen(curves, ()), newest_us),
            "all_curves": {name: f"{curve.title} ({unit(curve.low) or 'no unit'})" for name, curve in curves.items()},
        }  # fmt: skip

    def _rows(self, live: Live, device: str, curves: list[Curve], newest_us: int) -> list[Tree]:
        """The newest rows of the tables that have several rows a tick, with the columns of `curves`.

        Columns with a period of their own are of its last tick until `newest_us`.
        """
        tables = []
        for (name, period_us), of_table in groupby(sorted(curves, key=_table_and_period), key=_table_and_period):
            table = self.standard.tables[name]
            columns = dict.fromkeys(column for curve in of_table for column in (curve.low, curve.high))
            if table.identity:
                read_us = newest_us - newest_us % (period_us or 1)
                newest = live.rows(device, table, [column.name for column in columns], read_us)
                titles = [f"{column.meaning.partition(';')[0]}, {unit(column)}" for column in columns]
                rows = [[_rounded(value) for value in row] for row in newest.rows]
                tables.append(
                    {"table": name, "period_s": period_us / 1e6, "ids": newest.ids, "columns": titles, "rows": rows}
                )
        return tables

    def _day(self, site: str, word: str, first: int) -> Tree:
        sites = self.status.sites if self.status else ()
        timezone = next((status.timezone for status in sites if status.site == site), "UTC")
        now_us = time.time_ns() // 1000
        with open_completeness(self._dsn, self.standard, PAGE_QUERY_LIMIT_S, self._identity) as completeness:
            in_zone = choose_day(word, timezone, now_us, self._late_us)
            day = completeness.recorded_day(site, in_zone, now_us - self._late_us)
            spans = completeness.spans(site, day)
            count = len({span.device for span in spans})
            by_device = islice(groupby(spans, key=lambda span: span.device), first, first + DAY_DEVICES)
            devices = [
                account_device(day, [completeness.samples(span) for span in of], completeness.jumps(device, day), {})
                for device, of in by_device
            ]
        report = SiteReport(site, day, tuple(devices))
        return {
            "site": site, "date": str(day.date), "timezone": day.timezone, "until": day.clock(day.until_us),
            "first": first, "shown": len(devices), "count": count, "expected": report.expected, "stored": report.stored,
            "html": heat_map([report]) if devices else "",
        }  # fmt: skip

    def _site(self, parameters: Parameters) -> str:
        """The site that the request is about. Raises NotFound unless it is one of the run."""
        site = parameters.get("site", "")
        if self.status is None or site not in {status.site for status in self.status.sites}:
            raise NotFound(f"{site!r} is not a site of this run")
        return site

    def _cached(self, ttl_s: float, key: tuple[object, ...], query: Callable[[], Tree]) -> Tree:
        """The result of `query`, or that of an earlier call with this key within `ttl_s`."""
        cached = self._cache.get(key)
        if cached and time.monotonic() < cached[0]:
            return cached[1]
        result = query()
        if len(self._cache) >= MOST_CACHED:
            self._cache.clear()
        self._cache[key] = time.monotonic() + ttl_s, result
        return result


def _table_and_period(curve: Curve) -> tuple[str, int]:
    return curve.table, curve.period_us


def _drawing(curve: Curve, lines: list[CurveLine], step_us: int) -> Tree:
    return {
        "name": curve.name,
        "title": curve.title,
        "unit": unit(curve.low),
        "pair": curve.pair,
        "step_s": step_us / 1e6,
        "lines": [
            {
                "label": "" if line.split is None else f"{curve.table} {line.split}",
                "points": [[time_us / 1e6, *map(_rounded, values)] for time_us, *values in line.points],
            }
            for line in lines
        ],
    }


def _rounded(value: float | None) -> float | None:
    """Six digits: enough to look at, while a mean has up to seventeen."""
    return None if value is None else float(f"{value:.6g}")
