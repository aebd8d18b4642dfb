"""A long run under faults: `scripts/soak --minutes N --seed S [--devices N] [--timescale] [--one-process]`.

JSON comes last.

In 45 minutes 200 kills, 50 faults of the database, 20 reloads, 10 restores and others; in less time fewer. Meanwhile
days end at the sites and are exported into a bucket; in the end what the database has lost is restored from there. Exit
code 1 if anything was lost, doubled, wrong or gone from the archive, if a healthy device had a gap, or if a process did
not do what it should.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.conftest import _timescale_bin_dir
from tests.faults.deck import draw, totals
from tests.faults.stage import DEVICES_PER_ACTOR, midnights, stage
from tests.faults.verdict import BAD, lines

DEVICES_OF_A_SITE = 2


def soak(
    folder: Path,
    minutes: float,
    seed: int,
    devices: int,
    per_actor: int = DEVICES_PER_ACTOR,
    timescale: bool = False,
    archive: bool = True,
    one_process: bool = False,
) -> tuple[dict[str, Any], list[str], list[str]]:
    """The result, what must not be, and what a person should see besides. `archive`: with a bucket.

    `one_process`: without Ray; whatever is killed then is all of the job.
    """
    bin_dir = _timescale_bin_dir() if timescale else None
    words = (*(("storage.chunk_h=0.0167",) if bin_dir else ()), *(("cluster=none",) if one_process else ()))
    ends = midnights(minutes, max(1, devices // DEVICES_OF_A_SITE)) if archive else []
    with stage(folder, devices, *words, per_actor=per_actor, midnights_s=ends, bin_dir=bin_dir) as scene:
        scene.job.start()
        schedule = scene.schedule(seed)
        try:
            schedule.run(60 * minutes, draw(minutes, seed, one_process))
            scene.until_stored()
        except RuntimeError as error:
            scene.history.troubles.append(str(error))
            schedule.heal()
        verdict = scene.end()
        problems = verdict.problems()
        problems += verdict.against(scene.reported(), spans_lost=bool(scene.history.restored_s))
        again = scene.bring_back() if archive and scene.missing else verdict
        problems += [f"after job=restore: {problem}" for problem in again.problems()]
        problems += scene.history.troubles
    result = {
        "faults": dict(sorted(schedule.done.items())), **totals(schedule.done), "stalls": len(scene.history.stalls),
        **verdict.numbers(), "brought_back": verdict.forgotten + verdict.deleted - again.forgotten - again.deleted,
    }  # fmt: skip
    return result, problems, [*list(lines(verdict))[-1:], *scene.history.notes]


def main() -> int:
    """Run; 0 if nothing was lost, doubled, wrong or gone, and every process did what it should."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, required=True, help="how long faults are made")
    parser.add_argument(
        "--seed", type=int, required=True, help="the same seed draws the same kinds of faults in the same order"
    )
    parser.add_argument("--devices", type=int, default=12, help="from 3 to 999")
    parser.add_argument("--per-actor", type=int, default=DEVICES_PER_ACTOR, help="how many of them a poller has")
    parser.add_argument("--timescale", action="store_true", help="with the TimescaleDB of this machine")
    parser.add_argument("--one-process", action="store_true", help="without Ray")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    print(f"soak: logs and answers in {folder}", file=sys.stderr)
    result, problems, notes = soak(
        folder, given.minutes, given.seed, given.devices, given.per_actor, given.timescale, True, given.one_process
    )
    for line in (*problems, *notes):
        print(f"soak: {line}", file=sys.stderr)
    print(json.dumps(result))
    return 1 if problems or any(result[kind] for kind in BAD) else 0


if __name__ == "__main__":
    sys.exit(main())
