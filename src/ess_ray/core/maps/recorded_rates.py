"""The periods of a map's rows and columns as the table `device` keeps them, in the JSON of its column `delivers`.

Beside the columns by table stand two more keys for each period that is not that of the device:
`columns every 60 s: [bank.energy, …]` and `rows every 60 s: [module 1.1, …]`, identities with dots. No table has such a
name, so whoever looks for a table passes them over: exports and restored days, and an ess_ray from before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from math import lcm

from ess_ray.core.maps.rates import RowPeriods, row_periods, seconds
from ess_ray.core.maps.registers import RegisterMap

KEY = re.compile(r"(rows|columns) every ([0-9.]+) s")
Delivers = Mapping[str, Sequence[str]]
ColumnPeriods = Mapping[tuple[str, str], int]  # by table and column: of columns that no row has at each tick


def recorded(register_map: RegisterMap) -> dict[str, list[str]]:
    """What `delivers` says of the periods in a map; empty if all of it is due at each tick."""
    kept: dict[str, list[str]] = {}
    for (table, column), period_us in sorted(_column_periods(register_map).items()):
        kept.setdefault(f"columns every {seconds(period_us)}", []).append(f"{table}.{column}")
    for (table, ids), period_us in sorted(row_periods(register_map.values).items()):
        row = f"{table} {'.'.join(map(str, ids))}".rstrip()
        kept.setdefault(f"rows every {seconds(period_us)}", []).append(row)
    return kept


def _column_periods(register_map: RegisterMap) -> ColumnPeriods:
    """Of each column the shortest of its rows; a computed one is there when all that it is computed from is."""
    cells = {(value.table, value.ids, value.column): value.period_us for value in register_map.values}
    for each in register_map.computed:  # which come in an order in which they can be computed
        operands = (cells[each.table, each.ids, name] for name in each.expression.columns)
        together_us = lcm(*filter(None, operands))
        cells[each.table, each.ids, each.column] = 0 if together_us == 1 else together_us
    periods: dict[tuple[str, str], int] = {}
    for (table, _, column), period_us in cells.items():
        periods[table, column] = min(period_us, periods.get((table, column), period_us))
    return {column: period_us for column, period_us in periods.items() if period_us}


def recorded_columns(delivers: Delivers) -> ColumnPeriods:
    """The periods of columns, in microseconds, out of `delivers`: of each the shortest that a row of it has."""
    names = ((name.split("."), period_us) for name, period_us in _named(delivers, "columns"))
    return {(table, column): period_us for (table, column), period_us in names}


def recorded_rows(delivers: Delivers) -> RowPeriods:
    """The periods of rows, in microseconds, out of `delivers`."""
    names = ((name.partition(" "), period_us) for name, period_us in _named(delivers, "rows"))
    return {(table, tuple(map(int, ids.split("."))) if ids else ()): period_us for (table, _, ids), period_us in names}


def _named(delivers: Delivers, what: str) -> Iterable[tuple[str, int]]:
    for key, names in delivers.items():
        if (match := KEY.fullmatch(key)) and match[1] == what:
            for name in names:
                yield name, round(1e6 * float(match[2]))
