"""Index arrays from the image of a sample to the cells of the tables, made once a layout and used for every batch.

Called by `core.decoding.normalise`. A *cell* holds one value of one sample in a table: in one row (an identity), one
column, and of an array column one element. A *column group* is the columns of one table whose values are decoded by one
rule and that have the same number of elements: its cells are `columns x (rows * elements)`, so that a single gather
takes the bytes of all samples, and each column is one run of the result. Byte and word order cost nothing: they are the
order in which the bytes are gathered.

Letters of the shapes: S samples, C columns of a group, K = rows * elements cells of a column, N bytes of a value, B
bytes of an image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ess_ray.core.decoding.rules import raw_dtype, shared_part
from ess_ray.core.maps.order import ORDERS
from ess_ray.core.maps.plan import Plan, locate
from ess_ray.core.maps.registers import RegisterMap, Value


@dataclass(frozen=True, slots=True)
class TableShape:
    """The rows and columns that one sample gives to a table.

    `rows`: the identity numbers of each row. `lengths`: int arrays of shape (rows,), for array columns only.
    """

    name: str
    rows: tuple[tuple[int, ...], ...]  # identities, ascending
    columns: dict[str, str]  # column → PostgreSQL type, in the order of first appearance in the map
    lengths: dict[str, np.ndarray]  # array column → elements in each row, 0 where the row has none of them


@dataclass(frozen=True, slots=True)
class ColumnGroup:
    """Columns of one table, decoded by one rule, with the same number of elements."""

    table: str
    columns: tuple[str, ...]  # C of them
    rows: int
    elements: int  # of an array; 1 for other columns
    dtype: np.dtype  # of the raw numbers, N bytes
    offsets: np.ndarray  # (C, K, N) intp: bytes in the image, least significant first (text: first character first)
    shifts: np.ndarray | None  # (C, 1, K) uint16: how far to shift bits down
    mask: int  # of the bits that are left then
    absent: np.ndarray | None  # (C, 1, K) bool: cells that the map does not fill; None: it fills them all

    @property
    def cells(self) -> int:
        """Cells of one column in one sample."""
        return self.rows * self.elements


@dataclass(frozen=True, slots=True)
class MissingBytes:
    """The bytes that could not be read, among the samples of a batch that have an image: failed ones do not count.

    `samples` is the number of images, `incomplete` holds indexes among them. `missing` is true for a byte that was not
    read; its rows are in the order of `incomplete`.
    """

    samples: int  # that have an image, S, complete or not
    incomplete: list[int]  # I indexes from 0 to S - 1
    missing: np.ndarray  # (I, B) bool


def table_shapes(register_map: RegisterMap) -> dict[str, TableShape]:
    """The rows and columns that the map gives to each table, by the table's name, in order of first appearance."""
    tables: dict[str, list[Value]] = {}
    for value in register_map.values:
        tables.setdefault(value.table, []).append(value)
    return {name: _table_shape(name, values) for name, values in tables.items()}


def _table_shape(name: str, values: list[Value]) -> TableShape:
    rows = tuple(sorted({value.ids for value in values}))
    lengths: dict[str, np.ndarray] = {}
    for value in values:
        if value.element is not None:
            length = lengths.setdefault(value.column, np.zeros(len(rows), int))
            row = rows.index(value.ids)
            length[row] = max(length[row], value.element)
    return TableShape(name, rows, {value.column: value.column_type for value in values}, lengths)


def column_groups(
    register_map: RegisterMap, plan: Plan, tables: dict[str, TableShape]
) -> dict[Value, list[ColumnGroup]]:
    """The groups of columns that each rule decodes, by the rule: its values' common `core.decoding.rules.shared_part`.

    `plan` has to be a plan of `register_map`, `tables` its `table_shapes`.
    """
    members: dict[tuple[Value, str, int], dict[str, list[Value]]] = {}
    for value in register_map.values:
        elements = max(tables[value.table].lengths.get(value.column, [1]))
        columns = members.setdefault((shared_part(value), value.table, elements), {})
        columns.setdefault(value.column, []).append(value)
    groups: dict[Value, list[ColumnGroup]] = {}
    for (shared, table, elements), columns in members.items():
        groups.setdefault(shared, []).append(_column_group(tables[table], elements, columns, plan))
    return groups


