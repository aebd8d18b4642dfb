"""Many objects of the export: a process each, some at once, repeated where that can help. Runs in the driver.

An export that failed for a transient reason, or whose process was killed, is tried again after a pause; one that goes
on failing ends with an outcome like any other, so that it never keeps the others waiting.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ess_ray.actors.exporter import Exporter
from ess_ray.adapters.local.notices import Troubles
from ess_ray.cluster.actor_system import ActorError, CallError
from ess_ray.cluster.export_processes import ExportProcess, ExportProcesses
from ess_ray.core.errors import DatabaseUnavailable, EssRayError, StoreUnavailable, Terminal, first_line
from ess_ray.core.exporting.objects import DayObject
from ess_ray.core.exporting.outcome import ExportEnd, ExportOutcome, ExportReport
from ess_ray.core.running.awake import AwakeClock
from ess_ray.core.running.logfields import about

log = logging.getLogger(__name__)
troubles = Troubles(__name__)

PAUSES_S = (1.0, 5.0, 15.0)  # before each further try
BUSY_PAUSE_S, BUSY_LIMIT_S = 2.0, 900.0  # before asking again if the other exporter has finished; how long in all
SILENCE_S = 900.0  # a task without a report for so long hangs; the limits of store and database are shorter
WAIT_S = 0.2
UNREACHABLE = (StoreUnavailable, DatabaseUnavailable)
REPEATED_S = 60.0  # a task that ran for so long has itself repeated what it needs of a store that is unreachable


@dataclass(slots=True)
class _PendingExport:
    """An object whose process runs, or that waits to be tried (again)."""

    day_object: DayObject
    tries: int = 0
    not_before_s: float = 0.0
    began_s: float = 0.0
    busy_since_s: float | None = None
    last_report_s: float = 0.0  # of the clock that stands still while the driver does
    outcome: ExportOutcome | None = None  # reported, while the task has not ended yet


class ExportTasks:
    """Tasks of one exporter, at most `parallel` at once.

    An object is in `_waiting` until its task starts and in `_running` until its task has ended; then it either goes
    back to `_waiting`, to be tried again, or its outcome is yielded.
    """

    def __init__(self, processes: ExportProcesses, exporter: Exporter, parallel: int, verify: bool = False) -> None:
        """`verify`: read the objects back instead of exporting them."""
        self._processes = processes
        self._exporter = exporter
        self._parallel = parallel
        self._verify = verify
        self._waiting: deque[_PendingExport] = deque()
        self._running: dict[ExportProcess, _PendingExport] = {}
        self._clock = AwakeClock()
        self._unreachable = 0  # how many in a row were given up since store or database cannot be reached

    def run(
        self, day_objects: Iterable[DayObject], stopped: Callable[[], bool] = lambda: False
    ) -> Iterator[tuple[DayObject, ExportReport]]:
        """Start the tasks; yields objects with reports of their progress as these come, and last one outcome of each.

        Waits for the tasks meanwhile. A failed export raises nothing: its outcome says why. When `stopped()` is true,
        looked at every WAIT_S, or the iterator is closed, what is not finished is killed and has no outcome.
        """
        self._waiting.extend(_PendingExport(day_object) for day_object in day_objects)
        try:
            while (self._waiting or self._running) and not stopped():
                self._clock.look(time.monotonic())
                self._begin()
                running = list(self._running)
                ready = self._processes.ready(running, WAIT_S) if running else []
                for task in ready:
                    yield from self._on_report(task)
                self._kill_silent()
                if not running:
                    time.sleep(WAIT_S)
        finally:
            for task in self._running:
                self._processes.end(task)
            self._processes.release()
            self._running.clear()
            self._waiting.clear()

    def _begin(self) -> None:
        """Start the tasks that may start, in order."""
        for _ in range(len(self._waiting)):
            pending = self._waiting.popleft()
            if len(self._running) < self._parallel and time.monotonic() >= pending.not_before_s:
                pending.began_s, pending.last_report_s = time.monotonic(), self._clock.now_s
                task = self._processes.start(self._exporter, pending.day_object, self._verify)
                self._running[task] = pending
            else:
                self._waiting.append(pending)

    def _on_report(self, task: ExportProcess) -> Iterator[tuple[DayObject, ExportReport]]:
        """Take the next report of a task; an outcome counts once the task has really ended."""
        pending = self._running[task]
        pending.last_report_s = self._clock.now_s
        try:
            report = self._processes.report(task)
        except CallError as error:
            yield from self._on_error(task, error)
            return
        if report is None:
            problem = "the export of this object stopped unexpectedly"
            yield from self._on_end(task, pending.outcome or ExportOutcome(ExportEnd.FAILED, problem=problem), True)
        elif isinstance(report, ExportOutcome):
            pending.outcome = report
        else:
            yield pending.day_object, report

    def _on_error(self, task: ExportProcess, error: CallError) -> Iterator[tuple[DayObject, ExportOutcome]]:
        """Take the error that ended a task, which may have reported its outcome before."""
        pending = self._running[task]
        cause = error.cause if isinstance(error, ActorError) else error
        is_ours = isinstance(cause, EssRayError)
        problem = first_line(cause) if is_ours else f"its process ended unexpectedly: {first_line(cause)}"
        outcome = pending.outcome or ExportOutcome(ExportEnd.FAILED, problem=problem)
        unreachable = isinstance(cause, UNREACHABLE)
        repeated = unreachable and time.monotonic() > pending.began_s + REPEATED_S
        yield from self._on_end(task, outcome, not (isinstance(cause, Terminal) or repeated))
        if unreachable and pending not in self._waiting:
            self._unreachable += 1
            yield from self._give_up(problem)

    def _on_end(
        self, task: ExportProcess, outcome: ExportOutcome, may_help: bool
    ) -> Iterator[tuple[DayObject, ExportOutcome]]:
        """Yield the outcome, or put the object back to try it again. `may_help`: another try can end otherwise."""
        pending = self._running.pop(task)
        day_object = pending.day_object
        pause_s = self._pause_s(pending, outcome, may_help and pending.outcome is None)
        if pause_s is None:
            if outcome.succeeded:
                self._unreachable = 0
                fields = about("exported", site=day_object.site, table=day_object.table)
                troubles.over(day_object.name, f"{day_object} is exported", fields)
            yield day_object, outcome
            return
        text = f"{day_object}: {outcome.problem}; it is tried again in {pause_s:g} s"
        fields = about("export failed", site=day_object.site, table=day_object.table, reason=outcome.problem)
        troubles.met(day_object.name, text, fields)
        pending.outcome = None
        pending.not_before_s = time.monotonic() + pause_s
        self._waiting.append(pending)

    def _give_up(self, problem: str) -> Iterator[tuple[DayObject, ExportOutcome]]:
        """Give up all that wait once as many in a row as run at once could not reach store or database."""
        while self._waiting and self._unreachable >= max(2, self._parallel):
            outcome = ExportOutcome(ExportEnd.FAILED, problem=f"not tried any more: {problem}")
            yield self._waiting.popleft().day_object, outcome

    def _pause_s(self, pending: _PendingExport, outcome: ExportOutcome, try_again: bool) -> float | None:
        """Seconds to wait before another try; None: there is none."""
        if outcome.end is ExportEnd.BUSY:
            pending.busy_since_s = pending.busy_since_s or time.monotonic()
            return BUSY_PAUSE_S if time.monotonic() < pending.busy_since_s + BUSY_LIMIT_S else None
        if not try_again or pending.tries == len(PAUSES_S):
            return None
        pending.tries += 1
        return PAUSES_S[pending.tries - 1]

    def _kill_silent(self) -> None:
        """Kill tasks that hang; their end is then noticed like any other."""
        for task, pending in self._running.items():
            if self._clock.now_s > pending.last_report_s + SILENCE_S:
                pending.last_report_s = self._clock.now_s
                day_object = pending.day_object
                fields = about("export killed", site=day_object.site, table=day_object.table)
                text = "the export of %s has reported nothing for %g s: its process is killed"
                log.error(text, day_object, SILENCE_S, extra=fields)
                self._processes.end(task)
