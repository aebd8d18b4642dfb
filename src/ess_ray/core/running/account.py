"""The account of a run: every sample that was committed, by device, status and reason, and how long it took.

Times are microseconds since 1970 UTC. Latency runs from the moment a sample was due (tick plus phase) to the commit.
The driver reports every commit and event to it (`cluster.shipping`); status, metrics and summary are made from it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import exp, log

import numpy as np

from ess_ray.core.batch import STATUSES, Batch
from ess_ray.core.day import QUARTER_US
from ess_ray.core.polling.cadence import ticks_between
from ess_ray.core.reasons import Reason
from ess_ray.core.samples import Event, EventKind, Status
from ess_ray.core.settings import DeviceSettings
from ess_ray.core.storing.flush import Committed

COLLECTOR_DOWN = "collector down"  # the reason of ticks that have no sample row, since nobody polled


class Latency:
    """A distribution of latencies in logarithmic buckets, each 2 % wide: percentiles to 1 %, in constant memory."""

    _STEP = log(1.02)

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()

    def add(self, latencies_us: np.ndarray) -> None:
        """Count samples by their latencies, in microseconds; those below 1 count as 1."""
        buckets = np.rint(np.log(np.maximum(latencies_us, 1)) / self._STEP).astype(int)
        self._buckets.update(dict(zip(*map(np.ndarray.tolist, np.unique(buckets, return_counts=True)), strict=True)))

    def up_to(self, bounds_s: Sequence[float]) -> tuple[list[int], float]:
        """How many samples do not exceed each of the rising bounds (cumulative), and the sum of all, in seconds."""
        counts, sum_s = [0] * (len(bounds_s) + 1), 0.0
        for bucket, samples in self._buckets.items():
            seconds = exp(bucket * self._STEP) / 1e6
            counts[bisect_left(bounds_s, seconds)] += samples
            sum_s += seconds * samples
        return list(accumulate(counts[:-1])), sum_s

    @property
    def samples(self) -> int:
        """The number of samples counted."""
        return self._buckets.total()

    def percentile_ms(self, percent: float) -> float | None:
        """The latency in milliseconds that `percent` (0 to 100) of the samples do not exceed; None without samples."""
        left = self._buckets.total() * percent / 100
        for bucket in sorted(self._buckets):
            left -= self._buckets[bucket]
            if left <= 0:
                return round(exp(bucket * self._STEP) / 1000, 1)
        return None


class Ticks:
    """A set of tick numbers (tick // period), kept as ranges: small, however long a run is without gaps."""

    def __init__(self) -> None:
        self._ranges: list[list[int]] = []  # [first, end), in order, apart from each other

    def count_from(self, tick: int) -> int:
        """The number of ticks in the set from tick number `tick` on, itself included."""
        index = max(bisect_right(self._ranges, [tick, tick]) - 1, 0)
        return sum(max(end - max(first, tick), 0) for first, end in self._ranges[index:])

    def add(self, tick: int) -> bool:
        """Put `tick` into the set. False if it was there already."""
        if self._ranges and self._ranges[-1][1] == tick:
            self._ranges[-1][1] += 1
            return True
        index = bisect_right(self._ranges, [tick, tick])
        before, after = self._ranges[max(index - 1, 0) : index], self._ranges[index : index + 1]
        if (before and tick < before[0][1]) or (after and after[0][0] == tick):
            return False
        first = before.pop()[0] if before and before[0][1] == tick else tick
        end = after.pop()[1] if after and after[0][0] == tick + 1 else tick + 1
        self._ranges[index - (first < tick) : index + (end > tick + 1)] = [[first, end]]
        return True


@dataclass(slots=True)
class ConfiguredTime:
    """A device's settings in [first_us, end_us), and the ticks in it that are counted. `end_us` None: until now."""

    settings: DeviceSettings
    first_us: int = 0
    end_us: int | None = None
    ticks: Ticks = field(default_factory=Ticks)  # a poller that was killed offers samples twice: each counts once


class DeviceAccount:
    """One device's ticks of the run: each counted tick has one status; `last_…` are of the newest committed sample."""

    def __init__(self, settings: DeviceSettings, first_us: int = 0) -> None:
        self._spans = [ConfiguredTime(settings, first_us)]
        self.by_status: Counter[Status] = Counter()
        self.reasons: Counter[str] = Counter()
        self.last_tick_us: int | None = None
        self.last_reason: str | None = None
        self.last_status: Status | None = None
        self.lost_us: int | None = None  # since when the device is silent; None: it is not

    @property
    def settings(self) -> DeviceSettings:
        """The settings that hold now, or held last."""
        return self._spans[-1].settings

    @property
    def since_us(self) -> int:
        """The moment since which the settings hold."""
        return self._spans[-1].first_us

    @property
    def gone(self) -> bool:
        """True if the device is no longer configured."""
        return self._spans[-1].end_us is not None

    def change(self, settings: DeviceSettings | None, first_us: int) -> None:
        """The device has these settings from `first_us` on; None: it is no longer configured."""
        if not self.gone:
            if settings == self.settings:
                return
            self._spans[-1].end_us = first_us
        if settings:
            self._spans.append(ConfiguredTime(settings, first_us))

    def new(self, tick_us: int) -> bool:
        """Mark the tick as counted, before `add`. False if it was before: the sample is not to be added again."""
        span = self._spans[-1]
        if tick_us < span.first_us:
            span = next((span for span in reversed(self._spans) if span.first_us <= tick_us), self._spans[0])
        return span.ticks.add(tick_us // span.settings.period_us)

    def add(self, tick_us: int, status: Status, reason: str | None) -> None:
        """Count a committed sample, for which `new` was True; samples may be committed out of order."""
        self.by_status[status] += 1
        if reason:
            self.reasons[reason] += 1
        if self.last_tick_us is None or tick_us > self.last_tick_us:
            self.last_tick_us, self.last_reason, self.last_status = tick_us, reason, status

    def miss(self, reason: str, ticks: int) -> None:
        """Count so many ticks without a sample as failed, for this reason; none if `ticks` is not positive."""
        if ticks > 0:
            self.by_status[Status.FAILED] += ticks
            self.reasons[reason] += ticks

    def counted_from(self, first_us: int) -> int:
        """The number of ticks from `first_us` on of which a sample is committed."""
        return sum(span.ticks.count_from(-(-first_us // span.settings.period_us)) for span in self._spans)

    def expected(self, first_us: int, end_us: int) -> int:
        """The number of ticks in [first_us, end_us) by the settings that held at each moment."""
        return sum(
            ticks_between(
                max(first_us, span.first_us), end_us if span.end_us is None else min(end_us, span.end_us),
                span.settings.period_us,
            )
            for span in self._spans
        )  # fmt: skip


class Account:
    """All devices of a run: the samples of its ticks, rows and latencies by site, and what earlier runs left behind."""

    def __init__(self, devices: Iterable[DeviceSettings], first_us: int = 0) -> None:
        self.first_us = first_us
        self.devices = {settings.device: DeviceAccount(settings) for settings in devices}
        self._by_name = {str(device): account for device, account in self.devices.items()}  # as batches name them
        self.rows: dict[str, Counter[str]] = {device.site: Counter() for device in self.devices}
        self.latency = {site: Latency() for site in self.rows}
        self._lost: dict[str, Counter[int]] = {}  # committed but partial or failed, by site and quarter of an hour
        self.duplicates = 0  # samples that the database had before
        self.recovered = 0  # samples of earlier runs, out of the journals

    def change(self, devices: Iterable[DeviceSettings], first_us: int) -> None:
        """Exactly these devices are configured from `first_us` on."""
        configured = {settings.device: settings for settings in devices}
        for device, account in self.devices.items():
            account.change(configured.pop(device, None), first_us)
        for device, settings in configured.items():
            self.devices[device] = self._by_name[str(device)] = DeviceAccount(settings, first_us)
            self.rows.setdefault(device.site, Counter())
            self.latency.setdefault(device.site, Latency())

    def committed(self, batches: Iterable[Batch], result: Committed) -> None:
        """Count what one transaction stored of these batches; samples of ticks before the run count as recovered."""
        for batch in batches:
            self._count(batch, result)
        for site, tables in result.rows.items():
            self.rows.setdefault(site, Counter()).update(tables)
        self.duplicates += len(result.duplicates)

    def _count(self, batch: Batch, result: Committed) -> None:
        demoted = {(str(device), tick_us): status for (device, tick_us), status in result.demoted.items()}
        left = {(str(device), tick_us) for device, tick_us in result.left}
        latency_us: dict[str, list[int]] = {}
        headers = zip(batch.devices, batch.headers["tick_us"].tolist(), batch.headers["status"].tolist(), strict=True)
        for index, (name, tick_us, code) in enumerate(headers):
            if left and (name, tick_us) in left:
                continue
            account = self._by_name.get(name)
            if account is None or tick_us < self.first_us:
                self.recovered += 1
            elif account.new(tick_us):
                status, reason = STATUSES[code], batch.notes[index].reason if index in batch.notes else None
                if (name, tick_us) in demoted:  # the database refused rows of it
                    status, reason = demoted[name, tick_us], Reason.REJECTED
                account.add(tick_us, status, reason)
                if status is not Status.STORED:
                    self._lost.setdefault(account.settings.device.site, Counter())[tick_us // QUARTER_US] += 1
                due_us = tick_us + account.settings.phase_us
                latency_us.setdefault(account.settings.device.site, []).append(result.committed_us - due_us)
        for site, latencies_us in latency_us.items():
            self.latency[site].add(np.array(latencies_us))

    def events(self, events: Iterable[Event]) -> None:
        """Note which devices are lost or back; ticks that the wall clock jumped over count as failed."""
        for event in events:
            account = self.devices.get(event.device)
            if account and event.kind in {EventKind.DEVICE_LOST, EventKind.DEVICE_BACK}:
                account.lost_us = event.time_us if event.kind is EventKind.DEVICE_LOST else None
            elif account and event.kind is EventKind.CLOCK_FORWARD and event.until_us:
                account.miss(Reason.CLOCK, ticks_between(event.time_us, event.until_us, account.settings.period_us))

    def since(self, start_us: Mapping[str, int], until_us: int) -> dict[str, tuple[int, int]]:
        """(expected, stored) by site: ticks from `start_us` of the site on, or from the run's first one if later.

        `start_us`: by site, the beginning of a quarter of an hour; its sites are those of the result. Expected are the
        ticks before `until_us`, and of later ones those that are committed already.
        """
        first_us = {site: max(site_us, self.first_us) for site, site_us in start_us.items()}
        expected, counted = Counter[str](), Counter[str]()
        for device, account in self.devices.items():
            if site_us := first_us.get(device.site):
                expected[device.site] += account.expected(site_us, max(site_us, until_us))
                counted[device.site] += account.counted_from(site_us)
        counts = {}
        for site, site_us in first_us.items():
            lost = sum(n for quarter, n in self._lost.get(site, {}).items() if quarter >= site_us // QUARTER_US)
            counts[site] = max(expected[site], counted[site]), counted[site] - lost
        return counts

    def collector_down(self, first_us: int, end_us: int) -> None:
        """Count the run's ticks in [first_us, end_us) without a sample as failed, for the reason `COLLECTOR_DOWN`.

        To be called once, for the whole run, when all journals are drained.
        """
        for account in self.devices.values():
            account.miss(COLLECTOR_DOWN, account.expected(first_us, end_us) - account.by_status.total())

    def unaccounted(self, first_us: int, end_us: int) -> int:
        """The number of ticks in [first_us, end_us), the whole run, that are not counted in any status."""
        return sum(device.expected(first_us, end_us) - device.by_status.total() for device in self.devices.values())

    def complete(self, first_us: int, end_us: int) -> bool:
        """True if every sample expected in [first_us, end_us), the whole run, is stored: none partial or failed."""
        return all(
            device.expected(first_us, end_us) == device.by_status[Status.STORED] for device in self.devices.values()
        )

    def summary(self, first_us: int, end_us: int, simulated: bool, database: str) -> dict[str, object]:
        """The run in numbers, in the form that README.md gives for `run.summary`."""
        sites: dict[str, object] = {}
        for site in self.latency:
            sites[site] = {
                "devices": {
                    device.device: {
                        "expected": account.expected(first_us, end_us),
                        **{str(status): account.by_status[status] for status in Status},
                        "reasons": dict(account.reasons),
                    }
                    for device, account in self.devices.items()
                    if device.site == site
                },
                "rows": dict(self.rows[site]),
                "latency_ms": {f"p{p}": self.latency[site].percentile_ms(p) for p in (50, 99)},
            }
        duration_s = (end_us - first_us) / 1e6
        return {"simulated": simulated, "database": database, "duration_s": duration_s, "sites": sites}
