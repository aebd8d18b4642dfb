"""RTU over TCP: checksums, lengths, and that nothing is taken for a reply that came before its request."""

from __future__ import annotations

import pytest

from ess_ray.core.maps.plan import Request
from ess_ray.core.polling.framing import NO_REPLY_BYTES, Tolerance
from ess_ray.core.polling.rtu_framing import RtuFraming, crc
from ess_ray.core.reasons import Reason
from tests.unit.core.polling.test_framing import GOOD_PDU, REQUEST, UNIT, PlainCodec


def adu(pdu: bytes = GOOD_PDU, unit: int = UNIT) -> bytes:
    return bytes([unit]) + pdu + crc(bytes([unit]) + pdu)


def sending(*tolerate: Tolerance, request: Request = REQUEST) -> RtuFraming:
    framing = RtuFraming(PlainCodec(), frozenset(tolerate))
    framing.encode(framing.prepare(UNIT, request))
    return framing


def test_the_checksum_is_that_of_the_specification() -> None:
    assert crc(bytes.fromhex("0207")) == bytes.fromhex("4112")  # MODBUS over Serial Line V1.02, 6.2.2
    assert crc(bytes.fromhex("01 04 02 ff ff")) == bytes.fromhex("b8 80")


def test_a_request_is_sent_with_its_checksum_and_every_reply_is_checked() -> None:
    framing = RtuFraming(PlainCodec())
    prepared = framing.prepare(1, Request(4, 0, 1, (), 0))
    assert framing.encode(prepared) == bytes.fromhex("01 04 0000 0001 31ca")
    assert prepared.reply_bytes == NO_REPLY_BYTES


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (adu(), GOOD_PDU),
        (adu(b"\x84\2"), b"\x84\2"),
        (adu(b"\x04\2\0\1"), b"\x04\2\0\1"),  # of another length: the codec says so
        (b"\0" + adu(), GOOD_PDU),
        (b"\x09\x09" + adu(), GOOD_PDU),
        (bytes(8) + adu(b"\x84\2"), b"\x84\2"),
        (adu()[:-1], None),
        (adu()[:-1] + b"\0", Reason.BAD_CHECKSUM),
        (adu(b"\x84\2")[:-1] + b"\0", Reason.BAD_CHECKSUM),
        (adu(unit=8), Reason.BAD_UNIT),
        (adu(b"\3" + GOOD_PDU[1:]), Reason.BAD_FUNCTION),
        (b"\0\3\0\0\0\7\x09" + GOOD_PDU + bytes(9), Reason.BAD_CHECKSUM),  # Modbus TCP
        (b"HTTP/1.1 400 Bad Request", Reason.BAD_PROTOCOL),
    ],
)
@pytest.mark.parametrize("step", [1, 4, 100])
def test_a_reply_is_taken_by_unit_function_and_checksum(
    received: bytes, expected: bytes | Reason | None, step: int
) -> None:
    framing = sending()
    pdu: bytes | str | None = None
    for start in range(0, len(received), step):
        framing.feed(received[start : start + step])
        if pdu := framing.next_pdu(1, UNIT):
            break
    assert pdu == expected
    assert framing.surplus == (received[: -len(adu(expected))] if isinstance(expected, bytes) else b"")


def test_any_unit_may_reply_if_that_is_tolerated() -> None:
    framing = sending(Tolerance.UNIT_ID)
    framing.feed(b"\0" + adu(unit=8))
    assert framing.next_pdu(1, UNIT) == GOOD_PDU


def test_what_came_before_its_request_is_no_reply() -> None:
    framing = sending()
    framing.feed(adu() + adu())
    assert framing.next_pdu(1, UNIT) == GOOD_PDU
    framing.encode(framing.prepare(UNIT, REQUEST))
    assert framing.next_pdu(1, UNIT) == Reason.BAD_TRANSACTION
    framing.restart()
    framing.feed(adu())
    assert framing.next_pdu(0, 0) == Reason.BAD_TRANSACTION
    assert not framing.tells_late_replies


@pytest.mark.parametrize(
    ("received", "reason"),
    [
        (b"", "timeout"),
        (adu()[:1], "answer incomplete: 1 of 9 bytes"),
        (adu()[:8], "answer incomplete: 8 of 9 bytes"),
        (adu(b"\x84\2")[:3], "answer incomplete: 3 of 5 bytes"),
        (b"\x09\x04\x10" + bytes(9), "answer incomplete: 12 of 21 bytes"),
    ],
)
def test_after_a_time_out_the_reason_says_what_has_come(received: bytes, reason: str) -> None:
    framing = sending()
    framing.feed(b"\0\0")
    framing.next_pdu(0, 0)
    framing.encode(framing.prepare(UNIT, REQUEST))
    framing.feed(received)
    framing.next_pdu(1, UNIT)
    assert framing.timeout_reason == reason
