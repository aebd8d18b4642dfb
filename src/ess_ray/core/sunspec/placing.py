"""Where each point of a model is in a device: groups that repeat, lengths that deviate, scale factors of outer groups.

A model of a device is its definition with the length and the counts that the device gives. The length counts: points
that would lie behind it are not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ess_ray.core.sunspec.definitions import HEADER, PAD, SCALE_FACTOR, TYPES, Definition, Point, PointGroup

NOT_IMPLEMENTED = 0xFFFF  # of a count


@dataclass(frozen=True, slots=True)
class Model:
    """A model of a device's chain: `address` is that of its ID, as sent; `length` is its L, registers behind ID and L.

    `counts`: what the device says in the points that count groups; a point that could not be read is not there.
    """

    definition: Definition
    address: int
    length: int
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """The address behind its last register."""
        return self.address + HEADER + self.length


@dataclass(frozen=True, slots=True)
class Repeat:
    """A group that is there `count` times, `stride` registers from one to the next."""

    group: str
    count: int
    stride: int


@dataclass(frozen=True, slots=True)
class Factor:
    """Where a point's scale factor is: `address` in the first row; it moves with the outermost `levels` repeats."""

    address: int
    levels: int


@dataclass(frozen=True, slots=True)
class Place:
    """A point of a model: its address in the first row. `within`: groups around it that do not repeat."""

    point: Point
    address: int
    within: tuple[str, ...] = ()
    factor: Factor | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Points that have their rows in common: those of a model, or of a group that repeats, maybe in others."""

    repeats: tuple[Repeat, ...]  # outermost first
    places: Sequence[Place]


@dataclass(frozen=True, slots=True)
class Placed:
    """A model's points. `remarks`: what deviates from the definition, and what is left out with the reason."""

    model: Model
    rows: Sequence[Rows]
    remarks: Sequence[str]


def place_points(model: Model) -> Placed:
    """Where every point of the model is that has a value; scale factors and padding have none of their own."""
    placing = _Placing(model)
    end = placing.group(model.definition.group, model.address, _Outer())
    if model.end > end and not placing.left_out:
        placing.remarks.append(f"its length is {model.length}; {model.end - end} registers at its end are unknown")
    if placing.left_out:
        missing = ", ".join(placing.left_out[:5]) + (" …" if len(placing.left_out) > 5 else "")
        placing.remarks.append(f"its length is {model.length}: {missing} would lie behind it and are left out")
    rows = [Rows(repeats, places) for repeats, places in placing.places_of.items() if places]
    return Placed(model, rows, placing.remarks)


@dataclass(frozen=True, slots=True)
class _Outer:
    """What is around a group: repeats, groups that do not repeat, scale factors by name."""

    repeats: tuple[Repeat, ...] = ()
    within: tuple[str, ...] = ()
    factors: Mapping[str, Factor] = field(default_factory=dict)


class _Placing:
    """Goes through a model's groups; `found` has the points by the repeats that they are in."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.places_of: dict[tuple[Repeat, ...], list[Place]] = {}
        self.remarks: list[str] = []
        self.left_out: list[str] = []

    def group(self, group: PointGroup, at: int, outer: _Outer) -> int:
        """Place a group whose first registers are at `at`; returns the address behind it, its groups included."""
        factors = dict(outer.factors)
        places = dict(self._addresses(group, at))
        for point, address in places.values():
            if point.type == SCALE_FACTOR and address + point.size <= self.model.end:
                factors[point.name] = Factor(address, len(outer.repeats))
        into = self.places_of.setdefault(outer.repeats, [])
        for point, address in places.values():
            if point.type in (SCALE_FACTOR, PAD) or (at == self.model.address and point.name in ("ID", "L")):
                continue
            if address + point.size > self.model.end:
                self.left_out.append(point.name)
            elif point.type not in TYPES:
                self.remarks.append(f"{point.name} is left out: it is of the unknown type {point.type}")
            elif isinstance(point.factor, str) and point.factor not in factors:
                self.remarks.append(f"{point.name} is left out: it has no scale factor {point.factor}")
            elif isinstance(point.factor, str) and 0 < factors[point.factor].levels < len(outer.repeats):
                self.remarks.append(f"{point.name} is left out: its scale factor {point.factor} repeats otherwise")
            else:
                factor = factors[point.factor] if isinstance(point.factor, str) else None
                into.append(Place(point, address, outer.within, factor))
        at += group.size
        for inner in group.groups:
            at = self._inner(inner, at, _Outer(outer.repeats, outer.within, factors))
        return at

    def _addresses(self, group: PointGroup, at: int) -> Iterator[tuple[str, tuple[Point, int]]]:
        for point in group.points:
            yield point.name, (point, at)
            at += point.size

    def _inner(self, group: PointGroup, at: int, outer: _Outer) -> int:
        if not group.repeats:
            return self.group(group, at, _Outer(outer.repeats, (*outer.within, group.name), outer.factors))
        size = self._size(group)
        count = self._count(group)
        if not outer.repeats:
            fits = max(0, self.model.end - at) // size if size else 0
            if count is not None and count > fits:
                self.remarks.append(f"{group.count} says {count} times {group.name}, its length has room for {fits}")
            count = fits if count is None else min(count, fits)
        count = count or 0
        if count:
            repeat = Repeat(group.name, count, size)
            self.group(group, at, _Outer((*outer.repeats, repeat), outer.within, outer.factors))
        return at + count * size

    def _count(self, group: PointGroup) -> int | None:
        """How often the device says that the group is there; None: it does not say it."""
        said = self.model.counts.get(str(group.count), NOT_IMPLEMENTED) if isinstance(group.count, str) else group.count
        return said if said and said != NOT_IMPLEMENTED else 0 if said == 0 and isinstance(group.count, str) else None

    def _size(self, group: PointGroup) -> int:
        """Registers of one of them, with the groups in it."""
        inner = sum(self._size(one) * ((self._count(one) or 0) if one.repeats else 1) for one in group.groups)
        return group.size + inner
