"""Devices, database, bucket, proxies before them, and the job that stands between: what faults are made to."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.faults.archive import Bucket, judge_archive
from tests.faults.database import Server
from tests.faults.devices import groups, numbered_devices, read_answers
from tests.faults.disk import SilentDisk, SmallDisk, silent_disk, small_disk
from tests.faults.gaps import judge_gaps
from tests.faults.history import History, Hurt, Tick
from tests.faults.job import Job
from tests.faults.plants import Plants
from tests.faults.proxy import Mode, Proxy, ProxyThread
from tests.faults.schedule import Schedule
from tests.faults.tables import read_tables
from tests.faults.verdict import Given, Reported, Verdict, judge
from tests.stores import BUCKET, fake_store

STORED_S = 60.0
DRAIN_S = 120
DEVICES_PER_ACTOR = 4
DATABASE_DISK_MB, JOURNAL_DISK_MB = 1024, 64
START_S, SPREAD = 30.0, 0.9  # when the first day ends; the last one at so much of the run
GRACE_S, WAIT_S = 5, 20  # of the export: short, so that days are exported before all of their samples are stored


@dataclass
class Stage:
    """The job, its plants, databases, disks and bucket: what a run needs."""

    folder: Path
    notes: Path
    server: Server
    devices: list[Proxy]
    database: Proxy
    job: Job
    journal_disk: SmallDisk | None  # the same, to be filled and to stand still
    silent_disk: SilentDisk | None
    proxies: ProxyThread
    bucket: Bucket | None

    @property
    def history(self) -> History:
        """The faults that were made, and what else happened."""
        return self.job.history

    def until_stored(self) -> None:
        """Wait until the database holds a tick that is still to come of every device that is configured."""
        moment_s, deadline_s = time.time(), time.monotonic() + STORED_S
        newest = (
            f"SELECT count(*) FROM (SELECT 1 FROM sample GROUP BY device HAVING max(time) >= to_timestamp({moment_s}))"
        )
        while self.server.query(newest)[0][0] < len(self.job.plants.periods):
            if time.monotonic() > deadline_s:
                raise RuntimeError(f"not every device is stored {STORED_S:g} s later:\n{self.job.output()[-2000:]}")
            time.sleep(0.2)

    def schedule(self, seed: int) -> Schedule:
        """The faults of this stage."""
        return Schedule(
            seed, self.job, self.server, self.devices, self.database, self.journal_disk, self.silent_disk, self.folder
        )

    @contextmanager
    def hurt(self, number: int, mode: Mode) -> Iterator[None]:
        """The network of one of `devices` is so during the block."""
        began_s = time.time()
        self.devices[number].set(mode)
        yield
        self.devices[number].set(Mode.PASS)
        behind = tuple(groups(self.job.plants.devices)[number])
        self.history.hurts.append(Hurt("modbus", behind, began_s, time.time()))

    def end(self) -> Verdict:
        """Let the job end in peace, export what is over, and judge."""
        code = self.job.stop(DRAIN_S + 30)
        if code != 0:
            self.history.troubles.append(f"the job ended with {code}: {self.job.output()[-500:]}")
        return self.judge(self.export() if self.bucket is not None else "")

    def export(self) -> str:
        """The output of `job=export` over the day that is over at all sites."""
        day = self.job.plants.closed
        time.sleep(max(0.0, self.job.plants.closed_s + GRACE_S + 1 - time.time()))
        dsn = self.server.dsn(self.server.port)
        code, output = self.job.run("job=export", f"day={day}", ESS_RAY_DSN=dsn)
        if (code == 0) == (": held, " in output) or ": failed, " in output:
            self.history.troubles.append(f"job=export ended with {code}: {output}")
        return output

    def bring_back(self) -> Verdict:
        """Restore the day that is over from the bucket; afterwards nothing of it may be held, and all be as it was."""
        day = self.job.plants.closed
        words = ("job=restore", f"day={day}", "from=bucket", "restore.run=true")
        code, output = self.job.run(*words, ESS_RAY_DSN=self.server.dsn(self.server.port))
        if code != 0:
            self.history.troubles.append(f"job=restore ended with {code}: {output}")
        verdict = self.judge(self.export(), missing=set())
        if verdict.held:
            self.history.troubles.append(f"{verdict.held} objects are held after job=restore of {day}")
        return verdict

    @property
    def missing(self) -> set[Tick]:
        """The ticks that the database has lost of the day that is over."""
        plants = self.job.plants
        missing = self.history.forgotten.union(*self.history.deleted.values())
        return {tick for tick in missing if plants.date_at(*tick) == plants.closed}

    def judge(self, exported: str = "", missing: set[Tick] | None = None) -> Verdict:
        """Of a job that has ended; `exported`: what `export` gave. `missing`: if not as the history says."""
        history, answers = self.history, read_answers(self.notes)
        history.stalls[:] = self.proxies.stalls
        tables = read_tables(self.server, self.job.plants)
        verdict = judge(answers, tables, history)
        judge_gaps(verdict, tables, history)
        if self.bucket is not None:
            judge_archive(
                verdict,
                self.bucket.archived(exported),
                Given(answers),
                tables,
                self.missing if missing is None else missing,
            )
        return verdict

    def reported(self) -> Reported:
        """The sum of `job=report` over the days of all runs."""
        total = Reported()
        dates = {
            self.job.plants.date_at(device, int(moment_s))
            for device in self.job.devices
            for moment_s in (self.history.started_s[0], time.time())
        }
        dsn = self.server.dsn(self.server.port)
        for number in range((max(dates) - min(dates)).days + 1):
            day = min(dates) + timedelta(days=number)
            words = ("job=report", f"day={day}", "report.format=json", "storage.late_s=0")
            tree = json.loads(self.job.run(*words, ESS_RAY_DSN=dsn)[1])  # exit code 1: faults bring loss
            for site in tree["sites"].values():
                for name, device in site["devices"].items():
                    total.add(int(name.removeprefix("d")), device)
        return total


@contextmanager
def stage(
    folder: Path, devices: int, *words: str, per_actor: int = DEVICES_PER_ACTOR, midnights_s: Sequence[float] = (),
    bin_dir: Path | None = None, state_disk_mb: int = 0,
) -> Iterator[Stage]:  # fmt: skip
    """Devices, database and job, the job not started yet. With `state_disk_mb` all of the state is on `journal_disk`.

    With `midnights_s`, since 1970, there is a bucket too, and a site for each in which a day ends then. `bin_dir`: of a
    PostgreSQL with TimescaleDB.
    """
    notes = folder / "answers"
    with ExitStack() as stack:
        ports = stack.enter_context(numbered_devices(notes, devices))
        database_disk = stack.enter_context(small_disk(folder / "disk", DATABASE_DISK_MB))
        journal = folder / "state" / "journal"
        if state_disk_mb:
            silent, full = None, stack.enter_context(small_disk(folder / "state", state_disk_mb))
            (folder / "state").chmod(0o700)
        else:
            silent = stack.enter_context(silent_disk(journal, JOURNAL_DISK_MB))
            full = SmallDisk(journal) if silent else stack.enter_context(small_disk(journal, JOURNAL_DISK_MB))
        server = stack.enter_context(Server(folder / "disk" / "postgresql", database_disk, bin_dir))
        thread = stack.enter_context(ProxyThread())
        fronts = [thread.proxy(port) for port in ports]
        database = thread.proxy(server.port)
        plants = Plants(folder, [front.port for front in fronts], devices, midnights_s=midnights_s)
        bucket: Bucket | None = None
        archive: tuple[str, ...] = ()
        if midnights_s:
            store = stack.enter_context(fake_store(folder / "bucket"))
            bucket = Bucket(store)
            archive = (
                "export=gcs", f"export.bucket={BUCKET}", f"export.endpoint={store.endpoint}",
                f"export.grace_s={GRACE_S}", f"export.wait_s={WAIT_S}",
            )  # fmt: skip
        job = Job(
            folder, notes, plants, "source=plant", "standard=faults", "storage=timescale",
            f"cluster.devices_per_actor={per_actor}", f"run.drain_s={DRAIN_S}", *archive, *words,
            ESS_RAY_DSN=server.dsn(database.port),
        )  # fmt: skip
        stack.callback(job.clear)
        yield Stage(folder, notes, server, fronts, database, job, full, silent, thread, bucket)


def midnights(minutes: float, number: int) -> list[float]:
    """Moments spread over the next minutes, since 1970; the last ones early enough for their days to be exported."""
    return [time.time() + START_S + 60 * minutes * SPREAD * part / number for part in range(number)]
