"""One device of a line: its ticks, its parked registers, how its requests are asked, how long it has been silent; and
all devices of a line (`Units`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ess_ray.core.maps.plan import Request
from ess_ray.core.polling.cadence import Cadence, Now, WallClock
from ess_ray.core.polling.framing import Framing, PreparedRequest
from ess_ray.core.polling.poll import Parking, Poll, missing_text, unread
from ess_ray.core.polling.tally import SUM, Tallies, Tally
from ess_ray.core.reasons import Reason, Whose
from ess_ray.core.samples import Event, EventKind, Sample, Status
from ess_ray.core.settings import DeviceSettings

# A device is left alone between probes once this many polls in a row have heard nothing.
SILENT_AFTER = 3
# A device gets one request at a time for good once so many times in a row it has answered one, but not several.
SINGLY_AFTER = 3
# A neighbour took all of the time, or there is no register left to ask for: that says nothing about the device.
UNASKED = frozenset(reason for reason in Reason if reason.whose is Whose.COLLECTOR)
STORED = Status.STORED  # a member is slow to get at its class


class Unit:
    """A device and, while it is at work or waits for its turn, its poll."""

    __slots__ = (
        "_framing", "_prepared", "_registers", "_requests", "_strikes", "at_once", "cadence", "failures", "parking",
        "poll", "settings", "silent_until_us", "tally",
    )  # fmt: skip

    def __init__(self, settings: DeviceSettings, framing: Framing, tally: Tally) -> None:
        self.settings = settings
        self.cadence = Cadence(settings.period_us, settings.phase_us)
        self.parking = Parking(settings.plan, settings.park_retry_us)
        self.poll: Poll | None = None
        self.failures = 0  # polls in a row that heard nothing
        self.silent_until_us = 0
        self.at_once = settings.requests_at_once  # requests that may be out together, now
        self._strikes = 0
        self.tally = tally
        self._registers = sum(request.count for request in settings.plan.requests)
        self._framing = framing
        self._requests: Sequence[Request] = ()
        self._prepared: list[PreparedRequest] = []  # of these requests

    @property
    def busy(self) -> bool:
        """Whether a poll is at work or waits, or a tick is still to come."""
        return self.poll is not None or self.cadence.next_due_us() is not None

    @property
    def retries(self) -> int:
        """A probe of a silent device is one request."""
        return 0 if self.failures >= SILENT_AFTER else self.settings.retries

    def prepared(self, requests: Sequence[Request]) -> list[PreparedRequest]:
        """These, ready to be sent; a poll mostly has the requests of the poll before, the very same object."""
        if requests is not self._requests:
            self._requests = requests
            self._prepared = [self._framing.prepare(self.settings.unit_id, request) for request in requests]
        return self._prepared

    def failed_together(self) -> None:
        """Of requests that were out together not all were answered: one alone shall tell whether it is there."""
        self.at_once = 1

    def answered_together(self) -> None:
        """All were."""
        self._strikes = 0

    def answered_alone(self, now: Now, deliver: Callable[[Event], None]) -> None:
        """It is there. Some devices and gateways take one request at a time only, and drop the others."""
        self._strikes += 1
        if self._strikes < SINGLY_AFTER:
            self.at_once = self.settings.requests_at_once
        elif self._strikes == SINGLY_AFTER:
            detail = f"requests_at_once={self.settings.requests_at_once}"
            deliver(Event(self.settings.device, now.wall_us, EventKind.ASKED_SINGLY, None, detail))

    def tick(self, now: Now, deliver: Callable[[Sample], None]) -> bool:
        """Begin a poll if a tick is due (True) and deliver the samples of those at which the device is not asked."""
        ticks = self.cadence.due(now.wall_us)
        begun = False
        for tick_us in ticks:
            if self.poll or tick_us != ticks[-1]:
                deliver(unread(self.settings, tick_us, Reason.OVERRUN, now))
            elif now.mono_us < self.silent_until_us:
                deliver(unread(self.settings, tick_us, Reason.BACKOFF, now))
            else:
                self.poll = Poll(self.settings, self.parking, tick_us, now)
                late_us = now.wall_us - tick_us - self.settings.phase_us
                self.tally.late[late_us.bit_length()] += 1
                self.tally.late[SUM] += late_us
                begun = True
        return begun

    def count(self, poll: Poll, sample: Sample) -> None:
        """The poll is over and has become a sample."""
        tally = self.tally
        tally.requests += sample.requests
        tally.retries += sample.retries
        tally.registers += self._registers if sample.status is STORED and not sample.reason else poll.registers

    def clock_set(self, step_us: int, now: Now, deliver: Callable[[Event], None]) -> None:
        """The wall clock was set: go on with the ticks that it shows now, and tell which are passed over."""
        if passed := self.cadence.jump(now.wall_us):
            kind = EventKind.CLOCK_FORWARD if step_us > 0 else EventKind.CLOCK_BACK
            detail = f"the clock was set by {step_us / 1e6:+.3f} s"
            deliver(Event(self.settings.device, passed.start, kind, passed.stop, detail))

    def over(self, poll: Poll, reason: str | None, now: Now) -> list[Event]:
        """The poll is over: count those that heard nothing; grow the pause from one period to the longest allowed."""
        device = self.settings.device
        events = []
        if poll.newly_parked:
            parked = missing_text(poll.newly_parked)
            events.append(Event(device, poll.tick_us, EventKind.REGISTERS_PARKED, None, parked))
        if not poll.heard and reason in UNASKED:
            return events
        if poll.heard and self.failures >= SILENT_AFTER:
            events.append(Event(device, poll.tick_us, EventKind.DEVICE_BACK))
        self.failures = 0 if poll.heard else self.failures + 1
        if self.failures == SILENT_AFTER:
            events.append(Event(device, poll.tick_us, EventKind.DEVICE_LOST, None, reason or ""))
        if self.failures >= SILENT_AFTER:
            pause_us = self.settings.period_us << min(self.failures - SILENT_AFTER, 16)
            self.silent_until_us = now.mono_us + min(pause_us, self.settings.backoff_max_us)
        return events


class Units:
    """The devices of a line, and their ticks."""

    __slots__ = ("_clock", "_framing", "_tallies", "units")

    def __init__(self, framing: Framing, tallies: Tallies) -> None:
        self.units: list[Unit] = []
        self._clock = WallClock()
        self._framing = framing
        self._tallies = tallies

    def change(self, devices: Sequence[DeviceSettings], first_us: int, end_us: int | None) -> None:
        """These tick in [first_us, end_us) from now on; what ticks already and stays as it is notices nothing."""
        for unit in self.units:
            if unit.settings not in devices:
                unit.cadence.stop(first_us)
        self.units = [unit for unit in self.units if unit.busy]
        known = [unit.settings for unit in self.units if unit.cadence.goes_on(first_us)]
        for settings in devices:
            if settings not in known:
                self.units.append(unit := Unit(settings, self._framing, self._tallies.of(settings.device)))
                unit.cadence.start(first_us, end_us)

    def stop(self, end_us: int) -> None:
        """No tick at or after `end_us`; the poll at work is finished."""
        for unit in self.units:
            unit.cadence.stop(end_us)

    @property
    def busy(self) -> bool:
        """Whether a poll is at work or waits, or a tick is still to come."""
        return any(unit.busy for unit in self.units)

    def next_tick_us(self, now: Now) -> int | None:
        """When the next device is read, on the monotonic clock."""
        first_us = None
        for unit in self.units:
            due_us = unit.cadence.next_due_us()
            if due_us is not None and (first_us is None or due_us < first_us):
                first_us = due_us
        return first_us if first_us is None else first_us + now.mono_us - now.wall_us

    def begun(self, now: Now, deliver: Callable[[Sample | Event], None]) -> list[Unit]:
        """Those whose poll begins now; ticks that are not read are delivered."""
        step_us = self._clock.step_us(now)
        begun = []
        for unit in self.units:
            if step_us:
                unit.clock_set(step_us, now, deliver)
            if unit.tick(now, deliver):
                begun.append(unit)
                self._tallies.at_work += 1
        return begun
