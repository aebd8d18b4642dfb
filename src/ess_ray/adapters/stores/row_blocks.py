"""The rows of an exported object, read back: as CSV that PostgreSQL's COPY takes, exact to the last bit.

Numbers, booleans and texts of a CSV object are handed on as they are written there; those of a Parquet file are
written so that they are read as the same value. NULL is an empty field, the empty text is "". Memory: a block of
`READ_BYTES` or a row group at a time.

Errors: ValueError, in words for a person, for bytes that are no object of ours.
"""

from __future__ import annotations

import csv as csv_module
import gzip
import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import IO, TYPE_CHECKING, Any, Protocol

from ess_ray.adapters.stores.checksum import Checksum
from ess_ray.adapters.stores.parquet import arrow_type
from ess_ray.core.exporting.formats import CSV, ObjectFormat
from ess_ray.core.exporting.restoring import HOUR_US, ObjectContent, RowBlock
from ess_ray.core.maps.column_types import Column, is_array, value_type

if TYPE_CHECKING:
    import pyarrow as pa

READ_BYTES = 1 << 20
ROWS_AT_ONCE = 1 << 16  # of a Parquet file


def column_names(object_format: ObjectFormat, file: IO[bytes]) -> list[str]:
    """The names of the object's columns, in order. `file` may be anywhere, and is afterwards."""
    with _readable():
        return READERS[object_format.name](object_format, file).names


def read_content(object_format: ObjectFormat, columns: Sequence[Column], site: str, file: IO[bytes]) -> ObjectContent:
    """The content of an object, summed up; reads all of it, twice.

    `columns`: those of its header. Raises ValueError if it is cut off, has a row of another site or out of the order of
    time, or a value that its column cannot have.
    """
    stored = Checksum()
    file.seek(0)
    while block := file.read(READ_BYTES):
        stored.add(block)
    rows, first_us, last_us = 0, None, None
    with _readable():
        reader = READERS[object_format.name](object_format, file)
        for table in reader.tables(columns, typed=True):
            if not len(table):
                continue
            times = _times(table)
            _check_rows(table, columns, times, last_us, site)
            rows += len(table)
            first_us = times[0].as_py() if first_us is None else first_us
            last_us = times[-1].as_py()
        return ObjectContent(rows, first_us, last_us, stored.crc32c, reader.content_crc32c())


def row_blocks(object_format: ObjectFormat, columns: Sequence[Column], file: IO[bytes]) -> Iterator[RowBlock]:
    """The rows of an object that `read_content` has read without an error, in order."""
    with _readable():
        for table in READERS[object_format.name](object_format, file).tables(columns, typed=False):
            yield from _blocks(table, columns)


def _blocks(table: pa.Table, columns: Sequence[Column]) -> Iterator[RowBlock]:
    """A block for each hour of the rows."""
    import pyarrow as pa
    from pyarrow import compute as pc
    from pyarrow import csv

    if not len(table):
        return
    for index, column in enumerate(columns):
        if is_array(column.type):
            table = table.set_column(index, column.name, _array_literals(table[column.name].combine_chunks()))
    hours = pc.divide(_times(table), HOUR_US)  # of times after 1970
    cuts = [cut + 1 for cut in pc.indices_nonzero(pc.not_equal(hours[1:], hours[:-1])).to_pylist()]
    options = csv.WriteOptions(include_header=False, quoting_style="needed")
    for first, end in pairwise([0, *cuts, len(hours)]):
        sink = pa.BufferOutputStream()
        csv.write_csv(table.slice(first, end - first), sink, options)
        yield RowBlock(hours[first].as_py(), end - first, sink.getvalue().to_pybytes())


def _array_literals(arrays: pa.Array) -> pa.Array:
    """Arrays, as lists or as the texts of a canonical CSV (`[1,null,"NaN"]`), as PostgreSQL reads them: `{1,NULL}`."""
    import pyarrow as pa
    from pyarrow import compute as pc

    if pa.types.is_string(arrays.type):
        inner = pc.utf8_slice_codeunits(pc.replace_substring(arrays, '"', ""), 1, -1)
    else:
        elements = pc.fill_null(pc.list_flatten(arrays).cast(pa.string()), "null")
        ends = pc.cumulative_sum(pc.fill_null(pc.list_value_length(arrays), 0))
        offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends.cast(pa.int32())])
        texts = pa.ListArray.from_arrays(offsets, elements, mask=arrays.is_null())
        inner = pc.binary_join(texts, ",")
    return pc.binary_join_element_wise("{", inner, "}", "")


def _times(table: pa.Table) -> pa.Int64Array:
    """Microseconds since 1970 UTC."""
    times = table["time"].cast("int64").combine_chunks()
    return times.chunk(0) if hasattr(times, "chunk") else times


def _check_rows(
    table: pa.Table, columns: Sequence[Column], times: pa.Int64Array, last_us: int | None, site: str
) -> None:
    from pyarrow import compute as pc

    if lacking := [column.name for column in columns if column.required and table[column.name].null_count]:
        raise ValueError(f"a row has no {lacking[0]}")
    if not pc.all(pc.equal(table["site"], site)).as_py():
        raise ValueError(f"it has rows of another site than {site}: restore them from an object of that name")
    before = times[:-1]
    if pc.any(pc.less(times[1:], before)).as_py() or times[0].as_py() < (last_us or 0):
        raise ValueError("its rows are not in the order of time")


