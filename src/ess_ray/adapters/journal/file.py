"""The journal's file: groups of samples in SQLite, so that what was polled survives any process. Used by the journal.

One file a poller process. A file says which format it has, where its samples came from and which database they belong
to. One that is corrupt or belongs elsewhere is set aside when it is opened (`setting_aside`).
Errors: `JournalBusy` if another process has the file, `JournalFailed` (transient) if the disk refuses.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from ess_ray.adapters.journal.lock import LOCK_WAIT_S, acquire_lock, lock_path
from ess_ray.adapters.journal.owner import JournalOwner
from ess_ray.adapters.journal.setting_aside import set_aside_unusable
from ess_ray.adapters.journal.sqlite import TABLES, delete_files, open_sqlite, translated
from ess_ray.core.errors import JournalBusy
from ess_ray.core.storing.stored import BacklogSpan, StoredGroup


class JournalFile:
    """An open journal file: locked, and with two connections, so that reading does not wait for a commit.

    `read`, `recipes` and `earliest_made` use the reading connection, all else the writing one. Each is used by one
    thread at a time: once the journal's own thread runs, writing is its own and reading belongs to whoever takes.
    """

    def __init__(self, path: Path, owner: JournalOwner, sync: str, wait_s: float = LOCK_WAIT_S) -> None:
        """Open the file, or make it with its folder; the list `notes` then has sentences for a person, often none.

        `sync`: "full" or "normal", see `sqlite.open_sqlite`. `wait_s`: seconds to wait at most for the lock.
        """
        self._path = path
        self._lock = acquire_lock(path, wait_s)
        try:
            self.notes = set_aside_unusable(path, owner)
            with translated(path):
                self._writing = open_sqlite(path, sync)
                self._writing.executescript(TABLES)
                with self._writing:  # committed at once: a file that does not say what it is reads as corrupt
                    self._writing.executemany("INSERT OR IGNORE INTO about VALUES (?, ?)", owner.about.items())
                self._reading = open_sqlite(path, sync)
        except BaseException:
            os.close(self._lock)
            raise

    def close(self) -> None:
        """Close the file and let others have it."""
        self._writing.close()
        self._reading.close()
        os.close(self._lock)

    def remove(self) -> None:
        """Close and delete the file and its lock; the caller has checked by `extent` that no group is left in it.

        Raises JournalFailed if the disk refuses to delete; closed it is all the same.
        """
        self._writing.close()
        self._reading.close()
        try:
            with translated(self._path):
                delete_files(self._path)
                lock_path(self._path).unlink(missing_ok=True)  # before it is free: who waits for it makes a file anew
        finally:
            os.close(self._lock)

    def recipes(self) -> dict[str, str]:
        """Every recipe in the file (the JSON text of `core.maps.recipe`), by layout."""
        with translated(self._path):
            return dict(self._reading.execute("SELECT layout, recipe FROM recipe").fetchall())

    def extent(self) -> tuple[int, int, int]:
        """Highest number, items and bytes of the groups in the file; zeros for an empty one."""
        query = "SELECT coalesce(max(id), 0), coalesce(sum(items), 0), coalesce(sum(length(data)), 0) FROM sample_group"
        with translated(self._path):
            row: tuple[int, int, int] = self._writing.execute(query).fetchone()
        return row

    def commit(self, groups: Iterable[StoredGroup], deleted: Iterable[int], recipes: Mapping[str, str] = {}) -> None:
        """Write groups (over those of the same number), delete groups and keep new recipes, in one transaction.

        `deleted`: numbers of groups; one that is not there is no error. `recipes`: by layout; one that is there already
        stays as it is. Waits for the disk; after JournalFailed nothing of all this is in the file.
        """
        rows = [(g.number, g.items, g.made_us, g.has_values, g.data) for g in groups]
        with translated(self._path), self._writing:
            self._writing.executemany("INSERT OR REPLACE INTO sample_group VALUES (?, ?, ?, ?, ?)", rows)
            self._writing.executemany("DELETE FROM sample_group WHERE id = ?", [(number,) for number in deleted])
            self._writing.executemany("INSERT OR IGNORE INTO recipe VALUES (?, ?)", recipes.items())

    def read(self, span: BacklogSpan, most_items: int, most_bytes: int) -> list[StoredGroup]:
        """The first groups of `span`, by rising number, until they have so many items or bytes; empty: there are none.

        The group that reaches a bound is the last one. Groups that are withheld are not read. The bytes of a group are
        not looked at: a damaged one is given like the others.
        """
        listed = "SELECT id, items, length(data) FROM sample_group WHERE id > ? AND id <= ? ORDER BY id"
        query = "SELECT * FROM sample_group WHERE id = ?"
        numbers, items, size = [], 0, 0
        with translated(self._path), self._snapshot():
            with closing(self._reading.execute(listed, (span.after, span.end))) as rows:
                for number, group_items, group_bytes in rows:  # length() reads no values
                    if number in span.withheld:
                        continue
                    numbers.append(number)
                    items, size = items + group_items, size + group_bytes
                    if items >= most_items or size >= most_bytes:
                        break
            return [_stored_group(self._reading.execute(query, (number,)).fetchone()) for number in numbers]

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """A snapshot: what is read in the `with` block is as it was at one moment."""
        self._reading.execute("BEGIN")
        try:
            yield
        finally:
            self._reading.rollback()

    def first(self, after: int, *, with_values: bool) -> StoredGroup | None:
        """The group with the lowest number above `after`; `with_values`: of those that still have their values.

        None: no such group.
        """
        query = "SELECT * FROM sample_group WHERE id > ? AND whole >= ? ORDER BY id LIMIT 1"
        with translated(self._path):
            row = self._writing.execute(query, (after, with_values)).fetchone()
        return _stored_group(row) if row else None

    def earliest_made(self) -> StoredGroup | None:
        """The group that was made first: adopted groups have higher numbers than younger ones. None: no group."""
        query = "SELECT * FROM sample_group WHERE id = (SELECT id FROM sample_group ORDER BY taken_us LIMIT 1)"
        with translated(self._path):
            row = self._reading.execute(query).fetchone()
        return _stored_group(row) if row else None

    def adopt(self, path: Path, owner: JournalOwner) -> None:
        """Take over the groups of another journal, whose poller is no longer configured, and delete it.

        To be called before the journal's thread runs. One that is corrupt or not of `owner` is set aside as at opening.
        One in use is left alone. Each is noted in `notes`. A crash in between takes groups over twice, which the key of
        `sample` makes harmless. No file at `path` is no error.
        """
        try:
            lock = acquire_lock(path, wait_s=0.0)
        except JournalBusy as error:
            self.notes.append(f"{error}: left alone")
            return
        try:
            self.notes += set_aside_unusable(path, owner)
            if path.exists():
                items = self._copy_groups(path)
                with translated(path):
                    delete_files(path)
                    lock_path(path).unlink(missing_ok=True)
                if items:
                    self.notes.append(
                        f"no poller uses the journal {path.name} any more: its {items} samples are sent to the database"
                    )
        finally:
            os.close(lock)

    def _copy_groups(self, path: Path) -> int:
        """Copy another file's groups behind those there are; returns the number of their items."""
        last, before, _ = self.extent()
        with translated(path):
            self._writing.execute("ATTACH ? AS other", (str(path),))
            with self._writing:
                self._writing.execute(
                    "INSERT INTO sample_group SELECT id + ?, items, taken_us, whole, data FROM other.sample_group",
                    (last,),
                )
                self._writing.execute("INSERT OR IGNORE INTO recipe SELECT layout, recipe FROM other.recipe")
            self._writing.execute("DETACH other")
        return self.extent()[1] - before


def _stored_group(row: tuple[int, int, int, int, bytes]) -> StoredGroup:
    number, items, made_us, has_values, data = row
    return StoredGroup(number, items, made_us, bool(has_values), data)
