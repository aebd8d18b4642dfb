"""A PostgreSQL server of the suite's own, on a port of loopback, that is stopped and started as faults want it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any, Self

import psycopg

from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from tests.faults.disk import SmallDisk
from tests.ports import unused_port


class Server:
    """The server and who may hurt it. Commits survive its crash: only a power cut would want fsync."""

    def __init__(self, folder: Path, disk: SmallDisk | None = None, bin_dir: Path | None = None) -> None:
        self._disk = disk
        self.port = unused_port()
        self._pid_file = folder / "data" / "postmaster.pid"
        settings = {"listen_addresses": "127.0.0.1", "port": str(self.port), "fsync": "off", "max_wal_size": "128MB"}
        if bin_dir:  # of a PostgreSQL with TimescaleDB
            settings |= {"shared_preload_libraries": "timescaledb", "timescaledb.telemetry_level": "off"}
        self._postgres = EmbeddedPostgres(folder, bin_dir, settings)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

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
        pid = int(self._pid_file.read_text().split()[0])
        os.kill(pid, signal.SIGQUIT)
        while self._pid_file.exists():
            time.sleep(0.02)
        self._postgres.stop()

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

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask it, past all proxies."""
        with psycopg.connect(self.dsn(self.port), autocommit=True) as connection:
            return connection.execute(statement.encode()).fetchall()
