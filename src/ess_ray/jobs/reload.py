"""`job=reload`: makes the collector of this state folder read its configuration again, and prints the result.

A process of its own: it sends the collector SIGHUP and waits for the result in the state folder.
"""

from __future__ import annotations

import os
import signal
import time

from ess_ray.app.exit_codes import FAILED, OK
from ess_ray.app.output import print_line
from ess_ray.app.running import ReloadOutcome, find_collector, reload_result
from ess_ray.core.errors import CannotStart
from ess_ray.core.settings import Settings

RELOAD_LIMIT_S = 120.0  # new pollers may take a minute to come up (`jobs.collect.reload.READY_S`)
LOOK_S = 0.1


def run(settings: Settings) -> int:
    """Exit code OK: the new configuration is in force, or nothing has changed; FAILED: it was refused.

    Waits for the result. Raises CannotStart if there is no collector, if it ends meanwhile, or if it gives no result
    within RELOAD_LIMIT_S.
    """
    running = find_collector(settings.state_dir)
    if running is None:
        raise CannotStart(f"no collector is at work in {settings.state_dir} (state_dir)")
    requested_us = time.time_ns() // 1000
    os.kill(running.pid, signal.SIGHUP)
    while time.time_ns() // 1000 < requested_us + RELOAD_LIMIT_S * 1e6:
        if result := reload_result(settings.state_dir, requested_us):
            refused = result.outcome is ReloadOutcome.REFUSED
            for line in result.message.splitlines():  # below a refusal there may be lines to paste
                print_line(line, error=refused)
            return FAILED if refused else OK
        if find_collector(settings.state_dir) is None:
            raise CannotStart(f"the collector (process {running.pid}) has ended before it had reloaded")
        time.sleep(LOOK_S)
    raise CannotStart(
        f"the collector (process {running.pid}) has not reloaded within {RELOAD_LIMIT_S:g} s: see its log"
    )
