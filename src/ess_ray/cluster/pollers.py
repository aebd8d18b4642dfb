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
from ray.exceptions import RayError

from ess_ray.actors.poller import Ready
from ess_ray.cluster.actors import PollerPlan
from ess_ray.cluster.members import Member
from ess_ray.core.logfields import about
from ess_ray.core.settings import DeviceSettings, Settings

log = logging.getLogger(__name__)

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
        self.members = [Member(plan.name, plan.make) for plan in plans]
        self._by_site: dict[str, set[int]] = {}
        self._first_us: int | None = None
        self._end_us: int | None = None
        self._find_sites()

    def __len__(self) -> int:
        return len(self.members)

    @property
    def up(self) -> bool:
        """Whether all of them are."""
        return all(member.up for member in self.members)

    def of_site(self, site: str) -> set[int]:
        """Who may have samples of a site: the first one has taken over the journals of devices that are gone."""
        return self._by_site.get(site, set()) | {0}

    def begin_lives(self) -> list[Ready]:
        """What those say that have come up; they poll from now on, if the run has begun."""
        begun = []
        for plan, member in zip(self.plans, self.members, strict=True):
            ready: Ready | None = member.begin(attrgetter("alive"))
            if ready is not None:
                begun.append(ready)
                if self._first_us is not None:
                    member.actor.poll.remote(plan.devices, max(self._first_us, wall_us()), self._end_us)
        return begun

    def start(self, first_us: int, end_us: int | None) -> None:
        """Poll every tick in [first_us, end_us)."""
        self._first_us, self._end_us = first_us, end_us
        pairs = zip(self.plans, self.members, strict=True)
        ray.get([member.actor.poll.remote(plan.devices, first_us, end_us) for plan, member in pairs])

    def add(self, plans: Sequence[PollerPlan]) -> None:
        """Make more of them; what they poll is said by `change`, once they are up."""
        for plan in plans:
            self.plans.append(replace(plan, devices=()))
            self.members.append(Member(plan.name, plan.make))

    def change(self, devices: Sequence[tuple[DeviceSettings, ...]], first_us: int) -> None:
        """Poll these from `first_us` on, poller by poller. One that is dead is told when it is back."""
        for number, (plan, member) in enumerate(zip(self.plans, self.members, strict=True)):
            if plan.devices != devices[number]:
                self.plans[number] = replace(plan, devices=devices[number])
                if member.up:
                    member.actor.poll.remote(devices[number], first_us, self._end_us)
        self._find_sites()

    def stop(self, end_us: int) -> None:
        """No tick at or after `end_us`; polls at work are finished."""
        self._end_us = end_us
        for member in self.members:
            member.actor.stop.remote(end_us)

    def close(self) -> None:
        """Close the journals; what they still hold is found by the next run."""
        closing: list[Any] = [member.actor.close.remote() for member in self.members if member.up]
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
