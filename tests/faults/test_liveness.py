"""A driver that stands still stops no healthy plant."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path

from tests.faults.proxy import Mode
from tests.faults.stage import stage
from tests.faults.verdict import lines

STILL_S = 13.0  # longer than any actor may take to answer (`cluster.liveness`)
PULLING_S = 0.2  # behind the whole second: all pulls are in flight
LOOK_S = 3.0  # afterwards: long enough for a kill, and for the new process


def test_a_driver_that_stood_still_kills_no_poller_and_loses_no_tick(tmp_path: Path) -> None:
    with stage(tmp_path, 12) as place:
        place.job.start()
        place.until_stored()
        pollers, (driver,) = place.job.pids("poller"), place.job.pids("driver")
        with ExitStack() as slow:  # a pull waits for the polls at work
            for number in range(len(place.devices)):
                slow.enter_context(place.hurt(number, Mode.DELAY))
            time.sleep(1 + (PULLING_S - time.time()) % 1)
            os.kill(driver, signal.SIGSTOP)
        time.sleep(STILL_S)
        os.kill(driver, signal.SIGCONT)
        place.until_stored()
        time.sleep(LOOK_S)
        assert place.job.pids("poller") == pollers
        verdict = place.end()
    assert verdict.good, list(lines(verdict))
    assert verdict.down == 0
    assert verdict.stored > 12 * STILL_S / 2  # but for those of the slow moment
    assert place.history.troubles == []
