"""The plants folder: a user's own settings, sites and maps, named or found in the working folder.

`ess_ray.yaml` in it says what the command line would have to say else (`config.plants_file`). A folder that is named is
trusted, as the words of the command line are. One that merely lies in the working folder may be a stranger's: there
everything that is read has to be this user's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import yaml

from ess_ray.adapters.local.own_folder import check_own_tree
from ess_ray.adapters.local.yaml_bounds import check_bounds
from ess_ray.core.errors import ConfigError

OPTION, VARIABLE, USUAL = "--config-dir", "ESS_RAY_CONFIG", "my_plants"
FILE = "ess_ray.yaml"
READ = ("site", "map", "standard", "source", "storage", "export", "cluster")  # folders in it


def find_plants_folder(named: Path | None, environment: Mapping[str, str], new: bool = False) -> Path | None:
    """The folder that `--config-dir` names, else the variable ESS_RAY_CONFIG, else `my_plants` in the working folder.

    Absolute; None if none is named and there is no `my_plants`. With `new` it need not be there, and is never None.
    Raises ConfigError if a folder is named that is not there, and if another user made what `my_plants` holds, or may
    change it.
    """
    key = OPTION
    if named is None and (text := environment.get(VARIABLE)):
        key, named = VARIABLE, Path(text).expanduser()
    if named is not None:
        if not named.is_dir() and not (new and not os.path.lexists(named)):
            raise ConfigError(key, f"there is no folder {named}")
        return named.absolute()
    usual = Path(USUAL).absolute()
    if not os.path.lexists(usual):
        return usual if new else None
    try:
        check_own_tree(USUAL, usual, READ)
    except ConfigError as error:
        raise ConfigError(USUAL, f"{error.problem}; {OPTION} names a folder that is trusted as it is") from error
    return usual


def path_in(folder: Path, text: str) -> str:
    """The path that a file of the folder means by `text`: what is neither absolute nor begins with ~ counts from it."""
    return text if text.startswith("~") else os.path.normpath(folder.resolve() / text)


def state_dir_of(folder: Path) -> Path | None:
    """The state folder that the folder's ess_ray.yaml names, absolute; None if it names none.

    For programs that need no other setting. Raises ConfigError for a file that is no mapping, or a value that is no
    plain text.
    """
    try:
        text = (folder / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigError(FILE, f"{folder / FILE} cannot be read: {getattr(error, 'strerror', 'not UTF-8')}") from error
    check_bounds(text, FILE)
    try:
        tree = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(FILE, f"{folder / FILE} is not YAML: job=check says where") from error
    state_dir = tree.get("state_dir") if isinstance(tree, dict) else None
    if state_dir is None:
        return None
    if not isinstance(state_dir, str) or "${" in state_dir:
        raise ConfigError(f"{FILE}, state_dir", "expected a folder, without ${…}; ESS_RAY_STATE can name another one")
    return Path(path_in(folder, state_dir)).expanduser()
