"""A week with two bad nights and late samples: at its end every object is there, once, and no sample was missed."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from ess_ray.actors.exporter import Exporter, make_exporter
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.adapters.stores.gcs import Bucket
from ess_ray.core.errors import StoreUnavailable
from ess_ray.core.exporting.outcome import ExportOutcome
from ess_ray.core.maps.fixed_columns import FIXED_TABLES
from ess_ray.core.settings import Settings
from examples import read_month
from tests import days
from tests.conftest import QUICK, TIMESCALE, _timescale_bin_dir
from tests.contract.test_read_month import from_emulator
from tests.jobs.job import running, start
from tests.make import make_settings
from tests.stores import BUCKET, FakeStore, Fault, Harm, Step, fake_store

WEEK = [date(2025, 11, 17) + number * timedelta(1) for number in range(7)]
LATE_DAY, STORE_DOWN, KILLED = WEEK[1], WEEK[2], WEEK[4]
LATE = range(40, 60)  # ticks of sionyu that come a few days later
TABLES = ("bank", "rack", "pcs", "etc", *FIXED_TABLES)
SITES = ("sionyu", "panri")
TICKS = 144  # a day: one in 600 s


@pytest.fixture
def dsn(tmp_path: Path) -> Iterator[str]:
    """TimescaleDB where there is one."""
    bin_dir = _timescale_bin_dir()
    with EmbeddedPostgres(tmp_path / "pg", bin_dir, TIMESCALE if bin_dir else QUICK) as server:
        yield server.dsn


def words_of(dsn: str, store: FakeStore) -> list[str]:
    place = ["export=gcs", f"export.bucket={BUCKET}", f"export.endpoint={store.endpoint}"]
    return ["site=[sionyu,panri]", "storage=timescale", f"storage.dsn={dsn}", *place]


def collect_day(dsn: str, settings: Settings, day: date) -> None:
    """Write a day of samples; sionyu's LATE_DAY has a hole."""
    for device in settings.devices:
        of = days.day_of(settings, device.device.site, day)
        ticks = list(days.ticks_of(device, of.start_us, of.end_us))
        if (device.device.site, day) == ("sionyu", LATE_DAY):
            del ticks[LATE.start : LATE.stop]
        days.write_ticks(dsn, settings, device, ticks)
        days.write_events(dsn, device.device, ticks[::30])


def collect_late(dsn: str, settings: Settings) -> None:
    [device] = [one for one in settings.devices if one.device.site == "sionyu"]
    of = days.day_of(settings, "sionyu", LATE_DAY)
    days.write_ticks(dsn, settings, device, days.ticks_of(device, of.start_us, of.end_us)[LATE.start : LATE.stop])


def night(exporter: Exporter, settings: Settings, last: date) -> None:
    """Export all that is due after the day `last`."""
    for site in settings.timezones:
        for day_object in exporter.ledger.due(site, settings.timezones[site], last):
            *_, outcome = exporter.export(day_object)
            assert isinstance(outcome, ExportOutcome)
            assert outcome.succeeded, outcome


def night_without_store(exporter: Exporter, settings: Settings, last: date, store: FakeStore) -> None:
    """The store ends in the middle, and is back the next morning."""
    [*day_objects] = exporter.ledger.due("sionyu", "Asia/Seoul", last)
    assert len(day_objects) == len(TABLES)
    for day_object in day_objects[:2]:
        list(exporter.export(day_object))
    store.kill()
    with pytest.raises(StoreUnavailable):
        list(exporter.export(day_objects[2]))
    store.start()


def night_killed(folder: Path, words: list[str], last: date, store: FakeStore) -> None:
    """The export is killed in the middle, as a power cut would."""
    store.faults.append(Fault(Step.LAST, Harm.SLOW, times=1000, seconds=0.4))
    before = len(store.made)
    job = start(folder, "job=export", f"day={last}", *words)
    wait_until(lambda: len(store.made) >= before + 3)
    job.kill()
    job.communicate(timeout=60)
    wait_until(lambda: not running(folder))
    store.faults.clear()
    assert len(store.made) < before + len(SITES) * len(TABLES)


def wait_until(holds: Callable[[], bool], limit_s: float = 90.0) -> None:
    end_s = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end_s
        time.sleep(0.1)


def bring_up_to_date(folder: Path, words: list[str], exporter: Exporter, settings: Settings) -> None:
    """The main job, started late: it catches up while it collects, and misses no sample for it."""
    job = start(folder, *words, "storage.allow_simulated=true", "run.summary=summary.json", "run.require_complete=true")
    wait_until(lambda: not any(exporter.ledger.due(site, "Asia/Seoul", WEEK[-1]) for site in SITES))
    job.send_signal(signal.SIGINT)
    output, _ = job.communicate(timeout=60)
    assert job.returncode == 0, output
    for site in json.loads((folder / "summary.json").read_text())["sites"].values():
        counts = site["devices"]["gateway"]
        assert counts["stored"] == counts["expected"] > 0


def check_store(store: FakeStore, exported_before: Counter[str]) -> None:
    """Every object was made once; those of the day with late samples twice."""
    late = {f"sionyu/{LATE_DAY:%Y/%m/%d/%Y%m%d}_{table}.csv" for table in TABLES}
    names = {f"{site}/{day:%Y/%m/%d/%Y%m%d}_{table}.csv" for site in SITES for day in WEEK for table in TABLES}
    made = Counter(name for name, _ in store.made)
    assert {*made} == names
    assert {name for name, times in made.items() if times > 1} <= late
    assert max(made.values()) == 2
    assert 0 < len(exported_before) < len(names)


def check_month(dsn: str, store: FakeStore) -> None:
    """The example reads every row."""
    files = read_month.month_of(f"gs://{BUCKET}", "sionyu", "2025-11", "sample")
    frame = read_month.polars_csv(files, **from_emulator(store.endpoint)).collect()
    assert frame.height == len(WEEK) * TICKS
    assert frame["time"].n_unique() == len(WEEK) * TICKS
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT count(*) FROM export_object").fetchone() == (
            len({name for name, _ in store.made}),
        )


@pytest.mark.long
def test_a_week_with_two_bad_nights_and_late_samples(tmp_path: Path, dsn: str) -> None:
    folder = tmp_path / "job"
    folder.mkdir()
    with fake_store(tmp_path / "store") as store:
        words = words_of(dsn, store)
        settings = make_settings("job=export", *days.every(600)[:2], *words)
        exporter = make_exporter(settings, dsn)
        assert isinstance(exporter.store, Bucket)
        exporter.store.patience_s = 1.0
        first, last = (days.day_of(settings, "sionyu", day) for day in (WEEK[0], WEEK[-1]))
        days.register(dsn, settings, first.start_us, last.end_us)
        for number, day in enumerate(WEEK):
            collect_day(dsn, settings, day)
            if number in (0, 1, 3):
                night(exporter, settings, day)
            elif day == STORE_DOWN:
                night_without_store(exporter, settings, day, store)
            elif day == KILLED:
                night_killed(folder, words, day, store)
        collect_late(dsn, settings)
        exported_before = Counter(name for name, _ in store.made)
        bring_up_to_date(folder, words, exporter, settings)
        check_store(store, exported_before)
        check_month(dsn, store)
        verified = start(folder, "job=export", "verify=true", f"from={WEEK[0]}", f"to={WEEK[-1]}", *words)
        output, _ = verified.communicate(timeout=120)
        assert verified.returncode == 0, output
        assert output.count(": verified,") == len(SITES) * len(WEEK) * len(TABLES)
