"""The poller's loop against real sockets: an independent server (pymodbus) and devices that misbehave."""

from __future__ import annotations

import random
import select
import socket
import struct
import subprocess
import sys
import time
from dataclasses import replace
from queue import Queue
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from ess_ray.actors.poller import JournalSettings, Poller
from ess_ray.adapters.journal.bounds import Limits
from ess_ray.adapters.journal.owner import JournalOwner
from ess_ray.adapters.modbus.loop import ModbusLoop, now
from ess_ray.adapters.modbus.pdu import ModbusPduCodec, unpack_bits
from ess_ray.core.maps.plan import Plan, Request
from ess_ray.core.polling.tcp_framing import TcpFraming
from ess_ray.core.reasons import Reason, bare_reason
from ess_ray.core.samples import Device, Event, Sample, Status
from ess_ray.core.settings import DeviceSettings
from tests import torture
from tests.batches import samples_of
from tests.fuzz_frames import MUTATE, MUTATIONS, right
from tests.make import make_device
from tests.peers import pymodbus_server
from tests.ports import unused_port

PERIOD_US = 250_000
PLAN = Plan(
    (
        Request(4, 0, 4, tuple((a, 1) for a in range(4)), 0),
        Request(4, 100, 2, ((100, 2),), 8),
    ),
    12,
    "test",
)
GOOD = struct.pack(">6H", 0, 1, 2, 3, 100, 101)


MISBEHAVIOUR = {
    "good": (torture.good, Status.STORED, None, None),
    "fragments": (torture.fragments, Status.STORED, None, None),
    "two answers in one segment": (torture.twice, Status.STORED, None, None),
    "silent": (torture.silent, Status.FAILED, "timeout", None),
    "drip": (torture.drip, Status.FAILED, "answer incomplete", None),
    "drip in the middle": (torture.only_for(100, torture.drip), Status.PARTIAL, "answer incomplete", "4:100-101"),
    "closing in the middle": (torture.only_for(100, torture.closing), Status.PARTIAL, "closed", "4:100-101"),
    "transaction": (
        torture.only_for(100, torture.patched(0, b"\xff\xfe")),
        Status.PARTIAL,
        "bad transaction",
        "4:100-101",
    ),
    "protocol": (torture.only_for(100, torture.patched(2, b"\0\1")), Status.PARTIAL, "bad protocol", "4:100-101"),
    "unit": (torture.only_for(100, torture.patched(6, b"\7")), Status.PARTIAL, "bad unit", "4:100-101"),
    "function": (torture.only_for(100, torture.patched(7, b"\3")), Status.PARTIAL, "bad function", "4:100-101"),
    "byte count": (torture.only_for(100, torture.patched(8, b"\2")), Status.PARTIAL, "bad length", "4:100-101"),
    "frame length": (torture.only_for(100, torture.patched(4, b"\xff\xff")), Status.PARTIAL, "bad length", "4:100-101"),
    "one register short": (torture.only_for(100, torture.short), Status.PARTIAL, "bad length", "4:100-101"),
    "illegal address": (torture.only_for(100, torture.refusing(2)), Status.PARTIAL, "exception 2", "4:100-101"),
    "illegal function": (torture.refusing(1), Status.FAILED, "exception 1", None),
    "garbage": (torture.garbage, Status.FAILED, "bad protocol", None),
}


def settings(port: int, plan: Plan = PLAN) -> DeviceSettings:
    times: dict[str, Any] = {"timeout_us": 100_000, "connect_timeout_us": 100_000, "poll_limit_us": 240_000}
    device = Device("site", f"d{port}")
    return make_device(device, host="127.0.0.1", port=port, plan=plan, period_us=PERIOD_US, **times)


def test_once_the_loop_has_settled_nothing_that_has_ended_is_on_its_way() -> None:
    delivered: list[Sample | Event] = []

    def deliver(item: Sample | Event) -> None:
        time.sleep(0.2)
        delivered.append(item)

    loop = ModbusLoop(deliver)
    with torture.device(torture.good) as port:
        first_us = now().wall_us + PERIOD_US
        loop.poll([settings(port)], first_us, first_us + PERIOD_US)
        while loop.busy:
            time.sleep(0.001)
        loop.settle()
        assert len(delivered) == 1
        loop.join(5)
        loop.settle()  # of one that has ended, too


