"""Refused rows are found one by one, taken out of their flush, and written for people."""

from __future__ import annotations

import json
import struct
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ess_ray.core.decoding.pgcopy import encode
from ess_ray.core.samples import Device, Status
from ess_ray.core.storing.flush import Flush, Keys, TableRows, rejoined
from ess_ray.core.storing.rejects import Piece, pieces_of, row_json, sift, split_fields, split_rows, without_rows
from tests.decoded import column_of


def row(*fields: bytes | None) -> bytes:
    parts = [struct.pack(">i", -1) if f is None else struct.pack(">i", len(f)) + f for f in fields]
    return struct.pack(">h", len(fields)) + b"".join(parts)


def table(name: str, columns: tuple[str, ...], samples: list[list[bytes]]) -> TableRows:
    empty = TableRows(name, columns, b"", (), ())
    return rejoined(empty, [b"".join(rows) for rows in samples], [len(rows) for rows in samples])


@given(st.lists(st.lists(st.booleans(), max_size=5), max_size=20))
def test_exactly_the_refused_rows_are_found_and_all_others_stored_once_in_order(samples: list[list[bool]]) -> None:
    rows = [
        [row(bytes([n, index]), b"bad" if bad else None) for index, bad in enumerate(s)] for n, s in enumerate(samples)
    ]
    stored: list[bytes] = []

    def attempt(data: bytes) -> str | None:
        if b"bad" in data:
            return "bad"
        stored.extend(split_rows(data))
        return None

    refused = sift(pieces_of(table("bank", ("id", "x"), rows)), attempt)
    bad = [(n, index) for n, sample in enumerate(samples) for index, is_bad in enumerate(sample) if is_bad]
    assert [(piece.sample, piece.row) for piece, _ in refused] == bad
    assert stored == [data for sample in rows for data in sample if b"bad" not in data]


@pytest.mark.parametrize(
    ("refused", "left", "status"),
    [
        ({"bank": [0]}, {"bank": 1, "pcs": 1}, Status.PARTIAL),
        ({"bank": [0, 1]}, {"bank": 0, "pcs": 1}, Status.PARTIAL),
        ({"bank": [0, 1], "pcs": [0]}, {"bank": 0, "pcs": 0}, Status.FAILED),
    ],
)
def test_a_sample_that_lost_rows_has_another_status(
    refused: dict[str, list[int]], left: dict[str, int], status: Status
) -> None:
    keys = Keys.of((Device("s", "d"), tick) for tick in range(3))
    samples = table("sample", ("device", "reason", "status"), [[row(b"d", None, b"stored")]] * 3)
    banks = table("bank", ("id",), [[row(b"1"), row(b"2")]] * 3)
    flush = Flush(keys, samples, (banks, table("pcs", ("id",), [[row(b"1")]] * 3)))
    pieces = {name: [Piece(1, index, row(b"%d" % (index + 1))) for index in rows] for name, rows in refused.items()}
    cleaned, demoted = without_rows(flush, pieces)
    assert demoted == {keys[1]: status}
    assert {t.table: t.rows[1] for t in cleaned.tables} == left
    assert all(t.rows[0::2] == old.rows[0::2] for t, old in zip(cleaned.tables, flush.tables, strict=True))
    fields = [split_fields(data) for data in split_rows(cleaned.samples.data)]
    assert fields == [[b"d", None, b"stored"], [b"d", b"rejected", status.encode()], [b"d", None, b"stored"]]
    assert all(len(split_rows(t.data)) == sum(t.rows) and t.ends[-1] == len(t.data) for t in cleaned.tables)


VALUES: dict[
    str, tuple[list[Any], str, str, object]
] = {  # values, its type for the encoder and for the server, in JSON
    "time": (
        [datetime(2026, 9, 21, 14, 13, 20, 123456, UTC)],
        "timestamptz",
        "timestamp with time zone",
        "2026-09-21T14:13:20.123456+00:00",
    ),
    "name": (["ä\n"], "text", "text", "ä\n"),
    "small": ([-2], "int2", "smallint", -2),
    "big": ([1 << 40], "int8", "bigint", 1 << 40),
    "real": ([0.5], "float4", "real", 0.5),
    "nan": ([float("nan")], "float8", "double precision", "nan"),
    "on": ([True], "bool", "boolean", True),
    "cells": ([[1, None, 3]], "int2[]", "smallint[]", [1, None, 3]),
    "none": ([None], "int4", "integer", None),
    "odd": (["x"], "text", "integer", "\\x78"),
}


def test_a_row_is_written_as_json_for_people() -> None:
    types = [value[1] for value in VALUES.values()]
    data, _ = encode([column_of(value[1], value[0]) for value in VALUES.values()], types)
    row_object = json.loads(row_json(data, list(VALUES), {name: value[2] for name, value in VALUES.items()}))
    assert row_object == {name: value[3] for name, value in VALUES.items()}
