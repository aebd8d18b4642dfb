"""Devices as they are in the field, one of each kind: how it answers, what its user says of it, and what is right.

All of them have the map of `MAP`: registers 100 and 101, 200, 300 and 301, each of which holds its own address, in
three requests. What a device does otherwise than that is its behaviour (`tests.torture`).
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TypedDict

from tests import torture
from tests.torture import Behaviour, Pieces

STANDARD = """
tables:
  t:
    columns:
      a: {type: float8, unit: V, meaning: a number}
      b: {type: float8, unit: A, meaning: a number}
      c: {type: float8, unit: W, meaning: a number}
      d: {type: float8, meaning: a number}
      e: {type: text, meaning: a text}
"""
MAP = """
period_s: 1
function: 3
type: uint16
blocks:
  - table: t
    runs:
      - {at: 100, columns: [a, b]}
      - {at: 200, columns: [c]}
      - {at: 300, columns: [d, e: {type: string, length: 1, encoding: cp949}]}
"""
SECONDS = 9  # of the run
AUTHORITY = "authority.crt"  # a file in the folder of the configuration, which relative paths count from
COLUMNS = frozenset("abcde")
VALUES: Mapping[str, float | str] = {"a": 100.0, "b": 101.0, "c": 200.0, "d": 300.0, "e": "\x01-"}  # 301 is 0x012D


@dataclass(frozen=True)
class Kind:
    """A kind of device, and what is right for it.

    Every tick of the run has all columns but `unread`; at most `lost` ticks lack anything else.
    """

    behaviour: Behaviour
    settings: Mapping[str, object] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)  # where they are other than VALUES
    counting: str = ""  # the column that has another value each time
    unread: frozenset[str] = frozenset()
    lost: int = 0
    reasons: Collection[str] = ()  # of samples that lack something
    events: Sequence[str] = ()  # the kinds of all events there are
    rtu: bool = False  # it speaks RTU over TCP
    tls: bool = False  # it speaks TLS, with a certificate of the authority in AUTHORITY
    gateway: str = ""  # kinds of one gateway share its port, and the behaviour of the last of them

    def value(self, column: str) -> float | str:
        """The value that a column has, if it has one."""
        return self.values.get(column, VALUES[column])


class Unread(TypedDict):
    """What is expected of a device that is not read."""

    lost: int
    reasons: Collection[str]
    events: Sequence[str]


def moving() -> Behaviour:
    """Register 100 counts."""
    number = count(1)
    return torture.only_for(100, lambda _, reply: [(0, reply[:9] + next(number).to_bytes(2) + reply[11:])])


def text(data: bytes) -> Behaviour:
    return torture.only_for(300, lambda _, reply: [(0, reply[:11] + data)])


other_unit = torture.patched(6, b"\x07")
other_transaction = torture.patched(0, b"\0\0")
too_long_by_one = torture.length_off(1)  # a byte that does not come


def deaf(*reasons: str) -> Unread:
    """Of a kind of which nothing is read, with the reasons of its samples."""
    return {"lost": SECONDS, "reasons": reasons, "events": ["device lost"]}


QUICK = {"timeout_s": 0.2}  # what waits for nothing waits no longer than a period


def losing(nth: int) -> Behaviour:
    """Each so many-th answer gets lost, whatever is asked."""
    number = count(1)
    return lambda _, reply: [] if next(number) % nth == 0 else [(0, reply)]


def busy(_: int, reply: bytes) -> Pieces:
    """Busy in the first 150 ms of each second, when its ticks are."""
    return torture.refusing(6)(0, reply) if time.time() % 1 < 0.15 else [(0, reply)]


def small(_: int, reply: bytes) -> Pieces:
    """Silent if asked for more than one register."""
    return [(0, reply)] if reply[8] == 2 else []


def line(_: int, reply: bytes) -> Pieces:
    """A serial line with units 1, 2 and 3, of which the second is dead."""
    return [] if reply[6] == 2 else [(0.02, reply)]


KINDS: dict[str, Kind] = {
    "good": Kind(torture.good),
    "frozen": Kind(torture.good, {"frozen_after_s": 3}, events=["device frozen"]),
    "moving": Kind(moving(), {"frozen_after_s": 3}, counting="a"),
    "may_stand": Kind(torture.good, {"frozen_after_s": None}),
    "surplus_bytes": Kind(torture.surplus(b"\0\0"), events=["surplus bytes"]),
    "korean": Kind(text("가".encode("cp949")), values={"e": "가"}),
    "padded": Kind(text(b"\xff\xff"), values={"e": ""}),
    "no_text": Kind(text(b"\xff\x01"), values={"e": "0xFF01"}),
    "illegal_block": Kind(
        torture.only_for(200, torture.refusing(2)),
        unread=frozenset("c"),
        reasons=["exception 2", "parked"],
        events=["registers parked"],
    ),
    "other_unit": Kind(other_unit, **deaf("bad unit")),
    "other_unit_tolerated": Kind(other_unit, {"tolerate": ["unit_id"]}),
    "other_transaction": Kind(other_transaction, **deaf("bad transaction")),
    "other_transaction_tolerated": Kind(other_transaction, {"tolerate": ["transaction_id"]}),
    "too_long_by_one": Kind(
        too_long_by_one,
        QUICK,
        lost=SECONDS,
        reasons=["answer incomplete: 13 of 14 bytes", "answer incomplete: 11 of 12 bytes"],
    ),
    "too_long_by_one_tolerated": Kind(too_long_by_one, {"tolerate": ["length"]}),
    "rtu_over_tcp": Kind(torture.good, {"framing": "rtu"}, rtu=True),
    "rtu_unknown": Kind(torture.good, QUICK, rtu=True, **deaf("timeout")),
    "in_tls": Kind(torture.good, {"framing": "tls", "tls": {"ca_file": AUTHORITY}}, tls=True),
    "untrusted": Kind(
        torture.good, {"framing": "tls"}, tls=True, **deaf("certificate: of an authority that is not trusted")
    ),
    "answers_in_pieces": Kind(torture.fragments),
    "silent_block": Kind(
        torture.only_for(200, torture.silent),
        QUICK,
        unread=frozenset("c"),
        reasons=["timeout", "parked"],
        events=["registers parked"],
    ),
    "failing_block": Kind(torture.only_for(200, torture.refusing(4)), lost=SECONDS, reasons=["exception 4"]),
    "one_register_at_a_time": Kind(
        small, QUICK, lost=6, reasons=["timeout"], events=["registers parked", "registers parked"]
    ),
    "answers_get_lost": Kind(losing(10)),
    "busy": Kind(busy),
    "closes_after_each": Kind(torture.hanging_up),
    "dead": Kind(torture.silent, QUICK, **deaf("timeout")),
    "unit_1": Kind(line, {"unit_id": 1}, gateway="line", lost=3, reasons=["overrun"]),
    "unit_2_is_dead": Kind(line, {"unit_id": 2}, gateway="line", **deaf("timeout", "overrun")),
    "unit_3": Kind(line, {"unit_id": 3}, gateway="line", lost=3, reasons=["overrun"]),
}
