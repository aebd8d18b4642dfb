"""Restoring into a database that has part of the day, objects that are damaged or old, values at the edge of types."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from ess_ray.actors.exporter import Exporter
from ess_ray.actors.restorer import Restorer
from ess_ray.actors.takeover import TakeOver
from ess_ray.adapters.postgres.connect import utc
from ess_ray.adapters.postgres.devices import register_devices
from ess_ray.adapters.postgres.ledger import Ledger
from ess_ray.adapters.postgres.retention import drop_verified
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.adapters.postgres.writer import FlushWriter
from ess_ray.adapters.stores.folder import Folder
from ess_ray.adapters.stores.formats import FORMATS
from ess_ray.core.day import Day, whole_day
from ess_ray.core.exporting.formats import ObjectFormat
from ess_ray.core.exporting.objects import Catalogue
from ess_ray.core.exporting.outcome import ExportEnd, ExportOutcome
from ess_ray.core.exporting.restoring import RestoreEnd, RestoreOutcome
from ess_ray.core.maps.column_types import Column
from ess_ray.core.maps.standard import Standard, Table
from ess_ray.core.running.configured import Configured
from tests.contract.test_restore import cells
from tests.exports import DAY, DEVICE, SEOUL
from tests.flushes import BANK_COLUMNS, STANDARD, compress, flush_of
from tests.journals import wait_until

pytestmark = pytest.mark.tables(STANDARD)

HOUR_US = 3_600_000_000
CSV, PARQUET = FORMATS["csv"], FORMATS["parquet"]
EVERY_FORMAT = [CSV, CSV.gzipped(), PARQUET]
DELIVERS = {"bank": [*BANK_COLUMNS], "pcs": ["power"]}
BOOKS = ("sample", "event", "bank", "pcs")


class Archive:
    """A site's day in a database, and a folder of exports; a sample each hour."""

    def __init__(
        self,
        dsn: str,
        folder: Path,
        object_format: ObjectFormat = CSV,
        standard: Standard = STANDARD,
        day: Day = DAY,
    ) -> None:
        self.dsn, self.folder, self.standard, self.day = dsn, folder, standard, day
        self.store = Folder(folder / "export")
        self.catalogue = Catalogue(standard, formats=(object_format,))
        prepare(dsn, standard)
        ledger = Ledger(dsn, self.store.location, self.catalogue, {})
        self.exporter = Exporter(dsn, ledger, self.store)

    def register(self) -> None:
        register_devices(self.dsn, [Configured(DEVICE, "m", "h", 3600.0, 0.0, DELIVERS, self.day.timezone)], 0)

    def write(self, hours: range, soc: float = 50.5) -> None:
        with closing(FlushWriter(self.dsn)) as writer:
            writer.write(flush_of([(DEVICE, self.day.start_us + hour * HOUR_US) for hour in hours], soc))

    def run(self, statement: str, *parameters: object) -> None:
        with psycopg.connect(self.dsn) as connection:
            connection.execute(statement, parameters or None)

    def value(self, query: str) -> object:
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute(query).fetchone()
        return row[0] if row else None

    def export(self) -> set[ExportEnd]:
        ends = set()
        for day_object in self.exporter.ledger.day_objects("jeju", self.day):
            *_, outcome = self.exporter.export(day_object)
            assert isinstance(outcome, ExportOutcome)
            ends.add(outcome.end)
        return ends

    def restore(self, *, run: bool = True, table: str | None = None, store: Folder | None = None) -> RestoreOutcome:
        take_over = TakeOver(self.dsn, self.exporter.ledger, self.store)
        folder = self.folder.parent
        restorer = Restorer(self.dsn, store or self.store, self.catalogue, folder, run=run, take_over=take_over)
        (stored_day,) = restorer.days("jeju", self.day.timezone)
        *_, outcome = restorer.restore(stored_day.only(table))
        assert isinstance(outcome, RestoreOutcome)
        return outcome

    def file(self, table: str) -> Path:
        suffix = self.catalogue.formats[0].suffix
        return self.store.path / f"jeju/{self.day.date:%Y/%m/%d/%Y%m%d}_{table}{suffix}"


@pytest.fixture
def archive(dsn: str, tmp_path: Path) -> Archive:
    """A day that is exported."""
    archive = Archive(dsn, tmp_path)
    archive.register()
    archive.write(range(24))
    assert archive.export() == {ExportEnd.EXPORTED}
    return archive


