"""The four plants at full rate while the database is away: `python -m tests.faults.outage --minutes 10`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from tests.conftest import _timescale_bin_dir
from tests.faults.database import Server
from tests.jobs.plants import PLANTS

UP_S, BEFORE_S, SETTLED_S, DRAIN_S = 240.0, 20.0, 60.0, 60.0
FLAT_MB = 40  # what a process may grow by, once the outage has lasted SETTLED_S
MARK = "ESS_RAY_OUTAGE_TEST"
WHOLE = """
SELECT count(*) FROM (
    SELECT site, count(*) AS n, extract(epoch FROM max(time) - min(time)) / CASE site WHEN 'seokhwan' THEN 5 ELSE 1 END
        AS steps, max(time) AS last
    FROM sample GROUP BY site
) AS of WHERE n = steps + 1 AND last > now() - interval '12 s'
"""  # sites without a hole up to now


def memory_mb(mark: Path) -> Counter[str]:
    """Resident, by kind of process, of all that the job started."""
    found: Counter[str] = Counter()
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() not in (place / "environ").read_bytes().split(b"\0"):
                continue
            name = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode().split()[:3]
            pages = int((place / "statm").read_text().split()[1])
        except OSError:
            continue
        kind = next((w for w in name if w.startswith("ray::") or w == "ess_ray.main"), "other")
        found[kind] += pages * os.sysconf("SC_PAGE_SIZE") >> 20
    return found


def until(happened: Callable[[], bool], limit_s: float) -> float:
    """How long it took."""
    began_s = time.monotonic()
    while not happened():
        assert time.monotonic() < began_s + limit_s
        time.sleep(0.2)
    return time.monotonic() - began_s


def outage(folder: Path, outage_s: float) -> list[str]:
    """The problems, one a line; figures are printed."""
    with Server(folder / "db", bin_dir=_timescale_bin_dir()) as server, (folder / "said").open("wb") as said:
        words = ["site=all", "storage=timescale", "storage.allow_simulated=true", "run.summary=summary.json"]
        job = subprocess.Popen(
            [sys.executable, "-m", "ess_ray.main", "cluster.dashboard_port=0", *words], cwd=folder, stdout=said,
            stderr=said, env={**os.environ, MARK: str(folder), "ESS_RAY_DSN": server.dsn(server.port)},
        )  # fmt: skip
        try:
            until(lambda: whole(server), UP_S)
            time.sleep(BEFORE_S)
            server.stop()
            time.sleep(SETTLED_S)
            settled = memory_mb(folder)
            time.sleep(max(outage_s - SETTLED_S, 0))
            ended = memory_mb(folder)
            server.start()
            drained_s = until(lambda: whole(server), 10 * DRAIN_S)
            after = memory_mb(folder)
            job.send_signal(signal.SIGINT)
            code = job.wait(120)
        finally:
            job.kill()
    for what, figures in (("settled", settled), ("at its end", ended), ("drained", after)):
        print(f"MB {what}: {dict(sorted(figures.items()))}")
    print(f"without a database for {outage_s:g} s; drained {drained_s:.1f} s after it was back")
    wrong = [] if code == 0 else [f"the job ended with {code}: {(folder / 'said').read_text()[-2000:]}"]
    wrong += [
        f"{kind} grew by {ended[kind] - settled[kind]} MB" for kind in ended if ended[kind] - settled[kind] > FLAT_MB
    ]
    wrong += ["not drained in time"] if drained_s > DRAIN_S else []
    sites = json.loads((folder / "summary.json").read_text())["sites"]
    for site in PLANTS:
        counts = sites[site]["devices"]["gateway"]
        print(f"{site}: {counts['stored']} of {counts['expected']} stored")
        wrong += [] if counts["stored"] == counts["expected"] > outage_s / 5 else [f"{site}: {counts}"]
    return wrong


def whole(server: Server) -> bool:
    """True if every site is stored without a hole up to now."""
    try:
        return server.query(WHOLE) == [(len(PLANTS),)]
    except psycopg.Error:  # the tables are not there yet
        return False


def main() -> int:
    """Run; 0 if nothing was missed and memory stayed flat."""
    parser = argparse.ArgumentParser(prog="outage", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    with TemporaryDirectory(prefix="outage-") as folder:
        wrong = outage(Path(folder), 60 * parser.parse_args().minutes)
    for line in wrong:
        print(f"outage: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
