"""Every row of an object has to be among those that take its place, in whatever format the object is."""

from __future__ import annotations

import pytest

from ess_ray.adapters.stores.formats import FORMATS
from ess_ray.core.exporting.formats import ObjectFormat
from ess_ray.core.exporting.keys import KeptRows, RowMissingError
from ess_ray.core.maps.column_types import Column
from ess_ray.core.maps.fixed_columns import EVENT, leading_columns
from tests.exports import DAY

COLUMNS = (*leading_columns(["rack_id"]), Column("soc", "float8", "%", "state of charge"))
ORDER = ("time", "device", "rack_id")
NAMES = [column.name for column in COLUMNS]
CSV, PARQUET = FORMATS["csv"], FORMATS["parquet"]


def lines(*rows: tuple[int, str, int]) -> bytes:
    """Seconds, device, rack."""
    clocks = [DAY.clock(DAY.start_us + row[0] * 1_000_000, "%Y-%m-%dT%H:%M:%S+09:00") for row in rows]
    texts = [f"{clock},jeju,{device},0,{rack},\r\n" for clock, (_, device, rack) in zip(clocks, rows, strict=True)]
    return "".join(texts).encode()


def kept(object_format: ObjectFormat, *before: tuple[int, str, int]) -> KeptRows:
    encoder = object_format.encoder(COLUMNS, DAY)
    blocks = [encoder.feed(",".join(NAMES).encode() + b"\r\n"), encoder.feed(lines(*before)), encoder.finish()]
    return KeptRows(object_format.keys(blocks, ORDER, NAMES), NAMES, ORDER)


ROWS = [(0, "d10", 9), (0, "d10", 10), (0, "d9", 1), (3600, "d10", 9)]  # devices as texts, racks as numbers


@pytest.mark.parametrize("object_format", [CSV, CSV.gzipped(), PARQUET], ids=lambda each: each.suffix)
def test_all_rows_and_more_may_take_the_place_of_an_object_and_none_may_be_missing(object_format: ObjectFormat) -> None:
    longer = kept(object_format, *ROWS)
    longer.add(lines(*ROWS[:2], (0, "d10", 11)))
    longer.add(lines(*ROWS[2:], (3600, "d10", 10)))
    longer.finish()
    for missing in range(len(ROWS)):
        _, device, rack = ROWS[missing]
        shorter, rows = kept(object_format, *ROWS), [*ROWS[:missing], *ROWS[missing + 1 :], (7200, "d10", 9)]
        with pytest.raises(RowMissingError, match=f"the object has {device} at .*, rack_id {rack}, and the database"):
            shorter.add(lines(*rows))
    kept(object_format).finish()


@pytest.mark.parametrize("object_format", [CSV, CSV.gzipped(), PARQUET], ids=lambda each: each.suffix)
def test_an_object_whose_keys_cannot_be_read_is_an_error(object_format: ObjectFormat) -> None:
    with pytest.raises(ValueError, match=r".+"):
        next(object_format.keys([b"time,device\r\n"], ORDER, NAMES))


def test_texts_with_line_ends_are_parts_of_their_rows() -> None:
    names = [column.name for column in EVENT]
    row = b'2026-11-22T00:00:00.250000+09:00,jeju,d1,lost,,"two\r\nlines, ""quoted"""\r\n'
    before = CSV.keys([",".join(names).encode(), b"\r\n", row], ("time", "device", "kind"), names)
    rows = KeptRows(before, names, ("time", "device", "kind"))
    rows.add(row)
    rows.finish()
