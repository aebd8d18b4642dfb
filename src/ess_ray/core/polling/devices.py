"""The devices behind one connection: their ticks and polls, how many requests they take at once, their back-off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ess_ray.core.maps.plan import Request
from ess_ray.core.polling.cadence import Cadence, Now, WallClock, free_us
from ess_ray.core.polling.counts import REGISTERS, REQUESTS, RETRIES, DeviceCounts, PollerCounts
from ess_ray.core.polling.framing import Framing, PreparedRequest
from ess_ray.core.polling.frozen import make_watch
from ess_ray.core.polling.missing import missing_text
from ess_ray.core.polling.parking import Parking
from ess_ray.core.polling.poll import STORED, Poll, unread
from ess_ray.core.reasons import Reason, Whose
from ess_ray.core.samples import Device, Event, EventKind, Sample
from ess_ray.core.settings import DeviceSettings

# A device is left alone between probes once this many polls in a row have heard nothing.
SILENT_AFTER = 3
# A device gets one request at a time for good once it has so often replied to a request alone, but not among several.
SINGLY_AFTER = 3
# A neighbour took all of the time, or there is no register left to read: that says nothing about the device.
NOTHING_SENT = frozenset(reason for reason in Reason if reason.whose is Whose.COLLECTOR)


class PolledDevice:
    """A device and, while it is at work or waits for its turn, its poll."""

    __slots__ = (
        "_framing", "_prepared", "_registers", "_requests", "_retries", "_strikes", "_surplus", "_watch", "at_once",
        "cadence", "counts", "failures", "parking", "poll", "settings", "silent_until_us",
    )  # fmt: skip

    def __init__(self, settings: DeviceSettings, framing: Framing, counts: DeviceCounts) -> None:
        self.settings = settings
        self.counts = counts
        self.cadence = Cadence(settings.period_us, settings.phase_us)
        self.parking = Parking(settings.plan, settings.park_retry_us)
        self.poll: Poll | None = None
        self.failures = 0  # polls in a row that heard nothing
        self._retries = settings.retries  # of a request, in the next poll
        self.silent_until_us = 0  # on the monotonic clock: ticks before it are not read (back-off)
        self.at_once = settings.requests_at_once  # requests that may be in flight together, now
        self._strikes = 0  # how often in a row it has replied to a request alone, but not among several
        self._surplus = b""  # of which an event was delivered
        self._registers = sum(request.count for request in settings.plan.requests)
        self._watch = make_watch(settings)
        self._framing = framing
        self._requests: Sequence[Request] = ()
        self._prepared: list[PreparedRequest] = []  # of these requests

    @property
    def busy(self) -> bool:
        """True if a poll is at work or waits, or a tick is still to come."""
        return self.poll is not None or self.cadence.next_due_us() is not None

    def prepared(self, requests: Sequence[Request]) -> list[PreparedRequest]:
        """The requests, ready to be sent; a poll mostly has the requests of the poll before, the very same object."""
        if requests is not self._requests:
            self._requests = requests
            self._prepared = [self._framing.prepare(self.settings.unit_id, request) for request in requests]
        return self._prepared

    # --- several requests at once ------------------------------------------------------------------------------------

    def on_several_failed(self) -> None:
        """Not all requests sent together got replies: the next goes alone, to tell whether the device is there."""
        self.at_once = 1

    def on_several_replied(self) -> None:
        """Note that all requests that were sent together got replies."""
        self._strikes = 0

    def on_alone_replied(self, now: Now, deliver: Callable[[Event], None]) -> None:
        """A poll is over with a reply to a request sent alone after `on_several_failed`: the device is there after all.

        Some devices and gateways take one request at a time, and drop the others. Several are sent together again,
        unless this was so SINGLY_AFTER times in a row: then never, and an event ASKED_SINGLY is delivered once.
        """
        self._strikes += 1
        if self._strikes < SINGLY_AFTER:
            self.at_once = self.settings.requests_at_once
        elif self._strikes == SINGLY_AFTER:
            detail = f"requests_at_once={self.settings.requests_at_once}"
            deliver(Event(self.settings.device, now.wall_us, EventKind.ASKED_SINGLY, None, detail))

    # --- ticks and polls ---------------------------------------------------------------------------------------------

    def begin_poll(self, now: Now, deliver: Callable[[Sample], None]) -> bool:
        """True if a tick was due and its poll, now in `poll`, has begun.

        Ticks that are due and not read are delivered as failed samples: OVERRUN if a poll is at work or a later tick is
        due too, BACKOFF if the device is silent.
        """
        ticks = self.cadence.due(now.wall_us)
        begun = False
        for tick_us in ticks:
            if self.poll or tick_us != ticks[-1]:
                deliver(unread(self.settings, tick_us, Reason.OVERRUN, now))
            elif now.mono_us < self.silent_until_us:
                deliver(unread(self.settings, tick_us, Reason.BACKOFF, now))
            else:
                self.poll = Poll(self.settings, self.parking, tick_us, now, self._retries)
                late_us, lateness = now.wall_us - tick_us - self.cadence.phase_us, self.counts.poll_lateness
                lateness.buckets[late_us.bit_length()] += 1
                lateness.sum_us += late_us
                begun = True
        return begun

    def end_poll(self, now: Now, deliver: Callable[[Sample | Event], None]) -> None:
        """Deliver the sample of `poll`, which is over, and events of what it says; `poll` is None afterwards."""
        poll, self.poll = self.poll, None
        assert poll is not None
        sample = poll.sample(now)
        deliver(sample)
        if self._watch and (event := self._watch.on_sample(sample)):
            deliver(event)
        counts = self.counts.counts
        counts[REQUESTS] += sample.requests
        if sample.retries:
            counts[RETRIES] += sample.retries
        counts[REGISTERS] += self._registers if sample.status is STORED and not sample.reason else poll.registers
        if self.failures or not poll.heard or poll.newly_parked or poll.surplus:
            for event in self._events(poll, sample.reason, now):
                deliver(event)

    def _events(self, poll: Poll, reason: str | None, now: Now) -> list[Event]:
        """Transitions; counts polls that heard nothing, and lets the back-off grow from one period to its longest."""
        device = self.settings.device
        events = []
        if poll.newly_parked:
            parked = missing_text(poll.newly_parked)
            events.append(Event(device, poll.tick_us, EventKind.REGISTERS_PARKED, None, parked))
        if poll.surplus and not self._surplus:
            self._surplus = poll.surplus
            detail = f"{len(poll.surplus)} {'byte' if len(poll.surplus) == 1 else 'bytes'}: {poll.surplus.hex(' ')}"
            events.append(Event(device, poll.tick_us, EventKind.SURPLUS_BYTES, None, detail))
        if not poll.heard and reason in NOTHING_SENT:
            return events
        if poll.heard and self.failures >= SILENT_AFTER:
            events.append(Event(device, poll.tick_us, EventKind.DEVICE_BACK))
        self.failures = 0 if poll.heard else self.failures + 1
        self._retries = 0 if self.failures >= SILENT_AFTER else self.settings.retries  # a probe is one request
        if self.failures == SILENT_AFTER:
            events.append(Event(device, poll.tick_us, EventKind.DEVICE_LOST, None, reason or ""))
        if self.failures >= SILENT_AFTER:
            pause_us = self.settings.period_us << min(self.failures - SILENT_AFTER, 16)
            self.silent_until_us = now.mono_us + min(pause_us, self.settings.backoff_max_us)
        return events

    def on_clock_set(self, step_us: int, now: Now, deliver: Callable[[Event], None]) -> None:
        """The wall clock was set by `step_us`, ahead if positive: go on with the ticks that it shows now.

        An event with the ticks that are passed over, if there are any, is delivered.
        """
        if passed := self.cadence.jump(now.wall_us):
            kind = EventKind.CLOCK_FORWARD if step_us > 0 else EventKind.CLOCK_BACK
            detail = f"the clock was set by {step_us / 1e6:+.3f} s"
            deliver(Event(self.settings.device, passed.start, kind, passed.stop, detail))


Taken = Mapping[Device, Sequence[range]]  # the ticks that were taken, in ranges


class PolledDevices:
    """The devices behind one connection, and their ticks."""

    __slots__ = ("_clock", "_framing", "counts", "devices")

    def __init__(self, framing: Framing, counts: PollerCounts) -> None:
        self.devices: list[PolledDevice] = []
        self._clock = WallClock()
        self._framing = framing
        self.counts = counts

    @property
    def taken(self) -> dict[Device, list[range]]:
        """The ticks that each device has taken, see `Cadence.taken`."""
        taken: dict[Device, list[range]] = {}
        for device in self.devices:
            taken.setdefault(device.settings.device, []).extend(device.cadence.taken)
        return taken

    def change(
        self, devices: Sequence[DeviceSettings], first_us: int, end_us: int | None, taken: Taken
    ) -> dict[Device, int]:
        """These and no others tick in [first_us, end_us), since 1970 UTC; see `Connection.change`."""
        changed_us = {}
        for device in self.devices:
            if device.settings not in devices:
                device.cadence.stop(first_us)
                changed_us[device.settings.device] = free_us(first_us, taken.get(device.settings.device, ()))
        self.devices = [device for device in self.devices if device.busy]
        going_on = [device.settings for device in self.devices if device.cadence.goes_on(first_us)]
        for settings in devices:
            if settings not in going_on:
                ticks = taken.get(settings.device, ())
                self.devices.append(device := PolledDevice(settings, self._framing, self.counts.of(settings.device)))
                device.cadence.start(first_us, end_us, ticks)
                changed_us[settings.device] = free_us(first_us, ticks)
        return changed_us

    def stop(self, end_us: int) -> None:
        """No tick at or after `end_us`; the poll at work is finished."""
        for device in self.devices:
            device.cadence.stop(end_us)

    @property
    def busy(self) -> bool:
        """True if a poll is at work or waits, or a tick is still to come."""
        for device in self.devices:  # noqa: SIM110  # a generator costs three calls more, every poll
            if device.busy:
                return True
        return False

    def next_tick_us(self, now: Now) -> int | None:
        """When the next device is read, on the monotonic clock; None: never again."""
        first_us = None
        for device in self.devices:
            due_us = device.cadence.next_due_us()
            if due_us is not None and (first_us is None or due_us < first_us):
                first_us = due_us
        return first_us if first_us is None else first_us + now.mono_us - now.wall_us

    def begin_polls(self, now: Now, deliver: Callable[[Sample | Event], None]) -> list[PolledDevice]:
        """Begin the polls that are due; gives their devices, or an empty list.

        Ticks that are not read are delivered as failed samples, and events if the wall clock was set.
        """
        step_us = self._clock.step_us(now)
        begun = []
        for device in self.devices:
            if step_us:
                device.on_clock_set(step_us, now, deliver)
            if device.begin_poll(now, deliver):
                begun.append(device)
                self.counts.polls_running += 1
        return begun
