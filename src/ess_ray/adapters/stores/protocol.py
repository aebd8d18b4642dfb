"""What the export asks of a store of objects, whichever it is: adapters.folder and adapters.gcs.

An object appears whole or not at all, and only if the one under its name is what the caller has seen: a generation, or
0 for none. Every store checks the CRC32C of the bytes that it was given against what it has in the end.
Errors: `StoreUnavailable` (try again later), `StoreConflict` (somebody else was faster: look again) and `StoreRefused`
(a person has to do something, and the text says what). Making a store neither connects nor fails; it can be pickled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

import google_crc32c

from ess_ray.core.exporting.stored import Stored


def crc32c(block: bytes, before: int = 0) -> int:
    """CRC32C of what had `before` with `block` behind it."""
    return int(google_crc32c.extend(before, block))


class Upload(Protocol):
    """An object on its way."""

    size: int  # bytes so far
    crc32c: int  # so far
    metadata: dict[str, str]  # what is added before the end comes with the object too

    def write(self, block: bytes) -> None:
        """Append."""

    @property
    def stored(self) -> Stored:
        """What the store has; only once the `with` is left."""


class Store(Protocol):
    """A place for objects."""

    @property
    def place(self) -> str:
        """For people and for the ledger: `gs://BUCKET` or the folder."""

    def look(self, name: str) -> Stored | None:
        """What is there under the name."""

    def write(
        self, name: str, *, generation: int, metadata: Mapping[str, str], content_type: str
    ) -> AbstractContextManager[Upload]:
        """Make the object (`generation` 0) or replace exactly that generation, when the `with` is left in peace.

        Leaving it with an exception leaves nothing behind. If an object with just these bytes turns out to be there
        (the answer to the end got lost, another exporter did the same), that is success.
        """

    def read(self, name: str) -> Iterator[bytes]:
        """The object's bytes, as they were at one moment. `StoreConflict` if it is not there."""

    def delete(self, name: str, generation: int) -> None:
        """Delete exactly that generation; nothing there is no error."""
