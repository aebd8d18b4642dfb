"""Doubts about registers that do not hold what the map expects."""

from __future__ import annotations

from ess_ray.core.checking.suspect import doubts
from ess_ray.core.maps.mapfile import load_map
from tests.make import shipped_standard


def test_a_register_that_does_not_hold_what_the_map_expects_is_told_once() -> None:
    run = {"at": 2, "type": "uint16", "columns": ["frequency", "ac_current"]}
    block = {"table": "inverter", "ids": {"inverter_id": 1}, "expect": {0: 103, 1: 50}, "runs": [run]}
    values = load_map("m", {"period_s": 1, "function": 3, "blocks": [block]}, shipped_standard()).values
    right = {(3, 0): 103, (3, 1): 50, (3, 2): 50, (3, 3): 12}
    assert doubts(values, right) == []
    (doubt,) = doubts(values, right | {(3, 1): 52})
    assert (doubt.reading.value.column, doubt.why) == (
        "frequency", "1 holds 52, and the map expects 50 there: it and others are not stored",
    )  # fmt: skip
    del right[3, 0]  # it was not read: that is told elsewhere
    assert doubts(values, right) == []
