"""What may be wrong with a map, as assumptions that `core.checking.causes` weighs: a new mistake is one more here.

Pure. `prior` is the evidence that an assumption needs on top of ENOUGH: the more, the rarer the mistake, and the fewer
values it concerns. The numbers are tried in `tests/unit/core/checking/test_causes.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from ess_ray.core.checking import guesses
from ess_ray.core.checking.scopes import Scope, ScopeKind
from ess_ray.core.maps.numbering import MODICON, ONE_BASED, Numbering
from ess_ray.core.maps.registers import Value

Change = Callable[[Value], Value | None]
POWERS = (-1, -2, -3, 1, 2, 3)  # of ten, by which scales are wrong
WHOLE_PRIOR, RUN_PRIOR, COLUMN_PRIOR = 1.0, 2.0, 2.0


@dataclass(frozen=True, slots=True)
class Assumption:
    """Another way to read the values of a scope. `kind` is for programs, `looks` the rest of a sentence for people.

    `all_or_none`: it holds for all values of a scope or for none; else for those that it applies to.
    """

    kind: str  # "address -1", "words", "function", "scale -1" …
    looks: str
    change: Change
    prior: float
    all_or_none: bool = False

    def changed(self, scope: Scope, values: Sequence[Value]) -> dict[int, Value]:
        """The values of the scope that are others under the assumption, by index; empty if it does not apply."""
        changed: dict[int, Value] = {}
        for index in scope.indices:
            other = self.change(values[index])
            if other is not None and other != values[index]:
                changed[index] = other
            elif self.all_or_none:
                return {}
        return changed

    def remedy(self, scope: Scope, before: Sequence[Value], after: Sequence[Value]) -> str:
        """What to change in the map; `before` and `after` are the same values as they are and as they would be."""
        if before[0].address != after[0].address:
            return _address_remedy(scope, before, after)
        if before[0].function != after[0].function:
            return f"set function: {after[0].function}"
        if before[0].order != after[0].order:
            return _setting("order", {value.order for value in after}, "swap them in `order`")
        if before[0].raw_type != after[0].raw_type:
            return _setting("type", {value.raw_type for value in after}, "set the other type")
        factor = after[0].scale / before[0].scale
        return _setting(
            "scale", {f"{value.scale.normalize():f}" for value in after}, f"multiply its scales by {factor:f}"
        )


def _address_remedy(scope: Scope, before: Sequence[Value], after: Sequence[Value]) -> str:
    steps = {one.address - other.address for one, other in zip(before, after, strict=True)}
    function = "" if before[0].function == after[0].function else f", and set function: {after[0].function}"
    if scope.kind is ScopeKind.WHOLE:
        function += _numbering(before, after)
    if len(steps) > 1:
        return "subtract " + " or ".join(map(str, sorted(steps))) + " from each address" + function
    step = steps.pop()
    what = f"subtract {step} from" if step > 0 else f"add {-step} to"
    if scope.kind is ScopeKind.WHOLE:
        return f"{what} every address{function}"
    return f"{what} its address, at: {min(value.address for value in after)}{function}"


def _numbering(before: Sequence[Value], after: Sequence[Value]) -> str:
    """The numbering in which the map's addresses would be right as they are written."""
    for kind in (ONE_BASED, MODICON):
        numbering = Numbering(kind)
        try:
            meant = [numbering.sent(value.address) for value in before]
        except ValueError:
            continue
        if all(
            address == value.address and function in (None, value.function)
            for (function, address), value in zip(meant, after, strict=True)
        ):
            return f", or write addresses: {kind} into the map"
    return ""


def _setting(key: str, values: set[str], otherwise: str) -> str:
    return f"set {key}: {values.pop()}" if len(values) == 1 else otherwise


def _shift(by: int, prior: float) -> Assumption:
    looks = "looks one too high" if by < 0 else "looks one too low"
    return Assumption(f"address {by:+d}", looks, partial(guesses.shifted, by=by), prior, all_or_none=True)


def _printed() -> Iterator[Assumption]:
    for by_digit in (False, True):
        for first in (1, 0):
            change = partial(guesses.as_printed, first=first, by_digit=by_digit)
            looks = "has addresses as they are printed, not as they are sent"
            yield Assumption("printed", looks, change, WHOLE_PRIOR + by_digit, all_or_none=True)


def _function(prior: float) -> Assumption:
    looks = "looks as if it were read with the wrong function"
    return Assumption("function", looks, guesses.by_other_function, prior, all_or_none=True)


def _orders(prior: float) -> Iterator[Assumption]:
    kinds: Mapping[str, tuple[bool, bool]] = {
        "words": (True, False),
        "bytes": (False, True),
        "words and bytes": (True, True),
    }
    for kind, (words, bytes_) in kinds.items():
        change = partial(guesses.swapped, words=words, bytes_=bytes_)
        yield Assumption(kind, f"looks as if its {kind} were swapped", change, prior)


def _scales(prior: float) -> Iterator[Assumption]:
    for power in POWERS:
        looks = f"looks {10 ** abs(power)} times too {'large' if power < 0 else 'small'}"
        yield Assumption(f"scale {power:+d}", looks, partial(guesses.scaled, by=Decimal(1).scaleb(power)), prior)


ASSUMPTIONS: Mapping[ScopeKind, Sequence[Assumption]] = {
    ScopeKind.WHOLE: (
        _shift(-1, WHOLE_PRIOR), _shift(1, WHOLE_PRIOR), *_printed(), _function(WHOLE_PRIOR), *_orders(WHOLE_PRIOR),
    ),
    ScopeKind.RUN: (
        _shift(-1, RUN_PRIOR), _shift(1, RUN_PRIOR), _function(RUN_PRIOR), *_orders(RUN_PRIOR), *_scales(RUN_PRIOR),
    ),
    ScopeKind.COLUMN: (
        *_scales(COLUMN_PRIOR), *_orders(COLUMN_PRIOR + 1),
        Assumption("type", "looks as if it had another type", guesses.as_other_type, COLUMN_PRIOR + 1),
    ),
}  # fmt: skip
