"""A folder as a store of objects (see `core.exporting.store`): the same tree as in a bucket.

A file is written under a temporary name in its folder and renamed once all of it is on the disk; readers see the old
file or the new one. While it is written its process holds a lock on it, so that the next writer recognises what a
killed process left, and deletes it. One lock for the tree is held while the generation that is there is compared with
the one that the caller has seen and the file is renamed. A file's generation is its modification time in nanoseconds,
set so that each replacement has a later one. Metadata are kept beside the tree, see `folder_metadata`. Folders that
exist are used as they are; a missing one is made.

Errors: `StoreUnavailable` (the disk is full or fails), `StoreRefused` (rights, or a name that leaves the folder) and
`StoreConflict` (another generation is there).
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from io import FileIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from ess_ray.adapters.local.disk import nearest
from ess_ray.adapters.local.private_file import sync_folder
from ess_ray.adapters.stores.checksum import crc32c
from ess_ray.adapters.stores.folder_metadata import forget_metadata, has_metadata, read_metadata, write_metadata
from ess_ray.core.errors import StoreConflict, StoreRefused, StoreUnavailable
from ess_ray.core.exporting.store import StoredObject, aside_name

BLOCK = 1 << 20
PART, LOCK = ".part", ".lock"
COARSEST_NS = 2_000_000_000  # FAT keeps modification times to two seconds
REFUSALS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ELOOP}
FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(slots=True)
class FolderUpload:
    """A file that is being written (`size` bytes with `crc32c` so far); see `core.exporting.store.ObjectUpload`."""

    file: FileIO
    metadata: dict[str, str]
    size: int = 0
    crc32c: int = 0
    _stored: StoredObject | None = field(default=None, init=False)

    def write(self, block: bytes) -> None:
        """Append the block. Raises StoreUnavailable if the disk is full or fails."""
        with _translated(Path(self.file.name).parent):
            _write(self.file, block)
        self.size += len(block)
        self.crc32c = crc32c(block, self.crc32c)

    @property
    def stored(self) -> StoredObject:
        """The finished file; only once the `with` of `Folder.write` is left."""
        assert self._stored is not None, "the file is not finished yet"
        return self._stored


class Folder:
    """The store in the folder `path`, which `write` makes if it is missing."""

    on_one_node: ClassVar[bool] = True

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def location(self) -> str:
        """The folder's path."""
        return str(self.path)

    def stat(self, name: str) -> StoredObject | None:
        """The file under the name, None if there is none; reads all of it for its CRC32C."""
        path = self._path(name)
        with _translated(path), suppress(FileNotFoundError), FileIO(path) as file:
            stored = _as_stored(name, file)
            metadata = read_metadata(self.path, name, stored.crc32c)
            altered = not metadata and has_metadata(self.path, name)
            return replace(stored, metadata=metadata, altered=altered)
        return None

    def names(self, prefix: str) -> Iterator[str]:
        """The names of all files below the folder that begin so; none if there is no such folder."""
        with _translated(self.path):
            for path in (self.path / prefix.rpartition("/")[0]).rglob("[!.]*"):
                name = path.relative_to(self.path).as_posix()
                if name.startswith(prefix) and "/." not in f"/{name}" and path.is_file():
                    yield name

    @contextmanager
    def write(
        self,
        name: str,
        *,
        generation: int,
        metadata: Mapping[str, str],
        content_type: str,  # noqa: ARG002
    ) -> Iterator[FolderUpload]:
        """Make or replace a file, see `Store.write`; the content type is not kept."""
        path = self._path(name)
        with _translated(path.parent):
            _make_folder(path.parent)
            _sweep(path.parent)
            file = _open_part(path)
        try:
            with file:
                upload = FolderUpload(file, dict(metadata))
                yield upload
                with _translated(path.parent):
                    upload._stored = self._finish(upload, name, generation)  # noqa: SLF001
        finally:
            with suppress(OSError):
                Path(file.name).unlink(missing_ok=True)

    def put_aside(self, name: str, generation: int) -> str:
        """Copy that generation within its folder, see `Store.put_aside`."""
        path, aside = self._path(name), self._path(aside_name(name, generation))
        with _translated(path), self._locked():
            _check(path, generation)
            if not aside.exists():
                part = _open_part(aside)
                with part, FileIO(path) as file:
                    while block := file.read(BLOCK):
                        _write(part, block)
                    os.fsync(part.fileno())
                    file.seek(0)
                    crc = _as_stored(name, file).crc32c
                    write_metadata(self.path, aside_name(name, generation), crc, read_metadata(self.path, name, crc))
                    Path(part.name).rename(aside)
                sync_folder(aside.parent)
        return aside_name(name, generation)

    def read(self, name: str) -> Iterator[bytes]:
        """The file's bytes in blocks of 1 MiB; a replacement meanwhile does not change them.

        Raises, with the first block, StoreConflict if there is no such file any more and StoreRefused if it may not be
        read; with any block StoreUnavailable if the disk fails.
        """
        path = self._path(name)
        with _translated(path):
            try:
                file = FileIO(path)
            except FileNotFoundError as error:
                raise StoreConflict(f"{path} was deleted before it could be read") from error
            with file:
                while block := file.read(BLOCK):
                    yield block

    def delete(self, name: str, generation: int) -> None:
        """Delete exactly that generation, see `Store.delete`."""
        path = self._path(name)
        with _translated(path):
            if not path.parent.exists():  # then neither file nor, perhaps, the lock's folder is there: it is gone
                return
        with _translated(path), self._locked():
            if _check(path, generation, or_gone=True):
                path.unlink()
                forget_metadata(self.path, name)

    def _finish(self, upload: FolderUpload, name: str, generation: int) -> StoredObject:
        """Rename the written file to its name, if the generation there is still the one that the caller has seen."""
        path, part = self._path(name), Path(upload.file.name)
        os.fsync(upload.file.fileno())
        with FileIO(part) as file:
            written = _as_stored(name, file)
        if (written.bytes, written.crc32c) != (upload.size, upload.crc32c):
            raise StoreUnavailable(f"{path}: the disk gave back other bytes than were written to it")
        with self._locked():
            try:
                before_ns = _check(path, generation)
            except StoreConflict:
                other = self.stat(name)
                if other and (other.bytes, other.crc32c) == (written.bytes, written.crc32c):
                    return other  # somebody else was faster, with the same bytes
                raise
            stored = replace(written, generation=_set_generation(upload.file, before_ns))
            os.fsync(upload.file.fileno())
            write_metadata(self.path, name, stored.crc32c, upload.metadata)
            part.rename(path)
            sync_folder(path.parent)
            forget_metadata(self.path, name, stored.crc32c)
        return replace(stored, metadata=upload.metadata)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """The lock of the tree, a file of its own: folders cannot be locked on network drives."""
        with (self.path / LOCK).open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _path(self, name: str) -> Path:
        if not name or any(part in ("", ".", "..") for part in name.split("/")):
            raise StoreRefused(f"{name!r} is no name for a file below {self.path}: check export.name")
        return self.path / name


