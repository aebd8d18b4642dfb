"""Real databases: the embedded one everywhere, TimescaleDB where this machine or ESS_RAY_TEST_DSN has one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ess_ray.adapters.embedded import EmbeddedPostgres

NUMBERS = count()
QUICK = {"fsync": "off"}  # these data are nobody's
TIMESCALE = QUICK | {"shared_preload_libraries": "timescaledb", "timescaledb.telemetry_level": "off"}


def _timescale_bin_dir() -> Path | None:
    """The programs of a PostgreSQL on this machine that has the extension."""
    places = [(path, f"/usr/share/postgresql/{path.parent.name}") for path in Path("/usr/lib/postgresql").glob("*/bin")]
    if pg_config := shutil.which("pg_config"):
        bin_dir, share = subprocess.check_output([pg_config, "--bindir", "--sharedir"], text=True).splitlines()
        places.append((Path(bin_dir), share))
    found = (path for path, share in places if Path(share, "extension/timescaledb.control").exists())
    return next((path for path in found if (path / "initdb").exists()), None)


@pytest.fixture(scope="session")
def timescale_bin_dir() -> Path:
    if bin_dir := _timescale_bin_dir():
        return bin_dir
    pytest.skip("no PostgreSQL with TimescaleDB on this machine")


@pytest.fixture(scope="session", params=["embedded", "timescaledb"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """DSN of a server with or without TimescaleDB."""
    folder = tmp_path_factory.mktemp(request.param) / "pg"
    if request.param == "embedded":
        with EmbeddedPostgres(folder, settings=QUICK) as embedded:
            yield embedded.dsn
    elif dsn := os.environ.get("ESS_RAY_TEST_DSN"):
        yield dsn
    else:
        with EmbeddedPostgres(folder, request.getfixturevalue("timescale_bin_dir"), TIMESCALE) as embedded:
            yield embedded.dsn


@pytest.fixture
def dsn(server: str) -> Iterator[str]:
    """A database of its own for each test."""
    name = f"ess_ray_test_{os.getpid()}_{next(NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield make_conninfo(server, dbname=name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


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
