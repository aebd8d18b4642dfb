"""Every SQL query of the dashboards in deploy/grafana, run as the role `reader` on rows of all four plants, with and
without TimescaleDB. Grafana itself is not at hand: what it would draw of the answers is not tested."""

from __future__ import annotations

import math
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby, product
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ess_ray.adapters.postgres.embedded.process import find_bin_dir
from ess_ray.core.maps.standard import load_standard
from ess_ray.core.settings import Settings
from ess_ray.generate.dashboards.alarms import active, counted, listed
from tests.conftest import NUMBERS
from tests.contract.test_roles import SCRIPT
from tests.days import PLANTS, register, ticks_of, write_events, write_ticks
from tests.grafana import PanelQuery, expand, queries, variables
from tests.make import make_settings

START = datetime(2025, 11, 22, 12, tzinfo=UTC)  # over, so that no newest minute is left out
DOWN, UP, END = (START + timedelta(seconds=s) for s in (40, 60, 80))  # nobody collected from 40 to 60 s
COLLECTOR, EXPORTER, READER = (f"ess_ray_{role}_{os.getpid()}" for role in ("collector", "exporter", "reader"))
PANELS = {str(name): list(of) for name, of in groupby(queries("postgresql"), str)}
# A panel serves every plant, but for these; who delivers what is in docs/data-standard.md.
ONLY = {
    "fleet: Silent devices": {"hwanggeum6"},  # see `fill`
    "plant: Widest cell voltage spread of a module in each rack, where cells are read": {"seokhwan"},
    "plant: Modules with the widest spread, newest rows, where cells are read": {"seokhwan"},
    "plant: PCS: voltages": {"sionyu", "panri"},
    "plant: PCS: currents": {"sionyu", "panri"},
}


def us(moment: datetime) -> int:
    return round(moment.timestamp() * 1e6)


@pytest.fixture(scope="module")
def settings() -> Settings:
    return make_settings("site=all")


@pytest.fixture(scope="module")
def reader(server: str, settings: Settings) -> Iterator[psycopg.Connection]:
    """The role `reader` in a database with 80 seconds of all plants, 20 of them without a collector."""
    name = f"ess_ray_test_{os.getpid()}_{next(NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        dsn = make_conninfo(server, dbname=name)
        fill(dsn, settings)
        words = (f"collector={COLLECTOR}", f"exporter={EXPORTER}", f"reader={READER}")
        psql = [str(find_bin_dir() / "psql"), "-qX", "-d", dsn, "-v", "ON_ERROR_STOP=1", "-f", str(SCRIPT)]
        subprocess.run([*psql, *(part for word in words for part in ("-v", word))], check=True, capture_output=True)
        with psycopg.connect(make_conninfo(dsn, user=READER), autocommit=True) as reader:
            yield reader
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        for role in (COLLECTOR, EXPORTER, READER):
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def fill(dsn: str, settings: Settings) -> None:
    register(dsn, settings, us(START))
    for device in settings.devices:
        ticks = [*ticks_of(device, us(START), us(DOWN))]
        if device.device.site != "hwanggeum6":  # which is never heard again
            ticks += ticks_of(device, us(UP), us(END))
        write_ticks(dsn, settings, device, ticks)
        write_events(dsn, device.device, ticks[::2])


def ask(
    reader: psycopg.Connection, text: str, *sites: str, start: datetime = START, interval_ms: int = 1000
) -> tuple[list[str], list[Any]]:
    """Names of the columns, and the rows."""
    chosen = {"site": sites, "device": ["gateway"]}
    cursor = reader.execute(expand(text, start, END, interval_ms, chosen).encode())
    return [column.name for column in cursor.description or ()], cursor.fetchall()


@pytest.mark.parametrize("panel", PANELS, ids=str)
def test_a_panel_shows_every_plant(reader: psycopg.Connection, panel: str) -> None:
    served = set()
    for query, site in product(PANELS[panel], PLANTS):
        names, rows = ask(reader, query.target["rawSql"], site)
        looks_as_the_panel_takes_it(query, names, rows)
        served |= {site for _ in rows[:1]}
    assert served == ONLY.get(panel, set(PLANTS))


