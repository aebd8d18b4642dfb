"""From the command to the first committed row of the four plants, beside a bare Ray with as many actors."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import Cell, Part, Spread, in_turn, ratio, spread
from benchmarks.whole_job import Job

ACTORS = 6  # four pollers, a normaliser, a writer
RUN_S = 3
MOST_ROUNDS = 3  # each takes half a minute
FIRST_ROW, BARE = "first row", "actors answer"
STEPS = ("configured", "Ray is up", "first tick", FIRST_ROW)


def run(rounds: int) -> Part:
    """The job with the embedded database, in a state folder that is there from before and in a new one."""
    taken: dict[str, list[dict[str, float]]] = {}

    def counted(name: str, way: Callable[[], dict[str, float]]) -> Callable[[], float]:
        def count() -> float:
            taken.setdefault(name, []).append(way())
            return 0.0

        return count

    with TemporaryDirectory(prefix="ess_ray-bench-") as folder:
        ways = {"again": lambda: job(Path(folder)), "first time": fresh_job, "bare Ray": bare_ray}
        in_turn({name: counted(name, way) for name, way in ways.items()}, min(rounds, MOST_ROUNDS))
    floor = [one[BARE] for one in taken["bare Ray"][1:]]
    lines: dict[str, dict[str, Cell]] = {}
    for name, rows in taken.items():
        ends = [row[BARE if name == "bare Ray" else FIRST_ROW] for row in rows[1:]]
        steps: dict[str, Cell] = {step: _of([row.get(step) for row in rows[1:]]) for step in STEPS}
        lines[name] = steps | {"done": spread(ends), "times bare Ray": ratio(ends, floor)}
    return Part(
        "Start: seconds from the command to the first committed row",
        f"Four simulated plants, embedded database, {ACTORS} actors; again: its state folder exists from an earlier "
        f"run. Bare Ray: the same ray.init and {ACTORS} empty actors, from the command to their answers. The driver "
        "reads the devices from the first tick on, while Ray is started.",
        "1.2 times bare Ray",
        lines,
    )


def fresh_job() -> dict[str, float]:
    """Seconds to each step, with initdb."""
    with TemporaryDirectory(prefix="ess_ray-bench-") as folder:
        return job(Path(folder))


def job(state: Path) -> dict[str, float]:
    """Seconds to each step."""
    words = ["site=all", f"state_dir={state}/state", f"run.duration_s={RUN_S}", "cluster.dashboard_port=0"]
    with Job(words) as started:
        dsn = state / "state/postgresql/dsn"
        while not dsn.exists() or not dsn.stat().st_size:  # it is there before it is written
            started.check()
            time.sleep(0.02)
        return started.steps(dsn.read_text(encoding="utf-8"))


def bare_ray() -> dict[str, float]:
    """Seconds to each step."""
    start_s = time.time()
    command = [sys.executable, "-m", "benchmarks.bare_ray", str(ACTORS)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) - start_s for line in said.splitlines()}


def _of(numbers: list[float | None]) -> Spread | None:
    known = [number for number in numbers if number is not None]
    return spread(known) if known else None
