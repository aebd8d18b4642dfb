"""The queries of `job=report` and the page's day: what a database tells about it, device by device, in one snapshot.

A whole day of a device comes as a few runs of samples and one line for each row identity of its tables: counting is
done by the server, from the indexes where the tables have been vacuumed.

Errors: `DatabaseUnavailable`, `DatabaseRefused`; `ConfigError` for a database that ess_ray never wrote to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg
from psycopg import sql

from ess_ray.adapters.postgres.connect import connect, translated, utc
from ess_ray.core.day import EPOCH, Day
from ess_ray.core.decoding.normalise import LATE
from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.standard import Standard, Table
from ess_ray.core.reporting.evidence import Evidence, Fate, Rows, Run, Span
from ess_ray.core.samples import Device, EventKind

SPANS = """
SELECT device, map_hash, round(period_s * 1e6)::int8,
       greatest(valid_from, %(start)s), least(coalesce(valid_to, 'infinity'), %(end)s)
FROM device
WHERE site = %(site)s AND valid_from < %(end)s AND coalesce(valid_to, 'infinity') > %(start)s
  AND coalesce(valid_to, 'infinity') > valid_from
ORDER BY device, valid_from"""
JUMPS = """
SELECT time, until FROM event
WHERE site = %(site)s AND device = %(device)s AND kind = %(kind)s AND time < %(end)s AND until > %(start)s"""
WITHIN = sql.SQL("site = %(site)s AND device = %(device)s AND time >= %(start)s AND time < %(end)s")
# Equal sums of equally many: the same ticks. Summing the times themselves would miss two errors that cancel out.
CHECKSUM = sql.SQL("sum(timestamp_hash(time AT TIME ZONE 'UTC'))")
# In a run of equal samples the n-th lies n periods behind one and the same moment, which so names the run.
RUNS = sql.SQL("""
SELECT min(time), count(*), status, reason, {checksum}
FROM (SELECT time, status, reason, time - %(period)s * row_number() OVER (PARTITION BY status, reason ORDER BY time)
             AS run
      FROM sample WHERE {within}) AS samples
GROUP BY status, reason, run""").format(checksum=CHECKSUM, within=WITHIN)
ROWS = "SELECT {ids} count(*), {checksum} FROM {table} WHERE {within} {group}"
REJECTED = """
SELECT {ids} count(*), {checksum}
FROM rejected WHERE table_name = %(table)s AND {within} AND EXISTS (
    SELECT FROM sample s WHERE s.site = rejected.site AND s.device = rejected.device AND s.time = rejected.time
                           AND s.status <> 'failed') {group}"""
LATE_TICKS = "SELECT count(*) FROM {table} WHERE {within} AND quality & %(late)s <> 0 {ids}"


@contextmanager
def open_completeness(dsn: str, standard: Standard, limit_s: float | None = None) -> Iterator[Completeness]:
    """Ask one snapshot of the database, a statement at most `limit_s`; psycopg's errors of the block become ours."""
    with translated("reading the day"), connect(dsn) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        if limit_s:
            connection.answer_limit_s = 2 * limit_s  # the server's own limit comes first
            connection.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(round(1000 * limit_s)))
        yield Completeness(connection, standard)


