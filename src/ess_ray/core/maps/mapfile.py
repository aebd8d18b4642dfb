"""A register map out of its YAML form (docs/register-maps.md describes the form).

Called by `config`, the simulator and tests with plain dicts, lists, texts, numbers and booleans. A map has blocks (rows
of one table), a block has runs (registers in a row), a run has columns. Every error is a MapError that names the map,
and line and address where it has them. `core.maps.mapvalue` reads one column, `core.maps.mapcheck` compares them all.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from operator import attrgetter

from ess_ray.core.errors import ConfigError, MapError
from ess_ray.core.maps import mapcheck
from ess_ray.core.maps.addresses import read_address, read_function, renumbered
from ess_ray.core.maps.computed import make_computed, settle
from ess_ray.core.maps.expected import read_expected
from ess_ray.core.maps.expressions import OPERATIONS
from ess_ray.core.maps.mapvalue import OWN_ATTRIBUTES, SHARED_ATTRIBUTES, Level, make_value
from ess_ray.core.maps.new_columns import ColumnFinder
from ess_ray.core.maps.numbering import LAST_ADDRESS
from ess_ray.core.maps.own_columns import merged
from ess_ray.core.maps.rates import check_rates
from ess_ray.core.maps.registers import Cell, Computed, RegisterMap, Value
from ess_ray.core.maps.reuse import source_of
from ess_ray.core.maps.sections import Section, read_holes, read_sections
from ess_ray.core.maps.sides import moved, of_row, read_strides
from ess_ray.core.maps.standard import Standard, Table
from ess_ray.core.maps.tree import LineOf, TreeNode, nearest_line, no_line

ID_RANGE = (0, 0x7FFF)  # identity columns are int2
HANDED_DOWN = ("period_s", "function", "addresses", "expect", *SHARED_ATTRIBUTES)  # from each level to those inside it
DAY_S = 86_400
COPIED = [name for name in Value.__match_args__ if name not in ("ids", "address", "words", "sides")]


def load_map(name: str, tree: Mapping[str, object], standard: Standard, line_of: LineOf | None = None) -> RegisterMap:
    """The map `name`, expanded and checked against `standard`. Raises MapError for whatever is wrong with it.

    `tree`: the YAML file as plain dicts, lists, texts, numbers and booleans. `line_of(path)` gives the line, from 1, of
    a node of that file, for example of ("blocks", 2, "runs", 0), so that messages can name it; None where there is
    none. Without it messages name the keys that lead to the node.
    """
    root = TreeNode(dict(tree), (), partial(_error, name, tree), nearest_line(line_of) if line_of else no_line)
    sections = list(read_sections(root, HANDED_DOWN))
    if "period_s" not in sections[0].levels:
        raise root.error("period_s is missing")
    if (period_s := sections[0].levels["period_s"].decimal()) <= 0:
        raise sections[0].levels["period_s"].error("expected more than 0 seconds")
    finder = ColumnFinder(name, standard, [node for section in sections for node in section.new])
    tops = [_Inherited(section.source, None, {}, period_s).within_section(section) for section in sections]
    unsettled = [
        cell
        for section, top in zip(sections, tops, strict=True)
        for block in section.blocks
        for cell in _block(block, top, finder)
    ]
    cells, own = finder.settle(unsettled)
    values = [cell for cell in cells if isinstance(cell, Value)]
    values.sort(key=lambda value: (value.function, value.address, value.bits or ()))
    of_map = merged(standard, [own])
    mapcheck.check_values(name, values, of_map)
    check_rates(name, values, of_map)
    readable = [(node, top.function) for section, top in zip(sections, tops, strict=True) for node in section.readable]
    computed = settle(name, [cell for cell in cells if isinstance(cell, Computed)], values)
    hash_ = mapcheck.map_hash(values, computed)
    return RegisterMap(name, float(period_s), tuple(values), read_holes(readable, values), hash_, own, computed)


def _error(name: str, tree: Mapping[str, object], node: TreeNode, problem: str) -> ConfigError:
    """The error of a node of the map `name`, or of one that it includes, `tree` being the whole of it."""
    # Beside a line the keys behind the last index of a list are enough.
    deepest = max((depth for depth, key in enumerate(node.path, 1) if isinstance(key, int)), default=0)
    source, path = source_of(tree, node.path)
    path = node.path[deepest:] if node.line and deepest > len(node.path) - len(path) else path
    where = ".".join(map(str, path))
    place = mapcheck.location(source or name, node.line, node.address)
    place += f" (which map {name} includes)" if source else ""
    return MapError(place, f"{where}: {problem}" if where else problem)


@dataclass(frozen=True, slots=True)
class _Inherited:
    """Function, attributes, period and what is expected, that a map, a block or a run hands down to those inside it.

    `source`: the name of the map if it is an included one, else empty.
    """

    source: str
    function: int | None
    attributes: dict[str, TreeNode]
    map_period_s: Decimal
    period_us: int = 0  # 0: that of the map
    expected: tuple[TreeNode, ...] = ()

    def within(self, fields: Mapping[str, TreeNode]) -> _Inherited:
        """The same for a level inside, which has `fields`: what it names itself goes first."""
        function = fields["function"].integer(1, 4) if "function" in fields else self.function
        shared = {key: node for key, node in fields.items() if key in SHARED_ATTRIBUTES}
        period_us = _period_us(fields["period_s"], self.map_period_s) if "period_s" in fields else self.period_us
        expected = (*self.expected, fields["expect"]) if "expect" in fields else self.expected
        attributes = self.attributes | shared
        return replace(self, function=function, attributes=attributes, period_us=period_us, expected=expected)

    def within_section(self, section: Section) -> _Inherited:
        """The same for the blocks of a section: its period is that of the map, or the one that its entry names."""
        levels = {key: node for key, node in section.levels.items() if key != "period_s"}
        return self.within(levels | ({"period_s": section.period} if section.period else {}))


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a block: the identity columns that are fixed, and those that repeat, outermost first."""

    table: Table
    fixed: dict[str, int]
    repeats: dict[str, range]

    def instances(self) -> Iterator[tuple[tuple[int, ...], dict[str, int]]]:
        """(ids, how many rows it is behind the first, by identity column that repeats) of every row of a run."""
        for chosen in itertools.product(*self.repeats.values()):
            ids = self.fixed | dict(zip(self.repeats, chosen, strict=True))
            rows_on = {key: ids[key] - repeat[0] for key, repeat in self.repeats.items()}
            yield tuple(ids[key] for key in self.table.identity), rows_on


