"""The main job as its user runs it: a process of its own in a folder, and the database that it leaves there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres


def start(folder: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    """Start the job in the folder, with any free port for the dashboard."""
    command = [sys.executable, "-m", "ess_ray.main", "cluster.dashboard_port=0", *words]
    environment = {**os.environ, **environment}
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def run(folder: Path, *words: str, **environment: str) -> tuple[int, str, dict[str, Any]]:
    """Run the job to its end: exit code, output, summary."""
    job = start(folder, "run.summary=summary.json", *words, **environment)
    output, _ = job.communicate(timeout=240)
    file = folder / "summary.json"
    return job.returncode, output, json.loads(file.read_text()) if file.exists() else {}


@contextmanager
def database(folder: Path) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """The embedded database of a job that has ended."""
    with (
        EmbeddedPostgres(folder / "ess_ray_state" / "postgresql") as server,
        psycopg.connect(server.dsn, row_factory=dict_row) as connection,
    ):
        yield connection


def at(site: str, port: int, device: str = "gateway") -> list[str]:
    return [f"sites.{site}.devices.{device}.host=127.0.0.1", f"sites.{site}.devices.{device}.port={port}"]


def running(folder: Path) -> list[str]:
    """Command lines of the processes that name the folder."""
    command_lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command_line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in command_line and "pytest" not in command_line.split("/")[-1]:
            command_lines.append(command_line)
    return command_lines


def until(happened: Callable[[], bool], limit_s: float = 60) -> None:
    """Wait until it has happened; fails after the limit."""
    end_s = time.monotonic() + limit_s
    while not happened():
        assert time.monotonic() < end_s
        time.sleep(0.1)
