"""`job=export`: export some days of some sites now, or verify them; ends with 1 if an object is missing afterwards.

An object that the store has and whose day has not changed stays as it is. The job may run beside the main job, and
several times at once. The end of each object goes to standard output, failures also to standard error.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from types import FrameType, TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from ess_ray.actors.exporter import Exporter, make_exporter
from ess_ray.adapters.local.logs import EXPORT_JOB
from ess_ray.adapters.postgres.ledger import Ledger
from ess_ray.adapters.postgres.retention import drop_verified
from ess_ray.adapters.postgres.schema import read_identity
from ess_ray.app.exit_codes import FAILED, INTERRUPTED, OK
from ess_ray.app.guard import guarded
from ess_ray.app.output import print_line
from ess_ray.app.serving import serving
from ess_ray.app.state_folder import state_folder
from ess_ray.cluster.export_processes import ExportProcesses
from ess_ray.cluster.ray_start import ray_folder
from ess_ray.core.day import Day, choose_day, whole_day
from ess_ray.core.errors import ConfigError, printable
from ess_ray.core.exporting.objects import DayObject, last_closed
from ess_ray.core.exporting.outcome import ExportEnd, ExportOutcome, ExportReport
from ess_ray.core.running.logfields import about
from ess_ray.core.settings import Settings

log = logging.getLogger(__name__)

ONE_DAY = timedelta(days=1)


def run(settings: Settings) -> int:
    """Export or verify the days that the settings ask for; gives the exit code: OK, FAILED or INTERRUPTED.

    FAILED too if there is nothing to export. Waits for all objects, and, if none failed and not only to
    verify, drops the chunks that `export.drop_after` lets go. Raises ConfigError, CannotStart or another EssRayError.
    """
    if settings.export.removed_site is None:
        _chosen_days(settings, settings.timezones)  # refused before anything starts
    try:
        with ExitStack() as stack:
            return _run(settings, stack)
    except KeyboardInterrupt:
        print_line(
            "ess_ray: stopped at once: nothing unfinished is in the store; the next run does the rest", error=True
        )
        return INTERRUPTED


def choose_days(
    timezones: Mapping[str, str], first: str, last: str, grace_us: int, now_us: int
) -> list[tuple[str, Day]]:
    """Site and day of all days from `first` to `last`, both included, oldest first; empty if `last` is before `first`.

    `timezones`: by site. `first`, `last`: YYYY-MM-DD, `today` or `yesterday`, checked before by `core.day.check_day`.
    A day is over `grace_us` microseconds after its end. `now_us`: microseconds since 1970 UTC. Raises ConfigError for a
    day that is not over: half of it would be in the store under the name of the complete one.
    """
    chosen = []
    for site, timezone in timezones.items():
        day, end = (choose_day(word, timezone, now_us, 0) for word in (first, last))
        if end.date > last_closed(timezone, now_us, grace_us):
            then = end.clock(end.end_us + grace_us, "%Y-%m-%d %H:%M:%S")
            problem = f"{end.date} at {site} is not over: it can be exported from {then} ({timezone}) on"
            raise ConfigError("day" if first == last else "to", problem)
        days = (end.date - day.date).days + 1
        chosen += [(site, whole_day(day.date + number * ONE_DAY, timezone)) for number in range(days)]
    return sorted(chosen, key=lambda site_and_day: (site_and_day[1].date, site_and_day[0]))


def _chosen_days(settings: Settings, timezones: Mapping[str, str]) -> list[tuple[str, Day]]:
    export = settings.export
    return choose_days(timezones, export.first_day, export.last_day, export.grace_us, time.time_ns() // 1000)


def chosen_sites(settings: Settings, ledger: Ledger) -> Mapping[str, str]:
    """Time zone by site: of the configured ones, or of the removed one that the settings name.

    Raises ConfigError if that one is none, or if its time zone was never recorded.
    """
    if (site := settings.export.removed_site) is None:
        return settings.timezones
    removed = ledger.removed_sites()
    if site not in removed:
        names = ", ".join(sorted(removed)) or "there are none"
        raise ConfigError("export.removed_site", f"{site!r} is no site that was removed; in this database: {names}")
    if not removed[site]:
        problem = f"the time zone of {site} was never recorded: enter it into the table device, column timezone"
        raise ConfigError("export.removed_site", problem)
    return {site: removed[site]}


def _run(settings: Settings, stack: ExitStack) -> int:
    state_folder(settings, EXPORT_JOB, "export")
    stack.enter_context(guarded(ray_folder(settings.state_dir)))
    dsn = stack.enter_context(serving(settings))
    exporter = make_exporter(settings, dsn, read_identity(dsn))
    timezones = chosen_sites(settings, exporter.ledger)
    days = _chosen_days(settings, timezones)
    day_objects = [day_object for site, day in days for day_object in exporter.ledger.day_objects(site, day)]
    for line in _without_objects(timezones, days, day_objects):
        print_line(f"ess_ray: {line}", error=True)
        log.warning(line, extra=about("nothing to export"))
    if not day_objects:
        return FAILED

    processes = _processes(settings, stack)
    for number in (signal.SIGINT, signal.SIGTERM):  # Ray has taken SIGTERM
        signal.signal(number, _interrupt)
    from ess_ray.cluster.exports import ExportTasks

    tasks = ExportTasks(processes, exporter, settings.export.parallel, settings.export.verify)
    outcomes: dict[DayObject, ExportOutcome] = {}
    began_s = time.monotonic()
    with _ProgressDisplay(Console(highlight=False)) as display:
        for day_object, report in tasks.run(day_objects):
            display.show(day_object, report)
            if isinstance(report, ExportOutcome):
                outcomes[day_object] = report
    _sum_up(outcomes, exporter, time.monotonic() - began_s)
    failed = {day_object: outcome for day_object, outcome in outcomes.items() if not outcome.succeeded}
    for day_object, outcome in failed.items():
        print_line(f"ess_ray: {day_object}: {outcome.problem}", error=True)
        fields = about("export failed", site=day_object.site, table=day_object.table)
        log.error("%s: %s", day_object, outcome.problem, extra=fields)
    if not failed and not settings.export.verify:
        _drop(settings, exporter)
    return FAILED if failed else OK


def _processes(settings: Settings, stack: ExitStack) -> ExportProcesses:
    """Processes of this machine; with `cluster.address` those of the cluster's nodes, as long as `stack` is open."""
    if settings.cluster.address is None:
        from ess_ray.cluster.spawned_exports import SpawnedExports

        return SpawnedExports()
    from ess_ray.cluster.ray_start import start_ray, stop_ray

    stack.callback(stop_ray)
    start_ray(settings.cluster, settings.state_dir)
    from ess_ray.cluster.ray_exports import RayExports

    return RayExports()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _without_objects(
    timezones: Mapping[str, str], days: Sequence[tuple[str, Day]], day_objects: Sequence[DayObject]
) -> Iterator[str]:
    """A line for each site of which there was nothing configured on some of the days."""
    configured = {(day_object.site, day_object.day.date) for day_object in day_objects}
    for site in timezones:
        lacking = [day.date for of_site, day in days if of_site == site and (site, day.date) not in configured]
        if lacking:
            which = str(lacking[0]) if len(lacking) == 1 else f"{len(lacking)} days, the first {lacking[0]}"
            yield f"{site}: nothing was collected on {which}: nothing to export"


