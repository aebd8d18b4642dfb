"""The kinds of store that an export can go to. A new kind is a class here, its keys in the schema and its module.

Google's library takes a second to load, so the module of a bucket is imported when the store is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from ess_ray.adapters.stores.folder import Folder, trial_folder
from ess_ray.core.errors import ConfigError
from ess_ray.core.exporting.store import Store, StoreSettings


@dataclass(frozen=True, slots=True)
class FolderSettings(StoreSettings):
    """Files below a folder; without `export.folder` that is `export` in the state folder."""

    example: ClassVar[str] = "export=local"

    folder: Path

    @classmethod
    def from_config(cls, keys: Mapping[str, str | None], state_dir: Path) -> Self:
        """See `StoreSettings`; every folder's name can be used: `~` is the home, a relative one is made absolute."""
        return cls(Path(keys["folder"]).expanduser().absolute() if keys["folder"] else state_dir / "export")

    @property
    def location(self) -> str:
        """The folder."""
        return str(self.folder)

    def open(self) -> Store:
        """The folder as a store; it is made with the first object."""
        return Folder(self.folder)

    @contextmanager
    def trial(self) -> Iterator[Store]:
        """A folder of its own on the same disk: a store makes the folders that it needs, and would leave them."""
        with trial_folder(self.folder) as folder:
            yield folder


@dataclass(frozen=True, slots=True)
class BucketSettings(StoreSettings):
    """A bucket of Google Cloud Storage."""

    example: ClassVar[str] = "export=gcs export.bucket=NAME"

    bucket: str
    credentials_file: Path | None = None  # a service account's JSON; None: the machine's own credentials
    endpoint: str | None = None  # of an emulator or a private endpoint

    @classmethod
    def from_config(cls, keys: Mapping[str, str | None], state_dir: Path) -> Self:  # noqa: ARG003
        """See `StoreSettings`. Raises ConfigError for a bucket's name, an address or a file that cannot be right."""
        bucket, endpoint = keys["bucket"], keys["endpoint"]
        if not bucket:
            raise ConfigError("export.bucket", "has to be given: the bucket's name")
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]", bucket):
            raise ConfigError("export.bucket", f"{bucket!r} is no bucket's name: it has no gs:// and no folders")
        if endpoint and not re.match(r"https?://.", endpoint):
            raise ConfigError("export.endpoint", f"{endpoint!r}: expected http://… or https://…")
        return cls(bucket, _credentials_file(keys["credentials_file"]), endpoint or None)

    @property
    def location(self) -> str:
        """gs://BUCKET."""
        return f"gs://{self.bucket}"

    def open(self) -> Store:
        """The bucket as a store."""
        from ess_ray.adapters.stores.gcs import Bucket

        return Bucket(self.bucket, self.credentials_file, self.endpoint)

    @contextmanager
    def trial(self) -> Iterator[Store]:
        """The bucket itself."""
        yield self.open()


def _credentials_file(text: str | None) -> Path | None:
    if not text:
        return None
    file = Path(text).expanduser().absolute()
    if not file.is_file():
        raise ConfigError("export.credentials_file", f"there is no file {file}: expected a service account's JSON")
    return file


# By the word that chooses the kind, as in `export=gcs`.
KINDS: Mapping[str, type[StoreSettings]] = {"local": FolderSettings, "gcs": BucketSettings}
CHOICES = ("auto", *KINDS, "none")  # of `export.kind`; auto: local with the embedded database, else none
KEYS = tuple(dict.fromkeys(key for kind in KINDS.values() for key in kind.keys()))  # noqa: SIM118
EXAMPLES = " or ".join(kind.example for kind in KINDS.values())  # how to say where the objects go
