"""A connection's promises, played without sockets or clock: a script of moments, replies and silence."""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import replace

import pytest

from ess_ray.core.maps.plan import Plan, Request
from ess_ray.core.polling.cadence import Now
from ess_ray.core.polling.connection import Connection
from ess_ray.core.polling.counts import (
    CONNECTIONS,
    REGISTERS,
    REQUESTS,
    RETRIES,
    PollerCounts,
    request_failure,
)
from ess_ray.core.polling.tcp_framing import TcpFraming
from ess_ray.core.reasons import Reason
from ess_ray.core.samples import Device, Event, EventKind, Sample, Status
from tests.make import make_device

S = 1_000_000
START_US = 1_700_000_000 * S
ATOMS = tuple((address, 1) for address in range(4))
PLAN = Plan(
    requests=(
        Request(4, 0, 4, ATOMS, 0),
        Request(4, 100, 2, ((100, 2),), 8),
        Request(4, 200, 1, ((200, 1),), 12),
    ),
    image_bytes=14,
    layout="test",
)

SIX = Plan(tuple(Request(4, 100 * n, 2, ((100 * n, 1), (100 * n + 1, 1)), 4 * n) for n in range(6)), 24, "six")


class PlainCodec:
    """PDUs by struct, independent of the library that the product uses."""

    def build(self, request: Request) -> bytes:
        return struct.pack(">BHH", request.function, request.address, request.count)

    def check(self, pdu: bytes, request: Request) -> bytes | int | Reason:
        if pdu[0] == request.function | 0x80:
            return pdu[1]
        return pdu[2:] if pdu[0] == request.function else Reason.BAD_FUNCTION


class Play:
    """A connection, a transport that only takes notes, and the time."""

    at_once = 1
    fast_path = True

    def __init__(self, units: int = 1, seconds: int = 60, **settings: int | bool) -> None:
        self.samples: list[Sample] = []
        self.events: list[Event] = []
        self.sent: list[bytes] = []
        self.in_flight: deque[bytes] = deque()  # requests of this connection without a reply
        self.connects = self.closes = self.us = self.clock_us = 0
        self.connecting = False
        devices = [
            make_device(Device("site", f"unit{n}"), unit_id=n, plan=PLAN, **settings) for n in range(1, units + 1)
        ]
        if not settings.keys() & {"request_pause_us", "requests_at_once"}:
            devices = [replace(device, requests_at_once=self.at_once) for device in devices]
        self.counts = PollerCounts()
        self.connection = Connection(TcpFraming(PlainCodec()), self, self.deliver, self.counts, self.fast_path)
        self.connection.change(devices, START_US, START_US + seconds * S)

    def deliver(self, item: Sample | Event) -> None:
        if isinstance(item, Sample):
            self.samples.append(item)
        else:
            self.events.append(item)

    def connect(self) -> None:
        self.connects += 1
        self.connecting = True

    def send(self, frame: bytes) -> None:
        self.in_flight.clear()  # what was not replied to by now is waited for no longer
        requests = [frame[start : start + 12] for start in range(0, len(frame), 12)]
        self.sent.extend(requests)
        self.in_flight.extend(requests)

    def close(self) -> None:
        self.closes += 1
        self.in_flight.clear()

    @property
    def now(self) -> Now:
        return Now(self.us, START_US + self.us + self.clock_us)

    def at(self, seconds: float) -> Play:
        """Let time pass, waking the connection whenever it wants."""
        end_us = round(seconds * S)
        while (wake_us := self.connection.wake_at_us(self.now)) is not None and wake_us <= end_us:
            self.us = max(self.us, wake_us)
            self.connection.wake(self.now)
        self.us = end_us
        return self

    def connected(self) -> Play:
        self.connecting = False
        self.connection.connected(self.now)
        return self

    def reply_bytes(
        self, bad: frozenset[int] = frozenset(), code: int = 2, wrong: dict[str, int] | None = None
    ) -> bytes:
        """To the oldest request: register r holds r; registers in `bad` make the device refuse the request."""
        wrong = wrong or {}
        transaction, _, _, unit, function, address, count = struct.unpack(">HHHBBHH", self.in_flight.popleft())
        registers = range(address, address + count)
        pdu = struct.pack(f">BB{count}H", function, 2 * count, *registers)
        if bad & set(registers):
            pdu = bytes([function | 0x80, code])
        header = (
            wrong.get("transaction", transaction),
            wrong.get("protocol", 0),
            len(pdu) + 1,
            wrong.get("unit", unit),
        )
        return struct.pack(">HHHB", *header) + pdu

    def reply(self, bad: frozenset[int] = frozenset(), code: int = 2, wrong: dict[str, int] | None = None) -> Play:
        """Reply to the oldest request."""
        self.connection.received(self.reply_bytes(bad, code, wrong), self.now)
        return self

    def replies(self, bad: frozenset[int] = frozenset(), code: int = 2) -> Play:
        """Reply until nothing more is sent."""
        while self.in_flight:
            self.reply(bad, code)
        return self

    @property
    def last(self) -> Sample:
        return self.samples[-1]


