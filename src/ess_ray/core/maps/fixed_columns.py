"""The columns that the data standard's file does not list: in front of every data table, and those of our own tables.

The only list of them. `core.decoding.normalise` fills them, `adapters.postgres.schema_sql` makes the tables, the export
writes them, the page about the data standard explains them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from ess_ray.core.maps.column_types import Column

TIME = Column(
    "time",
    "timestamptz",
    "",
    "The tick: when the sample was due, a whole multiple of the device's period",
    required=True,
)
SITE = Column("site", "text", "", "The plant", required=True)
DEVICE = Column("device", "text", "", "The device within the plant", required=True)
QUALITY = Column(
    "quality", "int2", "", "Sum of: 1 a value is out of its range (kept as read); 2 registers are missing (NULL here); "
    "4 committed late", required=True,
)  # fmt: skip
IDENTITY_MEANING = "Which one, counted from 1 as the plant counts; part of the row's identity"
SAMPLE_KEY = (TIME, SITE, DEVICE)  # a tick of a device
ROW_START = (*SAMPLE_KEY, QUALITY)  # of every data table, before the identity columns

# Each transaction of a writer says who it is: the column's default, no part of the rows that are copied.
COLLECTOR = Column("collector", "text", "", "Which collector wrote it")
SAMPLE_ROW = (
    *SAMPLE_KEY,
    Column(
        "status", "text", "",
        "stored: all rows that are due are there; partial: registers are missing; failed: no rows", required=True,
    ),
    Column("reason", "text", "", "Why it is not complete, or parked registers; NULL for a complete sample"),
    Column("missing", "text", "", "What was not read, as function:first-last address, comma-separated"),
    Column("read_ms", "float4", "ms", "From the tick to the last byte of the last reply"),
    Column("requests", "int2", "", "Requests sent, repeated ones included"),
    Column("retries", "int2", "", "Requests that were repeated"),
)  # fmt: skip
SAMPLE = (*SAMPLE_ROW, COLLECTOR)
EVENT = (
    *SAMPLE_KEY,
    Column(
        "kind", "text", "", "What happened: device lost or back, registers parked, clock jump, gap …", required=True
    ),
    Column("until", "timestamptz", "", "For what has an end: when it ended; NULL otherwise"),
    Column("detail", "text", "", "More for people, may be empty", required=True),
)
REJECTED = (
    *SAMPLE_KEY,
    Column("table_name", "text", "", "The table that should have had the row", required=True),
    Column("row_data", "text", "", "The row, as JSON", required=True),
    Column("sqlstate", "text", "", "PostgreSQL's code of the reason", required=True),
    Column("reason", "text", "", "Why the database refused the row", required=True),
    Column("rejected_at", "timestamptz", "", "When it was refused", required=True),
)
# As exports have it: the rows of the table `device`, cut to the day, so that a day's rows never change any more.
DEVICE_DAY = (
    Column("time", "timestamptz", "", "From when on that day the device was configured so", required=True),
    SITE,
    DEVICE,
    Column("map", "text", "", "Its register map", required=True),
    Column("map_hash", "text", "", "A hash of the map", required=True),
    Column("period_s", "float8", "s", "From one poll to the next", required=True),
    Column("phase_s", "float8", "s", "The delay of the reading behind the tick", required=True),
    Column("until", "timestamptz", "", "Until when on that day", required=True),
    Column(
        "delivers",
        "text",
        "",
        "The columns that the map delivers, by table, as JSON, and the periods of some",
    ),
    Column("timezone", "text", "", "The time zone of the site"),
)


class FixedTable(NamedTuple):
    """A table that every standard has, as it is exported.

    `key`: the columns behind site, device and time that make a row unique.
    """

    columns: tuple[Column, ...]
    key: tuple[str, ...]


FIXED_TABLES: Mapping[str, FixedTable] = MappingProxyType(
    {
        "sample": FixedTable(SAMPLE, ()),
        "event": FixedTable(EVENT, ("kind",)),
        "rejected": FixedTable(REJECTED, ("table_name", "row_data")),
        "device": FixedTable(DEVICE_DAY, ()),
    }
)


def leading_columns(identity: Iterable[str]) -> tuple[Column, ...]:
    """The columns of a data table in front of its values: time, site, device, quality, then the identity columns.

    `identity`: the names of these, in order; each becomes a column of type int2.
    """
    return (*ROW_START, *(Column(name, "int2", "", IDENTITY_MEANING, required=True) for name in identity))
