"""Modbus TCP frames, built and checked by pyModbusTCP. Used by the poller only.

pyModbusTCP is fed with complete frames through private methods (`_add_mbap`, `_recv_all`, `_recv_pdu`), so its version
is pinned and `tests/contract/test_modbus.py` holds it to what is used here. Only functions 1-4 can be built.
"""

from __future__ import annotations

import struct
from functools import lru_cache

from pyModbusTCP.client import ModbusClient

from ess_ray.core.maps.plan import Request
from ess_ray.core.maps.registers import BIT_FUNCTIONS
from ess_ray.core.polling.frames import HEAD_BYTES, NO_SIZE, Ask
from ess_ray.core.samples import Reason


class PduFrames(ModbusClient):  # type: ignore[misc]  # pyModbusTCP carries no types
    """pyModbusTCP without its socket: frames out, frames in."""

    def __init__(self) -> None:
        super().__init__()
        self._sock.close()  # its constructor opens one
        self._frame = b""
        self._shared = lru_cache(maxsize=16384)(self._ask)  # devices of one map ask the same

    def ask(self, unit_id: int, request: Request) -> Ask:
        """The request (V1.1b3, sections 6.1-6.4), and how a good answer begins: what `check` takes, byte for byte."""
        if not 1 <= request.function <= 4:
            raise ValueError(f"function {request.function} is not a read function")
        return self._shared(unit_id, request.function, request.address, request.count, request.answer_bytes)

    def _ask(self, unit_id: int, function: int, address: int, count: int, answer_bytes: int) -> Ask:
        self._unit_id = unit_id
        # pyModbusTCP draws its transaction ids by chance; the line numbers them, to know an old answer.
        frame = bytes(self._add_mbap(struct.pack(">BHH", function, address, count)))[2:]
        head = struct.pack(">HHBBB", 0, 3 + answer_bytes, unit_id, function, answer_bytes)
        return Ask(frame, head, NO_SIZE if function in BIT_FUNCTIONS else HEAD_BYTES + answer_bytes)

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
