"""Parquet from a day's rows, made from the canonical CSV (see `adapters.postgres.day_rows`) while it streams.

The table's own types, times with the site's zone, NULL and the empty text kept apart, zstd, a row group for each hour
since midnight, cut further where rows are many. Memory: one row group at most. pyarrow is loaded with the first
encoder.
"""

from __future__ import annotations

import io
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from ess_ray.core.day import HOUR_US, Day
from ess_ray.core.exporting.extent import Extent
from ess_ray.core.exporting.keys import Key, value_missing
from ess_ray.core.maps.column_types import Column, ColumnType, TypeFamily, is_array, value_type

if TYPE_CHECKING:
    import pyarrow as pa

PARSE_BYTES = 1 << 20  # of CSV that are parsed at once
GROUP_BYTES = 6 << 20  # of a row group before it is encoded


class ParquetEncoder:
    """One Parquet file, see `core.exporting.formats.RowEncoder`.

    `columns` in the order of the CSV, `time` among them; `day` gives the zone and the hours of the row groups.

    Rows wait twice: as CSV in `_unparsed` until `PARSE_BYTES` are there, then as tables in `_group` until the row group
    ends, which is when rows of another `_group_key` follow.
    """

    def __init__(self, columns: Sequence[Column], day: Day) -> None:
        # Arrow's own allocators keep what they once had: half as much memory again. It looks while it is loaded.
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
        from pyarrow import parquet

        self._table = _CsvParser(columns, day.timezone)
        self._start_us = day.start_us
        self._sink = _Sink()
        self._writer = parquet.ParquetWriter(self._sink, self._table.schema, compression="zstd")
        self._header_over = False
        self._unparsed = bytearray()
        self._group: list[pa.Table] = []
        self._group_key: tuple[int, int] = (-1, -1)
        self._weight = 0  # bytes of all rows so far, see `_CsvParser.parse`

    def feed(self, block: bytes) -> bytes:
        """Row groups that are ready, b"" if none; see `RowEncoder.feed`."""
        self._unparsed += block
        if not self._header_over:  # names have neither quotes nor line ends
            del self._unparsed[: self._unparsed.index(b"\n") + 1]
            self._header_over = True
        if len(self._unparsed) >= PARSE_BYTES:
            self._parse()
        return self._sink.take()

    def finish(self) -> bytes:
        """The last row group and the footer."""
        self._parse()
        self._end_group()
        self._writer.close()
        return self._sink.take()

    def _parse(self) -> None:
        if not self._unparsed:
            return
        rows, weights = self._table.parse(self._unparsed)
        self._unparsed = bytearray()
        for key, run in self._runs(rows, weights):
            if key != self._group_key:
                self._end_group()
                self._group_key = key
            self._group.append(run)

    def _runs(self, rows: pa.Table, weights: pa.ChunkedArray) -> Iterator[tuple[tuple[int, int], pa.Table]]:
        """Pieces of the rows that belong to one row group each, with its key: (hour, how many GROUP_BYTES are full)."""
        from pyarrow import compute as pc

        hours = pc.divide(pc.subtract(rows["time"].cast("int64"), self._start_us), HOUR_US).combine_chunks()
        full = pc.divide(pc.add(pc.cumulative_sum(weights), self._weight), GROUP_BYTES).combine_chunks()
        self._weight += pc.sum(weights).as_py()
        changes = [pc.not_equal(numbers[1:], numbers[:-1]) for numbers in (hours, full)]
        cuts = [index + 1 for index in pc.indices_nonzero(pc.or_(*changes)).to_pylist()]
        for first, end in pairwise([0, *cuts, len(hours)]):
            yield (hours[first].as_py(), full[first].as_py()), rows.slice(first, end - first)

    def _end_group(self) -> None:
        import pyarrow as pa

        if self._group:
            self._writer.write_table(pa.concat_tables(self._group), row_group_size=1 << 30)
            self._group = []


def extent_of_parquet(blocks: Iterable[bytes]) -> Extent:
    """The extent of a Parquet file of ours, whose rows are in the order of time, by its first and last row groups.

    The file lies on the disk meanwhile. Raises ValueError if it is none.
    """
    import pyarrow as pa
    from pyarrow import parquet

    with TemporaryFile() as file:
        for block in blocks:
            file.write(block)
        try:
            content = parquet.ParquetFile(file)
            if not content.metadata.num_rows:
                return Extent(0, None, None)
            groups = [0, content.num_row_groups - 1]
            times = content.read_row_groups(groups, columns=["time"])["time"].cast("int64")
        except (pa.ArrowException, KeyError) as error:
            raise ValueError(str(error)) from error
        return Extent(content.metadata.num_rows, times[0].as_py(), times[-1].as_py())


