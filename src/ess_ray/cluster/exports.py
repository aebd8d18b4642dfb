"""Many objects of the export: a Ray task each, some at once, repeated where that can help. Runs in the driver.

What is transient, and a task whose process was killed, is tried again after a pause; what stays broken is an outcome
like any other, so that one object that cannot be exported never keeps the others waiting.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from ess_ray.actors.exporter import End, Exporter, Outcome, Progress
from ess_ray.adapters.local.notices import Troubles
from ess_ray.cluster import actors
from ess_ray.core.errors import DatabaseUnavailable, EssRayError, StoreUnavailable, Terminal
from ess_ray.core.exporting.objects import Part
from ess_ray.core.running.logfields import about

log = logging.getLogger(__name__)
troubles = Troubles(__name__)

PAUSES_S = (1.0, 5.0, 15.0)  # before each further try
BUSY_PAUSE_S, BUSY_LIMIT_S = 2.0, 900.0  # between two looks whether the other exporter has done it; how long at most
SILENCE_S = 900.0  # a task that has said nothing for so long hangs; store and database have shorter limits
LOOK_S = 0.2
UNREACHABLE = (StoreUnavailable, DatabaseUnavailable)
ENOUGH_S = 60.0  # a store that was not reached for so long was asked often enough: it repeats by itself


@dataclass(slots=True)
class _Try:
    """An object that is on its way, or waits for its turn."""

    part: Part
    tries: int = 0
    not_before_s: float = 0.0
    began_s: float = 0.0
    busy_since_s: float | None = None
    heard_s: float = 0.0
    outcome: Outcome | None = None


class Exports:
    """At most `parallel` tasks of one exporter at once."""

    def __init__(self, exporter: Exporter, parallel: int, verify: bool = False) -> None:
        self._exporter = exporter
        self._parallel = parallel
        self._verify = verify
        self._waiting: deque[_Try] = deque()
        self._running: dict[Any, _Try] = {}
        self._unreachable = 0  # how many in a row were given up since store or database cannot be reached

    def run(
        self, parts: Iterable[Part], stopped: Callable[[], bool] = lambda: False
    ) -> Iterator[tuple[Part, Progress | Outcome]]:
        """Every part's progress and its one outcome, as they come; when `stopped()` the rest is given up."""
        self._waiting.extend(_Try(part) for part in parts)
        try:
            while (self._waiting or self._running) and not stopped():
                self._begin()
                running = list(self._running)
                ready = ray.wait(running, timeout=LOOK_S)[0] if running else []
                for task in ready:
                    yield from self._heard(task)
                self._end_silent()
                if not running:
                    time.sleep(LOOK_S)
        finally:
            for task in self._running:
                ray.cancel(task, force=True)
            self._running.clear()
            self._waiting.clear()

    def _begin(self) -> None:
        """Start what may start, in order."""
        for _ in range(len(self._waiting)):
            one = self._waiting.popleft()
            if len(self._running) < self._parallel and time.monotonic() >= one.not_before_s:
                one.began_s = one.heard_s = time.monotonic()
                self._running[actors.export(self._exporter, one.part, self._verify)] = one
            else:
                self._waiting.append(one)

    def _heard(self, task: Any) -> Iterator[tuple[Part, Progress | Outcome]]:
        """What a task says next; its outcome counts once it has really ended."""
        one = self._running[task]
        one.heard_s = time.monotonic()
        try:
            told: Progress | Outcome = ray.get(next(task))
        except StopIteration:
            yield from self._ended(task, one.outcome or Outcome(End.FAILED, problem="ended without a word"), True)
        except (RayError, EssRayError) as error:
            cause = error.cause if isinstance(error, RayTaskError) else error
            known = isinstance(cause, EssRayError)
            problem = _first_line(cause) if known else f"its process ended ({type(cause).__name__})"
            failed = one.outcome or Outcome(End.FAILED, problem=problem)
            unreachable = isinstance(cause, UNREACHABLE)
            asked_enough = unreachable and time.monotonic() > one.began_s + ENOUGH_S
            yield from self._ended(task, failed, not (isinstance(cause, Terminal) or asked_enough))
            if unreachable and one not in self._waiting:
                self._unreachable += 1
                yield from self._give_up(problem)
        else:
            if isinstance(told, Outcome):
                one.outcome = told
            else:
                yield one.part, told

    def _ended(self, task: Any, outcome: Outcome, may_help: bool) -> Iterator[tuple[Part, Outcome]]:
        """Tell the outcome, or try again."""
        one = self._running.pop(task)
        again = self._pause_s(one, outcome, may_help and one.outcome is None)
        if again is None:
            if outcome.good:
                self._unreachable = 0
                fields = about("exported", site=one.part.site, table=one.part.table)
                troubles.over(one.part.name, f"{one.part} is exported", fields)
            yield one.part, outcome
            return
        text = f"{one.part}: {outcome.problem}; tried again in {again:g} s"
        fields = about("export failed", site=one.part.site, table=one.part.table, reason=outcome.problem)
        troubles.met(one.part.name, text, fields)
        one.outcome = None
        one.not_before_s = time.monotonic() + again
        self._waiting.append(one)

    def _give_up(self, problem: str) -> Iterator[tuple[Part, Outcome]]:
        """When as many in a row as run at once could not reach store or database, the rest need not find out too."""
        while self._waiting and self._unreachable >= max(2, self._parallel):
            yield self._waiting.popleft().part, Outcome(End.FAILED, problem=f"not tried any more: {problem}")

    def _pause_s(self, one: _Try, outcome: Outcome, failed: bool) -> float | None:
        """How long to wait before another try; None: no more."""
        if outcome.end is End.BUSY:
            one.busy_since_s = one.busy_since_s or time.monotonic()
            return BUSY_PAUSE_S if time.monotonic() < one.busy_since_s + BUSY_LIMIT_S else None
        if not failed or one.tries == len(PAUSES_S):
            return None
        one.tries += 1
        return PAUSES_S[one.tries - 1]

    def _end_silent(self) -> None:
        """Kill what hangs; its end is then heard like any other."""
        for task, one in self._running.items():
            if time.monotonic() > one.heard_s + SILENCE_S:
                one.heard_s = time.monotonic()
                fields = about("export killed", site=one.part.site, table=one.part.table)
                log.error("%s has said nothing for %g s: its process is killed", one.part, SILENCE_S, extra=fields)
                ray.cancel(task, force=True)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
