"""Flushes against a real database, with and without TimescaleDB: everything once, or nothing."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import psycopg
import pytest

from ess_ray.actors.writer import Writer
from ess_ray.adapters.database import is_transient
from ess_ray.adapters.embedded import EmbeddedPostgres
from ess_ray.adapters.schema import prepare
from ess_ray.core.errors import DatabaseRefused, DatabaseUnavailable
from ess_ray.core.flush import Flush, Key, TableRows
from ess_ray.core.samples import Device
from ess_ray.core.standard import Column, Standard, Table

BANK_COLUMNS = {
    "soc": "float8",
    "alarms": "int2[]",
    "energy": "int8",
    "count": "int4",
    "closed": "bool",
    "label": "text",
}
STANDARD = Standard(
    {
        "bank": Table("bank", ("bank_id",), {name: Column(name, kind, "", "") for name, kind in BANK_COLUMNS.items()}),
        "pcs": Table("pcs", (), {"power": Column("power", "float8", "kW", "")}),
    }
)
PG_EPOCH_US = 946_684_800_000_000  # 2000-01-01 UTC
T0 = 1_790_000_000_000_000
FORMATS = {"int2": ">h", "int4": ">i", "int8": ">q", "float4": ">f", "float8": ">d", "bool": ">?"}
SAMPLE_TYPES = {
    "time": "timestamptz", "site": "text", "device": "text", "status": "text", "reason": "text", "missing": "text",
    "read_ms": "float4", "requests": "int2", "retries": "int2",
}  # fmt: skip
BANK_TYPES = {
    "time": "timestamptz",
    "site": "text",
    "device": "text",
    "quality": "int2",
    "bank_id": "int2",
} | BANK_COLUMNS
PCS_TYPES = {"time": "timestamptz", "site": "text", "device": "text", "quality": "int2", "power": "float8"}


def field(kind: str, value: object) -> bytes:
    """One field of a binary COPY tuple (PostgreSQL manual, COPY), written from the manual for these tests."""
    if value is None:
        return struct.pack(">i", -1)
    if kind == "timestamptz":
        kind, value = "int8", int(str(value)) - PG_EPOCH_US
    if kind == "int2[]":
        assert isinstance(value, list)
        data = struct.pack(">iiiii", 1, int(None in value), 21, len(value), 1)
        data += b"".join(field("int2", element) for element in value)
    elif kind == "text":
        data = str(value).encode()
    else:
        data = struct.pack(FORMATS[kind], value)
    return struct.pack(">i", len(data)) + data


def rows(table: str, types: dict[str, str], samples: Sequence[Sequence[Sequence[object]]]) -> TableRows:
    """`samples`: for each sample its rows."""
    pieces = [
        b"".join(struct.pack(">h", len(types)) + b"".join(map(field, types.values(), row)) for row in of_sample)
        for of_sample in samples
    ]
    ends = tuple(sum(map(len, pieces[: i + 1])) for i in range(len(pieces)))
    return TableRows(table, tuple(types), b"".join(pieces), ends, tuple(map(len, samples)))


def flush_of(keys: Sequence[Key], soc: float = 50.5) -> Flush:
    """Two bank rows a sample, and a pcs row."""
    heads = [(tick_us, device.site, device.device) for device, tick_us in keys]
    return Flush(
        tuple(keys),
        rows("sample", SAMPLE_TYPES, [[(*head, "stored", None, None, 12.5, 7, 0)] for head in heads]),
        (
            rows(
                "bank",
                BANK_TYPES,
                [[(*head, 0, b, soc, [1, None], -5, 6, True, "ä") for b in (1, 2)] for head in heads],
            ),
            rows("pcs", PCS_TYPES, [[(*head, 0, -1.5)] for head in heads]),
        ),
    )


def keys_of(ticks: range, device: str = "rack-1") -> list[Key]:
    return [(Device("jeju", device), T0 + tick * 1_000_000) for tick in ticks]


def counts(dsn: str) -> tuple[int, ...]:
    with psycopg.connect(dsn) as connection:
        rows = (connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("sample", "bank", "pcs"))
        return tuple(row[0] for row in rows if row)


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
    assert (answer.known, answer.rows) == ((), {"jeju": {"bank": 2, "pcs": 1}})
    head = (datetime.fromtimestamp(T0 // 1_000_000, UTC) + timedelta(microseconds=123_456), "jeju", "rack-1")
    with psycopg.connect(prepared) as connection:
        assert connection.execute("SELECT * FROM sample").fetchall() == [(*head, "stored", None, None, 12.5, 7, 0)]
        assert connection.execute("SELECT * FROM bank ORDER BY bank_id").fetchall() == [
            (*head, 0, bank, 0.1, [1, None], -5, 6, True, "ä") for bank in (1, 2)
        ]
        assert connection.execute("SELECT * FROM pcs").fetchall() == [(*head, 0, -1.5)]


@pytest.mark.parametrize(
    ("before", "then", "known", "total"),
    [
        (range(5), range(5), range(5), 5),  # the answer to the first was lost
        (range(5), range(3, 8), range(3, 5), 8),
        (range(0), range(3), range(0), 3),
    ],
)
def test_a_sample_is_stored_once(
    prepared: str, writer: Writer, before: range, then: range, known: range, total: int
) -> None:
    writer.write(flush_of(keys_of(before), soc=1))
    answer = writer.write(flush_of(keys_of(then), soc=2))
    assert sorted(answer.known, key=lambda key: key[1]) == keys_of(known)
    assert answer.rows["jeju"]["bank"] == 2 * (len(then) - len(known))
    assert counts(prepared) == (total, 2 * total, total)
    with psycopg.connect(prepared) as connection:  # the first to come is the one that stays
        assert connection.execute("SELECT count(*) FROM bank WHERE soc = 1").fetchone() == (2 * len(before),)


def test_a_key_twice_in_one_flush_is_neither_lost_nor_doubled(prepared: str, writer: Writer) -> None:
    answer = writer.write(flush_of(keys_of(range(3)) + keys_of(range(1, 2))))
    assert list(answer.known) == keys_of(range(1, 2))
    assert counts(prepared) == (3, 6, 3)


def test_two_writers_with_the_same_samples_store_them_once(prepared: str) -> None:
    both = Barrier(2)

    def run(_: int) -> int:
        with closing(Writer(prepared)) as writer:
            known = 0
            for start in range(0, 100, 10):
                both.wait()
                known += len(writer.write(flush_of(keys_of(range(start, start + 15)))).known)
            return known

    with ThreadPoolExecutor(2) as pool:
        known = sum(pool.map(run, range(2)))
    assert counts(prepared) == (105, 210, 105)
    assert known == 2 * 150 - 105


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
    assert list(writer.write(flush_of(keys_of(range(1, 3)))).known) == keys_of(range(1, 2))
    assert counts(server.dsn) == (3, 6, 3)
    writer.close()
    server.stop()


@pytest.mark.parametrize(
    ("power", "sqlstate"),
    [("much", "08P01"), ("a lot of it", "22P03"), (None, "23502")],  # too short, too long, NULL where none may be
)
def test_a_refused_row_leaves_nothing_of_its_flush(
    prepared: str, writer: Writer, power: str | None, sqlstate: str
) -> None:
    good = flush_of(keys_of(range(3)))
    with psycopg.connect(prepared) as connection:
        connection.execute("ALTER TABLE pcs ALTER power SET NOT NULL")
    bad = rows("pcs", PCS_TYPES | {"power": "text"}, [[(T0, "jeju", "rack-1", 0, power)]] * 3)
    with pytest.raises(DatabaseRefused, match=r"writing 3 samples: .*power") as caught:
        writer.write(replace(good, tables=(good.tables[0], bad)))
    assert caught.value.sqlstate == sqlstate
    assert counts(prepared) == (0, 0, 0)
    writer.write(good)
    assert counts(prepared) == (3, 6, 3)


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
    with psycopg.connect(prepared, autocommit=True) as connection:
        for table in ("sample", "bank", "pcs"):
            connection.execute(f"SELECT compress_chunk(chunk) FROM show_chunks('{table}') chunk")
        compressed = connection.execute("SELECT bool_and(is_compressed) FROM timescaledb_information.chunks").fetchone()
        assert compressed == (True,)
    answer = writer.write(flush_of(keys_of(range(100)), soc=2))
    assert sorted(answer.known, key=lambda key: key[1]) == keys_of(range(0, 100, 2))
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
