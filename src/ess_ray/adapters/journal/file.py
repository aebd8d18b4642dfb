"""The journal's file: groups of samples in SQLite, so that what was polled survives any process. Used by the journal.

One file a poller process, in WAL mode: a torn tail is cut off by SQLite's own checksums. A file that cannot be read is
set aside under another name, never deleted, and what can still be read of it is taken over. A file says which format
it has, where its samples came from and which database they belong to; another one's is set aside too.
Errors: `JournalBusy` if another process has the file, `JournalFailed` (transient) if the disk refuses.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from ess_ray.core.batch import FORMAT
from ess_ray.core.errors import JournalBusy, JournalFailed

LOCK_WAIT_S = 10.0  # a predecessor that was killed may still be dying
SUFFIX = ".journal"
COMPANIONS = ("-wal", "-shm", "")  # SQLite's, and the file itself, which goes last
TABLES = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS recipe (layout TEXT PRIMARY KEY, recipe TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sample_group (id INTEGER PRIMARY KEY, items INTEGER NOT NULL, taken_us INTEGER NOT NULL,
                                         whole INTEGER NOT NULL, data BLOB NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Belonging:
    """Where a journal's samples came from and where alone they may go."""

    source: str  # "plant" or "simulated"
    database: str  # its identity


@dataclass(frozen=True, slots=True)
class Stored:
    """A group in the file. `whole`: it still has its values."""

    number: int
    items: int
    taken_us: int
    whole: bool
    data: bytes


def journal_folder(state_dir: Path, belonging: Belonging) -> Path:
    """Where the journals of a source and a database are."""
    return state_dir / "journal" / f"{belonging.source}-{belonging.database}"


class JournalFile:
    """An open journal. One thread writes, another may read."""

    def __init__(self, path: Path, belonging: Belonging, sync: str, wait_s: float = LOCK_WAIT_S) -> None:
        """Open or make the file; `notes` says what a person should know of it."""
        self.notes: list[str] = []
        self._lock = _lock(path, wait_s)
        try:
            path = self._usable(path, belonging)
            with _translated(path):
                self._writing = _connect(path, sync)
                self._writing.executescript(TABLES)
                about = {"format": str(FORMAT), **asdict(belonging)}
                with self._writing:  # committed at once: a file that does not say what it is reads as corrupt
                    self._writing.executemany("INSERT OR IGNORE INTO about VALUES (?, ?)", about.items())
                self._reading = _connect(path, sync)
        except BaseException:
            os.close(self._lock)
            raise
        self._path = path

    def close(self) -> None:
        """Close the file and let others have it."""
        self._writing.close()
        self._reading.close()
        os.close(self._lock)

    def remove(self) -> None:
        """Close and delete a file that holds nothing any more."""
        self._writing.close()
        self._reading.close()
        _delete(self._path)
        Path(f"{self._path}.lock").unlink(missing_ok=True)  # before it is free: who waits for it makes a file anew
        os.close(self._lock)

    def recipes(self) -> dict[str, str]:
        """All recipes by layout."""
        with _translated(self._path):
            return dict(self._reading.execute("SELECT layout, recipe FROM recipe").fetchall())

    def extent(self) -> tuple[int, int, int]:
        """Highest number, items and bytes of the groups in the file; zeros for an empty one."""
        query = "SELECT coalesce(max(id), 0), coalesce(sum(items), 0), coalesce(sum(length(data)), 0) FROM sample_group"
        with _translated(self._path):
            row: tuple[int, int, int] = self._reading.execute(query).fetchone()
        return row

    def commit(self, groups: Iterable[Stored], done: Iterable[int], recipes: Mapping[str, str] = {}) -> None:
        """In one transaction: write groups (again, if their number is known), forget those done, keep recipes."""
        rows = [(g.number, g.items, g.taken_us, g.whole, g.data) for g in groups]
        with _translated(self._path), self._writing:
            self._writing.executemany("INSERT OR REPLACE INTO sample_group VALUES (?, ?, ?, ?, ?)", rows)
            self._writing.executemany("DELETE FROM sample_group WHERE id = ?", [(number,) for number in done])
            self._writing.executemany("INSERT OR IGNORE INTO recipe VALUES (?, ?)", recipes.items())

    def read(self, after: int, up_to: int, most: int) -> list[Stored]:
        """At most `most` groups with after < number <= up_to, in order."""
        query = "SELECT * FROM sample_group WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
        with _translated(self._path):
            rows = self._reading.execute(query, (after, up_to, most)).fetchall()
        return [Stored(number, items, taken_us, bool(whole), data) for number, items, taken_us, whole, data in rows]

    def oldest(self, after: int, whole: bool) -> Stored | None:
        """The first group after number `after`; `whole`: that still has its values."""
        query = "SELECT * FROM sample_group WHERE id > ? AND whole >= ? ORDER BY id LIMIT 1"
        with _translated(self._path):
            row = self._writing.execute(query, (after, whole)).fetchone()
        return Stored(row[0], row[1], row[2], bool(row[3]), row[4]) if row else None

    def first_taken(self) -> Stored | None:
        """The group that was taken first: of adopted groups numbers do not tell."""
        query = "SELECT * FROM sample_group WHERE id = (SELECT id FROM sample_group ORDER BY taken_us LIMIT 1)"
        with _translated(self._path):
            row = self._reading.execute(query).fetchone()
        return Stored(row[0], row[1], row[2], bool(row[3]), row[4]) if row else None

    def adopt(self, path: Path, belonging: Belonging) -> None:
        """Take over the groups of another journal, whose poller is no longer configured, and delete it.

        A crash in between takes them over twice, which the key of `sample` makes harmless.
        """
        try:
            lock = _lock(path, wait_s=0.0)
        except JournalBusy as error:
            self.notes.append(f"{error}: left alone")
            return
        try:
            self._usable(path, belonging)
            if path.exists():
                items = self._copy_groups(path)
                _delete(path)
                Path(f"{path}.lock").unlink(missing_ok=True)
                if items:
                    self.notes.append(f"journal {path.name} has no poller any more: {items} samples are taken over")
        finally:
            os.close(lock)

    def _copy_groups(self, path: Path) -> int:
        last, before, _ = self.extent()
        with _translated(path):
            self._writing.execute("ATTACH ? AS other", (str(path),))
            with self._writing:
                self._writing.execute(
                    "INSERT INTO sample_group SELECT id + ?, items, taken_us, whole, data FROM other.sample_group",
                    (last,),
                )
                self._writing.execute("INSERT OR IGNORE INTO recipe SELECT layout, recipe FROM other.recipe")
            self._writing.execute("DETACH other")
        return self.extent()[1] - before

    def _usable(self, path: Path, belonging: Belonging) -> Path:
        """`path`, after a file there that is not ours to use was set aside. A kill meanwhile loses nothing of it."""
        salvaged, saved = path.with_name(f"{path.name}.salvaged"), "what could be read of it is"
        if path.exists() and not salvaged.exists():
            with _translated(path):
                about = _about(path)
            expected = {"format": str(FORMAT), **asdict(belonging)}
            if about == expected:
                return path
            if about:  # closing it has left one file only
                aside = _set_aside(path, "foreign")
                wrong = [key for key in expected if about.get(key) != expected[key]]
                differs = ", ".join(f"{key} {about.get(key)} instead of {expected[key]}" for key in wrong)
                self.notes.append(f"journal {path.name}: {differs}: set aside as {aside.name}, its samples stay there")
                return path
            half = path.with_name(f"{path.name}.salvaging")
            _delete(half)
            with _translated(path):
                saved = f"{_salvage(path, half, belonging)} groups"
            half.rename(salvaged)
        if salvaged.exists():
            if path.exists():
                aside = _set_aside(path, "corrupt")
                self.notes.append(f"journal {path.name} was corrupt: set aside as {aside.name}, {saved} taken over")
            salvaged.rename(path)
        return path


