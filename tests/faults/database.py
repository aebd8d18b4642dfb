"""A PostgreSQL server of the suite's own, on a port of loopback, that is stopped and started as faults want it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import psycopg

from ess_ray.adapters.postgres.embedded.process import find_bin_dir
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.core.errors import CannotStart
from tests.faults.disk import SmallDisk
from tests.ports import unused_port

RECOVERED_S = 30.0  # the processes of a killed server have gone by then


class Server:
    """The server and who may hurt it. Commits survive its crash: only a power cut would want fsync."""

    def __init__(self, folder: Path, disk: SmallDisk | None = None, bin_dir: Path | None = None) -> None:
        """`bin_dir`: programs of a PostgreSQL with TimescaleDB; None: the embedded one."""
        self._disk = disk
        self.has_timescale = bin_dir is not None
        self.port = unused_port()
        self._folder, self._bin_dir = folder, bin_dir
        self._data = folder / "data"
        self._pid_file = self._data / "postmaster.pid"
        self._postgres = EmbeddedPostgres(folder, bin_dir, self._settings("127.0.0.1"))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _settings(self, address: str) -> Mapping[str, str]:
        settings = {"listen_addresses": address, "port": str(self.port), "fsync": "off", "max_wal_size": "128MB"}
        if self.has_timescale:
            settings |= {"shared_preload_libraries": "timescaledb", "timescaledb.telemetry_level": "off"}
        return settings

    def dsn(self, port: int) -> str:
        """The connection string through `port`."""
        return f"host=127.0.0.1 port={port} dbname=postgres user=postgres"

    def start(self) -> None:
        """Start it; it listens when this returns."""
        self._postgres.start()

    def stop(self) -> None:
        """A fast shutdown: transactions are rolled back, a checkpoint is written."""
        self._postgres.stop()

    def crash(self) -> None:
        """An immediate shutdown: the next start recovers."""
        os.kill(self._pid(), signal.SIGQUIT)
        while self._pid_file.exists():
            time.sleep(0.02)
        self._postgres.stop()

    def kill(self) -> None:
        """kill -9 of its first process, as the kernel does that has run out of memory; the others end by themselves."""
        os.kill(self._pid(), signal.SIGKILL)
        self._postgres.stop()

    def recover(self) -> None:
        """Start it after a kill: what is left of the server before may still be there for a moment."""
        deadline_s = time.monotonic() + RECOVERED_S
        while True:
            try:
                self.start()
            except CannotStart:
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(0.2)
            else:
                return

    def fill(self) -> bool:
        """No room on its disk any more; False where it has none of its own."""
        if self._disk:
            self._disk.fill()
        return self._disk is not None

    def free(self) -> None:
        """Room again. Without any for its log PostgreSQL ends, and somebody has to start it."""
        assert self._disk
        self._disk.free()
        try:
            self.query("SELECT 1")
        except psycopg.OperationalError:
            self._postgres.stop()
            self.start()

    def end_backends(self) -> None:
        """End every connection's process in the server."""
        self.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )

    def be_alone(self) -> None:
        """End every connection's process, and wait until they have gone: nothing commits any more."""
        self.end_backends()
        while self.query(
            "SELECT FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        ):
            time.sleep(0.02)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask it, past all proxies."""
        with psycopg.connect(self.dsn(self.port), autocommit=True) as connection:
            return connection.execute(statement.encode()).fetchall()

    # --- copies -------------------------------------------------------------------------------------------------------

    def copy_to(self, folder: Path) -> None:
        """A copy of the running server's data folder, as a replica or a backup of its files would have it."""
        shutil.rmtree(folder, ignore_errors=True)
        self._program("pg_basebackup", "-D", str(folder), "-c", "fast", "-X", "stream", "--no-sync")

    def dump_to(self, file: Path) -> None:
        """A dump of the running server's database."""
        self._program("pg_dump", "-Fc", "-f", str(file))

    def restore(self, copy: Path) -> None:
        """Take its data from a copy, or into a new server from a dump; it is stopped at once and started again."""
        self.crash()
        owner = self._data.stat()
        shutil.rmtree(self._data)
        if copy.is_dir():
            subprocess.run(["cp", "-a", copy, self._data], check=True)
            subprocess.run(["chown", "-R", f"{owner.st_uid}:{owner.st_gid}", self._data], check=True)
        else:
            with EmbeddedPostgres(self._folder, self._bin_dir, self._settings("")) as nobody_else:
                load = ["pg_restore", "--single-transaction", "-d", nobody_else.dsn + f" port={self.port}", str(copy)]
                self._program(*load, where=())
        self.start()

    def _pid(self) -> int:
        return int(self._pid_file.read_text().split()[0])

    def _program(self, name: str, *words: str, where: tuple[str, ...] | None = None) -> None:
        connection = ("-d", self.dsn(self.port)) if where is None else where
        program = (self._bin_dir or find_bin_dir()) / name
        subprocess.run([program, *connection, *words], check=True, capture_output=True)
