"""The watcher as the driver sees it: updated once a second, one call at a time, never waited for, made anew if dead.

Used by the driver's main thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from ess_ray.actors.page import Page
from ess_ray.actors.watcher import WatcherReply, WatcherUpdate
from ess_ray.cluster import actors
from ess_ray.cluster.actor_system import Actor, ActorError, ActorLostError, Call
from ess_ray.cluster.platform import Platform
from ess_ray.cluster.supervised_actor import SupervisedActor, the_process
from ess_ray.core.running.awake import AwakeClock
from ess_ray.core.running.logfields import about
from ess_ray.core.settings import Settings

log = logging.getLogger(__name__)

MAKE_AFTER_S = 2.0  # of the first round: the machine's start is for the actors that collect
UPDATE_S, LONGEST_UPDATE_S = 1.0, 5.0  # between two updates: usually, and at the most
PAUSE_FACTOR = 50  # composing an update is followed by a pause of so many times the time it took the driver
HANGS_S = 10.0  # it has nothing to wait for: an update that takes so long never returns

Compose = Callable[[bool], WatcherUpdate]


class WatcherLink:
    """One watcher over all its processes. `step` is called every round.

        not made ── MAKE_AFTER_S ──▶ idle ── an update is due ──▶ updating ── it has returned ──▶ idle
                                                                  updating ── it hangs, or died ──▶ idle, started again

    Updating: `_call` is set, the one call in flight.
    """

    def __init__(self, platform: Platform, page: Page, settings: Settings) -> None:
        self._system = system = platform.actors
        metrics, near = platform.metrics, platform.nodes.near
        self._make: Callable[[], Actor] = lambda: actors.watcher(system, metrics, page, settings, near)
        self._watcher: SupervisedActor | None = None
        self._first_step_s: float | None = None
        self.page = ""  # the page's address, or why there is none, for a person
        self._notes: list[str] = []
        self._call: Call | None = None
        self._next_update_s = 0.0  # of the monotonic clock
        self._clock = AwakeClock()
        self._updated_s = 0.0  # of that clock
        self._values_every_s = platform.metrics_interval_s / 2
        self._values_next_s = 0.0
        self._defect_logged = False
        self._problem: str | None = None  # why the watcher cannot show the run now

    @property
    def deaths(self) -> int:
        """Processes of the watcher that have died."""
        return self._watcher.deaths if self._watcher else 0

    def step(self, compose: Compose) -> None:
        """Make the watcher or update it, if that is due, without waiting; raises nothing, also if `compose` does.

        `compose(with_values)`, called for an update only, makes it, with the metrics' values or without.
        """
        try:
            self._step(compose)
        except Exception:
            if not self._defect_logged:  # once: it may come every round
                log.exception("page and metrics cannot be updated; collecting goes on", extra=about("defect"))
            self._defect_logged = True

    def take_notes(self) -> list[str]:
        """Sentences for a person, each given once."""
        notes, self._notes = self._notes, []
        return notes

    def _step(self, compose: Compose) -> None:
        now_s = time.monotonic()
        self._clock.look(now_s)
        self._first_step_s = self._first_step_s or now_s
        if self._watcher is None:
            if now_s > self._first_step_s + MAKE_AFTER_S:
                self._watcher = SupervisedActor(self._system, "the watcher", self._make)
            return
        if self._watcher.take_ready(the_process) is not None:
            self._values_next_s = 0.0  # a new process has none
        if self._call is not None:
            self._look(self._watcher)
        elif self._watcher.up and now_s >= self._next_update_s:
            self._update(self._watcher, compose, now_s)

    def _update(self, watcher: SupervisedActor, compose: Compose, now_s: float) -> None:
        with_values = now_s >= self._values_next_s
        self._call = watcher.call("update", compose(with_values))
        pause_s = (time.monotonic() - now_s) * PAUSE_FACTOR
        if with_values:
            self._values_next_s = now_s + max(self._values_every_s, pause_s)
        self._next_update_s = now_s + min(max(UPDATE_S, pause_s), LONGEST_UPDATE_S)
        self._updated_s = self._clock.now_s

    def _look(self, watcher: SupervisedActor) -> None:
        """Take the reply if the call has returned; kill the watcher if it has not for too long."""
        if not self._system.returned([self._call], 0):
            if self._clock.now_s > self._updated_s + HANGS_S and watcher.up:
                watcher.kill(f"has not answered for {HANGS_S:g} s")
                self._updated_s = self._clock.now_s
            return
        call, self._call = self._call, None
        try:
            reply: WatcherReply = self._system.result(call)
        except ActorLostError as error:
            watcher.died(error)
        except ActorError as error:
            log.error("the watcher has failed: %s", error, extra=about("defect"))  # it reports its own
        else:
            self._take(reply)

    def _take(self, reply: WatcherReply) -> None:
        if reply.problem and reply.problem != self._problem:
            text = f"page and metrics cannot be shown: {reply.problem}"
            log.error(text, extra=about("not shown", reason=reply.problem))
        self._problem = reply.problem
        if reply.page and reply.page != self.page:
            self.page = reply.page
            self._notes.append(f"page: {reply.page}")
            log.info("page: %s", reply.page, extra=about("page"))
