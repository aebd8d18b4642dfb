"""One request after the other, gently, for `job=probe`. Only functions 1-4 can be sent.

Framing and checks are the poller's. Requests go out at a bounded rate, and no more than a bounded number.
"""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass

from ess_ray.adapters.modbus.pdu import ModbusPduCodec
from ess_ray.adapters.modbus.tls import TlsError, failure_of, secure
from ess_ray.core.checking.ways import Way
from ess_ray.core.maps.plan import Request
from ess_ray.core.polling.framings import FRAMINGS
from ess_ray.core.reasons import Reason
from ess_ray.core.settings import ProbeSettings

RECEIVE_BYTES = 4096  # at once; what does not fit comes next


@dataclass(slots=True)
class Budget:
    """How fast all readers of a probe together may send requests, and how many."""

    requests_s: float  # at most so many a second
    left: int  # requests that may still be sent
    _next_s: float = 0.0

    def take(self) -> bool:
        """Count one request and sleep until its turn; False, at once, if none is left."""
        if self.left <= 0:
            return False
        self.left -= 1
        time.sleep(max(0.0, self._next_s - time.monotonic()))
        self._next_s = time.monotonic() + 1 / self.requests_s
        return True


class Reader:
    """A connection to one device, made when it is needed; closed and made anew after a request without a good reply."""

    def __init__(self, settings: ProbeSettings, budget: Budget) -> None:
        self.settings = settings
        self.took_ms: list[float] = []  # from each request to its good reply
        self._budget = budget
        self._framing = FRAMINGS[settings.framing](ModbusPduCodec(), settings.tolerate)
        self._socket: socket.socket | None = None

    def read(self, function: int, address: int, count: int) -> bytes | int | str | None:
        """The reply's data, an exception's code as an int, or why there is none. None: no request is left.

        Why: the text of a reason (`core.reasons`).

        `count` registers (two bytes each, big end first) or bits (one byte each, 0 or 1) from `address` on, counted
        from 0. Waits for its turn, then the settings' limits at most. Raises ValueError for any function but 1-4.
        """
        if not self._budget.take():
            return None
        request = Request(function, address, count, (), 0)
        try:
            reply = self._exchange(request)
        except TlsError as error:
            reply = error.failure.reason
        except ssl.SSLError as error:
            reply = failure_of(error).reason
        except ConnectionRefusedError:
            reply = Reason.REFUSED
        except TimeoutError:
            reply = self._framing.timeout_reason if self._socket else Reason.UNREACHABLE
        except OSError:
            reply = Reason.CLOSED if self._socket else Reason.UNREACHABLE
        if isinstance(reply, str):
            self.close()
        return reply

    def count_replies_at_once(self, function: int, address: int, requests: int) -> int:
        """The number of good replies, in order, to `requests` requests for one register or bit, sent in one piece.

        0 if none does, or if there is no connection. Only as many are sent as the budget has left. The connection is
        closed afterwards. Raises ValueError for any function but 1-4.
        """
        most = requests if self._framing.tells_late_replies else 1
        requests = sum(self._budget.take() for _ in range(most))
        if not requests:
            return 0
        request, replies = Request(function, address, 1, (), 0), 0
        try:
            self._send(request, requests)
            end_s = self._reply_end_s()
            while replies < requests and isinstance(self._receive_reply(request, requests - replies, end_s), bytes):
                replies += 1
        except OSError:
            pass  # the device has closed the connection or says nothing more: the replies until then count
        self.close()
        return replies

    def close(self) -> None:
        """Close the connection, if there is one; the next request makes a new one."""
        if self._socket:
            self._socket.close()
            self._socket = None

    def _exchange(self, request: Request) -> bytes | int | str:
        self._send(request, 1)
        begun_s = time.perf_counter()
        reply = self._receive_reply(request, 1, self._reply_end_s())
        if isinstance(reply, bytes):
            self.took_ms.append(1000 * (time.perf_counter() - begun_s))
        return reply

    def _send(self, request: Request, times: int) -> None:
        connection = self._connected()
        prepared = self._framing.prepare(self.settings.unit_id, request)
        connection.sendall(b"".join([self._framing.encode(prepared) for _ in range(times)]))

    def _receive_reply(self, request: Request, in_flight: int, end_s: float) -> bytes | int | str:
        """The reply to the oldest of the requests in flight. Raises OSError if it is not complete before `end_s`."""
        while (pdu := self._framing.next_pdu(in_flight, self.settings.unit_id)) is None:
            self._framing.feed(self._receive(end_s))
        return pdu if isinstance(pdu, str) else self._framing.codec.check(pdu, request)

    def _reply_end_s(self) -> float:
        return time.perf_counter() + self.settings.timeout_us / 1e6

    def _connected(self) -> socket.socket:
        if self._socket is None:
            endpoint, limit_s = (self.settings.host, self.settings.port), self.settings.connect_timeout_us / 1e6
            connection = socket.create_connection(endpoint, limit_s)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            tls = self.settings.tls
            self._socket = secure(connection, tls, self.settings.host) if tls else connection
            self._framing.restart()
            time.sleep(self.settings.connect_pause_us / 1e6)
        return self._socket

    def _receive(self, end_s: float) -> bytes:
        """The next bytes. Raises TimeoutError if none have come by `end_s`, OSError if the connection ends."""
        assert self._socket
        left_s = end_s - time.perf_counter()
        if left_s <= 0:
            raise TimeoutError
        self._socket.settimeout(left_s)
        if data := self._socket.recv(RECEIVE_BYTES):
            return data
        raise ConnectionResetError


class WayReader:
    """Readers of one device in many ways, one at a time: a connection is closed before another way is tried."""

    def __init__(self, settings: ProbeSettings, budget: Budget) -> None:
        self._settings = settings
        self._budget = budget
        self._way: Way | None = None
        self._reader: Reader | None = None

    def ask(self, way: Way, function: int, address: int, count: int) -> bytes | int | str | None:
        """As `Reader.read`, in this way."""
        return self.reader(way).read(function, address, count)

    def reader(self, way: Way) -> Reader:
        """The reader that goes this way."""
        if self._reader is None or way != self._way:
            self.close()
            self._way = way
            self._reader = Reader(way.of(self._settings), self._budget)
        return self._reader

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._reader:
            self._reader.close()


def count_connections(settings: ProbeSettings, budget: Budget, most: int, function: int, address: int) -> int:
    """The number of connections, 0 to `most`, that are open and get a good reply at the same time; all are closed then.

    Each costs one request of the budget, for the one register or bit at `address`, which is known to be readable. The
    caller's own connection must be closed before. Fewer are found if no request is left.
    """
    readers: list[Reader] = []
    try:
        for _ in range(most):
            readers.append(Reader(settings, budget))
            if not isinstance(readers[-1].read(function, address, 1), bytes):
                return len(readers) - 1
        return len(readers)
    finally:
        for reader in readers:
            reader.close()
