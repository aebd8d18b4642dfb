"""Index arrays from the image of a sample to the cells of the tables, made once a layout and used for every batch.

Called by `core.decoding.normalise`. A *cell* holds one value of one sample in a table: in one row (an identity), one
column, and of an array column one element. All cells that one rule decodes are taken by a single gather. Among them a
*column group* is the columns of one table that have the same number of elements: `columns x (rows * elements)` cells.
Byte and word order cost nothing: they are the order in which the bytes are gathered.

Letters of the shapes: S samples, M cells of a rule, C columns of a group, N bytes of a value, B bytes of an image.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ess_ray.core.decoding.rules import shared_part
from ess_ray.core.maps.order import ORDERS
from ess_ray.core.maps.plan import Plan, byte_offset, locate
from ess_ray.core.maps.raw_types import field_of, raw_dtype
from ess_ray.core.maps.registers import TEXT_TYPES, RegisterMap, Value


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
    start: int  # of its cells among those of the rule

    @property
    def span(self) -> slice:
        """Its cells among those of the rule, ordered by column, row, element."""
        return slice(self.start, self.start + len(self.columns) * self.rows * self.elements)


@dataclass(frozen=True, slots=True)
class RawCells:
    """Where one raw number of each of M cells stands in a sample's image."""

    dtype: np.dtype  # of the raw numbers, N bytes
    offsets: np.ndarray  # (M * N) intp: bytes in the image, least significant first (text: first character first)
    shifts: np.ndarray | None  # (M) uint16: how far to shift bits down
    mask: int | None  # of the bits that count then; None: all of them


@dataclass(frozen=True, slots=True)
class RuleCells:
    """The cells of one sample that one rule decodes, M of them: those of its groups, one behind the other."""

    groups: tuple[ColumnGroup, ...]
    raw: RawCells
    sides: tuple[RawCells, ...]  # of the registers beside the values, as in `Value.sides`
    absent: np.ndarray | None  # (M) bool: cells that the map does not fill; None: it fills them all
    period_us: int = 0  # of all of them, see `core.maps.rates`; 0: due at each tick


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
    computed: dict[str, dict[str, str]] = {name: {} for name in tables}
    for each in register_map.computed:
        computed[each.table][each.column] = each.column_type
    return {name: _table_shape(name, values, computed[name]) for name, values in tables.items()}


def _table_shape(name: str, values: list[Value], computed: dict[str, str]) -> TableShape:
    rows = tuple(sorted({value.ids for value in values}))
    lengths: dict[str, np.ndarray] = {}
    for value in values:
        if value.element is not None:
            length = lengths.setdefault(value.column, np.zeros(len(rows), int))
            row = rows.index(value.ids)
            length[row] = max(length[row], value.element)
    return TableShape(name, rows, {value.column: value.column_type for value in values} | computed, lengths)


def rule_cells(register_map: RegisterMap, plan: Plan, tables: dict[str, TableShape]) -> dict[Value, RuleCells]:
    """The cells that each rule decodes, by the rule: its values' common `core.decoding.rules.shared_part`.

    `plan` has to be a plan of `register_map`, `tables` its `table_shapes`.
    """
    rules: dict[Value, dict[tuple[str, int], dict[str, list[Value]]]] = {}
    for value in register_map.values:
        elements = int(max(tables[value.table].lengths.get(value.column, [1])))
        columns = rules.setdefault(shared_part(value), {}).setdefault((value.table, elements), {})
        columns.setdefault(value.column, []).append(value)
    return {shared: _rule_cells(members, plan, tables) for shared, members in rules.items()}


def _rule_cells(
    members: dict[tuple[str, int], dict[str, list[Value]]], plan: Plan, tables: dict[str, TableShape]
) -> RuleCells:
    """`members`: the values by table and number of elements, then by column."""
    groups: list[ColumnGroup] = []
    placed: list[tuple[int, Value]] = []
    end = 0
    for (table, elements), columns in members.items():
        groups.append(ColumnGroup(table, tuple(columns), len(tables[table].rows), elements, end))
        row_of = {ids: row for row, ids in enumerate(tables[table].rows)}
        for number, values in enumerate(columns.values()):
            first = end + number * len(row_of) * elements
            placed += [(first + row_of[value.ids] * elements + (value.element or 1) - 1, value) for value in values]
        end = groups[-1].span.stop
    absent = np.ones(end, bool)
    absent[[cell for cell, _ in placed]] = False
    sides = zip(*(value.sides for _, value in placed), strict=True)
    cells = [cell for cell, _ in placed]
    return RuleCells(
        tuple(groups),
        _raw_cells(end, placed, plan),
        tuple(_raw_cells(end, zip(cells, [side.value for side in each], strict=True), plan) for each in sides),
        absent if absent.any() else None,
        placed[0][1].period_us,
    )


