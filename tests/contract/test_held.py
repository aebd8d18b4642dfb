"""No export destroys what a store has: whatever happened to the database, an object that holds more stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date

import psycopg
import pytest

from ess_ray.actors.exporter import Exporter
from ess_ray.adapters.postgres.connect import utc
from ess_ray.adapters.postgres.devices import register_devices
from ess_ray.adapters.postgres.ledger import Ledger
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.adapters.postgres.writer import FlushWriter
from ess_ray.adapters.stores.formats import FORMATS
from ess_ray.core.day import whole_day
from ess_ray.core.exporting.formats import ObjectFormat
from ess_ray.core.exporting.objects import Catalogue, DayObject
from ess_ray.core.exporting.outcome import ExportEnd, ExportOutcome
from ess_ray.core.exporting.store import Store
from ess_ray.core.running.configured import Configured
from tests.exports import DAY, DEVICE, SEOUL
from tests.flushes import STANDARD, flush_of

pytestmark = pytest.mark.tables(STANDARD)

HOUR_US, DAY_US = 3_600_000_000, 86_400_000_000
CSV, PARQUET = FORMATS["csv"], FORMATS["parquet"]


class Site:
    """A site's day, a sample each hour, in a database that exports it into a store."""

    def __init__(self, dsn: str, store: Store, object_format: ObjectFormat = CSV) -> None:
        prepare(dsn, STANDARD)
        register_devices(dsn, [Configured(DEVICE, "m", "h", 3600.0, 0.0, {"pcs": ["power"]})], DAY.start_us)
        self.dsn, self.store = dsn, store
        ledger = Ledger(dsn, store.location, Catalogue(STANDARD, formats=(object_format,)), {})
        self.exporter = Exporter(dsn, ledger, store)

    def write(self, hours: range) -> None:
        with closing(FlushWriter(self.dsn)) as writer:
            writer.write(flush_of([(DEVICE, DAY.start_us + hour * HOUR_US) for hour in hours]))

    def run(self, statement: str, *parameters: object) -> None:
        with psycopg.connect(self.dsn) as connection:
            connection.execute(statement, parameters or None)

    def lose(self, hours: range) -> None:
        """Delete the rows of these hours, as a restore, a retention policy or a person does: no ledger notices."""
        for table in ("sample", "bank", "pcs"):
            first, end = (utc(DAY.start_us + hour * HOUR_US) for hour in (hours.start, hours.stop))
            self.run(f"DELETE FROM {table} WHERE time >= %s AND time < %s", first, end)

    def forget(self) -> None:
        """Empty the ledger, as in a backup from before the export."""
        for table in ("export_object", "export_until", "late_commit"):
            self.run(f"DELETE FROM {table}")

    @property
    def day_object(self) -> DayObject:
        day_objects = self.exporter.ledger.day_objects("jeju", whole_day(date(2026, 11, 22), SEOUL))
        return next(day_object for day_object in day_objects if day_object.table == "sample")

    def export(self) -> ExportOutcome:
        (outcome,) = (r for r in self.exporter.export(self.day_object) if isinstance(r, ExportOutcome))
        return outcome

    @property
    def content(self) -> bytes:
        return b"".join(self.store.read(self.day_object.name))

    @property
    def rows(self) -> int:
        return self.content.count(b"\r\n") - 1


@pytest.fixture
def site(dsn: str, store: Store) -> Site:
    return Site(dsn, store)


@pytest.fixture(autouse=True)
def empty_store(store: Store) -> Iterator[None]:
    """The bucket of the fake store is everybody's."""
    yield
    for suffix in (".csv", ".csv.gz", ".parquet"):
        name = f"jeju/2026/11/22/20261122_sample{suffix}"
        if stored := store.stat(name):
            store.delete(name, stored.generation)


def restored_from_a_dump_of_noon(site: Site) -> None:
    site.write(range(24))
    assert site.export().rows == 24
    site.lose(range(12, 24))
    site.forget()


def a_ledger_that_was_lost_with_all_rows(site: Site) -> None:
    site.write(range(24))
    assert site.export().rows == 24
    site.lose(range(24))
    site.forget()


def chunks_dropped_by_an_administrator_and_a_late_sample(site: Site) -> None:
    site.write(range(23))
    assert site.export().rows == 23
    with psycopg.connect(site.dsn) as connection:
        timescale = connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
    for table in ("sample", "bank", "pcs") if timescale else ():
        site.run("SELECT drop_chunks(%s::regclass, older_than => %s::timestamptz)", table, utc(DAY.end_us + DAY_US))
    site.lose(range(24))
    site.write(range(23, 24))


def a_replica_without_the_last_hours_takes_over(site: Site) -> None:
    site.write(range(24))
    assert site.export().rows == 24
    site.lose(range(22, 24))
    site.run("DELETE FROM export_object")


def recovered_to_a_point_in_time_and_a_late_sample(site: Site) -> None:
    site.write(range(20))
    site.export()
    site.write(range(20, 24))
    assert site.export().rows == 24
    site.lose(range(20, 24))
    site.run("UPDATE export_object SET generation = 1, crc32c = 1, rows = 20")  # the entry of the first export
    site.write(range(23, 24))


def as_many_rows_lost_in_between_as_came_later(site: Site) -> None:
    site.write(range(0, 24, 2))
    site.export()
    site.lose(range(4, 6))
    site.write(range(1, 4, 2))


