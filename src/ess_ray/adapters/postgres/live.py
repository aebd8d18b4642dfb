"""Queries of the page: limited in time and in size, read-only; each `with` of `open_live` has its own connection.

Raises `DatabaseUnavailable` (also for a query that takes longer than PAGE_QUERY_LIMIT_S), `DatabaseRefused`, and
`NotFound` for a device that does not exist. Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from math import isfinite
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from ess_ray.adapters.postgres.connect import connect, translated, utc
from ess_ray.core.day import microseconds
from ess_ray.core.errors import NotFound
from ess_ray.core.maps.column_types import Column
from ess_ray.core.maps.standard import Standard, Table
from ess_ray.core.running.curves import Curve

PAGE_QUERY_LIMIT_S = 5.0  # of one query: a reader of the page waits for it, and the database has samples to store
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
FROM {{table}} WHERE {WITHIN} GROUP BY {{keys}} ORDER BY {{keys}} LIMIT %(most)s"""
ROWS = """
SELECT {columns} FROM {table} WHERE site = %(site)s AND device = %(device)s AND time = %(time)s
ORDER BY {ids} LIMIT %(most)s"""
EVENTS = """
SELECT time, site, device, kind, until, detail FROM event WHERE site = ANY (%(sites)s) AND time > %(since)s
ORDER BY time DESC LIMIT %(most)s"""


class LatestConfiguration(NamedTuple):
    """A device as it is configured, or was configured last."""

    map: str
    period_us: int
    delivers: Mapping[str, Sequence[str]]  # columns by table


class CurveLine(NamedTuple):
    """One line of a curve: points are (time_us, lowest, mean or None, highest); buckets without a value have none.

    `time_us` is the beginning of the bucket; oldest first. `split` is the identity that the line
    belongs to (bank 2), None if the curve has a single line.
    """

    split: int | None
    points: list[tuple[int, float, float | None, float]]


@dataclass(frozen=True, slots=True)
class Newest:
    """The rows of one table at one tick: each has the values of its identity columns `ids`, then those of `columns`.

    A value is None for NULL, NaN and infinity.
    """

    ids: tuple[str, ...]
    columns: tuple[str, ...]
    rows: list[list[float | None]]


@contextmanager
def open_live(dsn: str, standard: Standard, site: str, identity: str = "") -> Iterator[Live]:
    """Read-only queries about the site named `site` in the `with` block; psycopg's errors in it are translated.

    `identity`: of the database, "" for any. Each query may take PAGE_QUERY_LIMIT_S. A site that the database does not
    know has no devices.
    """
    with translated("asking the database"), connect(dsn, 2 * PAGE_QUERY_LIMIT_S, identity) as connection:
        connection.read_only = True
        connection.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(round(1000 * PAGE_QUERY_LIMIT_S)))
        yield Live(connection, standard, site)


def read_events(
    dsn: str, standard: Standard, sites: Sequence[str], now_us: int, identity: str = ""
) -> list[dict[str, Any]]:
    """Events of these sites in the week before `now_us`, as from `Live.events`, over a connection of its own."""
    with open_live(dsn, standard, "", identity) as live:
        return live.events(sites, now_us)


