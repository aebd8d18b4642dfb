"""From the pollers to the conductor: pulls, and the acknowledgements that travel with them. Used by `cluster.collect`.

At most one pull of a poller is in flight. It carries the numbers that the database has committed since the pull before,
and brings what the journal offers next; the poller waits a moment for the polls at work. Runs in the driver's main
thread.
"""

from __future__ import annotations

import time

from ess_ray.actors.poller import Pulled
from ess_ray.cluster.actor_system import ActorError, ActorLostError, ActorSystem, Call
from ess_ray.cluster.collection_log import CollectionLog
from ess_ray.cluster.liveness import PullInFlight
from ess_ray.cluster.pollers import Pollers, wall_us
from ess_ray.cluster.shipping import Shipping
from ess_ray.core.polling.counts import CountTotals
from ess_ray.core.running.account import Account
from ess_ray.core.running.awake import AwakeClock
from ess_ray.core.running.work import Backlog
from ess_ray.core.storing.conduct import Conductor
from ess_ray.core.storing.shares import journal_shares

PULL_WAIT_S = 0.4  # a poller waits for its polls at work, at most so long: what is later is for the next round
GATHER_S = 0.06  # the pulls that return within this moment are shipped together


class Pulling:
    """All pulls of a run.

    A pull that fails means that what it brought is lost on the way: the poller is asked for `ready()` again, whereupon
    its journal offers everything anew, and the conductor forgets the old numbers (`Conductor.restarted`).
    """

    def __init__(
        self,
        system: ActorSystem,
        pollers: Pollers,
        conductor: Conductor,
        shipping: Shipping,
        account: Account,
        collection_log: CollectionLog,
        clock: AwakeClock,
        journals_bytes: int,
    ) -> None:
        """`journals_bytes`: what all journals of a node may have together."""
        self._system = system
        self._pollers, self._conductor, self._shipping = pollers, conductor, shipping
        self._account, self._collection_log, self._clock = account, collection_log, clock
        self.in_flight: dict[Call, PullInFlight] = {}
        self._idle: set[int] = set()  # pollers that gave all they had with their last pull, and have ticks to come
        self._gather_until_s = 0.0  # of the monotonic clock
        self._journals_bytes = journals_bytes
        self._journal_bytes: dict[int, int] = {}  # what the journal of each poller has, as of its last pull
        self._notes: list[str] = []
        self.journals: dict[str, Backlog] = {}  # by the poller's name, as of its last pull; for the metrics
        self.totals = CountTotals()  # for the metrics

    def take_notes(self) -> list[str]:
        """Sentences for a person, each given once."""
        notes, self._notes = self._notes, []
        return notes

    @property
    def gather_s(self) -> float:
        """For how long what was pulled should still wait for more to travel with it; 0 or less: not at all."""
        return self._gather_until_s - time.monotonic() if self.in_flight else 0.0

    def begin(self, between_seconds: bool) -> None:
        """Pull from every poller that is up and of which no pull is in flight, without waiting.

        `between_seconds`: no whole second has come since the last time, so not from those that cannot have anything
        new: a pull costs two processes some work.
        One that is to offer again what was handed back is asked for `ready()` instead, and pulled from once it is up.
        The calls are in `in_flight`, to be given to `finish`.
        """
        passed_by = {pull.poller for pull in self.in_flight.values()}
        if between_seconds:
            passed_by |= {number for number in self._idle if self._pollers.plans[number].ticks_at_whole_seconds}
        shares = self._journal_shares()
        for number, poller in enumerate(self._pollers.actors):
            if number not in passed_by and poller.up and number not in self._pollers.gone:
                if self._conductor.take_to_offer_again(number):
                    poller.await_ready()
                    continue
                acknowledged, room = self._conductor.acknowledgements(number), self._conductor.room(number)
                set_aside = self._conductor.not_to_pull(number)
                call = poller.call("pull", acknowledged, *room, PULL_WAIT_S, set_aside, shares[number])
                self.in_flight[call] = PullInFlight(number, self._clock.now_s)

    def _journal_shares(self) -> dict[int, int]:
        """The bytes that the journal of each poller may have: those on one node share a bound, as they come and go."""
        by_node: dict[str, list[int]] = {}
        for number in set(range(len(self._pollers))) - self._pollers.gone:
            by_node.setdefault(self._pollers.where.get(number, ""), []).append(number)
        shares: dict[int, int] = {}
        for numbers in by_node.values():
            used_bytes = [self._journal_bytes.get(number, 0) for number in numbers]
            shares |= zip(numbers, journal_shares(self._journals_bytes, used_bytes), strict=True)
        return shares

    def finish(self, call: Call) -> None:
        """Take the result of a pull that has returned; `call` is one of `in_flight`. A failed pull raises nothing."""
        number = self.in_flight.pop(call).poller
        self._idle.discard(number)
        poller = self._pollers.actors[number]
        try:
            pulled: Pulled = self._system.result(call)
        except ActorError as error:
            self._collection_log.pull_failed(poller.name, error.cause)
            if number not in self._pollers.gone:
                self._conductor.restarted(number)
                poller.await_ready()
            return
        except ActorLostError as error:
            self._on_death(number, error)
            return
        if pulled.pid != poller.pid and number not in self._pollers.gone:  # it died and came back between two pulls
            self._on_death(number, ActorLostError("another process of the actor has answered"))
            return
        self._take(number, pulled)

    def forget(self, number: int) -> None:
        """This poller is not pulled from any more: its journal is empty."""
        self.journals.pop(self._pollers.actors[number].name, None)
        self._journal_bytes.pop(number, None)

    def _on_death(self, number: int, error: ActorLostError) -> None:
        if number not in self._pollers.gone:
            self._conductor.restarted(number)
            self._pollers.actors[number].died(error)
            devices = [device.device for device in self._pollers.plans[number].devices]
            self._account.begin_anew(devices, wall_us())

    def _take(self, number: int, pulled: Pulled) -> None:
        self._shipping.learn(pulled.recipes)
        self._notes.extend(pulled.notes)
        if pulled.batches and self._gather_until_s < time.monotonic():
            self._gather_until_s = time.monotonic() + GATHER_S
        self._conductor.pulled(number, pulled.numbers, pulled.batches, pulled.fresh)
        self._conductor.pulled_events(number, pulled.event_numbers, pulled.events)
        self._conductor.passed_over(number, pulled.passed_over)
        self._conductor.reported(number, pulled.waiting, pulled.busy, pulled.watermark_us, pulled.only_set_aside)
        name, dropped = self._pollers.actors[number].name, pulled.values_dropped
        self._collection_log.pulled(name, pulled)
        self._journal_bytes[number] = pulled.journal_bytes
        self.journals[name] = Backlog(pulled.waiting, pulled.watermark_us, dropped, bool(pulled.trouble))
        if pulled.growth:
            self.totals.add(pulled.growth)
        if pulled.idle and pulled.busy:
            self._idle.add(number)
