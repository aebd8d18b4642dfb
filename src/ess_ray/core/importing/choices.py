"""What the user says of a file, and what has to be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

BASES = ("0", "1", "modicon")
SCALES = ("divide", "multiply")


@dataclass(frozen=True, slots=True)
class Choices:
    """The words of `job=import` that decide what a file leaves open; None and empty: nothing is said.

    `columns`: by role (`core.importing.headings.ROLES`), each its heading, letters or number. `base`: one of BASES: the
    addresses are sent as printed, they count from 1, or their first digit is the function and the rest counts from 1.
    `scale`: one of SCALES: what a factor above 1 does. `order`: of numbers of several registers.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    base: str | None = None
    scale: str | None = None
    order: str | None = None
    function: int | None = None
    sheet: str | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A thing that a file leaves open: the word that answers it with its values, and why it matters, with examples."""

    word: str
    values: tuple[str, ...]
    why: str

    def __str__(self) -> str:
        return f"{' or '.join(f'{self.word}={value}' for value in self.values)}: {self.why}"
