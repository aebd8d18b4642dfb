"""The transport of a device connection: TCP that comes and goes. Used by `adapters.modbus.loop` in its thread only."""

from __future__ import annotations

import errno
import socket
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from ess_ray.adapters.modbus.readiness import Readiness
from ess_ray.core.polling.cadence import Now
from ess_ray.core.polling.connection import Line
from ess_ray.core.polling.framing import FRAMINGS, PduCodec
from ess_ray.core.polling.openings import Openings
from ess_ray.core.polling.tally import Tallies
from ess_ray.core.polling.timers import Timers
from ess_ray.core.samples import Event, Reason, Sample

# Of one device at once; an answer has 260 at most, and what does not fit comes next.
RECEIVE_BYTES, RECEIVE_SEVERAL_BYTES = 512, 4096
Address = tuple[int, int, int, str, Any]  # family, type, protocol, name, where: as getaddrinfo gives them


@dataclass(frozen=True, slots=True)
class Shared:
    """What all connections of a loop share."""

    readiness: Readiness
    timers: Timers[Connection]
    openings: Openings[Connection]
    resolver: Executor  # threads: a name server that does not answer blocks one until the resolver gives up
    codec: PduCodec
    deliver: Callable[[Sample | Event], None]
    tallies: Tallies
    readers: dict[int, Connection] = field(default_factory=dict)  # those that stand, by file number
    outbox: list[tuple[Callable[[bytes], int], bytes]] = field(default_factory=list)  # how and what to send


class Connection:
    """A line, its socket, and the next moment at which the line wants to be woken."""

    __slots__ = (
        "_addresses", "_attempt", "_failed", "_host", "_port", "_refused", "_send", "_shared", "_socket", "_timer_us",
        "address", "line", "receive", "receive_bytes",
    )  # fmt: skip

    def __init__(self, address: tuple[str, int], framing: str, shared: Shared) -> None:
        self.line = Line(FRAMINGS[framing](shared.codec), self, shared.deliver, shared.tallies)
        self.address = self._host, self._port = address
        self._shared = shared
        self._socket: socket.socket | None = None
        self.receive: Callable[[int], bytes]  # of the socket that stands, without a call in between
        self.receive_bytes = RECEIVE_BYTES
        self._send: Callable[[bytes], int]
        self._timer_us: int | None = None
        self._attempt = 0  # tells what a resolver brings for an attempt that was given up
        self._failed = False  # the last attempt, or the one at work until it stands
        self._addresses: deque[Address] = deque()  # still to be tried
        self._refused = True  # by all that were tried

    def __repr__(self) -> str:
        return f"{self._host}:{self._port}"

    def look(self, now: Now) -> None:
        """A timer has come up: let the line do what is due, if this is still the moment it wants."""
        if self._timer_us is not None and now.mono_us >= self._timer_us:
            self._timer_us = None
            self.line.wake(now)
            self.rearm(now)

    def rearm(self, now: Now) -> None:
        """Have a timer set for when the line wants to wake, unless one is set that comes up earlier."""
        at_us = self.line.wake_at_us(now)
        if at_us is not None:
            self.look_at(at_us)

    def look_at(self, at_us: int) -> None:
        """Have `look` called then, unless it is called earlier."""
        if self._timer_us is None or at_us < self._timer_us:
            self._timer_us = at_us
            self._shared.timers.add(at_us, self)

    # --- the line's Transport ---------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Connect when there is a place for it; the line's deadline bounds waiting, name and connection together."""
        self._shared.openings.want(self, self._failed)
        self._failed = True

    def send(self, frame: bytes) -> None:
        """Have a frame sent with all others of this moment."""
        self._shared.outbox.append((self._send, frame))

    def close(self) -> None:
        """Let go of the connection at once, or of the attempt to make it."""
        self._shared.openings.over(self)
        self._attempt += 1
        if self._socket:
            self._shared.readers.pop(self._socket.fileno(), None)
            self._shared.readiness.forget(self._socket)
            self._socket.close()
            self._socket = None

    # --- connecting --------------------------------------------------------------------------------------------------

    def open(self, now: Now) -> None:
        """There is a place: resolve the name, if it is one, then try its addresses."""
        try:
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        except socket.gaierror:
            self._shared.resolver.submit(self._resolve, self._attempt)
        except UnicodeError:  # a host name that cannot be encoded
            self._resolved(self._attempt, [], now)
        else:
            self._resolved(self._attempt, found, now)

    def _resolve(self, attempt: int) -> None:
        """In a thread of the resolver; while names are not answered, attempts are given up before their turn."""
        if attempt != self._attempt:
            return
        found: Sequence[Address] = ()
        try:
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        finally:
            self._shared.readiness.call(lambda now: self._resolved(attempt, found, now))

    def _resolved(self, attempt: int, found: Sequence[Address], now: Now) -> None:
        if attempt == self._attempt:
            self._addresses = deque(found)
            self._refused = bool(found)
            self._try_next(now)

    def _try_next(self, now: Now) -> None:
        while self._addresses:
            family, kind, protocol, _, address = self._addresses.popleft()
            try:
                self._socket = socket.socket(family, kind, protocol)
                self._socket.setblocking(False)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                error = self._socket.connect_ex(address)
            except OSError as exception:
                error = exception.errno or errno.EIO
            if error in (0, errno.EINPROGRESS):
                assert self._socket
                self._shared.readiness.watch(self._socket, self._opened, connecting=True)
                return
            self._not_there(error)
        self._shared.openings.over(self)
        self.line.connect_failed(Reason.REFUSED if self._refused else Reason.UNREACHABLE, now)
        self.rearm(now)

    def _opened(self, now: Now) -> None:
        """The connection stands, or this address is not there."""
        assert self._socket
        if error := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._shared.readiness.forget(self._socket)
            self._not_there(error)
            self._try_next(now)
            return
        self.receive, self._send = self._socket.recv, self._socket.send
        several = any(unit.settings.requests_at_once > 1 for unit in self.line.units)
        self.receive_bytes = RECEIVE_SEVERAL_BYTES if several else RECEIVE_BYTES
        self._shared.readers[self._socket.fileno()] = self
        self._shared.readiness.watch(self._socket, self._opened)
        self._shared.openings.over(self)
        self._failed = False
        self.line.connected(now)
        self.rearm(now)

    def _not_there(self, error: int) -> None:
        self._refused = self._refused and error == errno.ECONNREFUSED
        if self._socket:
            self._socket.close()
            self._socket = None

    # --- reading -----------------------------------------------------------------------------------------------------

    def lost(self, now: Now) -> None:
        """The connection that stood is gone."""
        self.close()
        self.line.closed(now)
        self.rearm(now)
