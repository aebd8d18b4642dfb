"""The main job: start what is needed, collect, drain, stop, sum up. Everything that was started is stopped again."""

from __future__ import annotations

import json
import logging
import logging.handlers
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from types import FrameType
from typing import TYPE_CHECKING

from ess_ray.adapters.devices import Configured, register_devices
from ess_ray.adapters.embedded import EmbeddedPostgres
from ess_ray.adapters.schema import Prepared, prepare
from ess_ray.core.account import Account
from ess_ray.core.errors import CannotStart
from ess_ray.core.settings import Settings
from ess_ray.simulator.launch import SimulatedFleet
from ess_ray.terminal import Terminal

if TYPE_CHECKING:
    from ess_ray.cluster.collect import Collector

log = logging.getLogger(__name__)

LOG_BYTES, LOG_FILES = 10_000_000, 5
INTERRUPTED = 130  # the shell's code for a program ended by Ctrl-C


class StopSignals:
    """Ctrl-C and SIGTERM: the first asks the run to drain, the second ends it at once."""

    def __init__(self) -> None:
        self.asked = False
        self.collecting = False

    def install(self) -> None:
        """Take both signals over; once more after Ray has started, which takes SIGTERM."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked or not self.collecting:
            raise KeyboardInterrupt
        self.asked = True


def run(settings: Settings) -> int:
    """Run the job; gives the exit code. Raises CannotStart, ConfigError or another EssRayError before it collects."""
    terminal = Terminal()
    signals = StopSignals()
    signals.install()
    try:
        with ExitStack() as stack:
            return _run(settings, terminal, signals, stack)
    except KeyboardInterrupt:
        terminal.say("stopped at once: what was not stored yet is lost")
        return INTERRUPTED


def _run(settings: Settings, terminal: Terminal, signals: StopSignals, stack: ExitStack) -> int:
    _state_folder(settings)
    if settings.simulated:
        settings = _simulate(settings, stack)
    dsn = settings.storage.dsn
    if settings.storage.kind == "embedded":
        dsn = stack.enter_context(EmbeddedPostgres(settings.state_dir / "postgresql")).dsn
    prepared = _prepare(settings, dsn)

    from ess_ray.cluster.start import start_ray, stop_ray

    stack.callback(stop_ray)
    dashboard = start_ray(settings.cluster, settings.state_dir)
    signals.install()
    from ess_ray.cluster.collect import Collector

    terminal.banner(settings, _database(settings, prepared), dashboard.url, str(dashboard.token_file))
    for note in prepared.notes:
        terminal.say(note)
    account = Account(settings.devices)
    collector = Collector(settings, dsn, account)
    first_us = collector.start(settings.duration_us)
    register_devices(dsn, _configured(settings), first_us)
    return _collect(settings, terminal, signals, collector, account, first_us, prepared)


def _collect(
    settings: Settings,
    terminal: Terminal,
    signals: StopSignals,
    collector: Collector,
    account: Account,
    first_us: int,
    prepared: Prepared,
) -> int:
    end_us = None if settings.duration_us is None else first_us + settings.duration_us

    def show() -> None:
        terminal.show(account, first_us, end_us, collector.database_error)

    signals.collecting = True
    with _shown(terminal):
        collector.run(lambda: collector.ended or signals.asked, show)
        window = collector.stop()
        deadline_s = time.monotonic() + settings.drain_us / 1e6
        collector.run(lambda: collector.drained or time.monotonic() > deadline_s, show)
    terminal.summary(account, window.first_us, window.end_us)
    if settings.summary:
        summary = account.summary(window.first_us, window.end_us, settings.simulated, _database(settings, prepared))
        settings.summary.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    if lost := account.unaccounted(window.first_us, window.end_us):
        terminal.say(f"{lost} samples were not stored within run.drain_s={settings.drain_us / 1e6:g} s")
        return 1
    if settings.require_complete and not account.complete(window.first_us, window.end_us):
        terminal.say("not every expected sample was stored (run.require_complete=true)")
        return 1
    return 0


@contextmanager
def _shown(terminal: Terminal) -> Iterator[None]:
    terminal.start()
    try:
        yield
    finally:
        terminal.stop()


def _state_folder(settings: Settings) -> None:
    try:
        settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        logs = settings.state_dir / "logs"
        logs.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"state_dir {settings.state_dir} cannot be made: {error.strerror}") from error
    handler = logging.handlers.RotatingFileHandler(logs / "ess_ray.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("ess_ray")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(settings.log_level.upper())


def _simulate(settings: Settings, stack: ExitStack) -> Settings:
    """Start the simulator and fill in where each device listens."""
    fleet = SimulatedFleet(settings.standard_tree, settings.map_trees, settings.devices, settings.seed)
    ports = stack.enter_context(fleet).ports
    devices = tuple(replace(d, host="127.0.0.1", port=ports[str(d.device)]) for d in settings.devices)
    return replace(settings, devices=devices)


def _prepare(settings: Settings, dsn: str) -> Prepared:
    return prepare(
        dsn,
        settings.standard,
        chunk_interval=timedelta(microseconds=settings.storage.chunk_us),
        compress_after=timedelta(microseconds=settings.storage.compress_after_us),
    )


def _database(settings: Settings, prepared: Prepared) -> str:
    kind = "embedded " if settings.storage.kind == "embedded" else ""
    return f"{kind}{prepared.server}, database {prepared.database}"


def _configured(settings: Settings) -> Sequence[Configured]:
    return [
        Configured(
            device=device.device,
            map=device.map_name,
            map_hash=settings.maps[device.map_name].map_hash,
            period_s=device.period_us / 1e6,
            phase_s=device.phase_us / 1e6,
        )
        for device in settings.devices
    ]