# --- a database that has part of it -----------------------------------------------------------------------------------


def test_only_hours_that_the_database_lacks_come_back(archive: Archive) -> None:
    before = cells(archive.dsn, BOOKS)
    for table in ("sample", "bank", "pcs"):
        archive.run(f"DELETE FROM {table} WHERE time < %s", utc(DAY.start_us + 7 * HOUR_US))
    dry = archive.restore(run=False)
    assert (dry.end, dry.count.ticks_new, dry.count.ticks_present) == (RestoreEnd.WOULD, 7, 17)
    assert dry.count.tables["bank"].new == 14
    outcome = archive.restore()
    assert (outcome.end, outcome.count) == (RestoreEnd.RESTORED, dry.count)
    assert cells(archive.dsn, BOOKS) == before
    assert archive.export() == {ExportEnd.UNCHANGED}


def test_a_tick_gets_back_the_rows_that_the_database_has_lost(archive: Archive) -> None:
    before = cells(archive.dsn, BOOKS)
    archive.run("DELETE FROM pcs")
    archive.run("DELETE FROM bank WHERE bank_id = 2 AND time < %s", utc(DAY.start_us + 5 * HOUR_US))
    outcome = archive.restore()
    assert (outcome.end, outcome.count.ticks_new) == (RestoreEnd.RESTORED, 0)
    assert {name: table.new for name, table in outcome.count.tables.items() if table.new} == {"pcs": 24, "bank": 5}
    assert cells(archive.dsn, BOOKS) == before


def test_rows_that_the_database_refuses_end_their_day_only(archive: Archive) -> None:
    archive.run("DELETE FROM sample")
    archive.run("DELETE FROM bank")
    archive.run(f"ALTER TABLE bank ADD CHECK (time <> '{utc(DAY.start_us + 5 * HOUR_US)}')")
    outcome = archive.restore()
    assert (outcome.end, outcome.succeeded, outcome.count.ticks_new) == (RestoreEnd.BROKEN_OFF, False, 5)
    assert "bank" in outcome.problem
    assert archive.value("SELECT count(*) FROM sample") == 5


def test_an_hour_that_ends_in_a_deadlock_is_repeated(archive: Archive) -> None:
    for table in ("sample", "bank", "pcs"):
        archive.run(f"DELETE FROM {table}")
    outcomes: list[RestoreOutcome] = []
    restoring = Thread(target=lambda: outcomes.append(archive.restore()))
    with psycopg.connect(archive.dsn) as other:
        other.execute("SET deadlock_timeout = '1min'")  # the restore notices it first
        other.execute("LOCK TABLE bank IN ACCESS EXCLUSIVE MODE")
        restoring.start()
        wait_until(lambda: archive.value("SELECT count(*) FROM pg_locks WHERE NOT granted") == 1)
        other.execute("LOCK TABLE sample IN ACCESS EXCLUSIVE MODE")
    restoring.join(60)
    assert [(each.end, each.count.ticks_new) for each in outcomes] == [(RestoreEnd.RESTORED, 24)]


def test_a_tick_with_another_sample_stays_as_it_is(archive: Archive) -> None:
    tick = utc(DAY.start_us + 3 * HOUR_US)
    archive.run("UPDATE sample SET status = 'failed', reason = 'timeout' WHERE time = %s", tick)
    for table in ("bank", "pcs"):
        archive.run(f"DELETE FROM {table} WHERE time = %s", tick)
    before = cells(archive.dsn, BOOKS)
    outcome = archive.restore()
    assert (outcome.end, outcome.succeeded, outcome.count.ticks_other) == (RestoreEnd.INCOMPLETE, False, 1)
    lacking = {name: table.lacking for name, table in outcome.count.tables.items() if table.lacking}
    assert lacking == {"sample": 1, "bank": 2, "pcs": 1}
    assert cells(archive.dsn, BOOKS) == before
    assert ExportEnd.HELD not in archive.export()  # nobody noticed that: the ledger knows of no change


