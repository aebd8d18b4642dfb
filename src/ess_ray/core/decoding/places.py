"""Where a map's values lie in a sample's image and where they go: index arrays made once, used for every batch.

Called by `core.decoding.normalise` alone. A *cell* is one place of a table in one sample: row (identity), column, array
element. A block is the columns of one table that one rule decodes and that have the same number of elements; its cells
are `columns x (rows * elements)`, so that one gather takes the bytes of all samples and each column is one run of it.
Byte and word order are nothing but the order in which the bytes are taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ess_ray.core.decoding.rules import raw_dtype, shared_part
from ess_ray.core.maps.order import ORDERS
from ess_ray.core.maps.plan import Plan, locate
from ess_ray.core.maps.registers import RegisterMap, Value


@dataclass(frozen=True, slots=True)
class TablePlaces:
    """The rows and columns that one sample gives to a table."""

    name: str
    rows: tuple[tuple[int, ...], ...]  # identities, ascending
    columns: dict[str, str]  # column → PostgreSQL type, in the order of first appearance
    lengths: dict[str, np.ndarray]  # array column → elements in each row, 0 where the row has none of them


@dataclass(frozen=True, slots=True)
class Block:
    """Columns of one table, decoded by one rule. C columns, K = rows * elements cells each, N bytes a cell."""

    table: str
    columns: tuple[str, ...]
    rows: int
    elements: int
    dtype: np.dtype  # of the raw numbers
    bytes: np.ndarray  # (C, K, N) offsets in the image, least significant byte first (text: first character first)
    shifts: np.ndarray | None  # (C, 1, K): how far to shift bits down
    mask: int  # of the bits that are left then
    absent: np.ndarray | None  # (C, 1, K): cells that the map does not fill

    @property
    def cells(self) -> int:
        return self.rows * self.elements


@dataclass(frozen=True, slots=True)
class Gaps:
    """What was not read, of the samples that are not complete."""

    total: int  # samples, S
    samples: list[int]  # G of them, by their number
    unread: np.ndarray  # (G, image bytes), true where nothing was read


def tables_of(register_map: RegisterMap) -> dict[str, TablePlaces]:
    """Every table of the map, in the order of first appearance."""
    tables: dict[str, list[Value]] = {}
    for value in register_map.values:
        tables.setdefault(value.table, []).append(value)
    return {name: _table(name, values) for name, values in tables.items()}


def _table(name: str, values: list[Value]) -> TablePlaces:
    rows = tuple(sorted({value.ids for value in values}))
    lengths: dict[str, np.ndarray] = {}
    for value in values:
        if value.element is not None:
            length = lengths.setdefault(value.column, np.zeros(len(rows), int))
            row = rows.index(value.ids)
            length[row] = max(length[row], value.element)
    return TablePlaces(name, rows, {value.column: value.column_type for value in values}, lengths)


def blocks_of(register_map: RegisterMap, plan: Plan, tables: dict[str, TablePlaces]) -> dict[Value, list[Block]]:
    """The blocks of every rule, by the rule's shared part."""
    found: dict[tuple[Value, str, int], dict[str, list[Value]]] = {}
    for value in register_map.values:
        elements = max(tables[value.table].lengths.get(value.column, [1]))
        columns = found.setdefault((shared_part(value), value.table, elements), {})
        columns.setdefault(value.column, []).append(value)
    blocks: dict[Value, list[Block]] = {}
    for (shared, table, elements), columns in found.items():
        blocks.setdefault(shared, []).append(_block(tables[table], elements, columns, plan))
    return blocks


def _block(table: TablePlaces, elements: int, columns: dict[str, list[Value]], plan: Plan) -> Block:
    some = next(iter(columns.values()))[0]
    dtype, order = raw_dtype(some), np.array(byte_offsets(some))
    row_of = {ids: number for number, ids in enumerate(table.rows)}
    shape = len(columns), len(table.rows) * elements
    places = np.zeros((*shape, dtype.itemsize), np.intp)
    shifts = np.zeros(shape, np.uint16)
    absent = np.ones(shape, bool)
    for number, values in enumerate(columns.values()):
        for value in values:
            cell = number, row_of[value.ids] * elements + (value.element or 1) - 1
            places[cell] = locate(plan, value) + order
            shifts[cell] = value.bits[0] if value.bits else 0
            absent[cell] = False
    return Block(
        table.name, tuple(columns), len(table.rows), elements, dtype, places,
        shifts=shifts[:, None] if some.raw_type == "bits" else None,
        mask=(1 << (some.bits[1] if some.bits else 1)) - 1,
        absent=absent[:, None] if absent.any() else None,
    )  # fmt: skip


def byte_offsets(value: Value) -> list[int]:
    """The bytes that make up a value, as offsets from its first one in the image.

    A number's least significant byte comes first, as `rules.raw_dtype` has it, a text's first character.
    """
    if value.raw_type == "bit":
        return [0]
    order = ORDERS[value.order]
    if value.raw_type == "string":
        return order.text_positions(2 * value.width)
    return order.positions(2 * value.width)[::-1]


def gather(block: Block, images: np.ndarray) -> np.ndarray:
    """Raw numbers of a block, 1-d, by column, sample, cell. `images`: (S, image bytes) uint8."""
    columns, cells, _ = block.bytes.shape
    taken = images.take(block.bytes.reshape(-1), axis=1)
    raw = taken.view(block.dtype).reshape(len(images), columns, cells).transpose(1, 0, 2)
    if block.shifts is not None:
        raw = (raw >> block.shifts) & block.dtype.type(block.mask)
    return raw.reshape(-1)


def missing_cells(block: Block, gaps: Gaps) -> np.ndarray | None:
    """Cells that were not read, (C, S, K), or None if all were."""
    unread = gaps.unread.take(block.bytes.reshape(-1), axis=1).reshape(len(gaps.unread), *block.bytes.shape)
    cells: np.ndarray = np.any(unread, axis=3).transpose(1, 0, 2)
    if block.absent is not None:
        cells = cells & ~block.absent
    if not np.any(cells):
        return None
    missing = np.zeros((len(block.columns), gaps.total, block.cells), bool)
    missing[:, gaps.samples] = cells
    return missing


def row_flags(block: Block, cells: np.ndarray) -> np.ndarray:
    """(S, rows): which rows have a true one among the block's `cells` (as many as `gather` gives, in that order)."""
    flags: np.ndarray = np.any(cells.reshape(len(block.columns), -1, block.rows, block.elements), axis=(0, 3))
    return flags
