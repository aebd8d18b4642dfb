"""A change of what the pollers poll, while they do: what is sent to each, and from when on it holds.

A poller may be given a change late: its process stood still, or died and was started again. It then goes on from behind
the last tick that it took, and its reply says from which moment on the change holds for each device. Only this moment
counts, in the account and in the table `device`. All moments are microseconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ess_ray.core.samples import Device
from ess_ray.core.settings import DeviceSettings

Devices = tuple[DeviceSettings, ...]


@dataclass(frozen=True, slots=True)
class PollReply:
    """The reply of a poller to the devices that it was given to poll from `first_us` on.

    `changed_us` is what `Poller.poll` gives: the moments of devices that are new, changed or gone. A process that has
    just begun has polled nothing before, so that what it lacks changes at `first_us`.
    """

    first_us: int
    changed_us: Mapping[Device, int] = field(default_factory=dict)

    def holds_us(self, device: Device) -> int:
        """The moment from which the change of this device holds."""
        return self.changed_us.get(device, self.first_us)


@dataclass(frozen=True, slots=True)
class PollOrder:
    """The devices that a poller, by its number, is to poll from `first_us` on."""

    poller: int
    devices: Devices
    first_us: int


@dataclass(frozen=True, slots=True)
class Changed:
    """A device that is polled with these settings from `first_us` on; None: it is polled no more."""

    device: Device
    settings: DeviceSettings | None
    first_us: int


class Handover:
    """One change of all pollers: `orders` are to be sent, until there are none and every poller has `replied`.

        to send ── all that it takes over from others was given up by them ──▶ sent ── its reply ──▶ replied

    A device that goes from one poller to another is first taken from the one that polls it, and then given to the other
    behind the last tick of the first: else both might take a tick. `_to_send` and `_sent` have pollers by number; one
    that gives and takes devices is in both. `_given_up_us` has when a device that moves was given up.
    """

    def __init__(self, before: Sequence[Devices], after: Sequence[Devices], first_us: int) -> None:
        """`before`, `after`: the devices of each poller, by number; the change is to hold from `first_us` on."""
        self._first_us = first_us
        self._polled = list(before)  # by what was sent to each poller last
        self._before = {settings.device: settings for group in before for settings in group}
        self._after = {settings.device: settings for group in after for settings in group}
        self._polled_by = {settings.device: number for number, group in enumerate(before) for settings in group}
        self._given_up_us: dict[Device, int] = {}
        self._to_send = {number: group for number, group in enumerate(after) if before[number] != group}
        self._sent: dict[int, Devices] = {}  # what each polled before

    @property
    def waiting(self) -> list[int]:
        """The pollers whose replies are awaited."""
        return list(self._sent)

    @property
    def over(self) -> bool:
        """True once there is nothing to send any more, and no reply is awaited."""
        return not self._sent and not self._to_send

    def orders(self) -> list[PollOrder]:
        """The orders that can be sent now, each once; to be called again after replies."""
        orders = []
        for number, group in list(self._to_send.items()):
            free = tuple(settings for settings in group if self._is_free(settings.device, number))
            if number in self._sent or (free != group and not self._gives_up(number, free)):
                continue
            if free == group:
                del self._to_send[number]
            moments_us = [self._given_up_us.get(settings.device, 0) for settings in free]
            orders.append(PollOrder(number, free, max([self._first_us, *moments_us])))
            self._sent[number], self._polled[number] = self._polled[number], free
        return orders

    def _is_free(self, device: Device, number: int) -> bool:
        """True if no other poller than this one polls the device."""
        return self._polled_by.get(device, number) == number or device in self._given_up_us

    def _gives_up(self, number: int, free: Devices) -> bool:
        """True if the poller polls something else now than these, apart from what it still has to wait for."""
        return self._polled[number] != free

    def replied(self, number: int, reply: PollReply) -> list[Changed]:
        """Take the reply of a poller to its last order; gives the devices of which it is known now when they change.

        Devices that only move to another poller do not change.
        """
        before = {settings.device: settings for settings in self._sent.pop(number)}
        now = {settings.device: settings for settings in self._polled[number]}
        changed = []
        for device in {**before, **now}:
            if before.get(device) == now.get(device):
                continue
            moment_us = max(self._first_us, reply.holds_us(device))
            if device not in now and device in self._after:
                self._given_up_us[device] = moment_us
            elif self._before.get(device) != self._after.get(device):
                changed.append(Changed(device, self._after.get(device), moment_us))
        return changed