def _column_group(table: TableShape, elements: int, columns: dict[str, list[Value]], plan: Plan) -> ColumnGroup:
    example = next(iter(columns.values()))[0]  # in what matters here the values are alike
    dtype, byte_offsets = raw_dtype(example), np.array(value_bytes(example))
    row_of = {ids: row for row, ids in enumerate(table.rows)}
    shape = len(columns), len(table.rows) * elements
    offsets = np.zeros((*shape, dtype.itemsize), np.intp)
    shifts = np.zeros(shape, np.uint16)
    absent = np.ones(shape, bool)
    for column, values in enumerate(columns.values()):
        for value in values:
            cell = column, row_of[value.ids] * elements + (value.element or 1) - 1
            offsets[cell] = locate(plan, value) + byte_offsets
            shifts[cell] = value.bits[0] if value.bits else 0
            absent[cell] = False
    return ColumnGroup(
        table.name, tuple(columns), len(table.rows), elements, dtype, offsets,
        shifts=shifts[:, None] if example.raw_type == "bits" else None,
        mask=(1 << (example.bits[1] if example.bits else 1)) - 1,
        absent=absent[:, None] if absent.any() else None,
    )  # fmt: skip


def value_bytes(value: Value) -> list[int]:
    """The bytes that make up a value, as offsets from its first byte in the image, in the order of decoding.

    A number's least significant byte comes first, a text's first character. As many as `rules.raw_dtype(value)` has
    bytes; [0] for a bit.
    """
    if value.raw_type == "bit":
        return [0]
    order = ORDERS[value.order]
    if value.raw_type == "string":
        return order.text_positions(2 * value.width)
    return order.positions(2 * value.width)[::-1]


def gather(group: ColumnGroup, images: np.ndarray) -> np.ndarray:
    """The raw numbers of a group out of `images`, (S, B) uint8, one row for each sample that has an image.

    Returns a 1-d array of `group.dtype`, C * S * K long, ordered by column, sample, cell. Bits are shifted down and
    masked. Cells that the map does not fill or that were not read are there too, with whatever bytes they have.
    """
    columns, cells, _ = group.offsets.shape
    raw_bytes = images.take(group.offsets.reshape(-1), axis=1)
    raw = raw_bytes.view(group.dtype).reshape(len(images), columns, cells).transpose(1, 0, 2)
    if group.shifts is not None:
        raw = (raw >> group.shifts) & group.dtype.type(group.mask)
    return raw.reshape(-1)


def missing_cells(group: ColumnGroup, unread: MissingBytes) -> np.ndarray | None:
    """The cells of a group that were not read, even if in part: (C, S, K) bool; None if all were.

    Cells that the map does not fill are false.
    """
    missing = unread.missing.take(group.offsets.reshape(-1), axis=1).reshape(len(unread.missing), *group.offsets.shape)
    incomplete: np.ndarray = np.any(missing, axis=3).transpose(1, 0, 2)
    if group.absent is not None:
        incomplete = incomplete & ~group.absent
    if not np.any(incomplete):
        return None
    cells = np.zeros((len(group.columns), unread.samples, group.cells), bool)
    cells[:, unread.incomplete] = incomplete
    return cells


def flagged_rows(group: ColumnGroup, flags: np.ndarray) -> np.ndarray:
    """The rows with a flagged cell: (S, rows) bool, true where any column or element of the row is flagged.

    `flags`: C * S * K bools, one for each cell, in the order of `gather`; any shape.
    """
    rows: np.ndarray = np.any(flags.reshape(len(group.columns), -1, group.rows, group.elements), axis=(0, 3))
    return rows
