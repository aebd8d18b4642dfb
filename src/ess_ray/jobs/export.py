"""`job=export`: export some days of some sites now, or verify them; ends with 1 if an object is missing afterwards.

What is there and has not changed is left alone. It may run beside the main job, and beside itself. What became of each
object goes to standard output, what is missing to standard error.
"""

from __future__ import annotations

import logging
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from types import FrameType, TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from ess_ray.actors.exporter import End, Exporter, Outcome, make_exporter
from ess_ray.actors.exporter import Progress as Share
from ess_ray.adapters.local.logs import EXPORT_JOB
from ess_ray.adapters.postgres.retention import drop_verified
from ess_ray.app.exit_codes import FAILED, INTERRUPTED, OK
from ess_ray.app.guard import guarded
from ess_ray.app.serving import serving
from ess_ray.app.state_folder import state_folder
from ess_ray.cluster.start import ray_folder
from ess_ray.core.day import Day, choose_day, whole_day
from ess_ray.core.errors import ConfigError
from ess_ray.core.exporting.objects import Part, last_closed
from ess_ray.core.running.logfields import about
from ess_ray.core.settings import Settings

log = logging.getLogger(__name__)

ONE_DAY = timedelta(days=1)


def run(settings: Settings) -> int:
    """Export or verify; gives the exit code. Raises ConfigError, CannotStart or another EssRayError."""
    export = settings.export
    now_us = time.time_ns() // 1000
    days = choose_days(settings.timezones, export.first_day, export.last_day, export.grace_us, now_us)
    try:
        with ExitStack() as stack:
            return _run(settings, days, stack)
    except KeyboardInterrupt:
        print("ess_ray: stopped at once: nothing is half done, the next run does the rest", file=sys.stderr)
        return INTERRUPTED


def choose_days(
    timezones: Mapping[str, str], first: str, last: str, grace_us: int, now_us: int
) -> list[tuple[str, Day]]:
    """Site and day of all that two words (see `core.day`) mean, oldest first.

    Raises ConfigError for a day that is not over: half of it would be in the store under the name of the whole.
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
    return sorted(chosen, key=lambda one: (one[1].date, one[0]))


def _run(settings: Settings, days: Sequence[tuple[str, Day]], stack: ExitStack) -> int:
    state_folder(settings, EXPORT_JOB, "export")
    stack.enter_context(guarded(ray_folder(settings.state_dir)))
    dsn = stack.enter_context(serving(settings))
    exporter = make_exporter(settings, dsn)
    parts = [part for site, day in days for part in exporter.ledger.parts(site, day)]
    for line in _unknown(settings, days, parts):
        print(f"ess_ray: {line}", file=sys.stderr)
        log.warning(line, extra=about("nothing to export"))
    if not parts:
        return FAILED

    from ess_ray.cluster.start import start_ray, stop_ray

    stack.callback(stop_ray)
    start_ray(settings.cluster, settings.state_dir, dashboard=False)
    for number in (signal.SIGINT, signal.SIGTERM):  # Ray has taken SIGTERM
        signal.signal(number, _interrupt)
    from ess_ray.cluster.exports import Exports

    exports = Exports(exporter, settings.export.parallel, settings.export.verify)
    outcomes: dict[Part, Outcome] = {}
    began_s = time.monotonic()
    with _Show(Console(highlight=False)) as show:
        for part, told in exports.run(parts):
            show.told(part, told)
            if isinstance(told, Outcome):
                outcomes[part] = told
    _sum_up(outcomes, exporter, time.monotonic() - began_s)
    bad = [(part, outcome) for part, outcome in outcomes.items() if not outcome.good]
    for part, outcome in bad:
        print(f"ess_ray: {part}: {outcome.problem}", file=sys.stderr)
        fields = about("export failed", site=part.site, table=part.table)
        log.error("%s: %s", part, outcome.problem, extra=fields)
    if not bad and not settings.export.verify:
        _drop(settings, exporter)
    return FAILED if bad else OK


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _unknown(settings: Settings, days: Sequence[tuple[str, Day]], parts: Sequence[Part]) -> Iterator[str]:
    """A line for each site of which there was nothing configured on some of the days."""
    known = {(part.site, part.day.date) for part in parts}
    for site in settings.timezones:
        lacking = [day.date for one, day in days if one == site and (site, day.date) not in known]
        if lacking:
            which = str(lacking[0]) if len(lacking) == 1 else f"{len(lacking)} days, the first {lacking[0]}"
            yield f"{site}: nothing was collected on {which}: nothing to export"


def _sum_up(outcomes: dict[Part, Outcome], exporter: Exporter, took_s: float) -> None:
    ends = [outcome.end for outcome in outcomes.values()]
    told = ", ".join(f"{ends.count(end)} {end}" for end in End if end in ends)
    size = sum(outcome.bytes for outcome in outcomes.values() if outcome.written)
    stored = f"; {size / 1e6:.1f} MB in {took_s:.1f} s" if size else ""
    text = f"{len(outcomes)} objects in {exporter.store.location}: {told}{stored}"
    print(text)
    log.info(text, extra=about("export", count=len(outcomes)))


def _drop(settings: Settings, exporter: Exporter) -> None:
    """What `export.drop_after` says, if the user asked for it."""
    after_us = settings.export.drop_after_us
    if after_us is None:
        return
    before_us = time.time_ns() // 1000 - after_us
    for one in drop_verified(exporter.ledger, exporter.store.stat, before_us):
        became = f"stays: {one.kept}" if one.kept else "is dropped: every day of it is in the store"
        text = f"chunk {one.chunk} of {one.table} {became}"
        print(text)
        log.info(text, extra=about("chunk", table=one.table))


class _Show:
    """A bar for each object at work on a terminal; a line for each that has ended, everywhere."""

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[rows]} rows"),
        )
        self._bars = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._tasks: dict[Part, TaskID] = {}

    def __enter__(self) -> _Show:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def told(self, part: Part, told: Share | Outcome) -> None:
        """What a part says."""
        if isinstance(told, Outcome):
            if part in self._tasks:
                self._bars.remove_task(self._tasks.pop(part))
            text = told.problem if not told.good else f"{told.rows} rows, {told.bytes / 1e6:.1f} MB"
            self._bars.console.print(f"{part}: {told.end}, {text}", markup=False, soft_wrap=True)
            return
        if part not in self._tasks:
            self._tasks[part] = self._bars.add_task(str(part), total=1.0, rows=0)
        self._bars.update(self._tasks[part], completed=told.share, rows=told.rows)