def test_a_row_with_other_values_stays_as_it_is_and_is_counted(archive: Archive) -> None:
    archive.run("UPDATE pcs SET power = 7 WHERE time = %s", utc(DAY.start_us))
    outcome = archive.restore()
    assert (outcome.end, outcome.count.tables["pcs"].lacking) == (RestoreEnd.INCOMPLETE, 1)
    assert archive.value("SELECT count(*) FROM pcs WHERE power = 7") == 1


def test_one_table_comes_back_to_ticks_that_the_database_has(archive: Archive) -> None:
    before = cells(archive.dsn, BOOKS)
    archive.run("DELETE FROM bank")
    archive.run("DELETE FROM pcs")
    assert archive.restore(table="bank").end is RestoreEnd.RESTORED
    assert cells(archive.dsn, BOOKS)["bank"] == before["bank"]
    assert archive.value("SELECT count(*) FROM pcs") == 0
    archive.run("DELETE FROM sample WHERE time = %s", utc(DAY.start_us))
    outcome = archive.restore(table="pcs")  # a row without its sample would be unproven
    assert (outcome.end, outcome.count.tables["pcs"].new) == (RestoreEnd.INCOMPLETE, 23)
    assert outcome.count.tables["pcs"].lacking == 1


def test_rows_of_ticks_that_no_sample_has_are_left_out(archive: Archive) -> None:
    """The objects of a day are snapshots of their own: a late sample may be in one and not yet in another."""
    archive.run("DELETE FROM sample WHERE time = %s", utc(DAY.start_us))
    archive.run("UPDATE export_object SET mark = '' WHERE table_name = 'sample'")
    archive.exporter = Exporter(archive.dsn, archive.exporter.ledger, archive.store, replace_smaller=True)
    archive.export()
    for table in ("sample", "bank", "pcs"):
        archive.run(f"DELETE FROM {table}")
    outcome = archive.restore()
    assert (outcome.end, outcome.count.ticks_new) == (RestoreEnd.INCOMPLETE, 23)
    assert archive.value("SELECT count(*) FROM pcs") == 23


