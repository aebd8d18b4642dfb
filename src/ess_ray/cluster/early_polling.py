"""Polling while Ray is started: a thread of the driver reads all devices, until the pollers with Ray take them over.

Ray takes seconds to start, and a restart would lose them of every device. What is read goes into a journal of its own,
of which the collector pulls like of any other (docs/decisions/015-ticks-while-ray-is-started.md).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

from ess_ray.actors.poller import Poller
from ess_ray.adapters.journal.lock import LOCK_WAIT_S, is_locked
from ess_ray.adapters.journal.owner import SUFFIX
from ess_ray.cluster.plan import PollerPlan
from ess_ray.cluster.pollers import CONNECT_US, SECOND_US, EarlyPoller, wall_us
from ess_ray.cluster.thread_actors import ThreadActors
from ess_ray.core.errors import EssRayError
from ess_ray.core.polling.cadence import first_tick_us
from ess_ray.core.running.logfields import about

log = logging.getLogger(__name__)

LOOK_S = 0.02


class EarlyPolling:
    """Begins in a thread as soon as it is known which database the samples are for; `taken_over` ends it."""

    def __init__(
        self, identify: Callable[[], None], plan: Callable[[], PollerPlan], register_from: Callable[[int], None],
        duration_us: int | None,
    ) -> None:  # fmt: skip
        """All three are called in the thread.

        `identify` waits until `plan` can be called, or raises why it never can. `register_from` keeps that the devices
        are configured from the first tick on. `duration_us`: of the run; None: until it is stopped.
        """
        self._identify, self._plan, self._register_from = identify, plan, register_from
        self._duration_us = duration_us
        self._poller: EarlyPoller | None = None
        self._thread = Thread(target=self._begin, name="early-polling", daemon=True)
        self._thread.start()

    def taken_over(self) -> EarlyPoller | None:
        """The poller, for the one who ends it from now on; None: it could not begin. Waits until that is decided."""
        self._thread.join()
        poller, self._poller = self._poller, None
        return poller

    def close(self) -> None:
        """If nobody has taken it over: poll no more, and leave what was read to the next run."""
        if poller := self.taken_over():
            poller.actor.call("stop", wall_us())
            poller.actor.call("close").result()

    def _begin(self) -> None:
        try:
            self._identify()
            plan = self._plan()
            _wait_for_predecessors(Path(plan.journal.path).parent)
            system = ThreadActors()
            actor = system.make(Poller, (plan.journal, None), plan.name)
            system.result(actor.call("ready"))
            first_us = first_tick_us(wall_us() + system.reach_us + CONNECT_US * len(plan.devices), SECOND_US)
            self._register_from(first_us)
            end_us = None if self._duration_us is None else first_us + self._duration_us
            system.result(actor.call("poll", plan.devices, first_us, end_us, True))
            self._poller = EarlyPoller(plan, actor, first_us)
            log.info("polling %d devices while Ray is started", len(plan.devices), extra=about("collect early"))
        except EssRayError as error:
            log.info("nothing is polled while Ray is started: %s", error, extra=about("collect early", error=error))
        except Exception as error:
            log.exception("nothing is polled while Ray is started", extra=about("defect", error=error))


def _wait_for_predecessors(journals: Path) -> None:
    """Wait until the pollers of a run that was killed have ended, which read on for two seconds.

    A device may take one connection only, and a tick that both try must not be stored as failed.
    """
    until_s = time.monotonic() + LOCK_WAIT_S
    while any(is_locked(path) for path in journals.glob(f"*{SUFFIX}")) and time.monotonic() < until_s:
        time.sleep(LOOK_S)
