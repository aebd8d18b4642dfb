"""A change that reaches the poller late holds from behind the last tick that was taken: no tick is taken twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ess_ray.core.maps.plan import Plan, Request
from ess_ray.core.polling.cadence import Cadence
from ess_ray.core.samples import Device
from tests.unit.core.polling.test_connection import START_US, Play, S

OTHER = Plan((Request(4, 0, 2, ((0, 2),), 0),), 4, "other")
DEVICE = Device("site", "unit1")


@pytest.mark.parametrize(
    ("period_s", "taken", "ticks_s"),
    [
        (1, [], [3, 4, 5]),
        (1, [(0, 3)], [3, 4, 5]),
        (1, [(0, 5)], [5, 6, 7]),
        (2, [(0, 5)], [6, 8, 10]),
        (1, [(20, 30)], [3, 4, 5]),  # taken while the clock was ahead
        (1, [(4, 5), (3, 4)], [5, 6, 7]),
        (1, [(3, 4), (6, 8)], [4, 5, 8]),
    ],
)
def test_a_cadence_takes_no_tick_that_another_one_has_taken(
    period_s: int, taken: list[tuple[int, int]], ticks_s: list[int]
) -> None:
    cadence = Cadence(period_s * S, 0)
    cadence.start(3 * S, None, [range(start * S, stop * S, S) for start, stop in taken])
    ticks: list[int] = []
    for moment_s in range(40):
        ticks += cadence.due(moment_s * S)
    assert [tick_us // S for tick_us in ticks][:3] == ticks_s


@pytest.mark.parametrize("first_s", [7, 4, 1])
def test_a_late_change_begins_behind_the_last_tick_and_says_which_that_is(first_s: int) -> None:
    play = Play(seconds=60).at(0).connected().replies()
    (old,) = [device.settings for device in play.connection.polled.devices]
    for second in range(1, 5):
        play.at(second).replies()
    changed_us = play.connection.change([replace(old, plan=OTHER)], START_US + first_s * S, None)
    holds_s = max(first_s, 5)
    assert changed_us == {DEVICE: START_US + holds_s * S}
    for second in range(5, 10):
        play.at(second).replies()
    assert [(sample.tick_us - START_US) // S for sample in play.samples] == list(range(10))
    assert {sample.layout for sample in play.samples[holds_s:]} == {OTHER.layout}
    assert OTHER.layout not in {sample.layout for sample in play.samples[:holds_s]}


def test_a_change_that_comes_while_ticks_are_overdue_leaves_each_tick_to_one_of_the_two() -> None:
    play = Play(seconds=60).at(0).connected().replies()
    (old,) = [device.settings for device in play.connection.polled.devices]
    play.us = 6 * S + 100_000  # the process stood still
    changed_us = play.connection.change([replace(old, plan=OTHER)], START_US + 3 * S, None)
    assert changed_us == {DEVICE: START_US + 3 * S}
    play.at(6.2).replies().at(7).replies()
    assert sorted((sample.tick_us - START_US) // S for sample in play.samples) == list(range(8))


def test_a_device_that_goes_late_says_behind_which_tick() -> None:
    play = Play(seconds=60).at(0).connected().replies().at(1).replies().at(2).replies()
    assert play.connection.change([], START_US + S, None) == {DEVICE: START_US + 3 * S}
    assert not play.connection.busy
