"""The size of a table's row as PostgreSQL stores it: a row that no page can hold is refused with the map.

Sources: PostgreSQL documentation, 66.6 "Database Page Layout", 66.2 "TOAST" and appendix K "PostgreSQL Limits";
`MaxHeapTupleSize` in its src/include/access/htup_details.h, for pages of 8 KiB. TimescaleDB's rows are PostgreSQL's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ess_ray.core.errors import MapError
from ess_ray.core.maps.column_types import TypeFamily, is_array, value_type
from ess_ray.core.maps.fixed_columns import leading_columns
from ess_ray.core.maps.mapcheck import location
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.standard import Standard, Table

MAX_ROW_BYTES = 8160  # a page without its header and one pointer to a row
HEADER_BYTES = 23  # of a row, in front of a bit for each column of its table
ARRAY_BYTES = 18  # what stays in the row of an array, which may be moved out of it
TEXT_BYTES = 21  # of a text of 20 bytes with its length; of a longer one less, since it may be moved out
WORD = 8  # to a multiple of which header and row are rounded up


def check_rows(register_map: RegisterMap, standard: Standard) -> None:
    """Raises MapError, with the numbers, if the map makes a row of a table that no page of PostgreSQL can hold."""
    for name, columns in widest_rows([register_map], standard).items():
        if (size := row_bytes(standard.tables[name], columns)) > MAX_ROW_BYTES:
            problem = (
                f"its row of table {name} has {len(columns)} columns and takes {size} bytes, and PostgreSQL holds at "
                f"most {MAX_ROW_BYTES}: divide the columns among several tables, give them smaller types in the "
                "standard (int2 takes 2 bytes, float4 takes 4, float8 takes 8), or make an array of columns that are "
                "alike"
            )
            raise MapError(location(register_map.name), problem)


def widest_rows(maps: Iterable[RegisterMap], standard: Standard) -> dict[str, dict[str, int]]:
    """The columns of the largest row that the maps give to each table, and how many elements each has (1: no array).

    By the table's name; a table that no map fills is left out.
    """
    rows: dict[tuple[str, str, tuple[int, ...]], dict[str, int]] = {}
    for register_map in maps:
        for value in register_map.values:
            row = rows.setdefault((register_map.name, value.table, value.ids), {})
            row[value.column] = max(row.get(value.column, 1), value.element or 1)
        for each in register_map.computed:
            rows[register_map.name, each.table, each.ids][each.column] = 1
    widest: dict[str, dict[str, int]] = {}
    for (_, name, _), row in rows.items():
        table = standard.tables[name]
        if name not in widest or row_bytes(table, row) > row_bytes(table, widest[name]):
            widest[name] = row
    return widest


def row_bytes(table: Table, columns: Collection[str]) -> int:
    """The most bytes that a row of `table` with values in `columns`, names of its columns, takes in a page.

    What PostgreSQL can move out of a row counts as moved. Any value may be NULL some day, so the bits that say which
    are NULL are counted.
    """
    leading = leading_columns(table.identity)
    names = len(leading) + len(table.columns)
    header = _round_up(HEADER_BYTES + (names + 7) // 8, WORD)
    size = 0
    for column in (*leading, *(column for name, column in table.columns.items() if name in columns)):
        type_ = value_type(column.type)
        if is_array(column.type) or type_.family is TypeFamily.TEXT:
            size += ARRAY_BYTES if is_array(column.type) else TEXT_BYTES
        else:
            size = _round_up(size, type_.dtype.itemsize) + type_.dtype.itemsize
    return header + _round_up(size, WORD)


def _round_up(number: int, step: int) -> int:
    return -(-number // step) * step
