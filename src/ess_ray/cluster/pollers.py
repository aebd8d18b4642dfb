"""The pollers of a run: who polls what, their lives, and how that changes while they run. Used by `cluster.collect`."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from ess_ray.actors.poller import Ready
from ess_ray.adapters.local.notices import Troubles
from ess_ray.cluster.actors import PollerPlan
from ess_ray.cluster.collection_log import first_line
from ess_ray.cluster.plan import plan_keeper
from ess_ray.cluster.supervised_actor import SupervisedActor
from ess_ray.core.running.logfields import about
from ess_ray.core.running.spread import Node, eligible
from ess_ray.core.settings import DeviceSettings, Settings

log = logging.getLogger(__name__)
troubles = Troubles(__name__)

CLOSE_S = 10.0


def collector_name(settings: Settings) -> str:
    """How this collector is told from another that polls the same devices: the same after every restart."""
    return f"{socket.gethostname()}:{settings.state_dir}"


def wall_us() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000


class Pollers:
    """Numbered from 0; a number is never given twice. One without devices stays: the next new device goes there."""

    def __init__(self, plans: Sequence[PollerPlan]) -> None:
        self.plans = list(plans)
        self.actors = [SupervisedActor(plan.name, plan.make) for plan in plans]
        keepers = {plan.node: number for number, plan in enumerate(plans) if plan.node and plan.keeper}
        self.keepers: dict[str, int] | None = keepers or None  # of a cluster: by node
        self.gone: set[int] = set()  # keepers of nodes that are gone
        self.where: dict[int, str] = {}  # of a cluster: the node of each poller
        self._by_site: dict[str, set[int]] = {}
        self._first_us: int | None = None
        self._end_us: int | None = None
        self._changed_us = 0  # from when on the plans hold
        self._find_sites()

    def __len__(self) -> int:
        return len(self.actors)

    def of_site(self, site: str) -> set[int]:
        """Who may have samples of a site: the first one has taken over the journals of devices that are gone.

        In a cluster keepers have, while their nodes are up: what comes of a node that was away is late.
        """
        return self._by_site.get(site, set()) | ({0} if self.keepers is None else set(self.keepers.values()))

    def awaited(self, nodes: Sequence[Node]) -> list[str]:
        """Who is not up and could be. In a cluster a node may be away that alone offers what a poller needs."""
        up = {node.id for node in nodes}
        return [
            actor.name
            for number, (plan, actor) in enumerate(zip(self.plans, self.actors, strict=True))
            if not (actor.up and (self.keepers is None or self.where[number] in up)) and self._may_be_up(number, nodes)
        ]

    def _may_be_up(self, number: int, nodes: Sequence[Node]) -> bool:
        return number not in self.gone and bool(self.keepers is None or eligible(nodes, self.plans[number].placement))

    def homeless(self, nodes: Sequence[Node]) -> list[PollerPlan]:
        """Those that no node of the cluster can have."""
        return [plan for plan in self.plans if self.keepers and plan.devices and not eligible(nodes, plan.placement)]

    def retire(self, nodes: Sequence[Node]) -> set[int]:
        """Keepers of nodes that are gone: nothing more is expected of them. Gives their numbers."""
        up = {node.id for node in nodes}
        gone = {number for node, number in (self.keepers or {}).items() if node not in up}
        self.keepers = self.keepers and {node: number for node, number in self.keepers.items() if node in up}
        self.gone |= gone
        return gone

    def keepers_for(self, nodes: Sequence[Node]) -> list[PollerPlan]:
        """What is to be added for nodes that have no keeper yet."""
        new = [node for node in nodes if self.keepers is not None and node.id not in self.keepers]
        return [plan_keeper(self.plans[0], node) for node in new]

    def begin_lives(self) -> list[Ready]:
        """What those say that have come up; they poll from now on, if the run has begun."""
        begun = []
        for number, (plan, actor) in enumerate(zip(self.plans, self.actors, strict=True)):
            ready = None if number in self.gone else self._begin(actor)
            if ready is not None:
                begun.append(ready)
                self.where[number] = ready.node
                if self._first_us is not None and not plan.keeper:
                    first_us = max(self._first_us, self._changed_us, wall_us())
                    actor.handle.poll.remote(plan.devices, first_us, self._end_us, True)
        return begun

    def _begin(self, actor: SupervisedActor) -> Ready | None:
        """What it says if it has come up; before the run one that cannot ends the start, later the others go on."""
        try:
            ready: Ready | None = actor.begin(attrgetter("process"))
        except RayTaskError as error:
            if self._first_us is None:
                raise
            text = f"{actor.name} does not come up and is asked again: {first_line(error)}"
            troubles.met(("begin", actor.name), text, about("poller not up", error=error), logging.ERROR)
            return None
        if ready:
            troubles.over(("begin", actor.name), f"{actor.name} has come up", about("poller up"))
        return ready

    def start(self, first_us: int, end_us: int | None) -> None:
        """Poll every tick in [first_us, end_us). One that is not up is told when it is."""
        self._first_us, self._end_us = first_us, end_us
        pairs = [(plan, actor) for plan, actor in zip(self.plans, self.actors, strict=True) if actor.up]
        ray.get(
            [one.handle.poll.remote(plan.devices, first_us, end_us, True) for plan, one in pairs if not plan.keeper]
        )

    def add(self, plans: Sequence[PollerPlan]) -> None:
        """Make more of them; what they poll is said by `change`, once they are up."""
        for plan in plans:
            if self.keepers is not None and plan.keeper and plan.node:
                self.keepers[plan.node] = len(self.plans)
            self.plans.append(replace(plan, devices=()))
            self.actors.append(SupervisedActor(plan.name, plan.make))

    def change(self, devices: Sequence[tuple[DeviceSettings, ...]], first_us: int) -> None:
        """Poll these from `first_us` on, poller by poller. One that is dead is told when it is back."""
        self._changed_us = first_us
        for number, (plan, actor) in enumerate(zip(self.plans, self.actors, strict=True)):
            if plan.devices != devices[number]:
                self.plans[number] = replace(plan, devices=devices[number])
                if actor.up:
                    actor.handle.poll.remote(devices[number], first_us, self._end_us)
        self._find_sites()

    def stop(self, end_us: int) -> None:
        """No tick at or after `end_us`; polls at work are finished."""
        self._end_us = end_us
        for plan, actor in zip(self.plans, self.actors, strict=True):
            if not plan.keeper:
                actor.handle.stop.remote(end_us)

    def close(self) -> None:
        """Close the journals; what they still hold is found by the next run."""
        closing: list[Any] = [actor.handle.close.remote() for actor in self.actors if actor.up]
        closed, _ = ray.wait(closing, num_returns=len(closing), timeout=CLOSE_S)
        log.info("closed %d of %d journals", len(closed), len(closing), extra=about("close"))
        for ref in closed:
            try:
                ray.get(ref)
            except RayError as error:
                text = f"a journal was not closed, the next run finds it: {str(error).strip().splitlines()[0]}"
                log.error(text, extra=about("journal not closed", error=error))

    def _find_sites(self) -> None:
        """A poller that once had a device of a site may hold samples of it as long as the run lasts."""
        for number, plan in enumerate(self.plans):
            for device in plan.devices:
                self._by_site.setdefault(device.device.site, set()).add(number)
