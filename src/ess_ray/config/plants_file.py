"""`ess_ray.yaml` of the plants folder: what the command line would have to say else, read before it.

A line `key: value` is the word `key=value`; keys may be nested or have dots. It wins over the files that are chosen by
name, and the command line over it. Called by `ess_ray.config.compose` alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from ess_ray.adapters.local.plants_folder import FILE, path_in
from ess_ray.adapters.local.yaml_lines import line_finder
from ess_ray.config.messages import expected
from ess_ray.config.rules import rule_of
from ess_ray.config.schema import ALIASES, Config
from ess_ray.config.yaml_source import load_tree
from ess_ray.core.errors import ConfigError

GROUPS = ("standard", "source", "site", "storage", "export", "cluster")  # as the defaults of conf/config.yaml
KEYS_OF = {"site": "fleet"}  # settings that belong to a group's choice and have another name
ELSEWHERE = {
    "sites": "a site has a file of its own, site/NAME.yaml",
    "maps": "a map has a file of its own, map/NAME.yaml",
    "defaults": "a group's file is chosen by its name, as in `storage: timescale`",
}
OPTION = re.compile(r"[A-Za-z0-9_./-]+")

Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlantsFile:
    """What the file says: `choices` by group, an option or several, and the other `values` by their keys' parts.

    Of a folder without the file all is empty. `line_of`: as of `yaml_lines.line_finder`.
    """

    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    values: Mapping[Keys, object] = field(default_factory=dict)
    lines: Mapping[Keys, int] = field(default_factory=dict)

    def words(self) -> list[str]:
        """The choices as words of the command line."""
        return [
            f"{group}={options[0]}" if len(options) == 1 and group != "site" else f"{group}=[{','.join(options)}]"
            for group, options in self.choices.items()
        ]

    def tree(self, words: Sequence[str]) -> dict[str, Any]:
        """The values as a tree, without what the file says of an option in whose place the words choose another."""
        chosen = {key: value for key, _, value in (word.partition("=") for word in words) if key in GROUPS}
        replaced = {
            KEYS_OF.get(group, group)
            for group, options in self.choices.items()
            if group in chosen and (group == "site" or [chosen[group]] != [*options])
        }
        tree: dict[str, Any] = {}
        for keys, value in self.values.items():
            if keys[0] not in replaced:
                parent = tree
                for key in keys[:-1]:
                    parent = parent.setdefault(key, {})
                parent[keys[-1]] = value
        return tree

    def located(self, error: ConfigError, words: Sequence[str]) -> ConfigError:
        """The error with the file and its line in front of the key, if the key is said there and by none of `words`."""
        keys = tuple(error.key.split("."))
        said = [tuple(word.partition("=")[0].split(".")) for word in words]
        if any(keys[: len(key)] == key or key[: len(keys)] == keys for key in said):
            return error
        for known, line in self.lines.items():
            if known[: len(keys)] == keys or (known in self.values and keys[: len(known)] == known):
                return ConfigError(f"{FILE}, line {line}, {error.key}", error.problem)
        return error


def read_plants_file(folder: Path) -> PlantsFile:
    """The file of the folder; paths in it count from the folder.

    Raises ConfigError that names the line: for what is no mapping, a key that is said twice or has its place elsewhere,
    and a choice that is no name.
    """
    file = folder / FILE
    if not file.is_file():
        return PlantsFile()
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(FILE, f"cannot be read: {getattr(error, 'strerror', 'it is not UTF-8')}") from error
    tree, line_of = _tree(text)
    choices: dict[str, Sequence[str]] = {}
    values: dict[Keys, object] = {}
    lines: dict[Keys, int] = {}
    for path, keys, value in _leaves(tree):
        line = line_of(path) or 1
        key = ".".join(keys)
        if keys in lines:
            raise ConfigError(f"{FILE}, line {line}, {key}", f"is said twice, before in line {lines[keys]}")
        if keys[0] in ELSEWHERE:
            raise ConfigError(f"{FILE}, line {line}, {key}", ELSEWHERE[keys[0]])
        if key not in GROUPS and is_dataclass(_type(keys)):
            raise ConfigError(f"{FILE}, line {line}, {key}", f"expected {expected(key)}")
        lines[keys] = line
        if key in GROUPS:
            choices[key] = _options(f"{FILE}, line {line}, {key}", value, key == "site")
        else:
            values[_named(keys)] = _counted_from(folder, keys, value)
    return PlantsFile(choices, values, {**lines, **{_named(keys): line for keys, line in lines.items()}})


def _tree(text: str) -> tuple[dict[Any, Any], Callable[[Keys], int | None]]:
    """What the text says, and the lines of its keys."""
    try:
        line_of = line_finder(text)
    except ConfigError as error:
        raise ConfigError(error.key.replace("YAML", FILE), error.problem) from error
    try:
        tree = load_tree(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{FILE}, line {line}", error.problem or "not YAML") from error
    if tree is not None and not isinstance(tree, dict):
        raise ConfigError(FILE, "expected a line `key: value` for each setting")
    return tree or {}, line_of


def _leaves(node: Mapping[Any, Any], path: Keys = ()) -> Iterator[tuple[Keys, Keys, object]]:
    """Path in the file, parts of the key, and value, of everything that is no group of further keys."""
    for name, value in node.items():
        deeper = (*path, str(name))
        keys = tuple(".".join(deeper).split("."))
        if is_dataclass(_type(keys)) and isinstance(value, dict):
            yield from _leaves(value, deeper)
        elif value is not None or not is_dataclass(_type(keys)):  # else all of its keys are commented out
            yield deeper, keys, value


def _type(keys: Keys) -> Any:
    """The type of a key; None if there is no such key."""
    kind: Any = Config
    for key in keys:
        kind = get_type_hints(kind).get(key) if is_dataclass(kind) else None
    return kind


def _named(keys: Keys) -> Keys:
    return (*ALIASES.get(keys[0], keys[0]).split("."), *keys[1:])


def _options(where: str, value: object, several: bool) -> Sequence[str]:
    options = value if isinstance(value, list) and several else [value]
    if any(not isinstance(option, str) or not OPTION.fullmatch(option) for option in options):
        raise ConfigError(where, f"expected a name{', or several in brackets' if several else ''}")
    return [str(option) for option in options]


def _counted_from(folder: Path, keys: Keys, value: object) -> object:
    """The value; of a setting that is a path, the path as it counts from the folder."""
    if not isinstance(value, str) or not value or value.startswith("${"):
        return value
    kind = _type(keys[:-1])
    known = {each.name: each for each in fields(kind)}.get(keys[-1]) if is_dataclass(kind) else None
    return path_in(folder, value) if known and rule_of(known).path else value
