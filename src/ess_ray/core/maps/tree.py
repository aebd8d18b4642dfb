"""Reading plain nested dicts and lists (what a YAML loader returns) with errors that say where and what was expected.

Used by `core.maps.standard` and `core.maps.mapfile`. A `TreeNode` is a value with the keys that lead to it from the
root; `fail` makes the error out of a node and a problem, and does not raise it, so that each kind of file says in its
own way where it is; `line_of` gives the line of the file.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.numbering import WIRE_NUMBERING, Numbering

KeyPath = tuple[str | int, ...]  # keys of mappings and indexes of lists, from the root
LineOf = Callable[[KeyPath], int | None]  # the line of a node in its file, from 1; None where there is none


def no_line(_: KeyPath) -> int:
    """The line of a node of a tree that comes from no file: 0."""
    return 0


def nearest_line(line_of: LineOf) -> Callable[[KeyPath], int]:
    """The line of a path, or of the nearest node around it that has one; 0 if none has."""

    def find(path: KeyPath) -> int:
        return next((line for end in range(len(path), -1, -1) if (line := line_of(path[:end]))), 0)

    return find


def unknown(what: str, name: object, allowed: Iterable[str]) -> str:
    """The problem text for a name that is not among the `allowed`, with the nearest of these, or all of them.

    `what`: the kind of name, for the message: `unknown key 'tabel'; did you mean table?`. Nothing is raised.
    """
    names = list(allowed)
    near = difflib.get_close_matches(str(name), names, n=1)
    return f"unknown {what} {name!r}; " + (f"did you mean {near[0]}?" if near else f"known: {', '.join(names)}")


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A value of the tree and where it stands.

    The readers (`fields` to `span`) give the value as what they are named for; where it is something else they raise
    the error that `fail` makes: ConfigError, for a map MapError. `fail` itself never raises it.
    """

    value: object
    path: KeyPath
    fail: Callable[[TreeNode, str], ConfigError]
    line_of: Callable[[KeyPath], int] = no_line
    address: int | None = None  # of the register that the node is about, where one is known
    numbering: Numbering = WIRE_NUMBERING  # of the addresses in it

    @property
    def line(self) -> int:
        """The line of the node in its file, from 1; 0 if no file or line is known."""
        return self.line_of(self.path)

    def error(self, problem: str) -> ConfigError:
        """The error to raise about this node, ConfigError or (for a map) MapError: made by `fail`, not raised here."""
        return self.fail(self, problem)

    def child(self, key: str | int, value: object) -> TreeNode:
        """A node below this one: its path ends with `key`, its value is `value`, which need not be in this one's."""
        return TreeNode(value, (*self.path, key), self.fail, self.line_of, self.address, self.numbering)

    def about(self, address: int) -> TreeNode:
        """A copy of the node, about the register at `address` (0-based, on the wire): errors name that address."""
        return replace(self, address=address)

    def fields(
        self, allowed: Iterable[str] | None = None, needed: Iterable[str] = (), what: str = "key"
    ) -> dict[str, TreeNode]:
        """The children of a mapping by key, in the order of the mapping; keys that are no texts become texts.

        Raises ConfigError (for a map: MapError), made by `fail`, if the value is no mapping, a key is not among the
        `allowed` (None: all are) or a `needed` one is missing. `what` is a key in the words of the message.
        """
        if not isinstance(self.value, dict):
            raise self.error(f"expected {what}s with values (a mapping), found {self.value!r}")
        names = None if allowed is None else list(allowed)
        children = {str(key): self.child(key, value) for key, value in self.value.items()}
        for key, node in children.items():
            if names is not None and key not in names:
                raise node.error(unknown(what, key, names))
        for key in needed:
            if key not in children:
                raise self.error(f"{key} is missing")
        return children

    def items(self) -> list[TreeNode]:
        """The children of a list in order, each with its index (from 0) as the last key of its path.

        Raises ConfigError (for a map: MapError), made by `fail`, if the value is no list.
        """
        if not isinstance(self.value, list):
            raise self.error(f"expected a list, found {self.value!r}")
        return [self.child(index, value) for index, value in enumerate(self.value)]

    def text(self, allowed: Iterable[str] | None = None, what: str = "value") -> str:
        """A text, one of the `allowed` if they are given.

        Raises ConfigError (for a map: MapError), made by `fail`, if the value is no text or none of the `allowed`;
        `what` is a value in the words of the message.
        """
        if not isinstance(self.value, str):
            raise self.error(f"expected text, found {self.value!r}")
        if allowed is not None and self.value not in allowed:
            raise self.error(unknown(what, self.value, allowed))
        return self.value

    def integer(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both inclusive.

        Raises ConfigError (for a map: MapError), made by `fail`, if the value is anything else, a bool too.
        """
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not low <= self.value <= high:
            raise self.error(f"expected a whole number from {low} to {high}, found {self.value!r}")
        return self.value

    def boolean(self) -> bool:
        """True or false.

        Raises ConfigError (for a map: MapError), made by `fail`, if the value is anything else.
        """
        if not isinstance(self.value, bool):
            raise self.error(f"expected true or false, found {self.value!r}")
        return self.value

    def decimal(self) -> Decimal:
        """The number as it is written: 0.1 is exactly one tenth.

        Raises ConfigError (for a map: MapError), made by `fail`, if the value is no finite number.
        """
        if isinstance(self.value, int | float) and not isinstance(self.value, bool):
            number = Decimal(str(self.value))
            if number.is_finite():
                return number
        raise self.error(f"expected a number, found {self.value!r}")

    def span(self, low: int, high: int) -> range:
        """A whole number n (meaning n..n) or a text "first..last", as a `range` that includes `last`; never empty.

        Raises ConfigError (for a map: MapError), made by `fail`, if the value is neither of them, or not within `low`
        to `high`, both inclusive.
        """
        match = re.fullmatch(r"(\d+)\.\.(\d+)", self.value) if isinstance(self.value, str) else None
        if match is None:
            first = last = self.integer(low, high)
        else:
            first, last = int(match[1]), int(match[2])
        if not low <= first <= last <= high:
            raise self.error(f"expected first..last from {low} to {high}, found {self.value!r}")
        return range(first, last + 1)
