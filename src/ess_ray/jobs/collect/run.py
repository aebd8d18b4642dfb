"""The start of the main job, step by step: state folder, devices, database, Ray, actors; then it collects.

Everything that was started is stopped again, last first, however the job ends. Runs in the driver's main thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ess_ray.actors.page import Page
from ess_ray.adapters.local.logs import MAIN_JOB
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.adapters.postgres.embedded.supervision import Supervision
from ess_ray.app.exit_codes import INTERRUPTED
from ess_ray.app.guard import guarded
from ess_ray.app.running import announced, find_collector
from ess_ray.app.state_folder import state_folder
from ess_ray.cluster.ray_start import ray_folder, start_ray, stop_ray
from ess_ray.core.errors import EssRayError
from ess_ray.core.running.account import Account
from ess_ray.core.running.logfields import about
from ess_ray.core.settings import Settings
from ess_ray.jobs.collect.banner import banner_rows
from ess_ray.jobs.collect.database import Database
from ess_ray.jobs.collect.display import RunDisplay
from ess_ray.jobs.collect.job import CollectJob
from ess_ray.jobs.collect.signals import Signals
from ess_ray.simulator.launch import simulate

if TYPE_CHECKING:
    from ess_ray.cluster.collect import Collector
    from ess_ray.cluster.early_polling import EarlyPolling
    from ess_ray.cluster.plan import PollerPlan
    from ess_ray.cluster.platform import Platform
    from ess_ray.jobs.collect.export_schedule import ExportSchedule

log = logging.getLogger(__name__)


def run(settings: Settings, compose: Callable[[], Settings]) -> int:
    """Run the main job until it ends; gives its exit code: OK, FAILED (see `CollectJob.collect`) or INTERRUPTED.

    INTERRUPTED: by a second Ctrl-C, or one before the first tick is fixed. Replaces handlers of signals. `compose`,
    called in a thread for a reload, gives the settings as the configuration files stand then, or raises ConfigError.
    Raises CannotStart, ConfigError, DatabaseUnavailable or another EssRayError before anything is polled; what the
    database refuses also within the first seconds, when a restart polls already, and CannotStart when Ray's own
    processes end during the run.
    """
    display = RunDisplay()
    signals = Signals(lambda: display.gone)
    signals.install()
    try:
        with ExitStack() as stack:
            code = _start_and_collect(settings, compose, display, signals, stack)
    except KeyboardInterrupt:
        display.note("stopped at once: samples that are not stored yet wait in the journals, the next run stores them")
        code = INTERRUPTED
    except EssRayError as error:
        log.error("%s", error, extra=about("stop", error=error))
        raise
    except Exception:
        log.exception("a defect of the program ends the job", extra=about("stop"))
        raise
    finally:
        display.close()
    log.info("ended with exit code %d", code, extra=about("end"))
    return code


def _start_and_collect(
    settings: Settings, compose: Callable[[], Settings], display: RunDisplay, signals: Signals, stack: ExitStack
) -> int:
    alone = find_collector(settings.state_dir) is None
    _take_state_folder(settings, stack)
    configured = settings
    if settings.simulated:
        settings = simulate(settings, stack)  # the devices' hosts and ports are those of the simulator from here on
    database = _begin_database(settings, stack)
    early = _poll_early(settings, database, stack) if alone else None
    database.check_soon()
    platform = _start_ray(settings, signals, stack) if settings.cluster.ray else _one_process(settings, stack)

    # Loaded only now: the devices are read already.
    from ess_ray.cluster.collect import Collector
    from ess_ray.cluster.plan import plan_pollers
    from ess_ray.cluster.watcher_link import WatcherLink
    from ess_ray.jobs.collect.reload import Reload

    database.identify()
    poller = early.taken_over() if early else None
    plans = plan_pollers(settings, database.identity, platform.nodes.up, poller.plan if poller else None)
    _introduce(settings, database, platform, plans, display)
    account = Account(settings.devices)
    collector = Collector(platform, settings, plans, database.dsn, database.identity, account, poller)
    exports = _schedule_exports(settings, database, platform, collector, stack)
    watcher = WatcherLink(platform, _page(settings, database), settings)
    job = CollectJob(settings, display, signals, database, collector, account, exports, watcher)
    simulated = lambda new: simulate(new, stack)  # noqa: E731
    reload = Reload(configured, settings, collector, compose, simulated, database.extend, job.switched)
    return job.collect(reload)


def _page(settings: Settings, database: Database) -> Page:
    late_us, state_dir = settings.storage.late_us, settings.state_dir
    return Page(settings.page, database.dsn, settings.standard_tree, late_us, state_dir, database.identity)


def _take_state_folder(settings: Settings, stack: ExitStack) -> None:
    """Make the state folder, log into it, and let other commands find this process by it."""
    state_folder(settings, MAIN_JOB, "driver")
    stack.enter_context(guarded(ray_folder(settings.state_dir)))
    stack.enter_context(announced(settings.state_dir, time.time_ns() // 1000))


def _begin_database(settings: Settings, stack: ExitStack) -> Database:
    if settings.storage.kind == "embedded":
        server = EmbeddedPostgres(settings.state_dir / "postgresql")
        database = Database(settings, server.place_socket())
        supervision = stack.enter_context(Supervision(server, database.report_server))
        database.begin(supervision.wait_started)
    else:
        database = Database(settings, settings.storage.dsn)
        database.begin()
    return database


def _poll_early(settings: Settings, database: Database, stack: ExitStack) -> EarlyPolling | None:
    """Have the devices read while Ray is started; None where that is quick, or another machine may have to read."""
    if not settings.cluster.ray or settings.cluster.address:
        return None
    from ess_ray.cluster.early_polling import EarlyPolling
    from ess_ray.cluster.plan import plan_early

    early = EarlyPolling(
        database.identify,
        lambda: plan_early(settings, database.identity),
        lambda first_us: database.register_from(settings, first_us),
        settings.duration_us,
    )
    stack.callback(early.close)
    return early


def _start_ray(settings: Settings, signals: Signals, stack: ExitStack) -> Platform:
    stack.callback(stop_ray)  # also what a start that failed has left
    addresses = start_ray(settings.cluster, settings.state_dir)
    signals.install()  # Ray has taken SIGTERM

    # This imports Ray, which reads its environment while it is imported: `start_ray` has set it.
    from ess_ray.cluster.ray_platform import ray_platform

    return ray_platform(settings.cluster.address is not None, addresses)


def _one_process(settings: Settings, stack: ExitStack) -> Platform:
    from ess_ray.cluster.one_process import one_process

    return stack.enter_context(one_process(settings.cluster.metrics_port, ray_folder(settings.state_dir)))


def _introduce(
    settings: Settings, database: Database, platform: Platform, plans: Sequence[PollerPlan], display: RunDisplay
) -> None:
    """Print the banner, and what a person should know before the first tick."""
    from ess_ray.cluster.plan import packing_text, waiting_elsewhere

    addresses, nodes = platform.addresses, platform.nodes
    rows = banner_rows(settings, database.name, packing_text(settings, plans), addresses, nodes.up)
    display.banner(rows, settings.simulated)
    cluster = settings.cluster
    for key, port, url, what in (
        ("cluster.dashboard_port", cluster.dashboard_port, f"{addresses.dashboard}/", "the dashboard is"),
        ("cluster.metrics_port", cluster.metrics_port, addresses.metrics, "the metrics are"),
    ):
        if port and url != "/" and not nodes.up and f":{port}/" not in url:
            display.print_text(f"port {port} ({key}) is in use already: {what} at the address above")
    for text in (*database.take_notes(), *waiting_elsewhere(settings, database.identity)):
        display.note(text)


def _schedule_exports(
    settings: Settings, database: Database, platform: Platform, collector: Collector, stack: ExitStack
) -> ExportSchedule | None:
    """The thread that exports closed days, not started yet; None if nothing is to be exported."""
    if settings.export.store is None:
        return None
    from ess_ray.jobs.collect.export_schedule import ExportSchedule

    prepared = lambda: database.prepared  # noqa: E731
    exports = ExportSchedule(
        settings, platform.exports, database.dsn, database.identity, collector.watermark_us, prepared
    )
    stack.callback(exports.close)
    return exports
