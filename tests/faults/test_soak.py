"""A short soak with a fixed seed: faults by chance, and every tick accounted for. Long ones: scripts/soak."""

from __future__ import annotations

from pathlib import Path

from tests.faults.soak import soak


def test_faults_by_chance_lose_double_and_change_nothing(tmp_path: Path) -> None:
    result, said = soak(tmp_path, minutes=0.75, seed=20261122, devices=8)
    assert (result["lost"], result["doubled"], result["wrong"]) == (0, 0, 0), said
    assert result["stored"] > 0
    assert sum(result["faults"].values()) > 5
    assert len(said) == 1, said
