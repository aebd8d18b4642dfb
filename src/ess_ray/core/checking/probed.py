"""The result of `job=probe`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ess_ray.core.checking.diagnosis import Diagnosis, longest_requests
from ess_ray.core.checking.findings import BUSY_SHARE
from ess_ray.core.checking.reading import Reading
from ess_ray.core.checking.survey import Survey
from ess_ray.core.checking.suspect import Doubt
from ess_ray.core.settings import ProbeSettings

SIZES = ("max_registers", "max_bits")
FOR_SPEED = ("timeout_s", "requests_at_once")  # without them the device is read, too
SLOW_SHARE = 0.5  # of timeout_s: a reply that took so long may take longer some day


@dataclass(frozen=True, slots=True)
class Probed:
    """The result of probing one device; times are those of the largest request, 0 if none was taken."""

    settings: ProbeSettings
    diagnosis: Diagnosis
    readings: tuple[Reading, ...]  # of the device's map; empty without one
    doubts: tuple[Doubt, ...]
    median_ms: float
    worst_ms: float
    timed: tuple[int, int]  # requests, registers of each
    connections: int | None  # taken at the same time; None: not tried
    at_once: int | None  # replies to MOST_AT_ONCE requests in one send; None: not tried
    sent: int  # requests in all
    pauses: Mapping[str, object]  # that a poll needs
    computed: tuple[Reading, ...] = ()  # of the map's computed columns, those that could be computed

    @property
    def survey(self) -> Survey:
        """The registers that were found."""
        return self.diagnosis.survey

    @property
    def unread(self) -> list[Reading]:
        """The values of the map that could not be read."""
        return [reading for reading in self.readings if not reading.read]

    @property
    def good(self) -> bool:
        """True if registers were read, and of a map all, none doubtful, in the way that is set."""
        wrong = self.unread or self.doubts or self.diagnosis.causes or self.needed
        return bool(self.survey.registers) and not wrong

    @property
    def changes(self) -> Mapping[str, object]:
        """The settings that the device needs and does not have."""
        configured = self.settings.configured
        needed = {**self.diagnosis.needed, **self.pauses, **self._timeout(), **self._at_once()}
        return {key: value for key, value in needed.items() if not _suffices(key, configured.get(key), value)}

    @property
    def needed(self) -> Mapping[str, object]:
        """Those of the changes without which the device is not read; the others are to its advantage."""
        longest = longest_requests(self.settings.device.plan) if self.settings.device else {}
        return {
            key: value
            for key, value in self.changes.items()
            if key not in FOR_SPEED and (key not in SIZES or longest.get(key, 0) > int(str(value)))
        }

    def _at_once(self) -> Mapping[str, object]:
        """How many requests should be in flight together, if one behind the other takes too much of the period."""
        device = self.settings.device
        if device is None or not self.at_once or device.requests_at_once > 1 or device.request_pause_us:
            return {}
        requests, share = len(device.plan.requests), 1000 * self.median_ms / device.period_us
        most = min(self.at_once, requests)
        return {"requests_at_once": most} if most > 1 and requests * share > BUSY_SHARE else {}

    def _timeout(self) -> Mapping[str, object]:
        if self.worst_ms <= 1000 * SLOW_SHARE * self.settings.timeout_us / 1e6:
            return {}
        return {"timeout_s": math.ceil(3 * self.worst_ms / 500) / 2}


def _suffices(key: str, configured: object, needed: object) -> bool:
    """True if what is configured is what is needed, or more careful."""
    if key in SIZES and isinstance(configured, int) and isinstance(needed, int):
        return configured <= needed
    return configured == needed
