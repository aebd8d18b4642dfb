"""What a poll makes of bytes that are not just replies: a part of one, another length, bytes that belong to none."""

from __future__ import annotations

import pytest

from ess_ray.core.polling.connection import Connection
from ess_ray.core.polling.counts import request_failure
from ess_ray.core.polling.framing import Framing, Tolerance
from ess_ray.core.polling.rtu_framing import RtuFraming
from ess_ray.core.polling.tcp_framing import TcpFraming
from ess_ray.core.reasons import Reason
from ess_ray.core.samples import EventKind, Status
from tests.make import make_device
from tests.unit.core.polling.test_connection import PLAN, START_US, PlainCodec, Play, S

BEHIND = b"\xaa\0\xbb"


@pytest.fixture(params=["1 fast", "1", "2 fast", "2"], autouse=True)
def _ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many requests are in flight, with and without the fast path."""
    monkeypatch.setattr(Play, "at_once", int(request.param[0]))
    monkeypatch.setattr(Play, "fast_path", "fast" in request.param)


def replies(play: Play, behind: bytes, apart: bool) -> None:
    """Reply to all that is sent, with these bytes behind each reply: in one piece with it, or in the next."""
    while play.in_flight:
        for piece in (play.reply_bytes(), behind) if apart else (play.reply_bytes() + behind,):
            play.connection.received(piece, play.now)


@pytest.mark.parametrize("apart", [False, True])
def test_bytes_behind_replies_cost_nothing_and_are_told_once(apart: bool) -> None:
    play = Play().at(0).connected()
    for second in range(5):
        play.at(second)
        replies(play, BEHIND, apart)
    assert [(sample.status, sample.reason, sample.retries) for sample in play.samples] == [(Status.STORED, None, 0)] * 5
    assert (play.connects, play.closes) == (1, 0)
    assert [(event.kind, event.detail) for event in play.events] == [(EventKind.SURPLUS_BYTES, "3 bytes: aa 00 bb")]


@pytest.mark.parametrize(("kind", "tolerate"), [(RtuFraming, set()), (TcpFraming, {Tolerance.TRANSACTION_ID})])
def test_bytes_that_come_before_the_first_request_are_told_with_its_poll(
    kind: type[Framing], tolerate: set[Tolerance]
) -> None:
    play, framing = Play(), kind(PlainCodec(), tolerate)
    play.connection = Connection(framing, play, play.deliver, fast_path=Play.fast_path)
    play.connection.change([make_device(plan=PLAN)], START_US + S, START_US + 2 * S)
    play.connection.connect_ahead(play.now)
    play.connected().connection.received(BEHIND, play.now)
    play.at(3)
    assert [event.kind for event in play.events] == [EventKind.SURPLUS_BYTES]


def test_a_device_that_sends_more_and_more_behind_its_replies_is_not_believed() -> None:
    play = Play().at(0).connected()
    replies(play, b"", apart=False)
    play.connection.received(bytes(20), play.now)
    assert play.closes == 1


@pytest.mark.parametrize("received", [1, 7, 16])
def test_a_part_of_a_reply_is_no_silence(received: int) -> None:
    play = Play(retries=0, timeout_us=300_000).at(0)
    for second in range(5):
        play.at(second)
        if play.connecting:
            play.connected()
        play.connection.received(play.reply_bytes()[:received], play.now)
        play.at(second + 0.35)  # what follows is for another connection
        play.connection.connect_failed(Reason.REFUSED, play.now)
    assert {sample.status for sample in play.samples} == {Status.FAILED}
    assert {sample.reason for sample in play.samples[1:]} == {f"answer incomplete: {received} of 17 bytes"}
    unknown = received == 1 and Play.at_once == 2  # the first poll's: of which of the two in flight?
    assert play.samples[0].reason == ("answer incomplete" if unknown else play.samples[1].reason)
    assert play.events == []  # the device is there
    (counts,) = [device.counts for device in play.connection.polled.devices]
    assert counts.counts[request_failure("answer incomplete")] == len(play.samples) == 5


def test_silence_after_a_part_of_a_reply_does_not_make_it_a_time_out() -> None:
    play = Play(retries=1, timeout_us=300_000).at(0).connected()
    first = play.in_flight[0]
    play.connection.received(play.reply_bytes()[:7], play.now)
    play.at(0.3).connected()
    while play.in_flight and play.in_flight[0][8:] != first[8:]:
        play.reply()  # the others go first
    play.at(1.9)
    assert play.samples[0].reason == "answer incomplete: 7 of 17 bytes"


def test_what_came_behind_the_reply_before_is_no_part_of_the_next() -> None:
    play = Play(retries=0, timeout_us=300_000).at(0).connected()
    play.connection.received(b"".join([play.reply_bytes() for _ in range(len(play.in_flight))]) + BEHIND, play.now)
    play.at(0.35)
    if play.connecting:
        play.connected()
    play.at(0.9)
    assert [(sample.status, sample.reason) for sample in play.samples] == [(Status.PARTIAL, "timeout")]
