"""The ledger of what was exported, table `export_object`: one row an object, by site, table, day, form and store.

Whether a day changed since is told from the table `late_commit`, without reading the day (docs/decisions/003).
Errors: `DatabaseUnavailable`, `DatabaseRefused`; `ConfigError` for a database that this version never wrote to.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from ess_ray.adapters.postgres.connect import EPOCH, Connection, connect, translated, utc
from ess_ray.core.day import Day, whole_day
from ess_ray.core.errors import ConfigError
from ess_ray.core.exporting.objects import Catalogue, Entry, Part, all_of, days_of, union

ANSWER_LIMIT_S = 120.0
Delivered = Mapping[str, Collection[str]]  # columns by table
Known = tuple[Entry, bool | None]  # an entry, and whether the day changed since

SPANS = """
SELECT map, delivers, valid_from, valid_to FROM device
WHERE site = %s AND coalesce(valid_to, 'infinity') > valid_from AND valid_from < %s"""
# In the order of Entry's fields.
COLUMNS = (
    "name", "place", "generation", "bytes", "crc32c", "content_crc32c", "rows", "first", "last", "mark", "schema_hash",
    "version", "exported_at", "starts", "ends", "dropped",
)  # fmt: skip
KEY = ("site", "table_name", "day", "form")
TIMES = {"first_us", "last_us", "exported_us", "start_us", "end_us"}
# A mark of another cluster, or one from the future, says nothing: NULL.
ENTRIES = f"""
SELECT table_name, day, form, {", ".join(COLUMNS)},
       CASE WHEN split_part(mark, '/', 1) = here.cluster::text
             AND pg_snapshot_xmax(split_part(mark, '/', 2)::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot())
       THEN EXISTS (
            SELECT FROM late_commit AS late
            WHERE late.site = e.site AND late.last >= e.starts AND late.first < e.ends
              AND e.table_name = ANY (late.tables) AND late.cluster = here.cluster
              AND NOT pg_visible_in_snapshot(late.xid, split_part(e.mark, '/', 2)::pg_snapshot)) END