class Completeness:
    """Answers about one database; see `open_completeness`."""

    def __init__(self, connection: psycopg.Connection, standard: Standard) -> None:
        self._connection = connection
        there = {name for (name,) in connection.execute("SELECT relname FROM pg_class WHERE pg_table_is_visible(oid)")}
        self._tables = [table for table in standard.tables.values() if table.name in there]
        if not {"device", "sample", "event", "rejected"} <= there:
            problem = "was not written by this version of ess_ray: start the main job on it once, then report"
            raise ConfigError("storage", f"database {connection.info.dbname} {problem}")

    def spans(self, site: str, day: Day) -> list[Span]:
        """What was configured at a site, by device and time, cut to what can be expected of the day."""
        arguments = {"site": site, "start": utc(day.start_us), "end": utc(day.until_us)}
        return [
            Span(Device(site, device), map_hash, period_us, _us(start), _us(end))
            for device, map_hash, period_us, start, end in self._connection.execute(SPANS, arguments)
        ]

    def jumps(self, device: Device, day: Day) -> list[tuple[int, int]]:
        """Where the wall clock jumped ahead: [from, until) has no ticks."""
        arguments = {
            "site": device.site, "device": device.device, "kind": EventKind.CLOCK_FORWARD,
            "start": utc(day.start_us), "end": utc(day.end_us),
        }  # fmt: skip
        return [(_us(time), _us(until)) for time, until in self._connection.execute(JUMPS, arguments)]

    def samples(self, span: Span) -> Evidence:
        """The samples of a span alone: no rows are looked at, which takes a fraction of the time."""
        runs = [
            Run(_us(first), ticks, Fate(status), reason, checksum)
            for first, ticks, status, reason, checksum in self._connection.execute(RUNS, _arguments(span))
        ]
        return Evidence(span, runs, (), (), 0)

    def evidence(self, span: Span) -> Evidence:
        """All that is known of a span."""
        arguments = _arguments(span)
        rows = [found for table in self._tables for found in self._rows(ROWS, table, arguments, _names(table))]
        refused = [
            found for table in self._tables for found in self._rows(REJECTED, table, arguments, _from_json(table))
        ]
        return replace(self.samples(span), rows=rows, rejected=refused, late=self._late(rows, arguments))

    def _rows(
        self, query: str, table: Table, arguments: dict[str, object], ids: Sequence[sql.Composable]
    ) -> Iterator[Rows]:
        places = sql.SQL(", ").join(sql.Literal(place + 1) for place in range(len(ids)))
        statement = sql.SQL(query).format(
            ids=sql.SQL("").join(sql.SQL("{}, ").format(name) for name in ids),
            checksum=CHECKSUM,
            table=sql.Identifier(table.name),
            within=WITHIN,
            # Without GROUP BY there would be a row of nothing.
            group=sql.SQL("GROUP BY {}").format(places) if ids else sql.SQL("HAVING count(*) > 0"),
        )
        for *found, count, checksum in self._connection.execute(statement, arguments | {"table": table.name}):
            yield Rows(table.name, tuple(found), count, checksum)

    def _late(self, rows: Sequence[Rows], arguments: dict[str, object]) -> int:
        """All rows of a late sample say so: one identity is asked, of the table with the fewest rows a tick."""
        if not rows:
            return 0
        tables = {table.name: table for table in self._tables}
        identities = Counter(one.table for one in rows)
        asked = min(rows, key=lambda one: (identities[one.table], -one.count))
        names = zip(_names(tables[asked.table]), asked.ids, strict=True)
        ids = (sql.SQL(" AND {} = {}").format(name, sql.Literal(number)) for name, number in names)
        statement = sql.SQL(LATE_TICKS).format(
            table=sql.Identifier(asked.table), within=WITHIN, ids=sql.SQL("").join(ids)
        )
        row = self._connection.execute(statement, arguments).fetchone()
        return int(row[0]) if row else 0


def _arguments(span: Span) -> dict[str, object]:
    return {
        "site": span.device.site, "device": span.device.device,
        "start": utc(span.start_us), "end": utc(span.end_us), "period": utc(span.period_us) - EPOCH, "late": LATE,
    }  # fmt: skip


def _names(table: Table) -> list[sql.Identifier]:
    return [sql.Identifier(name) for name in table.identity]


def _from_json(table: Table) -> list[sql.Composed]:
    """The identity of a rejected row, which is kept as JSON."""
    return [sql.SQL("(row_data::jsonb ->> {})::int2").format(sql.Literal(name)) for name in table.identity]


def _us(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)
