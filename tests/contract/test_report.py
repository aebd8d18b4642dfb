"""The completeness report from a real database, through the command line, with and without TimescaleDB."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ess_ray.adapters.postgres.completeness import open_completeness
from ess_ray.adapters.postgres.devices import register_devices
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.core.day import choose_day
from ess_ray.core.running.configured import Configured
from ess_ray.core.samples import Device
from ess_ray.core.settings import Settings
from ess_ray.main import main
from tests.conftest import QUICK
from tests.days import register, write_ticks
from tests.make import S, make_settings, shipped_standard

pytestmark = pytest.mark.tables(shipped_standard())

RATED = Path(__file__).parents[1] / "data/rated"
DAY = "2026-05-05"
MIDNIGHT_US = 1_777_906_800_000_000  # in Seoul
SECONDS = f"generate_series(0, 99) AS s, LATERAL (SELECT timestamptz '{DAY} 00:00+09' + s * interval '1 s' AS time) t"
COLUMNS = "time, 'sionyu', 'gateway'"
FAILED, PARTIAL, DOWN, JUMPED = "50, 51, 52", "60", "20, 21, 22, 23, 24", "98, 99"


@pytest.fixture(scope="module")
def settings() -> Settings:
    return make_settings("site=sionyu")


def configure(dsn: str, settings: Settings, first_s: int = 0, last_s: int = 100, period_s: float = 1.0) -> None:
    """Enters the device as configured in [first_s, last_s) of the day."""
    prepare(dsn, settings.standard)
    device = Configured(Device("sionyu", "gateway"), "sionyu", settings.maps["sionyu"].map_hash, period_s, 0.0, {})
    register_devices(dsn, [device], MIDNIGHT_US + first_s * 1_000_000)
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "UPDATE device SET valid_to = valid_from + %s * interval '1 s' WHERE valid_to IS NULL", [last_s - first_s]
        )


def collect(dsn: str, without: str = "-1") -> None:
    """Inserts samples and rows of 100 seconds, without those of the seconds `without`."""
    seconds = f"FROM {SECONDS} WHERE s NOT IN ({without})"
    with psycopg.connect(dsn) as connection:
        connection.execute(f"INSERT INTO sample (time, site, device, status) SELECT {COLUMNS}, 'stored' {seconds}")
        for table, ids in {"bank": ", 1", "pcs": "", "etc": ""}.items():
            columns = "time, site, device, quality" + (", bank_id" if ids else "")
            connection.execute(f"INSERT INTO {table} ({columns}) SELECT {COLUMNS}, 0{ids} {seconds}")
        connection.execute(
            f"""INSERT INTO rack (time, site, device, quality, bank_id, rack_id)
                SELECT {COLUMNS}, 0, 1, rack FROM generate_series(1, 8) AS rack, {SECONDS} WHERE s NOT IN ({without})"""
        )


def report(dsn: str, *words: str) -> int:
    return main(["job=report", f"day={DAY}", "site=sionyu", "storage=timescale", f"storage.dsn={dsn}", *words])


def test_a_complete_day_passes(dsn: str, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    configure(dsn, settings)
    collect(dsn)
    assert report(dsn) == 0
    assert "100 of 100 samples stored, loss 0.0000 %" in capsys.readouterr().out
    assert report(dsn, "source=plant", "report.format=csv") == 0  # hosts are not needed
    assert len(capsys.readouterr().out.splitlines()) == 1 + 4


def test_missing_samples_and_rows_are_reported_with_their_reasons(
    dsn: str, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(dsn, settings)
    collect(dsn, f"{DOWN}, {JUMPED}")
    at = f"extract(epoch FROM time - '{DAY} 00:00+09')::int"
    with psycopg.connect(dsn) as connection:
        connection.execute(f"UPDATE sample SET status = 'failed', reason = 'timeout' WHERE {at} IN ({FAILED})")
        connection.execute(f"UPDATE sample SET status = 'partial', reason = 'rejected' WHERE {at} IN ({PARTIAL})")
        for table in ("bank", "rack", "pcs", "etc"):
            connection.execute(f"DELETE FROM {table} WHERE {at} IN ({FAILED})")
            connection.execute(f"UPDATE {table} SET quality = 4 WHERE {at} < 10")
        connection.execute(f"DELETE FROM rack WHERE rack_id = 3 AND {at} IN ({PARTIAL})")
        connection.execute(
            f"""INSERT INTO rejected
                SELECT {COLUMNS}, 'rack', '{{"bank_id": 1, "rack_id": 3}}', '22003', 'out of range', now()
                FROM {SECONDS} WHERE s IN ({PARTIAL})"""
        )
        connection.execute(f"DELETE FROM rack WHERE rack_id = 5 AND {at} BETWEEN 70 AND 79")
        connection.execute(
            f"""INSERT INTO event (time, site, device, kind, until, detail)
                SELECT {COLUMNS}, 'clock forward', time + interval '1 h', '' FROM {SECONDS} WHERE s = 98"""
        )
    assert report(dsn, "report.format=json", "report.max_loss=50") == 1
    out, err = capsys.readouterr()
    assert "unproven: the rows of rack" in err
    device: dict[str, Any] = json.loads(out)["sites"]["sionyu"]["devices"]["gateway"]
    racks = device.pop("tables")["rack"]
    assert device == {
        "expected": 100, "stored": 89, "partial": 1, "failed": 3, "clock": 2, "collector_down": 5,
        "reasons": {"partial": {"rejected": 1}, "failed": {"timeout": 3}},
        "late": 10, "rejected": 1, "unexpected": 0, "loss_percent": 11.0,
        "longest_gap": {
            "start": "2026-05-04T15:00:20+00:00", "length_s": 5.0, "ticks": 5, "causes": {"collector down": 5}
        },
        "unproven": [{"table": "rack", "identity": [1, 5], "expected": 90, "rows": 80}],
    }  # fmt: skip
    assert racks == {"identities": 8, "expected": 800, "rows": 709, "rejected": 1, "loss_percent": 11.375}


def test_doubled_rows_and_rows_at_other_ticks_are_reported(dsn: str, settings: Settings) -> None:
    configure(dsn, settings)
    collect(dsn)
    with psycopg.connect(dsn) as connection:
        connection.execute(f"DELETE FROM pcs WHERE time = '{DAY} 00:00:07+09'")
        connection.execute(
            f"INSERT INTO pcs (time, site, device, quality) VALUES ('{DAY} 00:00:08+09', 'sionyu', 'gateway', 0)"
        )
    assert report(dsn, "report.max_loss=100") == 1


def test_the_history_of_a_device_decides_what_was_expected(dsn: str, settings: Settings) -> None:
    configure(dsn, settings, -200_000, -150_000)  # on other days
    configure(dsn, settings, 0, 30)
    configure(dsn, settings, 30, 90, period_s=10.0)
    day = choose_day(DAY, "Asia/Seoul", 2 * MIDNIGHT_US, 0)
    with open_completeness(dsn, settings.standard) as completeness:
        assert [span.expected for span in completeness.spans("sionyu", day)] == [30, 6]
        assert completeness.spans("panri", day) == []


def test_a_day_on_which_the_period_changed_is_complete(dsn: str, settings: Settings) -> None:
    configure(dsn, settings, 0, 30)
    configure(dsn, settings, 30, 100, period_s=10.0)
    collect(dsn, ", ".join(str(s) for s in range(30, 100) if s % 10))
    assert report(dsn) == 0


def test_rows_that_are_read_less_often_are_expected_at_their_ticks(
    dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ten minutes, ten seconds of which nobody polled: bank each second, racks every 4 s, the PCS each minute."""
    settings = make_settings("site=rated", folder=RATED)
    register(dsn, settings, MIDNIGHT_US, MIDNIGHT_US + 600 * S)
    ticks = [MIDNIGHT_US + s * S for s in range(600) if not 60 <= s < 70]
    write_ticks(dsn, settings, settings.devices[0], ticks, rough=False)
    words = ["--config-dir", str(RATED), "job=report", f"day={DAY}", "site=rated", "report.format=json"]
    words += ["storage=timescale", f"storage.dsn={dsn}", "report.max_loss=50"]
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE bank SET quality = 4 WHERE time < (SELECT min(time) + interval '5 s' FROM bank)")
    assert main(words) == 0
    device: dict[str, Any] = json.loads(capsys.readouterr().out)["sites"]["rated"]["devices"]["gateway"]
    assert (device["expected"], device["stored"], device["late"], device["unproven"]) == (600, 590, 5, [])
    counts = {name: (table["expected"], table["rows"]) for name, table in device["tables"].items()}
    assert counts == {"bank": (600, 590), "rack": (300, 294), "pcs": (10, 9)}
    with psycopg.connect(dsn) as connection:
        (soh,) = connection.execute("SELECT count(bank_soh) FROM bank WHERE quality = 0").fetchone() or ()
        assert soh == 590 // 2 - 3  # and in none of the late ones
        connection.execute("UPDATE pcs SET time = time + interval '1 s' WHERE time = (SELECT max(time) FROM pcs)")
    assert main(words) == 1
    assert "unproven: the rows of pcs" in capsys.readouterr().err


