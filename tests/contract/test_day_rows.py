"""A day's rows out of a real database: the exact bytes, the exact hours, and nothing between two exports."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest

from ess_ray.adapters.postgres.connect import utc
from ess_ray.adapters.postgres.day_rows import BLOCK_BYTES, open_day
from ess_ray.adapters.postgres.ledger import Ledger
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.adapters.postgres.writer import FlushWriter
from ess_ray.core.day import EPOCH, whole_day
from ess_ray.core.errors import DatabaseUnavailable
from ess_ray.core.exporting.objects import Catalogue
from ess_ray.core.maps.column_types import Column
from ess_ray.core.maps.standard import Standard, Table
from ess_ray.core.samples import Device, Event, EventKind
from tests.exports import DAY, DEVICE, day_object_of, export, insert, read
from tests.flushes import STANDARD, flush_of

pytestmark = pytest.mark.tables(STANDARD)

NAN, INFINITY = float("nan"), float("inf")
TYPES = {
    "x": "float8",
    "y": "float4",
    "n": "int8",
    "closed": "bool",
    "label": "text",
    "few": "int2[]",
    "many": "float8[]",
}
WIDE = Standard({"rack": Table("rack", ("rack_id",), {name: Column(name, of, "", "") for name, of in TYPES.items()})})
HOUR_US = 3_600_000_000


@pytest.fixture
def prepared(dsn: str) -> str:
    prepare(dsn, STANDARD)
    return dsn


def test_every_value_is_written_in_one_way(dsn: str) -> None:
    prepare(dsn, WIDE)
    with psycopg.connect(dsn, autocommit=True) as connection:  # whatever the server's taste
        for setting in ("timezone = 'America/New_York'", "datestyle = 'SQL, DMY'", "extra_float_digits = -3"):
            connection.execute(f"ALTER DATABASE {connection.info.dbname} SET {setting}")
    start = DAY.start_us
    insert(
        dsn,
        "rack",
        "time, site, device, quality, rack_id, x, y, n, closed, label, few, many",
        (start + 1_500_000, "jeju", "b", 0, 1, 0.1 + 0.2, 0.1, 1 << 62, True, 'say "a, b"', [1, None, -3], [0.1, NAN]),
        (start + 1_500_000, "jeju", "a", 3, 2, 1e300, 1.0, -1, False, "two\nlines\r\n", [], [1e-7, -INFINITY]),
        (start + 1_500_000, "jeju", "a", 0, 1, NAN, INFINITY, 0, None, "", [7], None),
        (start, "jeju", "Z", 0, 1, *[None] * 7),
        (start + 123, "jeju", "ä", 0, 1, -0.0, 5.0, 0, None, "\\.", None, None),
    )
    content, _, rows = read(dsn, day_object_of("rack", standard=WIDE))
    assert rows == 5
    assert content.decode() == (
        "2026-11-22T00:00:00+09:00,jeju,Z,0,1,,,,,,,\r\n"
        "2026-11-22T00:00:00.000123+09:00,jeju,ä,0,1,-0,5,0,,\\.,,\r\n"
        '2026-11-22T00:00:01.5+09:00,jeju,a,0,1,NaN,Infinity,0,,"",[7],\r\n'
        '2026-11-22T00:00:01.5+09:00,jeju,a,3,2,1e+300,1,-1,false,"two\nlines\r\n",[],"[1e-07,""-Infinity""]"\r\n'
        "2026-11-22T00:00:01.5+09:00,jeju,b,0,1,0.30000000000000004,0.1,4611686018427387904,true,"
        '"say ""a, b""","[1,null,-3]","[0.1,""NaN""]"\r\n'
    )


