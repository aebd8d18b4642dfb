"""A Modbus device that misbehaves on request, made of bare sockets: independent of client and simulator.

Register r holds r. A behaviour is a function (request number on this connection, good reply) → the pieces to send,
each with a pause before it in seconds; None closes the connection there. The reply is a frame of Modbus TCP, or of RTU
if that is what the device speaks.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

from pymodbus.framer import FramerRTU

Pieces = list[tuple[float, bytes | None]]
Behaviour = Callable[[int, bytes], Pieces]


def good(_: int, reply: bytes) -> Pieces:
    return [(0, reply)]


def silent(_: int, __: bytes) -> Pieces:
    return []


def drip(_: int, reply: bytes) -> Pieces:
    return [(0.03, reply[i : i + 1]) for i in range(len(reply))]


def fragments(_: int, reply: bytes) -> Pieces:
    return [(0.001, reply[i : i + 1]) for i in range(len(reply))]


def cut(count: int) -> Behaviour:
    """Replies of which only so many bytes come."""
    return lambda _, reply: [(0, reply[:count])]


def twice(_: int, reply: bytes) -> Pieces:
    return [(0, reply + reply)]


def late(pause_s: float) -> Behaviour:
    """The first reply of a connection comes behind its time limit, and then nothing else does."""
    return lambda number, reply: [] if number else [(pause_s, reply)]


def stale() -> Behaviour:
    """Each reply is to the request before; the first is good."""
    before: list[bytes] = []

    def behave(_: int, reply: bytes) -> Pieces:
        before.append(reply)
        return [(0, before[-2] if len(before) > 1 else reply)]

    return behave


def echoing() -> Behaviour:
    """Before each reply comes the reply to the request before it."""
    before: list[bytes] = []

    def behave(number: int, reply: bytes) -> Pieces:
        before[:] = [*(before if number else []), reply][-2:]
        return [(0, piece) for piece in before]

    return behave


def closing(_: int, reply: bytes) -> Pieces:
    return [(0, reply[:9]), (0, None)]


def hanging_up(_: int, reply: bytes) -> Pieces:
    """The connection ends behind each reply."""
    return [(0, reply), (0, None)]


def patched(offset: int, value: bytes) -> Behaviour:
    """Replies with some bytes changed: 0 transaction, 2 protocol, 4 length, 6 unit, 7 function, 8 byte count."""
    return lambda _, reply: [(0, reply[:offset] + value + reply[offset + len(value) :])]


def short(_: int, reply: bytes) -> Pieces:
    """One register less than asked, in a frame that is consistent with itself."""
    function, count, *data = pdu_of(reply)
    return [(0, framed(reply, bytes([function, count - 2, *data[:-2]])))]


def wide(_: int, reply: bytes) -> Pieces:
    """Each register has four bytes, in a frame that is consistent with itself."""
    function, count, *data = pdu_of(reply)
    registers = b"".join(b"\0\0" + bytes(data[n : n + 2]) for n in range(0, count, 2))
    return [(0, framed(reply, bytes([function, len(registers)]) + registers))]


def surplus(behind: bytes, pause_s: float = 0) -> Behaviour:
    """These bytes behind each reply: with it, or after a pause."""
    return lambda _, reply: [(0, reply), (pause_s, behind)] if pause_s else [(0, reply + behind)]


def from_unit(unit_id: int) -> Behaviour:
    """Replies with this unit id."""
    return lambda _, reply: [(0, framed(reply, pdu_of(reply), unit_id))]


def own_ids(ahead: int) -> Behaviour:
    """Replies with a transaction id that is so far ahead of the request's."""
    return lambda _, reply: [(0, struct.pack(">H", (int.from_bytes(reply[:2], "big") + ahead) % 0x10000) + reply[2:])]


def length_off(by: int) -> Behaviour:
    """Replies whose length field says so many bytes more than there are."""
    return lambda _, reply: [(0, reply[:4] + struct.pack(">H", (len(reply) - 6 + by) % 0x10000) + reply[6:])]


def garbled(_: int, reply: bytes) -> Pieces:
    """The last bit is another: of the data over TCP, of the checksum in RTU."""
    return [(0, reply[:-1] + bytes([reply[-1] ^ 1]))]


def garbage(_: int, __: bytes) -> Pieces:
    return [(0, b"HTTP/1.1 400 Bad Request\r\n\r\n")]


