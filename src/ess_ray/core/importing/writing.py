"""Items → the text of a register map, with the columns that it brings: the only writer, whatever was read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from types import MappingProxyType

from ess_ray.core.importing.item import Formula, Item, Operand
from ess_ray.core.importing.names import UniqueNames, plain_name
from ess_ray.core.importing.yaml_text import comment, flow, plain_number
from ess_ray.core.maps.order import DEFAULT_ORDER
from ess_ray.core.maps.registers import BIT_FUNCTIONS, MAX_REGISTERS, READ_HOLDING_REGISTERS

DAY_S = 86_400  # the longest period
READ_ALONG = 25  # registers without a value between two words, that ha-solarman reads along by itself
SKIPPED = 10  # registers without a value within a run; behind more of them begins another
UNITS = {"°C": "degC", "℃": "degC", "deg C": "degC", "C": "degC", "°F": "degF", "℉": "degF", "K°": "K"}


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """An item in the place that it gets in the map."""

    item: Item
    table: str
    column: str


@dataclass(frozen=True, slots=True)
class MapText:
    """The YAML of a map, and the entries by the lines (from 1) that are about them."""

    text: str
    entries: dict[int, Entry]
    period_s: Decimal


def place(items: Iterable[Item], table: str, known: Iterable[str] = ()) -> list[Entry]:
    """Each item with a column of its own in `table`; `known`: names that are no more to be had there."""
    names = UniqueNames(known)
    return [Entry(item, table, names.take(plain_name(item.name, f"reg_{item.address}"))) for item in items]


def write_map(
    entries: Sequence[Entry],
    period_s: Decimal | None,
    heading: Iterable[str],
    footing: Iterable[str] = (),
    ids: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> MapText:
    """The map of the entries, of which there has to be one, with the commonest function at its top. Nothing is checked.

    `ids`: the identity columns of tables that have some; they get 1. `period_s`: of entries that do not say theirs,
    None: 1; what is read less often stands in runs of its own. `heading` and `footing`: lines of comments in front of
    the map and behind it.
    """
    periods = _periods(entries, period_s or Decimal(1))
    items = (entry.item for entry in entries)
    functions = Counter(item.function for item in items if item.function not in BIT_FUNCTIONS and item.registers)
    function = functions.most_common(1)[0][0] if functions else READ_HOLDING_REGISTERS
    shortest = min(periods.values())
    columns = {(entry.item.name, entry.item.where): entry.column for entry in entries}
    holes = _WordHoles(entry.item for entry in entries)
    lines = _MapLines([f"# {comment(line)}".rstrip() for line in heading], columns, holes)
    lines.add(f"period_s: {plain_number(shortest)}", f"function: {function}")
    if readable := list(holes.readable(function)):
        lines.add(f"readable: {flow(readable)} # between words of a value, which one request reads")
    lines.add("new:")
    tables = [(table, list(group)) for table, group in groupby(sorted(entries, key=_table), key=_table)]
    for table, group in tables:
        lines.new(table, group)
    lines.add("blocks:")
    for table, group in tables:
        lines.add(f"  - table: {table}")
        if table in ids:
            lines.add(f"    ids: {flow(dict.fromkeys(ids[table], 1))}")
        lines.add("    runs:")
        for of_period, same in groupby(sorted(group, key=periods.__getitem__), key=periods.__getitem__):
            for run in _runs(list(same)):
                lines.run(run, function, None if of_period == shortest else of_period)
    lines.add(*(f"# {comment(line)}".rstrip() for line in footing))
    return MapText("\n".join(lines.lines) + "\n", lines.entries, shortest)


def _periods(entries: Iterable[Entry], otherwise: Decimal) -> dict[Entry, Decimal]:
    """The period of each entry: each a multiple of the next shorter one, as maps have to have them within a row."""
    asked = {entry: min(entry.item.period_s or otherwise, Decimal(DAY_S)) for entry in entries}
    fitting: dict[Decimal, Decimal] = {}
    for period in sorted(asked.values()):
        shorter = max(fitting.values(), default=period)
        fitting[period] = period // shorter * shorter
    return {entry: fitting[period] for entry, period in asked.items()}


def _table(entry: Entry) -> str:
    return entry.table


def _new(item: Item) -> str:
    """What the standard says of a column: its unit, and its meaning in the words of the file."""
    unit = UNITS.get(item.unit, item.unit)
    meaning = comment(item.name) or f"Register {item.address}"
    return flow({"unit": comment(unit), "meaning": meaning} if unit else {"meaning": meaning})


def _runs(entries: list[Entry]) -> Iterator[list[Entry]]:
    """Registers that follow each other, of one function; small holes are passed over.

    What reads no register, or some that lie apart, stands at the end of a run, of which it needs none of its own.
    """
    placed = [entry for entry in entries if not _is_apart(entry.item)]
    apart = [entry for entry in entries if _is_apart(entry.item)]
    placed.sort(key=lambda entry: (entry.item.function, entry.item.address, -entry.item.width))
    run: list[Entry] = []
    end = 0
    for entry in placed:
        item = entry.item
        follows = run and item.function == run[-1].item.function and item.address <= end + SKIPPED
        if run and not (follows and (item.address >= end or item.address == run[-1].item.address)):
            yield from _with_apart(run, apart)
            run, end = [], 0
        end = max(end, item.address + item.width)
        run.append(entry)
    yield from _with_apart(run, apart)
    for function in dict.fromkeys(entry.item.function for entry in apart):
        yield [entry for entry in apart if entry.item.function == function]


def _is_apart(item: Item) -> bool:
    return item.formula is not None or "words" in item.words


def _with_apart(run: list[Entry], apart: list[Entry]) -> Iterator[list[Entry]]:
    """A run with what lies apart and is read by the same function; it is taken out of `apart`."""
    if not run:
        return
    taken = [entry for entry in apart if entry.item.function == run[0].item.function]
    apart[:] = [entry for entry in apart if entry not in taken]
    yield [*run, *taken]


class _WordHoles:
    """The registers without a value that lie between the words of values that lie apart."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._read: set[tuple[int, int]] = set()
        self._apart: list[Item] = []
        for item in items:
            self._read.update((item.function, register) for register in item.registers)
            if "words" in item.words:
                self._apart.append(item)

    def _between(self, item: Item) -> list[int]:
        ends = range(min(item.registers), max(item.registers))
        return [register for register in ends if (item.function, register) not in self._read]

    def too_wide(self, item: Item) -> bool:
        """Whether the item's words are too far from each other for one request that others would make, too."""
        holes = self._between(item)
        longest = max((len(list(run)) for _, run in _in_a_row(holes)), default=0)
        return longest > READ_ALONG or max(item.registers) - min(item.registers) >= MAX_REGISTERS

    def readable(self, usual: int) -> Iterator[object]:
        """What the map has to call readable, so that each value's words come in one request."""
        holes = {
            (item.function, hole) for item in self._apart if not self.too_wide(item) for hole in self._between(item)
        }
        for function in sorted({function for function, _ in holes}):
            for first, run in _in_a_row(sorted(address for of, address in holes if of == function)):
                last = first + len(list(run)) - 1
                at = first if first == last else f"{first}..{last}"
                yield at if function == usual else {"function": function, "at": at}


