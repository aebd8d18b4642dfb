"""A list of a state folder's journals, with content and database, read without opening them as their poller does.

For `job=journals`. Nothing is changed, and a journal that a poller is writing is read as well. Of each group only the
index is read, so that gigabytes take seconds. Errors are part of the listing: none is raised for a single file.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ess_ray.adapters.journal.lock import lock_path
from ess_ray.adapters.journal.owner import SUFFIX, JournalOwner
from ess_ray.core.batch import FORMAT, NUMBER, unpack, unpack_group

ASIDE = ("foreign", "corrupt")  # a journal that was set aside, see `setting_aside`: NAME.journal.REASON-TIME


@dataclass(frozen=True, slots=True)
class ListedJournal:
    """One file. `items`: samples and events; ticks since 1970 UTC, None without samples; `problem`: "" if none."""

    path: Path
    owner: JournalOwner | None  # None: the file does not say
    items: int = 0
    first_us: int | None = None
    last_us: int | None = None
    bytes: int = 0  # on disk
    in_use: bool = False
    problem: str = ""

    @property
    def adoptable(self) -> bool:
        """True if its samples can be brought into another database."""
        return self.owner is not None and not self.problem and not self.in_use


def list_journals(state_dir: Path) -> list[ListedJournal]:
    """The journals below the state folder, those that were set aside too; by folder and name. [] if there are none."""
    paths = (path for path in sorted((state_dir / "journal").glob(f"*/*{SUFFIX}*")) if _is_journal(path))
    return [_listed(path) for path in paths]


def _is_journal(path: Path) -> bool:
    reason = path.name.rpartition(SUFFIX)[2]
    return reason == "" or (reason[1:].partition("-")[0] in ASIDE and not reason.endswith(("-wal", "-shm", ".lock")))


def _listed(path: Path) -> ListedJournal:
    size = sum(file.stat().st_size for file in (path, Path(f"{path}-wal")) if file.exists())
    try:
        with closing(_open(path)) as file:
            about = dict(file.execute("SELECT key, value FROM about").fetchall())
            owner = JournalOwner(about["source"], about["database"])
            if about["format"] != str(FORMAT):
                problem = f"written by another version of ess_ray (format {about['format']}): start that one"
                return ListedJournal(path, owner, bytes=size, problem=problem)
            items, first_us, last_us = _extent(file)
            return ListedJournal(path, owner, items, first_us, last_us, size, _in_use(path))
    except (sqlite3.Error, KeyError, ValueError) as error:
        return ListedJournal(path, None, bytes=size, problem=f"cannot be read: {error}")


def _open(path: Path) -> sqlite3.Connection:
    """The file in one state, whoever is writing it; nothing is made beside it, as SQLite does for a file with a WAL."""
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "immutable=1"
    file = sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True, isolation_level=None)
    file.execute("BEGIN")
    return file


def _extent(file: sqlite3.Connection) -> tuple[int, int | None, int | None]:
    """Items, and the first and the last tick of samples. The last one is that of the group that begins last."""
    items, first_us, last = 0, None, None
    for number, of_group in file.execute("SELECT id, items FROM sample_group"):
        items += of_group
        for begin_us in _batch_begins(file, number):
            first_us = begin_us if first_us is None else min(first_us, begin_us)
            last = max(last or (begin_us, number), (begin_us, number))
    if last is None:
        return items, None, None
    (data,) = file.execute("SELECT data FROM sample_group WHERE id = ?", (last[1],)).fetchone()
    ticks = [unpack(batch.data).headers["tick_us"].max() for batch in unpack_group(data).batches]
    return items, first_us, int(max(ticks))


def _batch_begins(file: sqlite3.Connection, number: int) -> Iterator[int]:
    """The oldest tick of each batch of a group: from its index, behind two numbers (`core.batch`)."""
    with file.blobopen("sample_group", "data", number, readonly=True) as blob:
        blob.seek(NUMBER.size)
        length = NUMBER.unpack(blob.read(NUMBER.size))[0]
        batches, _ = json.loads(blob.read(length))
    for _, _, begin_us, _ in batches:
        yield begin_us


def _in_use(path: Path) -> bool:
    try:
        lock = os.open(lock_path(path), os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
