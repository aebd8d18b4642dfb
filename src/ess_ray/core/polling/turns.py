"""Whose turn it is on a connection, and whether the connection is too slow for all of its devices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf

from ess_ray.core.polling.cadence import Now
from ess_ray.core.polling.counts import connection_failure
from ess_ray.core.polling.device import PolledDevice
from ess_ray.core.polling.devices import PolledDevices
from ess_ray.core.polling.patience import Patience
from ess_ray.core.polling.poll import Poll
from ess_ray.core.reasons import bare_reason
from ess_ray.core.samples import Event, EventKind, Sample

RELIEVED_US = 600_000_000  # with time for every tick: an overload after that is a new one, and told again
# Periods that people take, in seconds, and how much of a period one round of all devices may take.
PERIODS_S = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600)
ROUND_PART = 0.9


class PollTurns:
    """The devices whose polls have begun: the current one, and those that wait for their turn.

    Whoever has waited longest since its last turn is next. A doubtful device (`PolledDevice.doubtful`) comes behind all
    others, since it costs a time-out.
    """

    __slots__ = ("_deliver", "_overloaded_us", "_patience", "_polled", "current", "waiting")

    def __init__(self, polled: PolledDevices, patience: Patience, deliver: Callable[[Sample | Event], None]) -> None:
        self.current: PolledDevice | None = None  # whose poll is carried out
        self.waiting: list[PolledDevice] = []
        self._polled = polled
        self._patience = patience
        self._deliver = deliver
        self._overloaded_us: int | None = None  # when there was last no time for a tick, since the event of it

    @property
    def at_work(self) -> tuple[PolledDevice, Poll]:
        """The current device and its poll; there has to be one."""
        assert self.current is not None
        assert self.current.poll is not None
        return self.current, self.current.poll

    def begin_next(self, now: Now) -> PolledDevice | None:
        """The device whose turn begins now is the current one; None: none waits. To be called while there is none."""
        waiting = self.waiting
        if not waiting:
            return None
        device = waiting[0]
        if len(waiting) > 1:
            device = min(waiting, key=lambda waits: (waits.doubtful and not waits.starves(now), waits.turned_us))
        waiting.remove(device)
        device.waits, device.turned_us = False, now.mono_us
        self.current = device
        return device

    def finish(self, device: PolledDevice, now: Now) -> None:
        """Deliver the sample of a poll that is over; a tick that has become due meanwhile waits for its turn."""
        assert device.poll is not None
        if device is self.current:
            self.current = None
            before_us, device.turn_us = device.turn_us, now.mono_us - device.turned_us
            if self._patience.remembers:
                self._patience.on_turn_over(device, device.poll, before_us, now)
        try:
            device.end_poll(now, self._deliver)
        finally:
            self._polled.counts.polls_running -= 1
        if device.next_tick_us is not None and device.begin_next(now, self._deliver):
            self.waiting.append(device)
            self._polled.counts.polls_running += 1
        if device.passed_over:
            self._look_for_overload(now)

    def abandon_unconnected(self, reason: str, now: Now, until_us: float = inf) -> list[PolledDevice]:
        """Finish the polls that find no connection: those whose own deadline is not after `until_us`; gives them."""
        if self.current:
            self.current.counts.counts[connection_failure(bare_reason(reason))] += 1
        polls = [(device, device.poll) for device in (self.current, *self.waiting) if device and device.poll]
        self.current, self.waiting = None, [device for device, poll in polls if poll.deadline_us > until_us]
        for device in self.waiting:
            device.waits = True
        abandoned = [(device, poll) for device, poll in polls if poll.deadline_us <= until_us]
        for device, poll in abandoned:
            device.waits = False
            poll.abandon(reason)
            self.finish(device, now)
        return [device for device, _ in abandoned]

    def _look_for_overload(self, now: Now) -> None:
        """Deliver an event if polls take too long for the devices' periods: once, until all was well for long."""
        device = max(self._polled.devices, key=lambda device: device.passed_over)
        if not device.often_passed_over:
            return
        before_us, self._overloaded_us = self._overloaded_us, now.mono_us
        if before_us is None or now.mono_us - before_us > RELIEVED_US:
            detail = _what_fits(self._polled.devices)
            self._deliver(Event(device.settings.device, now.wall_us, EventKind.OVERLOADED, None, detail))


def _what_fits(devices: Sequence[PolledDevice]) -> str:
    """How long it takes to read all of these once, and the period that leaves time for it."""
    round_s = sum(device.turn_us for device in devices if not device.doubtful) / 1e6
    period_s = next((period_s for period_s in PERIODS_S if round_s <= ROUND_PART * period_s), PERIODS_S[-1])
    what = "a poll takes" if len(devices) == 1 else f"the {len(devices)} devices of this connection take"
    return f"{what} {round_s:.1f} s a round: period_s={period_s} leaves time for it"
