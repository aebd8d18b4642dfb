"""Flushes against a real database, with and without TimescaleDB: everything once, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import psycopg
import pytest

from ess_ray.actors.writer import Writer
from ess_ray.adapters.postgres.connect import is_transient, utc
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.core.errors import DatabaseUnavailable
from ess_ray.core.samples import Device, Event, EventKind
from tests.flushes import STANDARD, T0, compress, counts, flush_of, keys_of

pytestmark = pytest.mark.tables(STANDARD)


@pytest.fixture
def prepared(dsn: str) -> str:
    prepare(dsn, STANDARD)
    return dsn


@pytest.fixture
def writer(prepared: str) -> Iterator[Writer]:
    writer = Writer(prepared)
    yield writer
    writer.close()


def test_rows_come_back_exactly(prepared: str, writer: Writer) -> None:
    key = (Device("jeju", "rack-1"), T0 + 123_456)
    answer = writer.write(flush_of([key], soc=0.1))
    assert (answer.duplicates, answer.rows) == ((), {"jeju": {"bank": 2, "pcs": 1}})
    start = (datetime.fromtimestamp(T0 // 1_000_000, UTC) + timedelta(microseconds=123_456), "jeju", "rack-1")
    with psycopg.connect(prepared) as connection:
        assert connection.execute("SELECT * FROM sample").fetchall() == [
            (*start, "stored", None, None, 12.5, 7, 0, None)
        ]
        assert connection.execute("SELECT * FROM bank ORDER BY bank_id").fetchall() == [
            (*start, 0, bank, 0.1, [1, None], -5, 6, True, "ä") for bank in (1, 2)
        ]
        assert connection.execute("SELECT * FROM pcs").fetchall() == [(*start, 0, -1.5)]


@pytest.mark.parametrize(
    ("before", "then", "duplicates", "total"),
    [
        (range(5), range(5), range(5), 5),  # the answer to the first was lost
        (range(5), range(3, 8), range(3, 5), 8),
        (range(0), range(3), range(0), 3),
    ],
)
def test_a_sample_is_stored_once(
    prepared: str, writer: Writer, before: range, then: range, duplicates: range, total: int
) -> None:
    writer.write(flush_of(keys_of(before), soc=1))
    answer = writer.write(flush_of(keys_of(then), soc=2))
    assert sorted(answer.duplicates, key=lambda key: key[1]) == keys_of(duplicates)
    assert answer.rows.get("jeju", {"bank": 0})["bank"] == 2 * (len(then) - len(duplicates))
    assert counts(prepared) == (total, 2 * total, total)
    with psycopg.connect(prepared) as connection:  # the first to come is the one that stays
        assert connection.execute("SELECT count(*) FROM bank WHERE soc = 1").fetchone() == (2 * len(before),)


def test_a_key_twice_in_one_flush_is_neither_lost_nor_doubled(prepared: str, writer: Writer) -> None:
    answer = writer.write(flush_of(keys_of(range(3)) + keys_of(range(1, 2))))
    assert list(answer.duplicates) == keys_of(range(1, 2))
    assert counts(prepared) == (3, 6, 3)


def test_flushes_share_a_transaction_unless_one_has_duplicates(prepared: str, writer: Writer) -> None:
    answers = writer.write_together([flush_of(keys_of(range(3))), flush_of(keys_of(range(3, 5)))])
    assert [(answer.duplicates, answer.rows["jeju"]["bank"]) for answer in answers] == [((), 6), ((), 4)]
    assert [answer.cost.transactions for answer in answers] == [1, 0]
    with psycopg.connect(prepared) as connection:
        transactions = "SELECT count(DISTINCT xmin::text) FROM (SELECT xmin FROM sample UNION SELECT xmin FROM bank) s"
        assert connection.execute(transactions).fetchone() == (1,)
    answers = writer.write_together([flush_of(keys_of(range(4, 6))), flush_of(keys_of(range(6, 8)))])
    assert [answer.duplicates for answer in answers] == [tuple(keys_of(range(4, 5))), ()]
    assert [answer.cost.transactions for answer in answers] == [1, 1]
    assert counts(prepared) == (8, 16, 8)


def test_two_writers_with_the_same_samples_store_them_once(prepared: str) -> None:
    both = Barrier(2)

    def run(_: int) -> int:
        with closing(Writer(prepared)) as writer:
            duplicates = 0
            for start in range(0, 100, 10):
                both.wait()
                duplicates += len(writer.write(flush_of(keys_of(range(start, start + 15)))).duplicates)
            return duplicates

    with ThreadPoolExecutor(2) as pool:
        duplicates = sum(pool.map(run, range(2)))
    assert counts(prepared) == (105, 210, 105)
    assert duplicates == 2 * 150 - 105


def test_a_lost_connection_is_opened_again(prepared: str, writer: Writer) -> None:
    writer.write(flush_of(keys_of(range(1))))
    with psycopg.connect(prepared) as connection:
        ours = "datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'ess_ray'"
        connection.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {ours}")
    with pytest.raises(DatabaseUnavailable):
        writer.write(flush_of(keys_of(range(1, 3))))
    writer.write(flush_of(keys_of(range(1, 3))))
    assert counts(prepared) == (3, 6, 3)


def test_after_a_server_was_away_the_same_flush_is_stored(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "pg")
    writer = Writer(server.start())
    prepare(server.dsn, STANDARD)
    writer.write(flush_of(keys_of(range(2))))
    server.stop()
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable, match="writing 2 samples"):
            writer.write(flush_of(keys_of(range(1, 3))))
    server.start()
    assert list(writer.write(flush_of(keys_of(range(1, 3)))).duplicates) == keys_of(range(1, 2))
    assert counts(server.dsn) == (3, 6, 3)
    writer.close()
    server.stop()


def test_a_second_collector_of_the_same_device_is_named(prepared: str) -> None:
    with closing(Writer(prepared, collector="roof")) as roof, closing(Writer(prepared, collector="cellar")) as cellar:
        assert roof.write(flush_of(keys_of(range(2)))).other_collectors == ()
        assert cellar.write(flush_of(keys_of(range(1, 4)))).other_collectors == ("roof",)
        assert roof.write(flush_of(keys_of(range(2)))).other_collectors == ()  # its own: the answer was lost
        assert roof.write(flush_of(keys_of(range(4)))).other_collectors == ("cellar",)
        assert cellar.write(flush_of(keys_of(range(4), "rack-2"))).other_collectors == ()
    assert counts(prepared) == (8, 16, 8)


def test_events_are_stored_once(prepared: str, writer: Writer) -> None:
    device = Device("jeju", "rack-1")
    lost = Event(device, T0, EventKind.DEVICE_LOST)
    jump = Event(device, T0, EventKind.CLOCK_FORWARD, T0 + 5_000_000, "+5 s")
    writer.write_events([])
    for events in ([lost], [lost, jump, lost], [jump]):
        writer.write_events(events)
    with psycopg.connect(prepared) as connection:
        assert connection.execute(
            "SELECT time, site, device, kind, until, detail FROM event ORDER BY 4"
        ).fetchall() == [
            (utc(T0), "jeju", "rack-1", "clock forward", utc(T0 + 5_000_000), "+5 s"),
            (utc(T0), "jeju", "rack-1", "device lost", None, ""),
        ]


def test_commits_are_on_disk_even_where_the_server_is_told_otherwise(prepared: str, writer: Writer) -> None:
    with psycopg.connect(prepared, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET synchronous_commit = off")
        connection.execute(
            """CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS
               $$BEGIN NEW.reason = current_setting('synchronous_commit'); RETURN NEW; END$$"""
        )
        connection.execute("CREATE TRIGGER seen BEFORE INSERT ON sample FOR EACH ROW EXECUTE FUNCTION seen()")
        writer.write(flush_of(keys_of(range(1))))
        assert connection.execute("SELECT reason FROM sample").fetchone() == ("on",)


def test_late_rows_reach_compressed_chunks_not_duplicates(prepared: str, writer: Writer, has_timescale: bool) -> None:
    if not has_timescale:
        pytest.skip("needs TimescaleDB")
    writer.write(flush_of(keys_of(range(0, 100, 2)), soc=1))
    compress(prepared, "sample", "bank", "pcs")
    with psycopg.connect(prepared) as connection:
        compressed = connection.execute("SELECT bool_and(is_compressed) FROM timescaledb_information.chunks").fetchone()
        assert compressed == (True,)
    answer = writer.write(flush_of(keys_of(range(100)), soc=2))
    assert sorted(answer.duplicates, key=lambda key: key[1]) == keys_of(range(0, 100, 2))
    assert counts(prepared) == (100, 200, 100)


@pytest.mark.parametrize(
    ("sqlstate", "transient"),
    [
        ("08006", True), ("57P01", True), ("57P03", True), ("53300", True), ("53100", True), ("40P01", True),
        ("55P03", True), ("25006", True), ("57014", True),
        ("42501", False), ("42P01", False), ("22P03", False), ("23514", False), ("08P01", False), ("57P04", False),
    ],
)  # fmt: skip
def test_the_sqlstate_decides_what_may_be_tried_again(sqlstate: str, transient: bool) -> None:
    assert is_transient(psycopg.errors.lookup(sqlstate)("")) is transient
