"""Samples → rows of the data standard, and these → bytes for COPY.

Called by the normaliser actor with many samples of one layout at a time: the cost is one of calls, not of values, so
the values of all samples that are decoded alike go through polars as one long column (see `core.decoding.places`,
`core.decoding.rules`). Frames have a row for each sample and identity: time, site, device, quality, identity columns,
then the map's columns. Errors: ValueError if images do not have the plan's length; what a device sent is never an
error.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from ess_ray.core.batch import COMPLETE, FAILED, STATUSES, Batch
from ess_ray.core.decoding.pgcopy import encode
from ess_ray.core.decoding.places import (
    Block,
    Gaps,
    TablePlaces,
    blocks_of,
    gather,
    missing_cells,
    row_flags,
    tables_of,
)
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
        self._tables = tables_of(register_map)
        self._rules = [
            (make_rule(shared), blocks) for shared, blocks in blocks_of(register_map, plan, self._tables).items()
        ]
        self._identity = {name: standard.tables[name].identity for name in self._tables}

    def column_types(self, table: str) -> dict[str, str]:
        """PostgreSQL types of a frame's columns, in their order."""
        leading = {column.name: column.type for column in leading_columns(self._identity[table])}
        return leading | self._tables[table].columns

    def rows(self, table: str) -> int:
        """How many rows of `table` one sample gives."""
        return len(self._tables[table].rows)

    def decode(self, batch: Batch) -> dict[str, pl.DataFrame]:
        """One frame per table of the map, rows by sample (as given), then identity; failed samples have none."""
        read = np.flatnonzero(batch.headers["status"] != FAILED)
        images, gaps = _images(batch, len(read), self._plan.image_bytes), _gaps(batch, read, self._plan.image_bytes)
        columns: dict[str, Columns] = {name: {} for name in self._tables}
        quality = {name: np.zeros((len(read), len(table.rows)), np.int16) for name, table in self._tables.items()}
        for decode, blocks in self._rules:
            missing = [None if gaps is None else missing_cells(block, gaps) for block in blocks]
            raw = np.concatenate([gather(block, images) for block in blocks])
            values, outside = decode(raw, _hidden(blocks, missing, len(read)))
            start = 0
            for block, cells in zip(blocks, missing, strict=True):
                size = len(read) * block.cells
                if cells is not None:
                    quality[block.table][row_flags(block, cells)] |= MISSING
                if outside is not None:
                    flagged = row_flags(block, outside[start : start + size * len(block.columns)])
                    quality[block.table][flagged] |= OUT_OF_RANGE
                for name in block.columns:
                    _put(columns[block.table], name, values.slice(start, size))
                    start += size
        head = _head(batch)
        heads = {rows: [one[read.repeat(rows)] for one in head] for rows in {self.rows(name) for name in self._tables}}
        return {name: self._frame(name, heads[self.rows(name)], columns[name], quality[name]) for name in self._tables}

    def _frame(self, name: str, head: list[pl.Series], columns: Columns, quality: np.ndarray) -> pl.DataFrame:
        table, identity = self._tables[name], self._identity[name]
        ids = np.array(table.rows, np.int16).reshape(len(table.rows), len(identity))
        return pl.DataFrame([
            *head,
            pl.Series("quality", quality.reshape(-1)),
            *(pl.Series(key, np.tile(ids[:, place], len(quality))) for place, key in enumerate(identity)),
            *(_shaped(columns[column].alias(column), table) for column in table.columns),
        ])  # fmt: skip


