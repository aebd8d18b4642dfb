"""The page's questions to the database: bounded in time and in size, reading only, each on a connection of its own.

Errors: `DatabaseUnavailable` (also for what takes longer than ANSWER_LIMIT_S), `DatabaseRefused`; `NotThere` for a
site, device or curve that is none. Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from ess_ray.adapters.postgres.connect import connect, translated, utc
from ess_ray.core.day import EPOCH
from ess_ray.core.errors import NotThere
from ess_ray.core.maps.standard import Standard, Table
from ess_ray.core.running.curves import Curve

ANSWER_LIMIT_S = 5.0
MOST_DEVICES, MOST_ROWS, MOST_EVENTS, MOST_LINES = 5000, 64, 50, 16
EVENTS_US = 7 * 86_400_000_000
NEWEST_US = 86_400_000_000

DEVICES = """
SELECT device FROM device WHERE site = %(site)s AND valid_to IS NULL ORDER BY device LIMIT %(most)s"""
CONFIGURED = """
SELECT map, period_s, delivers FROM device WHERE site = %(site)s AND device = %(device)s
ORDER BY valid_from DESC LIMIT 1"""
NEWEST = """
SELECT time FROM sample WHERE site = %(site)s AND device = %(device)s AND time > %(since)s AND status <> 'failed'
ORDER BY time DESC LIMIT 1"""
WITHIN = "site = %(site)s AND device = %(device)s AND time >= %(from)s AND time < %(until)s"
BUCKETS = f"""
SELECT {{split}} date_bin(%(bucket)s, time, 'epoch') AS t, {{values}}
FROM {{table}} WHERE {WITHIN} GROUP BY {{places}} ORDER BY {{places}} LIMIT %(most)s"""
ROWS = """
SELECT {columns} FROM {table} WHERE site = %(site)s AND device = %(device)s AND time = %(time)s
ORDER BY {ids} LIMIT %(most)s"""
EVENTS = """
SELECT time, site, device, kind, until, detail FROM event WHERE site = ANY (%(sites)s) AND time > %(since)s
ORDER BY time DESC LIMIT %(most)s"""


class Configured(NamedTuple):
    """A device as it is configured, or was at last."""

    map: str
    period_us: int
    delivers: Mapping[str, Sequence[str]]  # columns by table


class Line(NamedTuple):
    """One line of a curve: points are (time, lowest, mean or None, highest), buckets without a value left out."""

    split: int | None
    points: list[tuple[int, float, float | None, float]]


@dataclass(frozen=True, slots=True)
class Newest:
    """The rows of one table at the newest tick that has some."""

    ids: tuple[str, ...]
    columns: tuple[str, ...]
    rows: list[list[float | None]]


@contextmanager
def open_live(dsn: str, standard: Standard, site: str) -> Iterator[Live]:
    """Ask about one site; psycopg's errors of the block become ours."""
    with translated("asking the database"), connect(dsn, 2 * ANSWER_LIMIT_S) as connection:
        connection.read_only = True
        connection.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(round(1000 * ANSWER_LIMIT_S)))
        yield Live(connection, standard, site)


def read_events(dsn: str, standard: Standard, sites: Sequence[str], now_us: int) -> list[dict[str, Any]]:
    """The newest events of these sites, newest first."""
    with open_live(dsn, standard, "") as live:
        return live.events(sites, now_us)


