"""Samples → rows of the data standard, and these → bytes for COPY.

Called by the normaliser actor with many samples of one layout at a time: the cost is one of calls, not of values, so
the values of all samples that are decoded alike go through polars as one long column (see `core.decoding.cells`,
`core.decoding.rules`). The result is a `Flush`, what the database is given in one transaction: its form belongs to
`core.storing`, where it is cut and sent.

A frame has a row for each sample and identity: time, site, device, quality, identity columns, then the map's columns.
Whatever a device sent is decoded or NULL, never an error; ValueError if images do not have the length of the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from ess_ray.core.batch import COMPLETE, FAILED, STATUSES, Batch
from ess_ray.core.decoding.cells import (
    ColumnGroup,
    MissingBytes,
    TableShape,
    column_groups,
    flagged_rows,
    gather,
    missing_cells,
    table_shapes,
)
from ess_ray.core.decoding.pgcopy import encode
from ess_ray.core.decoding.rules import make_rule, polars_dtype
from ess_ray.core.maps.column_types import value_type
from ess_ray.core.maps.fixed_columns import SAMPLE_ROW, TIME, leading_columns
from ess_ray.core.maps.plan import Plan
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.standard import Standard
from ess_ray.core.storing.flush import Flush, Keys, TableRows

OUT_OF_RANGE, MISSING, LATE = 1, 2, 4  # bits of `quality`
SAMPLE_TYPES = {column.name: column.type for column in SAMPLE_ROW}
STATUS_TEXTS = pl.Series(STATUSES, dtype=pl.String)

Columns = dict[str, pl.Series]  # by column name


class Decoder:
    """Decodes the samples of one layout: a register map, its plan, and the standard that names the identity columns."""

    def __init__(self, register_map: RegisterMap, plan: Plan, standard: Standard) -> None:
        self._plan = plan
        self._tables = table_shapes(register_map)
        groups = column_groups(register_map, plan, self._tables)
        self._rules = [(make_rule(shared), decoded_alike) for shared, decoded_alike in groups.items()]
        self._identity = {name: standard.tables[name].identity for name in self._tables}

    def column_types(self, table: str) -> dict[str, str]:
        """PostgreSQL types (keys of TYPES, or with `[]`) of all columns of the table's frame, by column name, in order.

        `table` has to be a table of the map, else KeyError.
        """
        leading = {column.name: column.type for column in leading_columns(self._identity[table])}
        return leading | self._tables[table].columns

    def rows(self, table: str) -> int:
        """The number of rows that one sample gives to `table`, a table of the map, else KeyError."""
        return len(self._tables[table].rows)

    def decode(self, batch: Batch) -> dict[str, pl.DataFrame]:
        """One frame per table of the map, by name; rows by sample (as in the batch), then identity.

        Failed samples have no rows. Columns are those of `column_types`: `time` in microseconds UTC, `quality` the sum
        of OUT_OF_RANGE and MISSING, values that were not read or mean "no value" NULL. LATE is not set here.

        Raises ValueError if the images do not have the length of the plan.
        """
        read = np.flatnonzero(batch.headers["status"] != FAILED)
        images, unread = _images(batch, len(read), self._plan.image_bytes), _unread(batch, read, self._plan.image_bytes)
        columns: dict[str, Columns] = {name: {} for name in self._tables}
        quality = {name: np.zeros((len(read), len(table.rows)), np.int16) for name, table in self._tables.items()}
        for decode, groups in self._rules:
            missing = [None if unread is None else missing_cells(group, unread) for group in groups]
            raw = np.concatenate([gather(group, images) for group in groups])
            values, outside = decode(raw, _hidden(groups, missing, len(read)))
            start = 0
            for group, cells in zip(groups, missing, strict=True):
                size = len(read) * group.cells
                if cells is not None:
                    quality[group.table][flagged_rows(group, cells)] |= MISSING
                if outside is not None:
                    flagged = flagged_rows(group, outside[start : start + size * len(group.columns)])
                    quality[group.table][flagged] |= OUT_OF_RANGE
                for name in group.columns:
                    _put(columns[group.table], name, values.slice(start, size))
                    start += size
        return self._frames(_sample_keys(batch), read, columns, quality)

    def _frames(
        self, keys: list[pl.Series], read: np.ndarray, columns: dict[str, Columns], quality: dict[str, np.ndarray]
    ) -> dict[str, pl.DataFrame]:
        """`keys`: of all samples; `read`: the indexes of those with values."""
        repeated = {
            rows: [key[read.repeat(rows)] for key in keys] for rows in {self.rows(name) for name in self._tables}
        }
        return {
            name: self._frame(name, repeated[self.rows(name)], columns[name], quality[name]) for name in self._tables
        }

    def _frame(self, name: str, keys: list[pl.Series], columns: Columns, quality: np.ndarray) -> pl.DataFrame:
        table, identity = self._tables[name], self._identity[name]
        ids = np.array(table.rows, np.int16).reshape(len(table.rows), len(identity))
        return pl.DataFrame([
            *keys,
            pl.Series("quality", quality.reshape(-1)),
            *(pl.Series(key, np.tile(ids[:, number], len(quality))) for number, key in enumerate(identity)),
            *(_shaped(columns[column].alias(column), table) for column in table.columns),
        ])  # fmt: skip


def normalise(decoder: Decoder, batch: Batch, now_us: int, late_us: int) -> Flush:
    """The rows that the database gets for `batch`, whose samples have the decoder's layout (not checked).

    A row of `sample` for every sample, and the rows of data tables for those that are not failed. Rows of samples that
    are older than `late_us` microseconds at `now_us` (microseconds since 1970 UTC) get the bit LATE of `quality`.
    Raises ValueError if the images do not have the length of the plan.
    """
    read = batch.headers["status"] != FAILED
    late = ((now_us - batch.headers["tick_us"] > late_us) * np.int16(LATE))[read]
    tables = []
    for name, decoded in decoder.decode(batch).items():
        rows = decoder.rows(name)
        flags = pl.col("quality") | pl.Series(late.repeat(rows))
        frame = decoded.with_columns(flags) if late.any() else decoded
        tables.append(_table_rows(name, frame, decoder.column_types(name), read * rows))
    return replace(normalise_failed(batch), tables=tuple(tables))


def normalise_failed(batch: Batch) -> Flush:
    """The rows that the database gets for a batch of failed samples: of table `sample` only, without a decoder."""
    samples = _table_rows("sample", _sample_frame(batch), SAMPLE_TYPES, np.ones(len(batch), int))
    return Flush(Keys(batch.devices, batch.headers["tick_us"]), samples, ())


def _table_rows(name: str, frame: pl.DataFrame, types: dict[str, str], rows: np.ndarray) -> TableRows:
    """`rows`: how many of the frame's rows each sample has."""
    data, row_ends = encode(frame, list(types.values()))
    ends = np.concatenate([[0], row_ends])[np.cumsum(rows)]
    return TableRows(name, tuple(types), data, tuple(ends.tolist()), tuple(rows.tolist()))


