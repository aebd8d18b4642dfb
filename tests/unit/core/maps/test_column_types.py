"""The one table of column types, against what numpy, polars and the data standard make of it."""

from __future__ import annotations

import polars as pl
import pytest

from ess_ray.core.decoding.rules import polars_dtype
from ess_ray.core.maps.column_types import NUMERIC_TYPES, STANDARD_TYPES, TYPES, value_type
from ess_ray.core.maps.fixed_columns import FIXED_TABLES, leading_columns

POLARS = {
    "float8": pl.Float64, "float4": pl.Float32, "int2": pl.Int16, "int4": pl.Int32, "int8": pl.Int64,
    "bool": pl.Boolean, "text": pl.String, "timestamptz": pl.Datetime("us", "UTC"),
}  # fmt: skip


@pytest.mark.parametrize("name", POLARS)
def test_every_type_that_is_decoded_has_its_series(name: str) -> None:
    assert polars_dtype(TYPES[name]) == POLARS[name]


def test_numbers_fill_as_many_bytes_as_their_names_say() -> None:
    assert {name: TYPES[name].bits // 8 for name in NUMERIC_TYPES} == {name: int(name[-1]) for name in NUMERIC_TYPES}


def test_every_column_has_a_type_of_the_table() -> None:
    fixed = [column for table in FIXED_TABLES.values() for column in table.columns]
    for name in (*STANDARD_TYPES, *(column.type for column in (*fixed, *leading_columns(["bank_id"])))):
        assert value_type(name).name == name.removesuffix("[]")
