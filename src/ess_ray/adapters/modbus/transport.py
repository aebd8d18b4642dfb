"""The transport of a `core.polling.connection.Connection`: a TCP socket that comes and goes.

Used by `adapters.modbus.loop` in its thread only. Raises nothing: what goes wrong is reported to the connection.
"""

from __future__ import annotations

import errno
import socket
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ess_ray.adapters.modbus.handshakes import TlsFiles, Turns
from ess_ray.adapters.modbus.readiness import WRITE, Readiness
from ess_ray.adapters.modbus.resolver import Address, Resolver
from ess_ray.core.polling.cadence import Now
from ess_ray.core.polling.connection import Connection
from ess_ray.core.polling.counts import PollerCounts
from ess_ray.core.polling.framing import PduCodec
from ess_ray.core.polling.framings import FRAMINGS
from ess_ray.core.polling.openings import Openings
from ess_ray.core.polling.timers import Timers
from ess_ray.core.reasons import Reason
from ess_ray.core.samples import Event, Sample
from ess_ray.core.settings import Line

# At once from one device; a reply has 260 bytes at most, and what does not fit comes next.
RECEIVE_BYTES, RECEIVE_SEVERAL_BYTES = 512, 4096


@dataclass(frozen=True, slots=True)
class Shared:
    """Shared by all connections of a loop."""

    readiness: Readiness
    timers: Timers[TcpTransport | Turns]
    openings: Openings[TcpTransport]
    resolver: Resolver
    codec: PduCodec
    deliver: Callable[[Sample | Event], None]
    counts: PollerCounts
    readers: dict[int, TcpTransport] = field(default_factory=dict)  # transports whose socket stands, by file number
    tls_files: TlsFiles = field(default_factory=TlsFiles)
    turns: Turns = field(init=False)  # of TLS handshakes
    outbox: list[tuple[Callable[[bytes], int], bytes]] = field(default_factory=list)  # a socket's send, and the bytes

    def __post_init__(self) -> None:
        object.__setattr__(self, "turns", Turns(self.timers.add))


