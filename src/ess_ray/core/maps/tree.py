"""Reading plain nested dicts and lists (what a YAML loader returns) with errors that say where and what was expected.

Used by `core.maps.standard` and `core.maps.mapfile`. A `Node` is a value with its path from the root; `fail` makes the
error out of a node and a problem, so that each kind of file names its places in its own way; `line_of` knows the file's
lines.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from ess_ray.core.errors import ConfigError

Path = tuple[str | int, ...]


def no_line(_: Path) -> int:
    """The line of a node where no file is known."""
    return 0


def unknown(what: str, name: object, known: Iterable[str]) -> str:
    """The problem text for a name that nobody knows, with the nearest known one."""
    names = list(known)
    near = difflib.get_close_matches(str(name), names, n=1)
    return f"unknown {what} {name!r}; " + (f"did you mean {near[0]}?" if near else f"known: {', '.join(names)}")


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the tree and where it stands. All readers raise what `fail` makes, a ConfigError or a child of it."""

    value: object
    path: Path
    fail: Callable[[Node, str], ConfigError]
    line_of: Callable[[Path], int] = no_line
    address: int | None = None  # of the register that the node is about, where one is known

    @property
    def line(self) -> int:
        return self.line_of(self.path)

    def error(self, problem: str) -> ConfigError:
        return self.fail(self, problem)

    def child(self, key: str | int, value: object) -> Node:
        return replace(self, value=value, path=(*self.path, key))

    def about(self, address: int) -> Node:
        return replace(self, address=address)

    def fields(
        self, known: Iterable[str] | None = None, needed: Iterable[str] = (), what: str = "key"
    ) -> dict[str, Node]:
        """The children of a mapping by key; one that is not `known` or a `needed` one left out is an error."""
        if not isinstance(self.value, dict):
            raise self.error(f"expected {what}s with values (a mapping), found {self.value!r}")
        allowed = None if known is None else list(known)
        children = {str(key): self.child(key, value) for key, value in self.value.items()}
        for key, node in children.items():
            if allowed is not None and key not in allowed:
                raise node.error(unknown(what, key, allowed))
        for key in needed:
            if key not in children:
                raise self.error(f"{key} is missing")
        return children

    def items(self) -> list[Node]:
        """The children of a list."""
        if not isinstance(self.value, list):
            raise self.error(f"expected a list, found {self.value!r}")
        return [self.child(index, value) for index, value in enumerate(self.value)]

    def text(self, known: Iterable[str] | None = None, what: str = "value") -> str:
        if not isinstance(self.value, str):
            raise self.error(f"expected text, found {self.value!r}")
        if known is not None and self.value not in known:
            raise self.error(unknown(what, self.value, known))
        return self.value

    def integer(self, low: int, high: int) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not low <= self.value <= high:
            raise self.error(f"expected a whole number from {low} to {high}, found {self.value!r}")
        return self.value

    def decimal(self) -> Decimal:
        """The number as it is written: 0.1 is exactly one tenth."""
        if isinstance(self.value, int | float) and not isinstance(self.value, bool):
            number = Decimal(str(self.value))
            if number.is_finite():
                return number
        raise self.error(f"expected a number, found {self.value!r}")

    def span(self, low: int, high: int) -> range:
        """A whole number n (as n..n) or a "first..last" text, as a range."""
        match = re.fullmatch(r"(\d+)\.\.(\d+)", self.value) if isinstance(self.value, str) else None
        if match is None:
            first = last = self.integer(low, high)
        else:
            first, last = int(match[1]), int(match[2])
        if not low <= first <= last <= high:
            raise self.error(f"expected first..last from {low} to {high}, found {self.value!r}")
        return range(first, last + 1)
