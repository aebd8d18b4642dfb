"""The files of `standard/` in a user's folder, which extend the standard that is chosen.

Called by `ess_ray.config.compose`, `.maps` and the simulator. Errors: ConfigError that names the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ess_ray.adapters.local.yaml_lines import line_finder
from ess_ray.config.yaml_source import Tree, plain_tree
from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.own_columns import merged
from ess_ray.core.maps.standard import Standard, load_standard


def extended(chosen: Standard, files: Iterable[tuple[str, Mapping[str, object]]]) -> Standard:
    """The standard with what these files (place and tree) add, one after the other.

    Raises ConfigError for a tree that is no standard, and, with both places, for what contradicts.
    """
    standard = chosen
    for place, tree in files:
        standard = merged(standard, [load_standard(tree, place, standard).tables])
    return standard


def own_standards(config_dir: Path, chosen: str) -> dict[str, Tree]:
    """The files of `standard/` in the user's folder but the chosen one: by place, in the order of their names.

    Raises ConfigError for one that cannot be read.
    """
    files = sorted((config_dir / "standard").glob("*.yaml"))
    return {f"standard/{file.name}": _tree(file) for file in files if file.stem != chosen}


def _tree(file: Path) -> Tree:
    if (tree := plain_tree(file)) is not None:
        return tree
    place = f"standard/{file.name}"
    try:
        line_finder(file.read_text(encoding="utf-8"))
    except ConfigError as error:
        raise ConfigError(f"{place}, {error.key}", error.problem) from None
    except (OSError, ValueError) as error:
        raise ConfigError(place, f"cannot be read: {error}") from None
    raise ConfigError(place, "expected `tables: {…}`, and neither defaults nor @package nor ${…}")
