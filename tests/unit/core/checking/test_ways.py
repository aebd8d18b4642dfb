"""The way to a device is found by what came back, in few requests. tests/contract/test_ways.py tries it on sockets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ess_ray.core.checking.survey import Reply
from ess_ray.core.checking.ways import Way, find_way, settings_text, way_settings
from ess_ray.core.reasons import Reason

SET = Way("tcp", 1)
GOOD = b"\0\1"


def silent_but(way: Callable[[Way], bool], otherwise: Reply = Reason.TIMEOUT) -> Callable[[Way], Reply]:
    return lambda asked: GOOD if way(asked) else otherwise


def unlike(asked: Way) -> Reply:
    """A gateway that gets all three wrong that can be tolerated."""
    for name, reason in (("transaction_id", "bad transaction"), ("unit_id", "bad unit"), ("length", "bad length: 1")):
        if name not in asked.tolerate:
            return reason
    return GOOD


# What the device does, the settings that are to be found, and in how many requests.
WAYS: dict[str, tuple[Callable[[Way], Reply], str, int]] = {
    "replies": (silent_but(lambda way: True), "", 1),
    "refuses, so it is there": (lambda way: 2, "", 1),
    "RTU, silent": (silent_but(lambda way: way.framing == "rtu"), "framing: rtu", 3),
    "RTU, replies anything": (silent_but(lambda way: way.framing == "rtu", "bad protocol"), "framing: rtu", 2),
    "hangs up at once": (silent_but(lambda way: way.connect_pause_us > 0, "closed"), "connect_pause_s: 1", 2),
    "swallows what comes at once": (silent_but(lambda way: way.connect_pause_us > 0), "connect_pause_s: 1", 4),
    "another unit, silent": (silent_but(lambda way: way.unit_id == 3), "unit_id: 3", 6),
    "another unit, by a gateway": (silent_but(lambda way: way.unit_id == 247, 11), "unit_id: 247", 7),
    "wrong in three ways": (unlike, "tolerate: [length, transaction_id, unit_id]", 4),
}


@pytest.mark.parametrize("name", WAYS)
def test_the_way_is_found(name: str) -> None:
    device, said, most = WAYS[name]
    asked: list[Way] = []

    def ask(way: Way, *_: int) -> Reply:
        asked.append(way)
        return device(way)

    contact = find_way(SET, (3, 0, 0), ask, most_units=8)
    assert contact.answered
    assert settings_text(way_settings(SET, contact.way)) == said
    assert len(asked) <= most


@pytest.mark.parametrize(("reply", "most"), [("timeout", 12), ("bad protocol", 4), ("refused", 1), (11, 9), (None, 1)])
def test_a_device_to_which_no_way_leads_is_left_alone(reply: Reply, most: int) -> None:
    asked: list[Way] = []

    def ask(way: Way, *_: int) -> Reply:
        asked.append(way)
        return reply

    contact = find_way(SET, (3, 0, 0), ask, most_units=8)
    assert (contact.answered, contact.way, contact.asked_as_set) == (False, SET, reply)
    assert len(asked) <= most