def _sum_up(outcomes: dict[DayObject, ExportOutcome], exporter: Exporter, took_s: float) -> None:
    ends = [outcome.end for outcome in outcomes.values()]
    counts = ", ".join(f"{ends.count(end)} {end}" for end in ExportEnd if end in ends)
    size = sum(outcome.bytes for outcome in outcomes.values() if outcome.written)
    written = f"; {size / 1e6:.1f} MB in {took_s:.1f} s" if size else ""
    text = f"{len(outcomes)} objects in {exporter.store.location}: {counts}{written}"
    print_line(text)
    log.info(text, extra=about("export", count=len(outcomes)))


def _drop(settings: Settings, exporter: Exporter) -> None:
    """Drop the chunks that `export.drop_after` lets go, if the user asked for that."""
    after_us = settings.export.drop_after_us
    if after_us is None:
        return
    before_us = time.time_ns() // 1000 - after_us
    for chunk in drop_verified(exporter.ledger, exporter.store.stat, before_us):
        reason = chunk.kept_because
        end = f"stays in the database: {reason}" if reason else "is dropped: every day of it is in the store"
        text = f"chunk {chunk.limits} of {chunk.table} {end}"
        print_line(text)
        log.info(text, extra=about("chunk", table=chunk.table))


class _ProgressDisplay:
    """A bar for each object that is being exported, on a terminal; a line for each that has ended, everywhere."""

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[rows]} rows"),
        )
        self._bars = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._tasks: dict[DayObject, TaskID] = {}

    def __enter__(self) -> _ProgressDisplay:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def show(self, day_object: DayObject, report: ExportReport) -> None:
        """Show a report of an object."""
        if isinstance(report, ExportOutcome):
            if day_object in self._tasks:
                self._bars.remove_task(self._tasks.pop(day_object))
            text = f"{report.rows} rows, {report.bytes / 1e6:.1f} MB" if report.succeeded else report.problem
            line = printable(f"{day_object}: {report.end}, {text}")
            self._bars.console.print(line, markup=False, soft_wrap=True)
            return
        if day_object not in self._tasks:
            self._tasks[day_object] = self._bars.add_task(str(day_object), total=1.0, rows=0)
        self._bars.update(self._tasks[day_object], completed=report.share, rows=report.rows)
