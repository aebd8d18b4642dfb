"""The watcher: shows how the run is to whoever asks from outside. An actor, so that nobody who asks slows the driver.

The driver tells it once a second and never waits for an answer: when it dies or hangs it is started again, empty, and
knows everything again as soon as it has been told. It knows nothing but what it was told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from ess_ray.actors.page import Page
from ess_ray.actors.process import ProcessInfo, begin_process
from ess_ray.adapters.local.logs import LogFile, log_to
from ess_ray.adapters.local.notices import Troubles
from ess_ray.core.running.logfields import about
from ess_ray.core.running.metrics import Values
from ess_ray.core.running.status import Status

troubles = Troubles(__name__)


@dataclass(frozen=True, slots=True)
class WatcherUpdate:
    """What the driver tells."""

    status: Status
    values: Values | None = None  # of all metrics; None: those that were told last, for a while


@dataclass(frozen=True, slots=True)
class WatcherReply:
    """What the watcher answers: where the page is, or why there is none; what went wrong."""

    page: str
    problem: str | None = None


class Watcher:
    """`export` hands the metrics' values on; it comes from `ess_ray.cluster`, which alone knows Ray."""

    def __init__(self, export: Callable[[Values], None], page: Page, log: LogFile | None = None) -> None:
        self._export = export
        self._page = page
        self._log = log

    def ready(self) -> ProcessInfo:
        """The process is up."""
        log_to(self._log)
        return begin_process()

    def update(self, update: WatcherUpdate) -> WatcherReply:
        """How the run is now; gives what is shown of it. Raises nothing: perhaps nobody hears."""
        page = ""
        try:
            page = self._page.show(update.status)
            if update.values is not None:
                self._export(update.values)
        except Exception as error:  # noqa: BLE001  # it is logged, with its trace
            troubles.met("show", "what was told cannot be shown", about("defect"), logging.ERROR, trace=True)
            return WatcherReply(page, f"{type(error).__name__}: {error}")
        return WatcherReply(page)
