"""One TCP connection and the devices behind it, as a state machine without sockets or clock.

The loop (`adapters.modbus.loop`) calls `wake`, `connected`, `connect_failed`, `received` and `closed` with the moment;
the line calls its `Transport` to connect, send and close, and `deliver` with every sample. It asks one request at a
time, so an answer can only belong to the request that waits for it: what carries another transaction id is dropped if
it is an id of this connection already answered, and ends the connection if it was never sent. After a time-out the
connection is closed too, and a late answer goes down with it.

Nearly every answer comes whole, alone and as it was expected: its first bytes, up to the count of its data, are known
when the request goes out. Then one comparison takes it; all else goes the careful way, frame by frame, through `check`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from math import inf

from ess_ray.core.polling.cadence import Now
from ess_ray.core.polling.framing import NO_REPLY_BYTES, Framing, PreparedRequest
from ess_ray.core.polling.pipeline import Together
from ess_ray.core.polling.poll import Poll
from ess_ray.core.polling.tally import SUM, Tallies, no_times
from ess_ray.core.polling.transport import State, Transport
from ess_ray.core.polling.unit import Unit, Units
from ess_ray.core.samples import Event, Reason, Sample
from ess_ray.core.settings import DeviceSettings

CLOSED, CONNECTING, READY, WAITING = State  # a member is slow to get at its class
AHEAD_US = 10_000_000  # a connection is made so long before its first poll, not earlier: devices close idle ones


class Line(Units):
    """The devices of one host and port, and their connection."""

    __slots__ = (
        "_answers", "_connect_until_us", "_deadline_us", "_deliver", "_framing", "_prepared", "_queue",
        "_quick_until_us", "_reply_bytes", "_sent_us", "_since_us", "_state", "_timeout_us", "_together", "_told",
        "_took", "_transport", "_unit",
    )  # fmt: skip

    def __init__(
        self,
        framing: Framing,
        transport: Transport,
        deliver: Callable[[Sample | Event], None],
        tallies: Tallies | None = None,
    ) -> None:
        super().__init__(framing, tallies or Tallies())
        self._transport = transport
        self._deliver = deliver
        self._state = CLOSED
        self._queue: deque[Unit] = deque()  # polls that wait for the one at work
        self._unit: Unit | None = None  # whose poll is at work
        self._deadline_us: int | None = None  # of the connection or request that is out, or end of a pause
        self._connect_until_us = 0  # of the attempt that is made; 0: no poll waits for it yet
        # Of the reply that is expected, if it may be taken by its prefix (`framing.reply_prefix`), else NO_REPLY_BYTES.
        self._reply_bytes = NO_REPLY_BYTES
        self._together: Together | None = None  # several requests are out
        # Of the poll at work, so that most answers touch nothing else: its requests, its answers, its limits.
        self._prepared: Sequence[PreparedRequest] = ()
        self._answers: list[bytes | None] = []
        self._told = 0  # answers that the poll has been told of
        self._timeout_us = self._quick_until_us = self._sent_us = self._since_us = 0
        self._took = no_times()

    def change(self, devices: Sequence[DeviceSettings], first_us: int, end_us: int | None) -> None:
        """Poll these, every tick in [first_us, end_us); what is polled already and stays as it is notices nothing.

        The others take their last tick before `first_us`. Polls never overlap: a line has one at work.
        """
        super().change(devices, first_us, end_us)
        if not self.busy:
            self._hang_up()

    def connect_ahead(self, now: Now) -> None:
        """Connect before the first tick, if it is near: what is not there by then is the affair of the first poll."""
        tick_us = self.next_tick_us(now)
        near = tick_us is not None and tick_us < now.mono_us + AHEAD_US
        if near and self._state is CLOSED and all(unit.settings.keep_connection for unit in self.units):
            self._state, self._connect_until_us = CONNECTING, 0
            self._transport.connect()

    def wake_at_us(self, now: Now) -> int | None:
        """When to call `wake` next, on the monotonic clock; None: only when something comes in."""
        tick_us, limit_us = self.next_tick_us(now), self._deadline_us
        return tick_us if limit_us is None or (tick_us is not None and tick_us < limit_us) else limit_us

    # --- what the loop tells -------------------------------------------------------------------------------------

    def wake(self, now: Now) -> None:
        """Time has passed: ticks may be due, a limit may be over."""
        self._queue.extend(self.begun(now, self._deliver))
        if self._deadline_us is not None and now.mono_us >= self._deadline_us:
            self._deadline_us = None
            if self._state is CONNECTING:
                self._not_connected(now)
            elif self._state is WAITING:
                self._fail_request(Reason.TIMEOUT, now)
        self._advance(now)
        if self._state is not CLOSED and not self.busy:  # the last ticks were not read
            self._hang_up()

    def connected(self, now: Now) -> None:
        """The connection stands."""
        self._state = READY
        self._framing.restart()
        self._deadline_us = None
        unit = self._unit or self.units[0]
        unit.tally.connections += 1
        if unit.settings.connect_pause_us:
            self._deadline_us = now.mono_us + unit.settings.connect_pause_us
        self._advance(now)

    def connect_failed(self, reason: Reason, now: Now) -> None:
        """No connection: whatever waits for it has failed, for all devices of the line."""
        self._state = CLOSED
        self._deadline_us = None
        self._without_connection(reason, now)

    def received(self, data: bytes, now: Now) -> bool:
        """Bytes from the device, in whatever pieces they come. False: `wake_at_us` may have come nearer."""
        framing = self._framing
        if len(data) != self._reply_bytes or not data.startswith(framing.reply_prefix):
            return self._several(data, now) if self._together and not framing.incomplete else self._carefully(data, now)
        payload = data[len(framing.reply_prefix) :]
        answers, asks, mono_us, most_us = self._answers, self._prepared, now.mono_us, self._quick_until_us
        place = len(answers) + 1
        if place < len(asks) and mono_us < most_us:  # nearly always: nothing but the line itself is touched
            answers.append(payload)
            prepared = asks[place]
            self._reply_bytes = prepared.reply_bytes
            limit_us = mono_us + self._timeout_us
            self._deadline_us = limit_us if limit_us < most_us else most_us  # noqa: FURB136  # a call costs too much
            self._transport.send(framing.encode(prepared))
            self._took[(mono_us - self._sent_us).bit_length()] += 1
            self._sent_us = mono_us
            return True  # its limit is no earlier
        self._reply_bytes = NO_REPLY_BYTES
        unit, poll = self._at_work()
        poll.answered(payload)
        self._time(now)
        self._go_on(unit, poll, now)
        return self._deadline_us is None

    def _several(self, data: bytes, now: Now) -> bool:
        """Answers to requests that are out together: those that are as expected, then the careful way."""
        unit, poll = self._at_work()
        assert self._together
        in_turn = poll.next_request() is self._together.request  # none before it has to be asked again
        found, rest = self._together.take(data) if in_turn else ([], data)
        if found:
            poll.answered_together(found)
            self._told = len(self._answers)
            self._time(now, len(found))
            self._go_on(unit, poll, now)
        if rest:
            return self._carefully(rest, now)
        return self._unit in (unit, None)  # a limit has been moved back, or the poll is over

    def _carefully(self, data: bytes, now: Now) -> bool:
        """Frame by frame, each checked."""
        self._reply_bytes = NO_REPLY_BYTES
        self._framing.feed(data)
        while self._state in (READY, WAITING) and (pdu := self._next_pdu()) is not None:
            if isinstance(pdu, Reason):
                self._distrust(pdu, now)
                break
            self._reply(pdu, now)
        return False

    def _next_pdu(self) -> bytes | Reason | None:
        if self._state is WAITING:
            assert self._unit
            in_flight = self._together.out if self._together else 1
            return self._framing.next_pdu(in_flight, self._unit.settings.unit_id)
        return self._framing.next_pdu(0, 0)

    def closed(self, now: Now) -> None:
        """The device closed the connection."""
        if self._state is WAITING:
            self._fail_request(Reason.CLOSED, now)
        self._state = CLOSED
        self._advance(now)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _not_connected(self, now: Now) -> None:
        """The time for it is over: that of the connection, or that of a poll; others may have more of it."""
        if now.mono_us >= self._connect_until_us:
            self._transport.close()
            self.connect_failed(Reason.UNREACHABLE, now)
        else:
            self._without_connection(Reason.UNREACHABLE, now, now.mono_us)
            if not self._queue and self._state is not CLOSED:  # nobody waits for it, and the next poll tries anew
                self._hang_up()

    def _without_connection(self, reason: Reason, now: Now, limit_us: float = inf) -> None:
        """The polls whose limit comes so early find no connection."""
        if self._unit:
            self._unit.tally.failures[reason] += 1
        waiting = [unit for unit in (self._unit, *self._queue) if unit and unit.poll]
        over = [unit for unit in waiting if unit.poll and unit.poll.deadline_us <= limit_us]
        self._unit, self._queue = None, deque(unit for unit in waiting if unit not in over)
        for unit in over:
            assert unit.poll is not None
            unit.poll.give_up(reason)
            self._finish(unit, now)

    def _advance(self, now: Now) -> None:
        """Do what can be done now: send the next request, finish polls, connect, until something must be waited for."""
        while self._deadline_us is None and (unit := self._current()):
            poll = unit.poll
            assert poll is not None
            if now.mono_us >= poll.deadline_us:
                poll.give_up(Reason.TIMEOUT if poll.sent else Reason.OVERRUN)
            if poll.next_request() is None:
                self._unit = None
                self._finish(unit, now)
            elif self._state in (CLOSED, CONNECTING):
                if self._state is CLOSED:
                    self._state, self._connect_until_us = CONNECTING, 0
                    self._transport.connect()
                # One that was made ahead has the time that a new one would have.
                self._connect_until_us = self._connect_until_us or now.mono_us + unit.settings.connect_timeout_us
                self._deadline_us = min(self._connect_until_us, poll.deadline_us)
            else:
                self._send(unit, poll, now)

    def _current(self) -> Unit | None:
        if self._unit is None and self._queue:
            self._unit = unit = self._queue.popleft()
            assert unit.poll is not None
            self._answers = unit.poll.answers
            self._timeout_us, self._took = unit.settings.timeout_us, unit.tally.took
            self._quick_until_us = 0 if unit.settings.request_pause_us else unit.poll.deadline_us
        return self._unit

    def _send(self, unit: Unit, poll: Poll, now: Now) -> None:
        self._prepared = unit.prepared(poll.requests)  # a search has made others
        self._told = len(self._answers)
        self._state = WAITING
        self._since_us = self._sent_us = now.mono_us
        self._deadline_us = min(now.mono_us + self._timeout_us, poll.deadline_us)
        if unit.at_once > 1 and not poll.attempts and len(places := poll.together(unit.at_once)) > 1:
            self._send_together(poll, places)
            return
        place = poll.try_once()
        prepared = self._prepared[place]
        several = unit.at_once > 1 and place + 1 < len(self._prepared)  # this one is asked again, the next go together
        careful = self._framing.incomplete or poll.early or several
        self._reply_bytes = NO_REPLY_BYTES if careful else prepared.reply_bytes
        self._transport.send(self._framing.encode(prepared))

    def _send_together(self, poll: Poll, places: Sequence[int]) -> None:
        poll.try_once(len(places))
        requests, prepared = poll.requests, self._prepared
        self._together = Together(
            [requests[place] for place in places], [prepared[place] for place in places], self._framing
        )
        self._reply_bytes = NO_REPLY_BYTES
        self._transport.send(self._together.frames)

    def _go_on(self, unit: Unit, poll: Poll, now: Now) -> None:
        """A request is over, the connection is good."""
        if self._together and self._together.out:
            if poll.next_request() is self._together.request:
                poll.attempts = 1
            self._deadline_us = min(now.mono_us + self._timeout_us, poll.deadline_us)
            return
        if self._together:
            self._together = None
            unit.answered_together()
        self._state = READY
        self._deadline_us = None
        if poll.next_request() is None:
            self._unit = None
            if unit.at_once < unit.settings.requests_at_once:
                unit.answered_alone(now, self._deliver)
            self._finish(unit, now)
            if not self._queue:
                return
        elif unit.settings.request_pause_us:
            self._deadline_us = now.mono_us + unit.settings.request_pause_us
        self._advance(now)

    def _reply(self, pdu: bytes, now: Now) -> None:
        unit, poll = self._at_work()
        request = self._together.request if self._together else poll.requests[len(poll.answers)]
        answer = self._framing.codec.check(pdu, request)
        if isinstance(answer, Reason):
            self._distrust(answer, now)
            return
        self._time(now)
        more = self._together is not None and self._together.out > 1
        poll.came(request, answer, unit.retries, now.mono_us, more)
        if isinstance(answer, int):
            unit.tally.failures[f"{Reason.EXCEPTION} {answer}"] += 1
        if self._together:
            self._together.out -= 1
            self._told = len(self._answers)
        self._go_on(unit, poll, now)

    def _time(self, now: Now, requests: int = 1) -> None:
        """What was out is answered; the sum has the requests before it too, that went one behind the other."""
        self._took[(now.mono_us - self._sent_us).bit_length()] += requests
        self._took[SUM] += requests * (now.mono_us - self._since_us)

    def _distrust(self, reason: Reason, now: Now) -> None:
        """What came cannot be an answer of ours: nothing more is read from this connection."""
        if self._state is WAITING:
            self._fail_request(reason, now)
        else:
            self._hang_up()
        self._advance(now)

    def _fail_request(self, reason: Reason, now: Now) -> None:
        """The request that is out has failed with its connection: once more if allowed, else its registers are lost."""
        unit, poll = self._at_work()
        if self._together:
            unit.failed_together()
        self._hang_up()
        self._deadline_us = None
        unit.tally.failures[reason] += 1
        self._took[SUM] += self._sent_us - self._since_us  # those before it were answered
        if poll.may_retry(unit.retries, now.mono_us):
            return
        if reason is Reason.TIMEOUT:
            poll.give_up(reason)  # a silent device would cost a time-out a request
        else:
            poll.lose(reason)

    def _at_work(self) -> tuple[Unit, Poll]:
        unit = self._unit
        assert unit is not None
        assert unit.poll is not None
        unit.poll.tell(len(self._answers) - self._told)
        self._told = len(self._answers)
        return unit, unit.poll

    def _finish(self, unit: Unit, now: Now) -> None:
        self._tallies.at_work -= 1
        poll, unit.poll = unit.poll, None
        assert poll is not None
        sample = poll.sample(now)
        self._deliver(sample)
        unit.count(poll, sample)
        if unit.failures or not poll.heard or poll.newly_parked:
            for event in unit.over(poll, sample.reason, now):
                self._deliver(event)
        last = unit.cadence.next_due_us() is None and not self.busy
        if (last or not unit.settings.keep_connection) and self._state is not CLOSED:
            self._hang_up()

    def _hang_up(self) -> None:
        self._transport.close()
        self._state = CLOSED
        self._reply_bytes = NO_REPLY_BYTES
        self._together = None