def looks_as_the_panel_takes_it(query: PanelQuery, names: list[str], rows: list[Any]) -> None:
    assert len(set(names)) == len(names)
    shown = [override["matcher"] for override in query.panel.get("fieldConfig", {}).get("overrides", ())]
    assert {matcher["options"] for matcher in shown if matcher["id"] == "byName"} <= set(names)
    if query.target["format"] == "time_series":
        assert names == ["time", "metric", "value"]
        times = [time for time, _, _ in rows]
        assert times == sorted(times)
        assert len({(time, metric) for time, metric, _ in rows}) == len(rows)
        assert all(value is None or math.isfinite(value) for _, _, value in rows)


def test_the_variables_offer_what_is_configured(reader: psycopg.Connection) -> None:
    found = {(name, one["name"]): ask(reader, one["query"], "panri")[1] for name, one in variables()}
    plants = [(site,) for site in sorted(PLANTS)]
    assert found == {("fleet", "site"): plants, ("plant", "site"): plants, ("plant", "device"): [("gateway",)]}


def test_a_curve_has_a_hole_where_nothing_was_read(reader: psycopg.Connection) -> None:
    (query,) = PANELS["plant: State of charge of each rack"]
    _, rows = ask(reader, query.target["rawSql"], "sionyu")
    holes = {time for time, _, value in rows if value is None}
    assert {START + timedelta(seconds=second) for second in range(40, 60)} <= holes  # no collector
    assert START + timedelta(seconds=7) in holes  # a sample that failed
    assert START + timedelta(seconds=6) not in holes
    assert {metric for _, metric, _ in rows} == {f"bank 1 rack {rack}" for rack in range(1, 9)}


@pytest.mark.parametrize("interval_ms", [1000, 20_000])
def test_a_slow_device_and_a_long_range_have_no_holes_of_their_own(
    reader: psycopg.Connection, interval_ms: int
) -> None:
    (query,) = PANELS["plant: State of charge of each rack"]
    _, rows = ask(reader, query.target["rawSql"], "seokhwan", interval_ms=interval_ms)
    step = timedelta(seconds=max(5, interval_ms // 1000))
    assert {time for time, _, _ in rows} == {START + step * n for n in range(80 // step.seconds + 1)}


def test_without_a_sample_there_is_no_number_of_alarms(reader: psycopg.Connection) -> None:
    (query,) = PANELS["plant: Alarms"]
    assert ask(reader, query.target["rawSql"], "hwanggeum6", start=DOWN)[1] == []
    assert len(ask(reader, query.target["rawSql"], "sionyu", start=DOWN)[1]) == 1


def test_what_was_expected_comes_from_what_was_configured(reader: psycopg.Connection) -> None:
    (query,) = PANELS["fleet: Plants"]
    names, rows = ask(reader, query.target["rawSql"], *PLANTS)
    found = {row[0]: dict(zip(names, row, strict=True)) for row in rows}
    assert found["sionyu"] == {
        "site": "sionyu", "devices": 1, "expected": 80, "stored": 46, "partial": 7, "failed": 7, "no row": 20,
        "loss, %": 42.5,
    }  # fmt: skip
    assert found["seokhwan"]["expected"] == 16
    (query,) = PANELS["fleet: Fleet"]
    assert ask(reader, query.target["rawSql"], *PLANTS)[1][0][1:3] == (4, 1)  # devices, silent


def test_a_silent_device_is_named_with_the_time_of_its_last_values(reader: psycopg.Connection) -> None:
    (query,) = PANELS["fleet: Silent devices"]
    names, rows = ask(reader, query.target["rawSql"], *PLANTS)
    assert [dict(zip(names, row, strict=True)) for row in rows] == [{
        "site": "hwanggeum6", "device": "gateway", "map": "hwanggeum6", "last values": START + timedelta(seconds=38),
        "last tick": START + timedelta(seconds=39), "age of the last tick": 41, "reason": "timeout",
    }]  # fmt: skip


def test_a_standard_without_alarms_has_none_and_no_broken_panel(reader: psycopg.Connection) -> None:
    standard = load_standard({"tables": {"bank": {"columns": {"soc": {"type": "float8", "meaning": "a number"}}}}})
    assert ask(reader, active(standard), "sionyu")[1] == [(0,)]
    assert ask(reader, listed(standard), "sionyu")[1] == ask(reader, counted(standard), "sionyu")[1] == []