def refusing(code: int, length_off: int = 0) -> Behaviour:
    """Exception replies with this code; over TCP their length field says so many bytes more than there are."""

    def refuse(_: int, reply: bytes) -> Pieces:
        refusal = framed(reply, bytes([pdu_of(reply)[0] | 0x80, code]))
        return [(0, refusal if is_rtu(reply) else refusal[:5] + bytes([refusal[5] + length_off]) + refusal[6:])]

    return refuse


def only_for(address: int, behaviour: Behaviour, registers: int = 1) -> Behaviour:
    """The behaviour for requests that begin at `address` or in so many `registers`, good replies for the others."""
    begins = range(address, address + registers)
    return lambda n, reply: (behaviour if int.from_bytes(pdu_of(reply)[2:4]) in begins else good)(n, reply)


def is_rtu(reply: bytes) -> bool:
    """True of a good reply in RTU: it has its count of bytes where Modbus TCP has a zero."""
    return reply[2] != 0


def pdu_of(reply: bytes) -> bytes:
    """The PDU of a good reply, over TCP or in RTU."""
    return reply[1:-2] if is_rtu(reply) else reply[7:]


def framed(reply: bytes, pdu: bytes, unit_id: int | None = None) -> bytes:
    """Another PDU in the frame of a good reply, with its unit id or this one."""
    unit = (reply[:1] if is_rtu(reply) else reply[6:7]) if unit_id is None else bytes([unit_id])
    return sealed(unit + pdu) if is_rtu(reply) else reply[:4] + struct.pack(">H", 1 + len(pdu)) + unit + pdu


def sealed(frame: bytes) -> bytes:
    """The frame of RTU with its checksum, by pymodbus."""
    return frame + struct.pack(">H", FramerRTU.compute_CRC(frame))


@dataclass(frozen=True)
class _Manners:
    """Of a device, on all of its connections."""

    behaviour: Behaviour
    free: threading.Semaphore
    singly: bool
    tls: ssl.SSLContext | None
    rtu: bool
    ended: threading.Event = field(default_factory=threading.Event)


@contextmanager
def device(
    behaviour: Behaviour,
    connections: int = 100,
    singly: bool = False,
    tls: ssl.SSLContext | None = None,
    rtu: bool = False,
) -> Iterator[int]:
    """The port of a device that behaves so; a connection above its limit is closed as soon as it stands.

    `singly`: it drops the requests that came with the one it replies to, which it cannot in TLS. `rtu`: it speaks RTU
    over TCP.
    """
    server = socket.create_server(("127.0.0.1", 0))
    manners = _Manners(behaviour, threading.Semaphore(connections), singly, tls, rtu)
    threading.Thread(target=_accept, args=(server, manners), daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        manners.ended.set()
        server.close()


def _accept(server: socket.socket, manners: _Manners) -> None:
    while not manners.ended.is_set():
        try:
            connection, _ = server.accept()
        except OSError:
            return
        if manners.free.acquire(blocking=False):
            threading.Thread(target=_serve, args=(connection, manners), daemon=True).start()
        else:
            connection.close()


def _serve(connection: socket.socket, manners: _Manners) -> None:
    number = 0
    with connection, ExitStack() as stack:
        try:
            if manners.tls:
                connection = stack.enter_context(manners.tls.wrap_socket(connection, server_side=True))
            length = 8 if manners.rtu else 12
            while not manners.ended.is_set() and len(request := _whole(connection, length)) == length:
                if manners.singly:
                    with suppress(BlockingIOError):
                        connection.recv(4096, socket.MSG_DONTWAIT)
                if manners.rtu and sealed(request[:-2]) != request:
                    continue  # a serial line hears nothing then
                for pause_s, piece in manners.behaviour(number, _reply(request, manners.rtu)):
                    time.sleep(pause_s)
                    if piece is None:
                        return
                    connection.sendall(piece)
                number += 1
        except OSError:
            return
        finally:
            manners.free.release()


def _reply(request: bytes, rtu: bool) -> bytes:
    """The good reply to a request."""
    function, address, count = struct.unpack(">BHH", request[1:-2] if rtu else request[7:])
    pdu = struct.pack(f">BB{count}H", function, 2 * count, *range(address, address + count))
    return sealed(request[:1] + pdu) if rtu else request[:4] + struct.pack(">H", 1 + len(pdu)) + request[6:7] + pdu


def _whole(connection: socket.socket, length: int) -> bytes:
    """So many bytes; fewer or none if the connection ends before."""
    data = b""
    while len(data) < length and (piece := connection.recv(length - len(data))):
        data += piece
    return data
