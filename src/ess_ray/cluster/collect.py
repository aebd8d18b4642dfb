"""The main job's rounds: pull, normalise, write, acknowledge. Runs in the driver's main thread; decodes nothing.

The rules are `core.storing.conduct`; the calls are in `cluster.pulling` and `cluster.shipping`. A pull, a normalise and
a write may each be in flight while the next round begins; whatever fails is tried again after a pause, and its
samples are held until the database has them. Actors that die come back with what their journals hold; those that hang
are killed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from ess_ray.adapters.postgres.devices import collector_name
from ess_ray.cluster import actors
from ess_ray.cluster.balance import Balance
from ess_ray.cluster.changing import Changes
from ess_ray.cluster.collection_log import CollectionLog
from ess_ray.cluster.liveness import kill_hanging
from ess_ray.cluster.plan import SECOND_US, PollerPlan
from ess_ray.cluster.platform import Platform
from ess_ray.cluster.pollers import CONNECT_US, EarlyPoller, Pollers, wall_us
from ess_ray.cluster.pulling import Pulling
from ess_ray.cluster.ray_sessions import Tidying
from ess_ray.cluster.shipping import Shipping
from ess_ray.cluster.supervised_actor import SupervisedActor, the_process
from ess_ray.core.errors import CannotStart
from ess_ray.core.polling.cadence import first_tick_us
from ess_ray.core.running.account import Account
from ess_ray.core.running.awake import AwakeClock
from ess_ray.core.running.logfields import about
from ess_ray.core.settings import Settings
from ess_ray.core.storing.conduct import Conductor

log = logging.getLogger(__name__)

ROUND_S = 0.5
ROUND_OFFSET_S = 0.03  # behind the whole second: polls are at work, each poller answers when they are in
STOP_MARGIN_US = 500_000  # from now to the first tick that is not polled: a poller may be busy with a pull meanwhile
CHANGE_MARGIN_US = 1_000_000  # from now to the first tick of a change
READY_LIMIT_S = 120.0  # actors that are not up by then end the start
READY_LOOK_S = 0.02


@dataclass(frozen=True)
class Window:
    """The ticks of a run: [first_us, end_us), microseconds since 1970 UTC."""

    first_us: int
    end_us: int


class Collector:
    """All actors of a run and the rounds that move samples through them.

        made ── start() ──▶ collecting ── stop() ──▶ draining ── close() ──▶ closed
                            run(), prepare(), change(), balance()    run()

    `_first_us` is set from `start` on, or from the beginning if an early poller is at work; `_end_us`, the end of the
    ticks, from `stop` on at the latest. Conductor, `pulling` and `shipping` know pollers by their place in `plans`.

    A sample is in exactly one of these places: its poller's journal; pulled, and held by the conductor or in flight in
    `shipping.writes`, and still in the journal; committed, its number waiting to be acknowledged with the next pull;
    acknowledged, and in the journal no more. Whatever dies on the way, the journal still has it.

    Everything is called by the driver's main thread, but `watermark_us` by the export's thread too.
    """

    def __init__(
        self,
        platform: Platform,
        settings: Settings,
        plans: Sequence[PollerPlan],
        dsn: str,
        identity: str,
        account: Account,
        early: EarlyPoller | None = None,
    ) -> None:
        """Make all actors, without waiting for them. `account` is filled with what the database commits.

        `identity`: of the database at `dsn` that the samples belong to; they go into no other. `early`: polls already.
        """
        self._system = system = platform.actors
        self.nodes = nodes = platform.nodes
        self.pollers = Pollers(system, plans, early)
        self._normalisers = [
            SupervisedActor(system, f"normaliser {n}", partial(actors.normaliser, system, n, settings, nodes.near))
            for n in range(settings.cluster.normalisers)
        ]
        name = collector_name(settings.state_dir)
        writer = partial(actors.writer, system, dsn, identity, name, settings, nodes.near)
        self._writer = SupervisedActor(system, "the writer", writer)
        self.changes = Changes(self.pollers, account)
        self._conductor = conductor = Conductor(len(self.pollers))
        self._collection_log = CollectionLog()
        self.clock = clock = AwakeClock()  # looked at every round
        self.shipping = Shipping(
            system, settings, conductor, self._normalisers, self._writer, account, self._collection_log, clock
        )
        self.pulling = Pulling(
            system, self.pollers, conductor, self.shipping, account, self._collection_log, clock,
            settings.journal.capacity_bytes,
        )  # fmt: skip
        self._second = 0.0  # of the last round, as the wall clock counts them
        self._first_us = early.first_us if early else None
        self._end_us: int | None = None
        self.all_up_us = 0  # the first tick of the pollers that were made here, microseconds since 1970 UTC
        self._notes: list[str] = [*early.notes] if early else []
        self._tidying = Tidying(platform.logs)
        self._balance = Balance(self.pollers, nodes)

    # --- the life of a run --------------------------------------------------------------------------------------------

    def start(self, duration_us: int | None) -> int:
        """Wait for every actor, then have all devices polled; gives the run's first tick, microseconds since 1970 UTC.

        It is a whole second still to come, or the first one of an early poller: the others take the devices over from
        it, without a tick between them. `duration_us`: None for a run until it is stopped. Raises CannotStart if an
        actor is not up within READY_LIMIT_S, what a poller could not open (JournalBusy, JournalFailed).
        """
        while missing := self._awaited:
            if self.clock.look(time.monotonic()) > READY_LIMIT_S:
                text = f"{', '.join(missing)} did not start within {READY_LIMIT_S:g} s"
                raise CannotStart(f"{text}: see the logs in logs/ and ray/ in the state folder")
            self._take_ready()
            time.sleep(READY_LOOK_S)
        connect_us = CONNECT_US * sum(len(plan.devices) for plan in self.pollers.plans)
        self.all_up_us = first_tick_us(wall_us() + self._system.reach_us + connect_us, SECOND_US)
        self._first_us = self._first_us or self.all_up_us
        self._end_us = None if duration_us is None else self._first_us + duration_us
        self.pollers.start(self.all_up_us, self._end_us)
        return self._first_us

    def run(self, over: Callable[[], bool], each_round: Callable[[], None]) -> None:
        """Rounds of at most ROUND_S until `over()`, asked before each; `each_round()` after each.

        Raises CannotStart when the job cannot go on (`Nodes.check`).
        """
        while not over():
            self._round()
            each_round()

    def stop(self) -> Window:
        """Poll no tick from half a second on, or from the end of the run if that is earlier; gives the run's ticks.

        Does not wait: polls at work are finished, and further `run` stores them until `drained`. After `start` only.
        """
        assert self._first_us is not None
        end_us = max(wall_us() + STOP_MARGIN_US, self._first_us)
        if self._end_us is None or end_us < self._end_us:
            self._end_us = end_us
            self.pollers.stop(end_us)
        for plan in self.pollers.homeless(self.nodes.up):
            self._conductor.gone(self.pollers.plans.index(plan))
        return Window(self._first_us, self._end_us)

    def close(self) -> None:
        """Close the journals, waiting as `Pollers.close`; the next run finds what they still hold. Actors stay."""
        self.pollers.close()

    # --- changes of a run ---------------------------------------------------------------------------------------------

    def prepare(self, plans: Sequence[PollerPlan]) -> None:
        """Make the pollers that `plans` have beyond those there are, without devices yet.

        `change` with the same plans may come once `pollers.awaited` is empty. Raises what `ActorSystem.make` does: the
        pollers before that one have been made, and are without devices.
        """
        for plan in plans[len(self.pollers) :]:
            self.pollers.add([plan])
            self._conductor.add_pollers(1)

    def change(self, plans: Sequence[PollerPlan]) -> None:
        """Poll what `plans` say from a tick that is still to come.

        Does not wait: `changes.at_work` is True until all pollers have replied. `plans`: one for each poller, in the
        order of `pollers.plans`; new pollers were made by `prepare` before.
        Devices that stay as they are miss nothing. Those that change or go take their last tick before that tick, new
        ones their first from it on, or later if their poller is late.
        """
        self.shipping.learn({device.plan.layout: device.recipe for plan in plans for device in plan.devices})
        first_us = max(first_tick_us(wall_us() + CHANGE_MARGIN_US, SECOND_US), self.all_up_us)
        self.changes.begin([plan.devices for plan in plans], first_us, self.clock.now_s)
        self._balance.replan_later()

    def balance(self, settings: Settings) -> list[PollerPlan] | None:
        """In a cluster: the plans to `prepare` and `change` after nodes have come or gone; None: nothing to change yet.

        Makes the keepers of new nodes itself. `settings`: those in force. To be called every round, without waiting.
        """
        if keepers := self._balance.keepers():
            self.prepare([*self.pollers.plans, *keepers])
            return None
        return self._balance.moves(settings)

    # --- how it is ----------------------------------------------------------------------------------------------------

    def take_notes(self) -> list[str]:
        """Sentences for a person, each given once."""
        notes, self._notes = self._notes, []
        return [*notes, *self.pulling.take_notes(), *self.shipping.take_notes(), *self._balance.take_notes()]

    @property
    def ended(self) -> bool:
        """True once the end of the ticks has come, by the wall clock; False while the run has no end."""
        return self._end_us is not None and wall_us() >= self._end_us

    @property
    def drained(self) -> bool:
        """True if everything that was polled is committed and acknowledged."""
        return self._conductor.drained and not self.pulling.in_flight

    @property
    def finished(self) -> bool:
        """True if everything that was polled is stored, but for samples that are refused and wait in the journals."""
        return self._conductor.finished and not self.pulling.in_flight

    @property
    def waiting(self) -> int:
        """How many samples and events the database does not have yet, as of each poller's last pull."""
        return self._conductor.waiting

    def watermark_us(self, site: str) -> int:
        """Every tick of the site before this time is committed, microseconds since 1970 UTC; 0: not known.

        Not known, for example, while one of its pollers is dead. Called by the export's thread too.
        """
        return self._conductor.watermark_us(self.pollers.of_site(site))

    @property
    def deaths(self) -> dict[str, int]:
        """How many processes that were up have died, by "poller" (keepers too), "normaliser" and "writer"."""
        pollers = sum(actor.deaths for actor in self.pollers.actors)
        normalisers = sum(actor.deaths for actor in self._normalisers)
        return {"poller": pollers, "normaliser": normalisers, "writer": self._writer.deaths}

    @property
    def _awaited(self) -> list[str]:
        """The actors that must be up before the first tick and are not; not pollers that no node can have now."""
        own = (*self._normalisers, self._writer)
        return [actor.name for actor in own if not actor.up] + self.pollers.awaited(self.nodes.up)

    # --- a round ------------------------------------------------------------------------------------------------------

    def _round(self) -> None:
        """Begin pulls, then take what returns and ship it until the next round is due."""
        self._look_after_actors()
        second, behind_s = divmod(time.time() - ROUND_OFFSET_S, 1)
        self.pulling.begin(between_seconds=second == self._second)
        self._second = second
        round_s = ROUND_S - behind_s % ROUND_S
        end_s = time.monotonic() + round_s  # the wall clock may be set meanwhile
        while (left_s := end_s - time.monotonic()) > 0:
            gather_s = self.pulling.gather_s
            if gather_s <= 0:
                self.shipping.begin()
            in_flight = [*self.changes.calls, *self.pulling.in_flight, *self.shipping.writes]
            pause_s = min(left_s, gather_s) if gather_s > 0 else left_s
            for call in self._system.returned(in_flight, pause_s) if in_flight else ():
                if call in self.pulling.in_flight:
                    self.pulling.finish(call)
                elif call in self.shipping.writes:
                    self.shipping.finish(call)
                else:
                    self.changes.step(self.clock.now_s)
            if not in_flight:
                time.sleep(pause_s)

    def _look_after_actors(self) -> None:
        """Once a round: can the job go on, which actors are new, gone, up again, or hang."""
        self.clock.look(time.monotonic())
        self.nodes.check()
        for number in self.pollers.retire(self.nodes.up):
            self._conductor.gone(number)
        self._end_early()
        self._collection_log.report_ended()
        self._tidying.step()
        self._take_ready()
        self.changes.step(self.clock.now_s)
        pulls, writes = self.pulling.in_flight, self.shipping.writes
        kill_hanging(self._system, pulls, writes, self.pollers.actors, self._writer, self.clock.now_s)

    def _end_early(self) -> None:
        if (number := self.pollers.early) is not None and self._conductor.is_drained(number):
            self.pulling.forget(number)
            self.pollers.end_early()
            self._conductor.gone(number)

    def _take_ready(self) -> None:
        """See which processes have come up; a poller polls on, and its journal offers what it holds."""
        for ready in self.pollers.take_ready():
            for note in ready.notes:
                log.warning(note, extra=about("note"))
                self._notes.append(note)
            self.shipping.learn(ready.recipes)
        for actor in (*self._normalisers, self._writer):
            actor.take_ready(the_process)