FROM export_object AS e, (SELECT system_identifier AS cluster FROM pg_control_system()) AS here
WHERE site = %(site)s AND place = %(place)s AND table_name = coalesce(%(table)s, table_name)
  AND day = coalesce(%(day)s, day) AND form = coalesce(%(form)s, form)"""
DROPPED = "SELECT table_name, day FROM export_object WHERE site = %s AND dropped"
# `dropped` stays as it is: what is gone does not come back by an export.
RECORD = f"""
INSERT INTO export_object ({", ".join(KEY + COLUMNS)}) VALUES ({", ".join(["%s"] * len(KEY + COLUMNS))})
ON CONFLICT (site, table_name, day, form, place) DO UPDATE
SET {", ".join(f"{name} = excluded.{name}" for name in COLUMNS if name not in ("place", "dropped"))}"""
TURN = """
SELECT set_config('idle_in_transaction_session_timeout', '0', true),
       pg_try_advisory_xact_lock(hashtextextended(%s, 0))"""


@dataclass(frozen=True, slots=True)
class _Span:
    """What one device delivered from when to when."""

    delivered: Delivered
    start_us: int
    end_us: int | None

    def overlaps(self, day: Day) -> bool:
        return self.start_us < day.end_us and (self.end_us is None or self.end_us > day.start_us)


class Ledger:
    """The ledger of one store in one database. Each call is a connection and a transaction of its own.

    `maps`: what today's maps deliver by name (`core.exporting.objects.delivered_by`), for times when nobody noted it.
    """

    def __init__(self, dsn: str, location: str, catalogue: Catalogue, maps: Mapping[str, Delivered]) -> None:
        self.location = location
        self.catalogue = catalogue
        self._dsn = dsn
        self._maps = maps

    def parts(self, site: str, day: Day) -> tuple[Part, ...]:
        """The objects of a day; () where nothing was configured then."""
        with self.connected("asking what was configured") as connection:
            return self._parts(site, day, self._spans(connection, site, day.end_us))

    def due(self, site: str, timezone: str, last: date) -> list[Part]:
        """What lacks an entry, or has changed since, of all days up to `last`; oldest first. Less what is held."""
        with self.connected("asking what is to be exported") as connection:
            spans = self._spans(connection, site, whole_day(last, timezone).end_us)
            known = self.entries(connection, site)
            dropped = {(table, day) for table, day in connection.execute(DROPPED, [site])}
        days = [
            whole_day(day, timezone) for day in days_of([(one.start_us, one.end_us) for one in spans], timezone, last)
        ]
        return [
            part
            for day in days
            for part in self._parts(site, day, spans)
            if (part.table, day.date) not in dropped and _is_due(part, known.get(part.key))
        ]

    def look(self, part: Part) -> tuple[Entry | None, bool | None]:
        """The entry, and whether the day changed since; None: that cannot be told. (None, None) without an entry."""
        with self.connected("asking the ledger") as connection:
            found = self.entries(connection, part.site, *part.key)
        for entry, changed in found.values():
            return entry, True if changed is False and not entry.is_of(part) else changed
        return None, None

    def record(self, part: Part, entry: Entry) -> None:
        """Enter an export, in the place of the one before it."""
        values = [
            utc(value) if one.name in TIMES and value is not None else value
            for one, value in zip(fields(Entry), astuple(entry), strict=True)
        ]
        with self.connected("entering an export") as connection:
            connection.execute(RECORD, [part.site, *part.key, *values])

    @contextmanager
    def turn(self, part: Part) -> Iterator[bool]:
        """Whether nobody else is at this object now; for not doing things twice, correctness does not need it."""
        name = json.dumps([self.location, part.site, part.table, str(part.day.date), part.format.name])
        with translated("taking turns"):
            connection = connect(self._dsn, ANSWER_LIMIT_S)
            row = connection.execute(TURN, [name]).fetchone()
        try:
            yield row is not None and row[1]
        finally:
            connection.close()

    def entries(
        self,
        connection: Connection,
        site: str,
        table: str | None = None,
        day: date | None = None,
        form: str | None = None,
    ) -> dict[tuple[str, date, str], Known]:
        """By table, day and form; None: all."""
        chosen = {"site": site, "place": self.location, "table": table, "day": day, "form": form}
        found = {}
        for table_name, of_day, of_form, *values, changed in connection.execute(ENTRIES, chosen):
            given: list[Any] = [_us(value) if isinstance(value, datetime) else value for value in values]
            found[table_name, of_day, of_form] = Entry(*given), changed
        return found

    @contextmanager
    def connected(self, doing: str) -> Iterator[Connection]:
        """A transaction; the database's errors become ours."""
        with translated(doing):
            try:
                with connect(self._dsn, ANSWER_LIMIT_S) as connection:
                    connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED  # whatever the server's default
                    yield connection
            except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
                problem = "the database was not prepared by this version of ess_ray: start the main job on it once"
                raise ConfigError("storage", f"{problem} ({error.diag.message_primary})") from error

    def _spans(self, connection: Connection, site: str, end_us: int) -> list[_Span]:
        return [
            _Span(self._delivered(map_name, delivers), _us(start) or 0, _us(end))
            for map_name, delivers, start, end in connection.execute(SPANS, [site, utc(end_us)])
        ]

    def _delivered(self, map_name: str, delivers: str | None) -> Delivered:
        if delivers is None:
            return self._maps.get(map_name) or all_of(self.catalogue.standard)
        noted: Delivered = json.loads(delivers)
        return noted

    def _parts(self, site: str, day: Day, spans: list[_Span]) -> tuple[Part, ...]:
        there = [span.delivered for span in spans if span.overlaps(day)]
        return self.catalogue.parts(site, day, union(there)) if there else ()


def _is_due(part: Part, known: Known | None) -> bool:
    return known is None or known[1] is not False or not known[0].is_of(part)


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - EPOCH) // timedelta(microseconds=1)
