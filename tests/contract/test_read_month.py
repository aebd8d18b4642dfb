"""examples/read_month.py reads what was exported: the rows of the database, from the folder and from the bucket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest

from ess_ray.actors.exporter import make_exporter
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.core.exporting.outcome import ExportOutcome
from ess_ray.core.settings import Settings
from examples import read_month
from tests import days
from tests.conftest import QUICK
from tests.make import make_settings
from tests.stores import BUCKET, fake_store

FIRST, EMPTY = date(2026, 11, 20), date(2026, 11, 23)  # days with rows, and one without any: its files are headers
MONTH = "'2026-11-20 00:00+09' AND time < '2026-11-23 00:00+09'"
TABLES = ("bank", "rack", "pcs", "etc", "sample", "event")
ORDER = ("time", "bank_id", "rack_id", "kind")
Rows = list[tuple[object, ...]]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A month with three days of one plant in it, that differ in what their CSV lets a reader guess."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("month") / "pg", settings=QUICK) as server:
        settings = settings_of(server.dsn, "export=local")
        days.register(server.dsn, settings, days.day_of(settings, "panri", FIRST).start_us)
        for number in range((EMPTY - FIRST).days):
            days.write_day(server.dsn, settings, FIRST + number * timedelta(1))
        with psycopg.connect(server.dsn) as connection:
            for table in TABLES:
                connection.execute(f"DELETE FROM {table} WHERE NOT (time >= {MONTH})")
            connection.execute("UPDATE rack SET rack_soc = 50, rack_soh = NULL WHERE time < '2026-11-21 00:00+09'")
            connection.execute("UPDATE rack SET rack_module_faults = NULL WHERE rack_id = 3")
            connection.execute("UPDATE bank SET master_rack_communication_faults[2] = NULL")
        yield server.dsn


def settings_of(dsn: str, *words: str) -> Settings:
    source = ["site=panri", "sites.panri.devices.gateway.period_s=600", "storage=timescale", f"storage.dsn={dsn}"]
    return make_settings("job=export", *source, *words)


def export(dsn: str, *words: str) -> None:
    settings = settings_of(dsn, *words)
    exporter = make_exporter(settings, dsn)
    for number in range((EMPTY - FIRST).days + 1):
        for day_object in exporter.ledger.day_objects(
            "panri", days.day_of(settings, "panri", FIRST + number * timedelta(1))
        ):
            *_, outcome = exporter.export(day_object)
            assert isinstance(outcome, ExportOutcome)
            assert outcome.written, outcome


@pytest.fixture(scope="module")
def folder(filled: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The month as files, in every format."""
    path = tmp_path_factory.mktemp("export")
    for words in (["export.formats=[csv,parquet]"], ["export.gzip=true"]):
        export(filled, "export=local", f"export.folder={path}", *words)
    return path


@pytest.fixture(scope="module")
def bucket(filled: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The month as objects; the store's address."""
    with fake_store(tmp_path_factory.mktemp("bucket")) as store:
        words = ["export=gcs", f"export.bucket={BUCKET}", f"export.endpoint={store.endpoint}"]
        export(filled, *words, "export.formats=[csv,parquet]")
        yield store.endpoint


def from_emulator(endpoint: str) -> dict[str, Any]:
    """The options of polars for a store without accounts."""
    account = {
        "gcs_base_url": endpoint,
        "disable_oauth": True,
        "client_email": "",
        "private_key": "",
        "private_key_id": "",
    }
    return {"storage_options": {"service_account_key": json.dumps(account)}, "credential_provider": None}


def plain(value: object) -> object:
    """The value as both sides can give it: CSV has no integer types, and NULL is the empty text."""
    if isinstance(value, int | float):
        return round(float(value), 3)
    return None if value == "" else value


def rows_of(frame: pl.DataFrame) -> Rows:
    order = [name for name in ORDER if name in frame.columns]
    return [tuple(map(plain, row)) for row in frame.sort(order).iter_rows()]


def selected(dsn: str, table: str, columns: list[str]) -> Rows:
    order = ", ".join(name for name in ORDER if name in columns)
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE time >= {MONTH} ORDER BY {order}")
        return [tuple(map(plain, row)) for row in rows]


def polars_csv(files: str) -> pl.DataFrame:
    lazy = read_month.polars_csv(files)
    for column in {*read_month.ARRAYS} & {*lazy.collect_schema()}:
        lazy = read_month.polars_lists(lazy, column)
    return lazy.collect()


def duckdb_csv(files: str) -> pl.DataFrame:
    rows = read_month.duckdb_csv(files)
    for column in {*read_month.ARRAYS} & {*rows.columns}:
        rows = read_month.duckdb_lists(rows, column)
    frame: pl.DataFrame = rows.pl()
    return frame


def polars_parquet(files: str) -> pl.DataFrame:
    return read_month.polars_parquet(files).collect()


def duckdb_parquet(files: str) -> pl.DataFrame:
    frame: pl.DataFrame = read_month.duckdb_parquet(files).pl()
    return frame


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    ("read", "form"),
    [
        (polars_csv, "csv"),
        (polars_csv, "csv.gz"),
        (polars_parquet, "parquet"),
        (duckdb_csv, "csv"),
        (duckdb_csv, "csv.gz"),
        (duckdb_parquet, "parquet"),
    ],
)
def test_a_month_from_the_folder(
    filled: str, folder: Path, read: Callable[[str], pl.DataFrame], form: str, table: str
) -> None:
    frame = read(read_month.month_of(str(folder), "panri", "2026-11", table, form))
    assert rows_of(frame) == selected(filled, table, frame.columns)
    assert len(frame) > 30


@pytest.mark.parametrize("table", ["rack", "event"])
@pytest.mark.parametrize(
    ("read", "form"), [(read_month.polars_csv, "csv"), (read_month.polars_parquet, "parquet")]
)  # DuckDB reads gs:// with its extension httpfs, which no package index has for this version
def test_a_month_from_the_bucket(
    filled: str, bucket: str, read: Callable[..., pl.LazyFrame], form: str, table: str
) -> None:
    lazy = read(read_month.month_of(f"gs://{BUCKET}", "panri", "2026-11", table, form), **from_emulator(bucket))
    frame = lazy.drop(read_month.ARRAYS, strict=False).collect()
    assert rows_of(frame) == selected(filled, table, frame.columns)
    assert len(frame) > 30