@pytest.fixture(params=[1, 3], ids=["one request", "three at once"], autouse=True)
def _at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each promise holds however many requests may be in flight."""
    monkeypatch.setattr(Play, "at_once", request.param)


@pytest.fixture(params=[True, False], ids=["fast path", "each reply checked"], autouse=True)
def _fast_path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each promise holds with the fast path and without it."""
    monkeypatch.setattr(Play, "fast_path", request.param)


def image(*registers: int) -> bytes:
    return struct.pack(f">{len(registers)}H", *registers)


def test_a_poll_reads_every_register_at_its_tick() -> None:
    play = Play().at(0).connected().replies()
    assert play.last == Sample(
        Device("site", "unit1"),
        "test",
        START_US,
        Status.STORED,
        None,
        (),
        None,
        0.0,
        3,
        0,
        image(0, 1, 2, 3, 100, 101, 200),
    )


def test_the_connection_is_kept_and_every_tick_is_polled_once() -> None:
    play = Play(seconds=3).at(0).connected().replies().at(1).replies().at(2).replies().at(10)
    assert [(sample.tick_us - START_US) // S for sample in play.samples] == [0, 1, 2]
    assert (play.connects, play.closes) == (1, 1)  # after the last tick
    assert not play.connection.busy


def ahead(**settings: int | bool) -> Play:
    """A second before the first tick."""
    play = Play(**settings)
    play.us = -S
    play.connection.connect_ahead(play.now)
    return play


def test_a_connection_made_ahead_serves_the_first_poll() -> None:
    play = ahead().connected().at(0).replies()
    assert (play.last.status, play.last.read_ms, play.connects) == (Status.STORED, 0.0, 1)


@pytest.mark.parametrize("end", ["refused", "closed by the device"])
def test_a_connection_that_ended_ahead_is_made_again_at_the_first_tick(end: str) -> None:
    play = ahead()
    if end == "refused":
        play.connection.connect_failed(Reason.REFUSED, play.now)
    else:
        play.connected().connection.closed(play.now)
    assert (play.at(0).connects, play.samples, play.events) == (2, [], [])
    assert play.connected().replies().last.status is Status.STORED


def test_one_that_is_not_there_at_the_first_tick_has_the_time_that_a_new_one_would_have() -> None:
    waiting, new = ahead().at(0), Play().at(0)
    assert (waiting.connects, waiting.samples) == (new.connects, new.samples) == (1, [])
    assert waiting.at(3).samples == new.at(3).samples
    assert waiting.last.reason == Reason.UNREACHABLE


@pytest.mark.parametrize("settings", [{"keep_connection": False}, {"phase_us": 20 * S}])
def test_no_connection_is_made_long_before_it_is_needed(settings: dict[str, int | bool]) -> None:
    assert ahead(**settings).connects == 0


def test_a_reply_in_single_bytes_and_two_in_one_segment_are_the_same_reply() -> None:
    play = Play().at(0).connected()
    transaction = struct.unpack(">H", play.sent[0][:2])[0]
    reply = struct.pack(">HHHBBB4H", transaction, 0, 11, 1, 4, 8, 0, 1, 2, 3)
    for byte in reply:
        play.connection.received(bytes([byte]), play.now)
    assert len(play.sent) == max(2, Play.at_once)
    play.connection.received(reply, play.now)  # the same reply once more: a duplicate, dropped
    play.replies()
    assert play.last.status is Status.STORED


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"transaction": 4711}, Reason.BAD_TRANSACTION),
        ({"unit": 9}, Reason.BAD_UNIT),
        ({"protocol": 1}, Reason.BAD_PROTOCOL),
    ],
)
def test_a_wrong_reply_costs_its_request_and_is_named(wrong: dict[str, int], reason: Reason) -> None:
    play = Play().at(0).connected().reply(wrong=wrong).connected().reply(wrong=wrong).connected().replies()
    assert (play.last.status, play.last.reason) == (Status.PARTIAL, reason)
    assert (play.last.missing_text, play.last.missing) == ("4:0-3", ((0, 8),))
    assert play.last.image == image(0, 0, 0, 0, 100, 101, 200)
    assert (play.last.requests, play.last.retries) == ({1: 4, 3: 6}[Play.at_once], 1)


