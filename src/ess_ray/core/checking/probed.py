"""What `job=probe` finds out of one device."""

from __future__ import annotations

from dataclasses import dataclass

from ess_ray.core.checking.explore import Explored
from ess_ray.core.checking.suspect import Doubt, Pattern
from ess_ray.core.maps.registers import Value
from ess_ray.core.settings import ProbeSettings


@dataclass(frozen=True, slots=True)
class Probed:
    """All that was found out."""

    settings: ProbeSettings
    found: Explored
    values: tuple[Value, ...]  # of the device's map; empty without one
    doubts: tuple[Doubt, ...]
    patterns: tuple[Pattern, ...]
    median_ms: float
    worst_ms: float
    timed: tuple[int, int]  # requests, registers of each
    connections: int | None
    at_once: int | None  # requests that were answered of MOST_AT_ONCE in one send
    sent: int
