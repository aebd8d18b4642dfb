"""Doubtful readings of a map, each with the other ways to read it that would mend it.

A reading is doubtful if it is out of its range, or if it is not what its unit or its type lets one expect (a state of
charge of 600 %, a float of 1e-39). Guesses never change what is stored: they are for a person. What is wrong with the
map as a whole says `core.checking.causes`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from ess_ray.core.checking import guesses
from ess_ray.core.checking.expected import mends, why_doubtful
from ess_ray.core.checking.reading import Reading, Registers, address_text, read_values
from ess_ray.core.maps.registers import Expected, Value

MOST_HINTS = 3  # of one reading


@dataclass(frozen=True, slots=True)
class Doubt:
    """A doubtful reading, why it is one, and the guesses that mend it: "read one register later (4:1): 53.2 %"."""

    reading: Reading
    why: str
    instead: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Guess:
    text: str  # how to read it, as in "read one register later"
    change: Callable[[Value], Value | None]  # None: the guess does not apply to this value


def doubts(values: Sequence[Value], registers: Registers) -> list[Doubt]:
    """The doubtful readings among `values`, in order, each with at most MOST_HINTS guesses that mend it.

    In front of them stand those that the map places by a register which does not hold what it expects there.

    Values that lack registers are left out. Guesses look at neighbouring registers too, as far as `registers` has them.
    """
    readings = read_values(values, registers)
    doubtful = [(reading, why) for reading in readings if reading.read and (why := why_doubtful(reading))]
    hints: list[list[str]] = [[] for _ in doubtful]
    for guess in GUESSES:
        for index, other in _under(guess, [reading.value for reading, _ in doubtful], registers):
            if mends(other) and len(hints[index]) < MOST_HINTS:
                moved = other.value.address != doubtful[index][0].value.address
                where = f" ({address_text(other.value)})" if moved else ""
                hints[index].append(f"{guess.text}{where}: {other.text()}")
    judged = [Doubt(*doubt, tuple(instead)) for doubt, instead in zip(doubtful, hints, strict=True)]
    return [*_unexpected(readings, registers), *judged]


def _unexpected(readings: Sequence[Reading], registers: Registers) -> list[Doubt]:
    """A doubt for each register that does not hold what the map expects, about the first value that is placed by it."""
    unstored: dict[Expected, Doubt] = {}
    for reading in readings:
        for expected in reading.value.expected:
            number = registers.get((expected.function, expected.address), expected.number)
            if reading.read and number != expected.number:
                why = f"{expected.address} holds {number}, and the map expects {expected.number} there"
                unstored.setdefault(expected, Doubt(reading, f"{why}: it and others are not stored", ()))
    return [*unstored.values()]


def _under(guess: _Guess, values: Sequence[Value], registers: Registers) -> list[tuple[int, Reading]]:
    """(index, reading under the guess) of the values that it applies to and whose registers were read."""
    changed = [(index, other) for index, value in enumerate(values) if (other := guess.change(value))]
    readings = read_values([guesses.free(value) for _, value in changed], registers)
    return [(index, reading) for (index, _), reading in zip(changed, readings, strict=True) if reading.read]


GUESSES = (
    _Guess("with its words swapped", partial(guesses.swapped, words=True)),
    _Guess("read one register later", partial(guesses.shifted, by=1)),
    _Guess("read one register earlier", partial(guesses.shifted, by=-1)),
    _Guess("with its bytes swapped", partial(guesses.swapped, bytes_=True)),
    _Guess("with words and bytes swapped", partial(guesses.swapped, words=True, bytes_=True)),
    _Guess("as another type", guesses.as_other_type),
    _Guess("a tenth of it", partial(guesses.scaled, by=Decimal("0.1"))),
    _Guess("a hundredth of it", partial(guesses.scaled, by=Decimal("0.01"))),
    _Guess("ten times it", partial(guesses.scaled, by=Decimal(10))),
)
