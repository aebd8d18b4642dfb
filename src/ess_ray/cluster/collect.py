"""The main job's round: pull, normalise, write, acknowledge. Runs in the driver; decodes nothing.

The rules are `core.storing.conduct`; here are the Ray calls. A pull, a normalise and a write may each be in flight
while the next round begins; whatever fails is tried again after a pause, and its samples are held until the database
has them. Actors that die come back with what their journals hold; those that hang are killed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from ess_ray.actors.poller import Pulled
from ess_ray.actors.process import ProcessInfo
from ess_ray.cluster import actors
from ess_ray.cluster.balance import Balance
from ess_ray.cluster.collection_log import CollectionLog
from ess_ray.cluster.liveness import PullInFlight, end_hanging
from ess_ray.cluster.nodes import Nodes
from ess_ray.cluster.pollers import Pollers, collector_name, wall_us
from ess_ray.cluster.sessions import Tidying
from ess_ray.cluster.shipping import Shipping
from ess_ray.cluster.supervised_actor import SupervisedActor
from ess_ray.core.errors import CannotStart
from ess_ray.core.polling.cadence import first_tick_us
from ess_ray.core.polling.tally import Totals
from ess_ray.core.running.account import Account
from ess_ray.core.running.logfields import about
from ess_ray.core.running.work import Backlog
from ess_ray.core.settings import Settings
from ess_ray.core.storing.conduct import Conductor

log = logging.getLogger(__name__)

ROUND_S = 0.5
ROUND_OFFSET_S = 0.03  # behind the whole second: polls are at work, each poller answers when they are in
PULL_WAIT_S = 0.4  # for them, at most: what comes later is for the next round
GATHER_S = 0.06  # what pollers give within this moment travels together
STOP_MARGIN_US = 500_000  # between telling the end and the first tick that is not polled: a pull may be waiting
SECOND_US = 1_000_000
START_MARGIN_US = 500_000  # between the last actor's readiness and the first tick
CONNECT_US = 300  # and so much for each device: the connections are made within it
CHANGE_MARGIN_US = 1_000_000  # between telling a change and the tick from which it holds
READY_S = 120.0  # an actor that is not up by then is reported


@dataclass(frozen=True)
class Window:
    """The ticks of a run: [first_us, end_us)."""

    first_us: int
    end_us: int


class Collector:
    """All actors of a run and the loop that moves samples through them."""

    def __init__(
        self, settings: Settings, groups: Sequence[actors.PollerPlan], nodes: Nodes, dsn: str, account: Account
    ) -> None:
        self._settings = settings
        self.nodes = nodes
        self._account = account
        self.pollers = Pollers(groups)
        self._normalisers = [
            SupervisedActor(f"normaliser {n}", lambda n=n: actors.normaliser(n, settings, nodes.near))  # type: ignore[misc]
            for n in range(settings.cluster.normalisers)
        ]
        name = collector_name(settings)
        self._writer = SupervisedActor("the writer", lambda: actors.writer(dsn, name, settings, nodes.near))
        self._conductor = Conductor(len(groups))
        self._collection_log = CollectionLog()
        self.shipping = Shipping(
            settings, self._conductor, self._normalisers, self._writer, account, self._collection_log
        )
        self._pulls: dict[Any, PullInFlight] = {}
        self._ship_at_s = 0.0  # what was pulled goes on then, or when all pollers have answered
        self._first_us: int | None = None
        self._end_us: int | None = None
        self._values_dropped = [0] * len(groups)
        self._notes: list[str] = []
        self._tidying = Tidying(actors.ray_logs)
        self._balance = Balance(self.pollers, nodes)
        self.totals = Totals()  # for the metrics
        self.journals: dict[str, Backlog] = {}  # by poller, as of its last pull

    def start(self, duration_us: int | None) -> int:
        """Wait for every actor, then start at the next whole second; gives it. Each device begins at its first tick."""
        deadline_s = time.monotonic() + READY_S
        while down := self._awaited:
            if time.monotonic() > deadline_s:
                raise CannotStart(f"not up after {READY_S:g} s: {', '.join(down)}; see ray/ in the state folder")
            self._begin_lives()
            time.sleep(0.02)
        connect_us = CONNECT_US * sum(len(plan.devices) for plan in self.pollers.plans)
        self._first_us = first_tick_us(wall_us() + START_MARGIN_US + connect_us, SECOND_US)
        self._end_us = None if duration_us is None else self._first_us + duration_us
        self.pollers.start(self._first_us, self._end_us)
        return self._first_us

    def prepare(self, plans: Sequence[actors.PollerPlan]) -> None:
        """Make the pollers that a change needs beside those there are; `pollers.up` tells when it may come."""
        more = plans[len(self.pollers) :]
        self.pollers.add(more)
        self._conductor.add_pollers(len(more))
        self._values_dropped.extend([0] * len(more))

    def change(self, plans: Sequence[actors.PollerPlan]) -> int:
        """Poll what these say from a tick on that is still to come; gives that tick. What stays as it is misses none.

        Devices that change or go take their last tick before, new ones their first then.
        """
        for device in (device for plan in plans for device in plan.devices):
            self.shipping.recipes[device.plan.layout] = device.recipe
        first_us = first_tick_us(wall_us() + CHANGE_MARGIN_US, SECOND_US)
        self.pollers.change([plan.devices for plan in plans], first_us)
        self._balance.again()
        return first_us

    def balance(self, settings: Settings) -> list[actors.PollerPlan] | None:
        """In a cluster: what to `prepare` and `change` after nodes have come or gone; None: nothing."""
        if keepers := self._balance.keepers():
            self.prepare([*self.pollers.plans, *keepers])
            return None
        return self._balance.moves(settings)

    def stop(self) -> Window:
        """No tick from half a second on; polls at work are finished."""
        assert self._first_us is not None
        end_us = max(wall_us() + STOP_MARGIN_US, self._first_us)
        if self._end_us is None or end_us < self._end_us:
            self._end_us = end_us
            self.pollers.stop(end_us)
        for plan in self.pollers.homeless(self.nodes.up):
            self._conductor.gone(self.pollers.plans.index(plan))
        return Window(self._first_us, self._end_us)

    def close(self) -> None:
        """Close the journals; what they still hold is found by the next run."""
        self.pollers.close()

    def take_notes(self) -> list[str]:
        """What a person should know once, and was not told yet."""
        notes = [*self._notes, *self.shipping.take_notes(), *self._balance.take_notes()]
        self._notes = []
        return notes

    def run(self, over: Callable[[], bool], show: Callable[[], None]) -> None:
        """Rounds until `over()`. Raises CannotStart's kin when Ray itself is gone."""
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

    @property
    def waiting(self) -> int:
        """Samples and events that the database does not have yet."""
        return self._conductor.waiting

    def watermark_us(self, site: str) -> int:
        """Every tick of the site before is committed; 0: not known, as while one of its pollers is dead.

        Called by the export's thread too.
        """
        return self._conductor.watermark_us(self.pollers.of_site(site))

    def _note(self, text: str) -> None:
        log.warning(text, extra=about("note"))
        self._notes.append(text)

    @property
    def deaths(self) -> dict[str, int]:
        """How often an actor has died, by its kind."""
        pollers, normalisers = (sum(one.deaths for one in many) for many in (self.pollers.actors, self._normalisers))
        return {"poller": pollers, "normaliser": normalisers, "writer": self._writer.deaths}

    @property
    def _awaited(self) -> list[str]:
        """Who has to be up before the first tick, and is not: all but pollers that no node can have now."""
        own = (*self._normalisers, self._writer)
        return [actor.name for actor in own if not actor.up] + self.pollers.awaited(self.nodes.up)

    # --- lives --------------------------------------------------------------------------------------------------------

    def _begin_lives(self) -> None:
        """See who has come up; a poller in a new life is told to go on, with what its journal holds."""
        for ready in self.pollers.begin_lives():
            for note in ready.notes:
                self._note(note)
            self.shipping.recipes.update(ready.recipes)
        for actor in (*self._normalisers, self._writer):
            actor.begin(_itself)

    # --- a round ------------------------------------------------------------------------------------------------------

    def _round(self) -> None:
        """Pull from every poller that has answered, then handle what comes back until the next round is due."""
        self.nodes.check()
        for number in self.pollers.retire(self.nodes.up):
            self._conductor.gone(number)
        self._collection_log.settle()
        self._tidying.step()
        self._begin_lives()
        end_hanging(self._pulls.values(), self.shipping.writes.values(), self.pollers.actors, self._writer)
        pulling = {pull.poller for pull in self._pulls.values()}
        for number, poller in enumerate(self.pollers.actors):
            if number not in pulling and poller.up and number not in self.pollers.gone:
                acknowledged = self._conductor.acknowledgements(number)
                ref = poller.handle.pull.remote(acknowledged, *self._conductor.room(), PULL_WAIT_S)
                self._pulls[ref] = PullInFlight(number, time.monotonic())
        round_s = ROUND_S - (time.time() - ROUND_OFFSET_S) % ROUND_S
        end_s = time.monotonic() + round_s  # the wall clock may be set meanwhile
        while (left_s := end_s - time.monotonic()) > 0:
            gather_s = self._ship_at_s - time.monotonic() if self._pulls else 0.0
            if gather_s <= 0:
                self.shipping.ship()
            waiting = [*self._pulls, *self.shipping.writes]
            pause_s = min(left_s, gather_s) if gather_s > 0 else left_s
            done, _ = ray.wait(waiting, timeout=pause_s) if waiting else ([], [])
            for ref in done:
                self._answer(ref)
            if not waiting:
                time.sleep(pause_s)

    def _answer(self, ref: Any) -> None:
        if ref in self._pulls:
            self._pulled(self._pulls.pop(ref).poller, ref)
        else:
            self.shipping.written(ref)

    def _pulled(self, number: int, ref: Any) -> None:
        poller = self.pollers.actors[number]
        try:
            pulled: Pulled = ray.get(ref)
        except RayTaskError as error:
            self._collection_log.pull_failed(poller.name, error.cause)
            if number not in self.pollers.gone:
                self._conductor.restarted(number)
                poller.ask_again()
            return
        except RayError as error:
            if number not in self.pollers.gone:
                self._conductor.restarted(number)
                poller.died(error)
            return
        if pulled.pid != poller.pid and number not in self.pollers.gone:  # it died and came back between two pulls
            self._conductor.restarted(number)
            poller.died(RayError("another life has answered"))
            return
        self.shipping.recipes.update(pulled.recipes)
        self._notes.extend(pulled.notes)
        if pulled.batches and self._ship_at_s < time.monotonic():
            self._ship_at_s = time.monotonic() + GATHER_S
        self._conductor.pulled(number, pulled.numbers, pulled.batches, pulled.fresh)
        self._conductor.pulled_events(number, pulled.event_numbers, pulled.events)
        self._conductor.reported(number, pulled.waiting, pulled.busy, pulled.watermark_us)
        dropped = pulled.values_dropped
        self._collection_log.pulled(poller.name, pulled, dropped - self._values_dropped[number])
        self._values_dropped[number] = dropped
        self.journals[poller.name] = Backlog(pulled.waiting, pulled.watermark_us, dropped, bool(pulled.trouble))
        if pulled.growth:
            self.totals.add(pulled.growth)


def _itself(ready: ProcessInfo) -> ProcessInfo:
    return ready
