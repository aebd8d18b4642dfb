"""How requests and replies travel on a connection: the only place that knows headers, ids and the lengths of frames.

A PDU is a Modbus function and its parameters, the same on every wire; `PduCodec` builds and checks them
(`adapters.modbus.pdu`). An ADU is what goes over the wire: Modbus TCP puts an MBAP header in front of the PDU. A
`Framing` makes ADUs of requests, cuts what is received into ADUs, and tells which of them is the reply to a request
that is in flight. It knows neither time nor polls; it is used by `core.polling.connection` and by `job=probe`'s reader.

Another framing is a class that keeps the promises of `Framing`, its name in FRAMINGS, and that name as
`DeviceSettings.framing`. All numbers of Modbus TCP have their high byte first.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple, Protocol

from ess_ray.core.maps.plan import Request
from ess_ray.core.maps.registers import BIT_FUNCTIONS
from ess_ray.core.reasons import Reason

MBAP = struct.Struct(">HHH")  # transaction id, protocol id (0), how many bytes follow: unit id and PDU
MBAP_BYTES = 7  # with the unit id; MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3
MAX_ADU_BYTES = 260  # the same, 4.3.2: MBAP header and a PDU of at most 253 bytes
TRANSACTION_IDS = 0xFFFF  # 1 to 0xFFFF, then 1 again
NO_REPLY_BYTES = -1  # no reply has this length
PREPARED_REQUESTS = 16384  # that are remembered: devices of one register map are sent the same requests


class PreparedRequest(NamedTuple):
    """A request of one unit as bytes, complete but for what differs each time it is sent (the transaction id)."""

    adu_tail: bytes  # of the request, behind the transaction id
    reply_prefix: bytes  # of a good reply, behind the transaction id and up to its data
    # Length of the good reply that is taken by its prefix alone: what follows the prefix are the request's data.
    # NO_REPLY_BYTES: every reply has to be checked, as when bits have to be unpacked or a checksum follows.
    reply_bytes: int


class PduCodec(Protocol):
    """Builds the PDUs of read requests and checks the PDUs of their replies."""

    def build(self, request: Request) -> bytes:
        """The request's PDU. Raises ValueError for a function that does not read (only 1-4 do)."""

    def check(self, pdu: bytes, request: Request) -> bytes | int | Reason:
        """The data of a good reply (bits unpacked, one a byte), the code of an exception, or why it is no reply."""


class Framing(Protocol):
    """The frames of one connection: of requests that are sent, and of replies to those in flight, in their order."""

    @property
    def codec(self) -> PduCodec:
        """Checks the PDUs that `next_pdu` gives."""

    @property
    def reply_prefix(self) -> bytes:
        """How a good reply begins to the request encoded last; see `PreparedRequest.reply_bytes`."""

    @property
    def incomplete(self) -> bool:
        """True while the beginning of a frame has been fed and the rest of it has not."""

    def prepare(self, unit_id: int, request: Request) -> PreparedRequest:
        """The request to a unit as bytes, to be sent any number of times. Raises ValueError as `PduCodec.build`."""

    def restart(self) -> None:
        """The connection is a new one: what was received on the old one is forgotten."""

    def encode(self, prepared: PreparedRequest) -> bytes:
        """The ADU to be sent now, with an id of its own if the framing has ids."""

    def feed(self, data: bytes) -> None:
        """Bytes that were received, cut anywhere."""

    def next_pdu(self, in_flight: int, unit_id: int) -> bytes | Reason | None:
        """The PDU of the next reply: to the oldest of the `in_flight` requests that were encoded last, for `unit_id`.

        None: there is no complete one yet. A reason: what was received is no reply to it, and nothing that follows on
        this connection can be trusted. Replies to requests before those in flight are duplicates and dropped; with 0 in
        flight any other reply gives a reason.
        """


class TcpFraming:
    """Modbus TCP: an MBAP header with a transaction id, which the device repeats in its reply."""

    __slots__ = ("_buffer", "_sent", "_sent_before", "codec", "incomplete", "reply_prefix")

    def __init__(self, codec: PduCodec) -> None:
        self.codec = codec
        # Requests encoded so far; the transaction id of the last one is this number, from 1 to 0xFFFF and round again.
        self._sent = 0
        self._sent_before = 0  # `_sent` when the connection was new: tells duplicates from replies to nothing
        self._buffer = bytearray()
        self.incomplete = False  # the buffer is not empty; a property would cost a call every poll
        self.reply_prefix = b""

    def prepare(self, unit_id: int, request: Request) -> PreparedRequest:
        """All of the ADU but its transaction id; a reply with registers is taken by its prefix."""
        return _prepare(unit_id, self.codec.build(request), request.reply_bytes)

    def restart(self) -> None:
        """The connection is a new one; transaction ids go on, so that no old reply fits a new request."""
        self._buffer.clear()
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

    def next_pdu(self, in_flight: int, unit_id: int) -> bytes | Reason | None:
        """The PDU of the reply to the oldest request in flight; duplicates are dropped, see `Framing`."""
        while (adu := self._cut_adu()) is not None:
            if isinstance(adu, Reason):
                return adu
            transaction = int.from_bytes(adu[:2], "big")
            if in_flight and transaction == (self._sent - in_flight) % TRANSACTION_IDS + 1:
                return adu[MBAP_BYTES:] if adu[MBAP_BYTES - 1] == unit_id else Reason.BAD_UNIT
            sent_since = (self._sent - transaction) % TRANSACTION_IDS
            if not in_flight <= sent_since < self._sent - self._sent_before:
                return Reason.BAD_TRANSACTION
        return None

    def _cut_adu(self) -> bytes | Reason | None:
        """Takes the first ADU out of the buffer; None: it is not complete. A reason: this is no Modbus TCP."""
        buffer = self._buffer
        if len(buffer) < MBAP_BYTES:
            return None
        _, protocol, following = MBAP.unpack_from(buffer)
        adu_bytes = MBAP.size + following
        if protocol or not MBAP_BYTES < adu_bytes <= MAX_ADU_BYTES:
            return Reason.BAD_PROTOCOL if protocol else Reason.BAD_LENGTH
        if len(buffer) < adu_bytes:
            return None
        adu = bytes(buffer[:adu_bytes])
        del buffer[:adu_bytes]
        self.incomplete = bool(buffer)
        return adu


@lru_cache(maxsize=PREPARED_REQUESTS)
def _prepare(unit_id: int, pdu: bytes, data_bytes: int) -> PreparedRequest:
    """A request (V1.1b3, 6.1-6.4) and the beginning of its good reply: function and how many bytes of data follow."""
    function = pdu[0]
    adu_tail = struct.pack(">HHB", 0, 1 + len(pdu), unit_id) + pdu
    reply_prefix = struct.pack(">HHBBB", 0, 3 + data_bytes, unit_id, function, data_bytes)
    reply_bytes = NO_REPLY_BYTES if function in BIT_FUNCTIONS else 2 + len(reply_prefix) + data_bytes
    return PreparedRequest(adu_tail, reply_prefix, reply_bytes)


FRAMINGS: Mapping[str, Callable[[PduCodec], Framing]] = {"tcp": TcpFraming}  # by `DeviceSettings.framing`
