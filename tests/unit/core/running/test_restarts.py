"""A server that has ended is started again at once, one that does not stay up ever more seldom."""

from __future__ import annotations

import pytest

from ess_ray.core.running.restarts import RestartPauses


@pytest.mark.parametrize(
    ("up_for_s", "pauses_s"),
    [
        ([None] * 9, [0, 1, 2, 4, 8, 16, 32, 60, 60]),  # it cannot be started
        ([5.0] * 5, [0, 1, 2, 4, 8]),  # it starts, and ends soon
        ([86400.0] * 3, [0, 0, 0]),  # it is killed once a day
        ([None, None, 61.0, None, None], [0, 1, 2, 0, 1]),
        ([None] * 2000, [*[0, 1, 2, 4, 8, 16, 32], *[60] * 1993]),
    ],
)
def test_pauses_grow_while_starting_does_not_help(up_for_s: list[float | None], pauses_s: list[int]) -> None:
    pauses, now_s, given_s = RestartPauses(), 1000.0, []
    pauses.up(now_s)
    now_s += 3600.0
    for up_s in up_for_s:
        given_s.append(pauses.before_start_s(now_s))
        now_s += given_s[-1]
        if up_s is not None:
            pauses.up(now_s)
            now_s += up_s
    assert given_s == pauses_s
