"""What an object's metadata and its CSV say of how much it holds; what cannot be read is known to be unknown."""

from __future__ import annotations

import pytest

from ess_ray.core.exporting.extent import Extent, extent_of_csv, extent_of_metadata

DAY = {"rows": "2", "first_time": "1970-01-01T00:00:01+0000", "last_time": "1970-01-01T09:00:03+0900"}


@pytest.mark.parametrize(
    ("metadata", "extent"),
    [
        (DAY, Extent(2, 1_000_000, 3_000_000)),
        ({"rows": "0", "first_time": ""}, Extent(0, None, None)),
        ({name: text for name, text in DAY.items() if name != "rows"}, None),
        (DAY | {"rows": "two"}, None),
        (DAY | {"first_time": "1970-01-01T00:00:01"}, None),  # without its UTC offset it is no moment
        (DAY | {"last_time": "yesterday"}, None),
    ],
)
def test_metadata_that_cannot_be_read_give_no_extent(metadata: dict[str, str], extent: Extent | None) -> None:
    assert extent_of_metadata(metadata) == extent


def test_rows_of_a_csv_are_counted_wherever_it_is_cut() -> None:
    csv = b'time,name\r\n1970-01-01T00:00:01+00:00,"a\r\nb"\r\n1970-01-01T00:00:03+00:00,c\r\n'
    for size in range(1, len(csv)):
        assert extent_of_csv(csv[i : i + size] for i in range(0, len(csv), size)) == Extent(2, 1_000_000, 3_000_000)


@pytest.mark.parametrize("csv", [b"name\r\na\r\n", b"time\r\n1970-01-01T00:00:01\r\n", b'time\r\n"\r\n'])
def test_what_is_no_canonical_csv_is_refused(csv: bytes) -> None:
    with pytest.raises(ValueError, match=r"column time|no UTC offset|unexpected end"):
        extent_of_csv([csv])
