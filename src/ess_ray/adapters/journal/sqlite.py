"""SQLite as the journal uses it: tables, connection, errors. https://sqlite.org/wal.html, https://sqlite.org/pragma.html

The tables and the bytes in them (`core.batch`) are the journal's file format: a journal that an earlier release has
left behind is read as it is (tests/contract/test_journal_format.py).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ess_ray.core.errors import JournalFailed

COMPANIONS = ("-wal", "-shm", "")  # SQLite's, and the file itself, which goes last
# `whole`: 1 if the samples of the group still have their values. `taken_us`: when the group was made.
TABLES = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS recipe (layout TEXT PRIMARY KEY, recipe TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sample_group (id INTEGER PRIMARY KEY, items INTEGER NOT NULL, taken_us INTEGER NOT NULL,
                                         whole INTEGER NOT NULL, data BLOB NOT NULL);
"""


def open_sqlite(path: Path, sync: str) -> sqlite3.Connection:
    """A connection for any thread, one at a time; the file is made if it is not there, for its owner only (0600).

    WAL: a torn tail is cut off by SQLite's own checksums. `sync` is "full" (PRAGMA synchronous = FULL: a commit is on
    disk when it returns) or "normal" (NORMAL: a power cut may cost the last commits). Raises sqlite3.Error,
    and OSError if the rights cannot be set. Makes no tables.
    """
    file = sqlite3.connect(path, check_same_thread=False)
    path.chmod(0o600)
    file.execute("PRAGMA journal_mode = WAL")
    file.execute(f"PRAGMA synchronous = {'FULL' if sync == 'full' else 'NORMAL'}")
    return file


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise sqlite3.Error and OSError in the `with` block as JournalFailed, which names the journal at `path`."""
    try:
        yield
    except sqlite3.Error as error:
        raise JournalFailed(f"journal {path}: {error}") from error
    except OSError as error:
        raise JournalFailed(f"journal {path}: {error.strerror or error}") from error


def is_corrupt(error: BaseException | None) -> bool:
    """True if SQLite's error is the file's fault, and not that of the disk, which may take it another time.

    `error`: what sqlite3 raised, the `__cause__` of a JournalFailed; False for None and for any other exception.

    https://sqlite.org/rescode.html: SQLITE_CORRUPT, SQLITE_NOTADB, and SQLITE_ERROR (no such table).
    """
    if not isinstance(error, sqlite3.DatabaseError):
        return False
    primary = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    return primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


def delete_files(path: Path) -> None:
    """Delete the file at `path` and SQLite's `-wal` and `-shm` beside it, those that there are. Raises OSError."""
    for suffix in COMPANIONS:
        Path(f"{path}{suffix}").unlink(missing_ok=True)
