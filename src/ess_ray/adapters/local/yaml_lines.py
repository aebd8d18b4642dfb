"""The lines of a YAML file's nodes, for error messages. The only user of PyYAML's node graph."""

from __future__ import annotations

from collections.abc import Callable

import yaml

from ess_ray.adapters.local.yaml_bounds import check_bounds
from ess_ray.core.errors import ConfigError


def line_finder(yaml_text: str) -> Callable[[tuple[str | int, ...]], int | None]:
    """A function from the path of a node, such as ("blocks", 2, "runs", 0), to its line (from 1), None if not there.

    Items of a list are counted from 0; a value that is a plain text is found by that text too; () gives line 1. The
    line of a mapping's value is that of its key, the line of an alias that of its anchor. `line_finder` raises
    ConfigError for a text that is not YAML or beyond the bounds of `yaml_bounds`, the function nothing.
    """
    check_bounds(yaml_text, "YAML")
    try:
        try:
            root = yaml.compose(yaml_text, Loader=yaml.CSafeLoader)
        except (
            yaml.MarkedYAMLError
        ):  # libyaml is fast, but a line late with a mistake: Python's loader has the right one
            root = yaml.compose(yaml_text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ConfigError(f"YAML, line {line}", error.problem or "not YAML") from error

    def line_of(path: tuple[str | int, ...]) -> int | None:
        node, line = root, 1
        for key in path:
            step = _step(node, key)
            if step is None:
                return None
            node, line = step
        return line

    return line_of


def _step(node: yaml.Node | None, key: str | int) -> tuple[yaml.Node, int] | None:
    """The child of `node` at `key` and its line: of a mapping the line of the key."""
    if isinstance(node, yaml.MappingNode):
        for name, child in node.value:
            if name.value == str(key):
                return child, name.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key], node.value[key].start_mark.line + 1
    elif isinstance(node, yaml.ScalarNode) and node.value == str(key):
        return node, node.start_mark.line + 1  # a column without attributes: its name is its own child
    return None
