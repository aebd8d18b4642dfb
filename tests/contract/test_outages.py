"""However a database fails, a flush is stored once in the end, and until then the error says "try again"."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Event

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ess_ray.adapters.postgres.embedded.process import server_user
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.adapters.postgres.writer import FlushWriter
from ess_ray.core.errors import DatabaseUnavailable
from ess_ray.core.storing.flush import Committed, Flush
from tests.conftest import COPIED, QUICK, TIMESCALE
from tests.flushes import STANDARD, counts, flush_of, keys_of
from tests.pgproxy import Cut, Moment, PostgresProxy

BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'ess_ray'"


class Outage:
    """A server of our own, a database on it, and what can happen to them."""

    def __init__(self, server: EmbeddedPostgres, dsn: str) -> None:
        self.server = server
        self.dsn = dsn

    def cut(self) -> None:
        """The connection breaks."""
        raise Cut

    def kill_backend(self) -> None:
        """kill -9 of the process that serves the writer: the server throws everyone out and recovers."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            _signal(connection, signal.SIGKILL)
            with pytest.raises(psycopg.OperationalError):  # once it has noticed
                connection.execute("SELECT pg_sleep(30)")

    def cancel(self) -> None:
        """The statement is cancelled, as by a time limit."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            _signal(connection, signal.SIGINT)

    def stop_fast(self) -> None:
        """The server throws its clients out and stops."""
        self.server.stop()

    def stop_immediately(self) -> None:
        """The server drops everything; it recovers at its next start."""
        assert self.server._server is not None
        os.kill(self.server._server.pid, signal.SIGQUIT)
        self.server._server.wait()
        self.server.stop()

    def end(self) -> None:
        """The server serves again."""
        if self.server._server is None:
            self.server.start()


def _signal(connection: psycopg.Connection, number: int) -> None:
    for (pid,) in connection.execute(BACKENDS):
        os.kill(pid, number)


@pytest.fixture(scope="module", params=["embedded", "timescaledb"])
def own_server(request: pytest.FixtureRequest, servers_folder: Path) -> Iterator[EmbeddedPostgres]:
    """One that may be stopped: no other module's tests use it."""
    timescale = request.param == "timescaledb"
    bin_dir = request.getfixturevalue("timescale_bin_dir") if timescale else None
    folder = servers_folder / f"outages_{request.param}"
    with EmbeddedPostgres(folder, bin_dir, TIMESCALE if timescale else QUICK) as server:
        yield server


