"""A changed configuration takes effect while the job runs: requested by SIGHUP, carried out between rounds.

The configuration is composed and checked in a thread, as strictly as at the start, while collecting goes on; a faulty
one is refused and the old one stays in force. The database gets new tables and columns. Then pollers for new devices
are made, and once they are up all pollers are given the tick from which the new configuration holds, and reply whether
they were in time. Devices that stay as they are notice nothing. The result is printed, logged, and written to the state
folder, where `job=reload` reads it. A cluster's devices that move to another node take the same way.

No error ends the job: what cannot be carried out is refused, and what cannot be written or registered now is put off.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ess_ray.adapters.local.background import Background
from ess_ray.adapters.local.notices import Troubles
from ess_ray.app.running import ReloadOutcome, ReloadResult, write_reload_result
from ess_ray.cluster.plan import PollerPlan, plan_change
from ess_ray.core.errors import EssRayError
from ess_ray.core.maps.standard import Standard
from ess_ray.core.running.change import Change, change
from ess_ray.core.running.logfields import about
from ess_ray.core.samples import Device
from ess_ray.core.settings import Settings

if TYPE_CHECKING:
    from ess_ray.cluster.collect import Collector

log = logging.getLogger(__name__)
troubles = Troubles(__name__)

RESULT_RETRY_S, RESULT_LIMIT_S = 1.0, 120.0  # `job=reload` waits so long for a result that a full disk does not take
PAUSE_AFTER_ERROR_US = 10_000_000  # before the next reload, or the next look at a cluster's nodes
READY_S = 60.0  # new pollers that are not up by then are waited for no longer: they poll as soon as they are


@dataclass(frozen=True)
class NextConfiguration:
    """A configuration that is to take effect."""

    configured: Settings  # as in the files
    effective: Settings  # the same, with the ports of simulated devices
    change: Change | None  # None: nothing is reloaded; nodes have joined or left the cluster, and some devices move
    plans: tuple[PollerPlan, ...] = ()  # one for each poller there is then


class Reload:
    """The configuration of a run and its replacement. `step` is called every round, in the driver's main thread.

        idle ── SIGHUP ──▶ composing (in the thread) ──▶ waiting for new pollers ──▶ switching ──▶ idle
                               └─ faulty or unchanged ──▶ idle
        idle ── nodes have joined or left ─────────────▶ waiting for new pollers ──▶ switching ──▶ idle

    Composing: `_composing` is set. Waiting: `_next` is set. Switching, until all pollers have replied from which tick
    on they do it: `_switching` is set. At most one of the three. Those ticks may be still to come, so nothing new
    begins before `_in_force_us`, the last of them.
    """

    def __init__(
        self,
        configured: Settings,
        effective: Settings,
        collector: Collector,
        compose: Callable[[], Settings],
        simulate: Callable[[Settings], Settings],
        extend: Callable[[Standard], None],
        switched: Callable[[Settings, int, Mapping[Device, int]], None],
    ) -> None:
        """`configured`, `effective`: as in `NextConfiguration`.

        `compose` gives the configuration as it stands in the files (raises ConfigError); `extend` gives the database
        the tables and columns of another standard (raises EssRayError); `simulate` starts simulated devices and gives
        the settings with their ports (raises CannotStart), all of them in a thread; `switched` is called
        by `step` with the new effective settings, the moment from which they hold, microseconds since 1970 UTC, and
        that of each device that is new, changed or gone.
        """
        self._configured, self._effective = configured, effective
        self._collector = collector
        self._compose, self._simulate, self._extend, self._switched = compose, simulate, extend, switched
        self._thread, self._result_thread = Background("reload"), Background("reload-result")
        self._last_result: ReloadResult | None = None
        self._composing: Future[NextConfiguration] | None = None
        self._next: NextConfiguration | None = None
        self._waiting_since_s = 0.0
        self._switching: NextConfiguration | None = None
        self._in_force_us = 0

    def refuse(self, requested: Callable[[], bool], now_us: int) -> list[str]:
        """Refuse a reload, called instead of `step` once the job stops, with the same arguments.

        Writes the result for `job=reload`; gives a sentence for a person, nothing if no reload was requested. One that
        pollers have been given already is completed.
        """
        if self._switching:
            return self.step(lambda: False, now_us)
        return self._refused("the job is stopping") if requested() else []

    def step(self, requested: Callable[[], bool], now_us: int) -> list[str]:
        """Take the next step of a reload, without waiting; gives sentences for a person.

        `requested()`: True if a reload was requested since the last call; called only when one can begin. `now_us`:
        microseconds since 1970 UTC. Raises nothing: what is faulty, or fails, is refused, and the sentence says why.
        """
        try:
            return self._step(requested, now_us)
        except Exception as error:  # collecting goes on, whatever it is
            log.exception("the configuration was not reloaded", extra=about("reload", error=error))
            self._composing = self._next = self._switching = None
            self._in_force_us = now_us + PAUSE_AFTER_ERROR_US
            foreseen = isinstance(error, (EssRayError, OSError))
            return self._refused(str(error) if foreseen else f"a defect of the program: {error!r}")

    def _step(self, requested: Callable[[], bool], now_us: int) -> list[str]:
        if self._switching:
            return [] if self._collector.changes.at_work else self._complete(self._switching, now_us)
        if self._next:
            return self._switch(self._next) if self._ready else []
        if self._composing:
            return self._take(self._composing) if self._composing.done() else []
        if now_us > self._in_force_us:
            if requested():
                self._composing = self._thread.submit(self._compose_next)
            elif plans := self._collector.balance(self._effective):
                self._prepare(NextConfiguration(self._configured, self._effective, None, tuple(plans)))
        return []

    def _compose_next(self) -> NextConfiguration:
        """The configuration as it stands in the files now; in the thread. Raises EssRayError.

        What nobody describes yet has its columns before any sample can fill them.
        """
        configured = self._compose()
        difference = change(self._configured, configured)
        if difference.standard:
            self._extend(configured.standard)
        unchanged = {device.device: device for device in self._effective.devices}
        new_names = {*difference.added, *difference.changed}
        new = {device.device: device for device in configured.devices if device.device in new_names}
        if configured.simulated and new:
            simulated = self._simulate(replace(configured, devices=tuple(new.values())))
            new = {device.device: device for device in simulated.devices}
        devices = tuple(new.get(device.device) or unchanged[device.device] for device in configured.devices)
        return NextConfiguration(configured, replace(configured, devices=devices), difference)

    def _take(self, composing: Future[NextConfiguration]) -> list[str]:
        self._composing = None
        try:
            composed = composing.result()
        except EssRayError as error:
            return self._refused(str(error))
        if not composed.change:
            text = "nothing to reload: the configuration has not changed"
            return self._result(ReloadOutcome.UNCHANGED, text + _unchosen(composed.configured))
        plans = plan_change(composed.effective, self._collector.pollers.plans, self._collector.nodes.up)
        self._prepare(replace(composed, plans=tuple(plans)))
        return []

    def _prepare(self, following: NextConfiguration) -> None:
        self._waiting_since_s = self._collector.clock.now_s
        self._collector.prepare(following.plans)
        self._next = following

    @property
    def _ready(self) -> bool:
        """True if all pollers are up that can be, or were waited for long enough."""
        waited_s = self._collector.clock.now_s - self._waiting_since_s
        return waited_s > READY_S or not self._collector.pollers.awaited(self._collector.nodes.up)

    def _switch(self, following: NextConfiguration) -> list[str]:
        self._next = None
        self._collector.change(following.plans)
        self._switching = following
        self._configured, self._effective = following.configured, following.effective
        return []

    def _complete(self, following: NextConfiguration, now_us: int) -> list[str]:
        changed_us = self._collector.changes.take_changed()
        self._switching = None
        self._in_force_us = first_us = max(changed_us.values(), default=now_us)
        if following.change is None:
            return ["nodes have joined or left the cluster: the devices are shared out anew among those that are up"]
        self._switched(following.effective, first_us, changed_us)
        first = datetime.fromtimestamp(first_us / 1e6, UTC).isoformat()
        text = f"reloaded: {following.change}, from {first} on{_unchosen(following.configured)}"
        notes = self._result(ReloadOutcome.DONE, text, first_us)
        if missing := self._collector.pollers.awaited(self._collector.nodes.up):
            notes.append(f"not up yet, and polled as soon as they are: {', '.join(missing)}")
        return notes

    def _refused(self, reason: str) -> list[str]:
        return self._result(ReloadOutcome.REFUSED, f"not reloaded, the old configuration stays in force: {reason}")

    def _result(self, outcome: ReloadOutcome, message: str, first_us: int | None = None) -> list[str]:
        """Have the result written for `job=reload`, log it, and give it for the display."""
        self._last_result = result = ReloadResult(time.time_ns() // 1000, outcome, message)
        self._result_thread.submit(lambda: self._write(result))
        level = logging.WARNING if outcome is ReloadOutcome.REFUSED else logging.INFO
        log.log(level, message, extra=about("reload", reason=outcome, tick_us=first_us))
        return message.splitlines()  # below a refusal there may be lines to paste

    def _write(self, result: ReloadResult) -> None:
        """In a thread: write the result, again and again while the disk does not take it and nothing newer came."""
        deadline_s = time.monotonic() + RESULT_LIMIT_S
        while result is self._last_result and time.monotonic() < deadline_s:
            try:
                write_reload_result(self._effective.state_dir, result)
            except OSError as error:
                text = f"the result of the reload is not written yet, so that job=reload waits for it: {error}"
                troubles.met("result", text, about("reload", error=error))
                time.sleep(RESULT_RETRY_S)
            else:
                troubles.over("result", "the result of the reload is written", about("reload"))
                return


def _unchosen(configured: Settings) -> str:
    """The end of a sentence: which site files of the user are left out, if any are."""
    return f" ({configured.unchosen_sites})" if configured.unchosen_sites else ""
