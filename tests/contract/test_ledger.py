"""The ledger of exports against a real database: what is due, what changed, and marks that mean nothing."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date, timedelta

import psycopg
import pytest

from ess_ray.adapters.postgres.connect import utc
from ess_ray.adapters.postgres.day_rows import open_day
from ess_ray.adapters.postgres.devices import register_devices
from ess_ray.adapters.postgres.ledger import Ledger
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.adapters.stores.formats import PARQUET
from ess_ray.core.day import whole_day
from ess_ray.core.errors import ConfigError, DatabaseRefused
from ess_ray.core.exporting.objects import Catalogue
from ess_ray.core.maps.fixed_columns import FIXED_TABLES
from ess_ray.core.running.configured import Configured
from ess_ray.core.samples import Device
from tests.exports import DAY, DEVICE, SEOUL, day_object_of, export, read
from tests.flushes import STANDARD

pytestmark = pytest.mark.tables(STANDARD)

DAY_US = 86_400_000_000
LAST = date(2026, 11, 24)


@pytest.fixture
def prepared(dsn: str) -> str:
    prepare(dsn, STANDARD)
    return dsn


@pytest.fixture
def ledger(prepared: str) -> Ledger:
    return Ledger(prepared, "folder", Catalogue(STANDARD), {"bank-map": {"bank": ["soc"]}})


def configured(delivers: dict[str, list[str]], device: Device = DEVICE, map_name: str = "m") -> Configured:
    return Configured(device, map_name, f"hash of {delivers}", 1.0, 0.0, delivers)


def run(dsn: str, statement: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(statement)


def due(ledger: Ledger, last: date = LAST) -> list[tuple[int, str]]:
    return [(day_object.day.date.day, day_object.table) for day_object in ledger.due("jeju", SEOUL, last)]


def test_what_was_recorded_comes_back(prepared: str, ledger: Ledger) -> None:
    day_object = day_object_of("bank")
    assert ledger.entry_of(day_object) == (None, None)
    entry = export(prepared, ledger, day_object)
    assert ledger.entry_of(day_object) == (entry, False)
    newer = replace(entry, generation=1 << 60, first_us=DAY.start_us, last_us=DAY.end_us - 1)
    ledger.record(day_object, newer)
    assert ledger.entry_of(day_object) == (newer, False)
    assert Ledger(prepared, "gs://other", Catalogue(STANDARD), {}).entry_of(day_object) == (None, None)
    assert ledger.entry_of(replace(day_object, format=PARQUET)) == (None, None)


def test_a_day_with_other_columns_or_hours_has_changed(prepared: str, ledger: Ledger) -> None:
    day_object = day_object_of("bank")
    export(prepared, ledger, day_object)
    assert ledger.entry_of(replace(day_object, columns=day_object.columns[:-1]))[1] is True
    assert ledger.entry_of(replace(day_object, day=whole_day(DAY.date, "UTC")))[1] is True


def test_due_is_every_day_that_something_was_configured_oldest_first(prepared: str, ledger: Ledger) -> None:
    pcs = configured({"pcs": ["power"]}, Device("jeju", "pcs-1"))
    register_devices(prepared, [pcs], DAY.start_us + 5)
    register_devices(prepared, [pcs, configured({"bank": ["label", "soc"]})], DAY.end_us)
    register_devices(prepared, [configured({"bank": ["label", "soc"]})], DAY.end_us + DAY_US)
    assert due(ledger) == [
        (day, table)
        for day, tables in ((22, ["pcs"]), (23, ["bank", "pcs"]), (24, ["bank"]))
        for table in (*tables, *FIXED_TABLES)
    ]
    assert due(ledger, date(2026, 11, 21)) == []
    assert [column.name for column in ledger.due("jeju", SEOUL, LAST)[5].columns][4:] == ["bank_id", "soc", "label"]
    assert ledger.due("busan", SEOUL, LAST) == []
    assert ledger.day_objects("jeju", whole_day(date(2026, 11, 21), SEOUL)) == ()


def test_due_leaves_out_what_is_exported_and_has_not_changed(prepared: str, ledger: Ledger) -> None:
    register_devices(prepared, [configured({"pcs": ["power"]})], DAY.start_us)
    for day_object in ledger.due("jeju", SEOUL, DAY.date):
        export(prepared, ledger, day_object)
    assert due(ledger, DAY.date) == []
    run(prepared, f"INSERT INTO late_commit (site, tables, first, last) SELECT 'jeju', '{{pcs}}', t, t "
                  f"FROM (VALUES ('{utc(DAY.end_us - 1)}'::timestamptz)) AS v(t)")  # fmt: skip
    assert due(ledger, DAY.date) == [(22, "pcs")]
    run(prepared, "UPDATE export_object SET dropped = true WHERE table_name = 'pcs'")
    assert due(ledger, DAY.date) == []  # held
    assert Ledger(prepared, "gs://new", Catalogue(STANDARD), {}).due("jeju", SEOUL, DAY.date)[0].table == "sample"


def test_times_from_before_deliveries_were_noted_take_the_maps_of_today(prepared: str, ledger: Ledger) -> None:
    register_devices(prepared, [configured({"x": []}, map_name="bank-map")], DAY.start_us)
    run(prepared, "UPDATE device SET delivers = NULL")
    assert [column.name for column in ledger.day_objects("jeju", DAY)[0].columns][5:] == ["soc"]
    run(prepared, "UPDATE device SET map = 'gone'")
    assert [day_object.table for day_object in ledger.day_objects("jeju", DAY)] == ["bank", "pcs", *FIXED_TABLES]
    register_devices(prepared, [configured({"x": []}, map_name="gone")], DAY.end_us)  # the same map: now it is noted
    assert [day_object.table for day_object in ledger.day_objects("jeju", DAY)] == [*FIXED_TABLES]


@pytest.mark.parametrize(
    "mark",
    [
        "UPDATE export_object SET mark = '1' || mark",  # of another cluster: the data were dumped and restored
        "UPDATE export_object SET mark = split_part(mark, '/', 1) || '/4000000000:4000000000:'",  # of a future
    ],
)
def test_a_mark_that_means_nothing_here_is_known(prepared: str, ledger: Ledger, mark: str) -> None:
    register_devices(prepared, [configured({"pcs": ["power"]})], DAY.start_us)
    for day_object in ledger.due("jeju", SEOUL, DAY.date):
        export(prepared, ledger, day_object)
    run(prepared, mark)
    assert ledger.entry_of(day_object_of("bank")) == (None, None)
    assert ledger.entry_of(day_object_of("pcs"))[1] is None
    assert due(ledger, DAY.date) == [(22, table) for table in ("pcs", *FIXED_TABLES)]


def test_late_commits_of_another_cluster_do_not_touch_an_export_of_this_one(prepared: str, ledger: Ledger) -> None:
    export(prepared, ledger, day_object_of("pcs"))
    run(prepared, f"INSERT INTO late_commit SELECT '99999'::xid8, 1, 'jeju', '{{pcs}}', t, t "
                  f"FROM (VALUES ('{utc(DAY.start_us)}'::timestamptz)) AS v(t)")  # fmt: skip
    assert ledger.entry_of(day_object_of("pcs"))[1] is False


def test_an_export_that_was_slow_does_not_revive_what_was_dropped(prepared: str, ledger: Ledger) -> None:
    entry = export(prepared, ledger, day_object_of("pcs"))
    run(prepared, "UPDATE export_object SET dropped = true")
    ledger.record(day_object_of("pcs"), entry)
    entry_now, _ = ledger.entry_of(day_object_of("pcs"))
    assert entry_now is not None
    assert entry_now.dropped
    with pytest.raises(DatabaseRefused, match="rows were dropped after the export to folder"):
        read(prepared, day_object_of("pcs"))


def test_two_exporters_take_turns_at_an_object_and_not_at_others(ledger: Ledger) -> None:
    day_object = day_object_of("pcs")
    with (
        ledger.claim(day_object) as first,
        ledger.claim(day_object) as second,
        ledger.claim(day_object_of("bank")) as other,
    ):
        assert (first, second, other) == (True, False, True)
    with ledger.claim(day_object) as again:
        assert again


@pytest.mark.tables(None)
def test_a_database_that_was_never_prepared_says_what_to_do(dsn: str) -> None:
    with pytest.raises(ConfigError, match="start the main job on it once"):
        Ledger(dsn, "folder", Catalogue(STANDARD), {}).entry_of(day_object_of("pcs"))


def test_years_of_days_are_asked_at_once(prepared: str, ledger: Ledger) -> None:
    register_devices(prepared, [configured({"pcs": ["power"]})], DAY.start_us)
    day_objects = ledger.due("jeju", SEOUL, DAY.date + timedelta(days=400))
    assert len(day_objects) == 5 * 401
    assert day_objects[-1].day.date == DAY.date + timedelta(days=400)


def late(dsn: str, tables: str = "pcs", at_us: int = DAY.start_us) -> None:
    run(dsn, f"INSERT INTO late_commit (site, tables, first, last) VALUES ('jeju', '{{{tables}}}', "
             f"'{utc(at_us)}', '{utc(at_us)}')")  # fmt: skip


def left(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT count(*) FROM late_commit").fetchone()
    assert row is not None
    return int(row[0])


def test_late_commits_are_forgotten_once_every_store_has_read_them(prepared: str, ledger: Ledger) -> None:
    pcs, other = day_object_of("pcs"), Ledger(prepared, "gs://other", Catalogue(STANDARD), {})
    export(prepared, ledger, pcs)
    export(prepared, other, pcs)
    late(prepared)
    late(prepared, "bank")  # of which nothing was exported: the first export reads it
    late(prepared, at_us=DAY.end_us)  # likewise
    assert (ledger.forget_late_commits(), left(prepared)) == (2, 1)
    export(prepared, ledger, pcs)
    assert (ledger.entry_of(pcs)[1], other.entry_of(pcs)[1]) == (False, True)
    assert (ledger.forget_late_commits(), left(prepared)) == (0, 1)
    export(prepared, other, pcs)
    assert (ledger.forget_late_commits(), left(prepared)) == (1, 0)
    assert (ledger.entry_of(pcs)[1], other.entry_of(pcs)[1]) == (False, False)


def test_nothing_is_forgotten_while_an_export_is_at_work_that_may_not_see_it(prepared: str, ledger: Ledger) -> None:
    pcs = day_object_of("pcs")
    with ledger.claim(pcs) as claimed, open_day(prepared, pcs) as rows:
        assert claimed
        late(prepared)
        assert ledger.forget_late_commits() == 0
        list(rows)
        mark = rows.mark
    entry = export(prepared, ledger, pcs)
    ledger.record(pcs, replace(entry, mark=mark))
    assert ledger.entry_of(pcs)[1] is True
    assert (ledger.forget_late_commits(), left(prepared)) == (0, 1)


def test_a_look_at_years_of_days_and_many_late_commits_takes_no_longer_than_one_query(
    prepared: str, ledger: Ledger
) -> None:
    """1,000 days of five tables, and 24,841 late commits, of which the last 41 are behind the exports."""
    entry = export(prepared, ledger, day_object_of("pcs"))
    run(prepared, "INSERT INTO late_commit SELECT (n % 500 + 3)::text::xid8, cluster, 'jeju', '{pcs,bank}', t, t FROM "
                  f"generate_series(1, 24800) AS n, LATERAL (SELECT '{utc(DAY.start_us)}'::timestamptz "
                  "+ n * interval '50 min' AS t) AS moment, "
                  "(SELECT system_identifier AS cluster FROM pg_control_system()) AS here")  # fmt: skip
    kept = "name, place, generation, bytes, crc32c, content_crc32c, rows, first, last, mark, schema_hash, version"
    run(prepared, f"INSERT INTO export_object (site, table_name, day, form, {kept}, exported_at, starts, ends, dropped)"
                  f" SELECT site, other, day + n, form, {kept}, exported_at, starts + n * interval '1 day', "
                  "ends + n * interval '1 day', dropped FROM export_object AS e, generate_series(1, 1000) AS n, "
                  "unnest('{pcs,bank,rack,sample,event}'::text[]) AS other")  # fmt: skip
    for n in range(41):
        late(prepared, at_us=DAY.start_us + n * DAY_US)
    begun_s = time.monotonic()
    with ledger.connected("looking") as connection:
        checked = ledger.entries(connection, "jeju")
    took_s = time.monotonic() - begun_s
    assert len(checked) == 5001
    assert sum(1 for each in checked.values() if each.changed) == 41
    assert entry.mark
    assert took_s < 2.0
    begun_s = time.monotonic()
    forgotten = [ledger.forget_late_commits() for _ in range(6)]
    assert forgotten == [5000, 5000, 5000, 5000, 4800, 0]
    assert left(prepared) == 41
    assert time.monotonic() - begun_s < 10
