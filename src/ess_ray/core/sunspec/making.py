"""The blocks of a register map for a device's chain of models, and the columns of its own that it brings.

Points with a home in the data standard go there, the first model of the chain that has one before the others. Every
other point goes to a table of its model's: `sunspec_103`, of a group that repeats `sunspec_705_crv_pt`, with columns of
the points' own names in small letters, so that SQL finds them however they are written. `instance_id` is which of the
device's models of that number it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ess_ray.core.maps.standard import Standard
from ess_ray.core.sunspec.attributes import INSTANCE, attributes, described, lower_name, own_column, remark
from ess_ray.core.sunspec.definitions import TYPES, Definition
from ess_ray.core.sunspec.homes import (
    COMMON,
    HOMES,
    NAMEPLATE,
    WITH_NAMEPLATE,
    Home,
    factor_to,
)
from ess_ray.core.sunspec.numbering import Numbers
from ess_ray.core.sunspec.placing import Model, Place, Placed, Rows, place_points
from ess_ray.core.sunspec.together import ReadTogether

NAMEPLATE_PERIOD_S, SETTINGS_PERIOD_S = 3600, 60


@dataclass(frozen=True, slots=True)
class BlockEntry:
    """A column of a block: where its point is in the first row, and what the map says of it."""

    column: str
    address: int
    width: int
    attributes: Mapping[str, object]
    comment: str


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one table out of one model. `ids` and `repeat` as in a map; `stride` is empty without `repeat`."""

    model: Model
    table: str
    ids: Mapping[str, int]
    repeat: Mapping[str, tuple[int, int]]  # first and last
    stride: Mapping[str, int]
    entries: Sequence[BlockEntry]
    period_s: int | None  # None: the map's


