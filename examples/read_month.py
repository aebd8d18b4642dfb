"""Read a month of one table of one site, from the bucket or from the folder that the export writes to:

    python examples/read_month.py gs://BUCKET sionyu 2026-11 rack
    python examples/read_month.py ess_ray_state/export sionyu 2026-11 rack

Needs polars or duckdb, nothing of ess_ray. Each way is one line; the words in it matter:

- CSV carries no types, and a day may have no rows, a column no values, a change of the plant another set of columns. So
  polars must not guess types, and duckdb only after it has looked at every row. Parquet needs none of that.
- Arrays are text in CSV: `[1,0,null]`. `lists_*` make lists of them. In Parquet they are lists.
- Times are moments; both libraries show them in UTC unless you convert them.

A month of racks at one row a second is some 20 million rows: choose columns before you collect.
"""

from __future__ import annotations

import sys
from typing import Any

import duckdb
import polars as pl

# Columns that are not numbers. All others are; see docs/data-standard.md for their units.
TIMES = pl.col("^(time|until)$")
WORDS = ("site", "device", "status", "reason", "missing", "collector", "kind", "detail")
ARRAYS = ("master_rack_communication_faults", "rack_module_faults")


def month_of(location: str, site: str, month: str, table: str, form: str = "csv") -> str:
    """The pattern of the objects' names. `location`: gs://BUCKET or a folder; `form`: csv, csv.gz or parquet."""
    return f"{location}/{site}/{month.replace('-', '/')}/*/*_{table}.{form}"


def polars_csv(files: str, **options: Any) -> pl.LazyFrame:
    """All rows; numbers are floating-point ones. `options`: where credentials are not the default ones."""
    text = pl.scan_csv(files, infer_schema=False, infer_schema_files=31, missing_columns="insert", **options)
    return text.with_columns(TIMES.str.to_datetime("%+"), pl.exclude("time", "until", *WORDS, *ARRAYS).cast(pl.Float64))


def polars_parquet(files: str, **options: Any) -> pl.LazyFrame:
    """All rows, with the types of the database. A column that is first there within the month is an error."""
    return pl.scan_parquet(files, missing_columns="insert", **options)


def duckdb_csv(files: str) -> duckdb.DuckDBPyRelation:
    """All rows. From gs:// DuckDB needs an HMAC key once: CREATE SECRET (TYPE gcs, KEY_ID '…', SECRET '…')."""
    return duckdb.read_csv(files, union_by_name=True, sample_size=-1)


def duckdb_parquet(files: str) -> duckdb.DuckDBPyRelation:
    """All rows, with the types of the database."""
    return duckdb.read_parquet(files, union_by_name=True)


def polars_lists(frame: pl.LazyFrame, column: str) -> pl.LazyFrame:
    """An array column of CSV as lists."""
    return frame.with_columns(pl.col(column).str.json_decode(pl.List(pl.Int16)))


def duckdb_lists(rows: duckdb.DuckDBPyRelation, column: str) -> duckdb.DuckDBPyRelation:
    """An array column of CSV as lists."""
    return rows.project(f"* REPLACE ({column}::SMALLINT[] AS {column})")


if __name__ == "__main__":
    files = month_of(*sys.argv[1:5])
    print(polars_csv(files).collect())
    if not files.startswith("gs://"):
        print(duckdb_csv(files))
