"""How the rows of a file are read: what was decided, what it was decided by, and what has to be asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from ess_ray.core.importing.choices import Question

SHOWN = 3  # examples of a decision


@dataclass(slots=True)
class Decisions:
    """How the rows of a file are read. `base`: see `Choices`; `function`: of rows that do not say theirs."""

    base: str = "0"
    function: int = 3
    divides: bool = False
    order: str = "ABCD"
    ranges: str = ""  # "values", "raw", or empty if nobody knows what ranges are of
    decimals: bool = True  # a column of decimals is a factor, and not how people want to see a value with a step
    widths: dict[str, int] = field(default_factory=dict)  # registers of types that do not say it: `INT` is 2
    taken: list[str] = field(default_factory=list)
    open: list[Question] = field(default_factory=list)

    def settle(self, word: str, values: tuple[str, ...], evident: str, why: str) -> str:
        """Take what was found, and say so; without it ask. Returns what goes on, if only until the question is put."""
        if evident:
            self.taken.append(f"{word}={evident}: {why}")
        else:
            self.open.append(Question(word, values, why))
        return evident or values[0]
