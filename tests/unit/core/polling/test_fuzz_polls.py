"""Random devices, faults, settings and clocks; for more of them: `python -m tests.fuzz_polls 2000`."""

from __future__ import annotations

import pytest

from tests.fuzz_polls import play


@pytest.mark.parametrize("seed", range(0, 60, 20))
def test_whatever_happens_each_tick_has_one_sample_and_a_register_its_own_value(seed: int) -> None:
    assert sum(len(play(each)) for each in range(seed, seed + 20)) > 500
