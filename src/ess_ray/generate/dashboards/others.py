"""Columns of the user's own, which no other panel shows: a row of the plant's dashboard, only where there are any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ess_ray.core.maps.column_types import Column, TypeFamily, is_array, value_type
from ess_ray.core.maps.own_columns import own_columns
from ess_ray.core.maps.standard import Standard, Table
from ess_ray.generate.dashboards.curves import WITHIN, Curves
from ess_ray.generate.dashboards.grafana import Panel, Row, sql

MOST_CURVES = 8  # columns of a panel
# Texts and arrays make no curve: what the newest rows have.
NEWEST = """
SELECT DISTINCT ON ({part}) {part}, {columns}, time
FROM {table} WHERE {within}
ORDER BY {part}, time DESC"""


def other_columns(standard: Standard) -> list[Row]:
    """The row as a list, [] for a standard without columns of the user's own.

    Numbers and truths are curves, a panel for each unit of a table, or more; texts and arrays stand in a table.
    """
    panels = [panel for table in own_columns(standard).values() for panel in _panels(standard, table)]
    return [Row("Other columns", panels)] if panels else []


def _panels(standard: Standard, own: Table) -> Iterator[Panel]:
    drawn = [column for column in own.columns.values() if _is_number(column)]
    for unit in dict.fromkeys(column.unit for column in drawn):
        columns = [column.name for column in drawn if column.unit == unit]
        for first in range(0, len(columns), MOST_CURVES):
            title = f"{own.name}, {unit or 'no unit'}" + (f" ({first // MOST_CURVES + 1})" if first else "")
            query = Curves(standard, own.name).named(columns[first : first + MOST_CURVES])
            yield Panel(title, [sql(query, series=True)], 12, unit=unit)
    if listed := [column for column in own.columns.values() if not _is_number(column)]:
        yield _newest(own, listed)


def _newest(table: Table, columns: Sequence[Column]) -> Panel:
    part = ", ".join(("device", *table.identity))
    names = ", ".join(column.name for column in columns)
    query = NEWEST.format(part=part, columns=names, table=table.name, within=WITHIN)
    return Panel(f"{table.name}, newest rows", [sql(query)], 12, kind="table")


def _is_number(column: Column) -> bool:
    return not is_array(column.type) and value_type(column.type).family is not TypeFamily.TEXT
