"""A vendor's register table, CSV or XLSX: sheets of cells → items, what is left out, what was taken, what is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ess_ray.core.errors import ConfigError
from ess_ray.core.importing.cells import Sheet
from ess_ray.core.importing.choices import Choices, Question
from ess_ray.core.importing.decisions import Decisions
from ess_ray.core.importing.evidence import ask_order, decide
from ess_ray.core.importing.item import FoundDevice, Import, Item, ItemError, LeftOut
from ess_ray.core.importing.meanings import half_of
from ess_ray.core.importing.row_items import is_nothing, row_items
from ess_ray.core.importing.rows import SheetTable, TableRow, find_tables
from ess_ray.core.maps.raw_types import WIDTHS

LOOKED_AT = 5  # rows that an error shows of a sheet without headings
NAMED = 8  # sheets and devices that a message lists


def read_table(sheets: Sequence[Sheet], choices: Choices) -> tuple[Import, list[Question]]:
    """What the sheets' tables say, and what has to be asked before it can be used.

    Raises ConfigError if no table is found, and for a sheet, device, column or role that is not there.
    """
    imported = Import("register table")
    tables = _tables(sheets, choices, imported)
    decisions = decide(tables, choices)
    groups: dict[tuple[str, str], list[Item]] = {}
    for table in tables:
        for device, items in _read(table, decisions, imported):
            groups.setdefault((table.sheet.name, device), []).extend(items)
    imported.taken += decisions.taken
    imported.devices = _devices(groups, choices, imported)
    if not imported.devices and not decisions.open:
        raise ConfigError(
            "from", "has no row that is a value: " + "; ".join(dict.fromkeys(o.reason for o in imported.left_out))
        )
    return imported, decisions.open


def _tables(sheets: Sequence[Sheet], choices: Choices, imported: Import) -> list[SheetTable]:
    named = [sheet for sheet in sheets if sheet.name == choices.sheet] if choices.sheet else list(sheets)
    if not named:
        listed = ", ".join(sheet.name for sheet in sheets)
        raise ConfigError("sheet", f"there is no sheet {choices.sheet!r}: {listed}")
    shown = [sheet for sheet in named if not sheet.hidden or choices.sheet]
    tables = [table for sheet in shown for table in find_tables(sheet, choices.columns)]
    hidden = [sheet.name for sheet in named if sheet not in shown and find_tables(sheet, choices.columns)]
    if hidden:
        imported.unused.append(f"hidden sheets are not read: {', '.join(hidden)}; sheet=NAME reads one")
    if not tables:
        raise ConfigError("from", _no_headings(shown))
    read = list(dict.fromkeys(table.sheet.name for table in tables))
    if len(sheets) > 1:
        others = [sheet.name for sheet in shown if sheet.name not in read]
        imported.taken.append(f"read {_listed(read)}" + (f"; without a table: {_listed(others)}" if others else ""))
    return tables


def _listed(names: Sequence[str]) -> str:
    kind = "sheet" if len(names) == 1 else "sheets"
    return f"{kind} {', '.join(names[:NAMED])}" + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _no_headings(sheets: Sequence[Sheet]) -> str:
    """No row was recognised: what there is, and how to say which column is which."""
    lines = []
    for sheet in sheets[:3]:
        rows = [(number, row) for number, row in enumerate(sheet.rows) if any(row)][:LOOKED_AT]
        lines += [f"{sheet.place(number)}: {' | '.join(filter(None, row))[:100]}" for number, row in rows]
    problem = "no row of headings was recognised; say which column is what, columns={address: B, name: C, type: D}"
    return f"{problem}, by letters, numbers or headings. It begins with: {'; '.join(lines)}"


def _read(table: SheetTable, decisions: Decisions, imported: Import) -> Iterator[tuple[str, list[Item]]]:
    """The items of each row that is a value, with its device: what its column says, or that of the rows above it.

    The other rows go to what is left out.
    """
    reserved = 0
    device = ""
    for row, second, order in _joined(table.rows):
        device = row.cell("device") or device
        if is_nothing(row):
            reserved += 1
            continue
        try:
            items = list(row_items(row, decisions, second, order))
        except ItemError as reason:
            imported.left_out.append(LeftOut(row.title, row.where, str(reason)))
            continue
        for item in items:
            if not item.order and WIDTHS.get(item.type, 1) > 1:
                ask_order(decisions, item.where, item.name)
        yield device, items
    for number, text in table.unread:
        imported.left_out.append(LeftOut("", table.sheet.place(number, table.address), f"{text!r} is no address"))
    if reserved:
        sheet = f" of sheet {table.sheet.name}" if table.sheet.name else ""
        kind = "row" if reserved == 1 else "rows"
        imported.unused.append(f"{reserved} {kind}{sheet} reserved or without a name")


def _joined(rows: Sequence[TableRow]) -> Iterator[tuple[TableRow, TableRow | None, str]]:
    """The rows; two that are the words of one number come together, with the order of their words."""
    number = 0
    while number < len(rows):
        row = rows[number]
        following = rows[number + 1] if number + 1 < len(rows) else None
        halves = half_of(row.cell("name")), half_of(following.cell("name")) if following else None
        if (
            following is not None and halves[0] and halves[1] and halves[0][0] == halves[1][0]
            and halves[0][1] != halves[1][1] and following.printed.first == row.printed.last + 1
            and row.printed.width == following.printed.width == 1
        ):  # fmt: skip
            yield row, following, "ABCD" if halves[0][1] == "high" else "CDAB"
            number += 2
        else:
            yield row, None, ""
            number += 1


def _devices(groups: dict[tuple[str, str], list[Item]], choices: Choices, imported: Import) -> list[FoundDevice]:
    """One device, unless what the groups say of one register cannot all be one device's."""
    groups = {key: items for key, items in groups.items() if items}
    if len(groups) > 1 and _collide(groups.values()):
        names = {key: _name(key, groups) for key in groups}
        imported.taken.append(
            f"{len(groups)} devices, since they give different values to the same registers: one map each"
        )
    else:
        everything = [item for items in groups.values() for item in items]
        groups, names = ({("", ""): everything} if everything else {}), {("", ""): ""}
    devices = [FoundDevice(names[key], _once(items, imported)) for key, items in groups.items()]
    if choices.device is None:
        return devices
    chosen = [device for device in devices if device.name == choices.device]
    if not chosen:
        listed = ", ".join(device.name for device in devices) or "the file has one device only"
        raise ConfigError("device", f"there is no device {choices.device!r}: {listed}")
    return chosen


def _name(key: tuple[str, str], groups: Iterable[tuple[str, str]]) -> str:
    sheets = {sheet for sheet, _ in groups}
    devices = {device for _, device in groups}
    parts = ([key[0]] if len(sheets) > 1 or len(devices) == 1 else []) + ([key[1]] if len(devices) > 1 else [])
    return " ".join(filter(None, parts)) or "other"


def _collide(groups: Iterable[Sequence[Item]]) -> bool:
    counts: Counter[object] = Counter()
    for items in groups:
        single = (item for item in items if "count" not in item.words)
        counts.update({(item.function, register) for item in single for register in item.registers})
    return any(number > 1 for number in counts.values())


def _once(items: Sequence[Item], imported: Import) -> list[Item]:
    """Without rows that stand in the file twice."""
    kept: dict[object, Item] = {}
    for item in items:
        key = (item.function, item.address, item.width, item.type, item.bits, item.name)
        if key in kept:
            imported.left_out.append(LeftOut(item.name, item.where, f"stands there twice, first at {kept[key].where}"))
        else:
            kept[key] = item
    return list(kept.values())
