"""Pollers are given a change one by one, each device to one at a time, and it holds from when they say."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ess_ray.core.running.handover import Changed, Devices, Handover, PollOrder, PollReply
from ess_ray.core.samples import Device
from ess_ray.core.settings import DeviceSettings
from tests.make import make_device

S = 1_000_000
FIRST_US = 100 * S


def device(name: str) -> Device:
    return Device("site", name)


def settings(name: str, version: int = 1) -> DeviceSettings:
    return make_device(device(name), period_us=version * S)


A, B, C, A2 = settings("a"), settings("b"), settings("c"), settings("a", 2)


def carried_out(
    before: Sequence[Devices], after: Sequence[Devices], replies: dict[int, list[PollReply]]
) -> tuple[list[PollOrder], list[Changed]]:
    """The orders of a change, in turn, and the changes that the replies say; without a reply a poller was in time."""
    handover, orders, changed = Handover(before, after, FIRST_US), [], []
    while not handover.over:
        orders += handover.orders()
        number = handover.waiting[0]
        reply = replies[number].pop(0) if replies.get(number) else PollReply(FIRST_US)
        changed += handover.replied(number, reply)
    return orders, changed


@pytest.mark.parametrize(
    ("before", "after", "replies", "orders", "changed"),
    [
        ([(A, B)], [(A, B)], {}, [], []),
        ([(A, B)], [(A2, B)], {}, [(0, (A2, B), 100)], [("a", A2, 100)]),
        # It took ticks up to 104 before the change was there.
        ([(A, B)], [(A2, C)], {0: [{"a": 105, "b": 104, "c": 100}]}, [(0, (A2, C), 100)],
         [("a", A2, 105), ("b", None, 104), ("c", C, 100)]),
        # Only one of two pollers is late.
        ([(A,), (B,)], [(A2,), ()], {0: [{"a": 105}]}, [(0, (A2,), 100), (1, (), 100)],
         [("a", A2, 105), ("b", None, 100)]),
        # It moves: first it is given up, then polled behind that.
        ([(A, B), (C,)], [(B,), (C, A)], {0: [{"a": 103}]}, [(0, (B,), 100), (1, (C, A), 103)], []),
        ([(A, B), (C,)], [(B,), (C, A2)], {0: [{"a": 103}], 1: [{"a": 103}]}, [(0, (B,), 100), (1, (C, A2), 103)],
         [("a", A2, 103)]),
        # Two change places.
        ([(A,), (B,)], [(B,), (A,)], {1: [{"b": 101}]}, [(0, (), 100), (1, (), 100), (0, (B,), 101), (1, (A,), 100)],
         []),
        # A poller for a new device takes over another one.
        ([(A, B), ()], [(A,), (C, B)], {}, [(0, (A,), 100), (1, (C,), 100), (1, (C, B), 100)], [("c", C, 100)]),
    ],
)  # fmt: skip
def test_each_device_has_one_poller_at_a_time_and_changes_when_that_says(
    before: list[Devices],
    after: list[Devices],
    replies: dict[int, list[dict[str, int]]],
    orders: list[tuple[int, Devices, int]],
    changed: list[tuple[str, DeviceSettings | None, int]],
) -> None:
    given = {
        number: [PollReply(FIRST_US, {device(name): at * S for name, at in reply.items()}) for reply in of_poller]
        for number, of_poller in replies.items()
    }
    sent, learned = carried_out(before, after, given)
    assert sent == [PollOrder(number, devices, at * S) for number, devices, at in orders]
    assert sorted(learned, key=str) == sorted((Changed(device(n), new, at * S) for n, new, at in changed), key=str)


def test_the_change_of_a_poller_that_died_holds_from_when_its_new_process_begins() -> None:
    _, changed = carried_out([(A, B)], [(A2,)], {0: [PollReply(112 * S, {device("a"): 112 * S})]})
    assert changed == [Changed(device("a"), A2, 112 * S), Changed(device("b"), None, 112 * S)]


def test_what_a_dead_poller_had_is_polled_elsewhere_from_when_it_is_given_up() -> None:
    orders, changed = carried_out([(A,), ()], [(), (A,)], {0: [PollReply(160 * S)]})
    assert orders == [PollOrder(0, (), FIRST_US), PollOrder(1, (A,), 160 * S)]
    assert changed == []
