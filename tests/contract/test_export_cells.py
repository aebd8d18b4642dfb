"""Whole days, exported and read back with the csv module: cell by cell what the database says, and nothing else."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest

from ess_ray.actors.exporter import make_exporter
from ess_ray.core.exporting.outcome import ExportOutcome
from ess_ray.core.settings import Settings
from tests import days
from tests.make import make_settings, shipped_standard
from tests.oracle import IDS, REGISTERS

pytestmark = pytest.mark.tables(shipped_standard())

DAY = date(2026, 11, 22)
BOOKS = {
    "sample": "time,site,device,status,reason,missing,read_ms,requests,retries,collector",
    "event": "time,site,device,kind,until,detail",
    "rejected": "time,site,device,table_name,row_data,sqlstate,reason,rejected_at",
    "device": "time,site,device,map,map_hash,period_s,phase_s,until,delivers,timezone",
}
# The table `device` as a day's object has it: cut to the day.
DAY_OF = "(%(day)s::date + {})::timestamp AT TIME ZONE %(zone)s"
SOURCES = {
    "device": f"""
    (SELECT *, greatest(valid_from, {DAY_OF.format(0)}) AS time,
            least(coalesce(valid_to, 'infinity'), {DAY_OF.format(1)}) AS until FROM device) AS configured"""
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d:\d\d")


def settings_of(dsn: str, folder: Path, *words: str) -> Settings:
    words_of_store = ["storage=timescale", f"storage.dsn={dsn}", "export=local", f"export.folder={folder}"]
    return make_settings("job=export", *words_of_store, *words)


def export(dsn: str, settings: Settings, day: date) -> dict[tuple[str, str], Path]:
    """Every object of the day, by site and table."""
    exporter, files = make_exporter(settings, dsn), {}
    for site in settings.timezones:
        for day_object in exporter.ledger.day_objects(site, days.day_of(settings, site, day)):
            *_, outcome = exporter.export(day_object)
            assert isinstance(outcome, ExportOutcome)
            assert outcome.written, outcome
            files[site, day_object.table] = Path(exporter.store.location) / day_object.name
    return files


def delivered(site: str) -> dict[str, set[str]]:
    """The columns that the plant's register list names, by table."""
    columns: dict[str, set[str]] = {}
    with (REGISTERS / f"{site}.csv").open(encoding="utf-8") as file:
        for line in csv.DictReader(file):
            columns.setdefault(line["table"], set()).add(line["column"])
    return columns


def expected_header(settings: Settings, site: str, table: str) -> list[str]:
    if table in BOOKS:
        return BOOKS[table].split(",")
    of, columns = settings.standard.tables[table], delivered(site)[table]
    ids = [name for name in IDS if name in of.identity]
    return ["time", "site", "device", "quality", *ids, *(name for name in of.columns if name in columns)]


def rows_of(dsn: str, table: str, columns: list[str], site: str, zone: str, day: date) -> list[tuple[object, ...]]:
    """Rows of the local day by SELECT, sorted as those of the object should be."""
    order = [name for name in ("time", "device", *IDS, "kind") if name in columns]
    with psycopg.connect(dsn) as connection:
        return connection.execute(
            f"""SELECT {", ".join(columns)} FROM {SOURCES.get(table, table)} WHERE site = %(site)s
                AND time >= %(day)s::date::timestamp AT TIME ZONE %(zone)s
                AND time < (%(day)s::date + 1)::timestamp AT TIME ZONE %(zone)s ORDER BY {", ".join(order)}""",
            {"site": site, "day": day, "zone": zone},
        ).fetchall()


def check_cell(cell: str, value: object, zone: ZoneInfo) -> None:
    match value:
        case None:
            assert cell == ""
        case bool():
            assert cell == ("true" if value else "false")
        case datetime():
            here = value.astimezone(zone)
            assert TIME.fullmatch(cell)
            assert datetime.fromisoformat(cell) == value
            assert cell.endswith(here.isoformat()[-6:])
            assert ("." in cell) == (value.microsecond > 0)
        case float():
            assert float(cell) == value or (math.isnan(value) and cell == "NaN")
        case list():
            assert cell == json.dumps(value, separators=(",", ":"))
        case _:
            assert cell == str(value)


def check_file(dsn: str, settings: Settings, file: Path, site: str, table: str, day: date) -> int:
    """Every cell of one object; gives its rows."""
    zone, text = settings.timezones[site], file.read_bytes().decode()
    lines = list(csv.reader(io.StringIO(text, newline="")))
    header = expected_header(settings, site, table)
    assert lines[0] == header
    rows = rows_of(dsn, table, header, site, zone, day)
    assert len(lines) == 1 + len(rows)
    for line, row in zip(lines[1:], rows, strict=True):
        for cell, value in zip(line, row, strict=True):
            check_cell(cell, value, ZoneInfo(zone))
    # RFC 4180: CRLF behind every record; other line ends are quoted text.
    assert text.endswith("\r\n")
    unquoted = "".join(text.split('"')[::2])
    assert unquoted.count("\r\n") == unquoted.count("\n") == unquoted.count("\r") == len(lines)
    return len(rows)


@pytest.fixture
def prepared(dsn: str, tmp_path: Path) -> tuple[str, Settings]:
    settings = settings_of(dsn, tmp_path, "site=all", *days.every(600))
    days.register(dsn, settings, days.day_of(settings, "sionyu", date(2026, 1, 1)).start_us)
    return dsn, settings


def test_a_day_of_four_plants_is_exported_cell_by_cell(prepared: tuple[str, Settings]) -> None:
    dsn, settings = prepared
    days.write_day(dsn, settings, DAY)
    files = export(dsn, settings, DAY)
    assert {*files} == {(site, table) for site in days.PLANTS for table in (*delivered(site), *BOOKS)}
    for (site, table), file in files.items():
        assert file.name == f"20261122_{table}.csv"
        least = {"event": 10, "rejected": 0, "device": 1}.get(table, 126)
        assert check_file(dsn, settings, file, site, table, DAY) >= least
    assert b',""\r\n' in files["sionyu", "event"].read_bytes()  # the empty text is not NULL


@pytest.mark.parametrize(
    ("zone", "day", "ticks"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 138),
        ("Europe/Berlin", date(2026, 10, 25), 150),
        ("Asia/Kolkata", date(2026, 11, 22), 144),  # half an hour off
        ("America/St_Johns", date(2026, 3, 8), 138),
        ("Australia/Lord_Howe", date(2026, 4, 5), 147),  # half an hour longer
    ],
)
def test_a_day_is_the_clocks_on_the_wall(dsn: str, tmp_path: Path, zone: str, day: date, ticks: int) -> None:
    words = ["site=sionyu", f"sites.sionyu.timezone={zone}", "sites.sionyu.devices.gateway.period_s=600"]
    settings = settings_of(dsn, tmp_path, *words)
    days.register(dsn, settings, days.day_of(settings, "sionyu", day).start_us - 86_400_000_000)
    days.write_day(dsn, settings, day, rough=False)
    files = export(dsn, settings, day)
    for table in ("rack", "sample"):
        rows = check_file(dsn, settings, files["sionyu", table], "sionyu", table, day)
        assert rows == ticks * (8 if table == "rack" else 1)


def test_a_day_without_rows_is_a_header(prepared: tuple[str, Settings]) -> None:
    dsn, settings = prepared
    for (site, table), file in export(dsn, settings, DAY).items():
        if table == "device":  # it was configured, and nothing came
            continue
        assert file.read_bytes() == ",".join(expected_header(settings, site, table)).encode() + b"\r\n"