def test_what_the_new_database_collected_itself_is_exported_with_the_rest(archive: Archive, other_dsn: str) -> None:
    """Another database wrote the object, and this one has all of it and more."""
    new = Archive(other_dsn, archive.folder)
    new.register()
    half_past = flush_of([(DEVICE, DAY.start_us + HOUR_US // 2)])
    with closing(FlushWriter(other_dsn)) as writer:
        writer.write(half_past)
    assert ExportEnd.HELD in new.export()
    outcome = new.restore()
    assert (outcome.end, outcome.count.ticks_new) == (RestoreEnd.RESTORED, 24)
    assert new.export() == {ExportEnd.REPLACED, ExportEnd.UNCHANGED}
    assert new.file("sample").read_bytes().count(b"\r\n") == 26
    assert ExportEnd.HELD in archive.export()  # the lost database, if it comes back


def test_restores_and_a_collector_at_once_store_every_tick_once(archive: Archive, other_dsn: str) -> None:
    new = Archive(other_dsn, archive.folder)
    new.register()
    outcomes: list[RestoreOutcome] = []

    def collect() -> None:
        for hour in range(23, -1, -1):
            new.write(range(hour, hour + 1))

    threads = [Thread(target=lambda: outcomes.append(new.restore())) for _ in range(2)]
    threads.append(Thread(target=collect))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.end for outcome in outcomes if not outcome.succeeded] == []
    without_collector = ("event", "bank", "pcs")
    assert cells(other_dsn, without_collector) == cells(archive.dsn, without_collector)
    assert new.value("SELECT count(*) FROM sample") == 24
    assert new.restore().end is RestoreEnd.PRESENT
    assert new.export() == {ExportEnd.UNCHANGED}


def test_chunks_that_are_compressed_take_late_days(archive: Archive, has_timescale: bool) -> None:
    if not has_timescale:
        pytest.skip("plain tables are not compressed")
    before = cells(archive.dsn, BOOKS)
    for table in ("sample", "bank", "pcs"):
        archive.run(f"DELETE FROM {table} WHERE time >= %s", utc(DAY.start_us + 5 * HOUR_US))
    compress(archive.dsn, "sample", "bank", "pcs", "event")
    assert archive.restore().end is RestoreEnd.RESTORED
    assert cells(archive.dsn, BOOKS) == before
    assert archive.restore().end is RestoreEnd.PRESENT


def test_days_that_were_dropped_come_back_and_are_exported_like_others(archive: Archive, has_timescale: bool) -> None:
    if not has_timescale:
        pytest.skip("plain tables have no chunks")
    before = cells(archive.dsn, BOOKS)
    drop_verified(archive.exporter.ledger, archive.store.stat, DAY.end_us + 86_400_000_000)
    assert archive.value("SELECT count(*) FROM sample") == 0
    assert archive.restore().end is RestoreEnd.RESTORED
    assert cells(archive.dsn, BOOKS) == before
    assert archive.value("SELECT count(*) FROM export_object WHERE dropped") == 0
    assert archive.export() == {ExportEnd.UNCHANGED}
    archive.run("DELETE FROM sample WHERE time = %s", utc(DAY.start_us))
    archive.write(range(1))  # late
    assert archive.export() <= {ExportEnd.UNCHANGED, ExportEnd.REPLACED}


# --- objects ----------------------------------------------------------------------------------------------------------


def cut_off(content: bytes) -> bytes:
    return content[: len(content) * 2 // 3]


def without_last_row(content: bytes) -> bytes:
    return content[: content.rstrip(b"\r\n").rfind(b"\r\n") + 2]


def flipped(content: bytes) -> bytes:
    return content.replace(b"50.5", b"51.5", 1)


def unknown_column(content: bytes) -> bytes:
    return content.replace(b",soc", b",sock", 1)


def twice(content: bytes) -> bytes:
    return content + content[content.find(b"\n") + 1 :]


def another_site(content: bytes) -> bytes:
    return content.replace(b",jeju,", b",busan,", 1)


def impossible(content: bytes) -> bytes:
    return content.replace(b"50.5", b"much", 1)


@pytest.mark.parametrize("with_metadata", [True, False])
@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (cut_off, "cut off|cannot be read"),
        (unknown_column, "column 'sock' is not in the data standard any more"),
        (twice, "not in the order of time"),
        (another_site, "rows of another site than jeju"),
        (impossible, "cannot be read"),
        (without_last_row, "not those that were written"),
        (flipped, "not those that were written"),
    ],
)
def test_a_damaged_object_is_refused_before_anything_is_inserted(
    archive: Archive, damage: Callable[[bytes], bytes], problem: str, with_metadata: bool
) -> None:
    if not with_metadata and damage in (without_last_row, flipped):
        pytest.skip("nothing says what the file was")
    archive.file("bank").write_bytes(damage(archive.file("bank").read_bytes()))
    if not with_metadata:
        for file in (archive.store.path / ".metadata").rglob("*bank.csv/*.json"):
            file.unlink()
    for table in ("sample", "bank", "pcs"):
        archive.run(f"DELETE FROM {table}")
    outcome = archive.restore()
    assert (outcome.end, outcome.succeeded) == (RestoreEnd.REFUSED, False)
    assert "20261122_bank.csv" in outcome.problem
    if with_metadata:
        problem = "not those that were written"
    with pytest.raises(AssertionError, match=problem):
        raise AssertionError(outcome.problem)
    assert archive.value("SELECT count(*) FROM sample") == 0


@pytest.mark.parametrize("object_format", EVERY_FORMAT, ids=lambda each: each.suffix)
@pytest.mark.parametrize("cut", [9, 1 << 30])
def test_an_object_of_any_format_that_is_cut_off_is_refused(
    dsn: str, tmp_path: Path, object_format: ObjectFormat, cut: int
) -> None:
    archive = Archive(dsn, tmp_path, object_format)
    archive.register()
    archive.write(range(24))
    archive.export()
    content = archive.file("bank").read_bytes()
    archive.file("bank").write_bytes(content[: max(0, len(content) - cut)])
    for file in (archive.store.path / ".metadata").rglob("*.json"):
        file.unlink()
    outcome = archive.restore()
    assert outcome.end is RestoreEnd.REFUSED, outcome


@pytest.mark.parametrize("object_format", EVERY_FORMAT, ids=lambda each: each.suffix)
def test_a_copy_of_objects_without_their_metadata_is_restored(
    dsn: str, other_dsn: str, tmp_path: Path, object_format: ObjectFormat
) -> None:
    archive = Archive(dsn, tmp_path, object_format)
    archive.register()
    archive.write(range(24))
    archive.export()
    for file in (archive.store.path / ".metadata").rglob("*.json"):
        file.unlink()
    new = Archive(other_dsn, tmp_path, object_format)
    assert new.restore().end is RestoreEnd.RESTORED
    assert cells(other_dsn, BOOKS) == cells(dsn, BOOKS)
    assert new.export() <= {ExportEnd.UNCHANGED, ExportEnd.ENTERED}


# --- values and days --------------------------------------------------------------------------------------------------

TYPES = ("float8", "float4", "int2", "int4", "int8", "bool", "text", "float8[]", "float4[]", "int2[]", "int8[]")
EDGES = Standard({"edge": Table("edge", (), {f"c{n}": Column(f"c{n}", of, "", "") for n, of in enumerate(TYPES)})})
NAN, INF = float("nan"), float("inf")
SMALL, SINGLE = struct.unpack("<d", b"\x01" + bytes(7))[0], struct.unpack("<f", struct.pack("<f", 0.1))[0]
VALUES: list[tuple[object, ...]] = [
    (0.1, SINGLE, -32768, -(2**31), -(2**63), True, "", [0.1, None, NAN], [SINGLE], [1, None], [2**63 - 1]),
    (-0.0, -0.0, 32767, 2**31 - 1, 2**63 - 1, False, "\\.", [], [], [], []),
    (NAN, INF, 0, 0, 0, None, "a\n\\.\nb", [INF, -INF, -0.0], [NAN, None], [None], [None, None]),
    (SMALL, 1e-45, 1, 1, 1, True, "a\r\nb", [SMALL, 1.7976931348623157e308], [3.4028235e38], [-1], [1]),
    (1 / 3, -INF, 1, 1, 1, True, 'said "no", {1,NULL}, [2]; =1+1', [1 / 3], None, None, None),
    (None, None, None, None, None, None, None, None, None, None, None),
    (1.7976931348623157e308, 3.4028235e38, 5, 5, 5, True, "NULL", None, None, None, None),
    (2.0**53 + 2, 16777216.0, 5, 5, 5, True, "충전 \u2028 \x0b\x7f", None, None, None, None),
]


@pytest.mark.parametrize("object_format", EVERY_FORMAT, ids=lambda each: each.suffix)
def test_values_come_back_to_the_last_bit(
    dsn: str, other_dsn: str, tmp_path: Path, object_format: ObjectFormat
) -> None:
    archive = Archive(dsn, tmp_path, object_format, EDGES)
    delivers = {"edge": [*EDGES.tables["edge"].columns]}
    register_devices(dsn, [Configured(DEVICE, "m", "h", 3600.0, 0.0, delivers, SEOUL)], 0)
    with psycopg.connect(dsn) as connection:
        for number, row in enumerate(VALUES):
            key = (utc(DAY.start_us + number * HOUR_US + number), "jeju", "rack-1")
            connection.execute("INSERT INTO sample VALUES (%s, %s, %s, 'stored')", key)
            marks = ", ".join(f"%s::{of}" for of in TYPES)
            connection.execute(f"INSERT INTO edge VALUES (%s, %s, %s, 0, {marks})", (*key, *row))
    archive.export()
    new = Archive(other_dsn, tmp_path, object_format, EDGES)
    outcome = new.restore()
    assert outcome.end is RestoreEnd.RESTORED, outcome
    assert cells(other_dsn, ("sample", "edge")) == cells(dsn, ("sample", "edge"))
    assert new.export() == {ExportEnd.UNCHANGED}


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Asia/Kolkata", date(2026, 11, 22), 24),
        ("Australia/Lord_Howe", date(2026, 4, 5), 25),
    ],
)
@pytest.mark.parametrize("object_format", [CSV, PARQUET], ids=lambda each: each.suffix)
def test_days_of_any_length_come_back(
    dsn: str, other_dsn: str, tmp_path: Path, object_format: ObjectFormat, zone: str, day: date, hours: int
) -> None:
    archive = Archive(dsn, tmp_path, object_format, day=whole_day(day, zone))
    archive.register()
    archive.write(range(hours))
    archive.export()
    new = Archive(other_dsn, tmp_path, object_format, day=whole_day(day, zone))
    assert new.restore().count.ticks_new == hours
    assert cells(other_dsn, BOOKS) == cells(dsn, BOOKS)
    assert new.export() == {ExportEnd.UNCHANGED}
