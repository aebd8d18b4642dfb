"""Framing's promises: ids, cutting the byte stream, and which reply belongs to which request. Byte by byte, by hand."""

from __future__ import annotations

import struct

import pytest

from ess_ray.core.maps.plan import Request
from ess_ray.core.polling.framing import PreparedRequest, Tolerance
from ess_ray.core.polling.framings import FRAMINGS
from ess_ray.core.polling.rtu_framing import RtuFraming
from ess_ray.core.polling.tcp_framing import TcpFraming
from ess_ray.core.reasons import Reason
from tests.fuzz_frames import WIRES, Wire, sealed

UNIT = 9
REQUEST = Request(4, 0x0102, 2, (), 0)
GOOD_PDU = bytes.fromhex("04 04 000a 000b")


class PlainCodec:
    """PDUs by struct; every reply is good."""

    def build(self, request: Request) -> bytes:
        return struct.pack(">BHH", request.function, request.address, request.count)

    def check(self, pdu: bytes, request: Request) -> bytes | int | Reason:
        return pdu[2:]


def adu(transaction: int, pdu: bytes = GOOD_PDU, protocol: int = 0, unit: int = UNIT) -> bytes:
    return struct.pack(">HHHB", transaction, protocol, 1 + len(pdu), unit) + pdu


def sending(requests: int, *tolerate: Tolerance) -> TcpFraming:
    """A framing whose connection has sent so many requests, with the transaction ids 1, 2, 3 …"""
    framing = TcpFraming(PlainCodec(), frozenset(tolerate))
    prepared = framing.prepare(UNIT, REQUEST)
    for _ in range(requests):
        framing.encode(prepared)
    return framing


def test_every_framing_is_chosen_by_its_name() -> None:
    assert dict(FRAMINGS) == {"tcp": TcpFraming, "tls": TcpFraming, "rtu": RtuFraming}


def test_a_prepared_request_lacks_only_its_transaction_id() -> None:
    framing = TcpFraming(PlainCodec())
    prepared = framing.prepare(UNIT, REQUEST)
    assert prepared == PreparedRequest(
        adu_tail=bytes.fromhex("0000 0006 09 04 0102 0002"),
        reply_prefix=bytes.fromhex("0000 0007 09 04 04"),
        reply_bytes=13,
    )
    assert framing.encode(prepared) == bytes.fromhex("0001 0000 0006 09 04 0102 0002")
    assert (framing.reply_prefix, len(adu(1))) == (bytes.fromhex("0001 0000 0007 09 04 04"), prepared.reply_bytes)


def test_transaction_ids_run_from_1_to_65535_and_begin_again() -> None:
    framing = sending(0xFFFE)
    prepared = framing.prepare(UNIT, REQUEST)
    assert [framing.encode(prepared)[:2] for _ in range(2)] == [b"\xff\xff", b"\0\1"]


@pytest.mark.parametrize("in_flight", [1, 2, 3])
def test_a_reply_is_taken_if_it_is_to_the_oldest_request_in_flight(in_flight: int) -> None:
    framing = sending(7)
    framing.feed(adu(8 - in_flight))
    assert framing.next_pdu(in_flight, UNIT) == GOOD_PDU
    assert framing.next_pdu(in_flight - 1, UNIT) is None


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (adu(2), None),  # a duplicate of the reply before
        (adu(1) + adu(2) + adu(3), GOOD_PDU),  # duplicates in front of the right one
        (adu(4), Reason.BAD_TRANSACTION),  # to a request that was never sent
        (adu(0xFFFF), Reason.BAD_TRANSACTION),
        (adu(3, unit=8), Reason.BAD_UNIT),
        (adu(3, protocol=1), Reason.BAD_PROTOCOL),
        (b"HTTP/1.1 400 Bad Request", Reason.BAD_PROTOCOL),
        (adu(3, b""), None),  # no room for a PDU: it may be that of an exception
        (adu(3, b"") + bytes(20), Reason.BAD_LENGTH),
        (adu(3, bytes(254)), Reason.BAD_LENGTH),  # 253 bytes is the longest PDU
        (adu(3, bytes(253)), bytes(253)),
        (adu(3)[:-1], None),  # not complete yet
        (adu(3)[:6], None),
    ],
)
def test_what_is_no_reply_to_the_request_in_flight_is_not_taken(
    received: bytes, expected: bytes | Reason | None
) -> None:
    framing = sending(3)
    framing.feed(received)
    assert framing.next_pdu(1, UNIT) == expected


def test_a_reply_cut_anywhere_is_the_same_reply() -> None:
    for cut in range(1, len(adu(1))):
        framing = sending(1)
        framing.feed(adu(1)[:cut])
        assert (framing.next_pdu(1, UNIT), framing.incomplete) == (None, True)
        framing.feed(adu(1)[cut:])
        assert (framing.next_pdu(1, UNIT), framing.incomplete) == (GOOD_PDU, False)