@pytest.mark.parametrize(
    ("day", "timezone", "rows"),  # a row every half hour
    [
        (date(2026, 11, 22), "Asia/Seoul", 48),
        (date(2026, 11, 22), "Asia/Kathmandu", 48),
        (date(2026, 11, 22), "America/St_Johns", 48),
        (date(2026, 3, 8), "America/New_York", 46),
        (date(2026, 11, 1), "America/New_York", 50),
        (date(2026, 4, 5), "Australia/Lord_Howe", 49),
    ],
)
def test_a_day_has_its_own_hours_in_the_sites_time(prepared: str, day: date, timezone: str, rows: int) -> None:
    of, zone = whole_day(day, timezone), ZoneInfo(timezone)
    times = range(of.start_us - 2 * HOUR_US, of.end_us + 2 * HOUR_US, HOUR_US // 2)
    insert(prepared, "pcs", "time, site, device, quality", *[(time_us, "jeju", "d", 0) for time_us in times])
    with open_day(prepared, day_object_of("pcs", of)) as day_rows:
        lines = b"".join(day_rows).decode().splitlines()
    inside = [EPOCH + timedelta(microseconds=time_us) for time_us in times if of.start_us <= time_us < of.end_us]
    assert [line.split(",")[0] for line in lines] == [moment.astimezone(zone).isoformat() for moment in inside]
    assert (len(lines), day_rows.rows, day_rows.first_us, day_rows.last_us) == (
        rows, rows, of.start_us, of.end_us - HOUR_US // 2,
    )  # fmt: skip


def test_a_midnight_belongs_to_one_day_only_and_a_site_to_itself(prepared: str) -> None:
    edges = (DAY.start_us - 1, DAY.start_us, DAY.end_us - 1, DAY.end_us)
    rows = [(time_us, site, "d", 0) for time_us in edges for site in ("jeju", "busan")]
    insert(prepared, "pcs", "time, site, device, quality", *rows)
    assert read(prepared, day_object_of("pcs"))[0] == (
        b"2026-11-22T00:00:00+09:00,jeju,d,0,\r\n2026-11-22T23:59:59.999999+09:00,jeju,d,0,\r\n"
    )


def test_a_table_without_rows_has_its_header(prepared: str) -> None:
    with open_day(prepared, day_object_of("event")) as rows:
        assert (rows.header, list(rows)) == (b"time,site,device,kind,until,detail\r\n", [])
    assert (rows.rows, rows.first_us, rows.last_us) == (0, None, None)


def test_events_keep_what_was_said(prepared: str) -> None:
    with closing(FlushWriter(prepared)) as writer:
        writer.write_events([
            Event(DEVICE, DAY.start_us, EventKind.DEVICE_LOST, None, 'no "route",\nnone'),
            Event(DEVICE, DAY.start_us, EventKind.CLOCK_FORWARD, DAY.end_us, ""),
        ])  # fmt: skip
    assert read(prepared, day_object_of("event"))[0].decode() == (
        '2026-11-22T00:00:00+09:00,jeju,rack-1,clock forward,2026-11-23T00:00:00+09:00,""\r\n'
        '2026-11-22T00:00:00+09:00,jeju,rack-1,device lost,,"no ""route"",\nnone"\r\n'
    )


def fill(dsn: str, rows: int) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(
            """INSERT INTO pcs (time, site, device, quality)
               SELECT %s + tick * interval '1 s', 'jeju', 'd', 0 FROM generate_series(0, %s) AS tick""",
            [utc(DAY.start_us), rows - 1],
        )


def test_blocks_are_whole_lines_of_bounded_size(prepared: str) -> None:
    fill(prepared, 20_000)
    with open_day(prepared, day_object_of("pcs")) as day_rows:
        blocks = list(day_rows)
    assert len(blocks) > 2
    assert max(map(len, blocks)) < BLOCK_BYTES * 1.1
    assert [block[-2:] for block in blocks] == [b"\r\n"] * len(blocks)
    assert sum(block.count(b"\r\n") for block in blocks) == 20_000


def test_leaving_in_the_middle_ends_the_query(prepared: str) -> None:
    def leave() -> None:
        with open_day(prepared, day_object_of("pcs")) as day_rows:
            next(iter(day_rows))
            raise KeyboardInterrupt

    fill(prepared, 20_000)
    with pytest.raises(KeyboardInterrupt):
        leave()
    assert read(prepared, day_object_of("pcs"))[2] == 20_000


def test_a_database_that_goes_away_in_the_middle_is_unavailable(prepared: str) -> None:
    def read_on() -> None:
        with psycopg.connect(prepared, autocommit=True) as other, open_day(prepared, day_object_of("pcs")) as day_rows:
            blocks = iter(day_rows)
            next(blocks)
            reads_the_day = "datname = current_database() AND query LIKE '%COPY (SELECT%' AND pid <> pg_backend_pid()"
            other.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {reads_the_day}")
            list(blocks)

    fill(prepared, 80_000)
    with pytest.raises(DatabaseUnavailable, match="reading jeju 2026-11-22 pcs"):
        read_on()


# --- what is committed while a day is read ----------------------------------------------------------------------------


@pytest.fixture
def gate(prepared: str) -> Iterator[psycopg.Connection]:
    """While this transaction has the advisory lock 1, writers stop in the middle of theirs."""
    with psycopg.connect(prepared) as connection:
        connection.execute(
            """CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
               $$BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END$$"""
        )
        connection.execute("CREATE TRIGGER wait BEFORE INSERT ON sample FOR EACH ROW EXECUTE FUNCTION wait()")
        connection.commit()
        connection.execute("SELECT pg_advisory_xact_lock(1)")
        yield connection


def _wait_for(dsn: str, query: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        while connection.execute(f"SELECT EXISTS ({query})").fetchone() != (True,):
            pass


STOPPED = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = 1"
ANNOUNCED = "SELECT FROM export_until"


def ledger_of(dsn: str) -> Ledger:
    return Ledger(dsn, "folder", Catalogue(STANDARD), {})


def test_a_commit_that_an_export_cannot_have_told_of_is_waited_for(prepared: str, gate: psycopg.Connection) -> None:
    ledger, day_object = ledger_of(prepared), day_object_of("bank")
    with closing(FlushWriter(prepared)) as writer, ThreadPoolExecutor(2) as pool:
        flush = pool.submit(writer.write, flush_of([(DEVICE, DAY.start_us)]))
        _wait_for(prepared, STOPPED)
        exported = pool.submit(export, prepared, ledger, day_object)
        _wait_for(prepared, ANNOUNCED)
        assert not exported.done()
        gate.commit()
        flush.result()
        assert exported.result().rows == 2
    assert ledger.entry_of(day_object)[1] is False


def test_a_commit_behind_an_export_tells_of_itself(prepared: str, gate: psycopg.Connection) -> None:
    """Its transaction is open before the snapshot, across it and after it: it began behind the announcement."""
    ledger, day_object = ledger_of(prepared), day_object_of("bank")
    assert export(prepared, ledger, day_object).rows == 0
    with closing(FlushWriter(prepared)) as writer, ThreadPoolExecutor(1) as pool:
        flush = pool.submit(writer.write, flush_of([(DEVICE, DAY.start_us)]))
        _wait_for(prepared, STOPPED)
        with pytest.raises(DatabaseUnavailable, match=r"transaction open for more than 0\.1 s"):
            open_day(prepared, day_object, writer_limit_s=0.1).__enter__()
        assert ledger.entry_of(day_object)[1] is False  # nothing is committed
        gate.commit()
        flush.result()
    assert ledger.entry_of(day_object)[1] is True
    assert export(prepared, ledger, day_object, generation=2).rows == 2
    assert ledger.entry_of(day_object)[1] is False


def test_an_export_never_misses_a_commit_unknowingly(prepared: str) -> None:
    """The commit comes earlier or later until it meets the moment at which the day is read."""
    ledger, day_object = ledger_of(prepared), day_object_of("bank")
    pause_s, missed, rounds = 0.0, 0, 50
    with closing(FlushWriter(prepared)) as writer, ThreadPoolExecutor(1) as pool:

        def write(tick: int) -> None:
            time.sleep(pause_s)
            writer.write(flush_of([(DEVICE, DAY.start_us + tick * 1_000_000)]))

        for tick in range(rounds):
            flush = pool.submit(write, tick)
            unseen = 2 * (tick + 1) - export(prepared, ledger, day_object).rows
            flush.result()
            assert ledger.entry_of(day_object)[1] is (unseen > 0)
            pause_s = max(0.0, pause_s - 0.004) if unseen else pause_s + 0.004
            missed += unseen > 0
    assert missed, "no commit came behind the moment"


def test_only_what_was_touched_has_changed(prepared: str) -> None:
    ledger = ledger_of(prepared)
    following = whole_day(date(2026, 11, 23), "Asia/Seoul")
    day_objects = [day_object_of(table, day) for table in ("bank", "sample", "event") for day in (DAY, following)]

    def changed() -> list[bool | None]:
        return [ledger.entry_of(day_object)[1] for day_object in day_objects]

    with closing(FlushWriter(prepared)) as writer:
        writer.write(flush_of([(DEVICE, DAY.start_us)]))
        for day_object in day_objects:
            export(prepared, ledger, day_object)
        assert changed() == [False] * 6
        writer.write(flush_of([(DEVICE, DAY.start_us)]))  # known already
        writer.write(flush_of([(DEVICE, following.end_us)]))  # a day that nobody has read
        writer.write(flush_of([(Device("busan", "d"), DAY.start_us)]))
        assert changed() == [False] * 6
        writer.write_events([Event(DEVICE, following.end_us - 1, EventKind.DEVICE_LOST)])
        assert changed() == [False] * 5 + [True]
        writer.write(flush_of([(DEVICE, DAY.start_us - 1), (DEVICE, following.start_us), (DEVICE, following.end_us)]))
        assert changed() == [False, True, False, True, False, True]
        with psycopg.connect(prepared) as connection:
            row = connection.execute("SELECT count(*) FROM late_commit").fetchone()
        assert row == (3,)


def test_a_server_with_another_isolation_level_changes_nothing(prepared: str, gate: psycopg.Connection) -> None:
    with psycopg.connect(prepared, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    ledger, day_object = ledger_of(prepared), day_object_of("bank")
    with closing(FlushWriter(prepared)) as writer, ThreadPoolExecutor(1) as pool:
        flush = pool.submit(writer.write, flush_of([(DEVICE, DAY.start_us)]))
        _wait_for(prepared, STOPPED)
        with psycopg.connect(prepared) as connection:
            level = "SELECT count(*) FROM pg_locks WHERE mode = 'SIReadLock'"  # serializable transactions take them
            assert connection.execute(level).fetchone() == (0,)
        gate.commit()
        flush.result()
    assert export(prepared, ledger, day_object).rows == 2
