"""A map whose row no page of PostgreSQL can hold is refused; tests/contract/test_check.py asks PostgreSQL itself."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ess_ray.core.errors import MapError
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.row_size import check_rows
from ess_ray.core.maps.standard import load_standard

WIDEST = 994  # columns of float8 beside two identity columns


def check(columns: Mapping[str, int], used: int | None = None) -> None:
    """Check a map that fills the first `used` columns of a table; `columns`: how many of each type it has."""
    types = [type_ for type_, number in columns.items() for _ in range(number)]
    described = {f"c{n}": {"type": type_, "meaning": "…"} for n, type_ in enumerate(types)}
    standard = load_standard({"tables": {"t": {"identity": ["a", "b"], "columns": described}}})
    entries = [{f"c{n}": {"count": 9} if "[]" in type_ else {}} for n, type_ in enumerate(types[:used])]
    runs = [{"at": 0, "type": "int16", "columns": entries}]
    tree = {"period_s": 1, "function": 4, "blocks": [{"table": "t", "ids": {"a": 1, "b": 1}, "runs": runs}]}
    check_rows(load_map("wide", tree, standard), standard)


@pytest.mark.parametrize(
    ("columns", "used"),
    [({"float8": WIDEST}, None), ({"int2": 1500}, None), ({"int2[]": 440}, None), ({"float8": 1500}, 900)],
)
def test_a_row_that_a_page_holds_is_taken(columns: Mapping[str, int], used: int | None) -> None:
    check(columns, used)


@pytest.mark.parametrize(
    "columns", [{"float8": WIDEST + 1}, {"float8": 1100}, {"int2[]": 450}, {"float4": 1200, "float8": 390}]
)
def test_a_row_that_no_page_holds_is_refused_with_the_numbers(columns: Mapping[str, int]) -> None:
    with pytest.raises(MapError, match=r"^map wide: its row of table t has \d+ columns and takes \d+ bytes.*8160"):
        check(columns)
