"""The checksum of an object's bytes: CRC32C, as Google Cloud Storage computes it too."""

from __future__ import annotations

import google_crc32c


def crc32c(block: bytes, before: int = 0) -> int:
    """CRC32C of bytes whose CRC32C is `before`, followed by `block`."""
    return int(google_crc32c.extend(before, block))
