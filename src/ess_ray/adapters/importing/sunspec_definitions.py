"""The definitions of SunSpec's models that come with the package pysunspec2, read as data: none of its code is run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from ess_ray.core.errors import ConfigError
from ess_ray.core.sunspec.definitions import Definition, read_definition

PACKAGE, FOLDER = "pysunspec2", "sunspec2/models/json"


def model_numbers() -> Iterator[int]:
    """The numbers of all models that are defined, rising. Raises ConfigError if the package is not there."""
    yield from sorted(int(file.stem.removeprefix("model_")) for file in _folder().glob("model_*.json"))


@cache
def find_definition(number: int) -> Definition | None:
    """The definition of a model; None if there is none. Raises ConfigError if the package is not there."""
    file = _folder() / f"model_{number}.json"
    return read_definition(json.loads(file.read_text("utf-8"))) if file.is_file() else None


@cache
def _folder() -> Path:
    # Beside the installed package, wherever that is: never the working folder, in which the package looks first.
    try:
        return Path(str(distribution(PACKAGE).locate_file(FOLDER)))
    except PackageNotFoundError as error:
        raise ConfigError("from", f"the package {PACKAGE} is not installed: run scripts/install") from error