def keys_of_parquet(blocks: Iterable[bytes], order: Sequence[str], kept: Collection[str]) -> Iterator[Key]:
    """The keys of a Parquet file of ours, see `ObjectFormat.keys`; one row group at a time is in memory.

    The file lies on the disk meanwhile. Raises ValueError if it is none, or lacks a column; RowMissingError if it has
    a value in a column that is not kept.
    """
    import pyarrow as pa
    from pyarrow import parquet

    with TemporaryFile() as file:
        for block in blocks:
            file.write(block)
        try:
            content = parquet.ParquetFile(file)
            others = [name for name in content.schema_arrow.names if name not in kept]
            for group in range(content.num_row_groups):
                rows = content.read_row_group(group, columns=[*order, *others])
                for name in others:
                    if rows[name].null_count < len(rows):
                        raise value_missing(name)
                columns = [rows[name].cast("int64") if name == "time" else rows[name] for name in order]
                yield from zip(*(column.to_pylist() for column in columns), strict=True)
        except (pa.ArrowException, KeyError) as error:
            raise ValueError(str(error)) from error


class _CsvParser:
    """Canonical CSV to Arrow, without its threads: exports run beside each other and beside the collection."""

    def __init__(self, columns: Sequence[Column], timezone: str) -> None:
        import pyarrow as pa
        from pyarrow import csv

        simple = {c.name: arrow_type(value_type(c.type), timezone) for c in columns}
        self._items = {c.name: simple[c.name] for c in columns if is_array(c.type)}
        fields = [(name, pa.list_(kind) if name in self._items else kind) for name, kind in simple.items()]
        self.schema = pa.schema(fields)
        self._texts = [name for name, kind in fields if kind == pa.string() or name in self._items]
        self._fixed_width = sum(kind.bit_width for name, kind in fields if name not in self._texts) // 8
        self._read = csv.ReadOptions(use_threads=False, column_names=self.schema.names)
        self._parse = csv.ParseOptions(newlines_in_values=True)
        self._convert = csv.ConvertOptions(
            column_types={name: pa.string() if name in self._items else kind for name, kind in fields},
            null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False,
            true_values=["true"], false_values=["false"],
        )  # fmt: skip

    def parse(self, rows: bytearray) -> tuple[pa.Table, pa.ChunkedArray]:
        """The rows as a table, and the approximate size in memory of each row in bytes."""
        import pyarrow as pa
        from pyarrow import compute as pc
        from pyarrow import csv

        self._read.block_size = len(rows) + 1
        table = csv.read_csv(pa.BufferReader(rows), self._read, self._parse, self._convert)
        weights = pa.chunked_array([pa.repeat(pa.scalar(self._fixed_width, pa.int64()), len(table))])
        for name in self._texts:
            weights = pc.add(weights, pc.fill_null(pc.binary_length(table[name]), 0))
        for name, item in self._items.items():
            index = table.schema.get_field_index(name)
            table = table.set_column(index, self.schema.field(name), _lists(table[name].combine_chunks(), item))
        return table, weights


def arrow_type(type_: ColumnType, timezone: str) -> pa.DataType:
    """Of the type's values; times with the site's zone."""
    import pyarrow as pa

    if type_.family is TypeFamily.TIME:
        return pa.timestamp("us", timezone)
    return pa.string() if type_.family is TypeFamily.TEXT else pa.from_numpy_dtype(type_.dtype)


def _lists(texts: pa.Array, item: pa.DataType) -> pa.Array:
    """Lists from texts such as `[1,null,2]`; NaN and Infinity, for which JSON has no numbers, stand in quotes."""
    import pyarrow as pa
    from pyarrow import compute as pc

    inner = pc.utf8_slice_codeunits(pc.replace_substring(texts, '"', ""), 1, -1)
    empty = pc.fill_null(pc.equal(inner, ""), True)
    pieces = pc.split_pattern(inner, ",")
    counts = pc.if_else(empty, 0, pc.list_value_length(pieces))
    flat = pc.list_flatten(pieces.filter(pc.invert(empty)))
    values = pc.if_else(pc.equal(flat, "null"), None, flat).cast(item)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(counts).cast(pa.int32())])
    return pa.ListArray.from_arrays(offsets, values, mask=texts.is_null())


class _Sink(io.RawIOBase):
    """A file that keeps the Parquet writer's bytes until they are taken."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, block: Any) -> int:
        self._blocks.append(bytes(block))
        self._position += len(block)
        return len(block)

    def take(self) -> bytes:
        taken = b"".join(self._blocks)
        self._blocks.clear()
        return taken
