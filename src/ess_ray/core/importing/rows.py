"""A sheet of cells → its tables: where the headings are, what each column is, which rows belong together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ess_ray.core.errors import ConfigError
from ess_ray.core.importing.cells import Sheet, column_number
from ess_ray.core.importing.headings import LANGUAGES, ROLES, is_heading, plain_heading, roles_of
from ess_ray.core.importing.notations import (
    Printed,
    is_writable,
    is_write_only,
    read_function,
    read_printed,
    read_type,
)
from ess_ray.core.importing.quantities import decimal, read_scale

TEXTS = ("enum", "note", "description")  # roles of which all columns are read
Roles = dict[int, str]
_HEX_LETTERS = re.compile(r"(?=[0-9]*[a-f])[0-9a-f]{2,4}", re.IGNORECASE)


@dataclass(slots=True)
class TableRow:
    """A row with an address, and the rows without one that continue it."""

    table: SheetTable
    number: int  # of the sheet, from 0
    printed: Printed
    section: str  # the title above it
    continued: list[int] = field(default_factory=list)

    def cell(self, role: str) -> str:
        """The text of the first column of the role that has any, as a person sees it; empty if none has."""
        sheet = self.table.sheet
        return next((text for at in self.table.columns(role) if (text := sheet.seen(self.number, at))), "")

    def texts(self, role: str) -> list[str]:
        """The text of each column of the role, with that of the rows that continue this one below it."""
        sheet = self.table.sheet
        seen = []
        for at in self.table.columns(role):
            lines = [sheet.text(number, at) for number in self.continued]
            seen.append("\n".join(filter(None, [sheet.seen(self.number, at), *lines])))
        return [text for text in seen if text]

    @property
    def title(self) -> str:
        """What the row is called: its name, else the first line of its description."""
        return self.cell("name") or self.cell("description").split("\n")[0]

    @property
    def where(self) -> str:
        """The row, as a person finds it: its address's cell."""
        return self.table.sheet.place(self.number, self.table.address)


@dataclass(slots=True)
class SheetTable:
    """Rows below one row of headings. `address`: its column; `hexadecimal`: its addresses are so, unmarked ones too."""

    sheet: Sheet
    heading: int
    roles: Roles
    address: int
    hexadecimal: bool = False
    rows: list[TableRow] = field(default_factory=list)
    unread: list[tuple[int, str]] = field(default_factory=list)  # rows that look like values, and their address

    def columns(self, role: str) -> list[int]:
        """The columns of a role, from the left."""
        return [column for column, of_column in self.roles.items() if of_column == role]

    def heading_of(self, role: str) -> str:
        """The heading of the first column of a role, for messages."""
        columns = self.columns(role)
        return self.sheet.seen(self.heading, columns[0]).replace("\n", " ") if columns and self.heading >= 0 else role


def find_tables(sheet: Sheet, chosen: Mapping[str, str]) -> list[SheetTable]:
    """The tables of a sheet, with their rows; none if no row is one of headings.

    `chosen`: columns by role as the user says (letters, a number, a heading), beside those that are recognised. Raises
    ConfigError for a role or column that is not there.
    """
    if unknown := [role for role in chosen if role not in ROLES]:
        raise ConfigError("columns", f"{unknown[0]!r} is none of {', '.join(ROLES)}")
    tables: list[SheetTable] = []
    number = 0
    while number < len(sheet.rows):
        if there := _heading(sheet, number):
            roles, deep = there
            if tables and roles == tables[-1].roles:
                number += deep
                continue
            tables.append(_table(sheet, number + deep - 1, roles, chosen))
            number += deep
        else:
            if tables:
                _take(tables[-1], number)
            number += 1
    if not tables and "address" in chosen:
        tables = [_table(sheet, -1, {}, chosen)]
        for number in range(len(sheet.rows)):
            _take(tables[0], number)
    for table in tables:
        _settle(table, chosen)
    return [table for table in tables if table.rows]


