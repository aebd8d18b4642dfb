"""The rule of each key of the configuration: its meaning and what values it takes. Used by `config.schema`."""

from __future__ import annotations

from copy import copy
from dataclasses import Field, dataclass, field
from typing import Any

from omegaconf import MISSING

REQUIRED: str = MISSING  # the default of a key that has to be given
DAY_S = 86_400.0  # bounds of many keys
LONGEST_S = 1e9  # 30 years


@dataclass(frozen=True, slots=True)
class Rule:
    """The meaning of a key and the values that it takes: [least, most], both ends included, or one of `choices`.

    `least` and `most`: in the unit of the key's ending, both or neither given. Empty `choices`: any value; a list takes
    any of them. `path`: of a file or folder, which in a file of the plants folder counts from that folder.
    """

    meaning: str
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    path: bool = False


def setting(
    default: Any,
    meaning: str,
    least: float | None = None,
    most: float | None = None,
    choices: tuple[str, ...] = (),
    path: bool = False,
) -> Any:
    """A dataclass field of the configuration with its default, REQUIRED if it has to be given; the others as in `Rule`.

    A list or dict as the default is copied for each instance.
    """
    metadata = {"rule": Rule(meaning, least, most, choices, path)}
    if isinstance(default, list | dict):
        return field(default_factory=lambda: copy(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def rule_of(key: Field[Any]) -> Rule:
    """The rule of a field that was made by `setting`."""
    rule = key.metadata["rule"]
    assert isinstance(rule, Rule)
    return rule