def test_a_late_reply_is_never_taken_for_the_next() -> None:
    play = Play(retries=0).at(0).connected().reply()
    late = play.sent[1]
    play.at(1.1)  # the second request has timed out, and the third is sent on the same connection
    assert (play.closes, play.samples) == (0, [])
    play.connection.received(late[:4] + b"\0\7\1\4\4\xde\xad\xbe\xef", play.now)
    play.replies()
    assert (play.samples[0].status, play.samples[0].reason, play.samples[0].missing_text) == (
        Status.PARTIAL, Reason.TIMEOUT, "4:100-101",
    )  # fmt: skip
    assert not any(b"\xde\xad" in sample.image for sample in play.samples)


def test_a_silent_device_is_probed_at_each_tick_for_a_minute_and_then_left_alone_between_probes() -> None:
    play = Play(seconds=180, timeout_us=200_000)
    for tenth in range(1800):
        play.at(tenth / 10)
        if play.connecting:
            play.connected()
    reasons = [sample.reason for sample in play.samples]
    assert len(play.samples) == 180
    assert len({sample.tick_us for sample in play.samples}) == 180
    assert set(reasons) == {Reason.TIMEOUT, Reason.BACKOFF}
    assert reasons[:62] == [Reason.TIMEOUT] * 62
    assert [sample.requests for sample in play.samples][:4] == [2 if Play.at_once == 1 else 4, 1, 1, 1]
    assert 9 <= reasons[80:].count(Reason.TIMEOUT) <= 11
    assert [(event.kind, event.time_us, event.detail) for event in play.events] == [
        (EventKind.DEVICE_LOST, START_US + 2 * S, "timeout")
    ]


def test_a_refused_connection_fails_every_device_behind_it_at_once() -> None:
    play = Play(units=3).at(0)
    play.connection.connect_failed(Reason.REFUSED, play.now)
    assert [(sample.device.device, sample.reason) for sample in play.samples] == [
        ("unit1", "refused"), ("unit2", "refused"), ("unit3", "refused"),
    ]  # fmt: skip


def test_a_tick_that_waited_for_a_refused_connection_is_read_at_once_even_if_it_is_the_last() -> None:
    play = Play(seconds=2).at(1.2)
    play.connection.connect_failed(Reason.REFUSED, play.now)
    assert ([sample.reason for sample in play.samples], play.connects) == ([Reason.REFUSED], 2)
    play.connected().replies()
    assert (play.last.status, play.last.tick_us) == (Status.STORED, START_US + S)
    assert not play.connection.busy


