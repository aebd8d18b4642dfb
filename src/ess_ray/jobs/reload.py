"""`job=reload`: have the collector of this state folder read its configuration again, and say what came of it."""

from __future__ import annotations

import os
import signal
import sys
import time

from ess_ray.app.exit_codes import FAILED, OK
from ess_ray.app.running import answer_after, find_collector
from ess_ray.core.errors import CannotStart
from ess_ray.core.settings import Settings

ANSWER_S = 120.0


def run(settings: Settings) -> int:
    """0: the new configuration holds, or nothing has changed; 1: it was refused. Raises CannotStart."""
    running = find_collector(settings.state_dir)
    if running is None:
        raise CannotStart(f"no collector is at work in {settings.state_dir} (state_dir)")
    asked_us = time.time_ns() // 1000
    os.kill(running.pid, signal.SIGHUP)
    while time.time_ns() // 1000 < asked_us + ANSWER_S * 1e6:
        if answer := answer_after(settings.state_dir, asked_us):
            good = answer["outcome"] != "refused"
            told = f"{answer['told']}, from {answer['from']} on" if answer["from"] else answer["told"]
            print(f"{answer['outcome']}: {told}", file=sys.stdout if good else sys.stderr)
            return OK if good else FAILED
        if find_collector(settings.state_dir) is None:
            raise CannotStart("the collector has ended meanwhile")
        time.sleep(0.1)
    raise CannotStart(f"the collector (process {running.pid}) has not answered within {ANSWER_S:g} s: see its log")
