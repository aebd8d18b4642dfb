"""What is wrong with a map: one line for each cause, found by weighing the map under other assumptions. Pure.

Each assumption (`core.checking.assumptions`) is tried on the whole map, on its runs or on its columns, and chosen if
more speaks for the map then (`core.checking.weighing`). The best goes first, and what it does not explain is looked at
again. Registers that an assumption needs are read, a few of them first: as many requests as `Asking` allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ess_ray.core.checking.assumptions import ASSUMPTIONS, Assumption
from ess_ray.core.checking.expected import fits
from ess_ray.core.checking.scopes import Scope, ScopeKind, columns, runs, whole
from ess_ray.core.checking.survey import Key, Read, Survey
from ess_ray.core.checking.weighing import Weighing, keys_of
from ess_ray.core.maps.registers import Value

ENOUGH = 3.0  # more evidence than for the map as it is: below, nothing is said
UNIT_PRIOR = 1.0
MOST_CAUSES = 4
SPOTS = 3  # registers that are read first, to see whether an assumption is worth more requests
MOST_UNANSWERED = 6  # requests without a reply: each costs a time-out
MOST_EACH = 60  # requests for one assumption


@dataclass(frozen=True, slots=True)
class Cause:
    """The likely reason why some values of a map do not fit. As text: a line for people."""

    kind: str  # of the `Assumption`
    scope: ScopeKind
    where: str  # "the whole map"
    looks: str  # "looks one too high"
    remedy: str  # "subtract 1 from every address"
    values: int  # in the scope
    fit_now: int  # of them
    fit_then: int
    ranged: bool  # all of them have a range or choices
    gain: float  # how much more speaks for it than for the map as it is

    def __str__(self) -> str:
        fit = "in range" if self.ranged else "as expected"
        values = "value is" if self.values == 1 else "values are"
        then = f"{self.fit_then} of {self.values} {values} {fit} then, {self.fit_now or 'none'} now"
        return f"{self.where} {self.looks}: {self.remedy} ({then})"


@dataclass(slots=True)
class Asking:
    """The way to more registers: how they are read, and in how many requests at most."""

    read: Read
    most_requests: int

    def cover(self, survey: Survey, values: Sequence[Value]) -> bool:
        """Read what is not known of `values`; if that is much, some of them first, and no more if none is there.

        True if a register was read.
        """
        known = len(survey.registers)
        unknown = survey.unknown(key for value in values for key in keys_of(value))
        if len(unknown) > SPOTS:
            spots = [values[number * (len(values) - 1) // (SPOTS - 1)] for number in range(SPOTS)]
            for spot in spots:
                self._cover(survey, keys_of(spot))
            if not any(key in survey.registers for spot in spots for key in keys_of(spot)):
                return len(survey.registers) > known
        self._cover(survey, unknown)
        return len(survey.registers) > known

    def _cover(self, survey: Survey, keys: Sequence[Key]) -> None:
        if survey.silent >= MOST_UNANSWERED:
            return
        most, not_searched = min(self.most_requests, MOST_EACH), [*survey.not_searched]
        self.most_requests -= survey.cover(keys, self.read, most)
        survey.not_searched = not_searched  # of the map itself


@dataclass(frozen=True, slots=True)
class _Choice:
    gain: float
    scope: Scope
    assumption: Assumption
    changed: Mapping[int, Value]


def find_causes(values: Sequence[Value], survey: Survey, asking: Asking | None = None) -> list[Cause]:
    """What is likely to be wrong with the map that has these values, what explains most first; [] for a map that fits.

    `survey`: what is known of the device; registers that are read are added to it. `asking`: None: none are.
    """
    weighing = Weighing(values, survey)
    causes: list[Cause] = []
    while len(causes) < MOST_CAUSES and (choice := _best(weighing, asking, only_doubtful=bool(causes))):
        indices = choice.scope.indices
        before, values_before = [weighing.readings[index] for index in indices], list(weighing.values)
        weighing.apply(choice.changed)
        after = [weighing.readings[index] for index in indices]
        remedy = choice.assumption.remedy(
            choice.scope, [values_before[index] for index in choice.changed], [*choice.changed.values()]
        )
        causes.append(
            Cause(
                choice.assumption.kind, choice.scope.kind, choice.scope.name, choice.assumption.looks, remedy,
                len(indices), sum(map(fits, before)), sum(map(fits, after)),
                all(_has_range(weighing.values[index]) for index in indices), choice.gain,
            )
        )  # fmt: skip
    return causes


def find_unit(values: Sequence[Value], survey: Survey, units: Mapping[int, Asking]) -> tuple[Cause, int] | None:
    """The unit id that the map fits much better than the one of `survey`, and how much; None if there is none.

    `units`: the other unit ids behind the same connection, and how to ask each.
    """
    before = Weighing(values, survey)
    best: tuple[Cause, int] | None = None
    for unit_id, asking in units.items():
        other = Survey()
        asking.cover(other, values)
        after = Weighing(values, other)
        gain = after.score() - before.score() - UNIT_PRIOR
        if gain >= ENOUGH and (best is None or gain > best[0].gain):
            cause = Cause(
                "unit", ScopeKind.WHOLE, "the whole map", "looks as if another unit were meant",
                f"set unit_id: {unit_id}", len(values), sum(map(fits, before.readings)),
                sum(map(fits, after.readings)), all(map(_has_range, values)), gain,
            )  # fmt: skip
            best = cause, unit_id
    return best


def explains_all(causes: Sequence[Cause]) -> bool:
    """True if the first cause concerns the whole map, and all of its values would fit then."""
    return bool(causes) and causes[0].scope is ScopeKind.WHOLE and causes[0].fit_then == causes[0].values


def _best(weighing: Weighing, asking: Asking | None, only_doubtful: bool) -> _Choice | None:
    """The assumption that speaks most for the map, if it is ENOUGH; `only_doubtful`: if something speaks against it."""
    doubtful = weighing.doubtful(whole(weighing.values))
    if only_doubtful and not doubtful:
        return None
    best = _best_of(weighing, whole(weighing.values), asking if doubtful else None)
    if not doubtful or (best and weighing.explains_all(best.changed)):
        return best
    for scope in (*runs(weighing.values), *columns(weighing.values)):
        if weighing.doubtful(scope) and (other := _best_of(weighing, scope, asking)):
            best = other if best is None or other.gain > best.gain else best
    return best


def _best_of(weighing: Weighing, scope: Scope, asking: Asking | None) -> _Choice | None:
    choices = [choice for choice in _choices(weighing, scope, asking) if choice.gain >= ENOUGH]
    return max(choices, key=lambda choice: choice.gain, default=None)


def _choices(weighing: Weighing, scope: Scope, asking: Asking | None) -> Iterator[_Choice]:
    for assumption in ASSUMPTIONS[scope.kind]:
        if changed := assumption.changed(scope, weighing.values):
            if asking and asking.cover(weighing.survey, [*changed.values()]):
                weighing.read_again()
            yield _Choice(weighing.gain(scope, changed) - assumption.prior, scope, assumption, changed)


def _has_range(value: Value) -> bool:
    return bool(value.choices) or (value.minimum is not None and value.maximum is not None)
