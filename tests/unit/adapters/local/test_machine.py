"""The memory that pollers are planned by is that of the container, where there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from ess_ray.adapters.local.machine import cores, memory_bytes


@pytest.mark.parametrize(
    ("limits", "expected"),
    [([], None), (["max"], None), (["1048576"], 1 << 20), (["max", "2097152", "1048576"], 1 << 20)],
)
def test_the_least_limit_of_a_container_counts(tmp_path: Path, limits: list[str], expected: int | None) -> None:
    files = [tmp_path / str(number) for number in range(len(limits))]
    for file, limit in zip(files, limits, strict=True):
        file.write_text(f"{limit}\n")
    assert memory_bytes([*files, tmp_path / "none"]) == (expected or memory_bytes([]))
    assert memory_bytes([]) > 100 << 20
    assert cores() >= 1