@dataclass(slots=True)
class NewTable:
    """A table that the map brings: its identity, and its columns with type, unit and meaning."""

    identity: Sequence[str]
    columns: dict[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Made:
    """What a map is written from. `placed`: the models, with what deviates in each."""

    blocks: Sequence[Block]
    new: Mapping[str, NewTable]
    placed: Sequence[Placed]


def make_blocks(models: Iterable[Model], standard: Standard) -> Made:
    """The blocks for the models of one device, in the order of its chain."""
    making = _Making(standard, [place_points(model) for model in models])
    blocks = list(making.blocks())
    if blocks and all(block.period_s for block in blocks):  # something has to be read each time
        shortest = min(block.period_s or 0 for block in blocks)
        blocks = [replace(block, period_s=None) if block.period_s == shortest else block for block in blocks]
    return Made(blocks, making.new, making.placed)


class _Making:
    """Goes through the chain; `new` has the tables that the map brings."""

    def __init__(self, standard: Standard, placed: Sequence[Placed]) -> None:
        self.placed = placed
        self.new: dict[str, NewTable] = {}
        self._standard = standard
        self._numbers = Numbers()
        self._instances: Counter[int] = Counter()
        self._taken: set[tuple[str, str, tuple[int, ...]]] = set()  # table, column, identity
        starts = [index for index, one in enumerate(placed) if one.model.definition.id == COMMON or not index]
        self._part_of = [sum(start <= index for start in starts) for index in range(len(placed))]

    def blocks(self) -> Iterator[Block]:
        """The blocks of all models, in the order of the chain."""
        for index, placed in enumerate(self.placed):
            self._instances[placed.model.definition.id] += 1
            numbers: dict[str, int] = {}  # of this model, by identity column
            together = ReadTogether(placed)
            for rows in placed.rows:
                target = self._at_home(index, rows, numbers)
                own = self._own(placed, rows, [place for place, *_ in target.columns] if target else [])
                for chosen in (target, own):
                    if chosen and chosen.columns:
                        yield from _blocks(placed, rows, chosen, together)

    # --- points with a home -------------------------------------------------------------------------------------------

    def _home(self, index: int, rows: Rows) -> Home | None:
        definition = self.placed[index].model.definition
        if definition.id == COMMON:
            part = [one for at, one in enumerate(self.placed) if self._part_of[at] == self._part_of[index]]
            homes = [home for one in part for (model, _), home in HOMES.items() if model == one.model.definition.id]
            tables = [home.table for home in homes if home.table in WITH_NAMEPLATE]
            return Home(tables[0], NAMEPLATE) if tables else None
        return HOMES.get((definition.id, tuple(repeat.group for repeat in rows.repeats)))

    def _at_home(self, index: int, rows: Rows, numbers: dict[str, int]) -> _Target | None:
        """The rows' identity, the first number of what repeats, and the points that have a column; None for no home."""
        home = self._home(index, rows)
        table = self._standard.tables.get(home.table) if home else None
        if home is None or table is None or len(rows.repeats) > 1 or not table.identity:
            return None
        model, part = self.placed[index].model.definition.id, self._part_of[index]
        outer = table.identity[: len(table.identity) - len(rows.repeats)]
        for key in (*outer, *table.identity[:1]):
            if key not in numbers and key == home.each:
                numbers[key] = self._numbers.each(key, part)
            elif key not in numbers:
                numbers[key] = self._numbers.of(key, part, None if home.each else model)
        first = 1 if outer else numbers[table.identity[0]]
        count = rows.repeats[0].count if rows.repeats else 1
        if not outer:
            self._numbers.taken_up_to(table.identity[0], first + count - 1)
        target = _Target(table.name, {key: numbers[key] for key in outer}, table.identity[len(outer) :], first)
        for one in rows.places:
            column = table.columns.get(home.columns.get(one.point.name, "")) if not one.within else None
            scale = factor_to(one.point.units, column.unit) if column else None
            if column is None or scale is None:
                continue
            rest = [(number,) for number in range(first, first + count)] if rows.repeats else [()]
            cells = {(table.name, column.name, (*target.ids.values(), *number)) for number in rest}
            if not cells & self._taken:
                self._taken |= cells
                target.columns.append((one, column.name, scale))
        return target

    # --- points without -----------------------------------------------------------------------------------------------

    def _own(self, placed: Placed, rows: Rows, at_home: Sequence[Place]) -> _Target | None:
        """The table of the model's own for all other points; None if there are none."""
        places = [one for one in rows.places if one not in at_home]
        if not places:
            return None
        number = placed.model.definition.id
        groups = [lower_name(repeat.group) for repeat in rows.repeats]
        names = [f"{group}_id" for group in groups]
        table = "_".join([f"sunspec_{number}", *groups])
        new = self.new.setdefault(table, NewTable([INSTANCE, *names]))
        target = _Target(table, {INSTANCE: self._instances[number]}, names, 1)
        for one in places:
            column = own_column(one)
            new.columns[column] = described(one.point)
            target.columns.append((one, column, "1"))
        return target


@dataclass(frozen=True, slots=True)
class _Target:
    """Where points of some rows go: the identity that is fixed, the identity columns that repeat, and the columns."""

    table: str
    ids: Mapping[str, int]
    repeated: Sequence[str]
    first: int  # of the outermost of them
    columns: list[tuple[Place, str, str]] = field(default_factory=list)  # with the scale


def _blocks(placed: Placed, rows: Rows, target: _Target, together: ReadTogether) -> Iterator[Block]:
    """One block, or two where some rows cannot be read in one request with their scale factors."""
    period_s = _period_s(placed.model.definition)
    for part in together.parts(rows):
        counts = [part.length, *(repeat.count for repeat in rows.repeats[1:])]
        firsts = [target.first + part.start, *(1 for _ in rows.repeats[1:])]
        repeat = {
            name: (first, first + count - 1)
            for name, first, count in zip(target.repeated, firsts, counts, strict=False)
        }
        stride = {name: one.stride for name, one in zip(target.repeated, rows.repeats, strict=True)}
        shift = part.start * rows.repeats[0].stride if rows.repeats else 0
        entries = []
        for one, column, scale in target.columns:
            apart = together.is_apart(rows, part, one)
            entries.append(
                BlockEntry(
                    column,
                    one.address + shift,
                    one.point.size,
                    dict(attributes(one, scale, shift, stride, apart)),
                    remark(one),
                )
            )
        yield Block(placed.model, target.table, target.ids, repeat, stride, entries, period_s)


def _period_s(definition: Definition) -> int | None:
    """Models that are mostly what somebody has set, and nameplates, need not be read each time."""
    if definition.id == COMMON:
        return NAMEPLATE_PERIOD_S
    if any(model == definition.id for model, _ in HOMES):
        return None
    points = [point.setting for point in definition.points() if point.type in TYPES]
    return SETTINGS_PERIOD_S if sum(points) * 2 > len(points) else None