@pytest.mark.parametrize("set_s", [-3, 40])
def test_how_long_reading_took_does_not_depend_on_a_clock_that_is_set_meanwhile(set_s: int) -> None:
    play = Play().at(0).connected().at(0.2)
    play.clock_us = set_s * S
    play.replies()
    assert (play.samples[0].status, play.samples[0].read_ms) == (Status.STORED, 200)


def test_devices_behind_one_gateway_are_polled_one_after_the_other() -> None:
    play = Play(units=2).at(0).connected().replies()
    assert [sample.device.device for sample in play.samples] == ["unit1", "unit2"]
    assert [frame[6] for frame in play.sent] == [1, 1, 1, 2, 2, 2]
    assert play.connects == 1


def test_a_device_whose_turn_never_came_is_not_called_silent() -> None:
    play = Play(units=2, timeout_us=S, poll_limit_us=2 * S, backoff_max_us=0)
    for tenth in range(200):
        play.at(tenth / 10)
        if play.connecting:
            play.connected()
        while play.in_flight and play.in_flight[0][6] == 2:  # the first never replies
            play.reply()
    second = [sample for sample in play.samples if sample.device.device == "unit2"]
    assert {sample.reason for sample in second} == {Reason.OVERRUN, None}
    assert {event.device.device for event in play.events} == {"unit1"}


def test_a_device_without_a_register_that_can_be_read_is_not_called_silent() -> None:
    play = Play(park_retry_us=1000 * S, seconds=200).at(0).connected().replies(bad=frozenset(range(300)))
    for second in range(1, 20):
        play.at(second).replies(bad=frozenset(range(300)))
    assert (play.last.status, play.last.reason) == (Status.FAILED, Reason.PARKED)
    assert EventKind.DEVICE_LOST not in {event.kind for event in play.events}


def test_a_device_that_its_gateway_does_not_reach_is_left_alone_between_probes() -> None:
    play = Play(seconds=100).at(0).connected()
    for second in range(100):
        play.at(second).replies(bad=frozenset(range(300)), code=11)
    assert [(event.kind, event.time_us) for event in play.events] == [(EventKind.DEVICE_LOST, START_US + 2 * S)]
    assert {sample.reason for sample in play.samples} == {"exception 11", Reason.BACKOFF}


