"""The servers to measure on: the embedded one, and a PostgreSQL of this machine that has TimescaleDB."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ess_ray.adapters.embedded import EmbeddedPostgres
from ess_ray.adapters.pgprocess import find_bin_dir

TIMESCALE = {"shared_preload_libraries": "timescaledb", "timescaledb.telemetry_level": "off"}


def servers() -> dict[str, tuple[Path, dict[str, str]]]:
    """By name: the folder of the programs, and the settings."""
    found: dict[str, tuple[Path, dict[str, str]]] = {"embedded": (find_bin_dir(), {})}
    if timescale := _timescale_bin_dir():
        found["TimescaleDB"] = timescale, TIMESCALE
    return found


@contextmanager
def running(bin_dir: Path, settings: dict[str, str]) -> Iterator[str]:
    """The DSN of a fresh server, settings as in production: a commit waits for the disk."""
    with TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "pg", bin_dir, settings) as server:
        yield server.dsn


def _timescale_bin_dir() -> Path | None:
    places = [(path, f"/usr/share/postgresql/{path.parent.name}") for path in Path("/usr/lib/postgresql").glob("*/bin")]
    if pg_config := shutil.which("pg_config"):
        bin_dir, share = subprocess.check_output([pg_config, "--bindir", "--sharedir"], text=True).splitlines()
        places.append((Path(bin_dir), share))
    found = (path for path, share in places if Path(share, "extension/timescaledb.control").exists())
    return next((path for path in found if (path / "initdb").exists()), None)