def collect(devices: list[DeviceSettings], ticks: int) -> list[Sample]:
    """What a poller gives for some ticks."""
    with TemporaryDirectory() as folder:
        limits = Limits(1 << 30, 1 << 60, "normal")
        poller = Poller(JournalSettings(f"{folder}/journal", JournalOwner("plant", "db"), limits))
        try:
            return _collect(poller, devices, ticks)
        finally:
            poller.close()


def _collect(poller: Poller, devices: list[DeviceSettings], ticks: int) -> list[Sample]:
    start_us = -(-(now().wall_us + 20_000) // PERIOD_US) * PERIOD_US
    poller.poll(devices, start_us, start_us + ticks * PERIOD_US, connect_ahead=True)
    samples: list[Sample] = []
    events = 0
    while True:
        pulled = poller.pull((), 1000, 1000)
        samples += [sample for packed in pulled.batches for sample in samples_of(packed)]
        events += len(pulled.events)
        if not pulled.busy and pulled.waiting == len(samples) + events:
            return sorted(samples, key=lambda sample: (sample.device.device, sample.tick_us))
        time.sleep(0.02)


@pytest.mark.parametrize("at_once", [1, 2])
@pytest.mark.parametrize(("behaviour", "status", "reason", "missing"), MISBEHAVIOUR.values(), ids=MISBEHAVIOUR)
def test_only_what_is_broken_is_missing_and_the_sample_says_why(
    behaviour: torture.Behaviour, status: Status, reason: str | None, missing: str | None, at_once: int
) -> None:
    with torture.device(behaviour) as port:
        (sample,) = collect([replace(settings(port), requests_at_once=at_once)], 1)
    came = sample.reason and bare_reason(sample.reason)
    assert (sample.status, came, sample.missing_text) == (status, reason, missing)
    if status is Status.STORED:
        assert sample.image == GOOD
    if status is Status.PARTIAL:
        assert sample.image == GOOD[:8] + bytes(4)


def test_a_device_that_drops_what_comes_with_a_request_loses_nothing() -> None:
    with torture.device(torture.good, singly=True) as port:
        samples = collect([replace(settings(port), requests_at_once=2, retries=1)], 5)
    assert [sample.status for sample in samples] == [Status.STORED] * 5
    assert [sample.retries for sample in samples] == [1, 1, 1, 0, 0]


def test_a_device_that_is_off_is_refused() -> None:
    (sample,) = collect([settings(unused_port())], 1)
    assert (sample.status, sample.reason) == (Status.FAILED, Reason.REFUSED)


def test_a_device_that_misbehaves_slows_no_neighbour() -> None:
    with torture.device(torture.good) as healthy, torture.device(torture.drip) as dripping:
        samples = collect([settings(dripping), settings(healthy)], 8)
    for port, whole in ((healthy, True), (dripping, False)):
        mine = [sample for sample in samples if sample.device.device == f"d{port}"]
        assert len({sample.tick_us for sample in mine}) == 8
        assert all((sample.status is Status.STORED) == whole for sample in mine)


@pytest.mark.parametrize("at_once", [1, 3, 16])
def test_an_independent_server_is_read_through_all_four_functions(at_once: int) -> None:
    registers = [(7 * n) % 65536 for n in range(60)]
    bits = [n % 3 == 0 for n in range(40)]
    plan = Plan(
        (
            Request(1, 3, 11, tuple((a, 1) for a in range(3, 14)), 0),
            Request(2, 8, 8, tuple((a, 1) for a in range(8, 16)), 11),
            Request(3, 0, 2, ((0, 1), (1, 1)), 19),
            Request(4, 10, 50, tuple((a, 1) for a in range(10, 60)), 23),
        ),
        123,
        "four",
    )
    with pymodbus_server(registers, bits) as port:
        (sample,) = collect([replace(settings(port, plan), requests_at_once=at_once)], 1)
    expected = bytes(bits[3:14]) + bytes(bits[8:16]) + struct.pack(">52H", *registers[0:2], *registers[10:60])
    assert (sample.status, sample.image) == (Status.STORED, expected)


def test_an_illegal_address_of_an_independent_server_costs_that_address() -> None:
    plan = Plan((Request(4, 50, 14, tuple((a, 1) for a in range(50, 64)), 0),), 28, "beyond")
    with pymodbus_server(list(range(60)), [True]) as port:
        samples = collect([settings(port, plan)], 3)
    assert samples[0].missing_text == "4:60-63"
    assert samples[0].image == struct.pack(">14H", *range(50, 60), 0, 0, 0, 0)
    assert (samples[2].status, samples[2].reason, samples[2].requests) == (Status.STORED, "parked", 1)


def test_frames_are_those_of_the_specification() -> None:
    request = Request(4, 0x0102, 2, (), 0)
    framing = TcpFraming(ModbusPduCodec())
    assert framing.encode(framing.prepare(9, request)) == bytes.fromhex("0001 0000 0006 09 04 0102 0002")
    framing.feed(bytes.fromhex("0001 0000 0007 09 04 04 000a 000b"))
    pdu = framing.next_pdu(1, 9)
    assert isinstance(pdu, bytes)
    assert framing.codec.check(pdu, request) == b"\0\x0a\0\x0b"
    assert framing.codec.check(bytes.fromhex("84 02"), request) == 2
    assert unpack_bits(b"\x05\x01", 9) == bytes([1, 0, 1, 0, 0, 0, 0, 0, 1])


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_reply_is_taken_by_its_prefix_exactly_when_it_would_pass_every_check(mutation: str) -> None:
    """Of all frames that come complete and alone, prefix and length accept those that framing and codec accept."""
    codec, chance = ModbusPduCodec(), random.Random(mutation)
    taken = 0
    for _ in range(3000):
        request = Request(chance.choice((3, 4)), chance.randrange(65000), chance.randint(1, 125), (), 0)
        unit_id, framing = chance.randrange(256), TcpFraming(codec)
        prepared = framing.prepare(unit_id, request)
        for _ in range(chance.randint(1, 300)):  # the transaction id is that of the last
            adu = framing.encode(prepared)
        piece = chance.randbytes(chance.randrange(40))
        frame = MUTATE[mutation](right(adu, 0), piece, chance.getrandbits(32))
        by_prefix = len(frame) == prepared.reply_bytes and frame.startswith(framing.reply_prefix)
        framing.feed(frame)
        pdu = framing.next_pdu(1, unit_id)
        by_check = isinstance(pdu, bytes) and not framing.incomplete and codec.check(pdu, request) == frame[9:]
        assert by_prefix == by_check, frame.hex()
        taken += by_prefix
    assert taken == 3000 or mutation != "right"


def test_a_device_may_be_named_and_has_all_its_addresses_tried() -> None:
    with torture.device(torture.good) as port:  # localhost may be ::1 first, where nobody listens
        (sample,) = collect([replace(settings(port), host="localhost", connect_timeout_us=200_000)], 1)
        assert (sample.status, sample.image) == (Status.STORED, GOOD)
        (sample,) = collect([replace(settings(port), host="a" * 64)], 1)  # cannot be encoded
    assert (sample.status, sample.reason) == (Status.FAILED, Reason.UNREACHABLE)


def test_without_epoll_the_loop_waits_with_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(select, "epoll", raising=False)
    with torture.device(torture.good) as healthy, torture.device(torture.closing) as closing:
        samples = collect([settings(healthy), settings(closing)], 2)
    reasons = [sample.reason for sample in samples if sample.device.device == f"d{healthy}"]
    assert (reasons, len(samples)) == ([None, None], 4)


def test_a_loop_that_has_no_tick_left_lets_go_of_its_connections() -> None:
    samples: list[object] = []
    with torture.device(torture.good) as port:
        loop = ModbusLoop(samples.append)
        loop.poll([settings(port)], now().wall_us, None)
        loop.stop(now().wall_us + PERIOD_US)
        loop.join(5)
    assert samples
    assert not loop.busy


def test_the_connection_stands_before_the_first_tick() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        loop, first_us = ModbusLoop(lambda _: None), now().wall_us + 5_000_000
        loop.poll([settings(server.getsockname()[1])], first_us, None, connect_ahead=True)
        server.settimeout(5)
        server.accept()[0].close()
        assert now().wall_us < first_us
        loop.stop(0)
        loop.join(5)


def test_units_are_spread_over_as_many_connections_as_their_gateway_takes() -> None:
    with torture.device(torture.good, connections=2) as port:
        one = replace(settings(port), connections=2)
        units = [replace(one, device=Device("site", f"unit{n}"), unit_id=n) for n in range(1, 5)]
        assert {unit.line.number for unit in units} == {0, 1}
        samples = collect(units, 2)
    assert [sample.status for sample in samples] == [Status.STORED] * 8


def test_devices_come_and_go_while_a_neighbour_keeps_its_only_connection() -> None:
    samples: Queue[Sample | Event] = Queue()
    with torture.device(torture.good, connections=1) as stays, torture.device(torture.good) as comes:
        loop = ModbusLoop(samples.put)
        first_us = -(-now().wall_us // PERIOD_US) * PERIOD_US + PERIOD_US
        loop.poll([settings(stays)], first_us, first_us + 6 * PERIOD_US)
        assert isinstance(samples.get(timeout=5), Sample)
        assert loop.poll([settings(stays), settings(comes)], first_us + 3 * PERIOD_US, first_us + 6 * PERIOD_US)
        loop.join(5)
        assert not loop.poll([settings(stays)], first_us, None)  # its thread has ended
    rest = [samples.get() for _ in range(samples.qsize())]
    polled = [(one.device.device, one.tick_us - first_us, one.reason) for one in rest if isinstance(one, Sample)]
    stayed, came = ([(n * PERIOD_US, None) for n in ticks] for ticks in (range(1, 6), range(3, 6)))
    assert sorted(polled) == sorted([(f"d{stays}", *one) for one in stayed] + [(f"d{comes}", *one) for one in came])


def test_a_device_that_moves_late_to_another_address_is_polled_once_a_tick() -> None:
    samples: Queue[Sample | Event] = Queue()
    with torture.device(torture.good) as here, torture.device(torture.good) as there:
        loop, device = ModbusLoop(samples.put), settings(here)
        first_us = -(-now().wall_us // PERIOD_US) * PERIOD_US + PERIOD_US
        end_us = first_us + 8 * PERIOD_US
        assert loop.poll([device], first_us, end_us) == {device.device: first_us}
        time.sleep((first_us + 4.5 * PERIOD_US - now().wall_us) / 1e6)
        changed_us = loop.poll([replace(device, port=there)], first_us + PERIOD_US, end_us)
        loop.join(5)
    assert changed_us == {device.device: first_us + 5 * PERIOD_US}
    ticks = [sample.tick_us for sample in list(samples.queue) if isinstance(sample, Sample)]
    assert sorted(ticks) == list(range(first_us, end_us, PERIOD_US))


@pytest.mark.parametrize("function", [0, 5, 6, 15, 16, 22, 23])
def test_a_frame_that_writes_cannot_be_built(function: int) -> None:
    with pytest.raises(ValueError, match="not a read function"):
        ModbusPduCodec().build(Request(function, 0, 1, (), 0))


def test_a_process_whose_loop_has_died_does_not_live_on() -> None:
    broken = "loop = ModbusLoop(print); loop._over = lambda: 1 / 0; loop.poll([], 0, None); time.sleep(20)"
    code = f"import time; from ess_ray.adapters.modbus.loop import ModbusLoop; {broken}"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, "ZeroDivisionError" in ended.stderr) == (1, True)