def _about(path: Path) -> dict[str, str]:
    """What a file says about itself; nothing if it is corrupt or no journal."""
    try:
        with closing(sqlite3.connect(path)) as file:
            if file.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                return {}
            return dict(file.execute("SELECT key, value FROM about").fetchall())
    except sqlite3.DatabaseError as error:
        if not is_corrupt(error):
            raise
        return {}


def is_corrupt(error: BaseException | None) -> bool:
    """Whether the file is at fault, and not the disk or the machine, which may take it another time.

    SQLite's result codes, "Result and Error Codes", sections CORRUPT, NOTADB and ERROR (no such table).
    """
    if not isinstance(error, sqlite3.DatabaseError):
        return False
    primary = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    return primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


def _set_aside(path: Path, why: str) -> Path:
    aside = path.with_name(f"{path.name}.{why}-{time.time_ns() // 1_000_000}")
    for suffix in COMPANIONS:
        if Path(f"{path}{suffix}").exists():
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    return aside


def _delete(path: Path) -> None:
    for suffix in COMPANIONS:
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _salvage(path: Path, half: Path, belonging: Belonging) -> int:
    """Copy what can still be read of a corrupt file into a new one; gives the number of groups."""
    saved = 0
    with closing(_connect(half, "full")) as new, closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as old:
        new.executescript(TABLES)
        about = {"format": str(FORMAT), **asdict(belonging)}
        new.executemany("INSERT OR IGNORE INTO about VALUES (?, ?)", about.items())
        for query, insert in (
            ("SELECT layout, recipe FROM recipe", "INSERT OR IGNORE INTO recipe VALUES (?, ?)"),
            ("SELECT * FROM sample_group ORDER BY id", "INSERT OR IGNORE INTO sample_group VALUES (?, ?, ?, ?, ?)"),
            (
                "SELECT * FROM sample_group ORDER BY id DESC",
                "INSERT OR IGNORE INTO sample_group VALUES (?, ?, ?, ?, ?)",
            ),
        ):
            with new:
                for row in _readable(old, query):
                    saved += new.execute(insert, row).rowcount * (len(row) > 2)
    return saved


def _readable(file: sqlite3.Connection, query: str) -> Iterator[tuple[object, ...]]:
    """The rows up to the first that cannot be read."""
    try:
        yield from file.execute(query)
    except sqlite3.DatabaseError as error:
        if not is_corrupt(error):
            raise


def _connect(path: Path, sync: str) -> sqlite3.Connection:
    file = sqlite3.connect(path, check_same_thread=False)
    path.chmod(0o600)
    file.execute("PRAGMA journal_mode = WAL")
    file.execute(f"PRAGMA synchronous = {'FULL' if sync == 'full' else 'NORMAL'}")
    return file


def _lock(path: Path, wait_s: float) -> int:
    """The descriptor of the lock that says: this journal is in use."""
    deadline_s = time.monotonic() + wait_s
    while (lock := _try_lock(path)) is None:
        if time.monotonic() >= deadline_s:
            raise JournalBusy(f"journal {path} is in use by another collector: give this one its own state_dir")
        time.sleep(0.1)
    return lock


def _try_lock(path: Path) -> int | None:
    """The lock; None: another process has it, or had it and has deleted it with the journal meanwhile."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise JournalFailed(f"journal {path}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(lock).st_ino == os.stat(f"{path}.lock").st_ino:  # noqa: PTH116
            return lock
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(lock)
    return None


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise JournalFailed(f"journal {path}: {error}") from error
