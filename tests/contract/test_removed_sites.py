"""Days of a site that was removed, or whose time zone was changed, are exported like others."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest

from ess_ray.adapters.postgres.connect import utc
from ess_ray.adapters.postgres.devices import register_devices
from ess_ray.adapters.postgres.ledger import Ledger
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.core.errors import ConfigError
from ess_ray.core.exporting.objects import Catalogue
from ess_ray.core.running.configured import Configured
from ess_ray.core.samples import Device
from ess_ray.jobs.export import chosen_sites
from tests.exports import DAY, DEVICE, SEOUL, export
from tests.flushes import STANDARD
from tests.make import make_settings
from tests.opened import opened

DAY_US, HOUR_US = 86_400_000_000, 3_600_000_000
LAST = date(2026, 11, 24)


@pytest.fixture
def ledger(dsn: str) -> Ledger:
    prepare(dsn, STANDARD)
    return Ledger(dsn, "folder", Catalogue(STANDARD), {})


def configured(timezone: str, device: Device = DEVICE) -> Configured:
    return Configured(device, "m", "h", 1.0, 0.0, {"pcs": ["power"]}, timezone)


def test_the_days_of_a_removed_site_are_due_by_its_own_time_zone(dsn: str, ledger: Ledger) -> None:
    register_devices(dsn, [configured(SEOUL), configured("UTC", Device("busan", "d"))], DAY.start_us)
    assert ledger.removed_sites() == {}
    register_devices(dsn, [configured("UTC", Device("busan", "d"))], DAY.end_us, gone=["jeju"])
    assert ledger.removed_sites() == {"jeju": SEOUL}
    due = ledger.due("jeju", SEOUL, LAST)
    assert {day_object.day for day_object in due} == {DAY}
    for day_object in due:
        export(dsn, ledger, day_object)
    assert ledger.due("jeju", SEOUL, LAST) == []


@pytest.mark.parametrize(("before", "after"), [(SEOUL, "UTC"), ("UTC", SEOUL)])
def test_a_changed_time_zone_leaves_exported_days_alone_and_no_hour_out(
    dsn: str, ledger: Ledger, before: str, after: str
) -> None:
    register_devices(dsn, [configured(before)], DAY.start_us)
    exported = ledger.due("jeju", before, DAY.date)
    for day_object in exported:
        export(dsn, ledger, day_object)
    changed_us = DAY.end_us + 13 * HOUR_US
    register_devices(dsn, [configured(after)], changed_us)
    due = ledger.due("jeju", after, date(2026, 11, 26))
    days = sorted({day_object.day for day_object in [*exported, *due]}, key=lambda day: day.start_us)
    assert not {day_object.key for day_object in exported} & {day_object.key for day_object in due}
    assert days[0].start_us <= DAY.start_us
    assert all(day.end_us == following.start_us for day, following in pairwise(days))
    assert (days[-1].date, days[-1].timezone) == (date(2026, 11, 26), after)


def test_rows_from_before_time_zones_were_recorded_take_todays(dsn: str, ledger: Ledger) -> None:
    register_devices(dsn, [configured(SEOUL)], DAY.start_us)
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE device SET timezone = NULL")
    assert ledger.due("jeju", SEOUL, DAY.date)[0].day == DAY
    register_devices(dsn, [configured(SEOUL)], DAY.end_us)
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT timezone, valid_from, valid_to FROM device").fetchall()
    assert rows == [(SEOUL, utc(DAY.start_us), None)]


def test_a_site_that_a_restart_leaves_out_is_removed_and_another_collectors_is_not(dsn: str, tmp_path: Path) -> None:
    words = (f"state_dir={tmp_path}", "storage=timescale", f"storage.dsn='{dsn}'", "storage.allow_simulated=true")
    both, one = (make_settings(f"site={sites}", *words) for sites in ("[sionyu,panri]", "sionyu"))
    prepare(dsn, one.standard)
    register_devices(dsn, [configured(SEOUL)], DAY.start_us)  # of another collector
    for number, settings in enumerate((both, one)):
        database = opened(replace(settings, state_dir=tmp_path), dsn)
        database.register_from(settings, DAY.start_us + number * DAY_US)
        assert database.wait_registered(10)
    ledger = Ledger(dsn, "folder", Catalogue(one.standard), {})
    assert list(ledger.removed_sites()) == ["panri"]


@pytest.mark.parametrize(("collector", "closed"), [("roof", True), ("cellar", False)])
def test_a_site_left_out_is_closed_unless_another_collector_took_it_over(
    dsn: str, ledger: Ledger, collector: str, closed: bool
) -> None:
    register_devices(dsn, [configured(SEOUL)], DAY.start_us)
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "INSERT INTO sample (time, site, device, status, read_ms, requests, retries, collector) "
            "SELECT to_timestamp(%s), site, device, 'stored', 1, 1, 0, %s FROM device",
            [DAY.end_us / 1e6 - 1, collector],
        )
    register_devices(
        dsn, [configured("UTC", Device("busan", "d"))], DAY.end_us, gone=[DEVICE.site], collectors=["roof"]
    )
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT valid_to IS NOT NULL FROM device WHERE site = %s", [DEVICE.site]).fetchone()
    assert row == (closed,)


def test_job_export_takes_a_removed_site_by_its_name(dsn: str, ledger: Ledger) -> None:
    register_devices(dsn, [configured(SEOUL), configured("UTC", Device("busan", "d"))], DAY.start_us)
    settings = make_settings("job=export", "site=sionyu", "export=local", "export.removed_site=jeju")
    with pytest.raises(ConfigError, match="'jeju' is no site that was removed; in this database: there are none"):
        chosen_sites(settings, ledger)
    register_devices(dsn, [configured("UTC", Device("busan", "d"))], DAY.end_us, gone=["jeju"])
    assert chosen_sites(settings, ledger) == {"jeju": SEOUL}
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE device SET timezone = NULL")
    with pytest.raises(ConfigError, match="the time zone of jeju was never recorded"):
        chosen_sites(settings, ledger)
    with pytest.raises(ConfigError, match="belongs to job=export"):
        make_settings("job=export", "site=sionyu", "export=local", "export.removed_site=sionyu")
