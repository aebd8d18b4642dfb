"""What an object may hold to be restored."""

from __future__ import annotations

import pytest

from ess_ray.core.exporting.restoring import columns_of
from ess_ray.core.maps.fixed_columns import EVENT


def test_columns_come_in_the_order_of_the_header_and_may_be_fewer() -> None:
    names = ["time", "kind", "site", "device", "detail"]
    assert [column.name for column in columns_of(names, EVENT)] == names


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (
            ["time", "site", "device", "kind", "detail", "colour"],
            "column 'colour' is not in the data standard any more",
        ),
        (["time", "site", "device", "kind", "detail", "kind"], "names a column twice"),
        (["time", "site", "kind", "detail"], "lacks the column 'device'"),
    ],
)
def test_a_header_that_does_not_fit_is_a_line_for_a_person(names: list[str], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        columns_of(names, EVENT)
