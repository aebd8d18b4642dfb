"""Modbus TCP: an MBAP header with a transaction id, and what a device may get wrong in it (`Tolerance`).

The length of a frame is that of its header, but for exception replies: they have nine bytes, whatever it says. All
numbers have their high byte first. Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Sequence, Set
from functools import lru_cache
from typing import ClassVar

from ess_ray.core.maps.plan import Request
from ess_ray.core.maps.registers import BIT_FUNCTIONS
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
from ess_ray.core.reasons import ExceptionCode, Reason, incomplete_reason

MBAP = struct.Struct(">HHH")  # transaction id, protocol id (0), how many bytes follow: unit id and PDU
MBAP_BYTES = 7  # with the unit id
MAX_ADU_BYTES = 260  # the same guide, 4.3.2: MBAP header and a PDU of at most 253 bytes
EXCEPTION_ADU_BYTES = MBAP_BYTES + 2  # function and code
FUNCTION, COUNT = MBAP_BYTES, MBAP_BYTES + 1  # their places in the ADU of a reply
TRANSACTION_IDS = 0xFFFF  # 1 to 0xFFFF, then 1 again
REPLY_FUNCTIONS = frozenset([*READ_FUNCTIONS, *(function | EXCEPTION for function in READ_FUNCTIONS)])


class TcpFraming:
    """The frames of one connection, see `Framing`."""

    __slots__ = (
        "_before", "_buffer", "_numbered", "_sent", "_sent_before", "_several", "_tolerate", "codec", "incomplete",
        "reply_prefix", "surplus",
    )  # fmt: skip
    numbered: ClassVar[bool] = True
    tolerable: ClassVar[Set[Tolerance]] = frozenset(Tolerance)

    def __init__(self, codec: PduCodec, tolerate: Set[str] = frozenset()) -> None:
        self.codec = codec
        self._tolerate = tolerate
        self._numbered = Tolerance.TRANSACTION_ID not in tolerate  # the device repeats transaction ids
        # Requests encoded so far; the transaction id of the last one is this number, from 1 to 0xFFFF and round again.
        self._sent = 0
        self._sent_before = 0  # `_sent` when the connection was new: tells duplicates from replies to nothing
        self._buffer = bytearray()
        self._before = 0  # so many bytes of the buffer were there before the request in flight was sent
        self._several = False  # requests are in flight, as far as is known: the oldest is not the one encoded last
        self.incomplete = False  # the buffer is not empty; a property would cost a call every poll
        self.reply_prefix = bytes(COUNT + 1)  # before the first request: fits no reply
        self.surplus = b""

    @property
    def tells_late_replies(self) -> bool:
        """True if transaction ids are repeated, and no part of the reply in flight is there; see `Framing`."""
        return self._numbered and len(self._buffer) <= self._before

    @property
    def timeout_reason(self) -> str:
        """TIMEOUT if nothing of the reply in flight has come, else how much of it; see `Framing`."""
        buffer, received = self._buffer, len(self._buffer) - self._before
        if received <= 0:
            return Reason.TIMEOUT
        expected: int | str | None = None
        if not self._several:
            expected = MBAP.size + int.from_bytes(self.reply_prefix[4:6], "big")
        if not self._before and len(buffer) > MBAP_BYTES:
            expected = self._front_bytes(in_flight=1)
        elif not self._before and len(buffer) >= MBAP.size and Tolerance.LENGTH not in self._tolerate:
            expected = MBAP.size + int.from_bytes(buffer[4:6], "big")
        if expected is None:
            return Reason.INCOMPLETE
        if isinstance(expected, str):
            return expected
        return incomplete_reason(received, expected) if received < expected else Reason.BAD_PROTOCOL

    def prepare(self, unit_id: int, request: Request) -> PreparedRequest:
        """All of the ADU but its transaction id; a reply with registers is taken by its prefix."""
        return _prepare(unit_id, self.codec.build(request), request.reply_bytes)

    def restart(self) -> None:
        """The connection is a new one; transaction ids go on, so that no old reply fits a new request."""
        self._buffer.clear()
        self._before = 0
        self.incomplete = False
        self._sent_before = self._sent

    def encode(self, prepared: PreparedRequest) -> bytes:
        """The ADU with the next transaction id."""
        adu_tail, reply_prefix, _ = prepared  # cheaper than its attributes, and this runs per request
        transaction = (self._sent % TRANSACTION_IDS + 1).to_bytes(2, "big")
        self._sent += 1
        self.reply_prefix = transaction + reply_prefix
        return transaction + adu_tail

    def feed(self, data: bytes) -> None:
        """Bytes that were received, cut anywhere."""
        self._buffer += data
        self.incomplete = bool(self._buffer)

    def next_pdu(self, in_flight: int, unit_id: int) -> bytes | str | None:
        """The PDU of the reply to the oldest request in flight; duplicates are dropped, see `Framing`."""
        buffer, prefix = self._buffer, self.reply_prefix
        alone = in_flight == 1 and not self._before and len(buffer) == len(prefix) + prefix[COUNT]
        if alone and buffer.startswith(prefix):  # nearly always: the good reply, and nothing else
            self._buffer, self.incomplete = bytearray(), False
            return bytes(buffer[MBAP_BYTES:])
        self._several = in_flight > 1
        pdu = self._next_pdu(in_flight, unit_id)
        # What is left lies behind the last reply: it came before the next request is sent.
        if in_flight == 0 or (in_flight == 1 and isinstance(pdu, bytes)):
            self._before = len(self._buffer)
        return pdu

    def _next_pdu(self, in_flight: int, unit_id: int) -> bytes | str | None:
        buffer = self._buffer
        if not self._numbered and (reason := self._drop_before(in_flight)):
            return reason
        while len(buffer) > MBAP_BYTES:
            adu_bytes = self._front_bytes(in_flight)
            if isinstance(adu_bytes, str):
                if (skipped := self._skip_surplus(in_flight, unit_id)) is False:
                    return adu_bytes
                if skipped is None:
                    return None
                continue
            if len(buffer) < adu_bytes:
                return None
            adu = bytes(buffer[:adu_bytes])
            self._cut(adu_bytes)
            if in_flight and (not self._numbered or int.from_bytes(adu[:2], "big") == self._oldest(in_flight)):
                good_unit = adu[MBAP_BYTES - 1] == unit_id or Tolerance.UNIT_ID in self._tolerate
                return adu[MBAP_BYTES:] if good_unit else Reason.BAD_UNIT
        return None

    def _oldest(self, in_flight: int) -> int:
        """The transaction id of the oldest of so many requests in flight."""
        return (self._sent - in_flight) % TRANSACTION_IDS + 1

    # --- where a frame ends ------------------------------------------------------------------------------------------

    def _front_bytes(self, in_flight: int) -> int | str:
        """Length of the ADU at the front, which may be incomplete; a reason if it is neither reply nor duplicate.

        To be called with the first eight bytes in the buffer.
        """
        adu_bytes = self._adu_bytes()
        if isinstance(adu_bytes, str):
            return adu_bytes
        if not self._numbered:
            asked = self.reply_prefix[FUNCTION]
            return adu_bytes if self._buffer[FUNCTION] in (asked, asked | EXCEPTION) else Reason.BAD_FUNCTION
        sent_since = (self._sent - int.from_bytes(self._buffer[:2], "big")) % TRANSACTION_IDS
        belongs = (in_flight - 1 if in_flight else 0) <= sent_since < self._sent - self._sent_before
        return adu_bytes if belongs else Reason.BAD_TRANSACTION

    def _adu_bytes(self) -> int | str:
        """Length of the ADU at the front, by its first eight bytes; a reason if this is no Modbus TCP."""
        buffer = self._buffer
        _, protocol, following = MBAP.unpack_from(buffer)
        if protocol:
            return Reason.BAD_PROTOCOL
        if buffer[FUNCTION] & EXCEPTION:
            return EXCEPTION_ADU_BYTES
        if Tolerance.LENGTH in self._tolerate and buffer[FUNCTION] in READ_FUNCTIONS:
            return COUNT + 1 + (buffer if len(buffer) > COUNT else self.reply_prefix)[COUNT]
        adu_bytes = MBAP.size + following
        return adu_bytes if MBAP_BYTES < adu_bytes <= MAX_ADU_BYTES else Reason.BAD_LENGTH

    # --- bytes that belong to no reply -------------------------------------------------------------------------------

    def _skip_surplus(self, in_flight: int, unit_id: int) -> bool | None:
        """Drop the few bytes in front of a reply: True. None: a reply may still begin behind them. False: none does."""
        if not in_flight:
            return None if len(self._buffer) <= MOST_SURPLUS else False
        expected = self._expected(in_flight, unit_id)
        for begin in range(1, MOST_SURPLUS + 1):
            seen = self._buffer[begin : begin + len(expected)]
            if all(not values or byte in values for byte, values in zip(seen, expected, strict=False)):
                if len(seen) < len(expected):
                    return None
                self._drop(begin)
                return True
        return False

    def _expected(self, in_flight: int, unit_id: int) -> Sequence[Collection[int]]:
        """The values that each of the first bytes of the expected reply may have; empty: any.

        Exact enough that nothing else looks like it: without ids the length field, if that is believed, as well.
        """
        ids = [(byte,) for byte in self._oldest(in_flight).to_bytes(2, "big")] if self._numbered else [(), ()]
        unit_ids = () if Tolerance.UNIT_ID in self._tolerate else (unit_id,)
        if in_flight > 1:  # the function of the oldest is not known here
            return *ids, (0,), (0,), (), (), unit_ids, REPLY_FUNCTIONS
        function, count = self.reply_prefix[FUNCTION:]
        lengths: Sequence[Collection[int]] = [(), ()]
        if not self._numbered and Tolerance.LENGTH not in self._tolerate:
            lengths = [(0,), (self.reply_prefix[5], EXCEPTION_ADU_BYTES - MBAP.size)]
        return *ids, (0,), (0,), *lengths, unit_ids, (function, function | EXCEPTION), (count, *ExceptionCode)

    def _drop_before(self, in_flight: int) -> str | None:
        """Without ids, what came before a request was sent could be taken for its reply: a few bytes are dropped.

        More of them are a reason: they are mostly a reply, and more of it may follow.
        """
        before = self._before if in_flight else len(self._buffer)
        if before > MOST_SURPLUS:
            return Reason.BAD_TRANSACTION
        if before:
            self._drop(before)
        return None

    def _drop(self, count: int) -> None:
        self.surplus = bytes(self._buffer[:count])
        self._cut(count)

    def _cut(self, count: int) -> None:
        del self._buffer[:count]
        self._before = max(0, self._before - count)
        self.incomplete = bool(self._buffer)


@lru_cache(maxsize=PREPARED_REQUESTS)
def _prepare(unit_id: int, pdu: bytes, data_bytes: int) -> PreparedRequest:
    """A request (V1.1b3, 6.1-6.4) and the beginning of its good reply: function and how many bytes of data follow."""
    function = pdu[0]
    adu_tail = struct.pack(">HHB", 0, 1 + len(pdu), unit_id) + pdu
    reply_prefix = struct.pack(">HHBBB", 0, 3 + data_bytes, unit_id, function, data_bytes)
    reply_bytes = NO_REPLY_BYTES if function in BIT_FUNCTIONS else 2 + len(reply_prefix) + data_bytes
    return PreparedRequest(adu_tail, reply_prefix, reply_bytes)
