"""Where the shipped configuration is, and the user's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ess_ray.adapters.local.plants_folder import find_plants_folder


def conf_folder() -> Path:
    """The folder `conf`: inside the package when it came as a wheel, else at the root of the source tree."""
    package = Path(__file__).parents[1]
    inside = package / "conf"
    return inside if inside.is_dir() else package.parents[1] / "conf"


def plants_folder(named: Path | None, environment: Mapping[str, str], new: bool = False) -> Path | None:
    """The user's folder, see `adapters.local.plants_folder`: that of `--config-dir`, ESS_RAY_CONFIG, or `my_plants`."""
    return find_plants_folder(named, environment, new)
