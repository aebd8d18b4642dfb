"""Bounds of a YAML file that a user gives, looked at before anything is made of it.

A few lines can stand for more values than there is memory (aliases of aliases: "billion laughs"), or be nested so
deeply that libyaml, which composes recursively, ends the process. Only the parser's events are looked at, which
come one by one.
"""

from __future__ import annotations

from functools import lru_cache

import yaml

from ess_ray.core.errors import ConfigError

MOST_VALUES = 100_000  # that aliases may stand for, beyond those that are written
MOST_DEPTH = 100  # of lists and mappings in each other


def check_bounds(text: str, file: str) -> None:
    """Raise ConfigError, which names `file` and the line, if aliases multiply too far or the nesting is too deep.

    A text that is not YAML passes: whoever reads it says what is wrong.
    """
    line, problem = _first_problem(text)
    if problem:
        raise ConfigError(f"{file}, line {line}", problem)


@lru_cache(maxsize=16)  # a map is looked at for its tree and for its lines, and again by a reload
def _first_problem(text: str) -> tuple[int, str]:
    """The first problem of the text and its line, from 1; an empty problem: there is none."""
    try:
        return _walk(text, yaml.CSafeLoader)
    except yaml.YAMLError:  # what libyaml does not take, Python's parser may
        try:
            return _walk(text, yaml.SafeLoader)
        except yaml.YAMLError:
            return 0, ""


def _walk(text: str, loader: type[yaml.CSafeLoader | yaml.SafeLoader]) -> tuple[int, str]:
    walk = _Walk()
    for event in yaml.parse(text, Loader=loader):
        if problem := walk.problem_of(event):
            return event.start_mark.line + 1, problem
    return 0, ""


class _Walk:
    """The values of a file up to an event: those that are written, and those that aliases stand for too."""

    def __init__(self) -> None:
        self._values = self._written = 0
        self._sizes: dict[str, int] = {}  # values of each anchor, aliases in it replaced
        self._open: list[tuple[str | None, int]] = []  # of each collection: its anchor, and the values before it

    def problem_of(self, event: yaml.Event) -> str:
        """Take the next event; a sentence about what is wrong with it, empty if nothing is."""
        if isinstance(event, yaml.CollectionStartEvent):
            self._open.append((event.anchor, self._values))
            if len(self._open) > MOST_DEPTH:
                return f"lists and mappings are nested more than {MOST_DEPTH} deep"
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = self._open.pop()
            self._sizes[anchor or ""] = self._values - before
        elif isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in self._open):
                return f"the alias *{event.anchor} stands for a value that it is in"
            self._values += self._sizes.get(event.anchor, 1) - 1
        elif isinstance(event, yaml.ScalarEvent):
            self._sizes[event.anchor or ""] = 1
        if isinstance(event, yaml.NodeEvent):
            self._values, self._written = self._values + 1, self._written + 1
        if self._values - self._written <= MOST_VALUES:
            return ""
        problem = f"aliases multiply: up to this line they stand for more than {MOST_VALUES:,} values"
        return f"{problem}; write out what is meant, or leave it out"