def _period_us(node: TreeNode, map_period_s: Decimal) -> int:
    """The period of a level in microseconds, 0 if it is the map's."""
    if (period_s := node.decimal()) == map_period_s:
        return 0
    if not map_period_s < period_s <= DAY_S or period_s % map_period_s:
        expected = f"the map's period_s, {map_period_s.normalize():f}, or a whole multiple of it up to {DAY_S}, a day"
        raise node.error(f"expected {expected}; found {node.value!r}")
    return int(period_s * 1_000_000)


def _block(node: TreeNode, inherited: _Inherited, finder: ColumnFinder) -> Iterator[Cell]:
    node = renumbered(node)
    fields = node.fields(("table", "ids", "repeat", "runs", *HANDED_DOWN), needed=("table", "runs"))
    given = [key for part in ("ids", "repeat") if part in fields for key in fields[part].fields()]
    rows = _rows(node, fields, finder.table(fields["table"], given))
    for run in fields["runs"].items():
        yield from _run(run, inherited.within(fields), rows, finder)


def _rows(node: TreeNode, fields: Mapping[str, TreeNode], table: Table) -> _Rows:
    ids, repeat = (
        fields[key].fields(table.identity, what="identity column") if key in fields else {} for key in ("ids", "repeat")
    )
    for key in table.identity:
        if (key in ids) == (key in repeat):
            raise node.error(f"table {table.name} needs {key} either under ids (one row) or under repeat (many rows)")
    fixed = {key: child.integer(*ID_RANGE) for key, child in ids.items()}
    return _Rows(table, fixed, {key: _repeat(child) for key, child in repeat.items()})


def _repeat(node: TreeNode) -> range:
    """The numbers of an identity column that repeats; 8 means 1..8."""
    return range(1, node.integer(1, ID_RANGE[1]) + 1) if isinstance(node.value, int) else node.span(*ID_RANGE)


def _run(node: TreeNode, inherited: _Inherited, rows: _Rows, finder: ColumnFinder) -> Iterator[Cell]:
    node = renumbered(node)
    fields = node.fields(("at", "stride", "columns", *HANDED_DOWN), needed=("at", "columns"))
    inner = inherited.within(fields)
    function = read_function(fields["at"]) or inner.function
    if function is None:
        raise node.error("function is missing: 1 coils, 2 discrete inputs, 3 holding registers, 4 input registers")
    level = Level(rows.table, function, inner.attributes, finder, tuple(rows.repeats))
    first = list(_columns(fields["columns"].items(), read_address(fields["at"], inner.function), level))
    if inner.source:
        first = [replace(cell, source=inner.source) for cell in first]
    values = [_of_period(cell, inner.period_us) for cell in first if isinstance(cell, Value)]
    if expected := read_expected(inner.expected, function):
        values = [replace(value, expected=expected) for value in values]
    copies = [(_copies_of(value), value.address, value.words, value.sides) for value in values]
    computed = [cell for cell in first if isinstance(cell, Computed)]
    strides = _strides(node, fields, list(rows.repeats))
    for ids, rows_on in rows.instances():
        shift = sum(strides[key] * number for key, number in rows_on.items())
        for copy_with, address, words, sides in copies:
            yield copy_with(
                ids=ids, address=address + shift, words=tuple(word + shift for word in words) if words else (),
                sides=of_row(sides, rows_on) if sides else (),
            )  # fmt: skip
        yield from (replace(each, ids=ids) for each in computed)


