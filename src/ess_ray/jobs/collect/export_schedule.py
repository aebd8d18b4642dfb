"""The export inside the main job: a thread that looks, when a site's day is over, what is due, and has it exported.

On a start it catches up on every day that the ledger lacks, oldest first; later it also finds days that have changed.
Collecting never waits for it: the thread waits, the work is done in processes of its own, and trouble is only told.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Event, Thread

from ess_ray.actors.exporter import Outcome, make_exporter
from ess_ray.adapters.local.notices import Troubles
from ess_ray.adapters.postgres.retention import drop_verified
from ess_ray.cluster.exports import Exports
from ess_ray.core.errors import EssRayError
from ess_ray.core.exporting.agenda import Agenda, Batch
from ess_ray.core.exporting.objects import Part, last_closed
from ess_ray.core.running.logfields import about
from ess_ray.core.running.work import Exported
from ess_ray.core.settings import Settings

log = logging.getLogger(__name__)

LOOK_S = 30.0  # between two looks at the ledger
DROP_EVERY_US = 3_600_000_000
STOP_S = 10.0


class ExportSchedule:
    """The export of one run. `settled_us` of a site: every tick before is in the database, see `Collector`."""

    def __init__(
        self, settings: Settings, dsn: str, settled_us: Callable[[str], int], prepared: Callable[[], bool]
    ) -> None:
        self._settings = settings
        self.timezones = settings.timezones  # of the sites that are collected; a reload may change them
        self._settled_us = settled_us
        self._prepared = prepared
        self._exporter = make_exporter(settings, dsn)
        self._agenda = Agenda(settings.export.wait_us)
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="export", daemon=True)
        self._notes: list[str] = []
        self._told: set[str] = set()  # troubles that a person knows
        self._troubles = Troubles(__name__)
        self._dropped_us = 0
        self.state: str | None = None  # what is being done, for a person
        self.written = 0  # objects
        self.failed: dict[str, str] = {}  # why, by object, now
        self.done = Exported()  # for the metrics

    def start(self) -> None:
        """From now on."""
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more; what is being exported now is given up, and nothing of it is left in the store."""
        self._stopping.set()

    def close(self) -> None:
        """Stop, and wait for it."""
        self.stop()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def take_notes(self) -> list[str]:
        """What a person should know once, and was not told yet."""
        notes, self._notes = self._notes, []
        return notes

    def look(self, now_us: int) -> bool:
        """Export what should be by `now_us`, of the oldest date; whether there was something."""
        due = [part for site, timezone in self.timezones.items() for part in self._due(site, timezone, now_us)]
        batch = self._agenda.next(due, self._settled_us, now_us)
        self.state = _waiting(batch)
        for site in batch.incomplete:
            waited_s = self._settings.export.wait_us / 1e6
            told = f"has waited {waited_s:g} s (export.wait_s) for samples in the journals and goes without them"
            self._say(f"export: {site} {batch.parts[0].day.date} {told}; it is exported again when they are stored")
        if batch.parts:
            self._export(batch.parts, now_us)
        elif now_us >= self._dropped_us + DROP_EVERY_US:
            self._dropped_us = now_us
            self._drop(now_us)
        return bool(batch.parts)

    def _run(self) -> None:
        pause_s = 1.0
        while not self._stopping.wait(pause_s):
            pause_s = LOOK_S if self._prepared() else 1.0
            if not self._prepared():
                continue
            try:
                if self.look(time.time_ns() // 1000):
                    pause_s = 0.0
            except EssRayError as error:
                self._trouble(f"export: {error}")
            except Exception:
                log.exception("the export has stumbled and goes on")
                self._trouble("export: an error of the program, see logs/ess_ray.json in the state folder")

    def _due(self, site: str, timezone: str, now_us: int) -> list[Part]:
        last = last_closed(timezone, now_us, self._settings.export.grace_us)
        due = self._exporter.ledger.due(site, timezone, last)
        self.done.lag_days[site] = max(((last - part.day.date).days + 1 for part in due), default=0)
        return due

    def _export(self, parts: tuple[Part, ...], now_us: int) -> None:
        began_s, written, size = time.monotonic(), 0, 0
        exports = Exports(self._exporter, self._settings.export.parallel)
        for part, told in exports.run(parts, self._stopping.is_set):
            if not isinstance(told, Outcome):
                self.state = f"{part}: {100 * told.share:.0f} %"
                continue
            if told.good:
                self._agenda.done(part)
                self.failed.pop(part.name, None)
                written, size = written + told.written, size + told.bytes * told.written
                self.done.rows += told.rows * told.written
            else:
                # The clock of the look goes on while it is worked at.
                self._agenda.failed(part, now_us + round((time.monotonic() - began_s) * 1e6))
                self.failed[part.name] = told.problem
                self._trouble(f"export: {part}: {told.problem}", part)
        self.written += written
        self.done.objects, self.done.bytes = self.written, self.done.bytes + size
        self.done.failed = len(self.failed)
        self.state = None
        if written:
            sites = ", ".join(dict.fromkeys(part.site for part in parts))
            took = f"{size / 1e6:.1f} MB in {time.monotonic() - began_s:.0f} s"
            self._say(f"export: {parts[0].day.date} of {sites}: {written} objects, {took}")
        if not self.failed:
            for text in self._told:
                self._troubles.over(text, "export: it is well again", about("export back"))
            self._told.clear()

    def _drop(self, now_us: int) -> None:
        """Drop what `export.drop_after` says, if the user asked for it."""
        if (after_us := self._settings.export.drop_after_us) is None:
            return
        exporter = self._exporter
        for one in drop_verified(exporter.ledger, exporter.store.stat, now_us - after_us):
            if not one.kept:
                self._say(f"dropped chunk {one.chunk} of {one.table}: every day of it is in {exporter.store.location}")
            else:
                fields = about("chunk", table=one.table)
                log.info("chunk %s of %s stays: %s", one.chunk, one.table, one.kept, extra=fields)

    def _say(self, text: str) -> None:
        log.info(text, extra=about("export"))
        self._notes.append(text)

    def _trouble(self, text: str, part: Part | None = None) -> None:
        """Say it once, until everything is well again."""
        fields = about("export failed", site=part.site if part else None, table=part.table if part else None)
        self._troubles.met(text, text, fields, logging.ERROR)
        if text not in self._told:
            self._told.add(text)
            self._notes.append(f"{text}; it is tried again")


def _waiting(batch: Batch) -> str | None:
    if batch.parts or not batch.waiting:
        return None
    days = ", ".join(f"{site} {day}" for day, site in batch.waiting[:3])
    more = f" and {len(batch.waiting) - 3} more" if len(batch.waiting) > 3 else ""
    return f"{days}{more}: waits for samples in the journals"
