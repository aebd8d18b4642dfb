"""The folder of the embedded server: who owns it, its data's major version, and the swap at the end of an upgrade.

Major versions of PostgreSQL do not read each other's files (PostgreSQL manual, "Upgrading a PostgreSQL Cluster"). An
upgrade makes a new folder beside the old one and swaps them by two renames, which a kill may part:

    data (old)  data.upgraded ─▶ data.postgresql-15  data.upgraded ─▶ data.postgresql-15  data (new)

Whoever starts a server in the second state finishes the swap first: `data.upgraded` is complete, or it is not there.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ess_ray.adapters.local.private_file import sync_folder
from ess_ray.core.errors import CannotStart

UPGRADED = "data.upgraded"


def take_lock(folder: Path) -> int:
    """Make this process the owner of the server's folder, until it closes the file descriptor that this returns.

    Raises CannotStart if another process owns it.
    """
    lock = os.open(folder / "owner.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        owner = os.read(lock, 20).decode() or "?"
        os.close(lock)
        raise CannotStart(
            f"another ess_ray (process {owner}) uses the embedded database in {folder}; "
            "stop it, or give this one a state_dir of its own"
        ) from error
    os.ftruncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    return lock


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Own the server's folder for this block. Raises CannotStart if another process owns it."""
    lock = take_lock(folder)
    try:
        yield
    finally:
        os.close(lock)


def data_version(data: Path) -> int:
    """The major version of PostgreSQL that made the data folder. Raises OSError, ValueError if it is none."""
    return int((data / "PG_VERSION").read_text().strip())


def programs_version(bin_dir: Path) -> int:
    """The major version of PostgreSQL's programs in a folder. Raises OSError, CannotStart if there are none."""
    command = [str(bin_dir / "postgres"), "--version"]
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    try:
        return int(output.split()[2].split(".")[0])  # "postgres (PostgreSQL) 18.1"
    except (IndexError, ValueError) as error:
        raise CannotStart(f"{bin_dir / 'postgres'} does not say its version") from error


def check_version(data: Path, bin_dir: Path) -> None:
    """Raises CannotStart if the programs in `bin_dir` do not read this data folder, with what to do about it."""
    made_by, programs = data_version(data), programs_version(bin_dir)
    if made_by < programs:
        raise CannotStart(
            f"{data} was made by PostgreSQL {made_by}, and {bin_dir} is PostgreSQL {programs}, which does not read it: "
            "run ./scripts/run job=upgrade once, with this state_dir (docs/backup.md)"
        )
    if made_by > programs:
        raise CannotStart(
            f"{data} was made by PostgreSQL {made_by}, and {bin_dir} is PostgreSQL {programs}, which is older: start "
            "the version of ess_ray that made it"
        )


def kept_folder(folder: Path, version: int) -> Path:
    """Where the data folder of an old major version stays after an upgrade."""
    return folder / f"data.postgresql-{version}"


def swap(folder: Path, upgraded: Path) -> None:
    """Put the data folder `upgraded`, complete and on disk, in the place of `data`, which becomes its `kept_folder`.

    The caller owns `folder`. Raises OSError.
    """
    kept = kept_folder(folder, data_version(folder / "data"))
    upgraded.rename(folder / UPGRADED)
    sync_folder(folder)
    (folder / "data").rename(kept)
    finish_swap(folder)


def finish_swap(folder: Path) -> None:
    """Finish what a `swap` that was killed has begun; does nothing else. The caller owns `folder`. Raises OSError."""
    if (folder / UPGRADED).exists() and not (folder / "data").exists():
        (folder / UPGRADED).rename(folder / "data")
        sync_folder(folder)
