"""A file that a journal cannot use is set aside under another name, never deleted; what can be read of it is saved.

Called with the journal's lock held. Two reasons: it belongs to another source, database or format (`.foreign-TIME`,
its samples stay in it), or it is corrupt (`.corrupt-TIME`, its readable samples are taken over). A kill at any moment
loses nothing. Of a corrupt file the steps, each of which the next start goes on from::

    NAME ──copy what can be read──▶ NAME.salvaging ──rename──▶ NAME.salvaged     (NAME is still there)
    NAME ──rename──▶ NAME.corrupt-TIME                                           (NAME.salvaged is there)
    NAME.salvaged ──rename──▶ NAME

Errors: `JournalFailed` if the disk refuses to read, write, rename or delete.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ess_ray.adapters.journal.owner import JournalOwner
from ess_ray.adapters.journal.sqlite import COMPANIONS, TABLES, delete_files, is_corrupt, open_sqlite, translated

INSERT_GROUP = "INSERT OR IGNORE INTO sample_group VALUES (?, ?, ?, ?, ?)"


def set_aside_unusable(path: Path, owner: JournalOwner) -> list[str]:
    """Set a file at `path` aside that is corrupt or not of this owner: then `path` is free, or has what was saved.

    Returns notes for a person about what was done; none for a good file, or for no file. Raises JournalFailed if the
    disk refuses to read, write, rename or delete.
    """
    with translated(path):
        return _set_aside_unusable(path, owner)


def _set_aside_unusable(path: Path, owner: JournalOwner) -> list[str]:
    salvaged, saved = path.with_name(f"{path.name}.salvaged"), "what could be read of it is"
    notes: list[str] = []
    if path.exists() and not salvaged.exists():
        about = _about(path)
        if about == owner.about:
            return []
        if about:  # reading it has left one file only: the WAL is in it
            return [_set_aside_foreign(path, about, owner)]
        half = path.with_name(f"{path.name}.salvaging")
        delete_files(half)
        saved = f"{_salvage(path, half, owner)} groups"
        half.rename(salvaged)
    if salvaged.exists():
        if path.exists():
            aside = _rename_files(path, "corrupt")
            notes.append(f"journal {path.name} was corrupt: set aside as {aside.name}, {saved} taken over")
        salvaged.rename(path)
    return notes


def _about(path: Path) -> dict[str, str]:
    """The rows of table `about` in a file; none if it is corrupt or no journal."""
    try:
        with closing(sqlite3.connect(path)) as file:
            if file.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                return {}
            return dict(file.execute("SELECT key, value FROM about").fetchall())
    except sqlite3.DatabaseError as error:
        if not is_corrupt(error):
            raise
        return {}


def _set_aside_foreign(path: Path, about: dict[str, str], owner: JournalOwner) -> str:
    aside = _rename_files(path, "foreign")
    differences = " and ".join(
        f"{key} {about.get(key)}, not {expected}" for key, expected in owner.about.items() if about.get(key) != expected
    )
    if about.get("format") == owner.about["format"]:
        folder = f"journal/{about.get('source')}-{about.get('database')}"
        advice = f"to store them, move it as {path.name} into {folder} and start the job with that source and database"
    else:
        advice = f"to store them, rename it to {path.name} again and start the version of ess_ray that wrote it"
    return (
        f"journal {path.name} was written for {differences}: renamed to {aside.name}, its samples stay there; {advice}"
    )


def _rename_files(path: Path, why: str) -> Path:
    aside = path.with_name(f"{path.name}.{why}-{time.time_ns() // 1_000_000}")
    for suffix in COMPANIONS:
        if Path(f"{path}{suffix}").exists():
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    return aside


def _salvage(path: Path, target: Path, owner: JournalOwner) -> int:
    """Copy what can still be read of a corrupt file into a new one, from both ends; returns the number of groups."""
    saved = 0
    with closing(open_sqlite(target, "full")) as new, closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as old:
        new.executescript(TABLES)
        new.executemany("INSERT OR IGNORE INTO about VALUES (?, ?)", owner.about.items())
        with new:
            for row in _readable_rows(old, "SELECT layout, recipe FROM recipe"):
                new.execute("INSERT OR IGNORE INTO recipe VALUES (?, ?)", row)
        for order in ("ASC", "DESC"):
            with new:
                for row in _readable_rows(old, f"SELECT * FROM sample_group ORDER BY id {order}"):
                    saved += new.execute(INSERT_GROUP, row).rowcount
    return saved


def _readable_rows(file: sqlite3.Connection, query: str) -> Iterator[tuple[object, ...]]:
    """The rows up to the first that cannot be read."""
    try:
        yield from file.execute(query)
    except sqlite3.DatabaseError as error:
        if not is_corrupt(error):
            raise
