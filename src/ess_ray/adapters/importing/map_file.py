"""The file of a map that was made: checked as the collector will, written where nothing is yet."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ess_ray.adapters.importing.trees import read_yaml
from ess_ray.adapters.local.yaml_lines import line_finder
from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.own_columns import merged
from ess_ray.core.maps.plan import make_plan
from ess_ray.core.maps.row_size import check_rows
from ess_ray.core.maps.standard import Standard


def check_map(name: str, text: str, standard: Standard) -> tuple[int, str] | None:
    """The line of the map's text that cannot be used (0: none is known), and why; None if all of it can."""
    try:
        register_map = load_map(name, read_yaml(text, f"map {name}"), standard, line_finder(text))
        check_rows(register_map, merged(standard, [register_map.own]))
        make_plan(register_map)
    except ConfigError as error:
        line = re.search(r"line (\d+)", error.key)
        return int(line[1]) if line else 0, error.problem
    return None


def write_new(file: Path, text: str) -> None:
    """Write a file that is not there yet, and the folders around it. Raises ConfigError if it is, or cannot be."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "w", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError as error:
        raise ConfigError("name", f"{file} is there already, and nothing is overwritten: say name=…") from error
    except OSError as error:
        raise ConfigError("--config-dir", f"{file} cannot be written: {error.strerror}") from error
