"""The metadata of the files of a folder, which keeps them beside the tree of the files: `.metadata/NAME/CRC32C.json`.

A file's metadata is found by its CRC32C, so it cannot be taken for that of another content: it is written before the
file gets its name, and that of the file before is deleted after. A file without metadata, of an older version of
ess_ray or copied by hand, is a file of which nothing is known. Errors: OSError.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

FOLDER = ".metadata"


def read_metadata(top: Path, name: str, crc32c: int) -> dict[str, str]:
    """The metadata of the file `name` below `top` with that content; empty if there is none, or none that is JSON."""
    try:
        metadata = json.loads(_file(top, name, crc32c).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return {key: str(value) for key, value in metadata.items()} if isinstance(metadata, dict) else {}


def has_metadata(top: Path, name: str) -> bool:
    """True if there are metadata of the file `name` below `top`, of whatever content."""
    return any((top / FOLDER / name).glob("*.json"))


def write_metadata(top: Path, name: str, crc32c: int, metadata: Mapping[str, str]) -> None:
    """Keep the metadata of a file that is about to get that content; it is on the disk once this returns."""
    file = _file(top, name, crc32c)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    with part.open("w", encoding="utf-8") as writing:
        json.dump(dict(metadata), writing, indent=1)
        writing.flush()
        os.fsync(writing.fileno())
    part.rename(file)


def forget_metadata(top: Path, name: str, keep_crc32c: int | None = None) -> None:
    """Delete the metadata of the file `name`, but those of the content with `keep_crc32c`; None: all of them.

    No metadata there is no error.
    """
    folder = top / FOLDER / name
    kept = None if keep_crc32c is None else _file(top, name, keep_crc32c)
    with suppress(FileNotFoundError):
        for file in folder.iterdir():
            if file != kept and file.is_file():
                file.unlink(missing_ok=True)
        if kept is None:
            with suppress(OSError):  # a folder of other names below this one
                folder.rmdir()


def _file(top: Path, name: str, crc32c: int) -> Path:
    return top / FOLDER / name / f"{crc32c:08x}.json"
