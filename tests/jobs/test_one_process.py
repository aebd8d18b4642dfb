"""The job in one process, where nothing can be killed alone: it ends itself, and the next run has what was read."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from math import ceil, floor
from pathlib import Path

import pytest

from tests.jobs.job import database, run, running

# A method never returns, as of a defect; the limits after which that counts are shorter than the product's.
HANGING = """
import sys, time
from ess_ray.actors import CLASS as module
from ess_ray.cluster import liveness
from ess_ray.main import main
liveness.PULL_LIMIT_S = liveness.NORMALISE_LIMIT_S = liveness.WRITE_LIMIT_S = 2.0
good, calls = module.NAME.METHOD, []
def hang(*arguments):
    calls.append(1)
    if len(calls) < 3:
        return good(*arguments)
    print(time.time(), file=open("hung_at", "w"), flush=True)
    time.sleep(1000)
module.NAME.METHOD = hang
sys.exit(main(sys.argv[1:]))
"""
WORDS = ["site=sionyu", "cluster=none", "export=none", "page.port=null", "cluster.metrics_port=0"]


@pytest.mark.parametrize(
    ("actor", "method", "named"),
    [
        ("poller", "pull", "poller:sionyu/gateway"),
        ("normaliser", "normalise_together", "normaliser 0"),
        ("writer", "write_together", "the writer"),
    ],
)
def test_an_actor_that_hangs_ends_the_job_and_the_next_run_stores_what_was_read(
    tmp_path: Path, actor: str, method: str, named: str
) -> None:
    code = HANGING.replace("CLASS", actor).replace("NAME", actor.capitalize()).replace("METHOD", method)
    command = [sys.executable, "-c", code, *WORDS]
    hung = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True, timeout=90)
    said = f"ess_ray: {named} has not answered for 2 s: in one process it cannot be replaced, so the job ends"
    assert (hung.returncode, said in hung.stderr) == (1, True), hung.stdout + hung.stderr
    assert running(tmp_path) == []
    code_again, output, _ = run(tmp_path, *WORDS, "run.duration_s=3")
    assert code_again == 0, output
    with database(tmp_path) as connection:
        seconds = [
            int(row["second"])
            for row in connection.execute("SELECT extract(epoch FROM time) AS second FROM sample ORDER BY time")
        ]
    gaps = [later - earlier for earlier, later in pairwise(seconds) if later - earlier != 1]
    assert len(gaps) == 1  # from the end of the job to its start
    hung_at = float((tmp_path / "hung_at").read_text())
    read_meanwhile = range(max(ceil(hung_at), seconds[0]), floor(hung_at + 1.5) + 1)  # it ends after 2 s
    assert read_meanwhile
    assert set(read_meanwhile) <= set(seconds)
