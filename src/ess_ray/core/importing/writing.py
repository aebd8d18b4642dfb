"""Items → the text of a register map, with the columns that it brings: the only writer, whatever was read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from types import MappingProxyType

from ess_ray.core.importing.item import Item
from ess_ray.core.importing.names import UniqueNames, plain_name
from ess_ray.core.importing.yaml_text import comment, flow, plain_number
from ess_ray.core.maps.order import DEFAULT_ORDER
from ess_ray.core.maps.registers import BIT_FUNCTIONS, READ_HOLDING_REGISTERS

DAY_S = 86_400  # the longest period
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
    functions = Counter(entry.item.function for entry in entries if entry.item.function not in BIT_FUNCTIONS)
    function = functions.most_common(1)[0][0] if functions else READ_HOLDING_REGISTERS
    shortest = min(periods.values())
    lines = _MapLines([f"# {comment(line)}".rstrip() for line in heading])
    lines.add(f"period_s: {plain_number(shortest)}", f"function: {function}", "new:")
    tables = [(table, list(group)) for table, group in groupby(sorted(entries, key=_table), key=_table)]
    for table, group in tables:
        lines.add(f"  {table}:")
        for entry in group:
            lines.add(f"    {entry.column}: {_new(entry.item)}")
            lines.entries[len(lines.lines)] = entry
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
    """Registers that follow each other, of one function; small holes are passed over."""
    entries = sorted(entries, key=lambda entry: (entry.item.function, entry.item.address, -entry.item.width))
    run: list[Entry] = []
    end = 0
    for entry in entries:
        item = entry.item
        if (
            run
            and (item.function != run[0].item.function or not 0 <= item.address - end <= SKIPPED)
            and (item.function != run[0].item.function or item.address != run[-1].item.address)
        ):
            yield run
            run = []
        end = item.address + item.width if not run else max(end, item.address + item.width)
        run.append(entry)
    if run:
        yield run


class _MapLines:
    """The lines of the file so far, and which entry each of them is about."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.entries: dict[int, Entry] = {}

    def add(self, *lines: str) -> None:
        self.lines += lines

    def run(self, run: list[Entry], usual: int, period_s: Decimal | None) -> None:
        """One run: its head, and an entry for each register. `period_s` None: that of the map."""
        at, function = run[0].item.address, run[0].item.function
        self.add(f"      - at: {at}")
        if function != usual:
            self.add(f"        function: {function}")
        if period_s is not None:
            self.add(f"        period_s: {plain_number(period_s)}")
        self.add("        columns:")
        for address, group in groupby(run, key=lambda entry: entry.item.address):
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

    def entry(self, entry: Entry, indent: str) -> None:
        """One value, with the place that it comes from behind it."""
        item = entry.item
        attributes = flow(dict(_attributes(item)))
        printed = f", printed {item.printed}" if item.printed else ""
        behind = comment(f"{item.address}{printed}; {item.where}" + (f"; {item.note}" if item.note else ""))
        words = entry.column if attributes == "{}" else f"{entry.column}: {attributes}"
        self.add(f"{indent}- {words} # {behind}")
        self.entries[len(self.lines)] = entry


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
