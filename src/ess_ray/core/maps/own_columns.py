"""Columns and tables of the user's own, beside those of the standard: from files in `standard/`, and from maps (`new`).

The effective standard of a configuration is the chosen one, then the user's files, then what the maps bring: `merged`
puts them together, and nothing else does. Only what a map fills counts as brought. A sample carries what its map fills
of them along, in its recipe, so that it can be decoded whatever became of the configuration meanwhile: `overlaid`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.column_types import Column
from ess_ray.core.maps.standard import Standard, Table, too_many_columns

STANDARD_PLACE = "the data standard"


def merged(standard: Standard, parts: Iterable[Mapping[str, Table]]) -> Standard:
    """The standard with the tables and columns of all `parts` (tables by name) behind its own; itself without any.

    The first place that describes a column gives its meaning. Raises ConfigError, with both places in one line, if two
    mean different things by one name: another type or unit, or another identity of a table.
    """
    tables = dict(standard.tables)
    for part in parts:
        for table in part.values():
            first = tables.get(table.name)
            tables[table.name] = table if first is None else _together(first, table)
    if all(tables.get(name) is table for name, table in standard.tables.items()) and len(tables) == len(
        standard.tables
    ):
        return standard
    for table in tables.values():
        if problem := too_many_columns(table):
            raise ConfigError(f"table {table.name}", problem)
    return Standard(tables)


def _together(first: Table, second: Table) -> Table:
    if first.identity != second.identity:
        have, has = (f"{list(table.identity)} in {_place_of(table)}" for table in (first, second))
        raise ConfigError(f"table {first.name}", f"has the identity {have}, and {has}: give one another name")
    for name, column in second.columns.items():
        if name in first.columns and (problem := difference(first.columns[name], column)):
            raise ConfigError(f"{first.name}.{name}", problem)
    added = {name: column for name, column in second.columns.items() if name not in first.columns}
    return Table(first.name, first.identity, {**first.columns, **added}) if added else first


def difference(first: Column, second: Column) -> str:
    """What two columns of one name do not have in common and where each is described, with advice; "" if nothing."""
    places = first.place or STANDARD_PLACE, second.place or STANDARD_PLACE
    for what, have, has in (("type", first.type, second.type), ("unit", first.unit, second.unit)):
        if have != has:
            return (
                f"has the {what} {have!r} in {places[0]}, and {has!r} in {places[1]}: give one of the two another "
                f"name, or say the same `{what}` in both"
            )
    return ""


def _place_of(table: Table) -> str:
    return next((column.place for column in table.columns.values()), "") or STANDARD_PLACE


def own_columns(standard: Standard) -> dict[str, Table]:
    """The columns of the user's own, by table; tables without any are left out."""
    own = {
        table.name: Table(
            table.name, table.identity, {name: column for name, column in table.columns.items() if column.place}
        )
        for table in standard.tables.values()
    }
    return {name: table for name, table in own.items() if table.columns}


def overlaid(standard: Standard, own: Mapping[str, Table]) -> Standard:
    """The standard in which the tables and columns of `own` stand, whatever it says of them itself."""
    tables = dict(standard.tables)
    for name, table in own.items():
        columns = {**tables[name].columns, **table.columns} if name in tables else table.columns
        tables[name] = Table(name, table.identity, columns)
    return Standard(tables)


def with_others(standard: Standard, others: Mapping[str, Table]) -> Standard:
    """The standard with what it lacks of `others` behind its own; what it has itself is left as it is."""
    tables = dict(standard.tables)
    for name, table in others.items():
        first = tables.get(name, Table(name, table.identity, {}))
        tables[name] = Table(name, first.identity, {**first.columns, **table.columns, **first.columns})
    return Standard(tables)


def likely_unit(name: str, standard: Standard) -> str:
    """The unit that columns of the standard whose last word is the last word of `name` have most often.

    If there is none, the word before decides, and so on; "" if none does. `mppt1_voltage` gives V: a guess, to be
    looked at by a person.
    """
    columns = [column for table in standard.tables.values() for column in table.columns.values()]
    for word in reversed(_words(name)):
        units = Counter(column.unit for column in columns if word in _words(column.name)[-1:])
        if units:
            return units.most_common(1)[0][0]
    return ""


def _words(name: str) -> list[str]:
    return [word for part in name.split("_") if (word := part.strip("0123456789"))]
