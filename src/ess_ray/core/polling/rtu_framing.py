"""Modbus RTU over TCP: unit id, PDU and checksum, as serial device servers pass them on; no header, no ids.

The length of a reply follows from its function and its count of bytes. Source: MODBUS over Serial Line V1.02, 2.5.1
and 6.2.2; the checksum has its low byte first.
"""

from __future__ import annotations

from collections.abc import Set
from functools import lru_cache
from typing import ClassVar

from ess_ray.core.maps.plan import Request
from ess_ray.core.polling.framing import (
    EXCEPTION,
    MOST_SURPLUS,
    NO_REPLY_BYTES,
    PREPARED_REQUESTS,
    READ_FUNCTIONS,
    PduCodec,
    PreparedRequest,
    Tolerance,
)
from ess_ray.core.reasons import Reason, incomplete_reason

FUNCTION, COUNT = 1, 2  # their places in a reply; of an exception reply the code has that of the count
PREFIX_BYTES = 3  # unit id, function, count
CRC_BYTES = 2
EXCEPTION_ADU_BYTES = PREFIX_BYTES + CRC_BYTES
POLYNOMIAL = 0xA001  # of the checksum, bits reversed


def _crc_of_byte(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ POLYNOMIAL if byte & 1 else byte >> 1
    return byte


CRC_OF_BYTE = tuple(map(_crc_of_byte, range(256)))


def crc(data: bytes) -> bytes:
    """The checksum (CRC-16) of the bytes in front of it, as two bytes, low byte first."""
    value = 0xFFFF
    for byte in data:
        value = value >> 8 ^ CRC_OF_BYTE[(value ^ byte) & 0xFF]
    return value.to_bytes(CRC_BYTES, "little")


class RtuFraming:
    """The frames of one connection, see `Framing`; at most one request may be in flight.

    A reply cannot be told from a late one of the same length, or from a duplicate: what came before a request was sent
    is dropped if it is short, else the connection cannot be trusted; after a time-out neither.
    """

    __slots__ = ("_before", "_buffer", "_tolerate", "codec", "reply_prefix", "surplus")
    numbered: ClassVar[bool] = False
    tolerable: ClassVar[Set[Tolerance]] = frozenset({Tolerance.UNIT_ID})
    tells_late_replies = False

    def __init__(self, codec: PduCodec, tolerate: Set[str] = frozenset()) -> None:
        self.codec = codec
        self._tolerate = tolerate
        self._buffer = bytearray()
        self._before = 0  # so many bytes of the buffer were there before the request in flight was sent
        self.reply_prefix = bytes(PREFIX_BYTES)  # before the first request: fits no reply
        self.surplus = b""

    @property
    def incomplete(self) -> bool:
        """True while the buffer is not empty."""
        return bool(self._buffer)

    @property
    def timeout_reason(self) -> str:
        """TIMEOUT if nothing of the reply in flight has come, else how much of it; see `Framing`."""
        received = len(self._buffer) - self._before
        if received <= 0:
            return Reason.TIMEOUT
        expected = self._adu_bytes(0) if received >= PREFIX_BYTES and self._fits(0) else self._good_bytes
        if received < expected:
            return incomplete_reason(received, expected)
        return self._why_none() or Reason.BAD_PROTOCOL

    def prepare(self, unit_id: int, request: Request) -> PreparedRequest:
        """The ADU; every reply is checked, for its checksum."""
        return _prepare(unit_id, self.codec.build(request), request.reply_bytes)

    def restart(self) -> None:
        """The connection is a new one."""
        self._buffer.clear()
        self._before = 0

    def encode(self, prepared: PreparedRequest) -> bytes:
        """The ADU, the same each time."""
        self.reply_prefix = prepared.reply_prefix
        return prepared.adu_tail

    def feed(self, data: bytes) -> None:
        """Bytes that were received, cut anywhere."""
        self._buffer += data

    def next_pdu(self, in_flight: int, unit_id: int) -> bytes | str | None:  # noqa: ARG002  # it is in `reply_prefix`
        """The PDU of the reply to the request in flight, see `Framing`."""
        if reason := self._drop_before(in_flight):
            return reason
        reply = self._find_reply() if in_flight else None
        if not isinstance(reply, range):
            return reply
        if reply.start:
            self.surplus = bytes(self._buffer[: reply.start])
        pdu = bytes(self._buffer[reply.start + FUNCTION : reply.stop - CRC_BYTES])
        del self._buffer[: reply.stop]
        self._before = len(self._buffer)
        return pdu

    def _find_reply(self) -> range | str | None:
        """Where the reply is: at the front, or behind up to MOST_SURPLUS bytes. None: it may still come. Else why not.

        Behind other bytes it has to be a good one, by its count and its checksum.
        """
        for begin in range(MOST_SURPLUS + 1):
            if not self._fits(begin):
                continue
            end = begin + self._adu_bytes(begin)
            if end > len(self._buffer):
                return None
            if self._is_sound(begin, end):
                return range(begin, end)
            if not begin:
                break
        return self._why_none()

    def _why_none(self) -> str | None:
        """The reason why what came is no reply, by the frame at the front; None: that is not complete."""
        function = self._buffer[FUNCTION]
        if function & ~EXCEPTION not in READ_FUNCTIONS:
            return Reason.BAD_PROTOCOL
        end = self._adu_bytes(0)
        if end > len(self._buffer):
            return None
        if not self._is_sound(0, end):
            return Reason.BAD_CHECKSUM
        return Reason.BAD_FUNCTION if function & ~EXCEPTION != self.reply_prefix[FUNCTION] else Reason.BAD_UNIT

    def _fits(self, begin: int) -> bool:
        """True if the reply may begin there, as far as the buffer goes."""
        unit_id, function, count = self.reply_prefix
        seen = self._buffer[begin : begin + PREFIX_BYTES]
        if len(seen) > 0 and seen[0] != unit_id and Tolerance.UNIT_ID not in self._tolerate:
            return False
        if len(seen) <= FUNCTION or seen[FUNCTION] == function | EXCEPTION:
            return True
        return seen[FUNCTION] == function and (not begin or len(seen) <= COUNT or seen[COUNT] == count)

    @property
    def _good_bytes(self) -> int:
        """Length of a good reply."""
        return PREFIX_BYTES + self.reply_prefix[COUNT] + CRC_BYTES

    def _adu_bytes(self, begin: int) -> int:
        """Length of the ADU that begins there, by its first bytes; as the request has it while these are not there."""
        seen = self._buffer[begin : begin + PREFIX_BYTES]
        if len(seen) > FUNCTION and seen[FUNCTION] & EXCEPTION:
            return EXCEPTION_ADU_BYTES
        return PREFIX_BYTES + seen[COUNT] + CRC_BYTES if len(seen) > COUNT else self._good_bytes

    def _is_sound(self, begin: int, end: int) -> bool:
        """True if the checksum of these bytes, which are there, is right."""
        adu = bytes(self._buffer[begin:end])
        return crc(adu[:-CRC_BYTES]) == adu[-CRC_BYTES:]

    def _drop_before(self, in_flight: int) -> str | None:
        """Drop the few bytes that came before the request in flight was sent; a reason: they are more than a few."""
        before = self._before if in_flight else len(self._buffer)
        if before > MOST_SURPLUS:
            return Reason.BAD_TRANSACTION
        if before:
            self.surplus = bytes(self._buffer[:before])
            del self._buffer[:before]
            self._before = 0
        return None


@lru_cache(maxsize=PREPARED_REQUESTS)
def _prepare(unit_id: int, pdu: bytes, data_bytes: int) -> PreparedRequest:
    """A request (V1.1b3, 6.1-6.4) with its checksum, and the beginning of its good reply."""
    adu = bytes([unit_id]) + pdu
    return PreparedRequest(adu + crc(adu), bytes([unit_id, pdu[0], data_bytes]), NO_REPLY_BYTES)
