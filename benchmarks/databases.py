"""The servers to measure on: the embedded one, and a PostgreSQL of this machine that has TimescaleDB."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import LiteralString

import psycopg

from ess_ray.adapters.postgres.embedded.process import find_bin_dir
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres

# A quarter of 8 GB, as timescaledb-tune would have it, which TimescaleDB's image runs.
TIMESCALE = {
    "shared_preload_libraries": "timescaledb", "timescaledb.telemetry_level": "off", "shared_buffers": "2GB",
}  # fmt: skip

PLAIN_SIZE: LiteralString = """
SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"""
HYPERTABLE_SIZE: LiteralString = """
SELECT sum(hypertable_size(format('%I.%I', hypertable_schema, hypertable_name)::regclass))
FROM timescaledb_information.hypertables"""
NO_POLICIES: LiteralString = """
SELECT remove_compression_policy(format('%I.%I', hypertable_schema, hypertable_name)::regclass)
FROM timescaledb_information.hypertables"""
COMPRESS: LiteralString = """
SELECT compress_chunk(format('%I.%I', chunk_schema, chunk_name)::regclass)
FROM timescaledb_information.chunks WHERE NOT is_compressed"""


def servers() -> dict[str, tuple[Path, dict[str, str]]]:
    """By name: the folder of the programs, and the settings."""
    servers: dict[str, tuple[Path, dict[str, str]]] = {"embedded": (find_bin_dir(), {})}
    if timescale := _timescale_bin_dir():
        servers["TimescaleDB"] = timescale, TIMESCALE
    return servers


def server() -> tuple[str, Path, dict[str, str]]:
    """Name, programs and settings of the one for the whole job: with TimescaleDB, if this machine has it."""
    name, (bin_dir, settings) = list(servers().items())[-1]
    return name if settings else f"{name} (no PostgreSQL with TimescaleDB here)", bin_dir, settings


@contextmanager
def running(bin_dir: Path, settings: dict[str, str]) -> Iterator[str]:
    """The DSN of a fresh server, settings as in production: a commit waits for the disk."""
    with TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "pg", bin_dir, settings) as server:
        yield server.dsn


def _timescale_bin_dir() -> Path | None:
    candidates = [
        (path, f"/usr/share/postgresql/{path.parent.name}") for path in Path("/usr/lib/postgresql").glob("*/bin")
    ]
    if pg_config := shutil.which("pg_config"):
        bin_dir, share = subprocess.check_output([pg_config, "--bindir", "--sharedir"], text=True).splitlines()
        candidates.append((Path(bin_dir), share))
    bin_dirs = (path for path, share in candidates if Path(share, "extension/timescaledb.control").exists())
    return next((path for path in bin_dirs if (path / "initdb").exists()), None)


def disk_bytes(dsn: str) -> int:
    """Bytes of all tables with their indexes."""
    with psycopg.connect(dsn) as connection:
        hypertables = _sum(connection, "SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'")
        return _sum(connection, HYPERTABLE_SIZE if hypertables else PLAIN_SIZE)


def compress(dsn: str) -> None:
    """Compress every chunk now. TimescaleDB's policy is removed first: where both come to a chunk, one is refused."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(NO_POLICIES)
        connection.execute(COMPRESS)


def _sum(connection: psycopg.Connection, query: LiteralString) -> int:
    row = connection.execute(query).fetchone()
    assert row
    return int(row[0])
