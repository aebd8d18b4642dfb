"""Queries of `job=report` and of the page's heat map: the evidence of a day, device by device, from one snapshot.

A day of a device takes a few rows: one for each run of equal samples, and one for each row identity of its tables. The
server counts, from the indexes alone where the tables have been vacuumed.

Raises `DatabaseUnavailable` and `DatabaseRefused`; `ConfigError` for a database that ess_ray never wrote to.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

import psycopg
from psycopg import sql

from ess_ray.adapters.postgres.connect import connect, translated, utc
from ess_ray.adapters.postgres.migrations import check_version
from ess_ray.adapters.postgres.own_columns import remembering
from ess_ray.adapters.postgres.zones import calendar_of
from ess_ray.core.day import Day, microseconds
from ess_ray.core.decoding.normalise import LATE as LATE_BIT
from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.rates import RowPeriods
from ess_ray.core.maps.recorded_rates import recorded_rows
from ess_ray.core.maps.standard import Standard, Table
from ess_ray.core.reasons import DETAIL
from ess_ray.core.reporting.evidence import ConfiguredSpan, Evidence, IdentityRows, Outcome, SampleRun, SampleSum
from ess_ray.core.samples import Device, EventKind

SPANS = """
SELECT device, map_hash, round(period_s * 1e6)::int8,
       greatest(valid_from, %(start)s), least(coalesce(valid_to, 'infinity'), %(end)s),
       CASE WHEN delivers LIKE '%%"rows every %%' THEN delivers END
FROM device
WHERE site = %(site)s AND valid_from < %(end)s AND coalesce(valid_to, 'infinity') > %(start)s
  AND coalesce(valid_to, 'infinity') > valid_from
ORDER BY device, valid_from"""
JUMPS = """
SELECT time, until FROM event
WHERE site = %(site)s AND device = %(device)s AND kind = %(kind)s AND time < %(end)s AND until > %(start)s"""
WITHIN = sql.SQL("site = %(site)s AND device = %(device)s AND time >= %(start)s AND time < %(end)s")
# The checksum of `core.reporting.evidence`.
CHECKSUM = sql.SQL("sum(timestamp_hash(time AT TIME ZONE 'UTC'))")
# Reasons are bare here (`core.reasons.bare_reason`): else samples that differ in what came would be a run each.
# The n-th sample of a run, less n periods, is the same moment for all samples of the run, so that moment names the run.
RUNS = sql.SQL("""
SELECT min(time), count(*), status, reason, {checksum}
FROM (SELECT time, status, reason, time - %(period)s * row_number() OVER (PARTITION BY status, reason ORDER BY time)
             AS run
      FROM (SELECT time, status, split_part(reason, {detail}, 1) AS reason FROM sample WHERE {within}) AS bare
     ) AS samples
