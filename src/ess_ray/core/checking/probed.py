"""The result of `job=probe`."""

from __future__ import annotations

from dataclasses import dataclass

from ess_ray.core.checking.explore import Explored
from ess_ray.core.checking.suspect import Doubt, Pattern
from ess_ray.core.maps.registers import Value
from ess_ray.core.settings import ProbeSettings


@dataclass(frozen=True, slots=True)
class Probed:
    """The result of probing one device; times are those of the largest request, 0 if none was taken."""

    settings: ProbeSettings
    explored: Explored
    values: tuple[Value, ...]  # of the device's map; empty without one
    doubts: tuple[Doubt, ...]
    patterns: tuple[Pattern, ...]
    median_ms: float
    worst_ms: float
    timed: tuple[int, int]  # requests, registers of each
    connections: int | None  # taken at the same time; None: not tried
    at_once: int | None  # replies to MOST_AT_ONCE requests in one send; None: not tried
    sent: int  # requests in all
