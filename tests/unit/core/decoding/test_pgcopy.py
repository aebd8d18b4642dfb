"""The bytes are PostgreSQL's binary COPY tuples: a parser of another make reads back what went in."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ess_ray.core.decoding.pgcopy import encode
from tests.decoded import column_of

CODES = {"int2": "h", "int4": "i", "int8": "q", "float4": "f", "float8": "d", "bool": "?", "timestamptz": "q"}
OIDS = {"int2": 21, "int4": 23, "int8": 20, "float4": 700, "float8": 701}
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
INTS = {
    name: st.integers(-(1 << bits - 1), (1 << bits - 1) - 1)
    for name, bits in (("int2", 16), ("int4", 32), ("int8", 64))
}
ANY: dict[str, st.SearchStrategy[Any]] = {
    **INTS,
    "float4": st.floats(width=32, allow_nan=False),
    "float8": st.floats(allow_nan=False),
    "bool": st.booleans(),
    "text": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9),
    "timestamptz": st.integers(-(1 << 50), 1 << 52).map(lambda us: EPOCH + timedelta(microseconds=us)),
}  # fmt: skip


class _Reader:
    """Reads tuples, field by field, with struct alone."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, code: str) -> Any:
        (value,) = struct.unpack_from(">" + code, self.data, self.at)
        self.at += struct.calcsize(">" + code)
        return value

    def row(self, types: list[str]) -> tuple[Any, ...]:
        assert self.take("h") == len(types)
        return tuple(self.field(of) for of in types)

    def field(self, of: str) -> Any:
        if (length := self.take("i")) == -1:
            return None
        end = self.at + length
        value = self.array(of[:-2]) if of.endswith("[]") else self.scalar(of, length)
        assert self.at == end
        return value

    def scalar(self, of: str, length: int) -> Any:
        if of == "text":
            return self.take(f"{length}s").decode()
        value = self.take(CODES[of])
        return EPOCH + timedelta(microseconds=value) if of == "timestamptz" else value

    def array(self, of: str) -> list[Any]:
        dimensions, has_null, oid = self.take("i"), self.take("i"), self.take("i")
        assert oid == OIDS[of]
        if dimensions == 0:
            return []
        size, first = self.take("i"), self.take("i")
        assert (dimensions, first) == (1, 1)
        items = [self.field(of) for _ in range(size)]
        assert has_null == (None in items)
        return items


def _read(data: bytes, ends: list[int], types: list[str]) -> list[tuple[Any, ...]]:
    reader, rows = _Reader(data), []
    for end in ends:
        rows.append(reader.row(types))
        assert reader.at == end
    assert reader.at == len(data)
    return rows


@settings(max_examples=80, deadline=None)
@given(st.data(), st.lists(st.sampled_from([*ANY, *(f"{of}[]" for of in OIDS)]), min_size=1, max_size=6), st.booleans())
def test_what_goes_in_can_be_read_back(data: st.DataObject, types: list[str], with_nulls: bool) -> None:
    def cell(of: str) -> st.SearchStrategy[Any]:
        plain = st.lists(cell(of[:-2]), max_size=3) if of.endswith("[]") else ANY[of]
        return st.none() | plain if with_nulls else plain

    rows = data.draw(st.lists(st.tuples(*map(cell, types)), max_size=5))
    encoded, ends = encode([column_of(of, [row[i] for row in rows]) for i, of in enumerate(types)], types)
    assert _read(encoded, ends.tolist(), types) == rows


@pytest.mark.parametrize("rows", [[[1, 2], [3, 4]], [[1, None], [3, 4]]], ids=["full", "element"])
def test_arrays_that_are_all_full_need_no_sizes(rows: list[list[int | None]]) -> None:
    encoded, ends = encode([column_of("int2[]", rows)._replace(sizes=None)], ["int2[]"])
    assert _read(encoded, ends.tolist(), ["int2[]"]) == [(row,) for row in rows]
