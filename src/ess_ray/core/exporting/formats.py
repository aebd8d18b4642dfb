"""The format of an exported object: how its name ends, its MIME type, and how a day's rows become its bytes.

Every format is made from the canonical CSV (see `adapters.postgres.day_rows`) while that streams. CSV itself stands
here; `adapters.stores.formats` lists all formats.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ess_ray.core.day import Day
from ess_ray.core.exporting.extent import Extent, extent_of_csv
from ess_ray.core.exporting.keys import Key, keys_of_csv
from ess_ray.core.maps.column_types import Column

GZIP_LEVEL = 1  # six times as fast as 5, and a twentieth bigger
GZIP_WINDOW_BITS = 31  # a window of 15 bits, and 16 for gzip's header and trailer: deflateInit2 in zlib.h


class RowEncoder(Protocol):
    """Turns the rows of one object into its bytes: the same bytes however the rows are cut into blocks."""

    def feed(self, block: bytes) -> bytes:
        """Bytes of the object that are ready after this block of the canonical CSV; may be empty.

        A block holds complete rows; the first block of all is the header line.
        """

    def finish(self) -> bytes:
        """The remaining bytes of the object, after the last block; may be empty. Called once, nothing follows."""


@dataclass(frozen=True, slots=True)
class ObjectFormat:
    """One format. `export.gzip` compresses the text formats; that is a format of its own, see `gzipped`."""

    name: str  # in `export.formats` and in the ledger, compressed or not
    suffix: str  # of the object's name, with the dot
    content_type: str  # MIME type
    new_encoder: Callable[[Sequence[Column], Day], RowEncoder]  # importable by name: it is sent to other processes
    count: Callable[[Iterable[bytes]], Extent]  # of an object's bytes, not compressed; raises ValueError if unreadable
    read_keys: Callable[[Iterable[bytes], Sequence[str], Collection[str]], Iterator[Key]]  # likewise, see `keys`
    is_text: bool = False
    gzip: bool = False

    def gzipped(self) -> ObjectFormat:
        """The same format, so far not compressed, compressed with gzip; its suffix gets `.gz`, its name stays.

        Gzip is part of the object: no store may unpack it on the way.
        """
        return replace(self, suffix=f"{self.suffix}.gz", content_type="application/gzip", gzip=True)

    def extent(self, blocks: Iterable[bytes]) -> Extent:
        """The extent of an object with these bytes, cut anywhere, counted; compressed ones are unpacked.

        Reads all of `blocks`. Raises ValueError if they are not of this format.
        """
        return self.count(_gunzipped(blocks) if self.gzip else blocks)

    def keys(self, blocks: Iterable[bytes], order: Sequence[str], kept: Collection[str]) -> Iterator[Key]:
        """The keys of an object with these bytes, cut anywhere, in the order of its rows; see `core.exporting.keys`.

        `order`: the columns of a key, as `DayObject.order`. `kept`: all columns of what takes the object's place.
        Raises ValueError, with any key, if they are not of this format, and RowMissingError if the object has a value
        in a column that is not kept.
        """
        return self.read_keys(_gunzipped(blocks) if self.gzip else blocks, order, kept)

    def encoder(self, columns: Sequence[Column], day: Day) -> RowEncoder:
        """A new encoder for one object of `day`; it compresses too if the format does.

        `columns`: all of the object, in the order of the CSV, as `DayObject.columns` has them.
        """
        encoder = self.new_encoder(columns, day)
        return _GzipEncoder(encoder) if self.gzip else encoder


class _CsvEncoder:
    """The canonical CSV as it is."""

    def __init__(self, columns: Sequence[Column], day: Day) -> None:
        pass

    def feed(self, block: bytes) -> bytes:
        return block

    def finish(self) -> bytes:
        return b""


class _GzipEncoder:
    """Another encoder's bytes, compressed; without a time in the header, so that equal rows make equal bytes."""

    def __init__(self, encoder: RowEncoder) -> None:
        self._encoder = encoder
        self._compressor = zlib.compressobj(GZIP_LEVEL, wbits=GZIP_WINDOW_BITS)

    def feed(self, block: bytes) -> bytes:
        return self._compressor.compress(self._encoder.feed(block))

    def finish(self) -> bytes:
        return self._compressor.compress(self._encoder.finish()) + self._compressor.flush()


def _gunzipped(blocks: Iterable[bytes]) -> Iterator[bytes]:
    decompressor = zlib.decompressobj(wbits=GZIP_WINDOW_BITS)
    try:
        for block in blocks:
            yield decompressor.decompress(block)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not decompressor.eof:
        raise ValueError("the compressed bytes end too early")


CSV = ObjectFormat("csv", ".csv", "text/csv; charset=utf-8", _CsvEncoder, extent_of_csv, keys_of_csv, is_text=True)
