"""Names of objects are read as they were made, whatever the template."""

from __future__ import annotations

from datetime import date

import pytest

from ess_ray.adapters.stores.formats import FORMATS
from ess_ray.core.exporting.names import name_prefix, named_objects
from ess_ray.core.exporting.objects import TEMPLATE, object_name

CSV, PARQUET = FORMATS["csv"], FORMATS["parquet"]
EVERY_FORMAT = (CSV, CSV.gzipped(), PARQUET)
DAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("template", "prefix"),
    [
        (TEMPLATE, "sionyu/"),
        ("days/{table}/{site}-{yyyymmdd}.csv", "days/"),
        ("{yyyy}{mm}{dd}_{site}_{table}", ""),
        ("{site}/{site}.{table}/{yyyy}/{yyyymmdd}.csv", "sionyu/sionyu."),
    ],
)
def test_a_name_is_read_as_it_was_made(template: str, prefix: str) -> None:
    assert name_prefix(template, "sionyu") == prefix
    for each in EVERY_FORMAT:
        for table in ("rack", "export_x"):
            name = object_name(template, "sionyu", DAY, table, each.suffix)
            (named,) = named_objects(template, "sionyu", EVERY_FORMAT, [name])
            assert (named.name, named.table, named.day, named.format) == (name, table, DAY, each)


@pytest.mark.parametrize(
    "name",
    [
        "sionyu/2026/11/22/20261122_rack.csv.replaced-1764000000000000",
        "sionyu/2026/11/31/20261131_rack.csv",
        "panri/2026/11/22/20261122_rack.csv",
        "sionyu/2026/11/22/20261122_rack.txt",
        "sionyu/2026/11/22/more/20261122_rack.csv",
    ],
)
def test_other_names_are_nobodys(name: str) -> None:
    assert list(named_objects(TEMPLATE, "sionyu", EVERY_FORMAT, [name])) == []
