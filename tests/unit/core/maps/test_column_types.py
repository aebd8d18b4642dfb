"""The one table of column types, against what numpy and the data standard make of it."""

from __future__ import annotations

from ess_ray.core.maps.column_types import NUMERIC_TYPES, STANDARD_TYPES, TYPES, value_type
from ess_ray.core.maps.fixed_columns import FIXED_TABLES, leading_columns


def test_numbers_fill_as_many_bytes_as_their_names_say() -> None:
    assert {name: TYPES[name].bits // 8 for name in NUMERIC_TYPES} == {name: int(name[-1]) for name in NUMERIC_TYPES}


def test_every_column_has_a_type_of_the_table() -> None:
    fixed = [column for table in FIXED_TABLES.values() for column in table.columns]
    for name in (*STANDARD_TYPES, *(column.type for column in (*fixed, *leading_columns(["bank_id"])))):
        assert value_type(name).name == name.removesuffix("[]")
