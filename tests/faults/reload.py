"""Reloads of the job's configuration: requested by SIGHUP, as `job=reload` does, and their results taken later."""

from __future__ import annotations

import os
import random
import re
import signal
import time
from datetime import datetime

from ess_ray.app.running import ReloadOutcome, reload_result
from tests.faults.history import Configured
from tests.faults.job import Job
from tests.faults.pollers import PolledBy

LIMIT_S = 120.0  # `job=reload` waits no longer for a result


class Reloads:
    """The reload that is under way, if there is one."""

    def __init__(self, job: Job, polled_by: PolledBy) -> None:
        self._job = job
        self._polled_by = polled_by
        self._requested_s: float | None = None
        self._before: dict[int, int] = {}  # the periods that hold until then

    @property
    def under_way(self) -> bool:
        """True while there is no result yet."""
        return self._requested_s is not None

    def request(self, chance: random.Random) -> bool:
        """Change the configuration and have it reloaded; False if the reload before is still under way."""
        if self._requested_s is not None or self._job.code is not None:
            return False
        self._before = dict(self._job.plants.periods)
        self._requested_s = time.time()
        self._what = self._job.plants.change(chance)
        os.kill(self._job.pids("driver")[0], signal.SIGHUP)
        return True

    def look(self) -> None:
        """Take the result, if it has come by now."""
        if self._requested_s is None:
            return
        history = self._job.history
        result = reload_result(self._job.state_dir, int(self._requested_s * 1e6))
        if result is None:
            if time.time() > self._requested_s + LIMIT_S:
                self._end(f"a reload ({self._what}) has no result after {LIMIT_S:g} s")
            return
        if result.outcome is ReloadOutcome.DONE and (first := re.search(r", from (\S+) on$", result.message)):
            first_s = datetime.fromisoformat(first[1]).timestamp()
            history.configured.append(Configured(first_s, dict(self._job.plants.periods)))
            self._polled_by.forget()
            self._requested_s = None
            return
        self._job.plants.periods = self._before
        self._job.plants.write()
        if result.outcome is ReloadOutcome.REFUSED:
            history.notes.append(f"a reload ({self._what}) was refused: {result.message}")
            self._requested_s = None
        else:
            self._end(f"a reload ({self._what}) ended with: {result.message}")

    def run_ended(self) -> None:
        """The run has ended with a reload under way: the next start takes the configuration as it stands now."""
        if self._requested_s is not None:
            self._job.history.uncertain.append((self._requested_s, time.time()))
            self._requested_s = None

    def _end(self, trouble: str) -> None:
        self._job.history.troubles.append(trouble)
        assert self._requested_s is not None
        self._job.history.uncertain.append((self._requested_s, float("inf")))
        self._requested_s = None