def test_a_day_keeps_the_limits_that_it_had_when_the_time_zone_is_changed(
    dsn: str, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """A day in Seoul, reported from a configuration that says UTC since."""
    configure(dsn, settings)
    collect(dsn)
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE device SET timezone = 'Asia/Seoul'")
    assert report(dsn, "sites.sionyu.timezone=UTC", "report.format=json") == 0
    (site,) = json.loads(capsys.readouterr().out)["sites"].values()
    assert site["timezone"] == "Asia/Seoul"
    assert site["devices"]["gateway"]["stored"] == 100


@pytest.mark.tables(None)
def test_a_database_that_was_never_written_to_is_refused_with_what_to_do(
    dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(dsn) == 2
    assert "start the main job on it once" in capsys.readouterr().err


def test_the_embedded_database_is_used_running_or_not(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["job=report", f"day={DAY}", "site=sionyu", f"state_dir={tmp_path}", f"report.file={tmp_path}/day.html"]
    words += ["report.format=html"]
    assert main(words) == 1
    assert "there is no embedded database" in capsys.readouterr().err
    with EmbeddedPostgres(tmp_path / "postgresql", settings=QUICK) as server:
        configure(server.dsn, settings)
        collect(server.dsn)
        assert main(words) == 0
    assert main(words) == 0
    assert "100 of 100 samples stored" in (tmp_path / "day.html").read_text()