def normalise(decoder: Decoder, batch: Batch, now_us: int, late_us: int) -> Flush:
    """What goes to the database for `batch`, of the decoder's layout; late samples get their bit of `quality`."""
    read = batch.headers["status"] != FAILED
    late = ((now_us - batch.headers["tick_us"] > late_us) * np.int16(LATE))[read]
    tables = []
    for name, decoded in decoder.decode(batch).items():
        each = decoder.rows(name)
        flags = pl.col("quality") | pl.Series(late.repeat(each))
        frame = decoded.with_columns(flags) if late.any() else decoded
        tables.append(_table_rows(name, frame, decoder.column_types(name), read * each))
    samples = _table_rows("sample", _sample_frame(batch), SAMPLE_TYPES, np.ones(len(batch), int))
    return Flush(Keys(batch.devices, batch.headers["tick_us"]), samples, tuple(tables))


def _table_rows(name: str, frame: pl.DataFrame, types: dict[str, str], rows: np.ndarray) -> TableRows:
    data, row_ends = encode(frame, list(types.values()))
    ends = np.concatenate([[0], row_ends])[np.cumsum(rows)]
    return TableRows(name, tuple(types), data, tuple(ends.tolist()), tuple(rows.tolist()))


def _sample_frame(batch: Batch) -> pl.DataFrame:
    heads, notes = batch.headers, [batch.notes.get(place, COMPLETE) for place in range(len(batch))]
    made = [
        *_head(batch),
        STATUS_TEXTS[heads["status"]].alias("status"),
        pl.Series("reason", [note.reason for note in notes], pl.String),
        pl.Series("missing", [note.missing_text for note in notes], pl.String),
    ]
    numbers = (column for column in SAMPLE_ROW if column.name not in {series.name for series in made})
    counted = [pl.Series(c.name, heads[c.name].astype(value_type(c.type).dtype)) for c in numbers]
    return pl.DataFrame([*made, *counted]).select(*SAMPLE_TYPES)


def _head(batch: Batch) -> list[pl.Series]:
    """Time, site and device of each sample."""
    sites, devices = zip(*(name.split("/") for name in batch.devices), strict=True) if batch.devices else ((), ())
    return [
        pl.Series("time", batch.headers["tick_us"]).cast(polars_dtype(value_type(TIME.type))),
        pl.Series("site", sites, pl.String),
        pl.Series("device", devices, pl.String),
    ]


def _images(batch: Batch, read: int, image_bytes: int) -> np.ndarray:
    """(S, image bytes) uint8."""
    if len(batch.images) != read * image_bytes:
        problem = f"{len(batch.images)} bytes of {read} images, but their plan reads {image_bytes} each"
        raise ValueError(f"{', '.join(sorted(set(batch.devices))[:3])}: {problem}")
    return np.frombuffer(batch.images, np.uint8).reshape(read, image_bytes)


def _gaps(batch: Batch, read: np.ndarray, image_bytes: int) -> Gaps | None:
    missing = {place: note.missing for place, note in batch.notes.items() if note.missing}
    samples = [number for number, place in enumerate(read.tolist()) if place in missing] if missing else []
    if not samples:
        return None
    unread = np.zeros((len(samples), image_bytes), bool)
    for gap, number in zip(unread, samples, strict=True):
        for start, end in missing[int(read[number])]:
            gap[start:end] = True
    return Gaps(len(read), samples, unread)


def _hidden(blocks: Sequence[Block], missing: Sequence[np.ndarray | None], samples: int) -> np.ndarray | None:
    """Cells without a value, as `gather` orders them: not in the map, or not read. None if there are none."""
    if all(block.absent is None for block in blocks) and all(cells is None for cells in missing):
        return None
    hidden = []
    for block, cells in zip(blocks, missing, strict=True):
        none = np.zeros((len(block.columns), samples, block.cells), bool) if cells is None else cells
        hidden.append((none if block.absent is None else none | block.absent).reshape(-1))
    return np.concatenate(hidden)


def _put(columns: Columns, name: str, values: pl.Series) -> None:
    """A column whose rows are decoded by several rules is put together: where one has no value, another may."""
    other = columns.get(name)
    columns[name] = values if other is None else other.zip_with(other.is_not_null(), values)


def _shaped(values: pl.Series, table: TablePlaces) -> pl.Series:
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