class Live:
    """The queries about one site; see `open_live`."""

    def __init__(self, connection: psycopg.Connection, standard: Standard, site: str) -> None:
        self._connection = connection
        self._standard = standard
        self._site = site

    def devices(self) -> list[str]:
        """Names of the site's devices that are configured now, in alphabetical order, MOST_DEVICES at most."""
        rows = self._connection.execute(DEVICES, {"site": self._site, "most": MOST_DEVICES})
        return [name for (name,) in rows]

    def configuration(self, device: str) -> LatestConfiguration:
        """The device's latest configuration. Raises NotFound if there is no such device.

        Rows of `device` from before the column `delivers` was added stand for every column of the standard.
        """
        row = None
        if device.isprintable():  # PostgreSQL refuses a text with a NUL
            row = self._connection.execute(CONFIGURED, {"site": self._site, "device": device}).fetchone()
        if row is None:
            raise NotFound(f"there is no device {self._site}/{device}")
        name, period_s, delivers = row
        every = {table.name: list(table.columns) for table in self._standard.tables.values()}
        return LatestConfiguration(name, round(1e6 * period_s), json.loads(delivers) if delivers else every)

    def newest_us(self, device: str, now_us: int) -> int | None:
        """The last tick at which something was read of the device (its sample is not `failed`).

        None if there was none in the 24 hours before `now_us`, or if there is no such device.
        """
        arguments = {"site": self._site, "device": device, "since": utc(now_us - NEWEST_US)}
        row = self._connection.execute(NEWEST, arguments).fetchone()
        return microseconds(row[0]) if row else None

    def lines(
        self, device: str, curves: Sequence[Curve], window: tuple[int, int], bucket_us: int
    ) -> list[list[CurveLine]]:
        """The lines of each curve over `window`, [from_us, until_us), with a point for each bucket of `bucket_us`.

        One list a curve, in the order of `curves`; [] for a curve without values. Lines in the order of `split`.
        Buckets begin at multiples of `bucket_us`, more than 0, since 1970. Curves of one table share a query and have
        the same `split_by`.
        """
        lines: dict[str, list[CurveLine]] = {}
        for table in dict.fromkeys(curve.table for curve in curves):
            of_table = [curve for curve in curves if curve.table == table]
            names = (curve.name for curve in of_table)
            lines |= zip(names, self._lines_of_table(device, of_table, window, bucket_us), strict=True)
        return [lines[curve.name] for curve in curves]

    def rows(self, device: str, table: Table, columns: Sequence[str], time_us: int) -> Newest:
        """A table's rows at exactly `time_us`, in the order of identity, MOST_ROWS at most; without rows if none.

        `columns`: names of columns of the table with numbers or truths, no arrays.
        """
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
        """Events of the sites named, since a week before `now_us`, newest first, MOST_EVENTS at most.

        Keys: `time_us`, `site`, `device`, `kind`, `until_us` (None for an event without an end), `detail`.
        """
        arguments = {"sites": list(sites), "since": utc(now_us - EVENTS_US), "most": MOST_EVENTS}
        return [
            {
                "time_us": microseconds(time), "site": site, "device": device, "kind": kind,
                "until_us": until and microseconds(until), "detail": detail,
            }
            for time, site, device, kind, until, detail in self._connection.execute(EVENTS, arguments)
        ]  # fmt: skip

    def _lines_of_table(
        self, device: str, curves: Sequence[Curve], window: tuple[int, int], bucket_us: int
    ) -> Iterator[list[CurveLine]]:
        """The lines of each of `curves`, which share a table."""
        split = curves[0].split_by
        statement = sql.SQL(BUCKETS).format(
            split=sql.SQL("{},").format(sql.Identifier(split)) if split else sql.SQL(""),
            values=sql.SQL(", ").join(_values(curve) for curve in curves),
            table=sql.Identifier(curves[0].table),
            keys=sql.SQL("1, 2" if split else "1"),
        )
        buckets = -(-(window[1] - window[0]) // bucket_us) + 1
        arguments = {
            "site": self._site, "device": device, "from": utc(window[0]), "until": utc(window[1]),
            "bucket": timedelta(microseconds=bucket_us), "most": buckets * (MOST_LINES if split else 1),
        }  # fmt: skip
        rows = self._connection.execute(statement, arguments).fetchall()
        time_column = 1 if split else 0
        for index in range(len(curves)):
            lines: dict[int | None, CurveLine] = {}
            for row in rows:
                low, mean, high = map(_number, row[(start := time_column + 1 + 3 * index) : start + 3])
                if low is not None and high is not None:
                    identity = row[0] if split else None
                    line = lines.setdefault(identity, CurveLine(identity, []))
                    line.points.append((microseconds(row[time_column]), low, mean, high))
            yield list(lines.values())


def _values(curve: Curve) -> sql.Composed:
    """Expressions for the lowest, mean and highest value of a bucket."""
    low, high = map(_number_sql, (curve.low, curve.high))
    mean = sql.SQL("NULL::float8") if curve.pair else sql.SQL("avg({})::float8").format(low)
    return sql.SQL("min({})::float8, {}, max({})::float8").format(low, mean, high)


def _number_sql(column: Column) -> sql.Composed:
    """A column as a number: a truth is 1 or 0."""
    return sql.SQL("{}::int" if column.type == "bool" else "{}").format(sql.Identifier(column.name))


def _number(value: Any) -> float | None:
    """The value, or None if JSON cannot express it (NaN, infinity)."""
    return value if value is not None and isfinite(value) else None