class TcpTransport:
    """The socket of a connection, and the next moment at which the connection is to be woken.

    Between `connect` and `close` there is an attempt to connect or a socket that stands; never more than one socket.
    """

    __slots__ = (
        "_addresses", "_attempt", "_failed", "_host", "_port", "_refused", "_send", "_shared", "_socket", "_timer_us",
        "connection", "line", "receive", "receive_bytes", "take_fast",
    )  # fmt: skip

    def __init__(self, line: Line, shared: Shared) -> None:
        """Make the `connection` and no socket."""
        framing = FRAMINGS[line.framing](shared.codec, line.tolerate)
        self.connection = Connection(framing, self, shared.deliver, shared.counts)
        self.take_fast = (
            self.connection.take_fast
        )  # called for nearly everything that is received, without a call between
        self.line = line
        self._host, self._port = line.host, line.port
        self._shared = shared
        self._socket: socket.socket | None = None
        self.receive: Callable[[int], bytes]  # of the socket that stands, without a call in between
        self.receive_bytes = RECEIVE_BYTES
        self._send: Callable[[bytes], int]
        self._timer_us: int | None = None
        # Number of the attempt to connect: addresses that a resolver brings for an earlier one are not used.
        self._attempt = 0
        self._failed = False  # the last attempt has, or this one does not stand yet
        self._addresses: deque[Address] = deque()  # still to be tried
        self._refused = True  # all addresses that were tried refused the connection

    def __repr__(self) -> str:
        return f"{self._host}:{self._port}"

    def look(self, now: Now) -> None:
        """Wake the connection if its moment has come, and set the next timer. Called when a timer has come up."""
        if self._timer_us is not None and now.mono_us >= self._timer_us:
            self._timer_us = None
            self.connection.wake(now)
            self.rearm(now)

    def rearm(self, now: Now) -> None:
        """Set a timer for when the connection wants to be woken, unless one is set that comes up earlier."""
        at_us = self.connection.wake_at_us(now)
        if at_us is not None:
            self.look_at(at_us)

    def look_at(self, at_us: int) -> None:
        """Have `look` called at this moment (microseconds, monotonic clock), unless it is called earlier."""
        if self._timer_us is None or at_us < self._timer_us:
            self._timer_us = at_us
            self._shared.timers.add(at_us, self)

    # --- Transport, called by the connection -------------------------------------------------------------------------

    def connect(self) -> None:
        """Connect as soon as `Openings` admits it; does not wait. No socket may stand: see `close`.

        Calls the connection's `connected` or `connect_failed` then; its deadline bounds waiting, name and TCP together.
        """
        self._shared.openings.want(self, self._failed)
        self._failed = True

    def send(self, adus: bytes) -> None:
        """Have these bytes (whole frames) sent by the loop, with what others send now. The socket must stand.

        An error in sending shows later, as the loss of the connection.
        """
        self._shared.outbox.append((self._send, adus))

    def close(self) -> None:
        """Close the socket at once, or give up the attempt to connect; may be repeated. The connection is not told."""
        self._shared.openings.over(self)
        self._attempt += 1
        if self._socket:
            self._shared.readers.pop(self._socket.fileno(), None)
            self._shared.readiness.forget(self._socket)
            self._socket.close()
            self._socket = None

    # --- connecting --------------------------------------------------------------------------------------------------

    def open(self, now: Now) -> None:
        """Resolve the host, if it is a name, then try its addresses; does not wait. Called when `Openings` admits."""
        try:
            addresses = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        except socket.gaierror:
            self._resolve(self._attempt)
        except UnicodeError:  # a host name that cannot be encoded
            self._resolved(self._attempt, [], now)
        else:
            self._resolved(self._attempt, addresses, now)

    def _resolve(self, attempt: int) -> None:
        """Have the host looked up; name servers may be slow, and the attempt may be given up meanwhile."""

        def in_thread(addresses: Sequence[Address]) -> None:
            self._shared.readiness.call(lambda now: self._resolved(attempt, addresses, now))

        self._shared.resolver.resolve(self._host, self._port, in_thread)

    def _resolved(self, attempt: int, addresses: Sequence[Address], now: Now) -> None:
        if attempt == self._attempt:
            self._addresses = deque(addresses)
            self._refused = bool(addresses)
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
                self._shared.readiness.watch(self._socket, self._opened, WRITE)
                return
            self._on_no_connection(error)
        self._shared.openings.over(self)
        self.connection.connect_failed(self._failed_for, now)
        self.rearm(now)

    @property
    def _failed_for(self) -> str:
        """Why none of the addresses has given a connection."""
        return Reason.REFUSED if self._refused else Reason.UNREACHABLE

    def _opened(self, now: Now) -> None:
        """The connection stands, or there is none to this address."""
        assert self._socket
        if error := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._shared.readiness.forget(self._socket)
            self._on_no_connection(error)
            self._try_next(now)
        else:
            self._reached(now)

    def _reached(self, now: Now) -> None:
        """TCP stands: so does the connection."""
        assert self._socket
        self._stand(self._socket.recv, self._socket.send, now)

    def _stand(self, receive: Callable[[int], bytes], send: Callable[[bytes], int], now: Now) -> None:
        """The connection stands, and receives and sends so."""
        assert self._socket
        self.receive, self._send = receive, send
        several = any(device.settings.requests_at_once > 1 for device in self.connection.polled.devices)
        self.receive_bytes = RECEIVE_SEVERAL_BYTES if several else RECEIVE_BYTES
        self._shared.readers[self._socket.fileno()] = self
        self._shared.readiness.watch(self._socket, self._opened)
        self._shared.openings.over(self)
        self._failed = False
        self.connection.connected(now)
        self.rearm(now)

    def _on_no_connection(self, error: int) -> None:
        self._refused = self._refused and error == errno.ECONNREFUSED
        self._drop()

    def _drop(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None

    # --- reading -----------------------------------------------------------------------------------------------------

    def lost(self, now: Now, reason: str = Reason.CLOSED) -> None:
        """Close the socket and tell the connection. Called when reading it gave no bytes or an error."""
        self.close()
        self.connection.closed(now, reason)
        self.rearm(now)
