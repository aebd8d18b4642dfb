"""A site's day for the tests of the export's database side."""

from __future__ import annotations

from datetime import date

import psycopg

from ess_ray.adapters.postgres.connect import utc
from ess_ray.adapters.postgres.day_rows import open_day
from ess_ray.adapters.postgres.ledger import Ledger
from ess_ray.core.day import Day, whole_day
from ess_ray.core.exporting.objects import Catalogue, Entry, Part, all_of
from ess_ray.core.maps.standard import Standard
from ess_ray.core.samples import Device
from tests.flushes import STANDARD

SEOUL = "Asia/Seoul"
DAY = whole_day(date(2026, 11, 22), SEOUL)
DEVICE = Device("jeju", "rack-1")


def part_of(table: str = "bank", day: Day = DAY, standard: Standard = STANDARD) -> Part:
    """All columns of a table of the test's site."""
    parts = Catalogue(standard).parts("jeju", day, all_of(standard))
    return next(part for part in parts if part.table == table)


def read(dsn: str, part: Part) -> tuple[bytes, str, int]:
    """The rows without the header, the mark, the number of rows."""
    with open_day(dsn, part) as rows:
        return b"".join(rows), rows.mark, rows.rows


def export(dsn: str, ledger: Ledger, part: Part, generation: int = 1) -> Entry:
    """Read a day and enter it, as an exporter does that has stored an object of 10 bytes."""
    _, mark, rows = read(dsn, part)
    limits = (part.day.start_us, part.day.end_us)
    entry = Entry(
        part.name,
        ledger.location,
        generation,
        10,
        4_000_000_000,
        5,
        rows,
        None,
        None,
        mark,
        part.schema_hash,
        "1",
        7,
        *limits,
    )
    ledger.record(part, entry)
    return entry


def insert(dsn: str, table: str, columns: str, *rows: tuple[object, ...]) -> None:
    """Rows as nobody's writer would bring them, times in microseconds; unnoticed by the ledger."""
    places = ", ".join(["%s"] * len(rows[0]))
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} ({columns}) VALUES ({places})", [(utc(int(str(row[0]))), *row[1:]) for row in rows]
        )
