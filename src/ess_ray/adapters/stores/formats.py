"""The formats that `export.formats` may name. A new format is an encoder and an entry here, and nothing elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from ess_ray.adapters.stores.parquet import ParquetEncoder, extent_of_parquet, keys_of_parquet
from ess_ray.core.exporting.formats import CSV, ObjectFormat

PARQUET = ObjectFormat(
    "parquet", ".parquet", "application/vnd.apache.parquet", ParquetEncoder, extent_of_parquet, keys_of_parquet
)
FORMATS: Mapping[str, ObjectFormat] = {each.name: each for each in (CSV, PARQUET)}
