"""What pollers count beside their samples, for the metrics: requests and what became of them, how long they took.

A poller's loop counts into a `Tally` of each device, plain numbers that only grow. Now and then the poller hands over
what they have grown by (`Growth`), and the driver adds that up (`Totals`): a poller that is started again begins at
zero, the totals go on. What a killed poller had not handed over is not counted.

Times are counted by the bits of their microseconds (`Times`): bit n holds [2^(n-1), 2^n).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ess_ray.core.samples import Device

SUM = 63  # the place of the sum of all times, in microseconds; no time has so many bits
Times = list[int]  # how many times have so many bits, 0 to 62, and their sum


def no_times() -> Times:
    """Nothing counted yet."""
    return [0] * (SUM + 1)


class Tally:
    """One device's counts. `took` and `late` are shared by all devices of a site."""

    __slots__ = ("connections", "failures", "late", "registers", "requests", "retries", "took")

    def __init__(self, took: Times, late: Times) -> None:
        self.took = took  # requests that were answered, by the clock that the loop reads once a batch
        self.late = late  # polls: how long behind their moment (tick and phase) they began
        self.requests = 0
        self.retries = 0
        self.registers = 0  # and bits
        self.connections = 0
        self.failures: Counter[str] = Counter()  # requests and connections, by reason; "exception n" for exceptions


class DeviceGrowth(NamedTuple):
    """By how much a device's counts have grown."""

    device: Device
    requests: int
    retries: int
    registers: int
    connections: int
    failures: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Growth:
    """By how much a poller's counts have grown; what has not grown is left out."""

    devices: Sequence[DeviceGrowth]
    took: Mapping[str, Mapping[int, int]]  # by site and place in `Times`
    late: Mapping[str, Mapping[int, int]]


class Tallies:
    """A poller's tallies, and what was handed over of them. Counted in one thread, handed over in another."""

    def __init__(self) -> None:
        self.at_work = 0  # polls that have begun and are not over
        self._tallies: dict[Device, Tally] = {}
        self._took: dict[str, Times] = {}
        self._late: dict[str, Times] = {}
        self._told: dict[Device, DeviceGrowth] = {}
        self._told_times: dict[int, Times] = {}  # by id of the times

    def of(self, device: Device) -> Tally:
        """The device's tally: the same as long as the poller lives."""
        if device not in self._tallies:
            took = self._took.setdefault(device.site, no_times())
            late = self._late.setdefault(device.site, no_times())
            self._tallies[device] = Tally(took, late)
        return self._tallies[device]

    def growth(self) -> Growth:
        """Since the last call."""
        devices = [
            grown for device, tally in list(self._tallies.items()) if any((grown := self._grown(device, tally))[1:])
        ]
        took, late = ({site: self._more(times) for site, times in list(by.items())} for by in (self._took, self._late))
        return Growth(devices, took, late)

    def _grown(self, device: Device, tally: Tally) -> DeviceGrowth:
        now = DeviceGrowth(
            device, tally.requests, tally.retries, tally.registers, tally.connections, dict(tally.failures)
        )
        then = self._told.get(device, DeviceGrowth(device, 0, 0, 0, 0, {}))
        self._told[device] = now
        failures = {why: n - then.failures.get(why, 0) for why, n in now.failures.items()} if now.failures else {}
        return DeviceGrowth(
            device,
            now.requests - then.requests,
            now.retries - then.retries,
            now.registers - then.registers,
            now.connections - then.connections,
            {why: n for why, n in failures.items() if n},
        )

    def _more(self, times: Times) -> Mapping[int, int]:
        now, then = times.copy(), self._told_times.get(id(times), no_times())
        self._told_times[id(times)] = now
        return {place: n - m for place, (n, m) in enumerate(zip(now, then, strict=True)) if n != m}


@dataclass(slots=True)
class DeviceTotals:
    """One device's counts since the job's start."""

    requests: int = 0
    retries: int = 0
    registers: int = 0
    connections: int = 0
    failures: Counter[str] = field(default_factory=Counter)

    def add(self, grown: DeviceGrowth) -> None:
        """Count what has come."""
        self.requests += grown.requests
        self.retries += grown.retries
        self.registers += grown.registers
        self.connections += grown.connections
        self.failures.update(grown.failures)


class Totals:
    """All pollers' counts since the job's start."""

    def __init__(self) -> None:
        self.devices: dict[Device, DeviceTotals] = {}
        self.took: dict[str, Times] = {}
        self.late: dict[str, Times] = {}

    def add(self, growth: Growth) -> None:
        """Count what a poller has handed over."""
        for grown in growth.devices:
            self.devices.setdefault(grown.device, DeviceTotals()).add(grown)
        for totals, more in ((self.took, growth.took), (self.late, growth.late)):
            for site, places in more.items():
                times = totals.setdefault(site, no_times())
                for place, n in places.items():
                    times[place] += n