def _copies_of(value: Value) -> Callable[..., Value]:
    """A function that makes copies with other ids and addresses: `replace` would be half the time of a start."""
    return partial(Value, **dict(zip(COPIED, attrgetter(*COPIED)(value), strict=True)))


def _of_period(value: Value, period_us: int) -> Value:
    """The value with this period, and the registers beside it, which are read with it."""
    if not period_us:
        return value
    sides = tuple(replace(side, value=replace(side.value, period_us=period_us)) for side in value.sides)
    return replace(value, period_us=period_us, sides=sides)


def _strides(node: TreeNode, fields: Mapping[str, TreeNode], repeats: list[str]) -> dict[str, int]:
    """Registers from one row to the next, for each identity column that repeats."""
    if "stride" not in fields:
        if repeats:
            raise node.error(f"stride is missing: the registers from one {' and one '.join(repeats)} to the next")
        return {}
    return read_strides(fields["stride"], repeats)


def _columns(entries: list[TreeNode], at: int, level: Level) -> Iterator[Cell]:
    """The values of a list of columns from address `at` on, in order; a list inside the list is spliced in."""
    for entry in _spliced(entries):
        word, node = _entry(entry)
        if word == "skip":
            at += node.integer(1, LAST_ADDRESS)
            continue
        if word == "register":
            values = [value for item in node.items() for value in _columns([item], at, level)]
        else:
            values = list(_column(word, node, at, level))
        yield from values
        read = (value for value in values if isinstance(value, Value) and not value.words)
        at = max((value.address + value.width for value in read), default=at)


def _spliced(entries: list[TreeNode]) -> Iterator[TreeNode]:
    for entry in entries:
        if isinstance(entry.value, list):
            yield from _spliced(entry.items())
        else:
            yield entry


def _entry(node: TreeNode) -> tuple[str, TreeNode]:
    """The first word of an entry, `NAME` or `NAME: {attributes}`, and what stands behind it."""
    if isinstance(node.value, str):
        return node.value, node.child(node.value, {})
    fields = node.fields(what="column")
    if len(fields) != 1:
        raise node.error("expected one column an entry, `- name` or `- name: {attribute: …}`; indent its attributes")
    word, child = next(iter(fields.items()))
    return word, child if child.value is not None else node.child(word, {})


def _column(word: str, node: TreeNode, at: int, level: Level) -> Iterator[Cell]:
    """The values of one entry: of one column, of numbered columns (`name_1..12`), of the elements of an array."""
    own = node.fields((*SHARED_ATTRIBUTES, *OWN_ATTRIBUTES, *OPERATIONS), what="attribute")
    at = read_address(own["at"], level.function) if "at" in own else at
    node, own = node.about(at), {key: child.about(at) for key, child in own.items()}
    index = itertools.count()
    for name in _names(word, node):
        column = level.column(name, node, own)
        if computed := make_computed(node, level.table, column, own):
            yield computed
            continue
        value = make_value(node, column, level, own)
        for element in _elements(node, value, own):
            if value.words:
                yield _apart(value, element, word, own)
                continue
            yield replace(value, element=element, address=at, sides=moved(value.sides, next(index)))
            at += value.width


def _apart(value: Value, element: int | None, word: str, own: Mapping[str, TreeNode]) -> Value:
    """A value whose words are apart; so are those of one column only, whose registers do not follow each other."""
    if "at" in own:
        raise own["at"].error("words says where the value is, it takes no at")
    if ".." in word or element is not None:
        raise own["words"].error("words are the registers of one value: give each column an entry of its own")
    return replace(value, address=value.words[0])


def _names(word: str, node: TreeNode) -> Iterable[str]:
    match = re.fullmatch(r"(\w*?)(\d+)\.\.(\d+)", word)
    if match is None:
        return [word]
    if not (numbers := range(int(match[2]), int(match[3]) + 1)):
        raise node.error("the last number is below the first")
    return (f"{match[1]}{number}" for number in numbers)


def _elements(node: TreeNode, value: Value, own: Mapping[str, TreeNode]) -> Iterable[int | None]:
    """The element numbers of an array column, [None] of any other."""
    if not value.column_type.endswith("[]"):
        if extra := own.get("count", own.get("element")):
            raise extra.error("the column is not an array, it takes neither count nor element")
        return [None]
    if "count" not in own:
        raise node.error("the column is an array: it needs count, the number of its elements here")
    first = own["element"].integer(1, LAST_ADDRESS) if "element" in own else 1
    return range(first, first + own["count"].integer(1, LAST_ADDRESS))