ACCIDENTS = [
    (restored_from_a_dump_of_noon, 24, "24 rows, and the database has 12"),
    (a_ledger_that_was_lost_with_all_rows, 24, "24 rows, and the database has none"),
    (chunks_dropped_by_an_administrator_and_a_late_sample, 23, "23 rows, and the database has 1"),
    (a_replica_without_the_last_hours_takes_over, 24, "24 rows, and the database has 22"),
    (recovered_to_a_point_in_time_and_a_late_sample, 24, "24 rows, and the database has 21"),
    (as_many_rows_lost_in_between_as_came_later, 12, "the object has rack-1 at 2026-11-21 19:00:00 UTC, and the"),
]


@pytest.mark.parametrize(("accident", "rows", "problem"), ACCIDENTS)
def test_an_object_is_not_replaced_by_one_that_holds_less(
    site: Site, accident: Callable[[Site], None], rows: int, problem: str
) -> None:
    accident(site)
    before = site.content
    outcome = site.export()
    assert (site.rows, site.content) == (rows, before)
    assert (outcome.end, outcome.succeeded) == (ExportEnd.HELD, False)
    assert problem in outcome.problem
    assert site.export().end is ExportEnd.HELD


def test_a_second_database_does_not_replace_what_another_has_written(site: Site, other_dsn: str) -> None:
    site.write(range(20))
    site.export()
    other = Site(other_dsn, site.store)
    other.write(range(24))
    outcome = other.export()
    assert site.rows == 20
    assert outcome.end is ExportEnd.HELD
    assert "another database" in outcome.problem


def test_rows_that_are_back_end_it(site: Site) -> None:
    restored_from_a_dump_of_noon(site)
    assert site.export().end is ExportEnd.HELD
    site.write(range(12, 24))  # what the journals, or a better backup, bring back
    assert site.export().end is ExportEnd.ENTERED
    assert site.export().end is ExportEnd.UNCHANGED


def test_what_the_database_has_more_of_is_exported_again(site: Site) -> None:
    site.write(range(1, 23))
    site.export()
    site.write(range(23, 24))
    assert site.export().end is ExportEnd.REPLACED
    site.forget()
    site.write(range(1))
    assert (site.export().end, site.rows) == (ExportEnd.REPLACED, 24)


def test_as_many_rows_of_other_hours_are_less_too(site: Site) -> None:
    site.write(range(12))
    site.export()
    site.lose(range(12))
    site.write(range(12, 24))
    assert "the object begins at 2026-11-21 15:00:00 UTC" in site.export().problem


def test_a_deleted_object_is_not_made_again_with_less(site: Site) -> None:
    restored_from_a_dump_of_noon(site)
    site.write(range(12, 24))
    site.export()
    stored = site.store.stat(site.day_object.name)
    assert stored
    site.store.delete(stored.name, stored.generation)
    site.lose(range(12))
    assert "was deleted from the store, and the object has 24 rows" in site.export().problem
    assert site.store.stat(site.day_object.name) is None


def test_an_explicit_word_puts_the_object_aside_and_replaces_it(site: Site) -> None:
    restored_from_a_dump_of_noon(site)
    before, stored = site.content, site.store.stat(site.day_object.name)
    assert stored
    site.exporter = Exporter(site.dsn, site.exporter.ledger, site.store, replace_smaller=True)
    assert site.export().end is ExportEnd.REPLACED
    assert site.rows == 12
    aside = site.store.stat(f"{stored.name}.replaced-{stored.generation}")
    assert aside
    assert b"".join(site.store.read(aside.name)) == before
    assert (aside.crc32c, aside.metadata) == (stored.crc32c, stored.metadata)
    assert site.export().end is ExportEnd.UNCHANGED
    site.store.delete(aside.name, aside.generation)


@pytest.mark.parametrize("object_format", [CSV, CSV.gzipped(), PARQUET], ids=lambda each: each.suffix)
def test_objects_of_older_versions_are_counted_by_reading_them(
    dsn: str, store: Store, object_format: ObjectFormat
) -> None:
    site = Site(dsn, store, object_format)
    site.write(range(24))
    site.export()
    stored = store.stat(site.day_object.name)
    assert stored
    content = site.content
    with store.write(stored.name, generation=stored.generation, metadata={}, content_type="") as upload:
        upload.write(content)
    restored_hours = 12
    site.lose(range(restored_hours, 24))
    site.forget()
    assert f"the object has 24 rows, and the database has {restored_hours}" in site.export().problem
    with store.write(stored.name, generation=upload.stored.generation, metadata={}, content_type="") as torn:
        torn.write(content[:-9] if object_format is not CSV else b"no columns")
    assert "it cannot be read" in site.export().problem
    assert site.export().end is ExportEnd.HELD


def test_a_file_without_metadata_is_replaced_by_more(site: Site) -> None:
    site.write(range(12))
    site.export()
    stored = site.store.stat(site.day_object.name)
    assert stored
    with site.store.write(stored.name, generation=stored.generation, metadata={}, content_type="") as upload:
        upload.write(site.content)
    site.forget()
    site.write(range(12, 24))
    assert (site.export().end, site.rows) == (ExportEnd.REPLACED, 24)


def test_the_metadata_say_what_the_object_holds_and_who_wrote_it(site: Site) -> None:
    site.write(range(24))
    site.export()
    with psycopg.connect(site.dsn) as connection:
        row = connection.execute("SELECT id FROM database_identity").fetchone()
    assert row
    stored = site.store.stat(site.day_object.name)
    assert stored
    expected = {
        "rows": "24", "first_time": "2026-11-22T00:00:00+0900", "last_time": "2026-11-22T23:00:00+0900",
        "timezone": SEOUL, "database": row[0],
    }  # fmt: skip
    assert expected.items() <= dict(stored.metadata).items()
