"""What was done to the job, its devices and its database during a run: the verdict explains gaps by nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

Tick = tuple[int, int]  # device, second since 1970


class Ended(NamedTuple):
    """When the ticks of some devices may have ended: their poller, or the whole job, died, hung or was told to stop."""

    devices: tuple[int, ...]
    at_s: float
    run: bool = False  # the whole job
    planned: bool = False  # polls at work were finished


class Hurt(NamedTuple):
    """Devices that could not be read as they should from a moment to another: their network, poller or journal."""

    what: str
    devices: tuple[int, ...]
    from_s: float
    until_s: float


class Configured(NamedTuple):
    """The devices that are polled from a moment on, and their periods in seconds."""

    from_s: float
    periods: Mapping[int, int]


@dataclass
class History:
    """All of a stage, in the order in which it happened."""

    started_s: list[float] = field(default_factory=list)  # of the runs
    ended: list[Ended] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)  # what should not have happened, whatever the samples say
    notes: list[str] = field(default_factory=list)  # what a person should see besides
    hurts: list[Hurt] = field(default_factory=list)
    stalls: list[tuple[float, float]] = field(default_factory=list)  # the whole machine stood still
    configured: list[Configured] = field(default_factory=list)
    uncertain: list[tuple[float, float]] = field(default_factory=list)  # nobody knows which configuration held
    forgotten: set[Tick] = field(default_factory=set)  # were committed, and not in the copy that was restored
    deleted: dict[str, set[Tick]] = field(default_factory=lambda: defaultdict(set))  # by an administrator, by table
    restored_s: list[float] = field(default_factory=list)

    def period_s(self, tick: Tick) -> int | None:
        """The period of the tick's device at that moment; None if it was not configured, or if nobody knows."""
        device, second = tick
        if any(from_s <= second <= until_s for from_s, until_s in self.uncertain):
            return None
        now: Mapping[int, int] = {}
        for configured in self.configured:
            if configured.from_s <= second:
                now = configured.periods
        return now.get(device)

    @property
    def run_ends_s(self) -> list[float]:
        """When runs ended."""
        return [end.at_s for end in self.ended if end.run]
