"""A layout that the database refuses stops nobody else, and is stored once it is accepted. One run, step by step."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.core.storing.set_aside import TRIAL_EVERY_S
from tests.jobs.job import start, until
from tests.peers import pymodbus_server

MAP = """\
period_s: 1
function: 3
blocks:
  - table: TABLE
    ids: {IDS}
    runs:
      - at: 1
        columns: [TABLE_soc]
"""
WORDS = (
    "--config-dir", "plants", "source=plant", "storage=embedded", "export=none", "site=hilltop",
    "run.summary=summary.json", "cluster=none",
)  # fmt: skip
IDS = {"bank": "bank_id: 1", "rack": "bank_id: 1, rack_id: 1"}


def configure(folder: Path, ports: dict[str, int]) -> None:
    """A device for each table, named like it; both are polled by one poller."""
    for name in ("site", "map"):
        (folder / "plants" / name).mkdir(parents=True)
    devices = ""
    for table, port in ports.items():
        register_map = MAP.replace("TABLE", table).replace("IDS", IDS[table])
        (folder / f"plants/map/of_{table}.yaml").write_text(register_map)
        devices += f"  {table}: {{map: of_{table}, host: 127.0.0.1, port: {port}}}\n"
    text = f"# @package sites.hilltop\ntimezone: Asia/Seoul\ndevices:\n{devices}"
    (folder / "plants/site/hilltop.yaml").write_text(text)


def rows(connection: psycopg.Connection[Any], table: str) -> int:
    """The rows of a table; 0 while there is no such table."""
    if connection.execute("SELECT to_regclass(%s)", [table]).fetchone() == (None,):
        return 0
    (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,)
    return int(count)


def status(folder: Path) -> str:
    command = [sys.executable, "-m", "ess_ray.main", "job=status"]
    return subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=60).stdout


def test_a_layout_that_is_refused_stops_no_other_and_is_stored_once_it_is_accepted(tmp_path: Path) -> None:
    with ExitStack() as stack:
        configure(tmp_path, {table: stack.enter_context(pymodbus_server(range(100))) for table in IDS})
        job = start(tmp_path, *WORDS)
        stack.callback(job.kill)
        until((tmp_path / "ess_ray_state/collector.json").exists)
        server = EmbeddedPostgres(tmp_path / "ess_ray_state/postgresql")
        until(lambda: server.running_dsn() is not None)
        connection = stack.enter_context(psycopg.connect(server.running_dsn() or "", autocommit=True))
        until(lambda: rows(connection, "rack") > 0 and rows(connection, "bank") > 0)

        connection.execute("ALTER TABLE rack RENAME TO renamed")
        before = rows(connection, "bank")
        until(lambda: rows(connection, "bank") > before + 10, limit_s=25)
        said = status(tmp_path)
        assert "samples of hilltop/rack with map of_rack are refused and wait in their journals" in said, said
        refused = rows(connection, "renamed")
        connection.execute("ALTER TABLE renamed RENAME TO rack")
        until(lambda: rows(connection, "rack") > refused + 10, limit_s=TRIAL_EVERY_S + 30)
        until(lambda: "refused" not in status(tmp_path))

        os.kill(job.pid, signal.SIGTERM)
        output = job.communicate(timeout=90)[0]
        assert job.returncode == 0, output
    devices = json.loads((tmp_path / "summary.json").read_text())["sites"]["hilltop"]["devices"]
    assert all(counts["expected"] == counts["stored"] for counts in devices.values()), devices
