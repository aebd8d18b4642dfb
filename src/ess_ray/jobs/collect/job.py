"""One run of the main job once everything is up: collect, drain, sum up. Runs in the driver's main thread."""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ess_ray.actors.watcher import WatcherUpdate
from ess_ray.adapters.local.background import LatestResult
from ess_ray.app.exit_codes import FAILED, OK
from ess_ray.core.maps.standard import tree_of
from ess_ray.core.running.account import Account
from ess_ray.core.running.logfields import about
from ess_ray.core.running.measures import Counts, measure
from ess_ray.core.running.metrics import Values
from ess_ray.core.running.status import Facts, RunStatus, status_of
from ess_ray.core.samples import Device
from ess_ray.core.settings import Settings
from ess_ray.jobs.collect.database import Database
from ess_ray.jobs.collect.display import RunDisplay, summary_lines
from ess_ray.jobs.collect.next_steps import next_steps
from ess_ray.jobs.collect.signals import Signals

if TYPE_CHECKING:
    from ess_ray.cluster.collect import Collector, Window
    from ess_ray.cluster.watcher_link import WatcherLink
    from ess_ray.jobs.collect.export_schedule import ExportSchedule
    from ess_ray.jobs.collect.reload import Reload

log = logging.getLogger(__name__)

REGISTER_S = 10.0  # at the end of a run, for what the table `device` does not have yet