def _sample_frame(batch: Batch) -> pl.DataFrame:
    """The rows of table `sample`; columns that are not made here are the fields of the headers of the same name."""
    headers, notes = batch.headers, [batch.notes.get(index, COMPLETE) for index in range(len(batch))]
    made = [
        *_sample_keys(batch),
        STATUS_TEXTS[headers["status"]].alias("status"),
        pl.Series("reason", [note.reason for note in notes], pl.String),
        pl.Series("missing", [note.missing_text for note in notes], pl.String),
    ]
    columns = {series.name: series for series in made}
    for column in SAMPLE_ROW:
        if column.name not in columns:
            columns[column.name] = pl.Series(column.name, headers[column.name].astype(value_type(column.type).dtype))
    return pl.DataFrame([columns[name] for name in SAMPLE_TYPES])


def _sample_keys(batch: Batch) -> list[pl.Series]:
    """Time, site and device of each sample."""
    sites, devices = zip(*(name.split("/") for name in batch.devices), strict=True) if batch.devices else ((), ())
    return [
        pl.Series("time", batch.headers["tick_us"]).cast(polars_dtype(value_type(TIME.type))),
        pl.Series("site", sites, pl.String),
        pl.Series("device", devices, pl.String),
    ]


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


def _hidden(groups: Sequence[ColumnGroup], missing: Sequence[np.ndarray | None], samples: int) -> np.ndarray | None:
    """Cells without a value, ordered as by `gather`: not in the map, or not read. None if there are none."""
    if all(group.absent is None for group in groups) and all(cells is None for cells in missing):
        return None
    hidden = []
    for group, cells in zip(groups, missing, strict=True):
        unread = np.zeros((len(group.columns), samples, group.cells), bool) if cells is None else cells
        hidden.append((unread if group.absent is None else unread | group.absent).reshape(-1))
    return np.concatenate(hidden)


def _put(columns: Columns, name: str, values: pl.Series) -> None:
    """A column whose rows are decoded by several rules is put together: where one has no value, another may."""
    other = columns.get(name)
    columns[name] = values if other is None else other.zip_with(other.is_not_null(), values)


def _shaped(values: pl.Series, table: TableShape) -> pl.Series:
    """Array columns: pl.Array where all rows have as many elements, else pl.List."""
    lengths = table.lengths.get(values.name)
    if lengths is None:
        return values
    arrays = values.reshape((-1, max(lengths)))
    if min(lengths) == max(lengths):
        return arrays
    counts = pl.Series(np.tile(lengths, len(arrays) // len(lengths)))
    frame = pl.DataFrame({"items": arrays.cast(pl.List(values.dtype)), "count": counts})
    cut = pl.when(pl.col("count") > 0).then(pl.col("items").list.head("count"))
    return frame.select(cut.alias(values.name)).to_series()
