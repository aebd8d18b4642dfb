"""A device that is polled: its ticks and polls, how many requests it takes at once, what is done while it is silent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ess_ray.core.maps.plan import Request
from ess_ray.core.polling.cadence import Cadence, Now
from ess_ray.core.polling.counts import REGISTERS, REQUESTS, RETRIES, DeviceCounts
from ess_ray.core.polling.expectations import ExpectationWatch
from ess_ray.core.polling.framing import Framing, PreparedRequest
from ess_ray.core.polling.frozen import make_watch
from ess_ray.core.polling.missing import missing_text
from ess_ray.core.polling.parking import Parking
from ess_ray.core.polling.poll import Poll
from ess_ray.core.polling.poll_sample import STORED, take_sample, unread
from ess_ray.core.polling.rates import Rates
from ess_ray.core.reasons import Reason, Whose
from ess_ray.core.samples import Event, EventKind, Sample
from ess_ray.core.settings import DeviceSettings

# A device is silent once this many polls in a row have heard nothing. From then on each poll is a probe of one request,
# at each tick at first, so that a device that was away for a moment is back at once; later they become rare.
SILENT_AFTER = 3
PROBED_EACH_TICK_US = 60_000_000
# A tick is read late rather than not at all if the poll before it took that part of its period too long.
LATE_PART = 0.5
ASKING_AGAIN_PART = 0.4  # of it may go on a request that is sent again, so that the poll then ends in time for the next
# A device that does not reply may take time from the ticks of others, and a doubtful request from those of its own
# device, so that it costs them at most one percent: a time-out in so many time-outs.
OWED_TIMEOUTS = 100
PASSED_OVER_LIMIT = 10
# A device gets one request at a time for good once it has so often replied to a request alone, but not among several.
SINGLY_AFTER = 3
# A neighbour took all of the time, or there is no register left to read: that says nothing about the device.
NOTHING_SENT = frozenset(reason for reason in Reason if reason.whose is Whose.COLLECTOR)


class PolledDevice:
    """A device and, while it is at work or waits for its turn, its poll."""

    __slots__ = (
        "_expectations",
        "_framing",
        "_lost_us",
        "_parking",
        "_prepared",
        "_rates",
        "_registers",
        "_requests",
        "_strikes",
        "_surplus",
        "_watch",
        "at_once",
        "cadence",
        "counts",
        "failures",
        "next_tick_us",
        "passed_over",
        "poll",
        "settings",
        "silent_until_us",
        "took_time_us",
        "turn_us",
        "turned_us",
        "waits",
    )  # fmt: skip

    def __init__(self, settings: DeviceSettings, framing: Framing, counts: DeviceCounts) -> None:
        self.settings = settings
        self.counts = counts
        self.cadence = Cadence(settings.period_us, settings.phase_us)
        several = any(settings.plan.periods_us)
        self._rates = Rates(settings.plan, settings.park_retry_us) if several else None
        self._parking = Parking(settings.plan, settings.park_retry_us)  # of a plan of one rate
        self.poll: Poll | None = None
        self.waits = False  # `poll` waits for its turn on the connection
        self.turned_us = 0  # when its last turn began, on the monotonic clock
        self.turn_us = 0  # how long its last turn took
        self.took_time_us = 0  # when it took time from other ticks to wait for its reply, on the monotonic clock
        self.passed_over = 0  # ticks that there was no time for, twice, less its polls since then
        self.next_tick_us: int | None = None  # a tick that is due and waits for the end of `poll`
        self.failures = 0  # polls in a row that heard nothing
        self._lost_us = 0  # since when it is silent, on the monotonic clock
        self.silent_until_us = 0  # on the monotonic clock: ticks before it are not read (back-off)
        self.at_once = settings.requests_at_once  # requests that may be in flight together, now
        self._strikes = 0  # how often in a row it has replied to a request alone, but not among several
        self._surplus = b""  # of which an event was delivered
        self._watch = make_watch(settings)
        self._expectations = ExpectationWatch()
        self._registers = sum(request.count for request in settings.plan.requests)
        self._framing = framing
        self._requests: Sequence[Request] = ()
        self._prepared: list[PreparedRequest] = []  # of these requests

    @property
    def busy(self) -> bool:
        """True if a poll is at work or waits, or a tick is still to come."""
        return self.poll is not None or self.cadence.next_due_us() is not None

    @property
    def doubtful(self) -> bool:
        """True if its last poll heard nothing."""
        return self.failures > 0

    @property
    def often_passed_over(self) -> bool:
        """True if there was no time for many of its last ticks."""
        return self.passed_over >= PASSED_OVER_LIMIT

    @property
    def silent(self) -> bool:
        """True if so many polls have heard nothing that it is called lost."""
        return self.failures >= SILENT_AFTER

    def leave_alone(self, until_us: int) -> None:
        """Do not probe it before, on the monotonic clock."""
        self.silent_until_us = max(self.silent_until_us, until_us)

    def owed_time(self, now: Now) -> bool:
        """True if it may wait for a reply while other ticks are due."""
        return now.mono_us - self.took_time_us >= OWED_TIMEOUTS * self.settings.timeout_us

    def starves(self, now: Now) -> bool:
        """True if others have never left it the time that it was owed: then its turn comes as that of any other."""
        return now.mono_us - self.took_time_us >= 2 * OWED_TIMEOUTS * self.settings.timeout_us

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

    def begin_poll(self, now: Now, deliver: Callable[[Sample], None], connected: bool) -> bool:
        """True if a tick was due and its poll, now in `poll`, is to wait for its turn.

        Ticks that are due and not read are delivered as failed samples: OVERRUN if a later one is due too, before their
        turn has come or the poll before them is over; BACKOFF if the device is silent. While the devices are not
        `connected` a poll that waits keeps its tick: no time was lost on others.
        """
        begun = False
        for tick_us in self.cadence.due(now.wall_us):
            if self.poll is None:
                begun = self._begin(tick_us, now, deliver)
            elif self.waits and connected:  # what is read now is rather the value of the later tick
                self._pass_over(self.poll.tick_us, now, deliver)
                asked = self._parking if self._rates is None else self._rates.at(tick_us)
                self.poll = Poll(self.settings, asked, tick_us, now, self.failures)
            else:
                if self.next_tick_us is not None:
                    self._pass_over(self.next_tick_us, now, deliver)
                self.next_tick_us = tick_us
        return begun

    def begin_next(self, now: Now, deliver: Callable[[Sample], None]) -> bool:
        """As `begin_poll`, for `next_tick_us`, which is not None; called at the end of the poll before it."""
        tick_us, self.next_tick_us = self.next_tick_us, None
        assert tick_us is not None
        if now.wall_us - tick_us - self.cadence.phase_us > self.settings.period_us * LATE_PART:
            self._pass_over(tick_us, now, deliver)
            return False
        return self._begin(tick_us, now, deliver)

    def _begin(self, tick_us: int, now: Now, deliver: Callable[[Sample], None]) -> bool:
        if now.mono_us < self.silent_until_us:
            deliver(unread(self.settings, tick_us, Reason.BACKOFF, now))
            return False
        asked = self._parking if self._rates is None else self._rates.at(tick_us)
        self.poll, self.waits = Poll(self.settings, asked, tick_us, now, self.failures), True
        # A tick that waited is ahead if the clock was set back meanwhile.
        late_us, lateness = max(0, now.wall_us - tick_us - self.cadence.phase_us), self.counts.poll_lateness
        lateness.buckets[late_us.bit_length()] += 1
        lateness.sum_us += late_us
        return True

    def late_until_us(self, now: Now) -> int:
        """How long its poll may go on without a loss of the next tick, on the monotonic clock."""
        next_us, period_us = self.cadence.next_due_us(), self.settings.period_us
        if self.next_tick_us is not None:
            next_us = self.next_tick_us + self.cadence.phase_us
        late_us = period_us if next_us is None else next_us - now.wall_us + int(period_us * ASKING_AGAIN_PART)
        return now.mono_us + late_us

    @property
    def why_passed_over(self) -> Reason:
        """The reason of a tick that there is no time for."""
        return Reason.BACKOFF if self.silent else Reason.OVERRUN

    def _pass_over(self, tick_us: int, now: Now, deliver: Callable[[Sample], None]) -> None:
        reason = self.why_passed_over
        if reason is Reason.OVERRUN:
            self.passed_over += 2
        deliver(unread(self.settings, tick_us, reason, now))

    def end_poll(self, now: Now, deliver: Callable[[Sample | Event], None]) -> None:
        """Deliver the sample of `poll`, which is over, and events of what it says; `poll` is None afterwards."""
        poll, self.poll = self.poll, None
        assert poll is not None
        sample = take_sample(poll, now)
        deliver(sample)
        if self._watch and (event := self._watch.on_sample(sample)):
            deliver(event)
        if poll.compared and (event := self._expectations.on_poll(poll)):
            deliver(event)
        if self.passed_over:
            self.passed_over -= 1
        counts = self.counts.counts
        counts[REQUESTS] += sample.requests
        if sample.retries:
            counts[RETRIES] += sample.retries
        whole = sample.status is STORED and not sample.reason and self._rates is None
        counts[REGISTERS] += self._registers if whole else poll.registers
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
        if self.failures == 1:
            self.took_time_us = now.mono_us
        if self.failures == SILENT_AFTER:
            self._lost_us = now.mono_us
            events.append(Event(device, poll.tick_us, EventKind.DEVICE_LOST, None, reason or ""))
        if self.failures >= SILENT_AFTER and now.mono_us >= self._lost_us + PROBED_EACH_TICK_US:
            silent_us = now.mono_us - self._lost_us - PROBED_EACH_TICK_US
            self.silent_until_us = now.mono_us + min(silent_us, self.settings.backoff_max_us)
        return events

    def on_clock_set(
        self, step_us: int, now: Now, deliver: Callable[[Event], None], others: Sequence[range] = ()
    ) -> None:
        """The wall clock was set by `step_us`, ahead if positive: go on with the ticks that it shows now.

        `others`: ticks of the same device that are not to be taken here, since its settings change or have changed.
        An event with the ticks that are passed over, if there are any, is delivered.
        """
        if passed := self.cadence.jump(now.wall_us, others):
            kind = EventKind.CLOCK_FORWARD if step_us > 0 else EventKind.CLOCK_BACK
            detail = f"the clock was set by {step_us / 1e6:+.3f} s"
            deliver(Event(self.settings.device, passed.start, kind, passed.stop, detail))
