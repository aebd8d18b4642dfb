"""The watcher: shows the run on the page, in the metrics and in `job=status`. An actor: readers do not slow the driver.

The driver (`cluster.watcher_link`) updates it once a second and never waits for it. It holds nothing but the last
update: when it dies or hangs it is started again, empty, and is as before after the next one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ess_ray.actors.page import Page
from ess_ray.actors.process import ProcessInfo, begin_process
from ess_ray.adapters.local.logs import LogFile, log_to
from ess_ray.adapters.local.notices import Troubles
from ess_ray.core.running.logfields import about
from ess_ray.core.running.metrics import Values
from ess_ray.core.running.status import RunStatus

troubles = Troubles(__name__)


@dataclass(frozen=True, slots=True)
class WatcherUpdate:
    """The state of the run, from the driver. `own_tree`: the columns of the user's own, as a standard's tree."""

    status: RunStatus
    own_tree: Mapping[str, object]
    values: Values | None = None  # of all metrics; None: the last ones hold for a while


@dataclass(frozen=True, slots=True)
class WatcherReply:
    """The reply to an update."""

    page: str  # its address, or why there is none
    problem: str | None = None  # why the update could not be shown


class Watcher:
    """Shows each update on the page and hands its metrics on; a plain class for an actor.

    `export` offers the metrics' values to Prometheus (`cluster.platform.Platform.metrics`).
    """

    def __init__(self, export: Callable[[Values], None], page: Page, log: LogFile | None = None) -> None:
        self._export = export
        self._page = page
        self._log = log

    def ready(self) -> ProcessInfo:
        """Begin the log; gives this process."""
        log_to(self._log)
        return begin_process()

    def update(self, update: WatcherUpdate) -> WatcherReply:
        """Show the run as it is now. Raises nothing: the reply says what went wrong, and the log has the traceback.

        `page` of the reply is empty if the page itself could not be shown. The first call waits for the page's start.
        """
        page = ""
        try:
            page = self._page.show(update.status, update.own_tree)
            if update.values is not None:
                self._export(update.values)
        except Exception as error:  # noqa: BLE001  # it is logged, with its trace
            troubles.met("show", "the state of the run cannot be shown", about("defect"), logging.ERROR, trace=True)
            return WatcherReply(page, f"{type(error).__name__}: {error}")
        return WatcherReply(page)
