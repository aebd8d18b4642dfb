"""The checksum of an object's bytes: CRC32C, as Google Cloud Storage computes it too."""

from __future__ import annotations

import google_crc32c


def crc32c(block: bytes, before: int = 0) -> int:
    """CRC32C of bytes whose CRC32C is `before` (0: no bytes), followed by `block`: unsigned, 32 bits."""
    return int(google_crc32c.extend(before, block))


class Checksum:
    """Number (`bytes`) and CRC32C (`crc32c`, unsigned) of the bytes that were added so far, block by block."""

    def __init__(self) -> None:
        self.bytes = 0
        self.crc32c = 0

    def add(self, block: bytes) -> None:
        """Count a block behind those before."""
        self.bytes += len(block)
        self.crc32c = crc32c(block, self.crc32c)

    def __str__(self) -> str:
        return f"{self.bytes} bytes with CRC32C {self.crc32c:08x}"