@pytest.fixture
def outage(own_server: EmbeddedPostgres) -> Iterator[Outage]:
    with psycopg.connect(own_server.dsn, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE outage {COPIED}")
    dsn = make_conninfo(own_server.dsn, dbname="outage")
    prepare(dsn, STANDARD)
    yield Outage(own_server, dsn)
    with psycopg.connect(own_server.dsn, autocommit=True) as connection:
        connection.execute("DROP DATABASE outage WITH (FORCE)")


@pytest.fixture
def proxy(outage: Outage) -> Iterator[PostgresProxy]:
    folder = Path(str(conninfo_to_dict(outage.dsn)["host"]))
    with PostgresProxy(folder / ".s.PGSQL.5432").running() as proxy:
        yield proxy


@pytest.fixture
def writer(outage: Outage, proxy: PostgresProxy) -> Iterator[FlushWriter]:
    dsn = make_conninfo(outage.dsn, host="127.0.0.1", port=proxy.port)
    with closing(FlushWriter(dsn, collector="roof", answer_limit_s=2)) as writer:
        writer.write(flush_of(keys_of(range(10), "before")))
        yield writer


def retried(writer: FlushWriter, flush: Flush) -> Committed:
    """The answer, once there is one."""
    end_s = time.monotonic() + 30
    while True:
        try:
            return writer.write(flush)
        except DatabaseUnavailable:
            assert time.monotonic() < end_s
            time.sleep(0.05)  # a server in recovery says no until it is over


FLUSH = flush_of(keys_of(range(100)))
STORED = (110, 220, 110)  # with what was there before
STOPS = [Outage.kill_backend, Outage.stop_fast, Outage.stop_immediately]
TROUBLES = [(moment, happens) for moment in Moment for happens in (Outage.cut, *STOPS)]


@pytest.mark.parametrize(
    ("moment", "happens"),
    [*TROUBLES, (Moment.IN_COPY, Outage.cancel)],
    ids=lambda value: value.name if isinstance(value, Moment) else value.__name__,
)
def test_a_flush_is_stored_once_whatever_happens_to_it(
    outage: Outage, proxy: PostgresProxy, writer: FlushWriter, moment: Moment, happens: Callable[[Outage], None]
) -> None:
    proxy.moment, proxy.happens = moment, lambda: happens(outage)
    with pytest.raises(DatabaseUnavailable, match="writing 100 samples"):
        writer.write(FLUSH)
    assert proxy.moment is None
    outage.end()
    answer = retried(writer, FLUSH)
    lost_answer = tuple(FLUSH.keys) if moment is Moment.AFTER_COMMIT else ()
    assert answer.duplicates == lost_answer
    assert answer.duplicate_rows == {key: {"bank": 2, "pcs": 1} for key in lost_answer}
    assert writer.write(FLUSH).duplicates == tuple(FLUSH.keys)
    assert counts(outage.dsn) == STORED
    assert not answer.rejected


@pytest.mark.parametrize("happens", STOPS)
def test_an_outage_between_two_flushes_costs_one_error(
    outage: Outage, writer: FlushWriter, happens: Callable[[Outage], None]
) -> None:
    happens(outage)
    with pytest.raises(DatabaseUnavailable):
        writer.write(FLUSH)
    outage.end()
    assert retried(writer, FLUSH).duplicates == ()
    assert counts(outage.dsn) == STORED


@pytest.mark.parametrize("moment", Moment, ids=lambda moment: moment.name)
def test_a_connection_that_hangs_is_given_up(
    outage: Outage, proxy: PostgresProxy, writer: FlushWriter, moment: Moment
) -> None:
    on = Event()

    def hang() -> None:
        on.wait(30)
        raise Cut

    proxy.moment, proxy.happens = moment, hang
    begin_s = time.monotonic()
    with pytest.raises(DatabaseUnavailable, match="no answer from the server for 2 s"):
        writer.write(FLUSH)
    assert time.monotonic() - begin_s < 5  # one limit, and not another one for the rollback
    on.set()
    assert retried(writer, FLUSH).duplicates == (tuple(FLUSH.keys) if moment is Moment.AFTER_COMMIT else ())
    assert counts(outage.dsn) == STORED


SLOW = (
    "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_sleep(60); END$$; "
    "CREATE TRIGGER slow AFTER INSERT ON bank FOR EACH STATEMENT EXECUTE FUNCTION slow()"
)


@pytest.mark.parametrize(
    ("begin", "end", "problem"),
    [
        (
            "ALTER DATABASE outage SET default_transaction_read_only = on",
            "ALTER DATABASE outage RESET default_transaction_read_only",
            "read-only transaction",
        ),
        (
            "BEGIN; LOCK TABLE bank IN SHARE MODE",
            "ROLLBACK",
            "lock timeout",
        ),
        (
            SLOW,
            "DROP TRIGGER slow ON bank",
            "no answer from the server",
        ),
    ],
)
def test_a_database_that_does_not_serve_now_is_tried_again(
    outage: Outage, writer: FlushWriter, begin: str, end: str, problem: str
) -> None:
    writer.close()  # a setting of the database holds for new connections
    with psycopg.connect(outage.dsn, autocommit=True) as connection:
        connection.execute(begin.encode())
        with pytest.raises(DatabaseUnavailable, match=problem):
            writer.write(FLUSH)
        connection.execute(f"SET default_transaction_read_only = off; {end}".encode())
    assert retried(writer, FLUSH).duplicates == ()
    assert counts(outage.dsn) == STORED


def test_a_server_without_a_free_connection_is_tried_again(tmp_path: Path) -> None:
    few = {"max_connections": "3", "superuser_reserved_connections": "0", "max_wal_senders": "0"}
    with EmbeddedPostgres(tmp_path / "pg", settings=QUICK | few) as server, closing(FlushWriter(server.dsn)) as writer:
        prepare(server.dsn, STANDARD)
        with ExitStack() as others:
            for _ in range(3):
                others.enter_context(psycopg.connect(server.dsn))
            with pytest.raises(DatabaseUnavailable, match="too many clients"):
                writer.write(FLUSH)
        assert retried(writer, FLUSH).duplicates == ()
        assert counts(server.dsn) == (100, 200, 100)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if (
        os.geteuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False).returncode
    ):
        pytest.skip("only root may mount a file system")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def until_refused(writer: FlushWriter, flushes: Iterator[Flush]) -> tuple[Flush, str]:
    """The first flush that the disk is too full for, and the error."""
    for flush in flushes:
        try:
            writer.write(flush)
        except DatabaseUnavailable as error:
            return flush, str(error)
    raise AssertionError("the disk was never full")


def test_a_full_disk_is_tried_again_and_costs_no_row(tmp_path: Path, small_disk: Path) -> None:
    with EmbeddedPostgres(tmp_path / "pg", settings=QUICK) as server, closing(FlushWriter(server.dsn)) as writer:
        user = server_user(tmp_path / "pg/data")
        assert user is not None
        os.chown(small_disk, *user)
        prepare(server.dsn, STANDARD)
        with psycopg.connect(server.dsn, autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{small_disk}'")
            connection.execute("ALTER TABLE bank SET TABLESPACE small")
        flushes = [flush_of(keys_of(range(start, start + 1000))) for start in range(0, 10_000, 1000)]
        left = iter(flushes)
        refused, problem = until_refused(writer, left)
        assert "No space left on device" in problem
        subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
        for flush in (refused, *left):
            answer = retried(writer, flush)
            assert not answer.duplicates
            assert not answer.rejected
        assert counts(server.dsn) == (10_000, 20_000, 10_000)
