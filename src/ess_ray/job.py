"""The main job: start what is needed, collect, drain, stop, sum up. Everything that was started is stopped again."""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING

from ess_ray.adapters.embedded import EmbeddedPostgres
from ess_ray.cluster.start import ray_folder
from ess_ray.core.account import Account
from ess_ray.core.errors import CannotStart
from ess_ray.core.settings import Settings
from ess_ray.database import Database
from ess_ray.guard import guarded
from ess_ray.running import Running, announced
from ess_ray.simulator.launch import SimulatedFleet
from ess_ray.terminal import Terminal

if TYPE_CHECKING:
    from ess_ray.cluster.collect import Collector
    from ess_ray.export_schedule import ExportSchedule
    from ess_ray.reload import Reload

log = logging.getLogger(__name__)

LOG_BYTES, LOG_FILES = 10_000_000, 5
INTERRUPTED = 130  # the shell's code for a program ended by Ctrl-C


class Signals:
    """Ctrl-C and SIGTERM: the first asks the run to drain, the second ends it at once. SIGHUP: reload.

    A terminal that goes away sends SIGHUP too: then the run drains, and says nothing more.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
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
        if self._terminal.gone:
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
    terminal = Terminal()
    signals = Signals(terminal)
    signals.install()
    try:
        with ExitStack() as stack:
            return _run(settings, compose, terminal, signals, stack)
    except KeyboardInterrupt:
        terminal.say("stopped at once: what was not stored yet waits in the journals")
        return INTERRUPTED


def _run(
    settings: Settings, compose: Callable[[], Settings], terminal: Terminal, signals: Signals, stack: ExitStack
) -> int:
    state_folder(settings, "ess_ray.log")
    stack.enter_context(guarded(ray_folder(settings.state_dir)))
    stack.enter_context(announced(settings.state_dir, Running(os.getpid(), time.time_ns() // 1000)))
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
    from ess_ray.reload import Reload

    nodes = Nodes(cluster=settings.cluster.address is not None)
    terminal.banner(settings, database.name, dashboard, nodes.up)
    for note in (*database.notes, *waiting_elsewhere(settings, database.identity)):
        terminal.say(note)
    account = Account(settings.devices)
    collector = Collector(settings, plan_pollers(settings, database.identity, nodes.up), nodes, dsn, account)
    exports = None
    if settings.export.kind != "none":
        from ess_ray.export_schedule import ExportSchedule

        exports = ExportSchedule(settings, dsn, collector.settled_us, lambda: database.prepared)
        stack.callback(exports.close)
    job = Run(settings, terminal, signals, database, collector, account, exports)
    reload = Reload(asked, settings, collector, compose, lambda new: simulate(new, stack), job.switched)
    stack.callback(reload.close)
    return job.collect(reload)


class Run:
    """One run of the main job, from the first tick to the summary."""

    def __init__(
        self,
        settings: Settings,
        terminal: Terminal,
        signals: Signals,
        database: Database,
        collector: Collector,
        account: Account,
        exports: ExportSchedule | None,
    ) -> None:
        self._settings = settings
        self._terminal = terminal
        self._signals = signals
        self._database = database
        self._collector = collector
        self._account = account
        self._exports = exports
        self._end_us: int | None = None

    def collect(self, reload: Reload) -> int:
        """Collect until the end or a signal, drain, sum up; gives the exit code."""
        settings, collector, account = self._settings, self._collector, self._account
        account.first_us = collector.start(settings.duration_us)
        self._end_us = None if settings.duration_us is None else account.first_us + settings.duration_us
        self._database.register_from(settings, account.first_us)
        self._signals.collecting = True
        if self._exports:
            self._exports.start()
        with _shown(self._terminal):
            collector.run(lambda: collector.ended or self._signals.asked, lambda: self._every_round(reload.step))
            window = collector.stop()
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
        self._account.change(settings.devices, first_us)
        self._database.register_from(settings, first_us)
        if self._exports:
            self._exports.timezones = settings.timezones

    def _every_round(self, reload: Callable[[Callable[[], bool], int], list[str]]) -> None:
        self._collector.may_write = self._database.prepared
        exports, changes = self._exports, reload(self._signals.reload, time.time_ns() // 1000)
        for note in (*changes, *self._collector.take_notes(), *(exports.take_notes() if exports else ())):
            self._terminal.say(note)
        problem = self._collector.problem or self._database.problem
        state = exports.state if exports else None
        self._terminal.show(self._account, self._account.first_us, self._end_us, problem, state)

    def _sum_up(self, first_us: int, end_us: int) -> int:
        settings, account, say = self._settings, self._account, self._terminal.say
        self._terminal.summary(account, first_us, end_us)
        if account.recovered:
            say(f"{account.recovered} samples of earlier runs were stored, out of the journals")
        if settings.summary:
            summary = account.summary(first_us, end_us, settings.simulated, self._database.name)
            if self._exports:
                summary["export"] = {"written": self._exports.written, "failed": self._exports.failed}
            settings.summary.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
        if left := account.unaccounted(first_us, end_us):
            say(
                f"{left} samples were not stored within run.drain_s={settings.drain_us / 1e6:g} s: the next run does it"
            )
            return 1
        if settings.require_complete and not account.complete(first_us, end_us):
            say("not every expected sample was stored (run.require_complete=true)")
            return 1
        return 0


@contextmanager
def _shown(terminal: Terminal) -> Iterator[None]:
    terminal.start()
    try:
        yield
    finally:
        terminal.stop()


def state_folder(settings: Settings, log_name: str) -> None:
    """Make the state folder and write the log into it; files are this user's only from now on. Raises CannotStart."""
    os.umask(0o077)
    try:
        settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        logs = settings.state_dir / "logs"
        logs.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"state_dir {settings.state_dir} cannot be made: {error.strerror}") from error
    handler = logging.handlers.RotatingFileHandler(logs / log_name, maxBytes=LOG_BYTES, backupCount=LOG_FILES)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("ess_ray")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(settings.log_level.upper())


def simulate(settings: Settings, stack: ExitStack) -> Settings:
    """Start the simulator, to be stopped by `stack`, and fill in where each device listens. Raises CannotStart."""
    fleet = SimulatedFleet(settings.standard_tree, settings.map_trees, settings.devices, settings.seed)
    ports = stack.enter_context(fleet).ports
    devices = tuple(replace(d, host="127.0.0.1", port=ports[str(d.device)]) for d in settings.devices)
    return replace(settings, devices=devices)
