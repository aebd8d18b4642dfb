"""No tick is taken twice by settings that follow each other, though they come late or the wall clock is set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.fuzz_polls import FaultyLine
from tests.played_line import START_US, S, make_plan_of

CHANGES = [  # each at a moment: new settings from a tick on, or the wall clock set by so many seconds
    pytest.param({3.4: "settings from 3", 3.7: "settings from 3"}, id="two changes that come late"),
    pytest.param({4.4: "settings from 4", 4.9: -1.0}, id="a late change, and the clock is set back behind it"),
    pytest.param({4.7: "settings from 6", 4.8: -2.0}, id="the clock is set back before a change holds"),
    pytest.param(
        {4.7: "settings from 5", 5.5: "settings from 7", 8.5: "settings from 9", 8.6: -6.0},
        id="the clock is set back behind three changes",
    ),
    pytest.param({4.2: "settings from 5", 6.5: -3.0, 6.9: "settings from 4"}, id="a change behind a clock set back"),
]


@pytest.mark.parametrize("changes", CHANGES)
def test_no_tick_is_taken_twice(changes: dict[float, str | float]) -> None:
    line = FaultyLine(lambda *_: (0.01, True), make_plan_of(range(3)))
    line.run(20.5, tuple((round(at_s * S), _change(what, at_s)) for at_s, what in changes.items()))
    ticks = [(sample.tick_us - START_US) / S for sample in line.samples]
    assert len(ticks) == len(set(ticks))
    last = 20.5 + sum(what for what in changes.values() if isinstance(what, float))
    assert sorted(ticks) == list(range(int(last) + 1))


def _change(what: str | float, at_s: float) -> Callable[[FaultyLine], None]:
    def change(line: FaultyLine) -> None:
        if isinstance(what, str):
            (settings, *_) = [device.settings for device in line.connection.polled.devices]
            first_us = START_US + int(what.rpartition(" ")[2]) * S
            line.connection.change([replace(settings, timeout_us=round(at_s * S))], first_us, None)
        else:
            line.clock_us += round(what * S)

    return change
