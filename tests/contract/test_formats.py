"""An object of each format holds what the canonical CSV holds, whichever way that was cut into blocks."""

from __future__ import annotations

import gzip
import io
import math
import pickle
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from ess_ray.adapters.stores import parquet as parquet_module
from ess_ray.adapters.stores.formats import FORMATS, PARQUET
from ess_ray.core.day import Day, choose_day
from ess_ray.core.exporting.formats import CSV
from ess_ray.core.maps.column_types import Column

NEVER_US = 4 * 10**15
SEOUL = choose_day("2026-11-22", "Asia/Seoul", NEVER_US, 0)
ALL = {**FORMATS, "gzip": CSV.gzipped()}
TIME, TEXT, COUNT = Column("time", "timestamptz", "", ""), Column("detail", "text", "", ""), Column("n", "int4", "", "")


def encode(columns: Sequence[Column], blocks: Sequence[bytes], day: Day = SEOUL, form: str = "parquet") -> bytes:
    encoder = ALL[form].encoder(columns, day)
    header = ",".join(column.name for column in columns).encode() + b"\r\n"
    return b"".join([encoder.feed(block) for block in (header, *blocks)]) + encoder.finish()


def opened(data: bytes) -> parquet.ParquetFile:
    return parquet.ParquetFile(io.BytesIO(data))


def row(time: datetime, *cells: str) -> bytes:
    return (",".join((time.isoformat(), *cells)) + "\r\n").encode()


def hours(file: parquet.ParquetFile) -> list[list[Any]]:
    groups = [file.read_row_group(number, ["time"]) for number in range(file.num_row_groups)]
    return [group["time"].cast("int64").to_pylist() for group in groups]


@pytest.mark.parametrize(
    ("type_", "cells", "arrow", "expected"),
    [
        ("float8", ["1.5", "-0", "NaN", "Infinity", "-Infinity", ""], pa.float64(),
         [1.5, -0.0, math.nan, math.inf, -math.inf, None]),
        ("float8", ["0.1", "1e-300", "123456789.12345679"], pa.float64(), [0.1, 1e-300, 123456789.12345679]),
        ("float4", ["1.1", "NaN", ""], pa.float32(), [1.1, math.nan, None]),
        ("int2", ["-32768", "32767", ""], pa.int16(), [-32768, 32767, None]),
        ("int4", ["-2147483648", "0"], pa.int32(), [-2147483648, 0]),
        ("int8", ["9223372036854775807", ""], pa.int64(), [2**63 - 1, None]),
        ("bool", ["true", "false", ""], pa.bool_(), [True, False, None]),
        ("text", ["a", "", '""', '"a,""b""\n\r\nc"', "NULL", "시온", "1", "NaN", "true", '" "'], pa.string(),
         ["a", None, "", 'a,"b"\n\r\nc', "NULL", "시온", "1", "NaN", "true", " "]),
        ("int2[]", ['"[1,-2]"', "[7]", "[]", "", '"[null,3]"', "[null]"], pa.list_(pa.int16()),
         [[1, -2], [7], [], None, [None, 3], [None]]),
        ("float8[]", ['"[1.5,""NaN"",""-Infinity"",null]"', "", "[0.1]"], pa.list_(pa.float64()),
         [[1.5, math.nan, -math.inf, None], None, [0.1]]),
    ],
)  # fmt: skip
def test_each_type_of_the_table_is_kept(type_: str, cells: list[str], arrow: pa.DataType, expected: list[Any]) -> None:
    columns = [TIME, Column("x", type_, "", "")]
    begin = datetime(2026, 11, 22, tzinfo=ZoneInfo("Asia/Seoul"))
    data = encode(columns, [row(begin, cell) for cell in cells])
    table = opened(data).read()
    assert table.schema.field("x").type == arrow
    assert repr(table["x"].to_pylist()) == repr(pa.array(expected, arrow).to_pylist())  # NaN is not equal to itself


def test_times_keep_their_microseconds_and_the_zone_of_the_site() -> None:
    day = choose_day("2026-11-22", "Australia/Adelaide", NEVER_US, 0)  # ten and a half hours
    texts = ["2026-11-22T00:00:00+10:30", "2026-11-22T00:00:00.25+10:30", "2026-11-22T23:59:59.123456+10:30"]
    table = opened(encode([TIME], [f"{text}\r\n".encode() for text in texts], day)).read()
    assert table.schema.field("time").type == pa.timestamp("us", "Australia/Adelaide")
    assert table["time"].to_pylist() == [datetime.fromisoformat(text) for text in texts]