def _heading(sheet: Sheet, number: int) -> tuple[Roles, int] | None:
    """The columns of a row of headings, and how many rows it takes: one, or two with groups above."""
    row = [sheet.text(number, column) for column in range(len(sheet.rows[number]))]
    roles = roles_of(row)
    if is_heading(roles) and not _has_address(row, roles):
        return roles, 1
    if not roles or number + 1 >= len(sheet.rows):
        return None
    width = max(len(row), len(sheet.rows[number + 1]))
    both = [sheet.text(number + 1, column) or sheet.seen(number, column) for column in range(width)]
    roles = roles_of(both)
    return (roles, 2) if is_heading(roles) and not _has_address(both, roles) else None


def _has_address(row: Sequence[str], roles: Roles) -> bool:
    return any(role in ("address", "hex") and any(map(str.isdigit, row[column])) for column, role in roles.items())


def _table(sheet: Sheet, heading: int, roles: Roles, chosen: Mapping[str, str]) -> SheetTable:
    """The table below a heading; its address's column is found when its rows are known."""
    roles = dict(roles)
    for role, said in chosen.items():
        column = _column(sheet, heading, said)
        for other in [number for number, of_column in roles.items() if of_column == role]:
            del roles[other]
        roles[column] = role
    addresses = [column for column, role in roles.items() if role in ("address", "hex")]
    return SheetTable(sheet, heading, dict(sorted(roles.items())), _best(sheet, heading, addresses, _is_address))


def _column(sheet: Sheet, heading: int, said: str) -> int:
    """The column that the user names by its heading, its letters or its number."""
    headings = [plain_heading(sheet.seen(heading, column)) for column in range(sheet.width)] if heading >= 0 else []
    if plain_heading(said) in headings and plain_heading(said):
        return headings.index(plain_heading(said))
    number = column_number(said)
    if number is None or number >= sheet.width:
        listed = ", ".join(filter(None, (sheet.seen(heading, column) for column in range(sheet.width))))
        raise ConfigError(
            "columns", f"there is no column {said!r}: expected letters (B), a number (2) or one of {listed}"
        )
    return number


def _is_address(text: str) -> bool:
    return read_printed(text) is not None or bool(_HEX_LETTERS.fullmatch(text))


def _best(sheet: Sheet, heading: int, columns: Sequence[int], reads: Callable[[str], bool]) -> int:
    """The column with the most cells that can be read; the first of several."""
    below = range(heading + 1, len(sheet.rows))
    return max(columns, key=lambda column: (sum(reads(sheet.text(row, column)) for row in below), -column))


def _take(table: SheetTable, number: int) -> None:
    """Put a row below the heading where it belongs; reading it waits for `_settle`."""
    table.unread.append((number, table.sheet.text(number, table.address)))


def _settle(table: SheetTable, chosen: Mapping[str, str]) -> None:
    """Decide what the columns are by what is in them, and make rows of what stands below the heading."""
    sheet, below = table.sheet, [number for number, _ in table.unread]
    heading = plain_heading(sheet.seen(table.heading, table.address)) if table.heading >= 0 else ""
    addresses = [text for _, text in table.unread]
    letters = sum(bool(_HEX_LETTERS.fullmatch(text)) for text in addresses)
    marked = any(text.lower().startswith("0x") for text in addresses)
    table.hexadecimal = not marked and (bool(letters) or re.search(r"\bhex\b", heading) is not None)
    _choose(table, below, chosen)
    section, unread = "", []
    for number, text in table.unread:
        if not any(sheet.text(number, column) for column in range(len(sheet.rows[number]))):
            continue
        printed = read_printed(text, table.hexadecimal) if text else None
        if printed:
            table.rows.append(TableRow(table, number, printed, section))
        elif not text and table.rows and (sheet.covered(number, table.address) or _continues(table, number)):
            table.rows[-1].continued.append(number)
        elif text and _looks_like_value(table, number):
            unread.append((number, text))
        else:
            section = next(filter(None, sheet.rows[number]), "")
    table.unread = unread


