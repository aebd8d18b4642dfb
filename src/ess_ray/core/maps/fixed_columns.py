"""The columns that the data standard's file does not list: those of every data table, of `sample` and of `event`.

The export writes them, the page about the data standard explains them; `adapters.postgres.schema_sql` makes the tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ess_ray.core.maps.standard import Column, Table

TIME = Column("time", "timestamptz", "", "The tick: when the sample was due, a whole multiple of the device's period")
SITE = Column("site", "text", "", "The plant")
DEVICE = Column("device", "text", "", "The device within the plant")
QUALITY = Column(
    "quality", "int2", "", "Sum of: 1 a value is out of its range (kept as read); 2 registers are missing (NULL here); "
    "4 committed late"
)  # fmt: skip
IDENTITY_MEANING = "Which one, counted from 1 as the plant counts; part of the row's identity"

SAMPLE = (
    TIME,
    SITE,
    DEVICE,
    Column("status", "text", "", "stored: all rows are there; partial: registers are missing; failed: no rows"),
    Column("reason", "text", "", "Why it is not complete, or parked registers; NULL for a complete sample"),
    Column("missing", "text", "", "What was not read, as function:first-last address, comma-separated"),
    Column("read_ms", "float4", "ms", "From the tick to the last byte of the last answer"),
    Column("requests", "int2", "", "Requests sent, repeated ones included"),
    Column("retries", "int2", "", "Requests that were repeated"),
    Column("collector", "text", "", "Which collector wrote it"),
)
EVENT = (
    TIME,
    SITE,
    DEVICE,
    Column("kind", "text", "", "What happened: device lost or back, registers parked, clock jump, gap …"),
    Column("until", "timestamptz", "", "For what has an end: when it ended; NULL otherwise"),
    Column("detail", "text", "", "More for people, may be empty"),
)
# By table: the columns, and those behind time and device that make a row unique.
BOOKS: Mapping[str, tuple[tuple[Column, ...], tuple[str, ...]]] = MappingProxyType(
    {"sample": (SAMPLE, ()), "event": (EVENT, ("kind",))}
)


def head(table: Table) -> tuple[Column, ...]:
    """The columns of a data table before its values."""
    return (TIME, SITE, DEVICE, QUALITY, *(Column(name, "int2", "", IDENTITY_MEANING) for name in table.identity))
