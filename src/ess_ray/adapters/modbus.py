"""Modbus TCP over asyncio; frames are built and checked by pyModbusTCP. Used by the poller only.

One loop serves one line or a thousand: a `Connection` is the transport of one `Line`, with one timer. pyModbusTCP is
fed with complete frames through private methods (`_add_mbap`, `_recv_all`, `_recv_pdu`), so its version is pinned and
`tests/contract/test_modbus.py` holds it to what is used here. Only functions 1-4 can be built.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from threading import Thread

from pyModbusTCP.client import ModbusClient

from ess_ray.core.cadence import Now
from ess_ray.core.line import Line
from ess_ray.core.plan import Request
from ess_ray.core.samples import Event, Reason, Sample
from ess_ray.core.settings import DeviceSettings

RECEIVE_BYTES = 4096  # of one device at once; an answer has 260 at most


def now() -> Now:
    """Both clocks, in microseconds."""
    return Now(time.monotonic_ns() // 1000, time.time_ns() // 1000)


class PduFrames(ModbusClient):  # type: ignore[misc]  # pyModbusTCP carries no types
    """pyModbusTCP without its socket: frames out, frames in."""

    def __init__(self) -> None:
        super().__init__()
        self._sock.close()  # its constructor opens one
        self._frame = b""
        self._after_transaction = lru_cache(maxsize=16384)(self._build_rest)  # a poll asks what the last one asked

    def build(self, transaction: int, unit_id: int, request: Request) -> bytes:
        """The request's frame (V1.1b3, sections 6.1-6.4)."""
        if not 1 <= request.function <= 4:
            raise ValueError(f"function {request.function} is not a read function")
        # pyModbusTCP draws its transaction ids by chance; the line numbers them, to know an old answer.
        return transaction.to_bytes(2, "big") + self._after_transaction(
            unit_id, request.function, request.address, request.count
        )

    def _build_rest(self, unit_id: int, function: int, address: int, count: int) -> bytes:
        """A frame without its transaction."""
        self._unit_id = unit_id
        return bytes(self._add_mbap(struct.pack(">BHH", function, address, count)))[2:]

    def check(self, frame: bytes, transaction: int, unit_id: int, request: Request) -> bytes | int | Reason:
        """The data of a good answer (bits unpacked, one a byte), an exception's code, or what is wrong."""
        if frame[6] != unit_id:
            return Reason.BAD_UNIT
        self._transaction_id, self._unit_id, self._frame = transaction, unit_id, frame
        try:
            pdu: bytes = self._recv_pdu()
        except ModbusClient._ModbusExcept as error:
            return error.code if frame[7] == request.function | 0x80 else Reason.BAD_FUNCTION
        except ModbusClient._NetworkError:
            return Reason.BAD_LENGTH
        if pdu[0] != request.function:
            return Reason.BAD_FUNCTION
        if len(pdu) != 2 + request.answer_bytes or pdu[1] != request.answer_bytes:
            return Reason.BAD_LENGTH
        return pdu[2:] if request.function > 2 else unpack_bits(pdu[2:], request.count)

    def _recv_all(self, size: int) -> bytes:
        """pyModbusTCP's way to the bytes of an answer: here the frame that lies ready."""
        piece, self._frame = self._frame[:size], self._frame[size:]
        return piece

    def __del__(self) -> None:
        """Nothing to close."""


def unpack_bits(data: bytes, count: int) -> bytes:
    """One byte, 0 or 1, for each bit; the first is the least significant of the first byte (V1.1b3, 6.1)."""
    number = int.from_bytes(data, "little")
    return bytes(number >> i & 1 for i in range(count))


class Stream(asyncio.BufferedProtocol):
    """One TCP connection, from its opening to its end; what comes after its owner has let go of it is not heard.

    It brings its own buffer: asyncio would make one of 256 KB for every answer.
    """

    def __init__(self, owner: Connection) -> None:
        self._owner = owner
        self._buffer = bytearray(RECEIVE_BYTES)

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002  # what it does not hold now comes next
        """Where the next bytes go."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes from the device."""
        if self._owner.stream is self:
            self._owner.received(bytes(memoryview(self._buffer)[:nbytes]))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # the same either way
        """The device closed the connection, or it broke."""
        if self._owner.stream is self:
            self._owner.lost()