def test_a_new_connection_knows_no_reply_of_the_old_one() -> None:
    framing = sending(3)
    framing.feed(adu(3)[:5])
    framing.restart()
    assert not framing.incomplete
    framing.encode(framing.prepare(UNIT, REQUEST))
    framing.feed(adu(3))
    assert framing.next_pdu(1, UNIT) is Reason.BAD_TRANSACTION


def test_nothing_is_a_reply_while_nothing_is_in_flight() -> None:
    framing = sending(3)
    framing.feed(adu(3))
    assert framing.next_pdu(0, 0) is None  # a duplicate
    framing.feed(adu(4))
    assert framing.next_pdu(0, 0) is Reason.BAD_TRANSACTION


def test_bits_are_never_taken_by_a_prefix() -> None:
    prepared = TcpFraming(PlainCodec()).prepare(UNIT, Request(1, 0, 9, (), 0))
    assert prepared.reply_prefix == bytes.fromhex("0000 0005 09 01 02")
    assert prepared.reply_bytes < 0  # no reply has this length: they have to be unpacked


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 0xFFFF])
def test_an_exception_reply_has_nine_bytes_whatever_its_length_field_says(length: int) -> None:
    framing = sending(1)
    framing.feed(struct.pack(">HHHBBB", 1, 0, length, UNIT, 0x84, 2))
    assert framing.next_pdu(1, UNIT) == b"\x84\2"
    assert not framing.incomplete


@pytest.mark.parametrize("surplus", [b"\0", b"\0\0", b"\0\2", bytes(8), b"\r\n"])
@pytest.mark.parametrize("cut", range(-8, 13))
def test_a_few_bytes_between_two_replies_are_dropped(surplus: bytes, cut: int) -> None:
    framing = sending(1)
    framing.feed(adu(1) + surplus[:cut])
    assert framing.next_pdu(1, UNIT) == GOOD_PDU
    assert framing.next_pdu(0, 0) is None
    framing.encode(framing.prepare(UNIT, REQUEST))
    later = surplus[cut:] + adu(2)
    framing.feed(later[:cut])
    assert framing.next_pdu(1, UNIT) is None
    framing.feed(later[cut:])
    assert (framing.next_pdu(1, UNIT), framing.surplus, framing.incomplete) == (GOOD_PDU, surplus, False)


def test_more_bytes_between_two_replies_are_not_dropped() -> None:
    framing = sending(2)
    framing.feed(bytes(9) + adu(2))
    assert framing.next_pdu(1, UNIT) == Reason.BAD_LENGTH


@pytest.mark.parametrize(
    ("received", "reason"),
    [
        (b"", "timeout"),
        (adu(1)[:1], "answer incomplete: 1 of 13 bytes"),
        (adu(1)[:12], "answer incomplete: 12 of 13 bytes"),
        (adu(1)[:5] + b"\x08" + adu(1)[6:], "answer incomplete: 13 of 14 bytes"),
        (adu(1, b"\x84\2")[:8], "answer incomplete: 8 of 9 bytes"),
        (adu(7)[:8] + b"\0", "bad transaction"),
    ],
)
def test_after_a_time_out_the_reason_says_what_has_come(received: bytes, reason: str) -> None:
    framing = sending(1)
    framing.feed(received)
    framing.next_pdu(1, UNIT)
    assert (framing.timeout_reason, framing.tells_late_replies) == (reason, not received)


def test_what_came_behind_the_reply_before_is_no_part_of_the_next() -> None:
    framing = sending(1)
    framing.feed(adu(1) + b"\0\0")
    assert framing.next_pdu(1, UNIT) == GOOD_PDU
    framing.encode(framing.prepare(UNIT, REQUEST))
    assert (framing.timeout_reason, framing.tells_late_replies) == (Reason.TIMEOUT, True)
    framing.feed(adu(2)[:6])
    framing.next_pdu(1, UNIT)
    assert not framing.tells_late_replies
    assert framing.timeout_reason == "answer incomplete: 6 of 13 bytes"


@pytest.mark.parametrize("wire", WIRES, ids=str)
@pytest.mark.parametrize("pdu", [GOOD_PDU, b"\x84\2", bytes(12)])
def test_nothing_is_a_reply_before_the_first_request(wire: Wire, pdu: bytes) -> None:
    received = adu(1, pdu) if wire.framing == "tcp" else sealed(bytes([UNIT]) + pdu)
    for end in range(1, len(received) + 1):
        framing = FRAMINGS[wire.framing](PlainCodec(), wire.tolerate)
        framing.feed(received[:end])
        reason = framing.next_pdu(0, 0)
        assert not isinstance(reason, bytes)
        assert reason or framing.timeout_reason == Reason.TIMEOUT
