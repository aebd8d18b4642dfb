"""Samples → rows of the data standard, and these → bytes for COPY.

Called by the normaliser actor with many samples of one layout at a time: the cost is one of calls, not of values, so
the values of all samples that are decoded alike are decoded as one long array (see `core.decoding.cells`,
`core.decoding.rules`). The result is a `Flush`, what the database is given in one transaction: its form belongs to
`core.storing`, where it is cut and sent.

A table's columns have a row for each sample and identity: time, site, device, quality, identity columns, then the map's
columns. Whatever a device sent is decoded or NULL, never an error; ValueError if images do not have the length of the
plan. What is not due at a sample's tick (`core.maps.rates`) is NULL without being missing; a row of which nothing is
due is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ess_ray.core.batch import COMPLETE, FAILED, STATUSES, Batch
from ess_ray.core.decoding.cells import (
    ColumnGroup,
    MissingBytes,
    TableShape,
    by_column,
    flagged_rows,
    gather,
    hidden_cells,
    missing_cells,
    rule_cells,
    table_shapes,
)
from ess_ray.core.decoding.computed import ComputedColumns
from ess_ray.core.decoding.due import are_due, chosen_rows, spread
from ess_ray.core.decoding.pgcopy import NULL, ColumnValues, encode
from ess_ray.core.decoding.sides import make_rule
from ess_ray.core.maps.column_types import value_type
from ess_ray.core.maps.fixed_columns import SAMPLE_ROW, leading_columns
from ess_ray.core.maps.plan import Plan
from ess_ray.core.maps.rates import row_periods
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.standard import Standard
from ess_ray.core.storing.flush import Flush, Keys, TableRows

OUT_OF_RANGE, MISSING, LATE = 1, 2, 4  # bits of `quality`
SAMPLE_TYPES = {column.name: column.type for column in SAMPLE_ROW}
STATUS_TEXTS = np.array([status.encode() for status in STATUSES])

Columns = dict[str, ColumnValues]  # by column name


class Decoder:
    """Decodes the samples of one layout: a register map, its plan, and the standard that names the identity columns."""

    def __init__(self, register_map: RegisterMap, plan: Plan, standard: Standard) -> None:
        self._plan = plan
        self._tables = table_shapes(register_map)
        self._rules = [
            (make_rule(shared), cells) for shared, cells in rule_cells(register_map, plan, self._tables).items()
        ]
        self._computed = ComputedColumns(register_map, self._tables)
        self._identity = {
            name: dict(zip(standard.tables[name].identity, np.array(table.rows, np.int16).T, strict=True))
            for name, table in self._tables.items()
        }
        periods = row_periods(register_map.values)
        self._row_periods = {  # (rows) of each table with a row that is not due at each tick
            name: np.array([periods.get((name, ids), 0) for ids in table.rows])
            for name, table in self._tables.items()
            if any((name, ids) in periods for ids in table.rows)
        }
        self._sizes = {name: _array_sizes(table) for name, table in self._tables.items()}
        self._types = {
            name: {column.name: column.type for column in leading_columns(self._identity[name])} | table.columns
            for name, table in self._tables.items()
        }

    def column_types(self, table: str) -> dict[str, str]:
        """PostgreSQL types (keys of TYPES, or with `[]`) of all columns of the table, by column name, in order.

        `table` has to be a table of the map, else KeyError.
        """
        return self._types[table]

    def rows(self, table: str) -> int:
        """The most rows that one sample gives to `table`, a table of the map, else KeyError."""
        return len(self._tables[table].rows)

    def row_counts(self, table: str, batch: Batch) -> np.ndarray:
        """The number of rows that each sample of the batch gives to `table`, a table of the map, else KeyError."""
        read: np.ndarray = np.not_equal(batch.headers["status"], FAILED)
        if table in self._row_periods:
            counts: np.ndarray = self._due_rows(table, batch.headers["tick_us"]).sum(1) * read
            return counts
        return read * self.rows(table)

    def _due_rows(self, table: str, ticks_us: np.ndarray) -> np.ndarray:
        """(samples, rows) bool: rows that are due at these ticks, of a table in `_row_periods`."""
        return are_due(self._row_periods[table], ticks_us[:, np.newaxis])

    def _has_rows(self, table: str, ticks_us: np.ndarray) -> bool:
        return table not in self._row_periods or bool(self._due_rows(table, ticks_us).any())

    def decode(self, batch: Batch) -> dict[str, Columns]:
        """The columns of each table of the map, by name; rows by sample (as in the batch), then identity.

        Failed samples have no rows, others those that are due; a table of which none is due at any of the ticks is left
        out. Columns are those of `column_types`, in any order: `quality` the sum of OUT_OF_RANGE and MISSING, values
        that were not read or mean "no value" NULL. LATE is not set here.

        Raises ValueError if the images do not have the length of the plan.
        """
        read = np.flatnonzero(batch.headers["status"] != FAILED)
        images, unread = _images(batch, len(read), self._plan.image_bytes), _unread(batch, read, self._plan.image_bytes)
        ticks_us = batch.headers["tick_us"][read]
        columns: dict[str, Columns] = {name: {} for name in self._tables if self._has_rows(name, ticks_us)}
        quality = {name: np.zeros((len(read), len(table.rows)), np.int16) for name, table in self._tables.items()}
        for decode, cells in self._rules:
            if cells.period_us and columns.keys().isdisjoint(group.table for group in cells.groups):
                continue
            missing = None if unread is None else missing_cells(cells, unread)
            due = np.flatnonzero(are_due(cells.period_us, ticks_us)) if cells.period_us else slice(None)
            images_due = images[due]
            raw = gather(cells.raw, images_due)
            sides = [gather(side, images_due).reshape(-1) for side in cells.sides]
            hidden = hidden_cells(cells, None if missing is None else missing[due], len(raw))
            decoded = decode(raw.reshape(-1), None if hidden is None else hidden.reshape(-1), sides).reshaped(raw.shape)
            values, null, outside = spread(decoded, due, len(read)) if cells.period_us else decoded
            for group in cells.groups:
                if group.table not in columns:
                    continue
                if missing is not None:
                    quality[group.table][flagged_rows(group, missing)] |= MISSING
                if outside is not None:
                    quality[group.table][flagged_rows(group, outside)] |= OUT_OF_RANGE
                self._put(columns[group.table], group, values, null)
        self._computed.add(columns, quality, OUT_OF_RANGE)
        return self._tables_of(_sample_keys(batch), read, columns, quality)

    def _put(self, columns: Columns, group: ColumnGroup, values: np.ndarray, null: np.ndarray | None) -> None:
        """A column whose rows are decoded by several rules is put together: where one has no value, another may."""
        lengths = self._tables[group.table].lengths
        values, null = by_column(group, values), None if null is None else by_column(group, null)
        for number, name in enumerate(group.columns):
            column = ColumnValues(values[number], None if null is None else null[number])
            if name not in lengths:  # no array
                column = ColumnValues(column.values[:, 0], None if column.null is None else column.null[:, 0])
            other = columns.get(name)
            columns[name] = column if other is None else _united(other, column)

    def _tables_of(
        self, keys: Columns, read: np.ndarray, columns: dict[str, Columns], quality: dict[str, np.ndarray]
    ) -> dict[str, Columns]:
        """`keys`: of all samples; `read`: the indexes of those with values."""
        repeated = {
            rows: {name: ColumnValues(key.values[read].repeat(rows)) for name, key in keys.items()}
            for rows in {self.rows(name) for name in self._tables}
        }
        for name, own in columns.items():
            for column, sizes in self._sizes[name].items():
                own[column] = own[column]._replace(sizes=np.tile(sizes, len(read)))
        tables = {
            name: {
                **repeated[self.rows(name)],
                "quality": ColumnValues(quality[name].reshape(-1)),
                **{key: ColumnValues(np.tile(ids, len(read))) for key, ids in self._identity[name].items()},
                **own,
            }
            for name, own in columns.items()
        }
        for name in self._row_periods.keys() & tables.keys():
            due = self._due_rows(name, keys["time"].values[read]).reshape(-1)
            tables[name] = {column: chosen_rows(values, due) for column, values in tables[name].items()}
        return tables


def _array_sizes(table: TableShape) -> dict[str, np.ndarray]:
    """The elements of each row's array, NULL where it has none, of array columns whose rows have not all as many."""
    unequal = {column: lengths for column, lengths in table.lengths.items() if lengths.min() < lengths.max()}
    return {column: np.where(lengths > 0, lengths, NULL) for column, lengths in unequal.items()}