def _continues(table: SheetTable, number: int) -> bool:
    """Whether a row without an address says more of the one above: a bit, a number, a remark; a title has one cell."""
    filled = [column for column, text in enumerate(table.sheet.rows[number]) if text]
    return any(table.roles.get(column) in TEXTS for column in filled)


def _looks_like_value(table: SheetTable, number: int) -> bool:
    sheet = table.sheet
    names = any(sheet.text(number, column) for column in table.columns("name"))
    types = any(read_type(sheet.text(number, column)) for column in table.columns("type"))
    return names and types


def _choose(table: SheetTable, below: Sequence[int], chosen: Mapping[str, str]) -> None:
    """Of several columns that may be one thing, keep the one whose cells are that."""
    _keep(table, below, "type", lambda text: read_type(text) is not None, "type" in chosen)
    if not table.columns("type"):  # a size that is written `s16`
        readable = [
            c for c in table.columns("size") if _share(table, below, c, lambda t: read_type(t) is not None) > 0.5
        ]
        for column in readable[:1]:
            table.roles[column] = "type"
    _keep(table, below, "scale", lambda text: read_scale(text) is not None, "scale" in chosen)
    for role in ("minimum", "maximum", "decimals", "offset"):
        _keep(table, below, role, lambda text: decimal(text) is not None, role in chosen)
    for role, reads in (("access", _is_access), ("function", _is_function)):
        lost = [column for column in table.columns("lost type") if _share(table, below, column, reads) > 0.5]
        if lost and not table.columns(role):
            table.roles[lost[0]] = role
    if not table.columns("name") and not table.columns("description"):
        _find_names(table, below)
    names = table.columns("name")
    if len(names) > 1:  # the same name in another language
        plain = [c for c in names if not any(p.search(table.sheet.seen(table.heading, c)) for p in LANGUAGES)]
        first = (plain or names)[0]
        table.roles = {first: "name"} | {column: role for column, role in table.roles.items() if column != first}


def _is_access(text: str) -> bool:
    return is_writable(text) or is_write_only(text) or text.upper() in ("RO", "R")


def _is_function(text: str) -> bool:
    return read_function(text) is not None and not text.isdigit()


def _find_names(table: SheetTable, below: Sequence[int]) -> None:
    """Names without a heading, or with one like `Note`: the column of which the most cells are words."""
    free = [c for c in range(table.sheet.width) if table.roles.get(c) in (None, *TEXTS)]
    counts = {c: sum(bool(re.search(r"[^\W\d_]{3}", table.sheet.text(number, c))) for number in below) for c in free}
    if counts and (best := max(counts, key=lambda column: (counts[column], -column))) and counts[best]:
        table.roles[best] = "name"


def _keep(table: SheetTable, below: Sequence[int], role: str, reads: Callable[[str], bool], said: bool) -> None:
    columns = table.columns(role)
    if not columns or said:
        return
    counts = {c: sum(reads(table.sheet.seen(number, c)) for number in below) for c in columns}
    best = max(columns, key=lambda column: (counts[column], -column))
    for column in columns:
        if column != best or not counts[column]:
            table.roles[column] = f"lost {role}"


def _share(table: SheetTable, below: Sequence[int], column: int, reads: Callable[[str], bool]) -> float:
    """Of the cells of a column that are not empty, how many can be read."""
    texts = [text for number in below if (text := table.sheet.seen(number, column))]
    return sum(map(reads, texts)) / len(texts) if texts else 0


def around(table: SheetTable) -> Iterator[str]:
    """The texts above a table and in its headings, where tables say what holds for all rows."""
    sheet = table.sheet
    yield from sheet.comments
    for number in range(max(0, table.heading - 20), table.heading + 1):
        yield from filter(None, sheet.rows[number])
