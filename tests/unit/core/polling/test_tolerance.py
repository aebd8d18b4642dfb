"""What a device may get wrong in its replies: taken with its tolerance, refused without; and no more than that."""

from __future__ import annotations

import struct

import pytest

from ess_ray.core.maps.plan import Request
from ess_ray.core.polling.framing import Tolerance
from ess_ray.core.polling.tcp_framing import TcpFraming
from ess_ray.core.reasons import Reason
from tests.unit.core.polling.test_framing import GOOD_PDU, REQUEST, UNIT, PlainCodec

ANY_UNIT, ANY_ID, ANY_LENGTH = Tolerance
ALL = (*Tolerance,)
SENT = 3  # requests; the last is in flight, with this transaction id


def adu(transaction: int = SENT, unit: int = UNIT, more: int = 0, pdu: bytes = GOOD_PDU) -> bytes:
    """A reply whose length field says `more` than it should."""
    return struct.pack(">HHHB", transaction, 0, 1 + len(pdu) + more, unit) + pdu


def sending(*tolerate: Tolerance, request: Request = REQUEST) -> TcpFraming:
    framing = TcpFraming(PlainCodec(), frozenset(tolerate))
    for _ in range(SENT):
        framing.encode(framing.prepare(UNIT, request))
    return framing


@pytest.mark.parametrize("tolerate", [(), (ANY_UNIT,), (ANY_ID,), (ANY_LENGTH,), ALL], ids="+".join)
@pytest.mark.parametrize(
    ("reply", "needed", "otherwise"),
    [
        (adu(), (), None),
        (adu(unit=7), (ANY_UNIT,), Reason.BAD_UNIT),
        (adu(transaction=0), (ANY_ID,), Reason.BAD_TRANSACTION),
        (adu(transaction=SENT + 1), (ANY_ID,), Reason.BAD_TRANSACTION),
        (adu(transaction=SENT - 1), (ANY_ID,), Reason.TIMEOUT),  # a late reply is dropped
        (adu(more=1), (ANY_LENGTH,), "answer incomplete: 13 of 14 bytes"),
        (adu(more=1000), (ANY_LENGTH,), Reason.BAD_LENGTH),
        (adu(0xFFFF, 0, -7), ALL, Reason.BAD_LENGTH),
        (adu(pdu=b"\x03" + GOOD_PDU[1:], transaction=8), None, Reason.BAD_TRANSACTION),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", None, Reason.BAD_PROTOCOL),
    ],
)
def test_a_reply_is_taken_exactly_if_what_is_wrong_with_it_is_tolerated(
    tolerate: tuple[Tolerance, ...], reply: bytes, needed: tuple[Tolerance, ...] | None, otherwise: str | None
) -> None:
    framing = sending(*tolerate)
    for piece in (reply[:5], reply[5:]):
        framing.feed(piece)
        pdu = framing.next_pdu(1, UNIT)
    if needed is not None and set(needed) <= set(tolerate):
        assert (pdu, framing.incomplete) == (GOOD_PDU, False)
    elif needed is None:
        assert isinstance(pdu, str)
    elif needed == ALL:
        assert pdu != GOOD_PDU
    else:
        assert (pdu or framing.timeout_reason) == otherwise


def test_late_replies_cannot_be_told_without_ids() -> None:
    told = {tolerance: sending(tolerance).tells_late_replies for tolerance in Tolerance}
    assert told == {ANY_UNIT: True, ANY_ID: False, ANY_LENGTH: True}


def test_without_ids_a_duplicate_is_no_reply_to_the_next_request() -> None:
    framing = sending(ANY_ID)
    framing.feed(adu() + adu())
    assert framing.next_pdu(1, UNIT) == GOOD_PDU
    framing.encode(framing.prepare(UNIT, REQUEST))
    assert framing.next_pdu(1, UNIT) == Reason.BAD_TRANSACTION


def test_without_ids_what_comes_while_nothing_is_in_flight_is_no_reply() -> None:
    framing = sending(ANY_ID)
    framing.feed(adu())
    assert framing.next_pdu(0, 0) == Reason.BAD_TRANSACTION


@pytest.mark.parametrize("tolerate", [(ANY_ID,), (ANY_ID, ANY_LENGTH), ALL], ids="+".join)
@pytest.mark.parametrize("transaction", [0, SENT + 1, 0x0500])
@pytest.mark.parametrize("surplus", [b"\0", b"\0\0", b"\0\0\0", bytes(4), b"\r\n"])
def test_without_ids_a_few_bytes_between_two_replies_are_dropped(
    surplus: bytes, transaction: int, tolerate: tuple[Tolerance, ...]
) -> None:
    framing = sending(*tolerate)
    framing.feed(adu(7) + surplus)
    assert framing.next_pdu(1, UNIT) == GOOD_PDU
    framing.encode(framing.prepare(UNIT, REQUEST))
    assert (framing.next_pdu(1, UNIT), framing.surplus, framing.timeout_reason) == (None, surplus, "timeout")
    framing.surplus = b""
    framing.feed(surplus + adu(transaction))
    assert (framing.next_pdu(1, UNIT), framing.surplus, framing.incomplete) == (GOOD_PDU, surplus, False)
