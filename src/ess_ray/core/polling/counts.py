"""Numbers that pollers count beside their samples, for the metrics: requests, what became of them, how long it took.

A poller's loop counts into the `DeviceCounts` of each device, numbers that only grow. Now and then the poller hands
over what they have grown by (`CountGrowth`), and the driver adds that up (`CountTotals`): a poller that is started
again begins at zero, the totals go on. What a killed poller had not handed over is not counted.

A count is named by the metric that shows it, without `ess_ray_`, and by its labels behind site and device. So a new
metric of a device is its name in `core.running.metrics`, and one line where it is counted: `device.counts[name,] += 1`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ess_ray.core.samples import Device

BUCKETS = 63  # more bits than any time in microseconds has
Count = tuple[str, ...]  # name of the metric, and its labels but site and device
REQUESTS: Count = ("requests_total",)
RETRIES: Count = ("request_retries_total",)
REGISTERS: Count = ("registers_read_total",)
CONNECTIONS: Count = ("connections_total",)


def request_failure(reason: str) -> Count:
    """The name of the count of requests that failed for `reason`: a `Reason`, or "exception n" for exceptions."""
    return "request_failures_total", reason


def connection_failure(reason: str) -> Count:
    """The name of the count of connections that failed for `reason`, a `Reason`."""
    return "connection_failures_total", reason


class Histogram:
    """Times in microseconds, counted by their bits: bucket n holds those in [2^(n-1), 2^n); and their sum."""

    __slots__ = ("buckets", "sum_us")

    def __init__(self, buckets: Sequence[int] = (0,) * BUCKETS, sum_us: int = 0) -> None:
        self.buckets = list(buckets)
        self.sum_us = sum_us

    def add(self, time_us: int, times: int = 1) -> None:
        """Count a time, `times` times."""
        self.buckets[time_us.bit_length()] += times
        self.sum_us += times * time_us

    def join(self, other: Histogram) -> None:
        """Count all that `other` has counted."""
        self.buckets = [n + m for n, m in zip(self.buckets, other.buckets, strict=True)]
        self.sum_us += other.sum_us

    def since(self, earlier: Histogram) -> Histogram:
        """A new histogram of what was counted since `earlier`, a copy of this one as it was then."""
        buckets = [n - m for n, m in zip(self.buckets, earlier.buckets, strict=True)]
        return Histogram(buckets, self.sum_us - earlier.sum_us)


class DeviceCounts:
    """Counts of one device. The histograms are shared by all devices of a site."""

    __slots__ = ("counts", "poll_lateness", "request_times")

    def __init__(self, request_times: Histogram, poll_lateness: Histogram) -> None:
        self.counts: defaultdict[Count, int] = defaultdict(int)  # a Counter is slow to count one by one
        self.request_times = request_times  # from request to reply, by the clock that the loop reads once a batch
        self.poll_lateness = poll_lateness  # how long behind their moment (tick and phase) polls began


@dataclass(frozen=True, slots=True)
class CountGrowth:
    """By how much a poller's counts have grown; counts and devices without growth are left out, histograms are not."""

    devices: Mapping[Device, Mapping[Count, int]]
    request_times: Mapping[str, Histogram]  # by site
    poll_lateness: Mapping[str, Histogram]


class PollerCounts:
    """All counts of a poller, and what was handed over of them. Counted in one thread, handed over in another."""

    def __init__(self) -> None:
        self.polls_running = 0  # polls that have begun and are not over
        self._devices: dict[Device, DeviceCounts] = {}
        self._request_times: dict[str, Histogram] = {}  # by site
        self._poll_lateness: dict[str, Histogram] = {}
        self._handed_over: dict[Device, Mapping[Count, int]] = {}
        self._handed_over_times: dict[int, Histogram] = {}  # by id of the histogram that is counted into

    def of(self, device: Device) -> DeviceCounts:
        """The device's counts: the same object as long as the poller lives."""
        if device not in self._devices:
            request_times = self._request_times.setdefault(device.site, Histogram())
            poll_lateness = self._poll_lateness.setdefault(device.site, Histogram())
            self._devices[device] = DeviceCounts(request_times, poll_lateness)
        return self._devices[device]

    def growth(self) -> CountGrowth:
        """By how much the counts have grown since the last call; may be called beside the thread that counts."""
        devices = {device: self._grown(device, of.counts) for device, of in list(self._devices.items())}
        request_times, poll_lateness = (
            {site: self._grown_times(histogram) for site, histogram in list(by_site.items())}
            for by_site in (self._request_times, self._poll_lateness)
        )
        grown = {device: counts for device, counts in devices.items() if counts}
        return CountGrowth(grown, request_times, poll_lateness)

    def _grown(self, device: Device, counts: Mapping[Count, int]) -> Mapping[Count, int]:
        now, before = dict(counts), self._handed_over.get(device, {})
        self._handed_over[device] = now
        return {count: n - before.get(count, 0) for count, n in now.items() if n != before.get(count, 0)}

    def _grown_times(self, histogram: Histogram) -> Histogram:
        now = Histogram(histogram.buckets, histogram.sum_us)
        before = self._handed_over_times.get(id(histogram)) or Histogram()
        self._handed_over_times[id(histogram)] = now
        return now.since(before)


@dataclass(slots=True)
class CountTotals:
    """All pollers' counts since the job's start."""

    devices: dict[Device, Counter[Count]] = field(default_factory=dict)
    request_times: dict[str, Histogram] = field(default_factory=dict)  # by site
    poll_lateness: dict[str, Histogram] = field(default_factory=dict)

    def add(self, growth: CountGrowth) -> None:
        """Count what a poller has handed over."""
        for device, counts in growth.devices.items():
            self.devices.setdefault(device, Counter()).update(counts)
        for totals, grown in (
            (self.request_times, growth.request_times),
            (self.poll_lateness, growth.poll_lateness),
        ):
            for site, histogram in grown.items():
                totals.setdefault(site, Histogram()).join(histogram)
