"""Changes of what the pollers poll, while they do: sent to each, and every reply taken as it comes.

The rules are `core.running.handover`. Used by `cluster.collect`, in the driver's main thread.
"""

from __future__ import annotations

from collections.abc import Sequence

from ess_ray.cluster.actor_system import Call
from ess_ray.cluster.pollers import Pollers, wall_us
from ess_ray.core.running.account import Account
from ess_ray.core.running.handover import Devices, Handover, PollReply
from ess_ray.core.samples import Device

REPLIES_S = 45.0  # awake, from the beginning: as long as a poller that was killed may need to come up again


class Changes:
    """The changes of a run, one after the other; the account follows each reply before samples behind it are counted.

    `_handover` is the change at work, begun at `_began_s` by the driver's clock. `_changed_us` has the moments from
    which changes hold, until they are taken.
    """

    def __init__(self, pollers: Pollers, account: Account) -> None:
        self._pollers, self._account = pollers, account
        self._handover: Handover | None = None
        self._began_s = 0.0
        self._changed_us: dict[Device, int] = {}

    @property
    def at_work(self) -> bool:
        """True while some poller has not replied, unless it was waited for long enough."""
        return self._handover is not None

    @property
    def calls(self) -> list[Call]:
        """The calls that have not been looked at; `step` is to be called when one has returned."""
        replies, waiting = self._pollers.replies, self._handover.waiting if self._handover else ()
        return [replies[number][0] for number in waiting if number in replies]

    def begin(self, devices: Sequence[Devices], first_us: int, awake_s: float) -> None:
        """Have every poller, by number, poll these devices from `first_us` on, microseconds since 1970 UTC.

        Does not wait. `awake_s`: now, by the driver's clock.
        """
        self._handover = Handover([plan.devices for plan in self._pollers.plans], devices, first_us)
        self._began_s = awake_s
        self._send(self._handover)

    def step(self, awake_s: float) -> None:
        """Take the replies that are there; waits for nothing. `awake_s`: now, by the driver's clock.

        A poller that has not replied for REPLIES_S is dead, and does not come up: its change holds from now on.
        """
        if (handover := self._handover) is None:
            return
        overdue = awake_s > self._began_s + REPLIES_S
        for number in handover.waiting:
            reply = self._pollers.take_reply(number) or (PollReply(wall_us()) if overdue else None)
            for changed in handover.replied(number, reply) if reply else ():
                self._account.change(changed.device, changed.settings, changed.first_us)
                self._changed_us[changed.device] = changed.first_us
        self._send(handover)
        if handover.over:
            self._handover = None

    def take_changed(self) -> dict[Device, int]:
        """From which moment on the changes hold, microseconds since 1970 UTC, by device; each is given once."""
        changed_us, self._changed_us = self._changed_us, {}
        return changed_us

    def _send(self, handover: Handover) -> None:
        for order in handover.orders():
            self._pollers.change(order.poller, order.devices, order.first_us)
