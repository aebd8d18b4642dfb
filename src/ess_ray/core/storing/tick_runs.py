"""Ticks whose samples have lost their values, counted: all that memory keeps of a long time without disk and database.

A sample without values says nothing but its device, its tick and the reason `journal_full`. Ticks come at equal
distances, so hours of them are a few numbers for each device, and every one becomes a sample again later.
"""

from __future__ import annotations

from dataclasses import dataclass

from ess_ray.core.batch import Group, device_of, unpack
from ess_ray.core.reasons import Reason
from ess_ray.core.samples import Event, Sample, Status

MOST_RUNS = 20_000  # of all devices together
MOST_EVENTS = 10_000

Polled = tuple[str, str]  # the device as site/device, and the layout it is polled by


@dataclass(slots=True)
class TickRun:
    """Ticks at equal distances: first_us, first_us + step_us, …; microseconds since 1970 UTC."""

    first_us: int
    step_us: int  # 0 of a single tick
    ticks: int

    def continues_with(self, tick_us: int) -> bool:
        """True if `tick_us` is the next tick of this run, which has it then."""
        if self.ticks == 1 and tick_us > self.first_us:
            self.step_us = tick_us - self.first_us
        if not self.step_us or tick_us != self.first_us + self.ticks * self.step_us:
            return False
        self.ticks += 1
        return True

    def take(self, most: int) -> list[int]:
        """The first ticks, at most so many, which this run no longer has."""
        count = min(most, self.ticks)
        ticks_us = [self.first_us + index * self.step_us for index in range(count)]
        self.first_us += count * self.step_us
        self.ticks -= count
        return ticks_us


class TickRuns:
    """Ticks of samples without values, and events that came with them, within MOST_RUNS and MOST_EVENTS.

    `len` counts ticks and events. What exceeds the bounds is forgotten; `add` says how much that is.
    """

    def __init__(self) -> None:
        self._runs: dict[Polled, list[TickRun]] = {}  # in the order in which they were added
        self._count = 0  # of all runs
        self._ticks = 0
        self._events: list[Event] = []

    def __len__(self) -> int:
        return self._ticks + len(self._events)

    @property
    def oldest_us(self) -> list[int]:
        """The oldest tick of each device, and the time of the oldest event; in no order, empty if there is nothing."""
        events = [min(event.time_us for event in self._events)] if self._events else []
        return events + [min(run.first_us for run in runs) for runs in self._runs.values()]

    def add(self, group: Group) -> int:
        """Keep a group's ticks and events; its values, if it has any, are lost. Returns how many items were forgotten.

        Groups are given in the order in which they were made.
        """
        forgotten = 0
        for packed in group.batches:
            batch = unpack(packed.data)
            for name, tick_us in zip(batch.devices, batch.headers["tick_us"].tolist(), strict=True):
                forgotten += self._add_tick((name, packed.layout), tick_us)
        self._events += group.events
        forgotten += max(0, len(self._events) - MOST_EVENTS)
        del self._events[:-MOST_EVENTS]
        return forgotten

    def _add_tick(self, polled: Polled, tick_us: int) -> int:
        runs = self._runs.setdefault(polled, [])
        if not (runs and runs[-1].continues_with(tick_us)):
            runs.append(TickRun(tick_us, 0, 1))
            self._count += 1
        self._ticks += 1
        if self._count <= MOST_RUNS:
            return 0
        longest = max(self._runs, key=lambda key: len(self._runs[key]))  # the one that flutters
        forgotten = self._runs[longest].pop(0).ticks
        self._count -= 1
        self._ticks -= forgotten
        return forgotten

    def take(self, most: int) -> list[Sample | Event]:
        """Events and failed samples, at most `most` together, which are no longer kept here."""
        items: list[Sample | Event] = [*self._events[:most]]
        del self._events[:most]
        while self._runs and len(items) < most:
            polled, runs = next(iter(self._runs.items()))
            ticks_us = runs[0].take(most - len(items))
            self._ticks -= len(ticks_us)
            items += [_failed(polled, tick_us) for tick_us in ticks_us]
            if not runs[0].ticks:
                del runs[0]
                self._count -= 1
            if not runs:
                del self._runs[polled]
        return items


def _failed(polled: Polled, tick_us: int) -> Sample:
    name, layout = polled
    return Sample(device_of(name), layout, tick_us, Status.FAILED, Reason.JOURNAL_FULL, (), None, 0.0, 0, 0, b"")