def _raw_cells(count: int, placed: Iterable[tuple[int, Value]], plan: Plan) -> RawCells:
    """`placed`: values that differ in where they are only, each with its number among `count` cells."""
    placed = list(placed)
    example = placed[0][1]
    dtype, byte_offsets = dtype_of(example), np.array(value_bytes(example))
    offsets, shifts = np.zeros((count, dtype.itemsize), np.intp), np.zeros(count, np.uint16)
    for cell, value in placed:
        offsets[cell] = _offsets(plan, value)[byte_offsets] if value.words else locate(plan, value) + byte_offsets
        shifts[cell] = value.bits[0] if value.bits else 0
    field = field_of(example.raw_type, example.bits)
    mask = None if field is None else (1 << field[1]) - 1
    return RawCells(dtype, offsets.reshape(-1), shifts if example.raw_type == "bits" else None, mask)


def _offsets(plan: Plan, value: Value) -> np.ndarray:
    """The byte offsets of a value whose words are apart, most significant word first."""
    return np.array(
        [
            byte_offset(plan, value.function, address, value.period_us) + byte
            for address in value.words
            for byte in (0, 1)
        ]
    )


def dtype_of(value: Value) -> np.dtype:
    """The dtype of the raw numbers that the value's rule takes."""
    return raw_dtype(value.raw_type, value.width, value.signed)


def value_bytes(value: Value) -> list[int]:
    """The bytes that make up a value, as positions among the bytes of its registers, in the order of decoding.

    A number's least significant byte comes first, a text's first character. As many as `dtype_of(value)` has bytes:
    what three registers leave open is filled with any of their bytes, as none of its bits counts. [0] for a bit.
    """
    if value.raw_type == "bit":
        return [0]
    order = ORDERS[value.order]
    if value.raw_type in TEXT_TYPES:
        return order.text_positions(2 * value.width)
    positions = order.positions(2 * value.width)[::-1]
    return positions + positions[:1] * (dtype_of(value).itemsize - len(positions))


def gather(cells: RawCells, images: np.ndarray) -> np.ndarray:
    """The raw numbers of cells out of `images`, (S, B) uint8, one row for each sample that has an image.

    Returns (S, M) of `cells.dtype`. Bits are shifted down and masked. Cells that the map does not fill or that were not
    read are there too, with whatever bytes they have.
    """
    raw = images.take(cells.offsets, axis=1).view(cells.dtype)
    if cells.shifts is not None:
        raw = raw >> cells.shifts
    return raw if cells.mask is None else raw & cells.dtype.type(cells.mask)


def missing_cells(cells: RuleCells, unread: MissingBytes) -> np.ndarray | None:
    """The cells that were not read, even if in part, or of which a side was not: (S, M) bool; None if all were.

    Cells that the map does not fill are false.
    """
    incomplete = _unread(cells.raw, unread)
    for side in cells.sides:
        incomplete |= _unread(side, unread)
    if cells.absent is not None:
        incomplete = incomplete & ~cells.absent
    if not np.any(incomplete):
        return None
    missing = np.zeros((unread.samples, incomplete.shape[1]), bool)
    missing[unread.incomplete] = incomplete
    return missing


def _unread(cells: RawCells, unread: MissingBytes) -> np.ndarray:
    """The cells of which a byte was not read: (I, M) bool."""
    taken = unread.missing.take(cells.offsets, axis=1).reshape(len(unread.missing), -1, cells.dtype.itemsize)
    incomplete: np.ndarray = np.any(taken, axis=2)
    return incomplete


def hidden_cells(cells: RuleCells, missing: np.ndarray | None, samples: int) -> np.ndarray | None:
    """Cells without a value, (S, M) bool: not in the map, or `missing`. None if there are none."""
    if cells.absent is None:
        return missing
    if missing is None:
        return np.tile(cells.absent, (samples, 1))
    hidden: np.ndarray = missing | cells.absent
    return hidden


def flagged_rows(group: ColumnGroup, flags: np.ndarray) -> np.ndarray:
    """The rows with a flagged cell: (S, rows) bool, true where any column or element of the row is flagged.

    `flags`: (S, M) bool, of all cells of the rule.
    """
    shape = len(flags), len(group.columns), group.rows, group.elements
    rows: np.ndarray = np.any(flags[:, group.span].reshape(shape), axis=(1, 3))
    return rows


def by_column(group: ColumnGroup, of_cells: np.ndarray) -> np.ndarray:
    """Of something that each of the rule's cells has, (S, M), the group's: (C, S * rows, elements), rows by sample."""
    samples, columns = len(of_cells), len(group.columns)
    by_sample = of_cells[:, group.span].reshape(samples, columns, group.rows, group.elements)
    return by_sample.transpose(1, 0, 2, 3).reshape(columns, samples * group.rows, group.elements)
