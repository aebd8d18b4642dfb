"""One TCP connection and the devices behind it, as a state machine without sockets or clock.

The loop (`adapters.modbus.loop`) calls `wake`, `connected`, `connect_failed`, `received` and `closed` with the moment;
the connection calls its `Transport` to connect, send and close, and `deliver` with every sample and event. Polls are
carried out one after the other. What a device sends is taken as the reply to a request only if the framing says so
(`core.polling.framing`) and its PDU is right; anything else ends the connection. So does silence, unless the framing
tells a late reply from others: else it goes down with the connection that it belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ess_ray.core.polling.cadence import Now
from ess_ray.core.polling.counts import CONNECTIONS, PollerCounts
from ess_ray.core.polling.device import PolledDevice
from ess_ray.core.polling.devices import PolledDevices, Taken
from ess_ray.core.polling.exchange import Exchange
from ess_ray.core.polling.framing import Framing
from ess_ray.core.polling.patience import Patience
from ess_ray.core.polling.poll import Poll
from ess_ray.core.polling.transport import State, Transport
from ess_ray.core.polling.turns import PollTurns
from ess_ray.core.reasons import Reason
from ess_ray.core.samples import Device, Event, Sample
from ess_ray.core.settings import DeviceSettings

# An enum member looked up on its class is slow in Python 3.11, and these are needed per frame.
CLOSED, CONNECTING, READY, WAITING = State
UNREACHABLE: str = Reason.UNREACHABLE
AHEAD_US = 10_000_000  # a connection is made so long before its first poll, not earlier: devices close idle ones


class Connection:
    """The devices of one host and port, and their connection.

        CLOSED ──a poll begins──▶ CONNECTING ──connected──▶ READY ──send──▶ WAITING
          ▲                           │                     │   ▲              │ │
          ├◀──failed, or out of time──┘                     │   └─all replied──┘ │
          ├◀──closed by the device, or nothing left to do───┘                    │
          └◀──closed by the device, time-out, wrong reply────────────────────────┘

    Invariants between two calls:
    - Requests are in flight (`_exchange.in_flight_since_us` is set) exactly while WAITING: the current device's.
    - Without a deadline of either kind there is no current device: `_advance` has done all that can be done.
    """

    __slots__ = (
        "_connect_until_us", "_deadline_us", "_deliver", "_exchange", "_framing", "_numbered", "_patience", "_state",
        "_transport", "_turns", "connect_late", "polled", "take_fast",
    )  # fmt: skip

    def __init__(
        self,
        framing: Framing,
        transport: Transport,
        deliver: Callable[[Sample | Event], None],
        counts: PollerCounts | None = None,
        fast_path: bool = True,
    ) -> None:
        """`counts` None: counts of its own. `fast_path`: see `Exchange`; samples are the same without it."""
        self.polled = PolledDevices(framing, counts or PollerCounts())
        self._transport = transport
        self._deliver = deliver
        self._framing, self._numbered = framing, framing.tells_late_replies
        self._exchange = Exchange(framing, transport.send, fast_path)
        self.take_fast = self._exchange.take_fast  # see there; may be tried before `received`
        self._state = CLOSED
        self._patience = Patience()
        self._turns = PollTurns(self.polled, self._patience, deliver)
        self._deadline_us: int | None = None  # of what the current poll waits for: the connection, or a pause's end
        self.connect_late = UNREACHABLE  # why, once the attempt's time is over; the transport sets it when TCP stands
        self._connect_until_us = 0  # of the connection attempt; 0: made ahead, no poll waits for it yet

    def change(
        self, devices: Sequence[DeviceSettings], first_us: int, end_us: int | None, taken: Taken | None = None
    ) -> dict[Device, int]:
        """Poll these and no others, see `PolledDevices.change`; `taken` None: those that were taken here."""
        changed_us = self.polled.change(devices, first_us, end_us, self.polled.taken if taken is None else taken)
        if not self.polled.busy:
            self._hang_up()
        return changed_us

    def stop(self, end_us: int) -> None:
        """No tick at or after `end_us` (since 1970 UTC); polls that have begun are finished, and then it hangs up."""
        self.polled.stop(end_us)
        if not self.polled.busy:
            self._hang_up()

    @property
    def busy(self) -> bool:
        """True if a poll is at work or waits, or a tick is still to come."""
        return self.polled.busy

    def connect_ahead(self, now: Now) -> None:
        """Connect before the first tick, if that is less than AHEAD_US away and all devices keep their connection."""
        tick_us = self.polled.next_tick_us(now)
        near = tick_us is not None and tick_us < now.mono_us + AHEAD_US
        if near and self._state is CLOSED and all(device.settings.keep_connection for device in self.polled.devices):
            self._connect()

    def wake_at_us(self, now: Now) -> int | None:
        """When to call `wake` next, on the monotonic clock, in microseconds; None: no tick or deadline is to come."""
        tick_us = self.polled.next_tick_us(now)
        limit_us = self._exchange.deadline_us if self._state is WAITING else self._deadline_us
        return tick_us if limit_us is None or (tick_us is not None and tick_us < limit_us) else limit_us

    # --- called by the loop ------------------------------------------------------------------------------------------

    def wake(self, now: Now) -> None:
        """Time has passed: ticks may be due, a deadline may be over."""
        self._turns.waiting += self.polled.begin_polls(now, self._deliver, self._state in (READY, WAITING))
        if self._deadline_us is not None or self._state is WAITING:
            self._check_deadline(now)
        self._advance(now)
        if self._state is not CLOSED and not self.polled.busy:  # the last ticks were not read
            self._hang_up()

    def connected(self, now: Now) -> None:
        """The connection stands: requests are sent at once, or after the device's `connect_pause_us`."""
        self._state = READY
        self._patience.restart()
        self._exchange.restart()
        self._deadline_us = None
        device = self._turns.current or self.polled.devices[0]
        device.counts.counts[CONNECTIONS] += 1
        if device.settings.connect_pause_us:
            self._deadline_us = now.mono_us + device.settings.connect_pause_us
        self._advance(now)

    def connect_failed(self, reason: str, now: Now) -> None:
        """The attempt to connect has failed: so have, for `reason`, all polls that wait for it; later ticks begin."""
        self._state = CLOSED
        self._deadline_us = None
        self._turns.abandon_unconnected(reason, now)
        self._advance(now)

    def received(self, data: bytes, now: Now) -> bool:
        """Bytes from the device, cut anywhere. False: `wake_at_us` may have come nearer; True: it has not."""
        return self.take_fast(data, now) or self.take(data, now)

    def take(self, data: bytes, now: Now) -> bool:
        """As `received`, of bytes for which the loop has tried `take_fast` already, and got False."""
        exchange = self._exchange
        if exchange.take_last(data, now):
            self._on_all_replied(now)
            return self._state is not WAITING and self._deadline_us is None
        remainder = exchange.take_several(data, now) if self._state is WAITING else data
        in_flight = exchange.in_flight_since_us is not None
        if remainder is not data and not in_flight:
            self._on_all_replied(now)
        if remainder:
            self._on_bytes(remainder, now)
            return False
        return in_flight or (self._state is not WAITING and self._deadline_us is None)

    def closed(self, now: Now, reason: str = Reason.CLOSED) -> None:
        """The device closed the connection, or it was lost: what is in flight has failed for this reason."""
        if self._state is WAITING:
            self._fail_requests(reason, now)
        self._state = CLOSED
        self._advance(now)

    # --- requests and replies ----------------------------------------------------------------------------------------

    def _on_bytes(self, data: bytes, now: Now) -> None:
        """What is not just expected replies is cut into frames, and each of them checked."""
        exchange = self._exchange
        exchange.feed(data)
        while self._state in (READY, WAITING) and (reply := exchange.next_reply(now)):
            if isinstance(reply, str):
                self._on_wrong_reply(reply, now)
            elif exchange.in_flight_since_us is None:
                self._on_all_replied(now)

    def _on_wrong_reply(self, reason: str, now: Now) -> None:
        """What was received is no reply to what is in flight: nothing more is read from this connection."""
        if self._state is WAITING:
            self._fail_requests(reason, now)
        else:
            self._hang_up()
        self._advance(now)

    def _fail_requests(self, reason: str, now: Now) -> None:
        """The requests in flight have failed, and their connection ends."""
        self._exchange.fail(reason)
        self._turns.at_work[1].on_connection_failed(reason, now.mono_us)
        self._hang_up()

    def _on_no_reply(self, now: Now) -> None:
        """The time of a request in flight is over: its own, its poll's, or that which others leave it.

        The connection stays after a first silence if late replies can be told from others: a reply may have been lost.
        """
        device, poll = self._turns.at_work
        waited_us = now.mono_us - (self._exchange.in_flight_since_us or 0)
        reason, in_step = self._exchange.fail(Reason.TIMEOUT), self._framing.tells_late_replies
        others_wait, devices = bool(self._turns.waiting), self.polled.devices
        self._state = READY
        if self._patience.on_no_reply(device, poll, reason, waited_us, devices, others_wait, now) or not in_step:
            self._hang_up()

    def _on_all_replied(self, now: Now) -> None:
        """Nothing is in flight any more, and the connection is good: go on with the poll, or finish it."""
        device = self._turns.current
        assert device is not None
        assert device.poll is not None
        self._state = READY
        if device.poll.over:
            if device.at_once < device.settings.requests_at_once:
                device.on_alone_replied(now, self._deliver)
            self._finish(device, now)
            if not self._turns.waiting:
                return
        elif device.settings.request_pause_us:
            self._deadline_us = now.mono_us + device.settings.request_pause_us
        self._advance(now)

    # --- carrying out polls ------------------------------------------------------------------------------------------

    def _advance(self, now: Now) -> None:
        """Do what can be done now: send requests, finish polls, connect, until something must be waited for."""
        while self._state is not WAITING and self._deadline_us is None and (device := self._next_device(now)):
            poll = device.poll
            assert poll is not None
            if now.mono_us >= poll.deadline_us:
                poll.abandon(Reason.TIMEOUT if poll.silences else Reason.OVERRUN)
            if poll.over:
                self._finish(device, now)
            elif self._state in (CLOSED, CONNECTING):
                if self._state is CLOSED:
                    self._connect()
                # A connection that was begun ahead has the time that a new one would have.
                self._connect_until_us = self._connect_until_us or now.mono_us + device.settings.connect_timeout_us
                self._deadline_us = min(self._connect_until_us, poll.deadline_us)
            elif self._numbered and not poll.special and not device.failures:  # nearly always
                self._state = WAITING
                self._exchange.send(now, poll.deadline_us)
            else:
                self._send(device, poll, now)

    def _send(self, device: PolledDevice, poll: Poll, now: Now) -> None:
        """Send what is next, unless the device is to be left alone for a moment, or there is no time for it."""
        until_us: int | None = now.mono_us + device.settings.timeout_us  # to end it before would end the connection
        if poll.special or device.failures:
            others_wait = bool(self._turns.waiting)
            until_us = self._patience.until_us(device, poll, self.polled, others_wait, now)
        if now.mono_us < poll.resume_us:
            self._deadline_us = min(poll.resume_us, poll.deadline_us)
        elif until_us is not None:
            self._state = WAITING
            self._exchange.send(now, until_us)
        else:
            poll.on_no_time(device.why_passed_over)

    def _next_device(self, now: Now) -> PolledDevice | None:
        """The current device; if there is none, the one whose turn it is becomes it."""
        device = self._turns.current
        if device is None and (device := self._turns.begin_next(now)):
            assert device.poll is not None
            self._exchange.begin(device, device.poll)
        return device

    def _finish(self, device: PolledDevice, now: Now) -> None:
        """Deliver the sample of a poll that is over."""
        self._turns.finish(device, now)
        last = device.cadence.next_due_us() is None and not self.polled.busy
        if (last or not device.settings.keep_connection) and self._state is not CLOSED:
            self._hang_up()

    # --- connecting and hanging up -----------------------------------------------------------------------------------

    def _connect(self) -> None:
        self._state, self._connect_until_us, self.connect_late = CONNECTING, 0, UNREACHABLE
        self._transport.connect()

    def _check_deadline(self, now: Now) -> None:
        """What the connection waits for may have taken too long."""
        limit_us = self._exchange.deadline_us if self._state is WAITING else self._deadline_us
        if limit_us is not None and now.mono_us >= limit_us:
            self._deadline_us = None
            if self._state is CONNECTING:
                self._on_connect_deadline(now)
            elif self._state is WAITING:
                self._on_no_reply(now)

    def _on_connect_deadline(self, now: Now) -> None:
        """The time of the connection attempt is over, or that of a poll; other polls may have more of it."""
        if now.mono_us >= self._connect_until_us:
            self._transport.close()
            self.connect_failed(self.connect_late, now)
        else:
            self._turns.abandon_unconnected(self.connect_late, now, now.mono_us)
            if not self._turns.waiting:  # nobody waits, and the next poll tries anew
                self._hang_up()

    def _hang_up(self) -> None:
        self._transport.close()
        self._state = CLOSED