def test_one_poll_that_has_no_time_left_to_connect_leaves_the_others_theirs() -> None:
    play = Play(units=2, retries=1, timeout_us=2 * S, poll_limit_us=2 * S, connect_timeout_us=S)
    second = play.connection.polled.devices[1]
    play.connection.change(
        [play.connection.polled.devices[0].settings, replace(second.settings, phase_us=S // 2)], START_US, None
    )
    play.at(0).connected().at(1.9).connection.closed(play.now)
    play.at(2)
    assert (play.connects, play.last.device.device, play.last.reason) == (2, "unit1", Reason.UNREACHABLE)
    play.at(2.1).connected().replies()
    read = [(sample.device.device, sample.tick_us) for sample in play.samples if sample.status is Status.STORED]
    assert read[0] == ("unit2", START_US + S)


def test_each_poll_of_a_device_that_is_not_there_has_an_attempt_of_its_own() -> None:
    play = Play(poll_limit_us=S // 2, connect_timeout_us=2 * S, backoff_max_us=0)
    play.us = 1000  # a little late, as always
    play.connection.wake(play.now)
    play.at(4.6)
    assert {sample.reason for sample in play.samples} == {Reason.UNREACHABLE}
    assert play.connects == len(play.samples) == 5


@pytest.mark.parametrize(("took_s", "second"), [(1.4, (1, None, 400)), (1.6, (1, "overrun", 600))])
def test_after_a_slow_poll_the_next_tick_is_read_late_unless_it_is_too_late(
    took_s: float, second: tuple[int, str | None, float]
) -> None:
    play = Play(timeout_us=3 * S, poll_limit_us=3 * S).at(0).connected().at(took_s).replies().replies().at(2).replies()
    ticks = [((s.tick_us - START_US) // S, s.reason, s.read_ms) for s in play.samples]
    assert ticks == [(0, None, 1000 * took_s), second, (2, None, 0)]


def test_after_the_connection_was_closed_the_request_is_sent_again() -> None:
    play = Play().at(0).connected().reply()
    play.connection.closed(play.now)
    play.connected().replies()
    assert (play.last.status, play.last.retries) == (Status.STORED, 1)


def test_one_illegal_register_costs_that_register_and_is_then_left_out() -> None:
    play = Play(park_retry_us=100 * S).at(0).connected().replies(bad=frozenset({2}))
    assert (play.last.status, play.last.reason, play.last.missing_text) == (Status.PARTIAL, "exception 2", "4:2")
    assert play.last.image == image(0, 1, 0, 3, 100, 101, 200)
    play.at(1).replies(bad=frozenset({2}))
    play.at(2).replies(bad=frozenset({2}))
    assert (play.last.status, play.last.reason, play.last.missing) == (Status.STORED, "parked", ((4, 6),))
    assert play.last.requests == 4  # 0-1, 3, 100-101, 200
    assert [(event.kind, event.time_us, event.detail) for event in play.events] == [
        (EventKind.REGISTERS_PARKED, START_US, "4:2")
    ]


def test_a_parked_register_that_has_come_back_is_read_again() -> None:
    play = Play(park_retry_us=5 * S).at(0).connected().replies(bad=frozenset({2}))
    for second in range(1, 8):
        play.at(second).replies()
    assert (play.last.status, play.last.reason, play.last.requests) == (Status.STORED, None, 3)


def test_a_value_is_never_split_by_the_search() -> None:
    play = Play().at(0).connected().replies(bad=frozenset({101}))
    assert play.last.missing_text == "4:100-101"
    assert all(struct.unpack(">HH", frame[8:])[0] != 101 for frame in play.sent)


def test_a_request_with_an_exception_that_may_pass_is_sent_again_and_then_costs_its_block() -> None:
    play = Play().at(0).connected()
    for hundredth in range(100):
        play.at(hundredth / 100).replies(bad=frozenset({100}), code=6)
    assert (play.last.reason, play.last.missing_text, play.last.retries) == ("exception 6", "4:100-101", 6)


def test_a_poll_never_runs_past_its_limit() -> None:
    play = Play(poll_limit_us=500_000, timeout_us=400_000).at(0).connected().at(0.35).reply().at(0.9)
    assert (play.last.status, play.last.reason, play.closes) == (Status.PARTIAL, Reason.OVERRUN, 0)
    assert play.last.read_ms == 500


def test_pauses_are_kept_and_the_phase_delays_the_reading_but_not_the_tick() -> None:
    play = Play(connect_pause_us=50_000, request_pause_us=100_000, phase_us=200_000, keep_connection=False)
    play.at(0.1)
    assert play.connects == 0
    play.at(0.2).connected().at(0.24)
    assert play.sent == []
    play.at(0.25).reply().at(0.34)
    assert len(play.sent) == 1
    play.at(0.35).reply().at(0.45).reply()
    assert (play.last.tick_us, play.last.status, play.closes) == (START_US, Status.STORED, 1)


def test_a_wall_clock_that_is_set_neither_stops_ticks_nor_takes_one_twice() -> None:
    play = Play(seconds=10_000).at(0).connected().replies()
    for second in range(1, 5):
        play.at(second).replies()
    play.clock_us = 3600 * S  # ahead
    play.at(4).replies()
    for second in range(5, 9):
        play.at(second + 0.5).replies()
    play.clock_us = -2 * S  # back, to before the last ticks
    play.connection.wake(play.now)  # as the timer does that was set for the next tick
    for second in range(9, 15):
        play.at(second + 0.5).replies()
    ticks = [(sample.tick_us - START_US) // S for sample in play.samples]
    assert len(ticks) == len(set(ticks))
    assert ticks == [0, 1, 2, 3, 4, *range(3604, 3609), *range(7, 13)]
    assert [(event.kind, (event.time_us - START_US) // S) for event in play.events] == [(EventKind.CLOCK_FORWARD, 5)]


def test_a_changed_device_changes_at_its_tick_and_its_neighbour_notices_nothing() -> None:
    play = Play(units=2, seconds=9).at(0).connected().replies().at(1).replies()
    kept, old = [device.settings for device in play.connection.polled.devices]
    new = replace(old, plan=Plan((Request(4, 0, 2, ((0, 2),), 0),), 4, "other"))
    play.connection.change([kept, new], START_US + 3 * S, START_US + 9 * S)
    play.at(2).replies().at(3).replies().at(4).replies()
    ticks = {name: [s for s in play.samples if s.device.device == name] for name in ("unit1", "unit2")}
    assert [(s.tick_us - START_US) // S for s in ticks["unit1"]] == [0, 1, 2, 3, 4]
    assert [((s.tick_us - START_US) // S, s.image) for s in ticks["unit2"]][2:] == [
        (2, ticks["unit1"][0].image), (3, image(0, 1)), (4, image(0, 1)),
    ]  # fmt: skip
    assert (play.connects, play.closes) == (1, 0)


def test_a_connection_without_devices_is_closed_after_the_last_poll() -> None:
    play = Play(seconds=9).at(0).connected().replies()
    play.connection.change([], START_US + 2 * S, START_US + 9 * S)
    assert (play.closes, play.connection.busy) == (0, True)
    play.at(1).replies()
    assert (play.closes, play.connection.busy) == (1, False)
    play.connection.stop(START_US + 8 * S)  # an earlier end stays
    assert not play.connection.busy


def test_a_stop_between_two_polls_hangs_up_at_once_for_whoever_connects_next() -> None:
    play = Play(seconds=9).at(0).connected().replies()
    play.connection.stop(START_US + S)
    assert (play.closes, play.connection.busy) == (1, False)


def test_a_device_that_comes_back_as_it_was_is_polled_again() -> None:
    play = Play(seconds=9).at(0).connected().replies()
    (settings,) = [device.settings for device in play.connection.polled.devices]
    play.connection.change([], START_US + S, None)
    play.connection.change([settings], START_US + 3 * S, None)
    play.at(3).connected().replies()
    assert [(sample.tick_us - START_US) // S for sample in play.samples] == [0, 3]


def test_a_device_that_comes_back_before_its_last_tick_is_polled_again() -> None:
    play = Play(seconds=60, phase_us=S // 2).at(0.5).connected().replies().at(1.1)
    (settings,) = [device.settings for device in play.connection.polled.devices]
    other = replace(settings, timeout_us=123_000)
    play.connection.change([other], START_US + 2 * S, None)  # its tick 1 is still to come
    play.connection.change([settings], START_US + 4 * S, None)
    for second in range(1, 8):
        play.at(second + 0.5)
        (play.connected() if play.connecting else play).replies()
    assert [(sample.tick_us - START_US) // S for sample in play.samples] == list(range(8))


def test_the_clock_says_nothing_about_what_has_ended_before() -> None:
    play = Play(seconds=60).at(0).connected().replies()
    (settings,) = [device.settings for device in play.connection.polled.devices]
    play.connection.change([replace(settings, timeout_us=123_000)], START_US + 2 * S, None)
    for second in range(1, 9):
        play.at(second).replies()
    play.clock_us = 3 * S
    play.at(9).replies()
    assert [((event.time_us - START_US) // S, ((event.until_us or 0) - START_US) // S) for event in play.events] == [
        (9, 11)
    ]


def test_the_connection_ends_with_its_last_tick_though_that_is_not_read() -> None:
    play = Play(units=2, timeout_us=100_000, retries=0, seconds=600)
    first, second = [device.settings for device in play.connection.polled.devices]
    play.connection.change([first, replace(second, phase_us=S // 2)], START_US + S, None)
    reasons: list[str | None] = []
    tenth = 0
    while reasons.count(Reason.BACKOFF) < 50 or reasons[-3:] != [Reason.BACKOFF] * 3:  # the second device never replies
        play.at((tenth := tenth + 1) / 10)
        if play.connecting:
            play.connected()
        while play.in_flight and play.in_flight[0][6] == 1:
            play.reply()
        reasons = [sample.reason for sample in play.samples if sample.device.device == "unit2"]
    tick_s = -(-tenth // 10)
    play.connection.change([], START_US + (tick_s + 1) * S, None)
    play.at(tick_s).replies()
    assert (play.connection.busy, play.connects - play.closes) == (True, 1)
    play.at(tick_s + 0.6)
    assert (play.connection.busy, play.connects - play.closes, play.last.reason) == (False, 0, Reason.BACKOFF)


def test_what_became_of_requests_is_counted_with_the_time_they_took() -> None:
    play = Play(retries=1, timeout_us=S // 2, requests_at_once=1).at(0).connected()
    of_device = play.counts.of(Device("site", "unit1"))
    counts, times = of_device.counts, of_device.request_times
    play.at(0.004).reply().at(0.006).reply().at(0.008).reply()  # after 4, 2 and 2 ms
    assert [(bits, n) for bits, n in enumerate(times.buckets) if n] == [(11, 2), (12, 1)]
    assert times.sum_us == 8_000
    assert counts == {REQUESTS: 3, REGISTERS: 7, CONNECTIONS: 1}
    play.at(1).at(1.002).reply().at(1.503).replies(frozenset({100}), 2)
    assert times.sum_us == 8_000 + 2_000 + 1_000 + 0  # the time-out of the second request is no time of a reply
    failures = {request_failure("timeout"): 1, request_failure("exception 2"): 1}
    assert counts == {REQUESTS: 3 + 4, RETRIES: 1, REGISTERS: 7 + 5, CONNECTIONS: 1, **failures}
    assert of_device.poll_lateness.buckets[:2] == [2, 0]  # both polls at their very moment


# --- several requests at once -----------------------------------------------------------------------------------------


def at_once(requests: int, **settings: int | bool) -> Play:
    return Play(seconds=200, requests_at_once=requests, **settings).at(0).connected()


def test_as_many_requests_are_in_flight_as_the_device_takes() -> None:
    play = at_once(2)
    assert len(play.sent) == 2
    play.reply()
    assert len(play.sent) == 2
    play.reply()
    assert len(play.sent) == 3
    assert (play.reply().last.status, play.last.requests) == (Status.STORED, 3)


@pytest.mark.parametrize("pieces", [1, 2, 3, 7, 1000])
def test_replies_may_come_joined_and_in_any_pieces(pieces: int) -> None:
    play = at_once(3)
    replies = b"".join([play.reply_bytes() for _ in range(3)])
    size = -(-len(replies) // pieces)
    for start in range(0, len(replies), size):
        play.connection.received(replies[start : start + size], play.now)
    assert (play.last.status, play.last.image) == (Status.STORED, image(0, 1, 2, 3, 100, 101, 200))
    assert (play.last.requests, play.last.retries) == (3, 0)


def test_what_was_read_behind_an_illegal_register_is_kept_and_not_requested_again() -> None:
    play = at_once(3).replies(bad=frozenset({2}))
    assert (play.last.status, play.last.missing_text) == (Status.PARTIAL, "4:2")
    assert play.last.image == image(0, 1, 0, 3, 100, 101, 200)
    addresses = [struct.unpack(">H", frame[8:10])[0] for frame in play.sent]
    assert (addresses.count(100), addresses.count(200)) == (1, 1)
    play.at(1).replies(bad=frozenset({2})).at(2).replies(bad=frozenset({2}))
    assert (play.last.status, play.last.reason, play.connects) == (Status.STORED, "parked", 1)


def test_what_was_read_is_kept_when_the_poll_is_given_up() -> None:
    play = at_once(3, retries=1, poll_limit_us=900_000).reply(bad=frozenset({0}), code=6).reply().reply().at(0.95)
    assert (play.last.reason, play.last.missing_text) == (Reason.TIMEOUT, "4:0-3")
    assert play.last.image == image(0, 0, 0, 0, 100, 101, 200)


def test_a_reply_out_of_turn_is_not_taken() -> None:
    play = at_once(3, retries=0)
    play.in_flight.rotate(1)
    play.reply().connected().replies()
    assert (play.last.reason, play.last.missing_text) == (Reason.BAD_TRANSACTION, "4:0-3")
    assert play.last.image == image(0, 0, 0, 0, 100, 101, 200)


def test_each_reply_has_its_own_time() -> None:
    play = at_once(3, timeout_us=200_000).at(0.15).reply().at(0.3).reply().at(0.45).reply()
    assert (play.last.status, play.last.retries, play.closes) == (Status.STORED, 0, 0)


def test_a_device_that_takes_one_request_at_a_time_soon_gets_them_so_and_loses_nothing() -> None:
    play = at_once(3, timeout_us=100_000)
    for second in range(6):
        play.at(second)
        if len(play.in_flight) > 1:  # it replies to the first and drops the others
            play.reply().at(second + 0.15)
        play.replies()
    assert [(sample.status, sample.retries) for sample in play.samples] == [
        (Status.STORED, n) for n in (1, 1, 1, 0, 0, 0)
    ]
    assert [(event.kind, event.detail) for event in play.events] == [(EventKind.ASKED_SINGLY, "requests_at_once=3")]


def test_a_link_that_was_down_is_no_reason_to_send_singly() -> None:
    play = at_once(3, timeout_us=100_000)
    for second in range(0, 80, 20):
        play.at(second)
        play.at(second + 4)  # nothing comes
        for step in range(second + 4, second + 19):
            play.at(step)
            (play.connected() if play.connecting else play).replies()
    assert EventKind.ASKED_SINGLY not in {event.kind for event in play.events}
    assert play.last.requests == 3
    play.at(79)
    assert len(play.in_flight) == 3


def test_a_gateway_that_does_not_reach_its_device_for_one_request_costs_that_request() -> None:
    play = at_once(3).reply(bad=frozenset({0}), code=11).reply().reply()
    assert (play.last.reason, play.last.missing_text) == ("exception 11", "4:0-3")
    assert play.last.image == image(0, 0, 0, 0, 100, 101, 200)


def test_an_early_reply_never_shifts_those_behind_it() -> None:
    play = Play(seconds=200, requests_at_once=4)
    play.connection.change([replace(play.connection.polled.devices[0].settings, plan=SIX)], START_US, None)
    play.at(0).connected()
    while play.in_flight:  # it refuses more than one register of the third, which is then requested in halves
        frames = [play.reply_bytes(frozenset({200} if request[11] == 2 else ())) for request in tuple(play.in_flight)]
        play.connection.received(b"".join(frames), play.now)
    assert (play.last.status, play.last.reason) == (Status.STORED, None)
    assert play.last.image == image(*(100 * n + m for n in range(6) for m in range(2)))


def test_after_a_request_that_is_sent_again_alone_the_next_go_together() -> None:
    play = Play(seconds=200, requests_at_once=2, retries=1)
    play.connection.change([replace(play.connection.polled.devices[0].settings, plan=SIX)], START_US, None)
    play.at(0).connected().reply(bad=frozenset({0}), code=6).reply()
    assert len(play.in_flight) == 2
    play.replies()
    assert (play.replies().last.status, play.last.requests, play.last.retries) == (Status.STORED, 7, 1)


def test_a_reply_behind_the_end_of_its_poll_sends_no_further_request() -> None:
    play = Play(poll_limit_us=500_000, timeout_us=400_000, requests_at_once=1).at(0).connected().at(0.3).reply()
    play.us = 600_000  # the loop was busy: the reply is received before the connection is woken
    play.reply()
    assert len(play.sent) == 2
    assert [sample.status for sample in play.samples] == [Status.PARTIAL]
