"""Tables of figures for a terminal of any width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ess_ray.core.errors import printable

TEXT_COLUMNS = ("site", "state")  # aligned left; all others are figures


def plain_cell(text: str) -> str:
    """The text for a cell of rich, with its markup and what is not printable escaped: shown as it is, on one line."""
    return escape(printable(text))


def fitting_table(console: Console, rows: Sequence[Mapping[str, str]], dispensable: Sequence[str]) -> Table:
    """The rows as a table that fits the console's width.

    `rows`: at least one, each with a cell for every column, by the column's name, in the order of the first row; cells
    are escaped here. The columns in `dispensable` are dropped in this order until the table fits; if it never does, the
    others stay.
    """
    columns = list(rows[0])
    unbounded = console.options.update_width(10_000)
    for unneeded in (None, *dispensable):
        columns = [name for name in columns if name != unneeded]
        table = Table(box=box.SIMPLE_HEAD if console.is_terminal else None, pad_edge=False)
        for name in columns:
            table.add_column(name, justify="left" if name in TEXT_COLUMNS else "right", no_wrap=True)
        for cells in rows:
            table.add_row(*(plain_cell(cells[name]) for name in columns))
        if console.measure(table, options=unbounded).maximum <= console.width:
            break
    return table
