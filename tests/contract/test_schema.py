"""A database is brought to the standard, or the message says what does not fit; the history of devices is kept."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ess_ray.adapters.postgres.connect import connect, utc
from ess_ray.adapters.postgres.devices import register_devices
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.core.errors import ConfigError, DatabaseRefused, DatabaseUnavailable
from ess_ray.core.maps.column_types import Column
from ess_ray.core.maps.standard import Standard, Table
from ess_ray.core.running.configured import Configured
from ess_ray.core.samples import Device
from tests.flushes import compress


def standard(**types: str) -> Standard:
    columns = {name: Column(name, kind, "", "") for name, kind in types.items()}
    return Standard({"rack": Table("rack", ("bank_id", "rack_id"), columns)})


def query(dsn: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


RACK = "CREATE TABLE rack (time timestamptz NOT NULL, site text NOT NULL, device text NOT NULL, quality int2 NOT NULL, "


def test_what_was_found_is_said(dsn: str, has_timescale: bool) -> None:
    prepared = prepare(dsn, standard(soc="float8"))
    assert prepared.server.startswith("TimescaleDB 2." if has_timescale else "PostgreSQL 1")
    assert prepared.hypertables is has_timescale
    assert len(prepared.notes) == (0 if has_timescale else 1)
    assert prepared.database.startswith("ess_ray_test_")


def test_columns_come_in_the_standards_order_with_an_index_by_device(dsn: str) -> None:
    prepare(dsn, standard(soc="float8", cells="int2[]", **{'odd "name" %s': "bool"}))
    columns = query(dsn, "SELECT attname::text FROM pg_attribute WHERE attrelid = 'rack'::regclass AND attnum > 0")
    names = ["time", "site", "device", "quality", "bank_id", "rack_id", "soc", "cells"]
    assert [name for (name,) in columns] == [*names, 'odd "name" %s']
    indexes = query(dsn, "SELECT indexdef FROM pg_indexes WHERE tablename = 'rack'")
    assert [str(line).split("(")[-1] for (line,) in indexes] == ['site, device, bank_id, rack_id, "time" DESC)']


def test_a_new_column_is_added_and_an_old_one_stays(dsn: str) -> None:
    prepare(dsn, standard(soc="float8", gone="int4"))
    assert prepare(dsn, standard(soc="float8", soh="float8")).notes == prepare(dsn, standard(soc="float8")).notes
    columns = query(dsn, "SELECT attname::text FROM pg_attribute WHERE attrelid = 'rack'::regclass AND attnum > 6")
    assert columns == [("soc",), ("gone",), ("soh",)]


@pytest.mark.parametrize(
    ("existing", "problem"),
    [
        (
            RACK + "bank_id int2 NOT NULL, rack_id int2 NOT NULL, soc int4)",
            "column soc is integer, expected double precis",
        ),
        (RACK + "bank_id int4 NOT NULL, rack_id int2 NOT NULL)", "column bank_id is integer, expected smallint"),
        (RACK + "bank_id int2 NOT NULL, soc float8)", r"column rack_id \(smallint NOT NULL\) is not there"),
        (
            RACK + "bank_id int2 NOT NULL, rack_id int2 NOT NULL, module_id int2 NOT NULL)",
            r'column module_id \(smallint\) may not be NULL.*identity "site", "device", "bank_id", "rack_id"',
        ),
        ("CREATE VIEW rack AS SELECT 1 AS x", "the database has a view"),
    ],
)
def test_a_table_that_does_not_fit_is_named(dsn: str, existing: str, problem: str) -> None:
    query(dsn, existing)
    with pytest.raises(ConfigError, match=problem) as caught:
        prepare(dsn, standard(soc="float8"))
    assert caught.value.key == "table rack"
    assert query(dsn, "SELECT to_regclass('sample')") == [(None,)]  # nothing is done by halves


@pytest.mark.parametrize(
    ("of", "problem"),
    [
        (standard(soc="money"), "table rack: column soc has type 'money'; expected one of"),
        (Standard({"sample": Table("sample", (), {})}), "table sample: the name is taken"),
    ],
)
def test_a_standard_that_cannot_be_is_named(dsn: str, of: Standard, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        prepare(dsn, of)


def test_jobs_that_start_at_once_take_turns(dsn: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        starts = list(pool.map(lambda _: prepare(dsn, standard(soc="float8")), range(4)))
    assert len({start.identity for start in starts}) == 1
    assert sorted(str(start.schema) for start in starts) == ["version 1"] * 3 + ["version 1, made new"]


def test_a_database_is_known_again_whoever_prepares_it(dsn: str) -> None:
    identity = prepare(dsn, standard(soc="float8")).identity
    assert UUID(identity).version == 4
    assert prepare(dsn, standard(soc="float8", soh="float8")).identity == identity
    with pytest.raises(psycopg.errors.UniqueViolation):
        query(dsn, "INSERT INTO database_identity VALUES ('another')")


def test_samples_from_before_collectors_had_names_stay(dsn: str, has_timescale: bool) -> None:
    prepare(dsn, standard(soc="float8"))
    query(dsn, "ALTER TABLE sample DROP COLUMN collector")
    old = "INSERT INTO sample (time, site, device, status) VALUES ({}, 's', 'd', 'stored')"
    query(dsn, old.format("'2026-01-01'"))
    if has_timescale:
        compress(dsn, "sample")
    prepare(dsn, standard(soc="float8"))
    query(dsn, "SET ess_ray.collector = 'roof'; " + old.format("'2026-01-02'"))
    assert query(dsn, "SELECT collector FROM sample ORDER BY time") == [(None,), ("roof",)]


def test_a_deadlock_with_a_running_collector_is_tried_once_more(dsn: str) -> None:
    prepare(dsn, standard(soc="float8"))
    query(dsn, "ALTER TABLE sample DROP COLUMN retries")  # so that `sample` is altered before `rack`
    with psycopg.connect(dsn) as other, ThreadPoolExecutor(1) as pool:
        other.execute("SET deadlock_timeout = '1h'")  # the other side is to be the victim
        other.execute("LOCK TABLE rack IN SHARE MODE")
        preparing = pool.submit(prepare, dsn, standard(soc="float8", soh="float8"))
        while not query(dsn, "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'rack'::regclass"):
            assert not preparing.done()
        other.execute("LOCK TABLE sample IN SHARE MODE")
        other.commit()
        preparing.result()
    assert query(dsn, "SELECT retries FROM sample") == query(dsn, "SELECT soh FROM rack") == []


def test_a_role_without_rights_uses_what_an_administrator_prepared(role: str, dsn: str) -> None:
    prepare(dsn, standard(soc="float8"))
    full = prepare(dsn, standard(soc="float8"))
    query(dsn, f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO {role}")
    limited = make_conninfo(dsn, user=role)
    assert prepare(limited, standard(soc="float8")) == full
    with pytest.raises(DatabaseRefused, match="must be owner of table rack") as caught:
        prepare(limited, standard(soc="float8", soh="float8"))
    assert caught.value.sqlstate == "42501"


def test_a_role_that_may_not_create_the_extension_gets_plain_tables(role: str, dsn: str, has_timescale: bool) -> None:
    if not has_timescale:
        pytest.skip("needs TimescaleDB")
    query(dsn, f"GRANT CREATE ON SCHEMA public TO {role}")
    prepared = prepare(make_conninfo(dsn, user=role), standard(soc="float8"))
    assert (prepared.hypertables, prepared.server[:10]) == (False, "PostgreSQL")
    assert f"role {role} may not CREATE EXTENSION" in prepared.notes[0]
    assert prepare(dsn, standard(soc="float8")).hypertables  # the tables are empty: they are converted


def test_hypertables_follow_the_settings(dsn: str, has_timescale: bool) -> None:
    if not has_timescale:
        pytest.skip("needs TimescaleDB")
    for chunk, after, compressed in ((24, None, 24), (1, 6, 6), (1, 6, 6)):
        prepare(
            dsn,
            standard(soc="float8"),
            chunk_interval=timedelta(hours=chunk),
            compress_after=None if after is None else timedelta(hours=after),
        )
        dimensions = query(
            dsn, "SELECT hypertable_name, time_interval FROM timescaledb_information.dimensions ORDER BY 1"
        )
        assert dimensions == [(name, timedelta(hours=chunk)) for name in ("event", "rack", "sample")]
        policies = query(
            dsn,
            """SELECT hypertable_name, (config->>'compress_after')::interval FROM timescaledb_information.jobs
               WHERE proc_name = 'policy_compression' ORDER BY 1""",
        )
        assert policies == [(name, timedelta(hours=compressed)) for name in ("event", "rack", "sample")]
    segments = query(
        dsn,
        """SELECT hypertable::text, segmentby, orderby FROM timescaledb_information.hypertable_compression_settings
           ORDER BY 1""",
    )
    assert [segment[1] for segment in segments] == [
        "site,device,kind",
        "site,device,bank_id,rack_id",
        "site,device",
    ]
    assert {segment[2] for segment in segments} == {'"time" DESC'}


def test_a_table_with_rows_from_before_timescaledb_stays_plain_and_is_noted(dsn: str, has_timescale: bool) -> None:
    if not has_timescale:
        pytest.skip("needs TimescaleDB")
    query(dsn, RACK + "bank_id int2 NOT NULL, rack_id int2 NOT NULL)")
    query(dsn, "INSERT INTO rack VALUES (now(), 's', 'd', 0, 1, 1)")
    prepared = prepare(dsn, standard(soc="float8"))
    assert not prepared.hypertables
    assert "table rack has rows from before TimescaleDB" in prepared.notes[0]


@pytest.fixture
def timescale_server(tmp_path: Path, timescale_bin_dir: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    with EmbeddedPostgres(tmp_path / "pg", timescale_bin_dir, request.param) as server:
        yield server.dsn


APACHE = {"shared_preload_libraries": "timescaledb", "timescaledb.license": "apache"}


@pytest.mark.parametrize(
    ("timescale_server", "hypertables", "note"),
    [(APACHE, True, "the tables are not compressed: "), ({}, False, "TimescaleDB is there, but not in shared_preload")],
    indirect=["timescale_server"],
)
def test_a_lesser_timescaledb_is_used_as_far_as_it_goes(timescale_server: str, hypertables: bool, note: str) -> None:
    prepared = prepare(timescale_server, standard(soc="float8"))
    assert prepared.hypertables is hypertables
    assert [line[: len(note)] for line in prepared.notes] == [note]


def device(site: str, name: str, map_hash: str = "h1", period_s: float = 1.0) -> Configured:
    return Configured(Device(site, name), "sionyu", map_hash, period_s, 0.25, {"rack": ["soc"]})


A, B, OTHER = device("jeju", "a"), device("jeju", "b"), device("busan", "a")


@pytest.mark.parametrize(
    ("then", "history"),  # history: what became of the rows that were opened at 0, then those opened at 9
    [
        ([A, B, OTHER], {"busan/a": [0], "jeju/a": [0], "jeju/b": [0]}),
        ([A], {"busan/a": [0], "jeju/a": [0], "jeju/b": [(0, 9)]}),
        ([], {"busan/a": [0], "jeju/a": [0], "jeju/b": [0]}),
        (
            [device("jeju", "a", period_s=2.0), device("jeju", "b", map_hash="h2")],
            {"busan/a": [0], "jeju/a": [(0, 9), 9], "jeju/b": [(0, 9), 9]},
        ),
        ([OTHER, device("busan", "c")], {"busan/a": [0], "busan/c": [9], "jeju/a": [0], "jeju/b": [0]}),
    ],
)
def test_the_history_tells_what_was_configured_when(
    dsn: str, then: list[Configured], history: dict[str, list[object]]
) -> None:
    prepare(dsn, standard(soc="float8"))
    register_devices(dsn, [A, B, OTHER], 0)
    register_devices(dsn, then, 9)
    registered: dict[str, list[object]] = {}
    times = {utc(0): 0, utc(9): 9}
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT site || '/' || device, valid_from, valid_to FROM device ORDER BY 1, 2")
        for name, begin, end in rows:
            registered.setdefault(name, []).append(times[begin] if end is None else (times[begin], times[end]))
    assert registered == history


def test_a_dsn_that_is_none_is_a_setting_to_correct_and_its_password_is_not_shown() -> None:
    with pytest.raises(ConfigError, match=r"^storage\.dsn: not a PostgreSQL connection string") as caught:
        connect("host=db password=secret words")
    assert not {"secret", "words"} & set(str(caught.value).split())
    assert caught.value.__context__ is None  # what it would quote from


def test_a_password_that_is_asked_for_and_not_given_is_refused(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "pg") as server:
        query(server.dsn, "CREATE ROLE asked LOGIN PASSWORD 'secret'")
        (tmp_path / "pg/data/pg_hba.conf").write_text("local all postgres trust\nlocal all all scram-sha-256\n")
        query(server.dsn, "SELECT pg_reload_conf()")
        with pytest.raises(DatabaseRefused, match="no password supplied"):
            prepare(make_conninfo(server.dsn, user="asked"), standard(soc="float8"))


def test_nobody_at_the_address_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="preparing the database"):
        prepare(f"host={tmp_path}", standard(soc="float8"))
