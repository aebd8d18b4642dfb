"""Time limits do not count while their watcher stands still."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ess_ray.core.running.awake import LONGEST_GAP_S, AwakeClock

ROUNDS = [0.5 * number for number in range(21)]  # ten seconds of looks


@pytest.mark.parametrize(
    ("looks_s", "awake_s"),
    [
        ((), 0.0),
        ((1234.5,), 0.0),
        (ROUNDS, 10.0),
        ([*ROUNDS, 10.0], 10.0),
        ([*ROUNDS, 23.0], 10.0 + LONGEST_GAP_S),  # stopped for 13 s: a limit of 10 s since 5.0 is not over
        ([*ROUNDS, 86410.0, 86410.5], 10.5 + LONGEST_GAP_S),
        ([0.0, 3.0, 6.0, 9.0], 3 * LONGEST_GAP_S),  # slow for ever: what hangs is still found, after as many looks
        ([5.0, 4.0, 4.5], 0.5),
    ],
)
def test_only_the_time_counts_in_which_the_watcher_has_looked(looks_s: Sequence[float], awake_s: float) -> None:
    clock = AwakeClock()
    assert clock.now_s == 0
    for moment_s in looks_s:
        assert clock.look(moment_s) == clock.now_s
    assert clock.now_s == pytest.approx(awake_s)
