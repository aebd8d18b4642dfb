"""The watcher, as the driver sees it: told once a second, one call at a time, never waited for, made anew if dead."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import ray
from ray.exceptions import RayError

from ess_ray.actors.page import Page
from ess_ray.actors.process import ProcessInfo
from ess_ray.actors.watcher import WatcherReply, WatcherUpdate
from ess_ray.cluster import actors
from ess_ray.cluster.metrics import report_interval_s
from ess_ray.cluster.supervised_actor import SupervisedActor
from ess_ray.core.running.logfields import about
from ess_ray.core.settings import Settings

log = logging.getLogger(__name__)

UNDER_WAY_S = 2.0  # after the first round
TELL_S, MOST_S = 1.0, 5.0  # between two calls, and at the most
REST = 50  # what it takes the driver to say how a fleet is, is followed by so many times as much without
HANGS_S = 10.0  # it has nothing to wait for: what has not answered for so long never will


class WatcherLink:
    """One watcher and its lives. It is made once collecting is under way: the start is for those that collect."""

    def __init__(self, page: Page, settings: Settings) -> None:
        self._make: Callable[[], Any] = lambda: actors.watcher(page, settings)
        self._watcher: SupervisedActor | None = None
        self._begun_s: float | None = None
        self.page = ""  # where it is, or why there is none, in words
        self._notes: list[str] = []
        self._call: Any = None
        self._next_s = self._told_s = 0.0
        self._values_every_s = report_interval_s() / 2
        self._values_next_s = 0.0
        self._stumbled = False
        self._problem: str | None = None  # of the watcher, now

    @property
    def deaths(self) -> int:
        """How often it has died."""
        return self._watcher.deaths if self._watcher else 0

    def step(self, make: Callable[[bool], WatcherUpdate]) -> None:
        """Once a round; `make` says what there is to tell, with the metrics' values or without. Raises nothing."""
        try:
            self._step(make)
        except Exception:
            if not self._stumbled:  # once: it may come every round
                log.exception("the watcher cannot be told; collecting goes on")
            self._stumbled = True

    def take_notes(self) -> list[str]:
        """What a person should know once, and was not told yet."""
        notes, self._notes = self._notes, []
        return notes

    def _step(self, make: Callable[[bool], WatcherUpdate]) -> None:
        now_s = time.monotonic()
        self._begun_s = self._begun_s or now_s
        if self._watcher is None:
            self._watcher = SupervisedActor("the watcher", self._make) if now_s > self._begun_s + UNDER_WAY_S else None
            return
        if self._watcher.begin(_itself) is not None:
            self._values_next_s = 0.0
        if self._call is not None:
            self._answer(self._watcher, now_s)
        elif self._watcher.up and now_s >= self._next_s:
            self._tell(self._watcher, make, now_s)

    def _tell(self, watcher: SupervisedActor, make: Callable[[bool], WatcherUpdate], now_s: float) -> None:
        with_values = now_s >= self._values_next_s
        self._call = watcher.handle.update.remote(make(with_values))
        rest_s = (time.monotonic() - now_s) * REST
        if with_values:
            self._values_next_s = now_s + max(self._values_every_s, rest_s)
        self._next_s, self._told_s = now_s + min(max(TELL_S, rest_s), MOST_S), now_s

    def _answer(self, watcher: SupervisedActor, now_s: float) -> None:
        if not ray.wait([self._call], timeout=0)[0]:
            if now_s > self._told_s + HANGS_S and watcher.up:
                watcher.kill(f"has not answered for {HANGS_S:g} s")
                self._told_s = now_s
            return
        call, self._call = self._call, None
        try:
            shown: WatcherReply = ray.get(call)
        except RayError as error:
            watcher.died(error)
        else:
            self._heard(shown)

    def _heard(self, shown: WatcherReply) -> None:
        if shown.problem and shown.problem != self._problem:
            log.error(
                "the watcher cannot show the run: %s", shown.problem, extra=about("not shown", reason=shown.problem)
            )
        self._problem = shown.problem
        if shown.page and shown.page != self.page:
            self.page = shown.page
            self._notes.append(f"page: {shown.page}")
            log.info("page: %s", shown.page, extra=about("page"))


def _itself(ready: ProcessInfo) -> ProcessInfo:
    return ready
