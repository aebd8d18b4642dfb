"""Ticks lie on the absolute grid, and each is taken at most once."""

from __future__ import annotations

from ess_ray.core.polling.cadence import Cadence, first_tick_us, ticks_between

S = 1_000_000


def test_ticks_lie_on_the_absolute_grid() -> None:
    assert first_tick_us(7 * S + 1, 5 * S) == 10 * S
    assert first_tick_us(10 * S, 5 * S) == 10 * S
    assert ticks_between(7 * S, 21 * S, 5 * S) == 3  # 10, 15, 20


def test_a_cadence_gives_every_tick_of_its_window_once_and_late_ones_together() -> None:
    cadence = Cadence(S, 300_000)
    cadence.start(10 * S, 14 * S)
    assert list(cadence.due(10 * S)) == []
    assert cadence.next_due_us() == 10 * S + 300_000
    assert list(cadence.due(10 * S + 300_000)) == [10 * S]
    assert list(cadence.due(12 * S + 300_000)) == [11 * S, 12 * S]
    assert list(cadence.due(99 * S)) == [13 * S]
    assert cadence.next_due_us() is None


def test_a_stopped_cadence_ends_at_its_last_tick() -> None:
    cadence = Cadence(S, 0)
    cadence.start(0, None)
    assert list(cadence.due(2 * S)) == [0, S, 2 * S]
    cadence.stop(4 * S)
    assert list(cadence.due(9 * S)) == [3 * S]


def test_a_clock_that_jumps_ahead_passes_over_ticks_and_one_that_jumps_back_takes_none_twice() -> None:
    cadence = Cadence(S, 0)
    cadence.start(0, None)
    assert list(cadence.due(9 * S)) == [n * S for n in range(10)]
    assert cadence.jump(100 * S + 300_000) == range(10 * S, 101 * S, S)
    assert list(cadence.due(102 * S)) == [101 * S, 102 * S]
    assert cadence.jump(5 * S + 300_000) == range(6 * S, 10 * S, S)  # these were taken, 10 to 100 were not
    assert list(cadence.due(11 * S)) == [10 * S, 11 * S]
    assert cadence.jump(100 * S + 300_000) == range(12 * S, 103 * S, S)
    assert list(cadence.due(103 * S)) == [103 * S]
