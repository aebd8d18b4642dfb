"""The pollers of a run: which devices each polls, their processes, and how that changes while they run.

Used by `cluster.collect`, in the driver's main thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter
from threading import Event

from ess_ray.actors.poller import Ready
from ess_ray.adapters.local.notices import Troubles
from ess_ray.cluster import actors
from ess_ray.cluster.actor_system import Actor, ActorError, ActorLostError, ActorSystem, Call, CallError
from ess_ray.cluster.plan import PollerPlan, plan_keeper
from ess_ray.cluster.supervised_actor import SupervisedActor
from ess_ray.core.errors import first_line
from ess_ray.core.running.handover import PollReply
from ess_ray.core.running.logfields import about
from ess_ray.core.running.spread import Node, eligible
from ess_ray.core.settings import DeviceSettings

log = logging.getLogger(__name__)
troubles = Troubles(__name__)

CONNECT_US = 300  # for each device, between the devices' hand-over and the first tick: connections are made within it
CLOSE_LIMIT_S = 10.0  # for all journals; what was not closed is found by the next run all the same


def wall_us() -> int:
    """The wall clock: microseconds since 1970 UTC."""
    return time.time_ns() // 1000


@dataclass(frozen=True)
class EarlyPoller:
    """A poller that reads every device of its plan already, each tick from `first_us` on, microseconds since 1970 UTC.

    See `cluster.early_polling`.
    """

    plan: PollerPlan
    actor: Actor
    first_us: int
    notes: tuple[str, ...]  # about its journal, for a person
    handed_over: Event = field(default_factory=Event)  # it has been told its last tick, and is closed with the others


class Pollers:
    """Pollers and, in a cluster, the keepers of its nodes (`actors.keeper`), numbered from 0.

    `plans` and `actors` belong together by number. A number is never given twice and a poller never removed: one
    without devices stays, and the next new device goes there. A keeper whose node is gone is in `gone`; nothing further
    is expected of it.

    Each process of a poller has to be given its devices: by `start` if it is up then, else by `take_ready` once it is
    up. `_first_us` is None until `start`; then [_first_us, _end_us) are the ticks of the run (end None: until it is
    stopped), and the plans as they are now hold from `_changed_us` on. `replies` has, by number, the last call that
    gave a poller its devices, and their first tick, until it is taken by `take_reply` or has failed.
    """

    def __init__(self, system: ActorSystem, plans: Sequence[PollerPlan], early: EarlyPoller | None = None) -> None:
        """Make the actors, without waiting for them. `early` polls already; it is the last, and ends with `start`."""
        self._system = system
        self.plans = list(plans)
        self.actors = [self._make(plan) for plan in plans]
        self._early = early
        self.early = len(plans) if early else None  # its number, until `end_early`
        if early:
            self.plans.append(early.plan)
            self.actors.append(SupervisedActor(system, early.plan.name, lambda: early.actor))
        keepers = {plan.node: number for number, plan in enumerate(plans) if plan.node and plan.keeper}
        self.keepers: dict[str, int] | None = keepers or None  # by node id; None: no cluster
        self.gone: set[int] = set()
        self.where: dict[int, str] = {}  # the node id of each poller that has come up; "" on one machine
        self._by_site: dict[str, set[int]] = {}
        self._first_us: int | None = None
        self._end_us: int | None = None
        self._changed_us = 0
        self.replies: dict[int, tuple[Call, int]] = {}
        self._note_sites()

    def __len__(self) -> int:
        return len(self.actors)

    # --- which pollers ------------------------------------------------------------------------------------------------

    def of_site(self, site: str) -> set[int]:
        """The numbers of the pollers that may have samples of a site. May be called by any thread.

        The first one is among them: it has taken over the journals of devices that are configured no more. In a cluster
        the keepers are, while their nodes are up: what a node holds that was away is late.
        """
        return self._by_site.get(site, set()) | ({0} if self.keepers is None else set(self.keepers.values()))

    def awaited(self, nodes: Sequence[Node]) -> list[str]:
        """Names of pollers and keepers that are not up and could be, so that waiting for them makes sense.

        Not those whose node is gone, or that need what no node offers. `nodes`: of the cluster, those that are up; none
        on one machine.
        """
        up = {node.id for node in nodes}
        return [
            actor.name
            for number, actor in enumerate(self.actors)
            if not (actor.up and (self.keepers is None or self.where[number] in up)) and self._may_be_up(number, nodes)
        ]

    def _may_be_up(self, number: int, nodes: Sequence[Node]) -> bool:
        return number not in self.gone and bool(self.keepers is None or eligible(nodes, self.plans[number].placement))

    def homeless(self, nodes: Sequence[Node]) -> list[PollerPlan]:
        """The plans with devices that none of the nodes, those that are up, can have; empty on one machine."""
        return [plan for plan in self.plans if self.keepers and plan.devices and not eligible(nodes, plan.placement)]

    def retire(self, nodes: Sequence[Node]) -> set[int]:
        """Mark keepers of nodes that are not among `nodes`, those that are up, as gone; gives the keepers' numbers.

        Each number is given once; empty on one machine.
        """
        up = {node.id for node in nodes}
        gone = {number for node, number in (self.keepers or {}).items() if node not in up}
        self.keepers = self.keepers and {node: number for node, number in self.keepers.items() if node in up}
        self.gone |= gone
        return gone

    def keepers_for(self, nodes: Sequence[Node]) -> list[PollerPlan]:
        """Plans to `add`, one for each of these nodes that has no keeper yet; empty on one machine."""
        new = [node for node in nodes if self.keepers is not None and node.id not in self.keepers]
        return [plan_keeper(self.plans[0], node) for node in new]

    # --- processes ----------------------------------------------------------------------------------------------------

    def take_ready(self) -> list[Ready]:
        """The replies to `ready()` of pollers that came up since the last call; once the run has begun they poll on.

        Before the run, raises what a poller could not open: JournalBusy, JournalFailed.
        """
        taken = []
        for number, (plan, actor) in enumerate(zip(self.plans, self.actors, strict=True)):
            ready = None if number in self.gone else self._ready_of(actor)
            if ready is not None:
                taken.append(ready)
                self.where[number] = ready.node
                if self._first_us is not None and not plan.keeper:
                    first_us = max(self._first_us, self._changed_us, wall_us())
                    self.replies[number] = actor.call("poll", plan.devices, first_us, self._end_us, True), first_us
        return taken

    def _ready_of(self, actor: SupervisedActor) -> Ready | None:
        """A poller that cannot come up ends the start; during the run the others go on, and it is tried again."""
        try:
            ready: Ready | None = actor.take_ready(attrgetter("process"))
        except ActorError as error:
            if self._first_us is None:
                raise error.cause from error
            text = f"{actor.name} cannot begin and is tried again: {first_line(error.cause)}"
            troubles.met(("begin", actor.name), text, about("poller not up", error=error.cause), logging.ERROR)
            return None
        if ready:
            troubles.over(("begin", actor.name), f"{actor.name} has come up", about("poller up"))
        return ready

    # --- what they poll -----------------------------------------------------------------------------------------------

    def start(self, first_us: int, end_us: int | None) -> None:
        """Have every tick in [first_us, end_us) polled, microseconds since 1970 UTC; waits until all that are up know.

        `end_us`: None: until `stop`. A poller that is not up, or dies meanwhile, is given the ticks by `take_ready`.
        Raises what a poller could not open: JournalBusy, JournalFailed.
        """
        self._first_us, self._end_us = first_us, end_us
        calls: list[tuple[SupervisedActor, Call]] = []
        if self._early and self.early is not None:
            calls.append((actor := self.actors[self.early], actor.call("stop", first_us)))
            self.plans[self.early] = replace(self.plans[self.early], devices=())
            self._early.handed_over.set()
        calls += [
            (actor, actor.call("poll", plan.devices, first_us, end_us, self.early is None))
            for plan, actor in zip(self.plans, self.actors, strict=True)
            if actor.up and not plan.keeper
        ]
        for actor, call in calls:
            try:
                self._system.result(call)
            except ActorError as error:
                raise error.cause from error
            except ActorLostError as error:
                actor.died(error)

    def end_early(self) -> None:
        """The poller that was there before the others has given all it had: it is gone. Does not wait."""
        assert self.early is not None
        self.actors[self.early].call("close")
        self.gone.add(self.early)
        self._by_site = {site: numbers - {self.early} for site, numbers in self._by_site.items()}
        self.early = None

    def add(self, plans: Sequence[PollerPlan]) -> None:
        """Make further pollers or keepers. Their devices are given by `change`, once they are up."""
        for plan in plans:
            actor = self._make(plan)  # may fail: nothing has changed then
            if self.keepers is not None and plan.keeper and plan.node:
                self.keepers[plan.node] = len(self.plans)
            self.plans.append(replace(plan, devices=()))
            self.actors.append(actor)

    def change(self, number: int, devices: tuple[DeviceSettings, ...], first_us: int) -> None:
        """Have the poller with this number poll these devices from `first_us` (microseconds since 1970 UTC) on.

        Does not wait; `take_reply` has the reply. A poller that is dead gets them once it is up.
        """
        self._changed_us = max(self._changed_us, first_us)
        self.plans[number] = replace(self.plans[number], devices=devices)
        self.replies.pop(number, None)
        if self.actors[number].up:
            call = self.actors[number].call("poll", devices, first_us, self._end_us)
            self.replies[number] = call, first_us
        self._note_sites()

    def take_reply(self, number: int) -> PollReply | None:
        """The reply of a poller to its devices, once; None: it is not there, or the process has died meanwhile.

        In the latter case there is another one when the poller has come up again. Waits for nothing.
        """
        call, first_us = self.replies.get(number, (None, 0))
        if call is None or not self._system.returned([call], 0):
            return None
        del self.replies[number]
        try:
            return PollReply(first_us, self._system.result(call))
        except ActorError as error:
            name = self.actors[number].name
            text = f"{name} has not taken a change of its devices: {first_line(error.cause)}"
            troubles.met(("change", name), text, about("devices not changed", error=error.cause), logging.ERROR)
            return PollReply(first_us)
        except ActorLostError:
            return None

    def stop(self, end_us: int) -> None:
        """Have no tick at or after `end_us`, microseconds since 1970 UTC, polled; polls at work are finished.

        Only sends this to the pollers: it does not wait for them.
        """
        self._end_us = end_us
        for number, (plan, actor) in enumerate(zip(self.plans, self.actors, strict=True)):
            if not plan.keeper or number == self.early:
                actor.call("stop", end_us)

    def close(self) -> None:
        """Close the journals of all pollers that are up; the next run finds what they still hold.

        Waits at most CLOSE_LIMIT_S. A journal that cannot be closed is logged, and raises nothing.
        """
        calls = [actor.call("close") for actor in self.actors if actor.up]
        returned = self._system.returned(calls, CLOSE_LIMIT_S, len(calls))
        log.info("closed %d of %d journals", len(returned), len(calls), extra=about("close"))
        for call in returned:
            try:
                self._system.result(call)
            except CallError as error:
                text = f"a journal was not closed, the next run finds what it holds: {first_line(error)}"
                log.error(text, extra=about("journal not closed", error=error))

    def _make(self, plan: PollerPlan) -> SupervisedActor:
        return SupervisedActor(self._system, plan.name, partial(actors.poller, self._system, plan))

    def _note_sites(self) -> None:
        """A poller that once had a device of a site may hold samples of it as long as the run lasts."""
        for number, plan in enumerate(self.plans):
            for device in plan.devices:
                self._by_site.setdefault(device.device.site, set()).add(number)
