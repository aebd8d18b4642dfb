"""`job=restore`: exported days back into the database; ends with 1 if not all of them are there afterwards.

Without `restore.run=true` it is a dry run: objects are read and checked, and what would come back is counted. It may
run beside the main job: ticks that the database has stay as they are. The end of each day goes to standard output,
failures also to standard error.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from ess_ray.actors.exporter import make_exporter
from ess_ray.actors.restorer import Restorer
from ess_ray.actors.takeover import TakeOver
from ess_ray.adapters.local.logs import RESTORE_JOB
from ess_ray.adapters.postgres.own_columns import read_remembered
from ess_ray.app.exit_codes import FAILED, INTERRUPTED, OK
from ess_ray.app.output import print_line
from ess_ray.app.serving import prepare_tables, serving
from ess_ray.app.state_folder import state_folder
from ess_ray.core.day import date_at, date_of_word
from ess_ray.core.errors import printable
from ess_ray.core.exporting.objects import Catalogue
from ess_ray.core.exporting.restoring import HourCount, RestoreOutcome, StoredDay
from ess_ray.core.running.logfields import about
from ess_ray.core.settings import RestoreSettings, Settings
from ess_ray.jobs.restore_text import day_lines, sum_lines

log = logging.getLogger(__name__)

DRY = "nothing was changed: this was a dry run. Add restore.run=true to restore"


def run(settings: Settings) -> int:
    """Restore the days that the settings ask for, or count; gives the exit code: OK, FAILED or INTERRUPTED.

    FAILED too if the store has none of them. Makes an embedded database or tables that are missing, but not in a dry
    run. Raises ConfigError, CannotStart or another EssRayError.
    """
    assert settings.restore is not None
    try:
        return _run(settings, settings.restore)
    except KeyboardInterrupt:
        print_line("ess_ray: stopped at once: what was committed stays, the same command does the rest", error=True)
        return INTERRUPTED


def _run(settings: Settings, restore: RestoreSettings) -> int:
    state_folder(settings, RESTORE_JOB, "restore")
    store = restore.store.open()
    with serving(settings, create=restore.run) as dsn:
        identity = prepare_tables(settings, dsn).identity if restore.run else ""
        known = read_remembered(dsn, settings.standard)
        catalogue = Catalogue(known, settings.export.template, settings.export.formats)
        take_over = None
        if settings.export.store is not None:
            exporter = make_exporter(settings, dsn, identity)
            take_over = TakeOver(dsn, exporter.ledger, exporter.store)
        restorer = Restorer(
            dsn, store, catalogue, settings.state_dir, run=restore.run, take_over=take_over, identity=identity
        )
        days = list(_days(settings, restore, restorer))
        if not days:
            print_line(f"ess_ray: {store.location} has no object of these sites and days", error=True)
            return FAILED
        outcomes = _restore(restorer, days)
    total = HourCount()
    for outcome in outcomes:
        total.add(outcome.count)
    for line in sum_lines(len(days), store.location, total, run=restore.run):
        print_line(line)
    if not restore.run:
        print_line(DRY)
    return OK if all(outcome.succeeded for outcome in outcomes) else FAILED


def _days(settings: Settings, restore: RestoreSettings, restorer: Restorer) -> Iterator[StoredDay]:
    """The days that are asked for and that the store has, by date."""
    now_us = time.time_ns() // 1000
    days: list[StoredDay] = []
    for site, timezone in settings.timezones.items():
        stored_days = restorer.days(site, timezone)
        if restore.first_day:
            today = date_at(now_us, timezone)
            first, last = (date_of_word(word, today) for word in (restore.first_day, restore.last_day))
            stored_days = [each for each in stored_days if first <= each.day <= last]
        days += (day for each in stored_days if (day := each.only(restore.table)).objects)
    yield from sorted(days, key=lambda each: (each.day, each.site))


def _restore(restorer: Restorer, days: list[StoredDay]) -> list[RestoreOutcome]:
    """Restore one day after the other, with a bar on a terminal and lines everywhere."""
    console = Console(highlight=False)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[rows]} rows"),
    )
    outcomes = []
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        for stored_day in days:
            bar = bars.add_task(printable(str(stored_day)), total=1.0, rows=0)
            for report in restorer.restore(stored_day):
                if isinstance(report, RestoreOutcome):
                    outcomes.append(report)
                else:
                    bars.update(bar, completed=report.share, rows=report.rows)
            bars.remove_task(bar)
            for line in day_lines(stored_day, outcomes[-1]):
                console.print(printable(line), markup=False, soft_wrap=True)
            _log(stored_day, outcomes[-1])
    return outcomes


def _log(stored_day: StoredDay, outcome: RestoreOutcome) -> None:
    line = next(iter(day_lines(stored_day, outcome)))
    if outcome.problem:
        print_line(f"ess_ray: {stored_day}: {outcome.problem}", error=True)
    level = logging.INFO if outcome.succeeded else logging.ERROR
    log.log(level, line, extra=about("restore", site=stored_day.site, count=outcome.count.ticks_new))