class Connection:
    """The transport of one line: a TCP connection that comes and goes, and one timer."""

    def __init__(
        self, devices: Sequence[DeviceSettings], frames: PduFrames, deliver: Callable[[Sample | Event], None]
    ) -> None:
        self.line = Line(devices, frames, self, deliver)
        self.stream: Stream | None = None
        self._host, self._port = devices[0].line
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._opening: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_us = 0

    def wake(self) -> None:
        """Let the line do what is due, then sleep until it next wants to be woken."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        moment = now()
        self.line.wake(moment)
        self._rearm(moment)

    # --- the line's Transport ---------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Connect in the background; the line's deadline bounds name resolution and connection together."""
        self._opening = self._loop.create_task(self._open())

    def send(self, frame: bytes) -> None:
        """Hand a frame to the kernel."""
        if self._transport:
            self._transport.write(frame)

    def close(self) -> None:
        """Let go of the connection at once."""
        self.stream = None
        if self._opening:
            self._opening.cancel()
            self._opening = None
        if self._transport:
            self._transport.abort()
            self._transport = None

    # --- what the stream tells ---------------------------------------------------------------------------------------

    def received(self, data: bytes) -> None:
        """Bytes of the connection that stands."""
        moment = now()
        self.line.received(data, moment)
        self._rearm(moment)

    def lost(self) -> None:
        """The connection that stood is gone."""
        self.stream = self._transport = None
        self.line.closed(now())
        self._rearm(now())

    async def _open(self) -> None:
        try:
            transport, stream = await self._loop.create_connection(lambda: Stream(self), self._host, self._port)
        except (OSError, UnicodeError) as error:  # UnicodeError: a host name that cannot be encoded
            self._opening = None
            refused = isinstance(error, ConnectionRefusedError)
            self.line.connect_failed(Reason.REFUSED if refused else Reason.UNREACHABLE, now())
        else:
            self._opening = None
            self._transport, self.stream = transport, stream
            self.line.connected(now())
        self._rearm(now())

    def _rearm(self, moment: Now) -> None:
        """Move the timer only when the line wants to wake earlier than it is set."""
        at_us = self.line.wake_at_us(moment)
        if at_us is None or (self._timer and self._timer_us <= at_us):
            return
        if self._timer:
            self._timer.cancel()
        self._timer_us = at_us
        self._timer = self._loop.call_later(max(0, at_us - moment.mono_us) / 1e6, self.wake)


class ModbusLoop:
    """All lines of one process on one asyncio loop in a thread of its own."""

    def __init__(self, devices: Sequence[DeviceSettings], deliver: Callable[[Sample | Event], None]) -> None:
        self._devices = devices
        self._deliver = deliver
        self._loop = asyncio.new_event_loop()
        # A name server that does not answer blocks a thread until the resolver gives up: enough of them for the rest.
        self._loop.set_default_executor(ThreadPoolExecutor(32, thread_name_prefix="resolve"))
        self._connections: list[Connection] = []
        self._thread = Thread(target=self._loop.run_forever, name="modbus", daemon=True)

    def start(self, first_us: int, end_us: int | None) -> None:
        """Poll every tick in [first_us, end_us)."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(first_us, end_us), self._loop).result()

    def stop(self, end_us: int) -> None:
        """No tick at or after `end_us`; polls at work are finished."""
        for connection in self._connections:
            connection.line.stop(end_us)

    @property
    def busy(self) -> bool:
        """Whether a poll is at work or a tick still to come."""
        return any(connection.line.busy for connection in self._connections)

    def _lines(self) -> Iterable[list[DeviceSettings]]:
        lines: dict[tuple[str, int], list[DeviceSettings]] = {}
        for device in self._devices:
            lines.setdefault(device.line, []).append(device)
        return lines.values()

    async def _start(self, first_us: int, end_us: int | None) -> None:
        frames = PduFrames()
        self._connections = [Connection(devices, frames, self._deliver) for devices in self._lines()]
        for connection in self._connections:
            connection.line.start(first_us, end_us)
            connection.wake()