@contextmanager
def trial_folder(folder: Path) -> Iterator[Folder]:
    """A store in a temporary folder below `folder`, or below the nearest folder above that exists; gone afterwards.

    Raises StoreRefused or StoreUnavailable if there can be none.
    """
    with _translated(folder), TemporaryDirectory(dir=nearest(folder), prefix=".ess_ray_check_") as path:
        yield Folder(Path(path))


def _check(path: Path, generation: int, *, or_gone: bool = False) -> int:
    """The generation of the file (0 for none), which has to be the expected one. Raises StoreConflict if it is not."""
    try:
        current = path.stat().st_mtime_ns
    except FileNotFoundError:
        current = 0
    if current == generation or (or_gone and not current):
        return current
    change = "made, replaced or touched" if current else "deleted"
    raise StoreConflict(f"{path} was {change} by somebody else meanwhile")


def _set_generation(file: FileIO, before_ns: int) -> int:
    """Set the file's modification time to now, but later than `before_ns`; gives it as the file system keeps it."""
    kept_ns = 0
    for time_ns in (max(time.time_ns(), before_ns + 1), before_ns + COARSEST_NS):
        if kept_ns <= before_ns:
            os.utime(file.fileno(), ns=(time_ns, time_ns))
            kept_ns = os.fstat(file.fileno()).st_mtime_ns
    return kept_ns


def _write(file: FileIO, block: bytes) -> None:
    unwritten = memoryview(block)
    while unwritten:
        unwritten = unwritten[file.write(unwritten) :]


def _as_stored(name: str, file: FileIO) -> StoredObject:
    crc, size = 0, 0
    while block := file.read(BLOCK):
        crc, size = crc32c(block, crc), size + len(block)
    return StoredObject(name, os.fstat(file.fileno()).st_mtime_ns, size, crc)


def _open_part(path: Path) -> FileIO:
    """A new file beside `path`, locked as long as it is open.

    Another writer may delete it before it is locked (see `_sweep`): then there is another attempt.
    """
    while True:
        file = FileIO(path.with_name(f".{path.name}.{os.urandom(6).hex()}{PART}"), "xb")
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(file.fileno()).st_nlink:
                return file
        file.close()


def _sweep(folder: Path) -> None:
    """Delete the unfinished files of killed writers: those that nobody holds a lock on."""
    for part in folder.glob(f".*{PART}"):
        with suppress(OSError), FileIO(part, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink()


def _make_folder(folder: Path) -> None:
    """Make the folder and those above it, each on the disk once this returns."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        problem = f"{path}: {error.strerror or error}"
        if error.errno in FULL:
            raise StoreUnavailable(f"{problem}: make room; nothing is left of the unfinished file") from error
        if error.errno in REFUSALS:
            raise StoreRefused(f"{problem}: give this user the right to write there, or set export.folder") from error
        raise StoreUnavailable(problem) from error
