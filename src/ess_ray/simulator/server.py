"""A Modbus server for simulated plants, on asyncio: one connection handler, no library, little CPU.

Framing after "MODBUS Messaging on TCP/IP Implementation Guide V1.0b" 3.1.3: transaction, protocol (0), length, unit;
replies after "MODBUS Application Protocol V1.1b3" 6.1-6.4 and 7. Requests may come in pieces or many at once. Only
functions 1-4 are served. A unit that is not there gets a gateway's reply: exception 0x0B. Bytes that are no Modbus TCP
(another protocol, an impossible length) close the connection.

As RTU over TCP (`framing="rtu"`) it does what a serial line does: a unit that is not there says nothing, and a request
with a wrong checksum is not heard, with all that came with it.
"""

from __future__ import annotations

import asyncio
import ssl
import struct
import time
from collections.abc import Callable, Mapping
from typing import cast

import numpy as np

from ess_ray.core.maps.numbering import LAST_ADDRESS
from ess_ray.core.maps.registers import BIT_FUNCTIONS, MAX_BITS, MAX_REGISTERS, READ_INPUT_REGISTERS
from ess_ray.core.polling.rtu_framing import crc
from ess_ray.simulator.plant import Plant

ILLEGAL_FUNCTION, ILLEGAL_DATA_ADDRESS, ILLEGAL_DATA_VALUE = 1, 2, 3
GATEWAY_TARGET_DEVICE_FAILED_TO_RESPOND = 0x0B

_HEADER = struct.Struct(">HHHB")  # transaction, protocol, length (unit and PDU), unit
_READ = struct.Struct(">BHH")  # function, address, count
_MAX_LENGTH = 254
_RTU_BYTES = 8  # of a request to read: unit, function, address, count, checksum


def clock_us() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000


async def listen(
    units: Mapping[int, Plant],
    host: str = "127.0.0.1",
    port: int = 0,
    now_us: Callable[[], int] = clock_us,
    framing: str = "tcp",
    tls: ssl.SSLContext | None = None,
) -> tuple[asyncio.Server, int]:
    """Serve `units` (plant by unit id); returns the server, which listens until it is closed, and its port.

    `port`: 0 for any that is free; `now_us`: gives microseconds since 1970 UTC; `framing`: a key of CONNECTIONS; `tls`:
    of framing "tls", what is shown. Raises OSError if the port cannot be had.
    """
    server = await asyncio.get_running_loop().create_server(
        lambda: CONNECTIONS[framing](units, now_us), host, port, backlog=512, ssl=tls
    )
    return server, int(server.sockets[0].getsockname()[1])


class SimulatorConnection(asyncio.Protocol):
    """The connection of one client: Modbus TCP."""

    def __init__(self, units: Mapping[int, Plant], now_us: Callable[[], int]) -> None:
        self._units, self._now_us = units, now_us
        self._pending = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio before anything is received."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Reply to every complete request; keep what is left for later. Bytes that are no Modbus TCP: disconnect."""
        frames = self._pending + data
        replies, start = [], 0
        while len(frames) - start >= _HEADER.size:
            transaction, protocol, length, unit = _HEADER.unpack_from(frames, start)
            if protocol != 0 or not 2 <= length <= _MAX_LENGTH:
                self._transport.abort()
                return
            end = start + _HEADER.size - 1 + length
            if end > len(frames):
                break
            reply_pdu = self._reply(unit, frames[start + _HEADER.size : end])
            replies.append(_HEADER.pack(transaction, 0, len(reply_pdu) + 1, unit) + reply_pdu)
            start = end
        self._pending = frames[start:]
        if replies:
            self._transport.write(b"".join(replies))

    def pause_writing(self) -> None:
        """Stop reading from a client that does not read its replies; called by asyncio."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read from a client that reads again; called by asyncio."""
        self._transport.resume_reading()

    def _reply(self, unit: int, pdu: bytes) -> bytes:
        plant = self._units.get(unit)
        if plant is None:
            return _exception(pdu[0], GATEWAY_TARGET_DEVICE_FAILED_TO_RESPOND)
        return reply(plant, pdu, self._now_us())


class RtuSimulatorConnection(SimulatorConnection):
    """The connection of one client that speaks RTU over TCP."""

    def data_received(self, data: bytes) -> None:
        """Reply to every complete request with a right checksum; keep what is left for later."""
        frames = self._pending + data
        while len(frames) >= _RTU_BYTES:
            request, frames = frames[:_RTU_BYTES], frames[_RTU_BYTES:]
            if crc(request[:-2]) != request[-2:]:
                frames = b""
            elif request[0] in self._units:
                adu = request[:1] + self._reply(request[0], request[1:-2])
                self._transport.write(adu + crc(adu))
        self._pending = frames


CONNECTIONS: Mapping[str, type[SimulatorConnection]] = {
    "tcp": SimulatorConnection,
    "rtu": RtuSimulatorConnection,
    "tls": SimulatorConnection,
}


def reply(plant: Plant, pdu: bytes, now_us: int) -> bytes:
    """The reply's PDU to a request's PDU (at least one byte), at `now_us` (microseconds since 1970 UTC).

    An exception's PDU for functions but 1-4, for a wrong length or count ("MODBUS Application Protocol V1.1b3" 6.1-6.4)
    and for addresses that are not `readable` in the plant.
    """
    if not 1 <= pdu[0] <= READ_INPUT_REGISTERS:
        return _exception(pdu[0], ILLEGAL_FUNCTION)
    if len(pdu) != _READ.size:
        return _exception(pdu[0], ILLEGAL_DATA_VALUE)
    function, address, count = _READ.unpack(pdu)
    of_bits = function in BIT_FUNCTIONS
    if not 1 <= count <= (MAX_BITS if of_bits else MAX_REGISTERS):
        return _exception(function, ILLEGAL_DATA_VALUE)
    end = address + count
    readable = plant.readable.get(function, b"")
    if end > min(len(readable), LAST_ADDRESS + 1) or b"\0" in readable[address:end]:
        return _exception(function, ILLEGAL_DATA_ADDRESS)
    image = plant.image(now_us)[function]
    data = _packed(image[address:end]) if of_bits else image[2 * address : 2 * end]
    return bytes((function, len(data))) + data


def _packed(bits: bytes) -> bytes:
    return np.packbits(np.frombuffer(bits, dtype=np.uint8), bitorder="little").tobytes()


def _exception(function: int, code: int) -> bytes:
    return bytes((function | 0x80, code))
