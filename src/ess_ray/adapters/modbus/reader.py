"""One request after the other, gently: what `job=probe` asks a device with. Only functions 1-4 can be sent.

Frames are made and checked as the poller's are. Requests go out at a bounded rate, and no more than a bounded number.
"""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass, field

from ess_ray.adapters.modbus.frames import PduFrames
from ess_ray.core.maps.plan import Request
from ess_ray.core.polling.frames import MAX_FRAME_BYTES, MBAP, MBAP_BYTES
from ess_ray.core.samples import Reason
from ess_ray.core.settings import ProbeSettings


@dataclass(slots=True)
class Budget:
    """What all readers of a probe share: how fast they may ask, and how often."""

    requests_s: float
    left: int
    _next_s: float = 0.0

    def take(self) -> bool:
        """Wait for the turn of a request; False if none is left."""
        if self.left <= 0:
            return False
        self.left -= 1
        time.sleep(max(0.0, self._next_s - time.monotonic()))
        self._next_s = time.monotonic() + 1 / self.requests_s
        return True


@dataclass(slots=True)
class Reader:
    """A connection to one device, made when it is needed; `took_ms` are the times of all good answers."""

    settings: ProbeSettings
    budget: Budget
    took_ms: list[float] = field(default_factory=list)
    _frames: PduFrames = field(default_factory=PduFrames)
    _socket: socket.socket | None = None
    _transaction: int = 0

    def ask(self, function: int, address: int, count: int) -> bytes | int | Reason | None:
        """The answer's data (bits: one a byte), an exception's code, or why there is none; None: nothing is left."""
        if not self.budget.take():
            return None
        request = Request(function, address, count, (), 0)
        try:
            answer = self._ask(request)
        except ConnectionRefusedError:
            answer = Reason.REFUSED
        except TimeoutError:
            answer = Reason.TIMEOUT if self._socket else Reason.UNREACHABLE
        except OSError:
            answer = Reason.CLOSED if self._socket else Reason.UNREACHABLE
        if isinstance(answer, Reason):
            self.close()
        return answer

    def ask_together(self, function: int, address: int, most: int) -> int:
        """So many requests for one item in one send: how many were answered, one behind the other."""
        for _ in range(most):
            self.budget.take()
        request, answered = Request(function, address, 1, (), 0), 0
        try:
            self._send(request, most)
            end_s = time.perf_counter() + self.settings.timeout_us / 1e6
            while answered < most and isinstance(self._answer(request, answered + 1 - most, end_s), bytes):
                answered += 1
        except OSError:
            pass  # it has closed the connection, or says nothing: what it has answered counts
        self.close()
        return answered

    def close(self) -> None:
        """Let go of the connection."""
        if self._socket:
            self._socket.close()
            self._socket = None

    def _ask(self, request: Request) -> bytes | int | Reason:
        self._send(request, 1)
        begun_s = time.perf_counter()
        answer = self._answer(request, 0, begun_s + self.settings.timeout_us / 1e6)
        if isinstance(answer, bytes):
            self.took_ms.append(1000 * (time.perf_counter() - begun_s))
        return answer

    def _send(self, request: Request, times: int) -> None:
        connection, frames = self._connected(), b""
        for _ in range(times):
            self._transaction = self._transaction % 0xFFFF + 1
            frames += self._transaction.to_bytes(2, "big") + self._frames.ask(self.settings.unit_id, request).frame
        connection.sendall(frames)

    def _answer(self, request: Request, place: int, end_s: float) -> bytes | int | Reason:
        """Of the request that went out last; -1: of the one before it."""
        head = self._receive(MBAP_BYTES, end_s)
        transaction, protocol, rest = MBAP.unpack_from(head)
        if protocol:
            return Reason.BAD_PROTOCOL
        if not MBAP_BYTES < 6 + rest <= MAX_FRAME_BYTES:
            return Reason.BAD_LENGTH
        answer = head + self._receive(rest - 1, end_s)
        if transaction != (self._transaction + place - 1) % 0xFFFF + 1:
            return Reason.BAD_TRANSACTION
        return self._frames.check(answer, transaction, self.settings.unit_id, request)

    def _connected(self) -> socket.socket:
        if self._socket is None:
            place, limit_s = (self.settings.host, self.settings.port), self.settings.connect_timeout_us / 1e6
            self._socket = socket.create_connection(place, limit_s)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            time.sleep(self.settings.connect_pause_us / 1e6)
        return self._socket

    def _receive(self, size: int, end_s: float) -> bytes:
        """Exactly so many bytes, all of them before `end_s`."""
        assert self._socket
        data = b""
        while len(data) < size:
            rest_s = end_s - time.perf_counter()
            if rest_s <= 0:
                raise TimeoutError
            self._socket.settimeout(rest_s)
            piece = self._socket.recv(size - len(data))
            if not piece:
                raise ConnectionResetError
            data += piece
        return data


def count_connections(settings: ProbeSettings, budget: Budget, most: int, function: int, address: int) -> int:
    """How many connections answer while all of them stand, up to `most`; the caller's own must be closed."""
    readers: list[Reader] = []
    try:
        for _ in range(most):
            readers.append(Reader(settings, budget))
            if not isinstance(readers[-1].ask(function, address, 1), bytes):
                return len(readers) - 1
        return len(readers)
    finally:
        for reader in readers:
            reader.close()
