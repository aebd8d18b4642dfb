"""Curves of the standard's columns: one for each device part that has values, thinned out by the server.

A point stands for a bin of Grafana's interval, but at least of the devices' period, and of that of the columns if they
are read less often: so every bin has a tick. A bin without values is NULL, so that no line crosses a gap. Plain SQL,
for hypertables and ordinary tables alike.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.column_types import Column
from ess_ray.core.maps.standard import Standard, Table
from ess_ray.generate.dashboards.grafana import Panel, sql

CHOSEN = "site = ${site:sqlstring} AND device IN (${device:sqlstring})"
WITHIN = f"$__timeFilter(time) AND {CHOSEN}"
UNKNOWN = {"/unit not stated/": ""}  # such a curve gets an axis of its own
# Of a row of `device`, the columns with a period of their own: see `core.maps.recorded_rates`.
SLOWER = """
    SELECT names, split_part(key, ' ', 3)::float8 AS every_s
    FROM jsonb_each(CASE WHEN position('"columns every' IN delivers) > 0 THEN delivers::jsonb END) AS kept (key, names)
    WHERE starts_with(key, 'columns every ')"""
SERIES = """
WITH chosen AS (
    SELECT count(DISTINCT device) > 1 AS many,
           greatest($__interval_ms, 1000 * max(period_s), 1000 * max(every_s)) * interval '1 ms' AS step
    FROM device LEFT JOIN LATERAL ({slower}) AS slower ON names ?| ARRAY[{columns}]
    WHERE {chosen} AND valid_from <= $__timeTo() AND coalesce(valid_to, 'infinity') > $__timeFrom()
), binned AS (
    SELECT date_bin(step, time, 'epoch') AS bin, CASE WHEN many THEN device END AS device, {part} AS part,
           {aggregates}
    FROM {table}, chosen
    WHERE {within}
    GROUP BY 1, 2, 3
), curve AS (
    SELECT bin, concat_ws(' ', device, nullif(part, ''), nullif(label, '')) AS metric, value
    FROM binned, LATERAL (VALUES {labels}) AS columns (label, value)
    WHERE value IS NOT NULL
)
SELECT bin AS time, metric, value
FROM chosen, generate_series(date_bin(step, $__timeFrom(), 'epoch'), $__timeTo(), step) AS bin
CROSS JOIN (SELECT DISTINCT metric FROM curve) AS metrics
LEFT JOIN curve USING (bin, metric)
ORDER BY time, length(metric), metric"""


class Curves:
    """Makes panels of one table's columns, and their SQL, which has Grafana's variables: the site, devices, time range.

    Raises ConfigError for a table or column that the standard does not have.
    """

    def __init__(self, standard: Standard, table: str) -> None:
        if table not in standard.tables:
            raise ConfigError("standard.tables", f"the dashboards show table {table}, which is not there")
        self._table = standard.tables[table]

    def panel(self, *columns: str, title: str = "{}", width: int = 12, **look: Any) -> Panel:
        """The curves of these columns, at least one, all of one unit.

        In the title {} is what the standard calls the first one. `width`: in columns of the grid, at most
        `grafana.WIDTH`. `look`: other fields of Panel.
        """
        first = self._column(columns[0])
        query = sql(self.of(*columns), series=True)
        return Panel(title.format(words(first)), [query], width, unit=first.unit, units=UNKNOWN, **look)

    def of(self, *columns: str) -> str:
        """SQL for the curves of these columns, at least one: series of (time, metric, value).

        A point is the highest of a column with `max` in its name, the lowest of one with `min`, else the mean.
        """
        shown = [self._column(column) for column in columns]
        return self.query({_label(column, self._table, len(shown)): _aggregate(column) for column in shown})

    def named(self, columns: Sequence[str]) -> str:
        """SQL as `of` gives it, with the standard's name at every curve, also of a single column."""
        shown = [self._column(column) for column in columns]
        names = Counter(map(words, shown))
        labels = [words(each) if names[words(each)] == 1 else f"{words(each)}, {each.name}" for each in shown]
        return self.query({label: _aggregate(column) for label, column in zip(labels, shown, strict=True)})

    def query(self, aggregates: Mapping[str, str], depth: int | None = None) -> str:
        """SQL for curves: series of (time, metric, value).

        `aggregates`: by label, which follows the part's name and may be empty, the SQL of the aggregate over a bin.

        `depth`: how many identity columns a part has, if not all: with 2 a curve stands for a rack's modules together.
        """
        named = {word for aggregate in aggregates.values() for word in re.findall(r"\w+", aggregate)}
        columns = [text(f"{self._table.name}.{name}") for name in self._table.columns if name in named]
        return SERIES.format(
            slower=SLOWER, columns=", ".join(columns), chosen=CHOSEN, within=WITHIN, table=self._table.name,
            part=part(self._table, depth),
            aggregates=", ".join(f"{value} AS value_{number}" for number, value in enumerate(aggregates.values())),
            labels=", ".join(f"({text(label)}, value_{number})" for number, label in enumerate(aggregates)),
        )  # fmt: skip

    def _column(self, name: str) -> Column:
        if name not in self._table.columns:
            where = f"standard.tables.{self._table.name}.columns"
            raise ConfigError(where, f"the dashboards show column {name}, which is not there")
        return self._table.columns[name]


def part(table: Table, depth: int | None = None) -> str:
    """SQL for the name of a row's part of the plant: bank 1 rack 3; '' where a device has one row.

    `depth`: how many of the table's identity columns, from the first, it names; None: all.
    """
    names = " || ' ' || ".join(f"'{name.removesuffix('_id')} ' || {name}" for name in table.identity[:depth])
    return names or "''"


def words(column: Column) -> str:
    """The standard's name of a column for people: "State of charge", "AC active power (unit not stated)"."""
    name, _, remark = column.meaning.partition("; ")
    return f"{name} ({remark})" if "unit" in remark else name


def text(string: str) -> str:
    """A text as an SQL literal: in quotation marks, those in it doubled."""
    return "'" + string.replace("'", "''") + "'"


def spread(columns: Sequence[str]) -> str:
    """SQL for the highest less the lowest of a row's columns, at least one. NULLs are left aside; NULL if all are."""
    listed = ", ".join(columns)
    return f"greatest({listed}) - least({listed})"


def _label(column: Column, table: Table, of: int) -> str:
    """The label of one of `of` curves: empty where the panel's title and the part's name are enough.

    Behind a part's name it begins with a small letter.
    """
    name = words(column)
    if not table.identity:
        return name
    if of == 1:
        return ""
    return name[:1].lower() + name[1:] if name[1:2].islower() else name


def _aggregate(column: Column) -> str:
    """The aggregate over a bin: the highest of a highest value, the lowest of a lowest, else the mean."""
    parts = column.name.split("_")
    value = f"{column.name}::int" if column.type == "bool" else column.name
    return f"{next((function for function in ('max', 'min') if function in parts), 'avg')}({value})"
