"""The columns that the entries of a map may fill: those of the standard, and those that the map brings under `new`.

`new: {TABLE: {identity: [NAME…], COLUMN: {type, unit, meaning}, …}}`: a table of the standard gets further columns, any
other is a table of the map's own, of which alone `identity` is said. A column's type follows from the values that fill
it unless it is said; so what is unknown can be told all at once, with the lines that the map lacks.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ess_ray.core.errors import ConfigError, MapError
from ess_ray.core.maps.column_types import STANDARD_TYPES, Column, TypeFamily, value_type
from ess_ray.core.maps.mapcheck import cell_location
from ess_ray.core.maps.own_columns import difference, likely_unit
from ess_ray.core.maps.registers import Cell, Computed, Value
from ess_ray.core.maps.standard import Standard, Table, check_column_name, check_table_name, read_identity
from ess_ray.core.maps.tree import TreeNode, unknown

OPEN = ""  # the type of a column that follows from its values
SIZES = ("bool", "int2", "int4", "int8", "float8")  # each holds what the ones before hold
INTEGERS = {"int2": 15, "int4": 31, "int8": 63}  # bits without the sign
ENTRY_WORDS = ("skip", "register")  # entries of a column list that are not columns
SIMILAR, A_SLIP = 0.6, 0.85  # of two names, as difflib measures it
NO_TEXTS = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"}  # words that YAML reads otherwise
Key = tuple[str, str]  # table and column


@dataclass(frozen=True, slots=True)
class _Unknown:
    """An entry whose column nobody describes, and the names of the columns that it may be meant for."""

    entry: TreeNode
    name: str
    known: tuple[str, ...]

    def near(self, cutoff: float) -> str:
        """The most similar name, "" if none is as similar (1: the same)."""
        return next(iter(difflib.get_close_matches(self.name, self.known, n=1, cutoff=cutoff)), "")


class ColumnFinder:
    """Gives the entries of one map their tables and columns, and the columns without a type theirs, at the end.

    `name`: the map's; `described`: its nodes `new`, also of what it includes. Raises MapError, as nodes of the map make
    it, for a description that is wrong or that the standard contradicts.
    """

    def __init__(self, name: str, standard: Standard, described: Sequence[TreeNode] = ()) -> None:
        self._name, self._standard = name, standard
        self._tables = dict(standard.tables)
        self._new: dict[Key, Column] = {}
        self._unknown: dict[Key, _Unknown] = {}
        self._unknown_tables: set[str] = set()
        self._described: dict[str, object] = {}  # `new` as it stands in the map itself
        for node in described:
            for table, child in node.fields(what="table").items():
                self._describe(table, child)
                if node.path == ("new",):
                    self._described[table] = child.value

    def _describe(self, name: str, node: TreeNode) -> None:
        fields = node.fields(what="column")
        said = read_identity(fields.pop("identity")) if "identity" in fields else None
        known = self._standard.tables.get(name)
        if known is None:
            check_table_name(name, node)
            self._tables[name] = Table(name, said or (), {})
        elif said is not None and said != known.identity:
            raise node.error(f"the identity of table {name} is {list(known.identity)} already, not {list(said)}")
        if not fields:
            raise node.error("expected at least one column, `name: {unit: V, meaning: …}`")
        for key, child in fields.items():
            self._describe_column(self._tables[name], key, child)

    def _describe_column(self, table: Table, name: str, node: TreeNode) -> None:
        check_column_name(name, node, table.identity)
        fields = node.fields(("type", "unit", "meaning"), needed=("meaning",))
        column = Column(
            name,
            fields["type"].text(STANDARD_TYPES, "type") if "type" in fields else OPEN,
            fields["unit"].text() if "unit" in fields else "",
            fields["meaning"].text(),
            place=node.error("").key,
        )
        known = table.columns.get(name)
        if known is None:
            before = self._new.setdefault((table.name, name), column)
            if problem := difference(before, column):  # in two maps of which one includes the other
                raise node.error(problem)
            return
        given = replace(
            known, place=column.place, **{key: getattr(column, key) for key in ("type", "unit") if key in fields}
        )
        if problem := difference(known, given):
            raise node.error(problem)

    def table(self, node: TreeNode, identity: Iterable[str]) -> Table:
        """The table that a block names at `node`; `identity`: the identity columns that the block gives its rows."""
        name = node.text()
        if name not in self._tables:
            if difflib.get_close_matches(name, self._tables, n=1):
                raise node.error(unknown("table", name, self._tables))
            check_table_name(name, node)
            self._unknown_tables.add(name)
            self._tables[name] = Table(name, tuple(identity), {})
        return self._tables[name]

    def column(self, table: Table, name: str, entry: TreeNode, own: Mapping[str, TreeNode], kind: str) -> Column:
        """The column that an entry fills; `own`: its attributes; `kind`: "string" if a text comes of it.

        A type that is not known yet is one that holds whatever the entry may give, until `settle`.
        """
        if name in table.columns:
            return table.columns[name]
        key = table.name, name
        if key not in self._new:
            check_column_name(name, entry, table.identity)
            described = [column for of, column in self._new if of == table.name]
            self._unknown[key] = _Unknown(entry, name, (*table.columns, *described, *ENTRY_WORDS))
            self._new[key] = Column(name, OPEN, self._unit(name, own), "…")
        column = self._new[key]
        array = "[]" if "count" in own or "element" in own else ""
        return column if column.type else replace(column, type="text" if kind == "string" else f"float8{array}")

    def _unit(self, name: str, own: Mapping[str, TreeNode]) -> str:
        return own["unit"].text() if "unit" in own else likely_unit(name, self._standard)

    def settle(self, values: Sequence[Cell]) -> tuple[list[Cell], dict[str, Table]]:
        """The values with the types that follow from them, and the columns of the user's own that they fill, by table.

        Raises MapError if there are columns that nobody describes: all of them, with the lines to paste.
        """
        filled = dict.fromkeys((value.table, value.column) for value in values)
        types = {key: column.type for key, column in self._new.items() if key in filled}
        types |= self._types([value for value in values if types.get((value.table, value.column)) == OPEN])
        if self._unknown:
            raise self._refusal(types)
        settled = [
            replace(value, column_type=types[key])
            if (key := (value.table, value.column)) in types and value.column_type != types[key]
            else value
            for value in values
        ]
        columns: dict[str, dict[str, Column]] = {}
        for table, name in filled:
            column = self._tables[table].columns.get(name)
            if column is None:
                column = replace(self._new[table, name], type=types[table, name])
            if column.place:
                columns.setdefault(table, {})[name] = column
        return settled, {name: Table(name, self._tables[name].identity, own) for name, own in columns.items()}

    def _types(self, values: Iterable[Cell]) -> dict[Key, str]:
        """The type of each column that these values fill: the smallest that holds them all."""
        types: dict[Key, str] = {}
        for value in values:
            key, needed = (value.table, value.column), _needed_type(value)
            types[key] = needed if key not in types else self._wider(value, types[key], needed)
        return types

    def _wider(self, value: Cell, first: str, second: str) -> str:
        alike = first.endswith("[]") == second.endswith("[]") and (first == "text") == (second == "text")
        if not alike:
            raise MapError(
                cell_location(self._name, value),
                f"{value.column}: other entries make {first} of it, this one {second}: an array has `count` in all of "
                "them, and a text nothing else beside it",
            )
        both = {first.removesuffix("[]"), second.removesuffix("[]")}
        return max(both, key=SIZES.index) + first[len(first.removesuffix("[]")) :] if "text" not in both else first

    # --- what nobody describes ----------------------------------------------------------------------------------------

    def _refusal(self, types: Mapping[Key, str]) -> ConfigError:
        """One error about all of them, at the first; without the lines if it is a slip of the pen."""
        ((table, name), first), *others = self._unknown.items()
        if others:
            problem = f"this and {len(others)} more columns are unknown: correct the names where others are meant"
        else:
            problem = f"unknown column of table {table} {name!r}"
            problem += f"; did you mean {near}?" if (near := first.near(SIMILAR)) else ""
            if first.near(A_SLIP):
                return first.entry.error(problem)
        where = "in place of the map's `new`" if self._described else "into the map"
        paste = f"Or paste this {where}, with what each means in place of …:"
        error = first.entry.error(problem)
        return MapError(error.key, error.problem, (paste, *self._lines(types)))

    def _lines(self, types: Mapping[Key, str]) -> Iterable[str]:
        yield "new:"
        for table in dict.fromkeys([*self._described, *(table for table, _ in self._unknown)]):
            yield f"  {table}:"
            said = self._described.get(table)
            yield from (f"    {key}: {_flow(value)}" for key, value in (said if isinstance(said, dict) else {}).items())
            if table in self._unknown_tables and (identity := self._tables[table].identity):
                yield f"    identity: [{', '.join(identity)}]"
            for key, one in self._unknown.items():
                if key[0] == table:
                    unit = f"unit: {_quoted(self._new[key].unit)}, " if self._new[key].unit else ""
                    line = f"line {one.entry.line}" if one.entry.line else ""
                    meant = f"or did you mean {near}?" if (near := one.near(A_SLIP)) else ""
                    remark = "; ".join(filter(None, (line, meant)))
                    described = f"    {key[1]}: {{type: {_quoted(types[key])}, {unit}meaning: …}}"
                    yield f"{described}  # {remark}" if remark else described


def _needed_type(value: Cell) -> str:
    """The smallest type that holds whatever this value may be: `int2`, `float8[]` …"""
    if isinstance(value, Computed):
        return "float8"
    array = value.column_type[len(value.column_type.removesuffix("[]")) :]
    if value_type(value.column_type).family is TypeFamily.TEXT:
        return "text"
    single = value.raw_type == "bit" or (value.bits is not None and value.bits[1] == 1)
    plain = value.scale == 1 and value.offset == 0 and all(side.role == "sign" for side in value.sides)
    if single and plain and not (array or value.sentinels or value.choices or value.sides or _has_range(value)):
        return "bool"
    limits = (0, 1) if value.invert == "nonzero" else value.limits
    if limits is None or not plain:
        return f"float8{array}"
    if value.sides:
        limits = -max(map(abs, limits)), max(map(abs, limits))
    fits = (name for name, bits in INTEGERS.items() if -(1 << bits) <= limits[0] and limits[1] < 1 << bits)
    return next(fits, "float8") + array


def _has_range(value: Value) -> bool:
    return value.minimum is not None or value.maximum is not None


def _flow(value: object) -> str:
    """A description as YAML writes it on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    return f"[{', '.join(map(_flow, value))}]" if isinstance(value, list) else _quoted(str(value))


def _quoted(text: str) -> str:
    plain = re.fullmatch(r"…|[A-Za-z°][\w/·°²³ ()-]*", text) and text.lower() not in NO_TEXTS and text == text.strip()
    return text if plain else json.dumps(text, ensure_ascii=False)
