"""Hydra's and OmegaConf's errors, of several lines and in their own terms, as one line for a person: key and problem.

Called by `ess_ray.config.compose` alone. What was given for a DSN is not quoted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import yaml
from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    InterpolationResolutionError,
    OmegaConfBaseException,
)

from ess_ray.config.schema import Config
from ess_ray.core.errors import ConfigError

MOST_LISTED = 12  # names in a message; of more none is listed
TYPES = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


def config_error(error: Exception) -> ConfigError:
    """The ConfigError for an error of Hydra, OmegaConf or YAML: the key, file or word that is wrong, and what to do."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = str(error.missing_cfg_file).rpartition("/")
        return ConfigError(group or "config", f"there is no {option!r}{hint(option, list(error.options or ()))}")
    if isinstance(error, OverrideParseException):
        return _unreadable(error.override)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OmegaConfBaseException) and cause.full_key:
            return ConfigError(cause.full_key, _problem(cause))
        if isinstance(cause, yaml.MarkedYAMLError) and cause.problem_mark:
            mark = cause.problem_mark
            file = "/".join(Path(mark.name).parts[-2:])
            return ConfigError(f"{file}, line {mark.line + 1}", cause.problem or "not YAML")
        cause = cause.__cause__ or cause.__context__
    lines = str(error).strip().splitlines()
    if in_file := re.match(r"In '(.+)':", lines[0]):
        return ConfigError(f"{in_file[1]}.yaml", lines[min(1, len(lines) - 1)].strip())
    return ConfigError("command line", lines[0])


def _unreadable(word: str) -> ConfigError:
    """The error for a word `key=value` that Hydra's grammar does not take."""
    key, _, value = word.partition("=")
    for opening, closing, name in (("[", "]", "bracket"), ("{", "}", "brace"), ("(", ")", "parenthesis")):
        if value.count(opening) != value.count(closing):
            return ConfigError(key, f"a {name} is not closed, or not opened")
    if value.count("'") % 2 or value.count('"') % 2:
        return ConfigError(key, "a quotation mark is not closed")
    return ConfigError(key, "cannot be read: put the value into quotation marks, as in key='a=b (c)'")


def _problem(error: OmegaConfBaseException) -> str:
    key = str(error.full_key)
    if isinstance(error, (ConfigKeyError, ConfigAttributeError)):
        parent: Any = error.parent_node
        return f"unknown key{_elsewhere(key) or hint(str(error.key), [str(name) for name in parent or ()])}"
    if isinstance(error, InterpolationResolutionError):
        return "refers with ${…} to something that is not there"
    values = expected(key)
    if values is None:
        return str(error).strip().splitlines()[0] if "dsn" not in key else "expected a text"
    given = "" if "dsn" in key else f", found {error.value!r}"
    meant = "; did you mean site=…?" if key == "sites" else ""
    return f"expected {values}{given}{meant}"


def expected(key: str) -> str | None:
    """The values that `key` takes, in words: `a whole number`; None for a key that the schema does not have."""
    kind: Any = Config
    for name in re.split(r"[.\[]", key):
        if get_origin(kind) is dict:
            kind = get_args(kind)[1]
        elif is_dataclass(kind):
            kind = get_type_hints(kind).get(name)
        else:
            return None
    if get_origin(kind) is dict:
        return "names, each with its keys"
    kind = next((part for part in get_args(kind) if part is not NoneType), kind)  # of `int | None`
    if is_dataclass(kind):
        return "the keys " + ", ".join(field.name for field in fields(kind))
    return TYPES.get(kind)


def _elsewhere(key: str) -> str:
    """A hint for `duration_s`, which is `run.duration_s`."""
    groups = {name: kind for name, kind in get_type_hints(Config).items() if is_dataclass(kind)}
    keys = [f"{group}.{key}" for group, kind in groups.items() if key in (field.name for field in fields(kind))]
    return f"; did you mean {' or '.join(keys)}?" if keys else ""


def hint(name: str, names: Sequence[str]) -> str:
    """Behind a sentence about a wrong name: the one of those that exist that is nearest, else all if they are few."""
    if close := get_close_matches(name, names, 1):
        return f"; did you mean {close[0]}?"
    if not names or len(names) > MOST_LISTED:
        return ""
    return f"; there are: {', '.join(sorted(names))}"