class Live:
    """Answers about one site; see `open_live`."""

    def __init__(self, connection: psycopg.Connection, standard: Standard, site: str) -> None:
        self._connection = connection
        self._standard = standard
        self._site = site

    def devices(self) -> list[str]:
        """The names of the site's devices."""
        found = self._connection.execute(DEVICES, {"site": self._site, "most": MOST_DEVICES})
        return [name for (name,) in found]

    def configured(self, device: str) -> Configured:
        """What a device delivers; a database from before that was noted says that it is every column."""
        row = None
        if device.isprintable():  # a NUL is no text for PostgreSQL
            row = self._connection.execute(CONFIGURED, {"site": self._site, "device": device}).fetchone()
        if row is None:
            raise NotThere(f"{self._site}/{device} is no device")
        name, period_s, delivers = row
        every = {table.name: list(table.columns) for table in self._standard.tables.values()}
        return Configured(name, round(1e6 * period_s), json.loads(delivers) if delivers else every)

    def newest_us(self, device: str, now_us: int) -> int | None:
        """The last tick of the past day of which something was read."""
        arguments = {"site": self._site, "device": device, "since": utc(now_us - NEWEST_US)}
        row = self._connection.execute(NEWEST, arguments).fetchone()
        return _us(row[0]) if row else None

    def lines(self, device: str, curves: Sequence[Curve], window: tuple[int, int], bucket_us: int) -> list[list[Line]]:
        """The lines of each curve over [from, until): one query a table."""
        found: dict[str, list[Line]] = {}
        for table in dict.fromkeys(curve.table for curve in curves):
            some = [curve for curve in curves if curve.table == table]
            found |= zip((curve.name for curve in some), self._table(device, some, window, bucket_us), strict=True)
        return [found[curve.name] for curve in curves]

    def rows(self, device: str, table: Table, columns: Sequence[str], time_us: int) -> Newest:
        """A table's rows at one tick."""
        names = [sql.Identifier(name) for name in (*table.identity, *columns)]
        statement = sql.SQL(ROWS).format(
            columns=sql.SQL(", ").join(names),
            table=sql.Identifier(table.name),
            ids=sql.SQL(", ").join(names[: len(table.identity)] or [sql.Identifier("time")]),
        )
        arguments = {"site": self._site, "device": device, "time": utc(time_us), "most": MOST_ROWS}
        rows = [[_number(value) for value in row] for row in self._connection.execute(statement, arguments)]
        return Newest(table.identity, tuple(columns), rows)

    def events(self, sites: Sequence[str], now_us: int) -> list[dict[str, Any]]:
        """The newest ones of the past week."""
        arguments = {"sites": list(sites), "since": utc(now_us - EVENTS_US), "most": MOST_EVENTS}
        return [
            {
                "time_us": _us(time), "site": site, "device": device, "kind": kind,
                "until_us": until and _us(until), "detail": detail,
            }
            for time, site, device, kind, until, detail in self._connection.execute(EVENTS, arguments)
        ]  # fmt: skip

    def _table(
        self, device: str, curves: Sequence[Curve], window: tuple[int, int], bucket_us: int
    ) -> Iterator[list[Line]]:
        """The lines of curves that share a table."""
        split = curves[0].split_by
        statement = sql.SQL(BUCKETS).format(
            split=sql.SQL("{},").format(sql.Identifier(split)) if split else sql.SQL(""),
            values=sql.SQL(", ").join(_values(curve) for curve in curves),
            table=sql.Identifier(curves[0].table),
            places=sql.SQL("1, 2" if split else "1"),
        )
        buckets = -(-(window[1] - window[0]) // bucket_us) + 1
        arguments = {
            "site": self._site, "device": device, "from": utc(window[0]), "until": utc(window[1]),
            "bucket": timedelta(microseconds=bucket_us), "most": buckets * (MOST_LINES if split else 1),
        }  # fmt: skip
        rows = self._connection.execute(statement, arguments).fetchall()
        first = 1 if split else 0
        for place in range(len(curves)):
            lines: dict[int | None, Line] = {}
            for row in rows:
                low, mean, high = map(_number, row[(start := first + 1 + 3 * place) : start + 3])
                if low is not None and high is not None:
                    which = row[0] if split else None
                    lines.setdefault(which, Line(which, [])).points.append((_us(row[first]), low, mean, high))
            yield list(lines.values())


def _values(curve: Curve) -> sql.Composed:
    """Lowest, mean and highest of a bucket."""
    low, high = sql.Identifier(curve.low.name), sql.Identifier(curve.high.name)
    mean = sql.SQL("NULL::float8") if curve.pair else sql.SQL("avg({})::float8").format(low)
    return sql.SQL("min({})::float8, {}, max({})::float8").format(low, mean, high)


def _number(value: Any) -> float | None:
    """What JSON has a form for."""
    return value if value is not None and isfinite(value) else None


def _us(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)
