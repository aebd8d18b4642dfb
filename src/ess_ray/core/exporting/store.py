"""A store of objects as the export uses it, and the settings of one; `adapters/stores` has a module for each kind.

An object appears complete or not at all, and only if the object that is under its name is the one that the caller has
seen: a generation, or 0 for none. Every store compares the CRC32C of the bytes that it was given with the CRC32C of
the bytes that it has in the end.

Errors of every store: `StoreUnavailable` (try again later), `StoreConflict` (somebody else changed the object
meanwhile: look again) and `StoreRefused` (a person has to do something, and the message says what).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import ClassVar, Protocol, Self


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as its store reports it. `generation` is another one after each replacement, never 0."""

    name: str
    generation: int
    bytes: int
    crc32c: int
    metadata: Mapping[str, str] = field(default_factory=dict)
    altered: bool = False  # True if the store knows that it was written with other bytes


def aside_name(name: str, generation: int) -> str:
    """The name under which an object is put aside: no reader of the exports takes it for one of them."""
    return f"{name}.replaced-{generation}"


class ObjectUpload(Protocol):
    """An object on its way into a store."""

    size: int  # bytes so far
    crc32c: int  # so far
    metadata: dict[str, str]  # entries that are added before the end come with the object too

    def write(self, block: bytes) -> None:
        """Append the block. Raises the errors of the store."""

    @property
    def stored(self) -> StoredObject:
        """The object as the store has it; only once the `with` of `Store.write` is left."""


class Store(Protocol):
    """Keeps objects under their names. Making a store neither connects nor fails; it can be pickled.

    Names have segments between slashes, as `objects.check_template` allows them. Every method but `location` waits for
    the disk or the network, and raises the errors of every store, see the module.
    """

    on_one_node: ClassVar[bool]  # True if only the machine of the main job reaches it: exports run there then

    @property
    def location(self) -> str:
        """For people and for the ledger: `gs://BUCKET` or the folder."""

    def stat(self, name: str) -> StoredObject | None:
        """The object under the name; None if there is none. May read all of it for its CRC32C."""

    def names(self, prefix: str) -> Iterator[str]:
        """The names of all objects that begin with `prefix`, in no order; what is being written is not among them."""

    def write(
        self, name: str, *, generation: int, metadata: Mapping[str, str], content_type: str
    ) -> AbstractContextManager[ObjectUpload]:
        """Make the object (`generation` 0) or replace exactly that generation, when the `with` ends without an error.

        Leaving it with an exception leaves nothing behind. If an object with just these bytes turns out to be there
        (the reply to the end got lost, another exporter did the same), that is success. Raises StoreConflict if
        another generation is there.
        """

    def put_aside(self, name: str, generation: int) -> str:
        """Copy exactly that generation, its metadata too, under its `aside_name`; returns that name.

        The object itself stays. Doing it twice is no error. Raises StoreConflict if another generation or none is under
        the name.
        """

    def read(self, name: str) -> Iterator[bytes]:
        """The object's bytes in blocks, all of one generation, the one that is there at the first block.

        Nothing is read or raised before the first block is asked for. Raises StoreConflict if there is no such object;
        some stores raise it with a later block too, if the object was replaced or deleted meanwhile.
        """

    def delete(self, name: str, generation: int) -> None:
        """Delete exactly that generation; no object there is no error. Raises StoreConflict if another one is there."""


@dataclass(frozen=True, slots=True)
class StoreSettings(ABC):
    """One kind of store: its settings, checked, and everything that differs from kind to kind outside of the store.

    Its fields are the keys `export.…` that belong to this kind (see `ess_ray.config.schema`). Light to import: the
    library of the store is loaded when the store is made.
    """

    example: ClassVar[str]  # the words that choose this kind on the command line

    @classmethod
    @abstractmethod
    def from_config(cls, keys: Mapping[str, str | None], state_dir: Path) -> Self:
        """The settings from the values of `cls.keys()`, None where not given. Raises ConfigError naming the key."""

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """The keys below `export.` that belong to this kind."""
        return tuple(key.name for key in fields(cls))

    @property
    @abstractmethod
    def location(self) -> str:
        """The location of the store that `open` makes, known without making it."""

    @abstractmethod
    def open(self) -> Store:
        """The store; neither connects nor fails."""

    @abstractmethod
    def trial(self) -> AbstractContextManager[Store]:
        """A store in which `job=check` may write an object and delete it: as good as the real one.

        What the trial itself makes is gone after the `with`. Raises the errors of the store.
        """