def _in_a_row(addresses: Iterable[int]) -> Iterator[tuple[int, Iterable[int]]]:
    """The first of each run of addresses that follow each other, and the run."""
    for _, group in groupby(enumerate(addresses), key=lambda pair: pair[1] - pair[0]):
        run = [address for _, address in group]
        yield run[0], run


class _MapLines:
    """The lines of the file so far, and which entry each of them is about."""

    def __init__(self, lines: list[str], columns: Mapping[tuple[str, str], str], holes: _WordHoles) -> None:
        self.lines = lines
        self.holes = holes
        self.columns = columns  # by name and place of the items
        self.entries: dict[int, Entry] = {}

    def add(self, *lines: str) -> None:
        self.lines += lines

    def new(self, table: str, entries: Iterable[Entry]) -> None:
        """What the map brings to a table."""
        self.add(f"  {table}:")
        for entry in entries:
            self.add(f"    {entry.column}: {_new(entry.item)}")
            self.entries[len(self.lines)] = entry

    def run(self, run: list[Entry], usual: int, period_s: Decimal | None) -> None:
        """One run: its head, and an entry for each register. `period_s` None: that of the map."""
        at, function = run[0].item.address, run[0].item.function
        self.add(f"      - at: {at}")
        if function != usual:
            self.add(f"        function: {function}")
        if period_s is not None:
            self.add(f"        period_s: {plain_number(period_s)}")
        self.add("        columns:")
        placed = [entry for entry in run if not _is_apart(entry.item)]
        for address, group in groupby(placed, key=lambda entry: entry.item.address):
            same = list(group)
            if address > at:
                self.add(f"          - skip: {address - at}")
            indent = "          "
            if len(same) > 1:
                self.add(f"{indent}- register: # {address}")
                indent += "    "
            for entry in same:
                self.entry(entry, indent)
            at = max(at, *(address + entry.item.width for entry in same))
        for entry in run:
            if _is_apart(entry.item):
                self.entry(entry, "          ")

    def entry(self, entry: Entry, indent: str) -> None:
        """One value, with the place that it comes from behind it."""
        item = entry.item
        attributes = flow(dict(self._read(item) if item.formula is None else self._computed(item)))
        printed = f", printed {item.printed}" if item.printed else ""
        at = f"{', '.join(map(str, item.registers[:4]))}{printed}; " if item.registers else ""
        behind = comment(f"{at}{item.where}" + (f"; {item.note}" if item.note else ""))
        words = entry.column if attributes == "{}" else f"{entry.column}: {attributes}"
        self.add(f"{indent}- {words} # {behind}")
        self.entries[len(self.lines)] = entry

    def _read(self, item: Item) -> Iterator[tuple[str, object]]:
        """What a map says of a value that is read."""
        for key, value in _attributes(item):
            yield key, {"at": value, "apart": True} if key == "words" and self.holes.too_wide(item) else value

    def _computed(self, item: Item) -> Iterator[tuple[str, object]]:
        """What a map says of a computed value."""
        assert item.formula is not None
        yield from self._formula(item.formula).items()
        yield from ((key, value) for key, value in (("min", item.minimum), ("max", item.maximum)) if value is not None)

    def _formula(self, formula: Formula) -> dict[str, object]:
        return {word: [self._term(term) for term in terms] for word, terms in formula.items()}

    def _term(self, term: object) -> object:
        if isinstance(term, Operand):
            return ("-" if term.negative else "") + self.columns[term.name, term.where]
        return self._formula(term) if isinstance(term, Mapping) else term


def _attributes(item: Item) -> Iterator[tuple[str, object]]:
    """What a map says of the value, without what is usual."""
    if item.function not in BIT_FUNCTIONS and item.bits is None:
        yield "type", item.type
        if item.type == "string":
            yield "length", item.width
    lowest, count = item.bits or (None, 0)
    sentinels = list(item.sentinels)
    all_of_them = (
        ("order", item.order if item.order != DEFAULT_ORDER else None),
        ("bit", lowest if count == 1 else None),
        ("bits", f"{lowest}..{(lowest or 0) + count - 1}" if count > 1 else None),
        ("scale", item.scale if item.scale != 1 else None),
        ("offset", item.offset or None),
        ("min", item.minimum),
        ("max", item.maximum),
        ("sentinel", sentinels[0] if len(sentinels) == 1 else sentinels or None),
        ("enum", dict(sorted(item.enum.items())) or None),
    )
    yield from ((key, value) for key, value in all_of_them if value is not None)
    yield from item.words.items()
