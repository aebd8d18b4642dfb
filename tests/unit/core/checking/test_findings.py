"""Findings about a map with several rates: what is asked for how often, and what its rows take."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ess_ray.core.checking.findings import plan_finding, poll_finding, table_rate
from ess_ray.core.maps.plan import make_plan
from ess_ray.core.maps.registers import RegisterMap, Value
from tests.make import S, make_device

FAST = tuple(Value("one", f"x{n}", None, (), 3, n, 1, "int16") for n in range(4))
SLOW = tuple(Value("many", "x", None, (n,), 3, 100 + n, 1, "int16", period_us=10 * S) for n in range(4))
RATED = RegisterMap("map", 1.0, (*FAST, *SLOW), frozenset(), "hash")
PLAIN = replace(RATED, values=tuple(replace(value, period_us=0) for value in RATED.values))


def test_the_plan_says_which_requests_are_sent_less_often() -> None:
    device = make_device(plan=make_plan(RATED))
    assert (
        "2 requests, 8 registers (0 in holes); every 1 s (1 of the requests every 10 s); "
        in plan_finding(device, RATED).text
    )
    assert "(1 of" not in plan_finding(replace(device, period_us=10 * S), RATED).text


@pytest.mark.parametrize(
    ("read_ms", "plain", "rated"),
    [(400, "pass", "pass"), (800, "warning", "pass"), (1200, "fail", "warning"), (2200, "fail", "fail")],
)
def test_a_poll_is_judged_by_what_is_asked_at_each_tick(read_ms: float, plain: str, rated: str) -> None:
    device = make_device(plan=make_plan(RATED))
    found = {each.map_hash: poll_finding(replace(device, plan=make_plan(each)), read_ms, None, None, 0)
             for each in (RATED, replace(PLAIN, map_hash="plain"))}  # fmt: skip
    assert [found["plain"].verdict, found["hash"].verdict] == [plain, rated]
    assert ("most ticks" in found["hash"].text, "most ticks" in found["plain"].text) == (True, False)


@pytest.mark.parametrize(("period_s", "part"), [(1, 0.1), (5, 0.5), (10, 1), (20, 1)])
def test_rows_that_come_less_often_take_less_room(period_s: int, part: float) -> None:
    device = make_device(plan=make_plan(RATED), period_us=period_s * S)
    only_fast = replace(PLAIN, values=FAST)
    whole, fast, rated = (table_rate([device], {"map": each}) for each in (PLAIN, only_fast, RATED))
    assert rated == pytest.approx(fast + part * (whole - fast))