class CollectJob:
    """One run, from the first tick to the summary: `collect` once; `switched` whenever a reload takes effect.

    Draws together what the collector, the database, the export's thread and the watcher report. `exports`: None if
    nothing is to be exported. `account` is filled by the collector.
    """

    def __init__(
        self,
        settings: Settings,
        display: RunDisplay,
        signals: Signals,
        database: Database,
        collector: Collector,
        account: Account,
        exports: ExportSchedule | None,
        watcher: WatcherLink,
    ) -> None:
        self._settings = settings
        self._display = display
        self._signals = signals
        self._database = database
        self._collector = collector
        self._account = account
        self._exports = exports
        self._watcher = watcher
        self._timezones = settings.timezones
        self._own_tree = tree_of(settings.own)
        self._end_us: int | None = None  # of the ticks; None: until a signal
        self._database_away = False  # as of the last round
        self._disk_usage = LatestResult("disk usage", lambda: shutil.disk_usage(settings.state_dir))

    def collect(self, reload: Reload) -> int:
        """Collect until the last tick or a signal, drain (at most `run.drain_s`), sum up; gives the exit code.

        OK: everything that was polled is stored; FAILED: it is not, or `run.require_complete` is not met.
        Raises CannotStart if the actors do not come up, or if Ray's own processes end.
        """
        self._begin()
        with self._display.live():
            ended = lambda: self._collector.ended or self._signals.end_requested  # noqa: E731
            self._collector.run(ended, lambda: self._every_round(reload.step))
            window = self._stop_polling()
            clock = self._collector.clock
            deadline_s = clock.now_s + self._settings.drain_us / 1e6
            over = lambda: self._collector.finished or clock.now_s > deadline_s  # noqa: E731
            self._collector.run(over, lambda: self._every_round(reload.refuse))
        drained = self._collector.drained
        self._collector.close()
        self._database.wait_registered(REGISTER_S)
        for text in self._database.take_notes():
            self._display.print_text(text)
        if drained:
            self._account.collector_down(window.first_us, window.end_us)
        code = self._sum_up(window.first_us, window.end_us)
        if code == OK:
            self._display.next_steps(
                next_steps(self._settings, self._database.dsn, self._watcher.page, self._account.rows)
            )
        return code

    def switched(self, settings: Settings, first_us: int, changed_us: Mapping[Device, int]) -> None:
        """Database and export follow a reload: `settings` hold from the tick `first_us` on.

        Those of each device that is new, changed or gone hold from its moment in `changed_us` on, all of them in
        microseconds since 1970 UTC. Called by `Reload.step`; waits for nothing, and raises nothing.
        """
        self._timezones = settings.timezones
        self._database.register_from(settings, first_us, changed_us)
        self._own_tree = tree_of(settings.own)
        if self._exports:
            self._exports.follow(settings)

    def _begin(self) -> None:
        """Wait for the actors and fix the first tick; from then on Ctrl-C drains."""
        settings, account = self._settings, self._account
        account.first_us = self._collector.start(settings.duration_us)
        account.latency_from_us = self._collector.all_up_us
        self._end_us = None if settings.duration_us is None else account.first_us + settings.duration_us
        if account.first_us == self._collector.all_up_us:  # or an early poller has begun, and this was done
            self._database.register_from(settings, account.first_us)
        self._collector.shipping.may_write = self._database.prepared
        self._signals.collecting = True
        text = f"{len(settings.devices)} devices of {len(settings.timezones)} sites into {self._database.name}"
        log.info("collecting %s", text, extra=about("collect", tick_us=account.first_us))
        if self._exports:
            self._exports.start()

    def _stop_polling(self) -> Window:
        window = self._collector.stop()
        text = "polling stops; storing what was read"
        log.info(text, extra=about("drain", tick_us=window.end_us))
        if self._exports:
            self._exports.stop()  # the next run finds what is not exported
        self._end_us = window.end_us
        self._account.end(window.end_us)
        return window

    # --- each round ---------------------------------------------------------------------------------------------------

    def _every_round(self, reload_step: Callable[[Callable[[], bool], int], list[str]]) -> None:
        self._database.check()
        self._collector.shipping.may_write = self._database.prepared
        self._look_whether_database_returned()
        notes = reload_step(self._signals.take_reload, time.time_ns() // 1000)
        notes += [*self._collector.take_notes(), *self._watcher.take_notes(), *self._database.take_notes()]
        notes += self._exports.take_notes() if self._exports else []
        for text in notes:
            self._display.print_text(text)
        export = self._exports.state if self._exports else None
        self._display.show(self._account, self._account.first_us, self._end_us, self._problem, export)
        self._watcher.step(self._update)

    def _look_whether_database_returned(self) -> None:
        away = self._database_problem is not None
        if self._database_away and not away:
            self._database.returned()
        self._database_away = away

    @property
    def _problem(self) -> str | None:
        """The reason why the database does not store samples now, or not all of them."""
        return self._database_problem or "; ".join(self._collector.shipping.set_aside) or None

    @property
    def _database_problem(self) -> str | None:
        return self._database.server_problem or self._collector.shipping.problem or self._database.problem

    def _update(self, with_values: bool) -> WatcherUpdate:
        """The state of the run for the watcher, with the metrics' values or without."""
        now_us = time.time_ns() // 1000
        return WatcherUpdate(self._status(now_us), self._own_tree, self._values(now_us) if with_values else None)

    def _values(self, now_us: int) -> Values:
        settings, collector, exports = self._settings, self._collector, self._exports
        usage = self._disk_usage.latest()
        counts = Counts(
            account=self._account,
            totals=collector.pulling.totals,
            work=collector.shipping.work,
            journals=collector.pulling.journals,
            deaths={**collector.deaths, "watcher": self._watcher.deaths},
            exported=exports.done if exports else None,
            layouts_set_aside=len(collector.shipping.set_aside),
            database_up=self._database.prepared and not self._database_problem,
            disk_bytes=(usage.free, usage.total) if usage else None,
        )
        return measure(counts, self._timezones, settings.storage.late_us, now_us)

    def _status(self, now_us: int) -> RunStatus:
        facts = Facts(
            timezones=self._timezones,
            end_us=self._end_us,
            simulated=self._settings.simulated,
            database=self._database.name,
            problem=self._problem,
            waiting=self._collector.waiting,
            export=self._exports.state if self._exports else None,
            page=self._watcher.page,
        )
        return status_of(self._account, facts, now_us)

    # --- the end ------------------------------------------------------------------------------------------------------

    def _sum_up(self, first_us: int, end_us: int) -> int:
        """Print, log and write the summary; gives the exit code."""
        settings, account = self._settings, self._account
        self._display.summary(account, first_us, end_us)
        for text in summary_lines(account, first_us, end_us):
            log.info(text, extra=about("summary"))
        if account.recovered:
            self._display.note(f"{account.recovered} samples of earlier runs waited in the journals and were stored")
        if settings.summary:
            self._write_summary(settings.summary, first_us, end_us)
        if missing := account.unaccounted(first_us, end_us):
            refused = "; ".join(self._collector.shipping.set_aside)
            limit = f" within run.drain_s={settings.drain_us / 1e6:g} s: the next run stores them"
            self._display.note(f"{missing} samples were not stored{': ' + refused if refused else limit}")
            return FAILED
        if settings.require_complete and not account.complete(first_us, end_us):
            self._display.note("not every expected sample was stored completely (run.require_complete=true)")
            return FAILED
        return OK

    def _write_summary(self, file: Path, first_us: int, end_us: int) -> None:
        summary = self._account.summary(first_us, end_us, self._settings.simulated, self._database.name)
        if self._exports:
            exports = self._exports
            summary["export"] = {"written": exports.written, "failed": exports.failed, "held": exports.held}
        file.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
