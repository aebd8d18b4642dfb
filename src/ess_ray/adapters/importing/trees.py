"""Trees out of YAML and TOML, with what each form may have: tags of Home Assistant, numbers as they are written."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import yaml

from ess_ray.adapters.local.yaml_bounds import check_bounds
from ess_ray.core.errors import ConfigError


class _TagLoader(yaml.CSafeLoader):  # type: ignore[misc]
    """Takes a tag that it does not know (`!secret name`) as the text behind it."""


def _tagged(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.ScalarNode):
        return f"!{tag} {node.value}"
    return loader.construct_mapping(node, deep=True) if isinstance(node, yaml.MappingNode) else []


_TagLoader.add_multi_constructor("!", _tagged)


def read_yaml(text: str, name: str) -> Mapping[str, Any]:
    """The mapping of a YAML text; a list is that of `modbus`, since Home Assistant includes files of it so.

    Raises ConfigError that names `name` and the line for what is no YAML, or neither of them.
    """
    check_bounds(text, name)
    try:
        tree = yaml.load(text, Loader=_TagLoader)  # noqa: S506  # a SafeLoader
    except yaml.YAMLError as error:
        raise _no_yaml(text, name) from error
    except ValueError as error:
        raise ConfigError(name, f"is no YAML: {error}") from error
    if isinstance(tree, list):
        return {"modbus": tree}
    if not isinstance(tree, dict):
        raise ConfigError(name, "expected a mapping, `key: value`, at the top")
    return tree


def _no_yaml(text: str, name: str) -> ConfigError:
    """The error about a text that is no YAML: Python's parser has the right line, where libyaml is one late."""
    try:
        yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        return ConfigError(f"{name}, line {line}", f"is no YAML: {error.problem or error.context}")
    except yaml.YAMLError as error:
        return ConfigError(name, f"is no YAML: {error}")
    return ConfigError(name, "is no YAML that can be read")


def read_toml(text: str, name: str) -> Mapping[str, Any]:
    """The tables of a TOML text, floats as Decimals. Raises ConfigError that names `name` and the line."""
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(name, f"is no TOML: {error}") from error
