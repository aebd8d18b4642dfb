"""The main job's round: pull, normalise, write, acknowledge. Runs in the driver; decodes nothing.

The rules are `core.conduct`; here are the Ray calls. A pull, a normalise and a write may each be in flight while the
next round begins; whatever fails is tried again after a pause, and its samples are held until the database has them.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError, RayTaskError

from ess_ray.actors.poller import Pulled
from ess_ray.cluster import actors
from ess_ray.core.account import Account
from ess_ray.core.cadence import shared_tick_us
from ess_ray.core.conduct import Conductor, Shipment, group_lines
from ess_ray.core.errors import CannotStart, EssRayError
from ess_ray.core.flush import Committed
from ess_ray.core.settings import DeviceSettings, Settings

log = logging.getLogger(__name__)

ROUND_S = 0.5
ROUND_OFFSET_S = 0.15  # behind the whole and half second, when the polls of the tick are in
START_MARGIN_US = 500_000  # between the last actor's readiness and the first tick
READY_S = 120.0  # an actor that is not up by then is reported
RETRY_S = 1.0


def wall_us() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000


@dataclass(frozen=True)
class Window:
    """The ticks of a run: [first_us, end_us)."""

    first_us: int
    end_us: int


class Collector:
    """All actors of a run and the loop that moves samples through them."""

    def __init__(self, settings: Settings, dsn: str, account: Account) -> None:
        self._settings = settings
        self._account = account
        self._groups = _pollers(settings)
        self._recipes = {s.plan.layout: s.recipe for s in settings.devices}
        self._pollers = [actors.poller(group, settings.cluster.outbox_bytes) for group in self._groups]
        pool = range(settings.cluster.normalisers)
        self._normalisers = [actors.normaliser(number, settings.standard_tree) for number in pool]
        self._writer = actors.writer(dsn)
        self._conductor = Conductor(len(self._groups))
        self._pulls: dict[Any, int] = {}
        self._writes: dict[Any, Shipment] = {}
        self._overflowed: dict[int, int] = {}
        self._normalised = 0
        self._retry_at_s = 0.0
        self._first_us: int | None = None
        self._end_us: int | None = None
        self.database_error: str | None = None

    def start(self, duration_us: int | None) -> int:
        """Wait for every actor, then start all devices at the first tick that they share; gives that tick."""
        ready = [a.ready.remote() for a in (*self._pollers, *self._normalisers, self._writer)]
        try:
            ray.get(ready, timeout=READY_S)
        except GetTimeoutError as error:
            raise CannotStart(f"the actors are not up after {READY_S:g} s: see ray/ in the state folder") from error
        periods_us = {s.period_us for s in self._settings.devices}
        self._first_us = shared_tick_us(wall_us() + START_MARGIN_US, periods_us)
        self._end_us = None if duration_us is None else self._first_us + duration_us
        ray.get([poller.start.remote(self._first_us, self._end_us) for poller in self._pollers])
        return self._first_us

    def stop(self) -> Window:
        """No tick from now on; polls at work are finished."""
        assert self._first_us is not None
        now_us = max(wall_us(), self._first_us)
        if self._end_us is None or now_us < self._end_us:
            self._end_us = now_us
            ray.get([poller.stop.remote(now_us) for poller in self._pollers])
        return Window(self._first_us, self._end_us)

    def run(self, over: Callable[[], bool], show: Callable[[], None]) -> None:
        """Rounds until `over()`."""
        while not over():
            self._round()
            show()

    @property
    def ended(self) -> bool:
        """Whether the last tick has come."""
        return self._end_us is not None and wall_us() >= self._end_us

    @property
    def drained(self) -> bool:
        """Whether everything that was polled is committed."""
        return self._conductor.drained and not self._pulls

    def _round(self) -> None:
        """One round: pull from every poller that has answered, then handle what comes back until the next is due."""
        pulling = set(self._pulls.values())
        for number, poller in enumerate(self._pollers):
            if number not in pulling:
                acknowledged = self._conductor.acknowledgements(number)
                self._pulls[poller.pull.remote(acknowledged, self._conductor.room())] = number
        next_s = (time.time() - ROUND_OFFSET_S) // ROUND_S * ROUND_S + ROUND_S + ROUND_OFFSET_S
        while (left_s := next_s - time.time()) > 0:
            self._ship()
            waiting = [*self._pulls, *self._writes]
            done, _ = ray.wait(waiting, timeout=left_s) if waiting else ([], [])
            for ref in done:
                self._answer(ref)
            if not done:
                time.sleep(max(0.0, next_s - time.time()))

    def _answer(self, ref: Any) -> None:
        if ref in self._pulls:
            self._pulled(self._pulls.pop(ref), ref)
        else:
            self._written(self._writes.pop(ref), ref)

    def _pulled(self, number: int, ref: Any) -> None:
        try:
            pulled: Pulled = ray.get(ref)
        except RayError as error:
            log.error("%s has died and is started again: %s", self._name(number), type(error).__name__)
            self._conductor.restarted(number)
            first_us = max(self._first_us or 0, wall_us())
            self._pollers[number].start.remote(first_us, self._end_us)
            return
        self._conductor.pulled(number, pulled.numbers, pulled.samples, pulled.waiting, pulled.busy)
        if pulled.overflowed > self._overflowed.get(number, 0):
            log.error("%s: its queue is full, %d samples have lost their values", self._name(number), pulled.overflowed)
            self._overflowed[number] = pulled.overflowed

    def _ship(self) -> None:
        """Send what waits through a normaliser to the writer; the bytes go from one to the other, not through here."""
        while time.monotonic() >= self._retry_at_s and (shipment := self._conductor.next_shipment()):
            self._normalised += 1
            normaliser = self._normalisers[self._normalised % len(self._normalisers)]
            late_us = self._settings.storage.late_us
            recipe = self._recipes[shipment.layout]
            flush = normaliser.normalise.remote(shipment.layout, recipe, shipment.samples, wall_us(), late_us)
            self._writes[self._writer.write.remote(flush)] = shipment

    def _written(self, shipment: Shipment, ref: Any) -> None:
        try:
            committed: Committed = ray.get(ref)
        except (RayError, EssRayError) as error:
            cause = error.cause if isinstance(error, RayTaskError) else error
            self.database_error = str(cause).strip().splitlines()[0]
            log.error("%d samples were not stored and are tried again: %s", len(shipment.held), self.database_error)
            self._conductor.failed(shipment)
            self._retry_at_s = time.monotonic() + RETRY_S
            return
        self.database_error = None
        self._conductor.committed(shipment)
        samples = (held.sample for held in shipment.held)
        self._account.committed(samples, committed.rows, len(committed.known), committed.committed_us)

    def _name(self, number: int) -> str:
        return f"poller of {self._groups[number][0].device}"


def _pollers(settings: Settings) -> list[Sequence[DeviceSettings]]:
    lines: dict[tuple[str, int], list[DeviceSettings]] = {}
    for device in settings.devices:
        lines.setdefault(device.line, []).append(device)
    lists = list(lines.values())
    groups = group_lines([len(one) for one in lists], settings.cluster.devices_per_actor, os.cpu_count() or 1)
    return [[device for index in group for device in lists[index]] for group in groups]
