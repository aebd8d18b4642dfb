"""The export inside the main job: a thread that has the days exported that are over, at each site.

On a start it catches up on every day that the ledger lacks, oldest first; later it also exports again what has changed.
Collecting never waits for it: the thread waits, the work is done in processes of its own, and trouble is only reported.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Event, Thread

from ess_ray.actors.exporter import make_exporter
from ess_ray.adapters.local.notices import Troubles
from ess_ray.adapters.postgres.retention import drop_verified
from ess_ray.cluster.export_processes import ExportProcesses
from ess_ray.cluster.exports import ExportTasks
from ess_ray.core.errors import EssRayError
from ess_ray.core.exporting.agenda import Agenda, ExportRound
from ess_ray.core.exporting.objects import DayObject, last_closed
from ess_ray.core.exporting.outcome import ExportEnd, ExportOutcome
from ess_ray.core.running.logfields import about
from ess_ray.core.running.work import Exported
from ess_ray.core.settings import Settings

log = logging.getLogger(__name__)

EVERY_S = 30.0  # how often the ledger is asked what is due
DROP_EVERY_US = 3_600_000_000
STOP_S = 10.0
MOST_NAMED = 3  # days that wait, named one by one


class ExportSchedule:
    """The export of one run of the main job."""

    def __init__(
        self,
        settings: Settings,
        processes: ExportProcesses,
        dsn: str,
        identity: str,
        watermark_us: Callable[[str], int],
        prepared: Callable[[], bool],
    ) -> None:
        """`watermark_us(site)`: all samples of the site before that time are in the database, see `Collector`.

        `identity`: of the database at `dsn`; nothing is exported from another one. `prepared()`: True once the tables
        are there. Both functions are called by the thread. Raises ConfigError if the settings have no store.
        """
        self._settings = settings
        self._processes = processes
        self.timezones = settings.timezones  # of the sites that are collected; a reload may change them
        self._followed: Settings | None = None  # of a reload, until the thread has taken them
        self._dsn, self._identity = dsn, identity
        self._watermark_us = watermark_us
        self._prepared = prepared
        self._exporter = make_exporter(settings, dsn, identity)
        self._agenda = Agenda(settings.export.wait_us)
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="export", daemon=True)
        self._notes: list[str] = []
        self._reported_troubles: set[str] = set()  # troubles that were reported and are not over
        self._troubles = Troubles(__name__)
        self._dropped_us = 0
        self.state: str | None = None  # what is being done, for a person
        self.written = 0  # objects
        self.failed: dict[str, str] = {}  # why, by object, now
        self.held: dict[str, str] = {}  # likewise: objects that hold more than the database has
        self.done = Exported()  # for the metrics

    def start(self) -> None:
        """Export in a thread of its own what is due, again and again until `stop`; returns at once. Called once.

        Raises nothing, here or later: what goes wrong is in `failed` and in the notes.
        """
        self._thread.start()

    def follow(self, settings: Settings) -> None:
        """Export what these settings say of sites and columns, from the next round on; does not wait."""
        self.timezones = settings.timezones
        self._followed = settings

    def stop(self) -> None:
        """Begin nothing more; what is being exported now is given up, and nothing of it is left in the store.

        Does not wait. For good: there is no further `start`.
        """
        self._stopping.set()

    def close(self) -> None:
        """Stop, and wait for the thread, at most STOP_S: it may still be at work then. Fits before `start` too."""
        self.stop()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def take_notes(self) -> list[str]:
        """Texts for a person since the last call."""
        notes, self._notes = self._notes, []
        return notes

    def export_due(self, now_us: int) -> bool:
        """Export the oldest date of what is due at `now_us`, microseconds since 1970 UTC; True if something was.

        Returns when its objects are done or given up; those that failed or are held are in `failed` and `held`. With
        nothing due it forgets, at most once an hour, what the ledger needs no more, and drops the chunks that
        `export.drop_after` lets go, which raises ConfigError without TimescaleDB. Raises the errors of ledger and
        store too.
        """
        if (followed := self._followed) is not None:
            self._exporter = make_exporter(followed, self._dsn, self._identity)
            self._followed = None if self._followed is followed else self._followed
        sites = {**self._removed_sites(), **self.timezones}
        due = [each for site, timezone in sites.items() for each in self._due(site, timezone, now_us)]
        export_round = self._agenda.next(due, self._watermark_of, now_us)
        self.state = _waiting(export_round)
        for site in export_round.incomplete:
            day = export_round.day_objects[0].day.date
            waited = f"after {self._settings.export.wait_us / 1e6:g} s (export.wait_s)"
            self._report(
                f"export: {site} {day} is exported without samples that are still in the journals {waited}; "
                "it is exported again when they are stored"
            )
        if export_round.day_objects:
            self._export(export_round.day_objects, now_us)
        elif now_us >= self._dropped_us + DROP_EVERY_US:
            self._dropped_us = now_us
            self._exporter.ledger.forget_late_commits()
            self._drop(now_us)
        return bool(export_round.day_objects)

    def _run(self) -> None:
        pause_s = 1.0
        while not self._stopping.wait(pause_s):
            pause_s = EVERY_S if self._prepared() else 1.0
            if not self._prepared():
                continue
            try:
                if self.export_due(time.time_ns() // 1000):
                    pause_s = 0.0
            except EssRayError as error:
                self._trouble(f"export: {error}")
            except Exception:
                log.exception("the export met an error of the program; it goes on")
                self._trouble("export: an error of the program, see logs/ess_ray.json in the state folder")

    def _removed_sites(self) -> dict[str, str]:
        """Sites that no collector has any more, and their time zones: their last days are exported, too."""
        removed = self._exporter.ledger.removed_sites()
        for site in [site for site, timezone in removed.items() if not timezone and site not in self.timezones]:
            self._trouble(
                f"export: {site} was removed before time zones were recorded, and its days are not exported: "
                f"configure it once more, or enter its time zone into the table device"
            )
        return {site: timezone for site, timezone in removed.items() if timezone}

    def _watermark_of(self, site: str) -> int:
        """See `watermark_us`; of a removed site nothing is waited for, what comes later is exported again."""
        return self._watermark_us(site) if site in self.timezones else 1 << 62

    def _due(self, site: str, timezone: str, now_us: int) -> list[DayObject]:
        last = last_closed(timezone, now_us, self._settings.export.grace_us)
        due = self._exporter.ledger.due(site, timezone, last)
        missing = [day_object for day_object in due if day_object.name not in self.held]
        self.done.lag_days[site] = max(((last - day_object.day.date).days + 1 for day_object in missing), default=0)
        return due

    def _export(self, day_objects: tuple[DayObject, ...], now_us: int) -> None:
        began_s, written, size = time.monotonic(), 0, 0
        tasks = ExportTasks(self._processes, self._exporter, self._settings.export.parallel)
        for day_object, report in tasks.run(day_objects, self._stopping.is_set):
            if not isinstance(report, ExportOutcome):
                self.state = f"{day_object}: {100 * report.share:.0f} %"
                continue
            # `now_us` is of before the exports of this round.
            self._account(day_object, report, now_us + round((time.monotonic() - began_s) * 1e6))
            written, size = written + report.written, size + report.bytes * report.written
            self.done.rows += report.rows * report.written
        self.written += written
        self.done.objects, self.done.bytes = self.written, self.done.bytes + size
        self.done.failed, self.done.held = len(self.failed), len(self.held)
        self.state = None
        if written:
            sites = ", ".join(dict.fromkeys(day_object.site for day_object in day_objects))
            took = f"{size / 1e6:.1f} MB in {time.monotonic() - began_s:.0f} s"
            self._report(f"export: {day_objects[0].day.date} of {sites}: {written} objects, {took}")
        if not self.failed:
            for text in self._reported_troubles:
                self._troubles.over(text, "export: the problems reported before are over", about("export back"))
            self._reported_troubles.clear()

    def _account(self, day_object: DayObject, outcome: ExportOutcome, now_us: int) -> None:
        """Account for the end of an object's export, and report what a person has to know."""
        was_held = self.held.pop(day_object.name, None)
        self.failed.pop(day_object.name, None)
        fields = about("export held", site=day_object.site, table=day_object.table)
        if outcome.succeeded:
            self._agenda.done(day_object)
            text = f"export: {day_object} is held no longer: it is {outcome.end}"
            self._troubles.over(day_object.name, text, fields)
        elif outcome.end is ExportEnd.HELD:
            self._agenda.held(day_object, now_us)
            self.held[day_object.name] = outcome.problem
            text = f"export: {day_object} is held: {outcome.problem}"
            self._troubles.met(day_object.name, text, fields, logging.ERROR)
            self._notes += [] if was_held else [text]
        else:
            self._agenda.failed(day_object, now_us)
            self.failed[day_object.name] = outcome.problem
            self._trouble(f"export: {day_object}: {outcome.problem}", day_object)

    def _drop(self, now_us: int) -> None:
        """Drop the chunks that `export.drop_after` lets go, if the user asked for that."""
        if (after_us := self._settings.export.drop_after_us) is None:
            return
        exporter = self._exporter
        for chunk in drop_verified(exporter.ledger, exporter.store.stat, now_us - after_us):
            if not chunk.kept_because:
                where = exporter.store.location
                self._report(f"dropped chunk {chunk.limits} of {chunk.table}: every day of it is in {where}")
            else:
                text, fields = "chunk %s of %s stays: %s", about("chunk", table=chunk.table)
                log.info(text, chunk.limits, chunk.table, chunk.kept_because, extra=fields)

    def _report(self, text: str) -> None:
        log.info(text, extra=about("export"))
        self._notes.append(text)

    def _trouble(self, text: str, day_object: DayObject | None = None) -> None:
        """Report a trouble once, until everything is well again."""
        site, table = (day_object.site, day_object.table) if day_object else (None, None)
        self._troubles.met(text, text, about("export failed", site=site, table=table), logging.ERROR)
        if text not in self._reported_troubles:
            self._reported_troubles.add(text)
            self._notes.append(f"{text}; it is tried again")


def _waiting(export_round: ExportRound) -> str | None:
    if export_round.day_objects or not export_round.waiting:
        return None
    days = ", ".join(f"{site} {day}" for day, site in export_round.waiting[:MOST_NAMED])
    others = len(export_round.waiting) - MOST_NAMED
    return f"{days}{f' and {others} others' if others > 0 else ''}: waiting for samples in the journals"