def _united(first: ColumnValues, second: ColumnValues) -> ColumnValues:
    """The values of the first, and where it has none those of the second."""
    if first.null is None:
        return first
    null = first.null if second.null is None else first.null & second.null
    return ColumnValues(np.where(first.null, second.values, first.values), None if second.null is None else null)


def normalise(decoder: Decoder, batch: Batch, now_us: int, late_us: int) -> Flush:
    """The rows that the database gets for `batch`, whose samples have the decoder's layout (not checked).

    A row of `sample` for every sample, and the rows of data tables for those that are not failed. Rows of samples that
    are older than `late_us` microseconds at `now_us` (microseconds since 1970 UTC) get the bit LATE of `quality`.
    Raises ValueError if the images do not have the length of the plan.
    """
    read = batch.headers["status"] != FAILED
    late = ((now_us - batch.headers["tick_us"] > late_us) * np.int16(LATE))[read]
    tables = []
    for name, columns in decoder.decode(batch).items():
        rows = decoder.row_counts(name, batch)
        columns["quality"] = ColumnValues(columns["quality"].values | late.repeat(rows[read]))
        tables.append(_table_rows(name, columns, decoder.column_types(name), rows))
    return replace(normalise_failed(batch), tables=tuple(tables))


def normalise_failed(batch: Batch) -> Flush:
    """The rows that the database gets for a batch of failed samples: of table `sample` only, without a decoder."""
    samples = _table_rows("sample", _sample_columns(batch), SAMPLE_TYPES, np.ones(len(batch), int))
    return Flush(Keys(batch.devices, batch.headers["tick_us"]), samples, ())


