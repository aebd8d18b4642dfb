"""Tables of figures for a terminal of any width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

WORDS = ("site", "state")  # columns that are no figures


def fitting(console: Console, rows: Sequence[Mapping[str, str]], dispensable: Sequence[str]) -> Table:
    """A table that fits the console's width: of its columns those go that can be done without, first to last."""
    columns = list(rows[0])
    unbounded = console.options.update_width(10_000)
    for unneeded in (None, *dispensable):
        columns = [name for name in columns if name != unneeded]
        table = Table(box=box.SIMPLE_HEAD if console.is_terminal else None, pad_edge=False)
        for name in columns:
            table.add_column(name, justify="left" if name in WORDS else "right", no_wrap=True)
        for cells in rows:
            table.add_row(*(escape(cells[name]) for name in columns))
        if console.measure(table, options=unbounded).maximum <= console.width:
            break
    return table
