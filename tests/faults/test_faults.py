"""One fault at a time with Ray, and what exactly it may cost."""

from __future__ import annotations

import time
from pathlib import Path

from tests.faults.job import ACTORS
from tests.faults.proxy import Mode
from tests.faults.stage import stage
from tests.faults.verdict import lines


def test_kill_9_of_each_process_costs_at_most_the_polls_at_work(tmp_path: Path) -> None:
    with stage(tmp_path, 8) as place:
        place.job.start()
        place.until_stored()
        schedule = place.schedule(1)
        for role in (*ACTORS, "driver", "raylet"):
            schedule.do(f"kill {role}")
            place.until_stored()
        verdict = place.end()
    assert verdict.good, list(lines(verdict))
    assert verdict.explained == 0
    assert set(schedule.done.values()) == {1}
    assert place.history.troubles == []


def test_a_state_folder_goes_from_one_process_to_ray_and_back_with_what_waits_in_it(tmp_path: Path) -> None:
    with stage(tmp_path, 12, "cluster=none") as place:
        place.job.start()
        place.until_stored()
        for _ in range(2):
            place.database.set(Mode.REFUSE)
            time.sleep(3)
            place.job.kill("driver", *place.job.pids("driver"))
            place.job.switch()
            place.job.start()
            place.database.set(Mode.PASS)
            place.until_stored()
        verdict = place.end()
    assert verdict.good, list(lines(verdict))
    assert verdict.explained == 0
    assert place.history.troubles == []