def _table_rows(name: str, columns: Columns, types: dict[str, str], rows: np.ndarray) -> TableRows:
    """`rows`: how many rows each sample has."""
    data, row_ends = encode([columns[column] for column in types], list(types.values()))
    ends = np.concatenate([[0], row_ends])[np.cumsum(rows)]
    return TableRows(name, tuple(types), data, tuple(ends.tolist()), tuple(rows.tolist()))


def _sample_columns(batch: Batch) -> Columns:
    """The rows of table `sample`; columns that are not made here are the fields of the headers of the same name."""
    headers, notes = batch.headers, [batch.notes.get(index, COMPLETE) for index in range(len(batch))]
    made = {
        **_sample_keys(batch),
        "status": ColumnValues(STATUS_TEXTS[headers["status"]]),
        "reason": _texts([note.reason for note in notes]),
        "missing": _texts([note.missing_text for note in notes]),
    }
    of_headers = {
        column.name: ColumnValues(headers[column.name].astype(value_type(column.type).dtype))
        for column in SAMPLE_ROW
        if column.name not in made
    }
    return made | of_headers


def _sample_keys(batch: Batch) -> Columns:
    """Time, site and device of each sample."""
    sites, devices = zip(*(name.split("/") for name in batch.devices), strict=True) if batch.devices else ((), ())
    return {"time": ColumnValues(batch.headers["tick_us"]), "site": _texts(sites), "device": _texts(devices)}


def _texts(texts: Sequence[str | None]) -> ColumnValues:
    values = np.array([(text or "").encode() for text in texts], "S")
    return ColumnValues(values, np.array([text is None for text in texts], bool))


def _images(batch: Batch, count: int, image_bytes: int) -> np.ndarray:
    """(count, image bytes) uint8."""
    if len(batch.images) != count * image_bytes:
        devices = ", ".join(sorted(set(batch.devices))[:3])
        problem = f"{len(batch.images)} bytes for {count} samples, but their map requires {image_bytes} bytes each"
        raise ValueError(f"{devices}: {problem}; they stay in the journal: please report this")
    return np.frombuffer(batch.images, np.uint8).reshape(count, image_bytes)


def _unread(batch: Batch, read: np.ndarray, image_bytes: int) -> MissingBytes | None:
    """None if all samples with an image (`read`: their indexes in the batch) are complete."""
    ranges = {index: note.missing for index, note in batch.notes.items() if note.missing}
    incomplete = [image for image, index in enumerate(read.tolist()) if index in ranges] if ranges else []
    if not incomplete:
        return None
    missing = np.zeros((len(incomplete), image_bytes), bool)
    for row, image in zip(missing, incomplete, strict=True):
        for start, end in ranges[int(read[image])]:
            row[start:end] = True
    return MissingBytes(len(read), incomplete, missing)
