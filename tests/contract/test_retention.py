"""Nothing is dropped that the store does not have; everything else goes if the user asked for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta

import psycopg
import pytest

from ess_ray.adapters.postgres.devices import register_devices
from ess_ray.adapters.postgres.ledger import Ledger
from ess_ray.adapters.postgres.retention import drop_verified
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.adapters.postgres.writer import FlushWriter
from ess_ray.core.day import whole_day
from ess_ray.core.errors import ConfigError
from ess_ray.core.exporting.objects import Action, Catalogue, decide
from ess_ray.core.exporting.store import StoredObject
from ess_ray.core.running.configured import Configured
from ess_ray.core.samples import Device
from tests.exports import DAY, DEVICE, SEOUL, day_object_of, export
from tests.flushes import STANDARD, compress, counts, flush_of

pytestmark = pytest.mark.tables(STANDARD)

IN_USE = "another query is using it: the next run tries again"
HOUR_US = 3_600_000_000
DAYS = [whole_day(date(2026, 11, day), SEOUL) for day in (21, 22, 23)]


class Scene:
    """Two days and a bit of a site (a sample every 6 hours) in chunks of a UTC day, and what a store would say."""

    def __init__(self, dsn: str) -> None:
        prepare(dsn, STANDARD)
        self.dsn = dsn
        self.ledger = Ledger(dsn, "folder", Catalogue(STANDARD), {})
        self.store: dict[str, StoredObject] = {}
        register_devices(
            dsn, [Configured(DEVICE, "m", "h", 1.0, 0.0, {"bank": ["soc"], "pcs": ["power"]})], DAYS[0].start_us
        )
        with closing(FlushWriter(dsn)) as writer:
            writer.write(flush_of([(DEVICE, DAYS[0].start_us + hours * HOUR_US) for hours in range(0, 60, 6)]))

    def export(self, last: date) -> None:
        for day_object in self.ledger.due("jeju", SEOUL, last):
            export(self.dsn, self.ledger, day_object)
            self.store[day_object.name] = StoredObject(day_object.name, 1, 10, 4_000_000_000)

    def drop(self) -> list[str]:
        """A line for each chunk: its table, its first day, and why it stays."""
        outcomes = drop_verified(self.ledger, self.store.get, DAYS[2].end_us)
        return [f"{chunk.table} {chunk.limits[8:10]} {chunk.kept_because}".strip() for chunk in outcomes]


@pytest.fixture
def scene(dsn: str, has_timescale: bool) -> Scene:
    if not has_timescale:
        pytest.skip("needs TimescaleDB")
    return Scene(dsn)


CHUNKS = [f"{table} {day}" for day in (20, 21, 22) for table in ("bank", "pcs", "sample")]


def test_chunks_go_when_all_their_days_are_in_the_store(scene: Scene) -> None:
    scene.export(DAYS[2].date)
    compress(scene.dsn, "bank")
    assert scene.drop() == CHUNKS
    assert counts(scene.dsn) == (0, 0, 0)
    assert scene.drop() == []
    assert scene.ledger.due("jeju", SEOUL, DAYS[2].date) == []


def test_chunks_of_a_removed_site_go_once_its_last_days_are_in_the_store(scene: Scene) -> None:
    others = [Configured(Device("busan", "d"), "m", "h", 1.0, 0.0, {"pcs": ["power"]}, "UTC")]
    register_devices(scene.dsn, others, DAYS[2].end_us, gone=["jeju"])
    assert "jeju" in scene.ledger.removed_sites()
    assert all("jeju is not exported" in line for line in scene.drop())
    scene.export(DAYS[2].date)
    assert scene.drop() == CHUNKS
    assert counts(scene.dsn) == (0, 0, 0)


def test_a_day_that_is_not_exported_keeps_both_its_chunks(scene: Scene) -> None:
    scene.export(DAYS[0].date)
    tail = "jeju is not exported from 2026-11-2{} UTC on"
    assert scene.drop() == [
        *CHUNKS[:3],
        *(f"{chunk} {tail.format('1 15:00')}" for chunk in CHUNKS[3:6]),
        *(f"{chunk} {tail.format('2 03:00')}" for chunk in CHUNKS[6:]),
    ]
    assert counts(scene.dsn) == (8, 16, 8)


@pytest.mark.parametrize("difference", [{"generation": 2}, {"crc32c": 3}, None])
def test_an_object_that_is_not_the_ledgers_keeps_its_chunks(scene: Scene, difference: dict[str, int] | None) -> None:
    scene.export(DAYS[2].date)
    name = day_object_of("pcs", DAYS[0]).name
    stored = scene.store.pop(name)
    if difference:
        scene.store[name] = replace(stored, **difference)  # type: ignore[arg-type]
    kept = [line for line in scene.drop() if line not in CHUNKS]
    assert [line[:6] for line in kept] == ["pcs 20", "pcs 21"]
    assert f"{name} is not in the store as the ledger has it" in kept[0]


def test_a_day_that_changed_stays(scene: Scene) -> None:
    scene.export(DAYS[2].date)
    with closing(FlushWriter(scene.dsn)) as writer:
        writer.write(flush_of([(DEVICE, DAYS[0].start_us + 1)]))
    assert scene.drop()[0] == "bank 20 jeju 2026-11-21 has changed since its export"
    scene.export(DAYS[2].date)
    assert scene.drop() == CHUNKS[:6]


def test_a_site_that_nobody_exports_keeps_its_chunk(scene: Scene) -> None:
    scene.export(DAYS[2].date)
    with psycopg.connect(scene.dsn) as connection:
        connection.execute(
            "INSERT INTO pcs (time, site, device, quality) "
            "SELECT time, 'busan', device, 0 FROM pcs ORDER BY time LIMIT 1"
        )
    assert [line for line in scene.drop() if line not in CHUNKS] == [
        "pcs 20 busan is not exported from 2026-11-20 15:00 UTC on"
    ]


def test_what_comes_late_to_a_dropped_day_stays_and_the_object_is_held(scene: Scene) -> None:
    scene.export(DAYS[2].date)
    scene.drop()
    with closing(FlushWriter(scene.dsn)) as writer:
        writer.write(flush_of([(DEVICE, DAYS[0].start_us + 1)]))
    day_object = day_object_of("pcs", DAYS[0])
    entry, changed = scene.ledger.entry_of(day_object)
    assert decide(entry, scene.store[day_object.name], changed) is Action.HELD
    assert scene.ledger.due("jeju", SEOUL, DAYS[2].date) == []
    assert scene.drop() == [
        f"{table} 20 jeju 2026-11-21 has changed since its export" for table in ("bank", "pcs", "sample")
    ]
    assert counts(scene.dsn) == (1, 2, 1)


def test_a_writer_in_the_middle_keeps_the_chunks_and_is_not_held_up_for_long(scene: Scene) -> None:
    scene.export(DAYS[2].date)
    with psycopg.connect(scene.dsn) as writer:
        writer.execute("LOCK TABLE late_commit IN ROW EXCLUSIVE MODE")
        before_us = DAYS[0].start_us + 10 * HOUR_US  # the oldest chunks
        outcomes = drop_verified(scene.ledger, scene.store.get, before_us)
    assert [chunk.kept_because for chunk in outcomes] == [IN_USE] * 3
    assert counts(scene.dsn) == (10, 20, 10)


def test_a_chunk_that_another_job_holds_stays_and_the_others_go(scene: Scene) -> None:
    scene.export(DAYS[2].date)
    with psycopg.connect(scene.dsn) as other, ThreadPoolExecutor(1) as pool:
        other.execute("SET deadlock_timeout = '1h'")  # the other side is to be the victim
        row = other.execute("SELECT show_chunks('bank')::text ORDER BY 1 LIMIT 1").fetchone()
        assert row
        other.execute(f"LOCK TABLE {row[0]} IN ACCESS SHARE MODE")
        dropping = pool.submit(scene.drop)
        waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
        while not other.execute(waits, row).fetchone():
            assert not dropping.done()
        other.execute("LOCK TABLE late_commit IN ROW EXCLUSIVE MODE")
        other.commit()
        assert dropping.result() == [f"bank 20 {IN_USE}", *CHUNKS[1:]]


def test_plain_tables_have_nothing_to_drop(dsn: str, has_timescale: bool) -> None:
    if has_timescale:
        pytest.skip("needs a database without TimescaleDB")
    prepare(dsn, STANDARD)
    with pytest.raises(ConfigError, match="needs TimescaleDB"):
        drop_verified(
            Ledger(dsn, "folder", Catalogue(STANDARD), {}),
            lambda _: None,
            DAY.end_us + int(timedelta(1).total_seconds()),
        )
