"""A Modbus TCP device that misbehaves on request, made of bare sockets: independent of client and simulator.

Register r holds r. A behaviour is a function (request number on this connection, good reply) → the pieces to send,
each with a pause before it in seconds; None closes the connection there.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

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


def patched(offset: int, value: bytes) -> Behaviour:
    """Replies with some bytes changed: 0 transaction, 2 protocol, 4 length, 6 unit, 7 function, 8 byte count."""
    return lambda _, reply: [(0, reply[:offset] + value + reply[offset + len(value) :])]


def short(_: int, reply: bytes) -> Pieces:
    """One register less than asked, in a frame that is consistent with itself."""
    body = reply[6:8] + bytes([reply[8] - 2]) + reply[9:-2]
    return [(0, reply[:4] + struct.pack(">H", len(body)) + body)]


def garbage(_: int, __: bytes) -> Pieces:
    return [(0, b"HTTP/1.1 400 Bad Request\r\n\r\n")]


def refusing(code: int) -> Behaviour:
    return lambda _, reply: [(0, reply[:4] + b"\0\3" + reply[6:7] + bytes([reply[7] | 0x80, code]))]


def only_for(address: int, behaviour: Behaviour) -> Behaviour:
    """The behaviour for the request whose first register is `address`, good replies for the others."""
    return lambda n, reply: (behaviour if reply[9:11] == struct.pack(">H", address) else good)(n, reply)


@contextmanager
def device(
    behaviour: Behaviour,
    connections: int = 100,
    singly: bool = False,
    tls: ssl.SSLContext | None = None,
    rtu: bool = False,
) -> Iterator[int]:
    """The port of a device that behaves so; a connection above its limit is closed as soon as it stands.

    `singly`: it drops the requests that came with the one it replies to, which it cannot in TLS. `rtu`: requests and
    replies are RTU frames.
    """
    server = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()
    free = threading.Semaphore(connections)
    threading.Thread(target=_accept, args=(server, behaviour, ended, free, singly, tls, rtu), daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        ended.set()
        server.close()


def _accept(
    server: socket.socket,
    behaviour: Behaviour,
    ended: threading.Event,
    free: threading.Semaphore,
    singly: bool,
    tls: ssl.SSLContext | None,
    rtu: bool,
) -> None:
    while not ended.is_set():
        try:
            connection, _ = server.accept()
        except OSError:
            return
        if free.acquire(blocking=False):
            threading.Thread(
                target=_serve, args=(connection, behaviour, ended, free, singly, tls, rtu), daemon=True
            ).start()
        else:
            connection.close()


def _serve(
    connection: socket.socket,
    behaviour: Behaviour,
    ended: threading.Event,
    free: threading.Semaphore,
    singly: bool,
    tls: ssl.SSLContext | None,
    rtu: bool,
) -> None:
    number = 0
    with connection, ExitStack() as stack:
        try:
            if tls:
                connection = stack.enter_context(tls.wrap_socket(connection, server_side=True))
            while not ended.is_set() and (request := _whole(connection, 8 if rtu else 12)):
                if singly:
                    with suppress(BlockingIOError):
                        connection.recv(4096, socket.MSG_DONTWAIT)
                if rtu and crc(request[:6]) != request[6:]:
                    continue
                reply = _rtu_reply(request) if rtu else _reply(request)
                for pause_s, piece in behaviour(number, reply):
                    time.sleep(pause_s)
                    if piece is None:
                        return
                    connection.sendall(piece)
                number += 1
        except OSError:
            return
        finally:
            free.release()


def _body(function: int, address: int, count: int) -> bytes:
    return struct.pack(f">BB{count}H", function, 2 * count, *range(address, address + count))


def _reply(request: bytes) -> bytes:
    body = _body(*struct.unpack(">BHH", request[7:12]))
    return request[:4] + struct.pack(">H", len(body) + 1) + request[6:7] + body


def _rtu_reply(request: bytes) -> bytes:
    reply = request[:1] + _body(*struct.unpack(">BHH", request[1:6]))
    return reply + crc(reply)


def crc(frame: bytes) -> bytes:
    """The checksum behind an RTU frame (MODBUS over Serial Line V1.02, section 6.2.2)."""
    register = 0xFFFF
    for byte in frame:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
    return register.to_bytes(2, "little")


def _whole(connection: socket.socket, length: int) -> bytes:
    """So many bytes; fewer or none if the connection ends before."""
    data = b""
    while len(data) < length and (piece := connection.recv(length - len(data))):
        data += piece
    return data
