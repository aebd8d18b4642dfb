"""The location of the shipped configuration."""

from __future__ import annotations

from pathlib import Path


def conf_folder() -> Path:
    """The folder `conf`: inside the package when it came as a wheel, else at the root of the source tree."""
    package = Path(__file__).parents[1]
    inside = package / "conf"
    return inside if inside.is_dir() else package.parents[1] / "conf"
