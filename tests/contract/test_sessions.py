"""With any defaults and encoding of a database, the same is stored, exported and reported."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ess_ray.actors.exporter import make_exporter
from ess_ray.adapters.postgres.completeness import open_completeness
from ess_ray.adapters.postgres.connect import connect
from ess_ray.adapters.postgres.database_check import database_findings
from ess_ray.adapters.postgres.ledger import Ledger
from ess_ray.adapters.postgres.live import open_live, read_events
from ess_ray.adapters.postgres.retention import drop_verified
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.adapters.postgres.writer import FlushWriter
from ess_ray.core.checking.findings import Verdict
from ess_ray.core.errors import ConfigError
from ess_ray.core.samples import Status
from tests import days
from tests.contract.test_export_cells import export, settings_of
from tests.exports import DAY, DEVICE, day_object_of, read
from tests.flushes import BANK_TYPES, STANDARD, flush_of, rows

HOSTILE = {
    "client_encoding": "LATIN1", "DateStyle": "'German, DMY'", "IntervalStyle": "sql_standard",
    "TimeZone": "'Asia/Kathmandu'", "bytea_output": "escape", "extra_float_digits": "-15",
    "standard_conforming_strings": "off", "default_transaction_isolation": "serializable", "array_nulls": "off",
    "quote_all_identifiers": "on", "transform_null_equals": "on", "synchronous_commit": "off", "xmlbinary": "hex",
    "lc_numeric": "'C'", "default_statistics_target": "1",
}  # fmt: skip
DATE = date(2026, 11, 22)


@pytest.fixture
def other(server: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A second database of the same server, of the encoding that the test names (default UTF8)."""
    name, encoding = f"ess_ray_test_{os.getpid()}_other", getattr(request, "param", "UTF8")
    with psycopg.connect(server, autocommit=True) as connection:
        locale = "LC_COLLATE 'C' LC_CTYPE 'C'"
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' {locale}")
        yield make_conninfo(server, dbname=name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def result(dsn: str, folder: Path) -> dict[str, Any]:
    """A plant's day through everything that speaks to the database: what came of it."""
    settings = settings_of(dsn, folder, "site=sionyu", "sites.sionyu.devices.gateway.period_s=1800")
    (device,), (site,) = settings.devices, settings.timezones
    day = days.day_of(settings, site, DATE)
    days.register(dsn, settings, day.start_us, day.end_us)
    days.write_day(dsn, settings, DATE)
    days.write_day(dsn, settings, DATE)  # all duplicates
    findings = database_findings(dsn, settings.standard, timedelta(days=1), timedelta(days=1), 1.0, {})
    exported = {str(key): file.read_bytes() for key, file in export(dsn, settings, DATE).items()}
    with open_completeness(dsn, settings.standard) as completeness:
        spans = completeness.spans(site, day)
        reported = [spans, [completeness.samples(span) for span in spans], completeness.jumps(device.device, day)]
    with open_live(dsn, settings.standard, site) as live:
        newest_us = live.newest_us(device.device.device, day.end_us)
    events = read_events(dsn, settings.standard, [site], day.end_us)
    ledger = make_exporter(settings, dsn).ledger
    return {
        "check": [finding.subject for finding in findings if finding.verdict is Verdict.FAIL],
        "exported": exported, "reported": reported, "newest": newest_us, "events": events,
        "due": ledger.due(site, settings.timezones[site], DATE), "removed": ledger.removed_sites(),
        "dropped": _dropped(ledger, day.start_us),
    }  # fmt: skip


def _dropped(ledger: Ledger, before_us: int) -> int | str:
    try:
        return len(drop_verified(ledger, lambda _: None, before_us))
    except ConfigError as error:  # no TimescaleDB
        return str(error)


def test_defaults_of_a_database_change_nothing(dsn: str, other: str, tmp_path: Path) -> None:
    name = psycopg.conninfo.conninfo_to_dict(other)["dbname"]
    with psycopg.connect(other, autocommit=True) as connection:
        for setting, value in HOSTILE.items():
            connection.execute(f"ALTER DATABASE {name} SET {setting} = {value}".encode())
    expected, found = result(dsn, tmp_path / "plain"), result(other, tmp_path / "hostile")
    assert expected["check"] == []
    for what, value in expected.items():
        assert found[what] == value, what


def test_words_of_the_dsn_and_the_environment_change_nothing(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    monkeypatch.setenv("PGDATESTYLE", "German")
    monkeypatch.setenv("PGTZ", "Asia/Kathmandu")
    words = "options='-c intervalstyle=iso_8601 -c extra_float_digits=-15' client_encoding=LATIN1"
    with connect(f"{dsn} {words}") as connection:
        shown = [connection.execute(f"SHOW {name}").fetchone() for name in ("client_encoding", "datestyle", "timezone")]
    assert shown == [("UTF8",), ("ISO, YMD",), ("UTC",)]


def test_a_stronger_commit_stays_stronger(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET synchronous_commit = remote_apply")
    with connect(dsn) as connection:
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("remote_apply",)


@pytest.mark.parametrize(("other", "kept"), [("LATIN1", False), ("SQL_ASCII", True)], indirect=["other"])
def test_a_text_is_stored_and_exported_right_in_every_encoding_or_kept_with_its_reason(other: str, kept: bool) -> None:
    notes = prepare(other, STANDARD).notes
    assert any("LATIN1" in note for note in notes) != kept
    keys = [(DEVICE, DAY.start_us), (DEVICE, DAY.start_us + 1_000_000)]
    labels = ["Zähler", "충전"]
    bank = rows("bank", BANK_TYPES, [
        [(tick_us, "jeju", "rack-1", 0, 1, 1.5, [1], 1, 1, True, label)]
        for (_, tick_us), label in zip(keys, labels, strict=True)
    ])  # fmt: skip
    flush = flush_of(keys)
    with closing(FlushWriter(other, collector="host:/home/태양광")) as writer:
        answer = writer.write(replace(flush, tables=(bank, flush.tables[1])))
    assert answer.demoted == ({} if kept else {keys[1]: Status.PARTIAL})
    with psycopg.connect(other, client_encoding="UTF8") as connection:
        stored = [label for (label,) in connection.execute("SELECT label FROM bank ORDER BY time").fetchall()]
        rejected = connection.execute("SELECT row_data, sqlstate FROM rejected").fetchall()
    assert stored == (labels if kept else labels[:1])
    assert [(json.loads(data)["label"], state) for data, state in rejected] == ([] if kept else [("충전", "22P05")])
    assert [label in read(other, day_object_of())[0].decode() for label in labels] == [True, kept]