GROUP BY status, reason, run
ORDER BY 1""").format(checksum=CHECKSUM, within=WITHIN, detail=sql.Literal(DETAIL))
READ_EVERY = sql.SQL("""
SELECT count(*), coalesce({checksum}, 0)
FROM sample
WHERE {within} AND status <> 'failed' AND (extract(epoch FROM time) * 1000000)::int8 %% %(every)s = 0""").format(
    checksum=CHECKSUM, within=WITHIN
)
ROWS = "SELECT {ids} count(*), {checksum} FROM {table} WHERE {within} {group}"
REJECTED = """
SELECT {ids} count(*), {checksum}
FROM rejected WHERE table_name = %(table)s AND {within} AND EXISTS (
    SELECT FROM sample s WHERE s.site = rejected.site AND s.device = rejected.device AND s.time = rejected.time
                           AND s.status <> 'failed') {group}"""
LATE_TICKS = "SELECT count(*) FROM {table} WHERE {within} AND quality & %(late)s <> 0 {ids}"


@contextmanager
def open_completeness(
    dsn: str, standard: Standard, limit_s: float | None = None, identity: str = ""
) -> Iterator[Completeness]:
    """One read-only snapshot of the database for the `with` block; psycopg's errors in it are translated.

    `limit_s`: seconds that each statement may take, DatabaseUnavailable if it takes longer; None: no limit.
    `identity`: of the database, OtherDatabase if another one answers; "" for any.
    Raises ConfigError if the database lacks ess_ray's own tables, or if they are those of another version.
    """
    with translated("reading the day"), connect(dsn, identity=identity) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        if limit_s:
            connection.answer_limit_s = 2 * limit_s  # the server's own limit comes first
            connection.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(round(1000 * limit_s)))
        check_version(connection)
        yield Completeness(connection, standard)


class Completeness:
    """The evidence in one database, within the `with` of `open_completeness`; times are microseconds since 1970 UTC.

    Tables of the standard that the database lacks count as empty, and so do sites and devices that it does not know.
    """

    def __init__(self, connection: psycopg.Connection, standard: Standard) -> None:
        self._connection = connection
        names = connection.execute("SELECT relname FROM pg_class WHERE pg_table_is_visible(oid)")
        existing = {name for (name,) in names}
        known = remembering(connection, standard).tables.values()
        self._tables = [table for table in known if table.name in existing]
        if not {"device", "sample", "event", "rejected"} <= existing:
            problem = (
                "lacks the tables of this version of ess_ray: start the main job on it once, then repeat job=report"
            )
            raise ConfigError("storage", f"database {connection.info.dbname} {problem}")

    def recorded_day(self, site: str, day: Day, until_us: int) -> Day:
        """The day of the date of `day` by the time zones that were recorded for the site, as the export has it.

        Samples are expected before `until_us` only.
        """
        recorded = calendar_of(self._connection, site, day.timezone).day(day.date)
        return replace(recorded, until_us=max(recorded.start_us, min(recorded.end_us, until_us)))

    def spans(self, site: str, day: Day) -> list[ConfiguredSpan]:
        """The configurations of a site's devices, cut to [day.start_us, day.until_us), by device and time."""
        arguments = {"site": site, "start": utc(day.start_us), "end": utc(day.until_us)}
        return [
            ConfiguredSpan(
                Device(site, device),
                map_hash,
                period_us,
                microseconds(start),
                microseconds(end),
                _row_periods(periods),
            )
            for device, map_hash, period_us, start, end, periods in self._connection.execute(SPANS, arguments)
        ]

    def jumps(self, device: Device, day: Day) -> list[tuple[int, int]]:
        """Intervals [from_us, until_us) that the poller's wall clock jumped over, which have no ticks.

        Intervals that touch [day.start_us, day.end_us), not cut to it, in no order; [] if none.
        """
        arguments = {
            "site": device.site, "device": device.device, "kind": EventKind.CLOCK_FORWARD,
            "start": utc(day.start_us), "end": utc(day.end_us),
        }  # fmt: skip
        return [(microseconds(time), microseconds(until)) for time, until in self._connection.execute(JUMPS, arguments)]

    def samples(self, span: ConfiguredSpan) -> Evidence:
        """The evidence of a span's samples alone, which takes a fraction of the time; runs in no order.

        `rows` and `rejected` are empty and `late` is 0, whatever the database has.
        """
        runs = [
            SampleRun(microseconds(first), ticks, Outcome(status), reason, checksum)
            for first, ticks, status, reason, checksum in self._connection.execute(RUNS, _arguments(span))
        ]
        return Evidence(span, runs, (), (), 0)

    def evidence(self, span: ConfiguredSpan) -> Evidence:
        """The complete evidence of a span: samples, rows, rejected rows and late ticks; in no order."""
        arguments = _arguments(span)
        rows, refused = list[IdentityRows](), list[IdentityRows]()
        for table in self._tables:
            rows += self._rows(ROWS, table, arguments, _names(table))
            refused += self._rows(REJECTED, table, arguments, _from_json(table))
        each_tick = [row for row in rows if (row.table, row.ids) not in span.row_periods]
        return replace(
            self.samples(span),
            rows=rows,
            rejected=refused,
            late=self._late(each_tick, arguments),
            read_every={every_us: self._read_every(every_us, arguments) for every_us in {*span.row_periods.values()}},
        )

    def _read_every(self, period_us: int, arguments: dict[str, object]) -> SampleSum:
        row = self._connection.execute(READ_EVERY, arguments | {"every": period_us}).fetchone()
        return SampleSum(*row) if row else SampleSum(0, 0)

    def _rows(
        self, query: str, table: Table, arguments: dict[str, object], ids: Sequence[sql.Composable]
    ) -> Iterator[IdentityRows]:
        """The rows of each identity, counted; `ids` are the expressions of the identity's columns."""
        numbers = sql.SQL(", ").join(sql.Literal(number) for number in range(1, len(ids) + 1))
        statement = sql.SQL(query).format(
            ids=sql.SQL("").join(sql.SQL("{}, ").format(name) for name in ids),
            checksum=CHECKSUM,
            table=sql.Identifier(table.name),
            within=WITHIN,
            # Without GROUP BY there would be a row for no rows at all.
            group=sql.SQL("GROUP BY {}").format(numbers) if ids else sql.SQL("HAVING count(*) > 0"),
        )
        for *identity, count, checksum in self._connection.execute(statement, arguments | {"table": table.name}):
            yield IdentityRows(table.name, tuple(identity), count, checksum)

    def _late(self, rows: Sequence[IdentityRows], arguments: dict[str, object]) -> int:
        """Number of late ticks. All rows of a late sample are marked, so those of a single identity are counted.

        `rows`: identities that have a row of each sample. It is one of the table with the fewest, so that few are read.
        """
        if not rows:
            return 0
        tables = {table.name: table for table in self._tables}
        identities = Counter(identity.table for identity in rows)
        counted = min(rows, key=lambda identity: (identities[identity.table], -identity.count))
        names = zip(_names(tables[counted.table]), counted.ids, strict=True)
        ids = (sql.SQL(" AND {} = {}").format(name, sql.Literal(number)) for name, number in names)
        statement = sql.SQL(LATE_TICKS).format(
            table=sql.Identifier(counted.table), within=WITHIN, ids=sql.SQL("").join(ids)
        )
        row = self._connection.execute(statement, arguments).fetchone()
        return int(row[0]) if row else 0


def _arguments(span: ConfiguredSpan) -> dict[str, object]:
    return {
        "site": span.device.site, "device": span.device.device,
        "start": utc(span.start_us), "end": utc(span.end_us),
        "period": timedelta(microseconds=span.period_us), "late": LATE_BIT,
    }  # fmt: skip


@lru_cache(maxsize=64)
def _row_periods(delivers: str | None) -> RowPeriods:
    return recorded_rows(json.loads(delivers)) if delivers else {}


def _names(table: Table) -> list[sql.Identifier]:
    return [sql.Identifier(name) for name in table.identity]


def _from_json(table: Table) -> list[sql.Composed]:
    """Expressions for the identity of a rejected row, which is kept as JSON."""
    return [sql.SQL("(row_data::jsonb ->> {})::int2").format(sql.Literal(name)) for name in table.identity]