class _Reader(Protocol):
    """The rows of one object, read once from its beginning."""

    names: list[str]

    def __init__(self, object_format: ObjectFormat, file: IO[bytes]) -> None: ...

    def tables(self, columns: Sequence[Column], *, typed: bool) -> Iterator[pa.Table]:
        """The rows; not `typed`: columns but `time` may be the texts that PostgreSQL reads as their values."""

    def content_crc32c(self) -> int | None:
        """See `ObjectContent`; after all of `tables`. Raises ValueError if the end is cut off."""


class _ParquetReader:
    """A Parquet file, whose footer knows its rows: it cannot be read if it is cut off."""

    def __init__(self, object_format: ObjectFormat, file: IO[bytes]) -> None:  # noqa: ARG002
        from pyarrow import parquet

        file.seek(0)
        self._content = parquet.ParquetFile(file)
        self.names: list[str] = list(self._content.schema_arrow.names)

    def tables(self, columns: Sequence[Column], *, typed: bool) -> Iterator[pa.Table]:  # noqa: ARG002
        """The rows, with the types of the file. Raises ValueError if they are not those of the columns."""
        import pyarrow as pa

        for column in columns:
            kind = self._content.schema_arrow.field(column.name).type
            item = arrow_type(value_type(column.type), getattr(kind, "tz", None) or "UTC")
            if kind != (pa.list_(item) if is_array(column.type) else item):
                raise ValueError(f"column {column.name} is of type {kind}, and the data standard says {column.type}")
        for batch in self._content.iter_batches(batch_size=ROWS_AT_ONCE, use_threads=False):
            yield pa.Table.from_batches([batch])

    def content_crc32c(self) -> None:
        """None: a Parquet file has no canonical CSV."""


class _CsvReader:
    """A canonical CSV."""

    def __init__(self, object_format: ObjectFormat, file: IO[bytes]) -> None:
        self._content = _CsvBytes(_unpacked(object_format, file))
        line = self._content.line().decode()
        if not line.startswith("time,") or not line.endswith("\r\n"):
            raise ValueError("its first line does not name columns, of which `time` is the first")
        self.names = next(csv_module.reader([line]))

    def tables(self, columns: Sequence[Column], *, typed: bool) -> Iterator[pa.Table]:
        """The rows; arrays are texts."""
        import pyarrow as pa
        from pyarrow import csv

        if self._content.at_end:
            return
        texts = {column.name for column in columns if is_array(column.type) or not (typed or column.name == "time")}
        types = {c.name: pa.string() if c.name in texts else arrow_type(value_type(c.type), "UTC") for c in columns}
        reader = csv.open_csv(
            self._content,
            csv.ReadOptions(use_threads=False, block_size=READ_BYTES, column_names=self.names),
            csv.ParseOptions(newlines_in_values=True),
            csv.ConvertOptions(
                column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False,
                true_values=["true"], false_values=["false"],
            ),
        )  # fmt: skip
        for batch in reader:
            yield pa.Table.from_batches([batch])

    def content_crc32c(self) -> int:
        """The CRC32C of the canonical CSV, header included, once all of it was read. ValueError if it is cut off."""
        if not self._content.ends_well:
            raise ValueError("its last line is cut off")
        return self._content.checksum.crc32c


READERS: Mapping[str, type[_Reader]] = {CSV.name: _CsvReader, "parquet": _ParquetReader}  # by the format's name


def _unpacked(object_format: ObjectFormat, file: IO[bytes]) -> IO[bytes]:
    file.seek(0)
    return io.BufferedReader(gzip.GzipFile(fileobj=file)) if object_format.gzip else file


class _CsvBytes:
    """The bytes of a canonical CSV, counted and summed up while they are read; a file for Arrow's reader."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._ahead = file.read(READ_BYTES)  # what was read and not handed out
        self._end = b""  # the last two bytes so far
        self.checksum = Checksum()

    def readable(self) -> bool:
        return True

    @property
    def at_end(self) -> bool:
        return not self._ahead

    @property
    def ends_well(self) -> bool:
        """True if the last line so far has its end."""
        return self._end == b"\r\n"

    def line(self) -> bytes:
        """The first line, with its end."""
        return self.read(self._ahead.find(b"\n") + 1)

    def read(self, size: int = -1) -> bytes:
        block, self._ahead = (self._ahead[:size], self._ahead[size:]) if size >= 0 else (self._ahead, b"")
        if not self._ahead:
            self._ahead = self._file.read(READ_BYTES)
        self.checksum.add(block)
        self._end = (self._end + block)[-2:]
        return block

    def close(self) -> None:
        """The file belongs to the caller."""


@contextmanager
def _readable() -> Iterator[None]:
    """Raise the errors of bytes that cannot be read as ValueError, on one line."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, EOFError, zlib.error, OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's
        text: Any = " ".join(str(error).split())
        raise ValueError(f"it cannot be read: {text}") from error
