"""A database or a disk that is silent holds nobody up."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.proxy import Mode
from tests.faults.schedule import WRITTEN_S
from tests.faults.stage import Stage, stage
from tests.faults.verdict import lines

STILL_S = 13.0  # longer than any actor may take to answer (`cluster.liveness`)
RELOADED_S = 8.0
STATE_DISK_MB = 300


def reload(place: Stage) -> None:
    """Reload with a phase for d000; it waits neither for the database nor for a disk."""
    site = place.folder / "conf/site/oracle.yaml"
    first, changed, last = site.read_text().partition("unit_id: 1, timeout_s: 0.5")
    site.write_text(f"{first}{changed}, phase_s: 0.1{last}")
    os.kill(place.job.pids("driver")[0], signal.SIGHUP)
    until(lambda: "reloaded: changed oracle/d000" in place.job.output())


def until(happened: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + RELOADED_S
    while not happened():
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


def outcome(place: Stage) -> str | None:
    """The result of the last reload, as `job=reload` reads it."""
    file = place.folder / "state/reload.json"
    return str(json.loads(file.read_text())["outcome"]) if file.exists() else None


def test_a_reload_while_the_database_accepts_and_is_silent_holds_nobody_up(tmp_path: Path) -> None:
    with stage(tmp_path, 12, "cluster=none") as place:
        place.job.start()
        place.until_stored()
        place.database.set(Mode.BLACKHOLE)
        reload(place)
        until(lambda: outcome(place) == "done")
        time.sleep(STILL_S)
        place.database.set(Mode.PASS)
        place.until_stored()
        verdict = place.end()
        spans = place.server.query("SELECT count(*), count(valid_to) FROM device WHERE device = 'd000'")
    assert verdict.good, list(lines(verdict))
    assert verdict.stored == verdict.expected
    assert spans == [(2, 1)]
    assert place.history.troubles == []


def test_a_reload_while_the_state_disk_is_full_is_carried_out_and_its_result_written_later(tmp_path: Path) -> None:
    with stage(tmp_path, 4, "cluster=none", state_disk_mb=STATE_DISK_MB) as place:
        if place.journal_disk is None:
            pytest.skip("only root can mount a disk to fill")
        place.job.start()
        place.until_stored()
        place.journal_disk.fill()
        reload(place)
        place.until_stored()
        assert outcome(place) is None
        place.journal_disk.free()
        until(lambda: outcome(place) == "done")
        time.sleep(WRITTEN_S)
        verdict = place.end()
    assert verdict.good, list(lines(verdict))
    assert verdict.stored == verdict.expected
    assert place.history.troubles == []
