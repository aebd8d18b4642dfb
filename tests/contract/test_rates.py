"""What the page and the dashboards show of a device that is read at several rates: no gaps where nothing was due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ess_ray.adapters.page.data import PageData
from ess_ray.adapters.postgres.live import open_live
from ess_ray.core.running.curves import curves_of
from ess_ray.core.settings import Settings
from ess_ray.generate.dashboards.alarms import active, listed
from ess_ray.generate.dashboards.curves import Curves
from tests.days import register, write_ticks
from tests.grafana import expand
from tests.make import S, make_settings, shipped_standard

pytestmark = pytest.mark.tables(shipped_standard())

# Bank each second, its SOH every 2 s, racks every 4 s, PCS and a warning of the bank each minute.
RATED = Path(__file__).parents[1] / "data/rated"
START = datetime(2025, 11, 22, 12, tzinfo=UTC)
END = START + timedelta(seconds=130)
START_US = round(START.timestamp() * S)
WARNING = "rack_under_temperature_warning"


@pytest.fixture
def settings(dsn: str) -> Settings:
    settings = make_settings("site=rated", folder=RATED)
    register(dsn, settings, START_US)
    ticks = [START_US + s * S for s in range(130) if not 40 <= s < 50]
    write_ticks(dsn, settings, settings.devices[0], ticks, rough=False)
    return settings


def ask(dsn: str, text: str) -> list[Any]:
    with psycopg.connect(dsn) as connection:
        chosen = {"site": ["rated"], "device": ["gateway"]}
        return connection.execute(expand(text, START, END, 1000, chosen).encode()).fetchall()


@pytest.mark.parametrize(
    ("table", "columns", "step_s", "holes_s"),
    [
        ("bank", ["bank_soc"], 1, set(range(40, 50)) | {130}),
        ("bank", ["bank_soh"], 2, {40, 42, 44, 46, 48, 130}),
        ("rack", ["rack_soc"], 4, {40, 44, 48}),
        ("pcs", ["ac_active_power"], 60, set()),
        ("bank", ["bank_soc", WARNING], 60, set()),
    ],
)
def test_a_curve_has_a_point_for_each_tick_of_its_columns(
    dsn: str, settings: Settings, table: str, columns: list[str], step_s: int, holes_s: set[int]
) -> None:
    rows = ask(dsn, Curves(settings.standard, table).of(*columns))
    seconds = {(time - START) // timedelta(seconds=1) for time, _, _ in rows}
    assert seconds == set(range(0, 131, step_s))
    assert {(time - START) // timedelta(seconds=1) for time, _, value in rows if value is None} == holes_s


def test_an_alarm_that_is_read_less_often_is_on_until_it_is_read_again(dsn: str, settings: Settings) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(f"UPDATE bank SET {WARNING} = CASE WHEN {WARNING} IS NOT NULL THEN 1 END")
    assert ask(dsn, active(settings.standard)) == [(1,)]
    ((now, *_),) = ask(dsn, listed(settings.standard))
    assert now
    with psycopg.connect(dsn) as connection:
        connection.execute(f"UPDATE bank SET {WARNING} = 0 WHERE {WARNING} = 1 AND time > %s", [END - timedelta(60)])
    assert ask(dsn, active(settings.standard)) == [(0,)]


def test_the_page_draws_each_curve_at_its_rate_and_has_the_newest_values_of_each(dsn: str, settings: Settings) -> None:
    data, now_us = PageData(dsn, settings.standard, 0), START_US + 130 * S
    with open_live(dsn, settings.standard, "rated") as live:
        names = tuple(curves_of(settings.standard, live.configuration("gateway").delivers))
        tree = data._device(live, "gateway", names, 900 * S, now_us)
    steps = {curve["name"]: curve["step_s"] for curve in tree["curves"]}
    assert steps == {
        "bank.bank_soc": 3, "bank.bank_soh": 3, f"bank.{WARNING}": 60, "rack.rack_soc": 4, "rack.rack_soh": 4,
        "pcs.ac_active_power": 60,
    }  # fmt: skip
    points = {curve["name"]: curve["lines"][0]["points"] for curve in tree["curves"]}
    assert [point[0] - START_US / S for point in points["pcs.ac_active_power"]] == [0, 60, 120]
    assert [(rows["table"], rows["period_s"], len(rows["rows"])) for rows in tree["rows"]] == [
        ("bank", 0, 1), ("rack", 4, 2),
    ]  # fmt: skip
    assert all(None not in row for rows in tree["rows"] for row in rows["rows"])
