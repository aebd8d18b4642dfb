"""A run stores into the database that it began with, whatever answers at the address meanwhile, and loses nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.adapters.postgres.schema import prepare
from tests.conftest import QUICK
from tests.jobs.job import start
from tests.make import shipped_standard
from tests.pgproxy import PostgresProxy


def count(dsn: str, table: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
        assert row
        return int(row[0])


def until(true: Callable[[], bool], limit_s: float = 60) -> None:
    end_s = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end_s
        time.sleep(0.2)


def test_another_database_at_the_address_gets_nothing_and_the_run_nothing_less(tmp_path: Path) -> None:
    with (
        EmbeddedPostgres(tmp_path / "right", settings=QUICK) as right,
        EmbeddedPostgres(tmp_path / "other", settings=QUICK) as other,
        PostgresProxy(Path(f"{conninfo_to_dict(right.dsn)['host']}/.s.PGSQL.5432")).running() as proxy,
    ):
        prepare(other.dsn, shipped_standard())
        dsn = make_conninfo(right.dsn, host="127.0.0.1", port=proxy.port)
        words = ["site=sionyu", "storage=timescale", "storage.allow_simulated=true", "run.duration_s=30"]
        words += ["cluster=none", "run.summary=summary.json", "run.require_complete=true"]
        job = start(tmp_path, *words, ESS_RAY_DSN=dsn)
        until(lambda: (tmp_path / "ess_ray_state/status.json").exists() and count(right.dsn, "sample") > 3, 120)
        proxy.upstream = f"{conninfo_to_dict(other.dsn)['host']}/.s.PGSQL.5432"
        proxy.cut()
        status = tmp_path / "ess_ray_state/status.json"
        until(lambda: "another database answers" in str(json.loads(status.read_text())["problem"]))
        assert (count(other.dsn, "sample"), count(other.dsn, "device")) == (0, 0)
        proxy.upstream = f"{conninfo_to_dict(right.dsn)['host']}/.s.PGSQL.5432"
        proxy.cut()
        output, _ = job.communicate(timeout=120)
        assert job.returncode == 0, output
        assert count(right.dsn, "sample") == 30
        assert count(other.dsn, "sample") == 0
        device = json.loads((tmp_path / "summary.json").read_text())["sites"]["sionyu"]["devices"]["gateway"]
        assert (device["expected"], device["stored"]) == (30, 30)
