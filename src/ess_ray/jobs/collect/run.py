"""The main job: start what is needed, collect, drain, stop, sum up. Everything that was started is stopped again."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING

from ess_ray.actors.page import Page
from ess_ray.actors.watcher import WatcherUpdate
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.app.exit_codes import FAILED, INTERRUPTED, OK
from ess_ray.app.guard import guarded
from ess_ray.app.running import RunningCollector, announced
from ess_ray.app.state_folder import state_folder
from ess_ray.cluster.start import ray_folder
from ess_ray.core.errors import EssRayError
from ess_ray.core.running.account import Account
from ess_ray.core.running.logfields import about
from ess_ray.core.running.measures import Counts, measure
from ess_ray.core.running.metrics import Values
from ess_ray.core.running.status import Facts, Status, status_of
from ess_ray.core.settings import Settings
from ess_ray.jobs.collect.database import Database
from ess_ray.jobs.collect.display import RunDisplay, summary_lines
from ess_ray.simulator.launch import simulate

if TYPE_CHECKING:
    from ess_ray.cluster.collect import Collector
    from ess_ray.cluster.watcher_link import WatcherLink
    from ess_ray.jobs.collect.export_schedule import ExportSchedule
    from ess_ray.jobs.collect.reload import Reload

log = logging.getLogger(__name__)


class Signals:
    """Ctrl-C and SIGTERM: the first asks the run to drain, the second ends it at once. SIGHUP: reload.

    A terminal that goes away sends SIGHUP too: then the run drains, and says nothing more.
    """

    def __init__(self, display: RunDisplay) -> None:
        self._display = display
        self.asked = False
        self.collecting = False
        self._reload = False

    def install(self) -> None:
        """Take the signals over; once more after Ray has started, which takes SIGTERM."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)
        signal.signal(signal.SIGHUP, self._hang_up)

    def reload(self) -> bool:
        """Whether a reload was asked for since the last call."""
        asked, self._reload = self._reload, False
        return asked

    def _hang_up(self, number: int, frame: FrameType | None) -> None:
        if self._display.gone:
            self._handle(number, frame)
        else:
            self._reload = True

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked or not self.collecting:
            raise KeyboardInterrupt
        self.asked = True


def run(settings: Settings, compose: Callable[[], Settings]) -> int:
    """Run the job; gives the exit code. Raises CannotStart, ConfigError or another EssRayError before it collects.

    `compose` gives the settings as the configuration stands then, for a reload.
    """
    display = RunDisplay()
    signals = Signals(display)
    signals.install()
    try:
        with ExitStack() as stack:
            code = _run(settings, compose, display, signals, stack)
    except KeyboardInterrupt:
        _tell(display, "stopped at once: what was not stored yet waits in the journals")
        code = INTERRUPTED
    except EssRayError as error:
        log.error("%s", error, extra=about("stop", error=error))
        raise
    except Exception:
        log.exception("an error of the program ends the job", extra=about("stop"))
        raise
    log.info("ended with exit code %d", code, extra=about("end"))
    return code


