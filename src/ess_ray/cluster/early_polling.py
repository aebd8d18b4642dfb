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

from ess_ray.actors.poller import Poller, Ready
from ess_ray.adapters.journal.lock import LOCK_WAIT_S, is_locked
from ess_ray.adapters.journal.owner import SUFFIX
from ess_ray.cluster.actor_system import Actor, ActorError
from ess_ray.cluster.plan import SECOND_US, PollerPlan
from ess_ray.cluster.pollers import CONNECT_US, EarlyPoller, wall_us
from ess_ray.cluster.thread_actors import ThreadActors
from ess_ray.core.errors import EssRayError
from ess_ray.core.polling.cadence import first_tick_us
from ess_ray.core.running.logfields import about

log = logging.getLogger(__name__)

LOOK_S = 0.02
CLOSE_LIMIT_S = 2.0


class EarlyPolling:
    """Begins in a thread once it is known which database the samples are for; ends with `close`, or handed over."""

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
        self._system = ThreadActors()
        self._poller: EarlyPoller | None = None
        self._given_up = False
        self._thread = Thread(target=self._begin, name="early-polling", daemon=True)
        self._thread.start()

    def taken_over(self) -> EarlyPoller | None:
        """The poller, which `close` ends unless it is handed over; None: it could not begin. Waits for the decision."""
        self._thread.join()
        return self._poller

    def close(self) -> None:
        """Unless it was handed over: poll no more, and leave what was read to the next run.

        Waits for polls at work, CLOSE_LIMIT_S at most, and not for a database that has not answered.
        """
        self._given_up = True
        self._thread.join(CLOSE_LIMIT_S)
        if (poller := self._poller) and not poller.handed_over.is_set():
            poller.actor.call("stop", wall_us())
            self._end(poller.actor)

    def _begin(self) -> None:
        try:
            self._identify()
            plan = self._plan()
            self._wait_for_predecessors(Path(plan.journal.path).parent)
            if not self._given_up:
                self._poll(plan)
        except (EssRayError, ActorError) as error:
            log.info("nothing is polled while Ray is started: %s", error, extra=about("collect early", error=error))
        except Exception as error:
            log.exception("nothing is polled while Ray is started", extra=about("defect", error=error))

    def _poll(self, plan: PollerPlan) -> None:
        actor = self._system.make(Poller, (plan.journal, None), plan.name)
        try:
            ready: Ready = self._system.result(actor.call("ready"))
            first_us = first_tick_us(wall_us() + self._system.reach_us + CONNECT_US * len(plan.devices), SECOND_US)
            self._register_from(first_us)
            end_us = None if self._duration_us is None else first_us + self._duration_us
            self._system.result(actor.call("poll", plan.devices, first_us, end_us, True))
        except ActorError:
            actor.call("close")  # nothing is polled; without waiting, since the journal may be another's
            raise
        for note in ready.notes:
            log.warning(note, extra=about("note"))
        self._poller = EarlyPoller(plan, actor, first_us, ready.notes)
        log.info("polling %d devices while Ray is started", len(plan.devices), extra=about("collect early"))

    def _end(self, actor: Actor) -> None:
        """Close the journal once no poll is at work."""
        until_s = time.monotonic() + CLOSE_LIMIT_S
        try:
            while self._system.result(actor.call("pull", (), 0, 0)).busy and time.monotonic() < until_s:
                time.sleep(LOOK_S)
            self._system.result(actor.call("close"))
        except ActorError as error:
            log.warning("a journal was not closed: %s", error, extra=about("journal not closed", error=error))

    def _wait_for_predecessors(self, journals: Path) -> None:
        """Wait until the pollers of a run that was killed have ended, which read on for two seconds.

        A device may take one connection only, and a tick that both try must not be stored as failed.
        """
        until_s = time.monotonic() + LOCK_WAIT_S
        while any(is_locked(path) for path in journals.glob(f"*{SUFFIX}")):
            if self._given_up or time.monotonic() > until_s:
                return
            time.sleep(LOOK_S)
