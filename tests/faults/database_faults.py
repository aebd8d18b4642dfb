"""What administrators and accidents do to a database: restored, an older replica promoted, locked, chunks dropped."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from tests.faults.database import Server
from tests.faults.history import History, Tick
from tests.faults.proxy import Mode, Proxy

TABLES = ("sample", "event", "head", "part")
LOCKED = ("sample", "device", "head")
LOCK_WAIT = "3s"
KEPT_COPIES = 3
DROPPED_AGE_S, DROPPED_S = (40.0, 120.0), (15.0, 60.0)  # how old, and how much
CHUNK_S = 60.0  # of a hypertable: only what is all of it so old is dropped
TICKS = "SELECT substr(device, 2)::int, extract(epoch FROM time)::bigint FROM {}"


class DatabaseFaults:
    """The database behind its proxy, and the copies that were made of it."""

    def __init__(self, server: Server, proxy: Proxy, history: History, folder: Path, chance: random.Random) -> None:
        """`folder`: where the copies are kept; it is made."""
        folder.mkdir(exist_ok=True)
        self._server, self._proxy, self._history, self._folder, self._chance = server, proxy, history, folder, chance
        self._copies: list[Path] = []
        self._number = 0

    def back_up(self) -> bool:
        """Make a copy or a dump, to be restored later."""
        self._number += 1
        dump = not self._server.has_timescale and self._chance.random() < 0.5
        copy = self._folder / f"{self._number}{'.dump' if dump else ''}"
        if dump:
            self._server.dump_to(copy)
        else:
            self._server.copy_to(copy)
        self._copies = [*self._copies, copy][-KEPT_COPIES:]
        return True

    def restore(self) -> bool:
        """Restore one of the copies that were made earlier in the run."""
        if not self._copies:
            self.back_up()
            return False
        self._restore(self._chance.choice(self._copies))
        return True

    def promote(self, behind_s: float) -> bool:
        """The server dies, and a replica takes its place that is `behind_s` behind."""
        replica = self._folder / "replica"
        self._server.copy_to(replica)
        time.sleep(behind_s)
        self._restore(replica)
        return True

    def lock(self) -> Callable[[], None] | None:
        """Lock a table as an ALTER TABLE does that does not end; gives what ends it. None if it was not to be had."""
        connection = psycopg.connect(self._server.dsn(self._server.port))
        try:
            connection.execute(f"SET lock_timeout = '{LOCK_WAIT}'".encode())
            connection.execute(f"LOCK TABLE {self._chance.choice(LOCKED)} IN ACCESS EXCLUSIVE MODE".encode())
        except psycopg.errors.LockNotAvailable:
            connection.close()
            return None
        return connection.close

    def drop(self) -> bool:
        """Delete what is older than a minute or so: all of it, or its data alone. False if there was nothing."""
        end_s = time.time() - self._chance.uniform(*DROPPED_AGE_S)
        start_s = end_s - self._chance.uniform(*DROPPED_S) - CHUNK_S * self._server.has_timescale
        tables = TABLES[2:] if self._chance.random() < 0.3 else TABLES
        limits = f"time >= to_timestamp({start_s}) AND time < to_timestamp({end_s})"
        chunks = f"older_than => to_timestamp({end_s}), newer_than => to_timestamp({start_s})"
        deleted: set[Tick] = set()
        with psycopg.connect(self._server.dsn(self._server.port)) as connection:
            for table in tables:
                before = _ticks(connection, table)
                if self._server.has_timescale:
                    connection.execute(f"SELECT drop_chunks('{table}', {chunks})".encode())
                else:
                    connection.execute(f"DELETE FROM {table} WHERE {limits}".encode())
                deleted = before - _ticks(connection, table)
                self._history.deleted[table] |= deleted
        return bool(deleted)

    def _restore(self, copy: Path) -> None:
        """While nobody can reach the server; what is forgotten by it is noted."""
        self._proxy.set(Mode.REFUSE)
        self._server.be_alone()
        before = self._samples()
        self._server.restore(copy)
        self._history.forgotten |= before - self._samples()
        self._history.restored_s.append(time.time())
        self._proxy.set(Mode.PASS)

    def _samples(self) -> set[Tick]:
        with psycopg.connect(self._server.dsn(self._server.port)) as connection:
            return _ticks(connection, "sample")


def _ticks(connection: psycopg.Connection[tuple[object, ...]], table: str) -> set[Tick]:
    return {(int(str(device)), int(str(second))) for device, second in connection.execute(TICKS.format(table).encode())}
