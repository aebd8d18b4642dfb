"""The books of a run: every sample that was committed, by device, status and reason, and how long it took.

Times are microseconds since 1970 UTC. Latency runs from the moment a sample was due (tick plus phase) to the commit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import exp, log

from ess_ray.core.cadence import ticks_between
from ess_ray.core.samples import Event, Kind, Reason, Sample, Status
from ess_ray.core.settings import DeviceSettings

COLLECTOR_DOWN = "collector down"  # the only reason that no sample row gives


class Latency:
    """A distribution in logarithmic buckets: percentiles to 1 %, in constant memory however long the run."""

    _STEP = log(1.02)

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()

    def add(self, latency_us: int) -> None:
        """Count one sample."""
        self._buckets[round(log(max(latency_us, 1)) / self._STEP)] += 1

    def percentile_ms(self, percent: float) -> float | None:
        """The latency that `percent` of the samples do not exceed; None without samples."""
        left = self._buckets.total() * percent / 100
        for bucket in sorted(self._buckets):
            left -= self._buckets[bucket]
            if left <= 0:
                return round(exp(bucket * self._STEP) / 1000, 1)
        return None


class DeviceAccount:
    """One device's samples: by status they are disjoint."""

    def __init__(self, settings: DeviceSettings) -> None:
        self.settings = settings
        self.by_status: Counter[Status] = Counter()
        self.reasons: Counter[str] = Counter()
        self._counted = bytearray()  # a bit a tick since the run's first: 11 kB a device and day at 1 Hz
        self.last_tick_us: int | None = None
        self.last_reason: str | None = None

    def first_time(self, tick_index: int) -> bool:
        """Whether this tick was not counted yet: a poller that was killed offers again what it could not forget."""
        place, bit = tick_index >> 3, 1 << (tick_index & 7)
        if place >= len(self._counted):
            self._counted.extend(bytes(place + 1024 - len(self._counted)))
        if self._counted[place] & bit:
            return False
        self._counted[place] |= bit
        return True

    def add(self, sample: Sample) -> None:
        """Count a committed sample; samples may come out of order."""
        self.by_status[sample.status] += 1
        if sample.reason:
            self.reasons[sample.reason] += 1
        if self.last_tick_us is None or sample.tick_us > self.last_tick_us:
            self.last_tick_us, self.last_reason = sample.tick_us, sample.reason

    def miss(self, reason: str, ticks: int) -> None:
        """Count ticks without a sample."""
        if ticks > 0:
            self.by_status[Status.FAILED] += ticks
            self.reasons[reason] += ticks

    def expected(self, first_us: int, end_us: int) -> int:
        """Ticks in [first_us, end_us)."""
        return ticks_between(first_us, end_us, self.settings.period_us)


class Account:
    """All devices of a run: samples of its ticks, and what was recovered of earlier ones."""

    def __init__(self, devices: Iterable[DeviceSettings], first_us: int = 0) -> None:
        self.first_us = first_us
        self.devices = {settings.device: DeviceAccount(settings) for settings in devices}
        self.rows: dict[str, Counter[str]] = {device.site: Counter() for device in self.devices}
        self.latency = {site: Latency() for site in self.rows}
        self.known = 0  # samples that the database had before
        self.recovered = 0  # samples of earlier runs, out of the journals

    def committed(
        self, samples: Iterable[Sample], rows: Mapping[str, Mapping[str, int]], known: int, committed_us: int
    ) -> None:
        """Count what one transaction stored; `rows` by site and table."""
        for sample in samples:
            account = self.devices.get(sample.device)
            if account is None or sample.tick_us < self.first_us:
                self.recovered += 1
                continue
            if not account.first_time((sample.tick_us - self.first_us) // account.settings.period_us):
                continue
            account.add(sample)
            due_us = sample.tick_us + account.settings.phase_us
            self.latency[sample.device.site].add(committed_us - due_us)
        for site, tables in rows.items():
            self.rows.setdefault(site, Counter()).update(tables)
        self.known += known

    def events(self, events: Iterable[Event]) -> None:
        """Ticks that the wall clock passed over never were: they count as failed."""
        for event in events:
            account = self.devices.get(event.device)
            if account and event.kind is Kind.CLOCK_FORWARD and event.until_us:
                account.miss(Reason.CLOCK, ticks_between(event.time_us, event.until_us, account.settings.period_us))

    def collector_down(self, first_us: int, end_us: int) -> None:
        """Everything is drained: what has no sample now was not polled, since a poller was dead."""
        for account in self.devices.values():
            account.miss(COLLECTOR_DOWN, account.expected(first_us, end_us) - account.by_status.total())

    def unaccounted(self, first_us: int, end_us: int) -> int:
        """Ticks of [first_us, end_us) without a committed sample."""
        return sum(d.expected(first_us, end_us) - d.by_status.total() for d in self.devices.values())

    def complete(self, first_us: int, end_us: int) -> bool:
        """Whether every expected sample was stored whole."""
        return all(d.expected(first_us, end_us) == d.by_status[Status.STORED] for d in self.devices.values())

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
