"""A changed configuration takes effect while the job runs: asked for by SIGHUP, carried out between rounds.

The configuration is composed and checked in a thread, so that collecting goes on, as strictly as at the start; a faulty
one is refused and the old one goes on. Then pollers for new devices are made, and once they are up everyone is told
the tick from which the new configuration holds. Devices that stay as they are notice nothing. What came of it stands
in `reload.json` in the state folder, where `job=reload` finds it.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ess_ray.adapters.local.private_file import write_private
from ess_ray.app.running import ANSWER
from ess_ray.cluster.plan import plan_change
from ess_ray.core.errors import EssRayError
from ess_ray.core.running.change import Change, change
from ess_ray.core.running.logfields import about
from ess_ray.core.settings import Settings

if TYPE_CHECKING:
    from ess_ray.cluster.actors import PollerPlan
    from ess_ray.cluster.collect import Collector

log = logging.getLogger(__name__)

READY_S = 60.0  # new pollers that are not up by then are not waited for: they poll as soon as they are


@dataclass(frozen=True)
class Next:
    """A configuration that is to hold: as asked for, as it runs (simulated devices have their ports), the plans."""

    asked: Settings
    runs: Settings
    change: Change | None  # None: nodes of a cluster have come or gone, and some devices move
    plans: tuple[PollerPlan, ...] = ()


class Reload:
    """The configuration of a run and what replaces it; `switched` is called with the new settings and their first tick.

    `compose` gives the configuration as it stands now (raises ConfigError); `simulate` starts simulated devices.
    """

    def __init__(
        self,
        asked: Settings,
        runs: Settings,
        collector: Collector,
        compose: Callable[[], Settings],
        simulate: Callable[[Settings], Settings],
        switched: Callable[[Settings, int], None],
    ) -> None:
        self._asked, self._runs = asked, runs
        self._collector = collector
        self._compose, self._simulate, self._switched = compose, simulate, switched
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reload")
        self._composing: Future[Next] | None = None
        self._next: Next | None = None
        self._since_s = 0.0
        self._pause_until_us = 0  # the last change holds from then on

    def close(self) -> None:
        """Nothing is changed any more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def late(self, asked: Callable[[], bool], _now_us: int) -> list[str]:
        """Instead of `step`, once the job stops."""
        return self._refuse("the job is stopping") if asked() else []

    def step(self, asked: Callable[[], bool], now_us: int) -> list[str]:
        """Go a step on, never waiting; gives what a person should know. `asked()`: whether somebody has, once."""
        if self._next:
            return self._switch(self._next) if self._ready else []
        if self._composing:
            return self._take(self._composing) if self._composing.done() else []
        if now_us > self._pause_until_us:
            if asked():
                self._composing = self._thread.submit(self._find)
            elif plans := self._collector.balance(self._runs):
                self._await(Next(self._asked, self._runs, None, tuple(plans)))
        return []

    def _find(self) -> Next:
        """In the thread: the configuration as it stands now. Raises ConfigError, CannotStart."""
        asked = self._compose()
        found = change(self._asked, asked)
        known = {device.device: device for device in self._runs.devices}
        fresh = {*found.added, *found.changed}
        started = {device.device: device for device in asked.devices if device.device in fresh}
        if asked.simulated and started:
            simulated = self._simulate(replace(asked, devices=tuple(started.values())))
            started = {device.device: device for device in simulated.devices}
        devices = tuple(started.get(one.device) or known[one.device] for one in asked.devices)
        return Next(asked, replace(asked, devices=devices), found)

    def _take(self, composing: Future[Next]) -> list[str]:
        self._composing = None
        try:
            found = composing.result()
        except EssRayError as error:
            return self._refuse(str(error))
        except Exception as error:
            log.exception("the configuration was not reloaded")
            return self._refuse(f"an error of the program: {error!r}")
        if not found.change:
            return [self._answer("nothing", "the configuration is as it was")]
        plans = tuple(plan_change(found.runs, self._collector.pollers.plans, self._collector.nodes.up))
        self._await(replace(found, plans=plans))
        return []

    def _await(self, new: Next) -> None:
        self._next = new
        self._since_s = time.monotonic()
        self._collector.prepare(new.plans)

    def _refuse(self, why: str) -> list[str]:
        return [self._answer("refused", why)]

    @property
    def _ready(self) -> bool:
        return (
            not self._collector.pollers.awaited(self._collector.nodes.up) or time.monotonic() > self._since_s + READY_S
        )

    def _switch(self, new: Next) -> list[str]:
        first_us = self._collector.change(new.plans)
        if new.change is None:
            self._next, self._pause_until_us = None, first_us
            return ["the cluster's nodes have changed: each polls its share now"]
        self._switched(new.runs, first_us)
        self._asked, self._runs, self._next, self._pause_until_us = new.asked, new.runs, None, first_us
        return [self._answer("done", str(new.change), first_us)]

    def _answer(self, outcome: str, told: str, first_us: int | None = None) -> str:
        at = None if first_us is None else datetime.fromtimestamp(first_us / 1e6, UTC).isoformat()
        answer = {"at_us": time.time_ns() // 1000, "outcome": outcome, "told": told, "from": at}
        write_private(self._runs.state_dir / ANSWER, json.dumps(answer))
        says = {"done": f"reloaded from {at} on: {told}", "nothing": f"reload: {told}"}
        text = says.get(outcome, f"not reloaded, the old configuration goes on: {told}")
        level = logging.WARNING if outcome == "refused" else logging.INFO
        log.log(level, text, extra=about("reload", reason=outcome, tick_us=first_us))
        return text
