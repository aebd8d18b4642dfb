"""The way back: days that were exported, out of the store into a database, cell by cell as they were."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ess_ray.adapters.postgres.connect import utc
from ess_ray.core.settings import Settings
from ess_ray.main import main
from tests import days
from tests.contract.test_export_cells import export, settings_of

DAY = date(2026, 11, 22)
TABLES = ("sample", "event", *days.TABLES)


@pytest.fixture
def new_dsn(server: str) -> Iterator[str]:
    """A second database on the same server: the one that takes the place of the lost one."""
    name = f"ess_ray_test_{os.getpid()}_new"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield make_conninfo(server, dbname=name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def cells(dsn: str, tables: Sequence[str] = TABLES) -> dict[str, list[str]]:
    """Every row of every table as the text that COPY makes of it, in the order of the texts."""
    content = {}
    with psycopg.connect(dsn) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table in tables:
            with connection.cursor().copy(f"COPY (SELECT * FROM {table}) TO STDOUT") as copy:
                content[table] = sorted(bytes(row).decode() for row in copy)
    return content


def exported_rows(dsn: str, settings: Settings) -> dict[str, list[str]]:
    """The cells of the day that was exported; all others are deleted from the database."""
    with psycopg.connect(dsn) as connection:
        for site in settings.timezones:
            day = days.day_of(settings, site, DAY)
            for table in TABLES:
                limits = [site, utc(day.start_us), utc(day.end_us)]
                connection.execute(f"DELETE FROM {table} WHERE site = %s AND NOT (time >= %s AND time < %s)", limits)
    return cells(dsn)


def restore(dsn: str, folder: Path, *words: str) -> int:
    words_of_store = ["storage=timescale", f"storage.dsn={dsn}", f"state_dir={folder}/state", f"from={folder}/export"]
    return main(["job=restore", *words_of_store, *words])


@pytest.fixture
def settings(dsn: str, tmp_path: Path) -> Settings:
    settings = settings_of(dsn, tmp_path / "export", "site=all", *days.every(600))
    days.register(dsn, settings, days.day_of(settings, "sionyu", date(2026, 1, 1)).start_us)
    days.write_day(dsn, settings, DAY)
    return settings


@pytest.mark.parametrize("words", [["site=all", f"day={DAY}"], ["site=all", "day=2026-11-01..2026-11-30"]])
def test_a_new_database_is_filled_from_a_folder_cell_by_cell(
    dsn: str, new_dsn: str, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    export(dsn, settings, DAY)
    lost = exported_rows(dsn, settings)
    assert restore(new_dsn, tmp_path, *words) == 0  # a dry run
    assert "sample 144 of 144, bank 126 of 126" in capsys.readouterr().out
    with psycopg.connect(new_dsn) as connection:
        assert connection.execute("SELECT to_regclass('sample')").fetchone() == (None,)
    for end in ("restored, 144 ticks new, 0 present", "already there, 0 ticks new, 144 present"):
        assert restore(new_dsn, tmp_path, *words, "restore.run=true") == 0
        assert f"sionyu {DAY}: {end}" in capsys.readouterr().out
        assert cells(new_dsn) == lost
