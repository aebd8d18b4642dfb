"""A long run under faults: `scripts/soak --minutes N --seed S [--devices N --per-actor N]`; JSON comes last."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.faults.database import Server
from tests.faults.devices import groups, numbered_devices, read_answers
from tests.faults.disk import SmallDisk, small_disk
from tests.faults.job import Job, write_conf
from tests.faults.proxy import Proxy, ProxyThread
from tests.faults.schedule import WEIGHTS, Schedule
from tests.faults.verdict import Reported, Verdict, judge, lines

GAP_S = (0.5, 4.0)
STORED_S = 60.0
DRAIN_S = 120
DEVICES_PER_ACTOR = 4
DATABASE_DISK_MB, JOURNAL_DISK_MB = 1024, 64


@dataclass
class Stage:
    """Devices, database, proxies before both, and the job that stands between them."""

    folder: Path
    notes: Path
    server: Server
    devices: list[Proxy]
    database: Proxy
    job: Job
    journal_disk: SmallDisk | None

    def until_stored(self) -> None:
        """Wait until the database holds a tick of every device that is still to come."""
        moment_s, deadline_s = time.time(), time.monotonic() + STORED_S
        whole = (
            f"SELECT count(*) FROM (SELECT 1 FROM sample GROUP BY device HAVING max(time) >= to_timestamp({moment_s}))"
        )
        while self.server.query(whole) != [(self.job.devices,)]:
            if time.monotonic() > deadline_s:
                raise RuntimeError(f"not every device is stored {STORED_S:g} s later:\n{self.job.output()[-2000:]}")
            time.sleep(0.2)

    def schedule(self, seed: int) -> Schedule:
        """The faults of this stage."""
        return Schedule(seed, self.job, self.server, self.devices, self.database, self.journal_disk)

    def end(self) -> Verdict:
        """Let the job end in peace, and judge."""
        code = self.job.stop(DRAIN_S + 30)
        if code != 0:
            self.job.troubles.append(f"the job ended with {code}: {self.job.output()[-500:]}")
        return self.judge()

    def judge(self) -> Verdict:
        """Of a job that has ended."""
        return judge(read_answers(self.notes), self.server, self.job.started_s, self.job.ended)

    def reported(self) -> Reported:
        """The sum of `job=report` over the days of all runs."""
        total = Reported()
        first, last = (datetime.fromtimestamp(s, UTC).date() for s in (self.job.started_s[0], time.time()))
        for number in range((last - first).days + 1):
            tree = json.loads(self.job.report(str(first + timedelta(days=number)), self.server.dsn(self.server.port)))
            for device in tree["sites"]["oracle"]["devices"].values():
                total.add(device)
        return total


@contextmanager
def stage(folder: Path, devices: int, *words: str, per_actor: int = DEVICES_PER_ACTOR) -> Iterator[Stage]:
    """Devices, database and job, the job not started yet."""
    notes = folder / "answers"
    with ExitStack() as stack:
        ports = stack.enter_context(numbered_devices(notes, devices))
        database_disk = stack.enter_context(small_disk(folder / "disk", DATABASE_DISK_MB))
        journal_disk = stack.enter_context(small_disk(folder / "state" / "journal", JOURNAL_DISK_MB))
        server = stack.enter_context(Server(folder / "disk" / "postgresql", database_disk))
        thread = stack.enter_context(ProxyThread())
        fronts = [thread.proxy(port) for port in ports]
        database = thread.proxy(server.port)
        conf = write_conf(folder, [front.port for front in fronts], devices)
        job = Job(
            folder, notes, devices,
            "--config-dir", str(conf), "site=oracle", "source=plant", "standard=faults", "storage=timescale",
            f"cluster.devices_per_actor={per_actor}", f"run.drain_s={DRAIN_S}", *words,
            ESS_RAY_DSN=server.dsn(database.port),
        )  # fmt: skip
        stack.callback(job.clear)
        assert len(groups(devices)) == len(fronts)
        yield Stage(folder, notes, server, fronts, database, job, journal_disk)


def soak(
    folder: Path, minutes: float, seed: int, devices: int, per_actor: int = DEVICES_PER_ACTOR
) -> tuple[dict[str, Any], list[str]]:
    """The result, and what else a person should see; there is nothing but reasons if all is well."""
    with stage(folder, devices, per_actor=per_actor) as place:
        place.job.start()
        schedule = place.schedule(seed)
        schedule.run(60 * minutes, WEIGHTS, GAP_S)
        try:
            place.until_stored()
        except RuntimeError as error:
            place.job.troubles.append(str(error))
        verdict = place.end()
        place.job.troubles += verdict.against(place.reported())
    result = {"faults": dict(sorted(schedule.done.items())), **verdict.numbers()}
    return result, [*lines(verdict), *place.job.troubles]


def main() -> int:
    """Run; 0 if nothing was lost, doubled or wrong, and every process did what it should."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, required=True, help="how long faults are made")
    parser.add_argument(
        "--seed", type=int, required=True, help="the same seed draws the same kinds of faults in the same order"
    )
    parser.add_argument("--devices", type=int, default=12, help="from 3 to 999")
    parser.add_argument("--per-actor", type=int, default=DEVICES_PER_ACTOR, help="how many of them a poller has")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    print(f"soak: logs and answers in {folder}", file=sys.stderr)
    result, said = soak(folder, given.minutes, given.seed, given.devices, given.per_actor)
    for line in said:
        print(f"soak: {line}", file=sys.stderr)
    print(json.dumps(result))
    bad = result["lost"] + result["doubled"] + result["wrong"]
    return 1 if bad or len(said) > 1 else 0


if __name__ == "__main__":
    sys.exit(main())
