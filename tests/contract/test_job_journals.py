"""Journals of a database that is gone: `job=journals` lists them, and brings them into another one on demand."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from ess_ray.adapters.journal.bounds import Limits
from ess_ray.adapters.journal.journal import Journal
from ess_ray.adapters.journal.owner import JournalOwner, journal_folder
from ess_ray.adapters.local.configured_file import write_record
from ess_ray.app.exit_codes import FAILED, OK
from ess_ray.core.errors import ConfigError
from ess_ray.core.running.configured import ConfigurationRecord, ConfiguredFleet
from ess_ray.core.samples import Event, EventKind, Sample, Status
from ess_ray.core.settings import Settings
from ess_ray.jobs import journals
from ess_ray.jobs.collect.registrations import configured
from ess_ray.simulator.plant import Plant
from tests.days import image_of
from tests.make import make_settings

S = 1_000_000
T0 = 1_790_000_000 * S
OLD = "0ld-identity"
LIMITS = Limits(1 << 30, 1 << 60, "normal")


@pytest.fixture
def settings(dsn: str, tmp_path: Path) -> Settings:
    words = ("job=journals", "site=sionyu", f"state_dir={tmp_path}", "storage=timescale", f"storage.dsn='{dsn}'")
    return make_settings(*words)


def journal(settings: Settings, source: str = "plant", identity: str = OLD) -> Journal:
    owner = JournalOwner(source, identity)
    return Journal(journal_folder(settings.state_dir, owner) / "sionyu__gateway.journal", owner, LIMITS)


def fill(settings: Settings, seconds: range, source: str = "plant", layout: str | None = None) -> None:
    """A journal with a sample and an event a second, and the record of how the device was configured."""
    (device,) = settings.devices
    plant = Plant(settings.maps[device.map_name], seed=1)
    file = journal(settings, source)
    file.learn({device.plan.layout: device.recipe})
    for second in seconds:
        tick_us = T0 + second * S
        image = image_of(device.plan, plant, tick_us)
        file.put(
            Sample(
                device.device, layout or device.plan.layout, tick_us, Status.STORED, None, (), None, 1.0, 1, 0, image
            )
        )
        file.put(Event(device.device, tick_us, EventKind.DEVICE_BACK))
    file.close()
    folder = journal_folder(settings.state_dir, JournalOwner(source, OLD))
    write_record(folder, ConfigurationRecord().appended(ConfiguredFleet(T0 - 100 * S, configured(settings), {})))


def counts(dsn: str) -> tuple[int, ...]:
    with psycopg.connect(dsn) as connection:
        tables = ("sample", "rack", "event", "device")
        return tuple(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)  # type: ignore[index]


def test_the_list_says_what_waits_for_which_database(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert journals.run(settings) == OK
    assert "no journals: everything that was polled is in its database" in capsys.readouterr().out
    fill(settings, range(90))
    fill(settings, range(10), "simulated")
    open_journal = journal(settings, identity="another")
    folder = journal_folder(settings.state_dir, JournalOwner("plant", OLD))
    (folder / "a__b.journal.corrupt-1790000000000").write_bytes(b"no SQLite" * 100)
    before = {path: path.read_bytes() for path in settings.state_dir.glob("journal/*/*")}
    assert journals.run(settings) == OK
    lines = capsys.readouterr().out.splitlines()
    assert {path: path.read_bytes() for path in settings.state_dir.glob("journal/*/*")} == before
    open_journal.close()
    assert lines[0] == "database of these settings: it was never used by ess_ray"
    (plant,) = (line for line in lines if line.startswith(f"samples of plants for database {OLD}: 180 samples and"))
    assert plant.endswith("ticks from 2026-09-21 14:13:20 UTC to 2026-09-21 14:14:49 UTC")
    assert any(f"journals.adopt={OLD} brings them into the present one" in line for line in lines)
    assert any(line.startswith(f"samples of SIMULATED devices for database {OLD}: 20 samples") for line in lines)
    assert any(line.startswith("  plant-another/") and line.endswith(", in use") for line in lines)
    assert any("a__b.journal.corrupt-1790000000000: cannot be read" in line for line in lines)


def test_what_was_written_for_a_database_that_is_gone_is_stored_once(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(settings, range(100))
    adopting = replace(settings, adopt=OLD)
    assert journals.run(adopting) == OK
    assert "100 samples (0 of them were there before), 100 events are in the database" in capsys.readouterr().out
    samples, racks, events, devices = counts(settings.storage.dsn)
    assert (samples, events, devices) == (100, 100, 1)
    with pytest.raises(ConfigError, match="there are no journals for a database"):
        journals.run(adopting)
    fill(settings, range(50, 150))  # half of them were committed, and not acknowledged
    assert journals.run(adopting) == OK
    assert "100 samples (50 of them were there before)" in capsys.readouterr().out
    assert counts(settings.storage.dsn)[:3] == (150, racks * 1.5, 150)
    with psycopg.connect(settings.storage.dsn) as connection:
        rows = connection.execute("SELECT valid_from, valid_to FROM device ORDER BY valid_from").fetchall()
    ((begin, middle), (middle_too, end)) = ((at.timestamp() - T0 / S for at in row) for row in rows)
    assert (begin, middle, middle_too, end) == pytest.approx((0, 99, 99, 149), abs=1e-5)
    fill(settings, range(1))
    with psycopg.connect(settings.storage.dsn) as connection:
        connection.execute("UPDATE database_identity SET id = %s", [OLD])
    with pytest.raises(ConfigError, match="this is the database of these settings"):
        journals.run(adopting)


def test_simulated_samples_go_into_no_server(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    fill(settings, range(10), "simulated")
    with pytest.raises(ConfigError, match="simulated samples, which would go into a real database"):
        journals.run(replace(settings, adopt=OLD))
    fill(settings, range(20))
    assert journals.run(replace(settings, adopt=OLD)) == OK
    assert counts(settings.storage.dsn)[0] == 20
    assert "1 journals of simulated samples stay" in capsys.readouterr().err
    assert len(list(settings.state_dir.glob("journal/simulated-*/*.journal"))) == 1
    allowed = replace(settings, adopt=OLD, storage=replace(settings.storage, allow_simulated=True))
    assert journals.run(allowed) == OK
    assert not list(settings.state_dir.glob("journal/*/*.journal"))


def test_a_journal_in_use_and_what_the_database_refuses_stay(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(settings, range(10))
    at_work = journal(settings)
    assert journals.run(replace(settings, adopt=OLD)) == FAILED
    assert "a collector has it open" in capsys.readouterr().err
    at_work.close()
    fill(settings, range(10, 20), layout="nobody knows")
    assert journals.run(replace(settings, adopt=OLD)) == FAILED
    assert "10 samples (0 of them were there before), 20 events" in (errors := capsys.readouterr().err)
    assert "10 samples and events stay in the journal" in errors
    assert len(list(settings.state_dir.glob("journal/*/*.journal"))) == 1


def test_a_part_that_cannot_be_read_is_not_called_stored(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(settings, range(10))
    fill(settings, range(10, 20))
    (path,) = settings.state_dir.glob("journal/*/*.journal")
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(
            "UPDATE sample_group SET data = CAST(substr(data, 1, length(data) - 9) || zeroblob(9) AS BLOB) WHERE id = 1"
        )
    assert journals.run(replace(settings, adopt=OLD)) == FAILED
    errors = capsys.readouterr().err
    assert (
        "10 samples (0 of them were there before), 10 events are in the database; 20 samples and events stay" in errors
    )
    assert "20 of these cannot be read" in errors
    assert path.exists()
