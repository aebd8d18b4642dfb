"""A site's day for the tests of the export's database side."""

from __future__ import annotations

from datetime import date

import psycopg

from ess_ray.adapters.postgres.connect import utc
from ess_ray.adapters.postgres.day_rows import open_day
from ess_ray.adapters.postgres.ledger import Ledger
from ess_ray.core.day import Day, whole_day
from ess_ray.core.exporting.objects import Catalogue, DayObject, LedgerEntry, all_of
from ess_ray.core.maps.standard import Standard
from ess_ray.core.samples import Device
from tests.flushes import STANDARD

SEOUL = "Asia/Seoul"
DAY = whole_day(date(2026, 11, 22), SEOUL)
DEVICE = Device("jeju", "rack-1")


def day_object_of(table: str = "bank", day: Day = DAY, standard: Standard = STANDARD) -> DayObject:
    """The object of a table of the test's site, with all columns."""
    day_objects = Catalogue(standard).day_objects("jeju", day, all_of(standard))
    return next(day_object for day_object in day_objects if day_object.table == table)


def read(dsn: str, day_object: DayObject) -> tuple[bytes, str, int]:
    """The rows without the header, the mark, the number of rows."""
    with open_day(dsn, day_object) as rows:
        return b"".join(rows), rows.mark, rows.rows


def export(dsn: str, ledger: Ledger, day_object: DayObject, generation: int = 1) -> LedgerEntry:
    """Read a day and enter it, as an exporter does that has stored an object of 10 bytes."""
    _, mark, rows = read(dsn, day_object)
    limits = (day_object.day.start_us, day_object.day.end_us)
    entry = LedgerEntry(
        day_object.name,
        ledger.location,
        generation,
        10,
        4_000_000_000,
        5,
        rows,
        None,
        None,
        mark,
        day_object.schema_hash,
        "1",
        7,
        *limits,
    )
    ledger.record(day_object, entry)
    return entry


def insert(dsn: str, table: str, columns: str, *rows: tuple[object, ...]) -> None:
    """Rows as nobody's writer would bring them, times in microseconds; unnoticed by the ledger."""
    parameters = ", ".join(["%s"] * len(rows[0]))
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} ({columns}) VALUES ({parameters})",
            [(utc(int(str(row[0]))), *row[1:]) for row in rows],
        )
