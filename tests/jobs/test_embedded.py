"""The embedded database of a job at work is killed, as Linux does when memory is short: no sample is lost."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

from ess_ray.adapters.postgres.embedded.leftovers import postmaster
from tests.jobs.job import database, start


def test_an_embedded_database_that_is_killed_comes_back_and_every_sample_is_stored(tmp_path: Path) -> None:
    job = start(tmp_path, "site=sionyu", "cluster=none", "run.summary=summary.json")
    try:
        assert job.stdout is not None
        for line in job.stdout:
            if "samples stored" in line:
                break
        data = tmp_path / "ess_ray_state/postgresql/data"
        for _ in range(2):
            os.kill(postmaster(data), signal.SIGKILL)
            time.sleep(8)
        job.send_signal(signal.SIGINT)
        output = job.communicate(timeout=90)[0]
    finally:
        job.kill()
    assert job.returncode == 0, output
    assert "the embedded PostgreSQL was killed by signal 9: it is started again; samples wait in the journals" in output
    assert output.count("the embedded PostgreSQL is there again") == 2
    counts = json.loads((tmp_path / "summary.json").read_text())["sites"]["sionyu"]["devices"]["gateway"]
    assert counts["stored"] == counts["expected"] > 15
    with database(tmp_path) as connection:
        assert connection.execute("SELECT count(*) AS n FROM sample").fetchone() == {"n": counts["stored"]}
