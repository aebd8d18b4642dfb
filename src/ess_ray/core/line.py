"""One TCP connection and the devices behind it, as a state machine without sockets or clock.

The loop (`adapters.modbus`) calls `wake`, `connected`, `connect_failed`, `received` and `closed` with the moment; the
line calls its `Transport` to connect, send and close, and `deliver` with every sample. It asks one request at a time,
so an answer can only belong to the request that waits for it: what carries another transaction id is dropped if it is
an id of this connection already answered, and ends the connection if it was never sent. After a time-out the connection
is closed too, and a late answer goes down with it.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Protocol

from ess_ray.core.cadence import Cadence, Now
from ess_ray.core.plan import Request
from ess_ray.core.poll import Parking, Poll, missing_text, unread
from ess_ray.core.samples import Event, Kind, Reason, Sample
from ess_ray.core.settings import DeviceSettings

# A device is left alone between probes once this many polls in a row have heard nothing.
SILENT_AFTER = 3
# A wall clock that differs by less was corrected, not set: ticks go on as they are.
CLOCK_STEP_US = 500_000
MBAP = struct.Struct(">HHH")  # transaction, protocol (0), bytes that follow; then the unit
MBAP_BYTES = 7  # MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3
MAX_FRAME_BYTES = 260  # the same, 4.3.2: MBAP header and a PDU of at most 253 bytes


class Transport(Protocol):
    """What the line needs of a socket; nothing here waits or raises."""

    def connect(self) -> None: ...
    def send(self, frame: bytes) -> None: ...
    def close(self) -> None: ...


class Frames(Protocol):
    """Builds and checks frames (`adapters.modbus.PduFrames`, by pyModbusTCP)."""

    def build(self, transaction: int, unit_id: int, request: Request) -> bytes: ...
    def check(self, frame: bytes, transaction: int, unit_id: int, request: Request) -> bytes | int | Reason:
        """The data of a good answer, the code of an exception, or what is wrong with the frame."""


class State(Enum):
    CLOSED = auto()
    CONNECTING = auto()
    READY = auto()  # connected, nothing asked
    WAITING = auto()  # connected, a request is out


class Unit:
    """One device of a line: its ticks, its parked registers, how long it has been silent."""

    def __init__(self, settings: DeviceSettings) -> None:
        self.settings = settings
        self.cadence = Cadence(settings.period_us, settings.phase_us)
        self.parking = Parking(settings.plan, settings.park_retry_us)
        self.poll: Poll | None = None
        self.failures = 0  # polls in a row that heard nothing
        self.silent_until_us = 0

    @property
    def retries(self) -> int:
        """A probe of a silent device is one request."""
        return 0 if self.failures >= SILENT_AFTER else self.settings.retries

    def over(self, poll: Poll, reason: str | None, now: Now) -> list[Event]:
        """The poll is over: count those that heard nothing; grow the pause from one period to the longest allowed."""
        device = self.settings.device
        events = []
        if poll.newly_parked:
            events.append(Event(device, poll.tick_us, Kind.REGISTERS_PARKED, None, missing_text(poll.newly_parked)))
        if poll.heard and self.failures >= SILENT_AFTER:
            events.append(Event(device, poll.tick_us, Kind.DEVICE_BACK))
        self.poll = None
        self.failures = 0 if poll.heard else self.failures + 1
        if self.failures == SILENT_AFTER:
            events.append(Event(device, poll.tick_us, Kind.DEVICE_LOST, None, reason or ""))
        if self.failures >= SILENT_AFTER:
            pause_us = self.settings.period_us << min(self.failures - SILENT_AFTER, 16)
            self.silent_until_us = now.mono_us + min(pause_us, self.settings.backoff_max_us)
        return events


class Line:
    """The devices of one host and port."""

    def __init__(
        self,
        devices: Sequence[DeviceSettings],
        frames: Frames,
        transport: Transport,
        deliver: Callable[[Sample | Event], None],
    ) -> None:
        self.units = [Unit(settings) for settings in devices]
        self._frames = frames
        self._transport = transport
        self._deliver = deliver
        self._state = State.CLOSED
        self._clock_us: int | None = None  # wall clock less monotonic clock: changes when the wall clock is set
        self._queue: deque[Unit] = deque()  # polls that wait for the one at work
        self._unit: Unit | None = None  # whose poll is at work
        self._deadline_us: int | None = None  # of the connection or request that is out, or end of a pause
        self._buffer = bytearray()
        self._transaction = 0
        self._sent = 0  # requests of this connection, to tell old answers from alien ones

    def start(self, first_us: int, end_us: int | None) -> None:
        """Poll every tick in [first_us, end_us)."""
        for unit in self.units:
            unit.cadence.start(first_us, end_us)

    def stop(self, end_us: int) -> None:
        """No tick at or after `end_us`; the poll at work is finished."""
        for unit in self.units:
            unit.cadence.stop(end_us)

    @property
    def busy(self) -> bool:
        """Whether a poll is at work or waits, or a tick is still to come."""
        return any(unit.poll or unit.cadence.next_due_us() is not None for unit in self.units)

    def wake_at_us(self, now: Now) -> int | None:
        """When to call `wake` next, on the monotonic clock; None: only when something comes in."""
        times = [due - now.wall_us + now.mono_us for unit in self.units if (due := unit.cadence.next_due_us())]
        if self._deadline_us is not None:
            times.append(self._deadline_us)
        return min(times) if times else None

    # --- what the loop tells -------------------------------------------------------------------------------------

    def wake(self, now: Now) -> None:
        """Time has passed: ticks may be due, a limit may be over."""
        self._watch_clock(now)
        for unit in self.units:
            self._tick(unit, now)
        if self._deadline_us is not None and now.mono_us >= self._deadline_us:
            self._deadline_us = None
            if self._state is State.CONNECTING:
                self._transport.close()
                self.connect_failed(Reason.UNREACHABLE, now)
            elif self._state is State.WAITING:
                self._fail_request(Reason.TIMEOUT, now)
        self._advance(now)

    def connected(self, now: Now) -> None:
        """The connection stands."""
        self._state = State.READY
        self._buffer.clear()
        self._sent = 0
        self._deadline_us = None
        if self._unit and self._unit.settings.connect_pause_us:
            self._deadline_us = now.mono_us + self._unit.settings.connect_pause_us
        self._advance(now)

    def connect_failed(self, reason: Reason, now: Now) -> None:
        """No connection: whatever waits for it has failed, for all devices of the line."""
        self._state = State.CLOSED
        self._deadline_us = None
        waiting = [self._unit, *self._queue]
        self._queue.clear()
        self._unit = None
        for unit in waiting:
            if unit and unit.poll:
                unit.poll.give_up(reason)
                self._finish(unit, now)

    def received(self, data: bytes, now: Now) -> None:
        """Bytes from the device, in whatever pieces they come."""
        self._buffer += data
        while self._state in (State.READY, State.WAITING) and len(self._buffer) >= MBAP_BYTES:
            _, protocol, rest = MBAP.unpack_from(self._buffer)
            length = 6 + rest
            if protocol or not MBAP_BYTES < length <= MAX_FRAME_BYTES:
                return self._distrust(Reason.BAD_PROTOCOL if protocol else Reason.BAD_LENGTH, now)
            if len(self._buffer) < length:
                return None
            frame = bytes(self._buffer[:length])
            del self._buffer[:length]
            self._frame(frame, now)
        return None

    def closed(self, now: Now) -> None:
        """The device closed the connection."""
        waiting = self._state is State.WAITING
        self._state = State.CLOSED
        if waiting:
            self._fail_request(Reason.CLOSED, now)
        self._advance(now)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _watch_clock(self, now: Now) -> None:
        offset_us = now.wall_us - now.mono_us
        step_us = 0 if self._clock_us is None else offset_us - self._clock_us
        if self._clock_us is not None and abs(step_us) < CLOCK_STEP_US:
            return  # small corrections add up: the last step is compared with, not the last wake
        self._clock_us = offset_us
        kind = Kind.CLOCK_FORWARD if step_us > 0 else Kind.CLOCK_BACK
        for unit in self.units if step_us else []:
            if passed := unit.cadence.jump(now.wall_us):
                detail = f"the clock was set by {step_us / 1e6:+.3f} s"
                self._deliver(Event(unit.settings.device, passed.start, kind, passed.stop, detail))

    def _tick(self, unit: Unit, now: Now) -> None:
        ticks = unit.cadence.due(now.wall_us)
        for tick_us in ticks:
            if unit.poll or tick_us != ticks[-1]:
                self._deliver(unread(unit.settings, tick_us, Reason.OVERRUN, now))
            elif now.mono_us < unit.silent_until_us:
                self._deliver(unread(unit.settings, tick_us, Reason.BACKOFF, now))
            else:
                unit.poll = Poll(unit.settings, unit.parking, tick_us, now)
                self._queue.append(unit)

    def _advance(self, now: Now) -> None:
        """Do what can be done now: send the next request, finish polls, connect, until something must be waited for."""
        while self._deadline_us is None and (unit := self._current()):
            poll = unit.poll
            assert poll is not None
            if now.mono_us >= poll.deadline_us:
                poll.give_up(Reason.TIMEOUT if poll.started else Reason.OVERRUN)
            request = poll.next_request()
            if request is None:
                self._unit = None
                self._finish(unit, now)
                self._after_poll(unit)
            elif self._state is State.CLOSED:
                self._state = State.CONNECTING
                self._deadline_us = min(now.mono_us + unit.settings.connect_timeout_us, poll.deadline_us)
                self._transport.connect()
            else:
                self._send(unit, poll, request, now)

    def _current(self) -> Unit | None:
        if self._unit is None and self._queue:
            self._unit = self._queue.popleft()
        return self._unit

    def _send(self, unit: Unit, poll: Poll, request: Request, now: Now) -> None:
        self._transaction = self._transaction % 0xFFFF + 1
        self._sent += 1
        poll.sent()
        self._state = State.WAITING
        self._deadline_us = min(now.mono_us + unit.settings.timeout_us, poll.deadline_us)
        self._transport.send(self._frames.build(self._transaction, unit.settings.unit_id, request))

    def _frame(self, frame: bytes, now: Now) -> None:
        transaction = int.from_bytes(frame[:2], "big")
        if transaction != self._transaction or self._state is not State.WAITING:
            if (self._transaction - transaction) % 0xFFFF >= self._sent:
                self._distrust(Reason.BAD_TRANSACTION, now)
            return
        unit, poll, request = self._waiting()
        answer = self._frames.check(frame, transaction, unit.settings.unit_id, request)
        if isinstance(answer, Reason):
            self._distrust(answer, now)
            return
        self._state = State.READY
        self._deadline_us = None
        if isinstance(answer, int):
            poll.refused(answer, unit.retries, now.mono_us)
        else:
            poll.answered(answer)
        if unit.settings.request_pause_us and poll.next_request():
            self._deadline_us = now.mono_us + unit.settings.request_pause_us
        self._advance(now)

    def _distrust(self, reason: Reason, now: Now) -> None:
        """What came cannot be an answer of ours: nothing more is read from this connection."""
        if self._state is State.WAITING:
            self._fail_request(reason, now)
        else:
            self._transport.close()
            self._state = State.CLOSED
        self._advance(now)

    def _fail_request(self, reason: Reason, now: Now) -> None:
        """The request that is out has failed with its connection: once more if allowed, else its registers are lost."""
        unit, poll, _ = self._waiting()
        self._transport.close()
        self._state = State.CLOSED
        self._deadline_us = None
        if poll.may_retry(unit.retries, now.mono_us):
            return
        if reason is Reason.TIMEOUT:
            poll.give_up(reason)  # a silent device would cost a time-out a request
        else:
            poll.lose(reason)

    def _waiting(self) -> tuple[Unit, Poll, Request]:
        assert self._unit is not None
        assert self._unit.poll is not None
        request = self._unit.poll.next_request()
        assert request is not None
        return self._unit, self._unit.poll, request

    def _finish(self, unit: Unit, now: Now) -> None:
        assert unit.poll is not None
        sample = unit.poll.sample(now)
        self._deliver(sample)
        for event in unit.over(unit.poll, sample.reason, now):
            self._deliver(event)

    def _after_poll(self, unit: Unit) -> None:
        if not unit.settings.keep_connection and self._state is not State.CLOSED:
            self._transport.close()
            self._state = State.CLOSED
