"""The ledger of what was exported, table `export_object`: a row for each object, by site, table, day, format and store.

If a day changed since, the table `late_commit` shows it, without reading the day (docs/decisions/003).
Errors: `DatabaseUnavailable`, `DatabaseRefused`; `ConfigError` for a database that this version never wrote to.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, fields, replace
from datetime import date, datetime
from typing import Any, NamedTuple

import psycopg

from ess_ray.adapters.postgres.connect import DatabaseConnection, connect, translated, utc
from ess_ray.adapters.postgres.late_commits import CHANGED, EXPORTS_AT_WORK, IS_CHANGED, forget_late_commits
from ess_ray.adapters.postgres.migrations import check_version
from ess_ray.adapters.postgres.own_columns import remembering
from ess_ray.adapters.postgres.zones import calendar_of
from ess_ray.core.day import Day, microseconds
from ess_ray.core.errors import ConfigError
from ess_ray.core.exporting.objects import (
    Catalogue,
    DayObject,
    LedgerEntry,
    ObjectKey,
    all_of,
    days_of,
    union_of_columns,
)

LEDGER_LIMIT_S = 120.0  # of the server's silence: a statement may wait for a writer's or another exporter's commit
Delivered = Mapping[str, Collection[str]]  # columns by table

DELIVERIES = """
SELECT map, delivers, valid_from, valid_to FROM device
WHERE site = %s AND coalesce(valid_to, 'infinity') > valid_from AND valid_from < %s"""
REMOVED = """
SELECT site, coalesce((array_agg(timezone ORDER BY valid_from DESC))[1], '') FROM device
GROUP BY site HAVING bool_and(valid_to IS NOT NULL)"""
# In the order of LedgerEntry's fields.
COLUMNS = (
    "name", "place", "generation", "bytes", "crc32c", "content_crc32c", "rows", "first", "last", "mark", "schema_hash",
    "version", "exported_at", "starts", "ends", "dropped",
)  # fmt: skip
KEY = ("site", "table_name", "day", "form")
TIMES = {"first_us", "last_us", "exported_us", "start_us", "end_us"}
ENTRIES = f"""
WITH entry AS MATERIALIZED (
    SELECT * FROM export_object
    WHERE site = %(site)s AND place = %(place)s AND table_name = coalesce(%(table)s, table_name)
      AND day = coalesce(%(day)s, day) AND form = coalesce(%(form)s, form)
), {CHANGED}
SELECT table_name, day, form, {", ".join(COLUMNS)}, {IS_CHANGED} FROM marked, here"""
DROPPED = "SELECT table_name, day FROM export_object WHERE site = %s AND dropped"
# `dropped` stays as it is: what is gone does not come back by an export.
RECORD = f"""
INSERT INTO export_object ({", ".join(KEY + COLUMNS)}) VALUES ({", ".join(["%s"] * len(KEY + COLUMNS))})
ON CONFLICT (site, table_name, day, form, place) DO UPDATE
SET {", ".join(f"{name} = excluded.{name}" for name in COLUMNS if name not in ("place", "dropped"))}"""
# But by a restore, whichever store it came from.
RESTORED = "UPDATE export_object SET dropped = false WHERE site = %s AND table_name = %s AND day = %s AND dropped"
CLAIM = f"""
SELECT set_config('idle_in_transaction_session_timeout', '0', true),
       pg_try_advisory_xact_lock(hashtextextended(%s, 0)),
       pg_advisory_xact_lock_shared({EXPORTS_AT_WORK})"""


class CheckedEntry(NamedTuple):
    """A row of the ledger, compared with the database."""

    entry: LedgerEntry
    changed: bool | None  # True if the day changed since; None if the database is another one, or an older copy


@dataclass(frozen=True, slots=True)
class _Delivery:
    """The columns that one device delivered in [start_us, end_us); an `end_us` of None: until now."""

    delivered: Delivered
    start_us: int
    end_us: int | None

    def overlaps(self, day: Day) -> bool:
        return self.start_us < day.end_us and (self.end_us is None or self.end_us > day.start_us)


class Ledger:
    """The ledger of one store in one database. Each call is a connection and a transaction of its own.

    The store itself is never asked. A `site` is a site's name; one that the database does not know has nothing.
    """

    def __init__(
        self, dsn: str, location: str, catalogue: Catalogue, maps: Mapping[str, Delivered], identity: str = ""
    ) -> None:
        """`location`: `Store.location`. `maps`: by the maps' names what they deliver today (see `delivered_by`).

        The maps are for times of which the database has no record of what was delivered. `identity`: of the database,
        "" for any: all calls raise OtherDatabase while another one answers. Does not connect.
        """
        self.location = location
        self.identity = identity
        self.catalogue = catalogue
        self._dsn = dsn
        self._maps = maps

    def day_objects(self, site: str, day: Day) -> tuple[DayObject, ...]:
        """The objects of a day; () if no device of the site was configured then.

        Of `day` only the date counts where the site's time zones are recorded: the objects' days follow the record.
        """
        with self.connected("reading which devices were configured") as connection:
            day = calendar_of(connection, site, day.timezone).day(day.date)
            return self._day_objects(site, day, self._deliveries(connection, site, day.end_us))

    def removed_sites(self) -> dict[str, str]:
        """Site → time zone of the sites that no collector has any more; "" if the zone was never recorded."""
        with self.connected("reading which sites were removed") as connection:
            return dict(connection.execute(REMOVED).fetchall())

    def due(self, site: str, timezone: str, last: date) -> list[DayObject]:
        """The objects of all days up to and with `last` that lack an entry or may have changed since, oldest first.

        "May": the ledger cannot tell (`CheckedEntry.changed` is None), or the columns or limits are others today.
        Without days in which no device was configured, and without objects of which rows were dropped from the
        database: those are never exported again. `timezone` (IANA) counts where none is recorded.
        """
        with self.connected("reading what is to be exported") as connection:
            calendar = calendar_of(connection, site, timezone)
            end_us = calendar.day(last).end_us
            deliveries = self._deliveries(connection, site, end_us)
            checked = self.entries(connection, site)
            dropped = {(table, day) for table, day in connection.execute(DROPPED, [site])}
        periods = [(delivery.start_us, delivery.end_us) for delivery in deliveries]
        days = [calendar.day(day) for day in days_of(periods, calendar, last)]
        return [
            day_object
            for day in days
            for day_object in self._day_objects(site, day, deliveries)
            if (day_object.table, day.date) not in dropped and _is_due(day_object, checked.get(day_object.key))
        ]

    def entry_of(self, day_object: DayObject) -> tuple[LedgerEntry | None, bool | None]:
        """The object's entry and if its day changed since, see `CheckedEntry`; (None, None) if it has no entry.

        An entry with other columns or limits than `day_object` counts as changed.
        """
        with self.connected("reading the ledger") as connection:
            checked = self.entries(connection, day_object.site, *day_object.key)
        for entry, changed in checked.values():
            return entry, True if changed is False and not entry.matches(day_object) else changed
        return None, None

    def record(self, day_object: DayObject, entry: LedgerEntry) -> None:
        """Commit the entry of an export, in place of the one before it, whose `dropped` stays."""
        with self.connected("entering an export") as connection:
            _record(connection, day_object, entry)

    def take_over(self, day_object: DayObject, entry: LedgerEntry) -> None:
        """Commit the entry of an object of which the database has every row; nothing of its day counts as dropped."""
        with self.connected("taking an object over") as connection:
            _record(connection, day_object, entry)
            connection.execute(RESTORED, [day_object.site, day_object.table, day_object.day.date])

    def forget_late_commits(self) -> int:
        """Forget late commits that no entry of any store needs, as many as one transaction may; returns how many."""
        with self.connected("forgetting late commits that are exported") as connection:
            return forget_late_commits(connection)

    @contextmanager
    def claim(self, day_object: DayObject) -> Iterator[bool]:
        """Claim the object for the `with` block; gives False at once if another exporter has it.

        Saves double work, and late commits are not forgotten while there is a claim. Errors of the block pass.
        """
        table, day, format_name = day_object.key
        name = json.dumps([self.location, day_object.site, table, str(day), format_name])
        with translated("claiming an object for one exporter"):
            connection = connect(self._dsn, LEDGER_LIMIT_S, self.identity)
            row = connection.execute(CLAIM, [name]).fetchone()
        try:
            yield row is not None and row[1]
        finally:
            with suppress(psycopg.Error):
                connection.rollback()  # or the server would end the claim a moment after this
            connection.close()

    def entries(
        self,
        connection: DatabaseConnection,
        site: str,
        table: str | None = None,
        day: date | None = None,
        form: str | None = None,
    ) -> dict[ObjectKey, CheckedEntry]:
        """The entries of a site in this store, by table, date and format's name; an argument of None: all of them.

        `connection` is one of `connected`, whose transaction goes on; psycopg's errors are left to it.
        """
        chosen = {"site": site, "place": self.location, "table": table, "day": day, "form": form}
        checked = {}
        for table_name, of_day, of_form, *values, changed in connection.execute(ENTRIES, chosen):
            fields_of_entry: list[Any] = [
                microseconds(value) if isinstance(value, datetime) else value for value in values
            ]
            checked[table_name, of_day, of_form] = CheckedEntry(LedgerEntry(*fields_of_entry), changed)
        return checked

    @contextmanager
    def connected(self, doing: str) -> Iterator[DatabaseConnection]:
        """A connection in a transaction, committed at the end of the `with`, rolled back if an error leaves it.

        psycopg's errors in the `with` become DatabaseUnavailable or DatabaseRefused, beginning with `doing`, and
        ConfigError if a table or column is missing, or if the tables are those of another version.
        """
        with translated(doing):
            try:
                with connect(self._dsn, LEDGER_LIMIT_S, self.identity) as connection:
                    connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED  # whatever the server's default
                    check_version(connection)
                    yield connection
            except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
                problem = "the database was not prepared by this version of ess_ray: start the main job on it once"
                raise ConfigError("storage", f"{problem} ({error.diag.message_primary})") from error

    def _deliveries(self, connection: DatabaseConnection, site: str, end_us: int) -> list[_Delivery]:
        deliveries = [
            _Delivery(self._delivered(map_name, delivers), microseconds(start), end and microseconds(end))
            for map_name, delivers, start, end in connection.execute(DELIVERIES, [site, utc(end_us)])
        ]
        self._remember(connection, deliveries)
        return deliveries

    def _remember(self, connection: DatabaseConnection, deliveries: list[_Delivery]) -> None:
        """Have the catalogue know columns that were delivered and that no map has any more."""
        known = self.catalogue.standard.tables
        delivered = union_of_columns(delivery.delivered for delivery in deliveries)
        if any(table not in known or columns - known[table].columns.keys() for table, columns in delivered.items()):
            standard = remembering(connection, self.catalogue.standard)
            self.catalogue = replace(self.catalogue, standard=standard)

    def _delivered(self, map_name: str, delivers: str | None) -> Delivered:
        if delivers is None:
            return self._maps.get(map_name) or all_of(self.catalogue.standard)
        recorded: Delivered = json.loads(delivers)
        return recorded

    def _day_objects(self, site: str, day: Day, deliveries: list[_Delivery]) -> tuple[DayObject, ...]:
        delivered = [delivery.delivered for delivery in deliveries if delivery.overlaps(day)]
        return self.catalogue.day_objects(site, day, union_of_columns(delivered)) if delivered else ()


def _record(connection: DatabaseConnection, day_object: DayObject, entry: LedgerEntry) -> None:
    values = [
        utc(value) if field.name in TIMES and value is not None else value
        for field, value in zip(fields(LedgerEntry), astuple(entry), strict=True)
    ]
    connection.execute(RECORD, [day_object.site, *day_object.key, *values])


def _is_due(day_object: DayObject, checked: CheckedEntry | None) -> bool:
    return checked is None or checked.changed is not False or not checked.entry.matches(day_object)
