"""What devices get wrong in their frames, over real sockets: read with the setting that names it, and why not without.

One run polls all of them, so that another line costs no time.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from ess_ray.adapters.modbus.loop import ModbusLoop, now
from ess_ray.core.maps.plan import Plan, Request
from ess_ray.core.polling.counts import CONNECTIONS, PollerCounts
from ess_ray.core.samples import Device, Event, EventKind, Sample, Status
from tests import torture
from tests.make import make_device
from tests.torture import Behaviour

TICKS = 2  # later the poller has learned, and asks for what it does not get last
PERIOD_US = 1_000_000
UNIT = 3
REQUESTS = (
    Request(4, 1000, 4, tuple((a, 1) for a in range(1000, 1004)), 0),
    Request(3, 1100, 2, ((1100, 2),), 8),
    Request(4, 1200, 1, ((1200, 1),), 12),
)
PLAN = Plan(REQUESTS, 14, "framings")
GOOD = struct.pack(">7H", *range(1000, 1004), 1100, 1101, 1200)

ANY_UNIT, ANY_ID, ANY_LENGTH = ("unit_id",), ("transaction_id",), ("length",)
ALL = (*ANY_UNIT, *ANY_ID, *ANY_LENGTH)


class Case(NamedTuple):
    """A device, what its user says of it, and what becomes of its samples: read, or the reason why not."""

    behaviour: Behaviour
    tolerate: Sequence[str] = ()
    reason: str | None = None  # of the samples
    framing: str = "tcp"
    connections: int | None = 1  # that were made in all ticks; None: does not matter
    surplus: str | None = None  # what the event says


WRONG_UNIT, OWN_IDS, ONE_ID = torture.from_unit(1), torture.own_ids(1), torture.patched(0, b"\x12\x34")
TOO_LONG, TOO_SHORT, ABSURD = torture.length_off(1), torture.length_off(-1), torture.length_off(3000)
CASES = {
    "good": Case(torture.good),
    "good, all tolerated": Case(torture.good, ALL),
    "in pieces, all tolerated": Case(torture.fragments, ALL),
    "another unit": Case(WRONG_UNIT, (), "bad unit", connections=None),
    "another unit, tolerated": Case(WRONG_UNIT, ANY_UNIT),
    "another unit, others tolerated": Case(WRONG_UNIT, (*ANY_ID, *ANY_LENGTH), "bad unit", connections=None),
    "own ids": Case(OWN_IDS, (), "bad transaction", connections=None),
    "own ids, tolerated": Case(OWN_IDS, ANY_ID),
    "own ids, others tolerated": Case(OWN_IDS, (*ANY_UNIT, *ANY_LENGTH), "bad transaction", connections=None),
    "one id": Case(ONE_ID, (), "bad transaction", connections=None),
    "one id, tolerated": Case(ONE_ID, ANY_ID),
    "length one too long": Case(TOO_LONG, (), "answer incomplete: 17 of 18 bytes", connections=None),
    "length one too long, tolerated": Case(TOO_LONG, ANY_LENGTH),
    "length one too short": Case(TOO_SHORT, (), "bad length: 7 instead of 8 bytes of data", connections=None),
    "length one too short, tolerated": Case(TOO_SHORT, ANY_LENGTH),
    "length absurd": Case(ABSURD, (), "bad length", connections=None),
    "length absurd, tolerated": Case(ABSURD, ANY_LENGTH),
    "cut": Case(torture.cut(4), (), "answer incomplete: 4 of 17 bytes", connections=None),
    "all of them": Case(lambda _, reply: [(0, b"\0\0\0\0\0\0\7" + reply[7:])], ALL),
    "no Modbus, all tolerated": Case(torture.garbage, ALL, "bad protocol", connections=None),
    "short, all tolerated": Case(torture.short, ALL, "bad length: 6 instead of 8 bytes of data", connections=None),
    "four bytes a register": Case(torture.wide, (), "bad length: 16 instead of 8 bytes of data", connections=None),
    "exceptions of other lengths": Case(torture.refusing(4, 1), (), "exception 4"),
    "exceptions of no length": Case(torture.refusing(4, -3), (), "exception 4"),
    "two bytes behind": Case(torture.surplus(b"\0\0"), surplus="2 bytes: 00 00"),
    "two bytes later": Case(torture.surplus(b"\0\0", 0.01), surplus="2 bytes: 00 00"),
    "a byte behind, all tolerated": Case(torture.surplus(b"\0"), ALL, surplus="1 byte: 00"),
    "rtu": Case(torture.good, framing="rtu"),
    "rtu in pieces": Case(torture.fragments, framing="rtu"),
    "rtu, cut": Case(torture.cut(4), (), "answer incomplete: 4 of 13 bytes", "rtu", connections=None),
    "rtu, silent": Case(torture.silent, (), "timeout", "rtu", connections=None),
    "rtu, garbled": Case(torture.garbled, (), "bad checksum", "rtu", connections=None),
    "rtu, another unit": Case(WRONG_UNIT, (), "bad unit", "rtu", connections=None),
    "rtu, another unit, tolerated": Case(WRONG_UNIT, ANY_UNIT, framing="rtu"),
    "rtu, exceptions": Case(torture.refusing(4), (), "exception 4", "rtu"),
    "rtu, four bytes a register": Case(
        torture.wide, (), "bad length: 16 instead of 8 bytes of data", "rtu", connections=None
    ),
    "rtu, two bytes behind": Case(torture.surplus(b"\0\0"), framing="rtu", surplus="2 bytes: 00 00"),
    "rtu, late": Case(torture.late(0.7), (), "timeout", "rtu", connections=None),
    "one id, late": Case(torture.late(0.7), ANY_ID, "timeout", connections=None),
}


@dataclass(frozen=True)
class Polled:
    """What became of a device."""

    samples: list[Sample]
    events: list[Event]
    connections: int


@pytest.fixture(scope="module")
def polled() -> dict[str, Polled]:
    delivered: list[Sample | Event] = []
    counts = PollerCounts()
    with ExitStack() as stack:
        devices = {}
        for name, case in CASES.items():
            port = stack.enter_context(torture.device(case.behaviour, rtu=case.framing == "rtu"))
            devices[name] = make_device(
                Device("site", name), host="127.0.0.1", port=port, unit_id=UNIT, plan=PLAN, period_us=PERIOD_US,
                framing=case.framing, tolerate=frozenset(case.tolerate), timeout_us=300_000, poll_limit_us=900_000,
                retries=0, backoff_max_us=0,
            )  # fmt: skip
        loop = ModbusLoop(delivered.append, counts)
        first_us = -(-now().wall_us // PERIOD_US) * PERIOD_US + PERIOD_US
        loop.poll([*devices.values()], first_us, first_us + TICKS * PERIOD_US, connect_ahead=True)
        loop.join(20)
    return {
        name: Polled(
            [item for item in delivered if isinstance(item, Sample) and item.device == device.device],
            [item for item in delivered if isinstance(item, Event) and item.device == device.device],
            counts.of(device.device).counts[CONNECTIONS],
        )
        for name, device in devices.items()
    }


@pytest.mark.parametrize("name", CASES)
def test_a_device_is_read_or_the_reason_says_what_it_gets_wrong(polled: dict[str, Polled], name: str) -> None:
    case, device = CASES[name], polled[name]
    assert len(device.samples) == TICKS
    for sample in device.samples:
        if case.reason is None:
            assert (sample.status, sample.reason, sample.image) == (Status.STORED, None, GOOD)
        else:
            assert sample.reason is not None
            assert (sample.status, sample.image) == (Status.FAILED, b"")
            assert (case.reason == sample.reason) or sample.reason.startswith(f"{case.reason}: ")


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.connections])
def test_what_a_device_gets_wrong_costs_no_connection(polled: dict[str, Polled], name: str) -> None:
    assert polled[name].connections == CASES[name].connections


@pytest.mark.parametrize("name", CASES)
def test_bytes_that_belong_to_no_reply_are_told_once(polled: dict[str, Polled], name: str) -> None:
    told = [event.detail for event in polled[name].events if event.kind is EventKind.SURPLUS_BYTES]
    assert told == ([CASES[name].surplus] if CASES[name].surplus else [])
