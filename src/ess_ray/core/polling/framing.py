"""How requests and replies travel on a connection: the only place that knows headers, ids and the lengths of frames.

A PDU is a Modbus function and its parameters, the same on every wire; `PduCodec` builds and checks them
(`adapters.modbus.pdu`). An ADU is what goes over the wire: Modbus TCP puts an MBAP header in front of the PDU. A
`Framing` makes ADUs of requests, cuts what is received into ADUs, and tells which of them is the reply to a request
that is in flight. It knows neither time nor polls; it is used by `core.polling.connection` and by `job=probe`'s reader.

Another framing is a class that keeps the promises of `Framing`, its name in `core.polling.framings.FRAMINGS`, and that
name as `DeviceSettings.framing`. What a device does that its framing forbids is a member of `Tolerance`.
"""

from __future__ import annotations

from collections.abc import Set
from enum import StrEnum
from typing import ClassVar, NamedTuple, Protocol

from ess_ray.core.maps.plan import Request
from ess_ray.core.maps.registers import READ_COILS, READ_INPUT_REGISTERS

NO_REPLY_BYTES = -1  # no reply has this length
PREPARED_REQUESTS = 16384  # that are remembered: devices of one register map are sent the same requests
READ_FUNCTIONS = range(READ_COILS, READ_INPUT_REGISTERS + 1)
EXCEPTION = 0x80  # this bit of the function makes a PDU of two bytes an exception reply; V1.1b3, 7
MOST_SURPLUS = 8  # bytes between two replies that are dropped: less than the shortest ADU of Modbus TCP has


class PreparedRequest(NamedTuple):
    """A request of one unit as bytes, complete but for what differs each time it is sent (the transaction id)."""

    adu_tail: bytes  # of the request, behind the transaction id
    reply_prefix: bytes  # of a good reply, behind the transaction id and up to its data
    # Length of the good reply that is taken by its prefix alone: what follows the prefix are the request's data.
    # NO_REPLY_BYTES: every reply has to be checked, as when bits have to be unpacked or a checksum follows.
    reply_bytes: int


class Tolerance(StrEnum):
    """What may be wrong in the replies of a device that is known for it: `DeviceSettings.tolerate`."""

    meaning: str

    def __new__(cls, text: str, meaning: str) -> Tolerance:
        """A member that is the text and has its meaning as an attribute."""
        tolerance = str.__new__(cls, text)
        tolerance._value_ = text
        tolerance.meaning = meaning
        return tolerance

    UNIT_ID = "unit_id", "replies may carry any unit id"
    TRANSACTION_ID = "transaction_id", "replies may carry any transaction id, so one request is in flight at a time"
    LENGTH = "length", "the length field is not believed, a reply is as long as its count of bytes says"


TOLERANCES = "; ".join(f"{tolerance}: {tolerance.meaning}" for tolerance in Tolerance)


class PduCodec(Protocol):
    """Builds the PDUs of read requests and checks the PDUs of their replies."""

    def build(self, request: Request) -> bytes:
        """The request's PDU. Raises ValueError for a function that does not read (only 1-4 do)."""

    def check(self, pdu: bytes, request: Request) -> bytes | int | str:
        """The data of a good reply (bits unpacked, one a byte), the code of an exception, or why it is no reply.

        Why: the text of a reason (`core.reasons`).
        """


class Framing(Protocol):
    """The frames of one connection: of requests that are sent, and of replies to those in flight, in their order."""

    numbered: ClassVar[bool]  # requests have ids, which replies repeat; else only one may be in flight
    tolerable: ClassVar[Set[Tolerance]]  # by this framing
    surplus: bytes  # what was dropped last since it belongs to no reply; the caller empties it once that is told

    def __init__(self, codec: PduCodec, tolerate: Set[str] = frozenset()) -> None:
        """`codec` checks the PDUs that `next_pdu` gives; `tolerate`: of `tolerable`, for all devices behind it."""

    @property
    def codec(self) -> PduCodec:
        """Checks the PDUs that `next_pdu` gives."""

    @property
    def reply_prefix(self) -> bytes:
        """How a good reply begins to the request encoded last; see `PreparedRequest.reply_bytes`."""

    @property
    def incomplete(self) -> bool:
        """True while bytes have been fed that are no whole reply, mostly the beginning of one."""

    @property
    def tells_late_replies(self) -> bool:
        """True if a reply that comes behind its time limit is never taken for the reply to a later request.

        False: after a time-out only a new connection is safe; also while a part of a reply is there.
        """

    @property
    def timeout_reason(self) -> str:
        """Why there is no reply now that its time is over: TIMEOUT if nothing has come, else what has come.

        The text of a reason: "timeout", "answer incomplete: 11 of 12 bytes", or as `next_pdu` gives it.
        """

    def prepare(self, unit_id: int, request: Request) -> PreparedRequest:
        """The request to a unit as bytes, to be sent any number of times. Raises ValueError as `PduCodec.build`."""

    def restart(self) -> None:
        """The connection is a new one: what was received on the old one is forgotten."""

    def encode(self, prepared: PreparedRequest) -> bytes:
        """The ADU to be sent now, with an id of its own if the framing has ids."""

    def feed(self, data: bytes) -> None:
        """Bytes that were received, cut anywhere."""

    def next_pdu(self, in_flight: int, unit_id: int) -> bytes | str | None:
        """The PDU of the next reply: to the oldest of the `in_flight` requests that were encoded last, for `unit_id`.

        None: there is no complete one yet. The text of a reason: what was received is no reply to it, and nothing that
        follows on this connection can be trusted. Replies to requests before those in flight are duplicates and
        dropped if ids tell them, and so are up to MOST_SURPLUS bytes between two replies (`surplus`); with 0 in flight
        all else gives a reason.
        """
