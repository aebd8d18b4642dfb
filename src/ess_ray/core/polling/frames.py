"""What a line needs of others: frames, made and checked by pyModbusTCP (`adapters.modbus.frames`), and a transport.

All numbers of a frame have their high byte first.
"""

from __future__ import annotations

import struct
from enum import Enum, auto
from typing import NamedTuple, Protocol

from ess_ray.core.maps.plan import Request
from ess_ray.core.samples import Reason

MBAP = struct.Struct(">HHH")  # transaction, protocol (0), bytes that follow; then the unit
MBAP_BYTES = 7  # MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3
MAX_FRAME_BYTES = 260  # the same, 4.3.2: MBAP header and a PDU of at most 253 bytes
HEAD_BYTES = 9  # of a good answer, in front of its data: MBAP header, function, count of the bytes that follow
NO_SIZE = -1  # no answer has it


class State(Enum):
    """Of a transport, as its line sees it."""

    CLOSED = auto()
    CONNECTING = auto()
    READY = auto()  # connected, nothing asked
    WAITING = auto()  # connected, a request is out


class Ask(NamedTuple):
    """A request of one unit, ready but for the transaction, which comes in front of both."""

    frame: bytes
    head: bytes  # of a good answer
    size: int  # of the whole good answer; NO_SIZE if it cannot be told by its head (bits have to be unpacked)


class Frames(Protocol):
    """Makes requests and judges answers."""

    def ask(self, unit_id: int, request: Request) -> Ask: ...
    def check(self, frame: bytes, transaction: int, unit_id: int, request: Request) -> bytes | int | Reason:
        """The data of a good answer, the code of an exception, or what is wrong with the frame."""


class Transport(Protocol):
    """A TCP connection that comes and goes; nothing here waits or raises."""

    def connect(self) -> None: ...
    def send(self, frame: bytes) -> None: ...
    def close(self) -> None: ...


def cut_frame(buffer: bytearray) -> bytes | Reason | None:
    """Takes the first frame out of what has come; None: it is not whole. A reason: what has come is no Modbus TCP."""
    if len(buffer) < MBAP_BYTES:
        return None
    _, protocol, rest = MBAP.unpack_from(buffer)
    length = 6 + rest
    if protocol or not MBAP_BYTES < length <= MAX_FRAME_BYTES:
        return Reason.BAD_PROTOCOL if protocol else Reason.BAD_LENGTH
    if len(buffer) < length:
        return None
    frame = bytes(buffer[:length])
    del buffer[:length]
    return frame
