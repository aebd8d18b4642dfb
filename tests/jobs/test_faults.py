"""One fault at a time in one process, and what exactly it may cost."""

from __future__ import annotations

import time
from pathlib import Path

from tests.faults.proxy import Mode
from tests.faults.stage import stage
from tests.faults.verdict import lines

OUTAGE_S = 10.0
TRAPPED_S = 30.0  # a transaction comes once a second


def at(number: int) -> str:
    """The condition for one tick of one device."""
    some = f"SELECT time FROM sample WHERE device = 'd001' ORDER BY time LIMIT 1 OFFSET {number}"
    return f"device = 'd001' AND time = ({some})"


TAMPERING = {  # each costs one tick of its own
    f"DELETE FROM sample WHERE {at(4)}": "lost",
    f"DELETE FROM part WHERE part = 2 AND {at(5)}": "lost",
    f"INSERT INTO head SELECT * FROM head WHERE {at(6)}": "doubled",
    f"UPDATE head SET number = number + 1 WHERE {at(7)}": "wrong",
    f"UPDATE part SET checksum = 0 WHERE {at(8)}": "wrong",
    f"UPDATE sample SET status = 'failed', reason = 'timeout' WHERE {at(9)}": "wrong",
    f"UPDATE head SET (number, clock_ms, checksum) = (SELECT number, clock_ms, checksum FROM head WHERE {at(10)}) "
    f"WHERE {at(11)}": "wrong",
}


def test_ten_seconds_without_a_database_cost_nothing(tmp_path: Path) -> None:
    with stage(tmp_path, 20, "cluster=none") as place:
        place.job.start()
        place.until_stored()
        place.server.stop()
        time.sleep(OUTAGE_S)
        place.server.start()
        place.until_stored()
        verdict = place.end()
        for statement, kind in TAMPERING.items():  # the suite sees what it looks for
            before = place.judge().counts[kind]
            place.server.query(f"{statement} RETURNING 1")
            assert place.judge().counts[kind] > before, statement
    assert verdict.good, list(lines(verdict))
    assert verdict.stored == verdict.expected > 20 * OUTAGE_S / 2
    assert place.history.troubles == []


def test_a_dead_device_changes_nothing_for_the_others(tmp_path: Path) -> None:
    with stage(tmp_path, 12, "cluster=none") as place:
        place.job.start()
        place.until_stored()
        with place.hurt(0, Mode.BLACKHOLE):
            time.sleep(OUTAGE_S)
        place.until_stored()
        verdict = place.end()
        others = "FROM sample WHERE device <> 'd000'"
        slow = f"SELECT percentile_disc(0.9) WITHIN GROUP (ORDER BY read_ms) {others}"
        assert place.server.query(f"SELECT count(*) {others} AND status <> 'stored'") == [(0,)]
        assert place.server.query(slow)[0][0] < 300  # the dead one's time-out is 500
    assert verdict.good, list(lines(verdict))
    assert verdict.explained > 0
    assert place.history.troubles == []


def test_kill_9_of_the_one_process_at_any_moment_costs_at_most_the_polls_at_work(tmp_path: Path) -> None:
    with stage(tmp_path, 8, "cluster=none") as place:
        place.job.start()
        place.until_stored()
        schedule = place.schedule(1)
        moments = ("driver", "poller before hand-over", "writer in COPY", "writer behind COMMIT")
        for starts, moment in enumerate(moments, start=2):
            schedule.do(f"kill {moment}")
            deadline_s = time.monotonic() + TRAPPED_S
            while len(place.history.started_s) < starts and time.monotonic() < deadline_s:
                schedule.wait(0.2)
            place.until_stored()
        verdict = place.end()
    assert verdict.good, list(lines(verdict))
    assert verdict.explained == 0
    assert len(place.history.started_s) == 5
    assert place.history.troubles == []
