"""Real databases: the embedded one everywhere, TimescaleDB where this machine or ESS_RAY_TEST_DSN has one."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.core.maps.standard import Standard

NUMBERS = count()
EMPTY = "template0"  # nobody can be connected to it: TimescaleDB looks into all others now and then
MEMORY = Path("/dev/shm")
MEMORY_NEEDED = 4 << 30  # ten times what the servers take
QUICK = {"fsync": "off", "max_wal_size": "256MB"}  # these data are nobody's
COPIED = "" if "ESS_RAY_TEST_DSN" in os.environ else "STRATEGY file_copy"  # quick without fsync; PostgreSQL 15 or newer
TIMESCALE = QUICK | {"shared_preload_libraries": "timescaledb", "timescaledb.telemetry_level": "off"}


def pytest_collection_finish() -> None:
    """Modules and collected tests stay to the end: the garbage collector need not look through them again and again.

    What tests make is gone soon, or kept by a cache: a search ten times as seldom saves a twentieth of the time.
    """
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A worker sends its reports as UTF-8, and what a test has logged need not be any."""
    report = yield
    report.sections = [(title, text.encode(errors="backslashreplace").decode()) for title, text in report.sections]
    return report


def _timescale_bin_dir() -> Path | None:
    """The programs of a PostgreSQL on this machine that has the extension."""
    installations = [
        (path, f"/usr/share/postgresql/{path.parent.name}") for path in Path("/usr/lib/postgresql").glob("*/bin")
    ]
    if pg_config := shutil.which("pg_config"):
        bin_dir, share = subprocess.check_output([pg_config, "--bindir", "--sharedir"], text=True).splitlines()
        installations.append((Path(bin_dir), share))
    with_timescale = (path for path, share in installations if Path(share, "extension/timescaledb.control").exists())
    return next((path for path in with_timescale if (path / "initdb").exists()), None)


@pytest.fixture(scope="session")
def timescale_bin_dir() -> Path:
    if bin_dir := _timescale_bin_dir():
        return bin_dir
    pytest.skip("no PostgreSQL with TimescaleDB on this machine")


@pytest.fixture(scope="session")
def servers_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where servers keep what is nobody's: each test's database is some hundred files, which memory makes at once."""
    for left in MEMORY.glob("ess_ray_test_*"):  # by a run that was killed
        if not Path(f"/proc/{left.name.rpartition('_')[2]}").exists():
            shutil.rmtree(left, ignore_errors=True)
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < MEMORY_NEEDED:
        yield tmp_path_factory.mktemp("servers")
        return
    folder = MEMORY / f"ess_ray_test_{os.getpid()}"
    folder.mkdir(mode=0o700)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def embedded_server(servers_folder: Path) -> Iterator[str]:
    with EmbeddedPostgres(servers_folder / "embedded", settings=QUICK) as embedded:
        yield embedded.dsn


@pytest.fixture(scope="session")
def timescaledb_server(request: pytest.FixtureRequest, servers_folder: Path) -> Iterator[str]:
    if dsn := os.environ.get("ESS_RAY_TEST_DSN"):
        yield dsn
    else:
        bin_dir = request.getfixturevalue("timescale_bin_dir")
        with EmbeddedPostgres(servers_folder / "timescaledb", bin_dir, TIMESCALE) as embedded:
            yield embedded.dsn


@pytest.fixture(scope="session", params=["embedded", "timescaledb"])
def server(request: pytest.FixtureRequest) -> str:
    """DSN of a server with or without TimescaleDB. Both stay: tests go from one to the other and back."""
    dsn: str = request.getfixturevalue(f"{request.param}_server")
    return dsn


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """The umask stays as it was: jobs that a test runs in this process set it."""
    before = os.umask(0o077)
    os.umask(before)
    yield
    os.umask(before)


@contextmanager
def new_database(server: str, template: str = EMPTY) -> Iterator[str]:
    """The DSN of a copy of a database on the server, for the `with` block."""
    name = f"ess_ray_test_{os.getpid()}_{next(NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} {COPIED}")
        yield make_conninfo(server, dbname=name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


class Templates:
    """Databases with the tables of a standard, to be copied by `new_database`: each is made when it is asked for."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, int], str] = {}

    def name(self, server: str, standard: Standard) -> str:
        """The one on this server. It has no identity: a copy gets its own when it is prepared."""
        key = server, id(standard)
        if key not in self._made:
            name = self._made[key] = f"ess_ray_test_{os.getpid()}_{next(NUMBERS)}"
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name} TEMPLATE {EMPTY}")
                _fill(make_conninfo(server, dbname=name), standard)
                connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        return self._made[key]

    def drop(self) -> None:
        """Drop them, but for those of servers that have ended and left nothing."""
        for (server, _), name in self._made.items():
            with suppress(psycopg.OperationalError), psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name}")


def _fill(dsn: str, standard: Standard) -> None:
    """Prepare a database, and leave nobody connected to it: it could not be copied."""
    timescale = prepare(dsn, standard).hypertables
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("DELETE FROM database_identity")
        if timescale:
            connection.execute("SELECT _timescaledb_functions.stop_background_workers()")


@pytest.fixture(scope="session")
def templates() -> Iterator[Templates]:
    templates = Templates()
    yield templates
    templates.drop()


@pytest.fixture
def template(server: str, templates: Templates, request: pytest.FixtureRequest) -> str:
    """What the databases of the test are copies of. A test that prepares them for a standard has them prepared already
    with the mark `tables(STANDARD)`: to do it again is quick. `tables(None)`: as without the mark, without tables.
    """
    mark = request.node.get_closest_marker("tables")
    standard = mark.args[0] if mark else None
    return templates.name(server, standard) if standard else EMPTY


@pytest.fixture
def dsn(server: str, template: str) -> Iterator[str]:
    """A database of its own for each test."""
    with new_database(server, template) as dsn:
        yield dsn


@pytest.fixture
def other_dsn(server: str, template: str) -> Iterator[str]:
    """A second database on the same server."""
    with new_database(server, template) as dsn:
        yield dsn


@pytest.fixture
def role(server: str) -> Iterator[str]:
    """A role that may log in and nothing else. Ask for it before `dsn`: it goes after the database it has rights in."""
    name = f"ess_ray_test_{os.getpid()}_{next(NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN")
        yield name
        connection.execute(f"DROP ROLE {name}")


@pytest.fixture
def has_timescale(dsn: str) -> bool:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'").fetchone()
    return row is not None
