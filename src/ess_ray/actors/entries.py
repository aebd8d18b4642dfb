"""Entries of the ledger, made of a day that was read and of the object that the store has of it."""

from __future__ import annotations

import time
from collections.abc import Mapping

from ess_ray import __version__
from ess_ray.adapters.postgres.day_rows import DayRows
from ess_ray.adapters.stores.checksum import Checksum
from ess_ray.core.exporting.extent import IDENTITY
from ess_ray.core.exporting.objects import DayObject, LedgerEntry
from ess_ray.core.exporting.restoring import CONTENT
from ess_ray.core.exporting.store import StoredObject

SCHEMA = "schema_hash"  # key of an object's metadata


def entry_of(
    day_object: DayObject, rows: DayRows, content: Checksum, stored: StoredObject, location: str
) -> LedgerEntry:
    """The entry of an object that has exactly these rows, all of which were read.

    `content`: of their canonical CSV. `location`: of the store.
    """
    return LedgerEntry(
        name=day_object.name,
        location=location,
        generation=stored.generation,
        bytes=stored.bytes,
        crc32c=stored.crc32c,
        content_crc32c=content.crc32c,
        rows=rows.rows,
        first_us=rows.first_us,
        last_us=rows.last_us,
        mark=rows.mark,
        schema_hash=day_object.schema_hash,
        version=__version__,
        exported_us=time.time_ns() // 1000,
        start_us=day_object.day.start_us,
        end_us=day_object.day.end_us,
    )


def metadata_of(day_object: DayObject, rows: DayRows, content: Checksum) -> Mapping[str, str]:
    """The metadata that such an object carries in the store."""
    times = {"first_time": rows.first_us, "last_time": rows.last_us}
    clock = day_object.day.clock
    return {
        "rows": str(rows.rows),
        **{name: clock(time_us, "%Y-%m-%dT%H:%M:%S%z") for name, time_us in times.items() if time_us},
        SCHEMA: day_object.schema_hash,
        CONTENT: f"{content.crc32c:08x}",
        "timezone": day_object.day.timezone,
        IDENTITY: rows.database,
        "version": __version__,
    }


def has_content(stored: StoredObject, day_object: DayObject, content: Checksum) -> bool:
    """True if the object's metadata say that it was made of just this canonical CSV; its bytes may differ.

    Another version of a format's library writes other bytes of the same values.
    """
    hashes = stored.metadata.get(CONTENT), stored.metadata.get(SCHEMA)
    return hashes == (f"{content.crc32c:08x}", day_object.schema_hash)
