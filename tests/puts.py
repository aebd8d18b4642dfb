"""Putting objects into a store and getting them back, for the tests of the stores."""

from __future__ import annotations

from ess_ray.adapters.stores.checksum import crc32c
from ess_ray.core.exporting.store import Store, StoredObject

NAME = "sionyu/2026/11/22/20261122_rack.csv"
PART = 1 << 19  # of an upload, in these tests
LONG = bytes(range(256)) * (5 << 10)  # two and a half parts
SHORT = b"time,site\r\n"


def put(store: Store, data: bytes, generation: int = 0, name: str = NAME) -> StoredObject:
    with store.write(name, generation=generation, metadata={"version": "1"}, content_type="text/csv") as upload:
        for start in range(0, len(data), 1 << 18):
            upload.write(data[start : start + (1 << 18)])
        upload.metadata["rows"] = "7"
    assert (upload.stored.bytes, upload.stored.crc32c) == (upload.size, upload.crc32c) == (len(data), crc32c(data))
    return upload.stored


def got(store: Store, name: str = NAME) -> bytes:
    return b"".join(store.read(name))
