"""The commands of the program, a record each. A new one is its module in `ess_ray.jobs` and its record here.

Jobs are named by their module and imported when they are started: configuring and `--help` load none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from ess_ray.core.errors import ConfigError

if TYPE_CHECKING:  # it loads numpy, which --help does not need
    from ess_ray.core.settings import Settings

PROGRAM = "python -m ess_ray.main"
EXAMPLE_WIDTH = 56  # columns of an example before its explanation


@dataclass(frozen=True, slots=True)
class Job:
    """A command: `job=NAME` on the command line starts `run` of its module."""

    name: str
    module: str  # with `run(settings) -> int`, which returns an exit code; see `read_again`
    devices: Literal["none", "one", "all"]  # polled by it: their hosts, maps and plans have to be usable
    database: bool  # True: storage.kind=timescale needs a DSN
    examples: tuple[tuple[str, str], ...]  # words of the command line, and what they do
    read_again: bool = False  # True: `run` takes a function that reads the settings anew, too

    def start(self, settings: Settings, read_settings: Callable[[], Settings]) -> int:
        """Run the job in this process until it ends; returns its exit code, one of `ess_ray.app.exit_codes`.

        `read_settings` reads the configuration anew; only jobs with `read_again` call it. Raises EssRayError if the job
        cannot be done.
        """
        run = import_module(self.module).run
        return int(run(settings, read_settings) if self.read_again else run(settings))


ALL = (
    Job(
        "collect",
        "ess_ray.jobs.collect.run",
        devices="all",
        database=True,
        read_again=True,
        examples=(
            ("site=all", "all sites of your own folder; without one four simulated plants"),
            ("site=sionyu run.duration_s=20 run.summary=summary.json", ""),
            ("site=[sionyu,panri]", ""),
            ("--config-dir my_plants site=my_plant source=plant storage=timescale", ""),
        ),
    ),
    Job(
        "report",
        "ess_ray.jobs.report",
        devices="none",
        database=True,
        examples=(("job=report day=yesterday", "how complete was the day, and what is missing why"),),
    ),
    Job(
        "export",
        "ess_ray.jobs.export",
        devices="none",
        database=True,
        examples=(("job=export day=2026-11-22", "a day's tables as files or objects; from=… to=… several days"),),
    ),
    Job(
        "restore",
        "ess_ray.jobs.restore",
        devices="none",
        database=True,
        examples=(
            (
                "job=restore day=2026-11-22 from=bucket",
                "exported days back into the database: count what would come back",
            ),
            ("job=restore day=all from=FOLDER restore.run=true", "the same for all days, and do it"),
        ),
    ),
    Job(
        "journals",
        "ess_ray.jobs.journals",
        devices="none",
        database=True,
        examples=(
            ("job=journals", "what waits in the journals, for which database"),
            (
                "job=journals journals.adopt=IDENTITY",
                "bring what waits for a database that is gone into the present one",
            ),
        ),
    ),
    Job(
        "check",
        "ess_ray.jobs.check",
        devices="all",
        database=True,
        examples=(("job=check site=sionyu", "before going live: try every device, the database, export, disk"),),
    ),
    Job(
        "probe",
        "ess_ray.jobs.probe",
        devices="one",
        database=False,
        examples=(("job=probe device=sionyu/gateway", "a new device: its registers, read in every way"),),
    ),
    Job(
        "new",
        "ess_ray.jobs.new",
        devices="none",
        database=False,
        examples=(
            ("job=new", "your own plant: asks for a device, tries it, writes my_plants"),
            ("job=new new.host=192.0.2.7 new.map=sionyu", "the same without questions"),
        ),
        read_again=True,
    ),
    Job(
        "import",
        "ess_ray.jobs.import_map",
        devices="none",
        database=False,
        examples=(
            ("job=import from=registers.xlsx", "a register map out of a vendor's table (XLSX, CSV)"),
            ("job=import from=telegraf.conf", "or of Telegraf, Home Assistant (modbus:), ha-solarman"),
            ("job=import from=sunspec device=192.0.2.10", "or of a SunSpec device, which is read"),
        ),
    ),
    Job(
        "status",
        "ess_ray.jobs.status",
        devices="none",
        database=False,
        examples=(("job=status", "the state of the running collector in one table"),),
    ),
    Job(
        "reload",
        "ess_ray.jobs.reload",
        devices="none",
        database=False,
        examples=(("job=reload", "the running collector reads its configuration again"),),
    ),
    Job(
        "upgrade",
        "ess_ray.jobs.upgrade",
        devices="none",
        database=False,
        examples=(("job=upgrade", "bring the embedded database to the present PostgreSQL"),),
    ),
)
NEW = "job=new"  # the word with which the user's folder need not be there
JOBS = {job.name: job for job in ALL}


def find_job(name: str) -> Job:
    """The job of that name. Raises ConfigError if there is none."""
    if name not in JOBS:
        raise ConfigError("job", f"{name!r} is none of {', '.join(JOBS)}")
    return JOBS[name]


def usage(jobs: Iterable[Job] = ALL) -> str:
    """The examples of all jobs, a line each; the explanation stands behind it, or below it if it is long."""
    lines = []
    for words, explanation in (example for job in jobs for example in job.examples):
        command = f"  {PROGRAM} {words}"
        if len(command) > EXAMPLE_WIDTH and explanation:
            lines.append(command)
            command = ""
        lines.append(f"{command:<{EXAMPLE_WIDTH}} {explanation}".rstrip())
    return "\n".join(lines)