def _run(
    settings: Settings, compose: Callable[[], Settings], display: RunDisplay, signals: Signals, stack: ExitStack
) -> int:
    state_folder(settings, "ess_ray", "driver")
    stack.enter_context(guarded(ray_folder(settings.state_dir)))
    stack.enter_context(announced(settings.state_dir, RunningCollector(os.getpid(), time.time_ns() // 1000)))
    asked = settings
    if settings.simulated:
        settings = simulate(settings, stack)
    dsn = settings.storage.dsn
    if settings.storage.kind == "embedded":
        dsn = stack.enter_context(EmbeddedPostgres(settings.state_dir / "postgresql")).dsn
    database = Database(settings, dsn)
    database.open()

    from ess_ray.cluster.start import start_ray, stop_ray

    stack.callback(stop_ray)
    dashboard = start_ray(settings.cluster, settings.state_dir)
    signals.install()
    from ess_ray.cluster.collect import Collector
    from ess_ray.cluster.nodes import Nodes
    from ess_ray.cluster.plan import plan_pollers, waiting_elsewhere
    from ess_ray.cluster.watcher_link import WatcherLink
    from ess_ray.jobs.collect.reload import Reload

    nodes = Nodes(cluster=settings.cluster.address is not None)
    display.banner(settings, database.name, dashboard, nodes.up)
    wanted = settings.cluster.metrics_port
    if wanted and not nodes.up and f":{wanted}/" not in dashboard.metrics_url:
        display.say(f"port {wanted} (cluster.metrics_port) is taken: the metrics are at the address above")
    for note in (*database.notes, *waiting_elsewhere(settings, database.identity)):
        _tell(display, note)
    account = Account(settings.devices)
    collector = Collector(settings, plan_pollers(settings, database.identity, nodes.up), nodes, dsn, account)
    exports = None
    if settings.export.store is not None:
        from ess_ray.jobs.collect.export_schedule import ExportSchedule

        exports = ExportSchedule(settings, dsn, collector.watermark_us, lambda: database.prepared)
        stack.callback(exports.close)
    page = Page(settings.page, dsn, settings.standard_tree, settings.storage.late_us, settings.state_dir)
    watcher = WatcherLink(page, settings)
    job = CollectJob(settings, display, signals, database, collector, account, exports, watcher)
    reload = Reload(asked, settings, collector, compose, lambda new: simulate(new, stack), job.switched)
    stack.callback(reload.close)
    return job.collect(reload)


class CollectJob:
    """One run of the main job, from the first tick to the summary."""

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
        self._end_us: int | None = None

    def collect(self, reload: Reload) -> int:
        """Collect until the end or a signal, drain, sum up; gives the exit code."""
        settings, collector, account = self._settings, self._collector, self._account
        account.first_us = collector.start(settings.duration_us)
        self._end_us = None if settings.duration_us is None else account.first_us + settings.duration_us
        self._database.register_from(settings, account.first_us)
        self._signals.collecting = True
        text = f"{len(settings.devices)} devices of {len(settings.timezones)} sites into {self._database.name}"
        log.info("collecting %s", text, extra=about("collect", tick_us=account.first_us))
        if self._exports:
            self._exports.start()
        with _shown(self._display):
            collector.run(lambda: collector.ended or self._signals.asked, lambda: self._every_round(reload.step))
            window = collector.stop()
            log.info("no more ticks: what was read is stored", extra=about("drain", tick_us=window.end_us))
            if self._exports:
                self._exports.stop()  # what is not exported is found by the next run
            self._end_us = window.end_us
            deadline_s = time.monotonic() + settings.drain_us / 1e6
            over = lambda: collector.drained or time.monotonic() > deadline_s  # noqa: E731
            collector.run(over, lambda: self._every_round(reload.late))
        drained = collector.drained
        collector.close()
        if drained:
            account.collector_down(window.first_us, window.end_us)
        return self._sum_up(window.first_us, window.end_us)

    def switched(self, settings: Settings, first_us: int) -> None:
        """These settings hold from that tick on."""
        self._timezones = settings.timezones
        self._account.change(settings.devices, first_us)
        self._database.register_from(settings, first_us)
        if self._exports:
            self._exports.timezones = settings.timezones

    def _every_round(self, reload: Callable[[Callable[[], bool], int], list[str]]) -> None:
        self._collector.shipping.may_write = self._database.prepared
        exports, changes = self._exports, reload(self._signals.reload, time.time_ns() // 1000)
        notes = (*changes, *self._collector.take_notes(), *self._watcher.take_notes())
        for note in (*notes, *(exports.take_notes() if exports else ())):
            self._display.say(note)
        problem = self._collector.shipping.problem or self._database.problem
        state = exports.state if exports else None
        self._display.show(self._account, self._account.first_us, self._end_us, problem, state)
        self._watcher.step(self._told)

    def _told(self, with_values: bool) -> WatcherUpdate:
        """What the watcher is told."""
        now_us = time.time_ns() // 1000
        return WatcherUpdate(self._status(now_us), self._values(now_us) if with_values else None)

    def _values(self, now_us: int) -> Values:
        settings, collector, exports = self._settings, self._collector, self._exports
        try:
            usage = shutil.disk_usage(settings.state_dir)
        except OSError:
            usage = None
        counts = Counts(
            account=self._account,
            totals=collector.totals,
            work=collector.shipping.work,
            journals=collector.journals,
            deaths={**collector.deaths, "watcher": self._watcher.deaths},
            exported=exports.done if exports else None,
            database_up=self._database.prepared and not collector.shipping.problem,
            disk_bytes=(usage.free, usage.total) if usage else None,
        )
        return measure(counts, self._timezones, settings.storage.late_us, now_us)

    def _status(self, now_us: int) -> Status:
        facts = Facts(
            timezones=self._timezones,
            end_us=self._end_us,
            simulated=self._settings.simulated,
            database=self._database.name,
            problem=self._collector.shipping.problem or self._database.problem,
            waiting=self._collector.waiting,
            export=self._exports.state if self._exports else None,
            page=self._watcher.page,
        )
        return status_of(self._account, facts, now_us)

    def _sum_up(self, first_us: int, end_us: int) -> int:
        settings, account, say = self._settings, self._account, partial(_tell, self._display)
        self._display.summary(account, first_us, end_us)
        for text in summary_lines(account, first_us, end_us):
            log.info(text, extra=about("summary"))
        if account.recovered:
            say(f"{account.recovered} samples of earlier runs were stored, out of the journals")
        if settings.summary:
            summary = account.summary(first_us, end_us, settings.simulated, self._database.name)
            if self._exports:
                summary["export"] = {"written": self._exports.written, "failed": self._exports.failed}
            settings.summary.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
        if left := account.unaccounted(first_us, end_us):
            say(f"{left} samples were not stored within run.drain_s={settings.drain_us / 1e6:g} s: the next run does")
            return FAILED
        if settings.require_complete and not account.complete(first_us, end_us):
            say("not every expected sample was stored (run.require_complete=true)")
            return FAILED
        return OK


def _tell(display: RunDisplay, text: str) -> None:
    display.say(text)
    log.warning(text, extra=about("note"))


@contextmanager
def _shown(display: RunDisplay) -> Iterator[None]:
    display.start()
    try:
        yield
    finally:
        display.stop()
