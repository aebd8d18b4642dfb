"""Devices that share a connection take turns, and none costs the others more than a little. In simulated time."""

from __future__ import annotations

import pytest

from ess_ray.core.samples import EventKind
from tests.played_line import SILENT, PlayedLine, make_plan_of

ONE = make_plan_of(range(2))


def test_on_a_line_that_is_too_slow_every_unit_has_its_turn_and_none_is_called_lost() -> None:
    line = PlayedLine(lambda unit, asked, t_s: (0.1, True), ONE, units=range(1, 31), serial=True).run(300)
    assert {len(line.stored(unit)) for unit in range(1, 31)} <= {99, 100, 101}
    assert {reason for unit in range(1, 31) for reason in line.outcomes(unit)} == {"stored", "overrun"}
    assert [(event.kind, event.detail) for event in line.events] == [
        (EventKind.OVERLOADED, "the 30 devices of this connection take 3.0 s a round: period_s=4 leaves time for it")
    ]
    assert line.connects == 1


def test_a_device_that_is_too_slow_for_its_period_is_told_what_would_fit() -> None:
    line = PlayedLine(lambda unit, asked, t_s: (1.7, True), ONE, timeout_us=3_000_000).run(60)
    assert [(event.kind, event.detail) for event in line.events] == [
        (EventKind.OVERLOADED, "a poll takes 1.7 s a round: period_s=2 leaves time for it")
    ]


@pytest.mark.parametrize("gateway", ["drops the request", "waits for the unit", "waits, and replies with exception 11"])
def test_a_dead_unit_costs_the_others_at_most_one_percent(gateway: str) -> None:
    took_s = 0.02 if gateway == "drops the request" else 1.0
    reply = 11 if "11" in gateway else SILENT
    line = PlayedLine(
        lambda unit, asked, t_s: (took_s, reply) if unit == 3 else (0.02, True), ONE, units=range(1, 11), serial=True
    ).run(300)
    assert min(len(line.stored(unit)) for unit in range(1, 11) if unit != 3) >= 299
    assert [(event.device.device, event.kind) for event in line.events] == [("unit3", EventKind.DEVICE_LOST)]


def test_a_unit_that_was_dead_is_back_soon_beside_its_neighbours() -> None:
    line = PlayedLine(
        lambda unit, asked, t_s: (0.02, SILENT if unit == 3 and t_s < 40.5 else True), ONE, units=range(1, 11)
    ).run(60)
    assert line.stored(3) == list(range(42, 60)) or line.stored(3) == list(range(41, 60))


def test_units_that_are_all_dead_have_a_new_connection_now_and_then() -> None:
    line = PlayedLine(lambda unit, asked, t_s: (0.02, SILENT), ONE, units=(1, 2, 3)).run(30)
    assert line.connects > 5
