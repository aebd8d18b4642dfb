"""A short soak with a fixed seed: faults by chance, and every tick accounted for. Long ones: scripts/soak."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.faults.deck import draw, totals
from tests.faults.soak import soak


def test_faults_by_chance_lose_double_and_change_nothing(tmp_path: Path) -> None:
    result, problems, _ = soak(tmp_path, minutes=0.75, seed=20261122, devices=8)
    assert problems == []
    assert result["stored"] > 0
    assert sum(result["faults"].values()) > 5
    assert result["exported"] > 0


def test_forty_five_minutes_have_the_faults_that_are_promised() -> None:
    for seed in range(5):
        sorts = totals(Counter(draw(45, seed)))
        assert (sorts["kills"], sorts["reloads"], sorts["restores"]) == (200, 20, 10)
        assert sorts["database faults"] >= 50
