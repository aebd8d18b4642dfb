"""docs/backup.md with collectors at work: moving to another folder with journals, and an update without a gap."""

from __future__ import annotations

import json
import time
from pathlib import Path

import psycopg
import pytest

from ess_ray.adapters.journal.journal import Journal
from ess_ray.adapters.journal.owner import JournalOwner, journal_folder
from ess_ray.adapters.postgres.embedded.process import find_bin_dir
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.app.running import find_collector
from ess_ray.simulator.plant import Plant
from tests.backup_page import ROOT, Shell
from tests.days import _sample
from tests.journals import LIMITS, offered, wait_until
from tests.make import make_settings, shipped_standard

SETTINGS = make_settings("site=panri")
DEVICE = SETTINGS.devices[0]
WORDS = "site=panri cluster=none storage=timescale storage.allow_simulated=true"
LIMIT_S = 240
# `systemctl start|stop UNIT`: the job with the unit's state folder, in the background; stopping waits for its end.
SYSTEMCTL = f"""
case $2 in ess_ray) state=ess_ray_state ;; *) state=ess_ray_new/ess_ray_state ;; esac
if [ "$1" = start ]; then
    ./scripts/run {WORDS} export=none state_dir=$state >$2.log 2>&1 &
elif [ -e $state/collector.json ]; then
    pid=$(sed 's/.*"pid": \\([0-9]*\\).*/\\1/' $state/collector.json)
    kill -TERM $pid
    while kill -0 $pid 2>/dev/null; do sleep 0.2; done
fi"""


@pytest.fixture
def database(embedded_server: str) -> str:
    """The DSN of a database that answers whoever asks, as a server's does."""
    name = f"ess_ray_page_{time.monotonic_ns()}"
    with psycopg.connect(embedded_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return embedded_server.replace("dbname=postgres", f"dbname={name}")


def machine(folder: Path, database: str) -> Shell:
    """A clone of ess_ray in `folder`, whose collector has this database."""
    folder.mkdir()
    given = {
        "NEW_MACHINE:": f"{folder.with_name('new')}/",
        "REPOSITORY": str(ROOT),
        "ess_ray_new/scripts/install": "true",  # an environment takes minutes; its own tests have it
        "ess_ray_new/scripts/run": "scripts/run",
        "site=panri storage=timescale": WORDS,
    }
    shell = Shell(folder, find_bin_dir(), given, ESS_RAY_DSN=database)
    shell.script("bin/systemctl", SYSTEMCTL)
    return shell


def fill_journal(state: Path, identity: str, ticks: range) -> None:
    """What a collector leaves behind that was stopped while its database was away."""
    owner = JournalOwner("simulated", identity)
    folder = journal_folder(state, owner)
    folder.mkdir(parents=True)
    state.chmod(0o700)
    journal = Journal(folder / "panri__gateway.journal", owner, LIMITS)
    journal.learn({DEVICE.plan.layout: DEVICE.recipe})
    plant = Plant(SETTINGS.maps[DEVICE.map_name], seed=1)
    for tick_us in ticks:
        before = offered(journal)
        journal.put(_sample(DEVICE, plant, tick_us, 0))
        wait_until(lambda before=before: offered(journal) > before)
    journal.close()


def ticks_of(database: str) -> list[int]:
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT extract(epoch FROM time)::int8 FROM sample ORDER BY time")
        return [tick for (tick,) in rows]


def until_collecting(shell: Shell, state: str) -> None:
    shell.bash(f"until ./scripts/run job=status state_dir={state}; do sleep 1; done", LIMIT_S)


def test_what_waits_in_journals_moves_to_another_machine(tmp_path: Path, database: str) -> None:
    old, new = machine(tmp_path / "old", database), machine(tmp_path / "new", database)
    identity = prepare(database, shipped_standard()).identity
    begin_us = (time.time_ns() // 1000 - 600_000_000) // 1_000_000 * 1_000_000
    fill_journal(old.folder / "ess_ray_state", identity, range(begin_us, begin_us + 20_000_000, 1_000_000))
    old.run("move away")
    new.run("move in", LIMIT_S)
    until_collecting(new, "ess_ray_state")
    wait_until(lambda: len(ticks_of(database)) > 20, 60)
    new.bash("systemctl stop ess_ray", LIMIT_S)
    assert ticks_of(database)[:20] == [begin_us // 1_000_000 + second for second in range(20)]
    said = (new.folder / "ess_ray.log").read_text()
    assert "20 samples of earlier runs waited in the journals and were stored" in said


def test_an_update_beside_the_old_collector_has_no_gap(tmp_path: Path, database: str) -> None:
    shell = machine(tmp_path / "old", database)
    shell.bash("systemctl start ess_ray", LIMIT_S)
    until_collecting(shell, "ess_ray_state")
    wait_until(lambda: ticks_of(database), 60)
    shell.run("install", LIMIT_S)
    shell.run("without a gap", LIMIT_S)
    assert find_collector(shell.folder / "ess_ray_state") is None
    last = time.time()
    wait_until(lambda: ticks_of(database)[-1] > last + 3, 60)
    shell.bash("systemctl stop ess_ray_new", LIMIT_S)
    ticks = ticks_of(database)
    assert ticks == list(range(ticks[0], ticks[-1] + 1))
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT DISTINCT collector FROM sample").fetchall()
    assert len(rows) == 2, json.dumps(rows)
