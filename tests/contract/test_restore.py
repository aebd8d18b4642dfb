"""The way back: days that were exported, out of a store into a database, cell by cell as they were."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import psycopg
import pytest

from ess_ray.actors.exporter import make_exporter
from ess_ray.adapters.postgres.connect import utc
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.core.day import HOUR_US
from ess_ray.core.exporting.outcome import ExportEnd, ExportOutcome
from ess_ray.core.settings import Settings
from ess_ray.main import main
from tests import days
from tests.conftest import QUICK, new_database
from tests.make import make_settings
from tests.stores import BUCKET, FakeStore

DAY = date(2026, 11, 22)
TABLES = ("sample", "event", "rejected", *days.TABLES)
KEPT_US = 4 * HOUR_US  # at each end of the day: a restore takes its time for each hour
# Two plants, with arrays, modules and two time zones.
PLANTS = [
    "site=[sionyu,seokhwan]", "sites.seokhwan.timezone=America/St_Johns",
    *(f"sites.{site}.devices.gateway.period_s=1200" for site in ("sionyu", "seokhwan")),
]  # fmt: skip
REJECTED = (
    ("rack", '{"bank_id": 1, "rack_id": 3, "note": "a\\nb, \\"c\\""}', "22003", "out of range", utc(0)),
    ("rack", '{"bank_id": 1, "rack_id": 4}', "22003", "line\r\nline", utc(1)),
    ("pcs", "{}", "", "", utc(2)),
)


@pytest.fixture
def embedded_dsn(embedded_server: str) -> Iterator[str]:
    """A database without TimescaleDB, once for both kinds of servers."""
    with new_database(embedded_server) as dsn:
        yield dsn


def cells(dsn: str, tables: Sequence[str] = TABLES) -> dict[str, list[str]]:
    """Every row of every table as the text that COPY makes of it, in the order of the texts."""
    content = {}
    with psycopg.connect(dsn) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table in tables:
            with connection.cursor().copy(f"COPY (SELECT * FROM {table}) TO STDOUT") as copy:
                content[table] = sorted(bytes(row).decode() for row in copy)
    return content


def samples(dsn: str) -> int:
    """Number of samples; 0 without a table."""
    with psycopg.connect(dsn) as connection:
        if connection.execute("SELECT to_regclass('sample')").fetchone() == (None,):
            return 0
        row = connection.execute("SELECT count(*) FROM sample").fetchone()
    return row[0] if row else 0


class Plant:
    """Plants with a day in a database, its exports, and the words that name the store."""

    def __init__(self, dsn: str, folder: Path, *store: str) -> None:
        self.dsn, self.folder, self.store = dsn, folder, store

    @property
    def settings(self) -> Settings:
        return make_settings("job=export", "storage=timescale", f"storage.dsn={self.dsn}", *PLANTS, *self.store)

    def fill(self) -> None:
        """The first and last hours of the day, with every trouble that a sample can have, and nothing else."""
        settings = self.settings
        days.register(self.dsn, settings, days.day_of(settings, "sionyu", date(2026, 1, 1)).start_us)
        days.write_day(self.dsn, settings, DAY)
        with psycopg.connect(self.dsn) as connection:
            for site in settings.timezones:
                day = days.day_of(settings, site, DAY)
                for number, row in enumerate(REJECTED):
                    connection.execute(
                        "INSERT INTO rejected VALUES (%s, %s, 'gateway', %s, %s, %s, %s, %s)",
                        [utc(day.start_us + number * 1_200_000_000), site, *row],
                    )
                limits = [day.start_us, day.start_us + KEPT_US, day.end_us - KEPT_US, day.end_us]
                for table in TABLES:
                    connection.execute(
                        f"DELETE FROM {table} WHERE site = %s "
                        "AND NOT (time >= %s AND time < %s OR time >= %s AND time < %s)", [site, *map(utc, limits)]
                    )  # fmt: skip

    def export(self) -> list[ExportEnd]:
        """Export the day; how each of its objects ended."""
        exporter, ends = make_exporter(self.settings, self.dsn), []
        for site in self.settings.timezones:
            for day_object in exporter.ledger.day_objects(site, days.day_of(self.settings, site, DAY)):
                *_, outcome = exporter.export(day_object)
                assert isinstance(outcome, ExportOutcome)
                ends.append(outcome.end)
        return ends

    def due(self) -> list[str]:
        """The objects that the main job would export."""
        ledger = make_exporter(self.settings, self.dsn).ledger
        return [str(each) for site, zone in self.settings.timezones.items() for each in ledger.due(site, zone, DAY)]

    def restore(self, *words: str) -> int:
        folder = f"state_dir={self.folder}/state"
        base = ["job=restore", f"day={DAY}", "storage=timescale", f"storage.dsn={self.dsn}", folder]
        return main([*base, *PLANTS, *self.store, *words])

    def start_restore(self, *words: str) -> subprocess.Popen[bytes]:
        """The job in a process of its own."""
        base = ["job=restore", f"day={DAY}", "storage=timescale", f"storage.dsn={self.dsn}"]
        command = [sys.executable, "-m", "ess_ray.main", *base, f"state_dir={self.folder}/state", *PLANTS, *self.store]
        return subprocess.Popen([*command, *words], stdout=subprocess.DEVNULL)

    def report(self, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object]]:
        capsys.readouterr()
        code = main([
            "job=report", f"day={DAY}", "storage=timescale", f"storage.dsn={self.dsn}", "report.format=json", *PLANTS,
        ])  # fmt: skip
        return code, json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def filled_dsn(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with the day, which tests only read and export: each to a place of its own."""
    with new_database(server) as dsn:
        Plant(dsn, tmp_path_factory.mktemp("plant"), "export=local").fill()
        yield dsn