@pytest.mark.parametrize(("date", "count"), [("2026-06-01", 24), ("2026-03-29", 23), ("2026-10-25", 25)])
def test_an_hour_is_a_row_group_also_when_clocks_change(date: str, count: int) -> None:
    day = choose_day(date, "Europe/Berlin", NEVER_US, 0)
    begin = datetime.fromtimestamp(day.start_us / 1e6, UTC)
    times = [begin + timedelta(minutes=minute) for minute in range(0, day.minutes, 10)]
    rows = [row(time.astimezone(ZoneInfo("Europe/Berlin"))) for time in times]
    groups = hours(opened(encode([TIME], rows, day)))
    assert [len(group) for group in groups] == [6] * count
    assert [group[0] - day.start_us for group in groups] == [hour * 3_600_000_000 for hour in range(count)]


def test_an_hour_with_many_rows_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_module, "GROUP_BYTES", 10_000)
    begin = datetime(2026, 11, 22, tzinfo=ZoneInfo("Asia/Seoul"))
    rows = [row(begin + timedelta(seconds=second), "x" * 88, "1") for second in range(1000)]  # 100 bytes each
    groups = hours(opened(encode([TIME, TEXT, COUNT], rows)))
    assert {len(group) for group in groups[1:-1]} == {100}
    assert sum(map(len, groups)) == len(rows)


def test_statistics_let_readers_skip() -> None:
    begin = datetime(2026, 11, 22, tzinfo=ZoneInfo("Asia/Seoul"))
    file = opened(encode([TIME, COUNT], [row(begin + timedelta(hours=hour), str(hour)) for hour in range(24)]))
    group = file.metadata.row_group(7)
    assert [group.column(1).statistics.min, group.column(1).statistics.max] == [7, 7]
    assert group.column(0).statistics.min == begin + timedelta(hours=7)
    assert group.column(0).compression == "ZSTD"


@pytest.mark.parametrize("form", ALL)
def test_a_day_without_rows_has_its_columns(form: str) -> None:
    data = encode([TIME, TEXT], [], form=form)
    if form == "parquet":
        file = opened(data)
        assert (file.schema_arrow.names, file.metadata.num_rows) == (["time", "detail"], 0)
    else:
        assert (gzip.decompress(data) if form == "gzip" else data) == b"time,detail\r\n"


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20) | st.none()


@settings(max_examples=60, deadline=None)
@given(
    details=st.lists(cells, min_size=1, max_size=30),
    cuts=st.sets(st.integers(0, 30)),
    parse=st.sampled_from([1, 100, 1 << 20]),
    form=st.sampled_from([*ALL]),
)
def test_the_same_rows_make_the_same_bytes(details: list[str | None], cuts: set[int], parse: int, form: str) -> None:
    begin = datetime(2026, 11, 22, tzinfo=ZoneInfo("Asia/Seoul"))
    quoted = ["" if text is None else '"' + text.replace('"', '""') + '"' for text in details]
    rows = [row(begin + timedelta(minutes=20 * number), cell, str(number)) for number, cell in enumerate(quoted)]
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(rows)), len(rows)]
    blocks = [b"".join(rows[first:end]) for first, end in pairwise(edges)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet_module, "GROUP_BYTES", 60)
        whole = encode([TIME, TEXT, COUNT], [b"".join(rows)], form=form)
        patch.setattr(parquet_module, "PARSE_BYTES", parse)
        pieces = encode([TIME, TEXT, COUNT], blocks, form=form)
    if form == "gzip":  # where the compressor is fed makes no difference to it either
        assert gzip.decompress(pieces) == gzip.decompress(whole)
    assert pieces == whole
    if form == "parquet":
        assert opened(whole).read()["detail"].to_pylist() == details


@pytest.mark.parametrize("form", ALL)
def test_a_format_can_be_sent_to_another_process(form: str) -> None:
    assert pickle.loads(pickle.dumps(ALL[form])) == ALL[form]  # noqa: S301


def test_a_packed_object_is_no_transfer_encoding() -> None:
    assert [each.content_type for each in (CSV, CSV.gzipped(), PARQUET)] == [
        "text/csv; charset=utf-8",
        "application/gzip",
        "application/vnd.apache.parquet",
    ]
    assert encode([TIME], [], form="gzip")[4:8] == bytes(4)  # the time of gzip's header