@pytest.fixture(params=["csv", "gzip", "parquet", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """The words of a store of its own: of a folder with each format, and of a bucket with two."""
    if request.param == "bucket":
        fake: FakeStore = request.getfixturevalue("fake")
        name = "export.name=" + tmp_path.name + "/{site}/{yyyymmdd}_{table}.csv"
        place = ["export=gcs", f"export.bucket={BUCKET}", f"export.endpoint={fake.endpoint}", name]
        return [*place, "export.formats=[parquet,csv]"]
    formats = {"gzip": ["export.gzip=true"], "parquet": ["export.formats=[parquet]"]}.get(request.param, [])
    return ["export=local", f"export.folder={tmp_path}/export", *formats]


def test_a_database_that_was_thrown_away_is_filled_again(
    filled_dsn: str, other_dsn: str, tmp_path: Path, store: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lost = Plant(filled_dsn, tmp_path, *store)
    assert {*lost.export()} == {ExportEnd.EXPORTED}
    before, report = cells(filled_dsn), lost.report(capsys)
    plant = Plant(other_dsn, tmp_path, *store)
    assert plant.restore("from=bucket") == 0
    assert "sample 24 of 24, bank 21 of 21" in capsys.readouterr().out
    with psycopg.connect(other_dsn) as connection:  # that was a dry run
        assert connection.execute("SELECT to_regclass('sample')").fetchone() == (None,)
    for end in ("restored, 24 ticks new, 0 present", "already there, 0 ticks new, 24 present"):
        assert plant.restore("from=bucket", "restore.run=true") == 0
        assert f"sionyu {DAY}: {end}" in capsys.readouterr().out
        assert cells(other_dsn) == before
        assert plant.report(capsys) == report
        assert plant.due() == []
    assert {*plant.export()} == {ExportEnd.UNCHANGED}


def test_a_restore_that_is_killed_again_and_again_ends_in_the_same_state(
    filled_dsn: str, other_dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ["export=local", f"export.folder={tmp_path}/export"]
    lost, plant = (Plant(each, tmp_path, *store) for each in (filled_dsn, other_dsn))
    lost.export()
    committed = 0
    for _ in range(3):
        job = plant.start_restore("restore.run=true")
        while (now := samples(other_dsn)) < committed + 4 and job.poll() is None:
            time.sleep(0.01)
        assert job.poll() is None
        job.kill()
        job.wait()
        committed = max(now, samples(other_dsn))
    assert 12 <= committed < 48
    assert plant.restore("restore.run=true") == 0
    assert cells(other_dsn) == cells(filled_dsn)
    assert plant.report(capsys) == lost.report(capsys)
    assert plant.due() == []


def test_an_embedded_database_is_made_and_filled(
    embedded_dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a state folder only the exports are left: the usual words fill a new database from them."""
    lost = Plant(embedded_dsn, tmp_path, "export=local", f"export.folder={tmp_path}/state/export")
    lost.fill()
    lost.export()
    words = ["job=restore", "day=all", f"state_dir={tmp_path}/state", *PLANTS]
    assert main(words) == 1
    assert "job=restore with restore.run=true to fill a new one" in capsys.readouterr().err
    assert main([*words, "restore.run=true"]) == 0
    with EmbeddedPostgres(tmp_path / "state" / "postgresql", settings=QUICK) as server:
        assert cells(server.dsn) == cells(embedded_dsn)


def test_several_days_of_a_folder_come_back_and_other_words_are_refused(
    filled_dsn: str, other_dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = Plant(filled_dsn, tmp_path, "export=local", f"export.folder={tmp_path}/export")
    lost.export()
    copy = tmp_path / "a, copy = of it"
    shutil.copytree(tmp_path / "export", copy)
    plant = Plant(other_dsn, tmp_path, "export=none")
    assert plant.restore(f"from={copy}", "day=2026-11-20..2026-11-21") == 1
    assert "has no object of these sites and days" in capsys.readouterr().err
    for words in (["day=2026-11-20..2026-12-31", "table=rack"], ["day=all", "table=rack"]):
        assert plant.restore(f"from={copy}", *words) == 1
        assert "new rows: rack 0 of 168" in capsys.readouterr().out  # there are no samples that they belong to
    assert plant.restore(f"from={copy}", "day=all", "restore.run=true") == 0
    assert cells(other_dsn) == cells(filled_dsn)
    for words, problem in (
        (["from=bucket"], "from: say where the objects are"),
        (["from=/not/there"], "from: there is no folder"),
        ([f"from={copy}", "table=export_object"], "table: 'export_object' is none of"),
        ([f"from={copy}", "day=2026-11-22..2026-11-20"], "day: 2026-11-20 is before"),
        ([f"from={copy}", "to=2026-11-22"], "to: belongs to job=export"),
    ):
        assert plant.restore(*words) == 2
        assert problem in capsys.readouterr().err
