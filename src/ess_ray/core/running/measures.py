"""The metrics' values, from the counts of a run. Pure; called by the driver every few seconds.

Names and labels are those of `core.running.metrics`. Where a fleet is too big for a series of each device
(`MOST_DEVICES`), the site's devices are summed up as one by the name `ALL_DEVICES`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ess_ray.core.day import choose_day
from ess_ray.core.polling.counts import CountTotals, Histogram
from ess_ray.core.reasons import ExceptionCode, Reason, Whose, exception_code
from ess_ray.core.running.account import Account
from ess_ray.core.running.metrics import (
    ALL_DEVICES,
    BUCKET_BITS,
    BUCKETS_S,
    METRICS,
    MOST_DEVICES,
    PREFIX,
    Labels,
    MetricKind,
    Values,
)
from ess_ray.core.running.work import Backlog, Exported, Work
from ess_ray.core.samples import Device, Status

READ_ANYWAY = frozenset(reason for reason in Reason if reason.whose is Whose.DATABASE)  # the device is well
DEFINED_CODES = frozenset(map(int, ExceptionCode))
# Counters of a device with no other label.
ONE_OF_A_DEVICE = [
    metric.name.removeprefix(PREFIX)
    for metric in METRICS
    if metric.kind is MetricKind.COUNTER and metric.labels == ("site", "device")
]


@dataclass(frozen=True, slots=True)
class Counts:
    """All that a run has counted."""

    account: Account
    totals: CountTotals
    work: Work
    journals: Mapping[str, Backlog]  # by poller
    deaths: Mapping[str, int]  # by kind of actor
    exported: Exported | None  # None: nothing is exported
    database_up: bool
    disk_bytes: tuple[int, int] | None  # free and size, of the state folder's


def measure(counts: Counts, timezones: Mapping[str, str], late_us: int, now_us: int) -> Values:
    """All values at `now_us`; ticks younger than `late_us` may still be on their way."""
    found = _Found(len(counts.account.devices))
    _account(found, counts.account)
    _today(found, counts.account, timezones, late_us, now_us)
    _polling(found, counts.totals)
    _journals(found, counts.journals, now_us)
    _work(found, counts.work)
    if counts.exported:
        _exported(found, counts.exported)
    found.by_label("actor_deaths_total", counts.deaths)
    found.add("database_up", counts.database_up)
    if counts.disk_bytes:
        found.add("state_disk_free_bytes", counts.disk_bytes[0])
        found.add("state_disk_size_bytes", counts.disk_bytes[1])
    return found.values


class _Found:
    """Values, as they come together; of a series that is named twice the sum."""

    def __init__(self, devices: int) -> None:
        self._values: defaultdict[str, defaultdict[Labels, float]] = defaultdict(lambda: defaultdict(float))
        self.each_device = devices <= MOST_DEVICES

    @property
    def values(self) -> Values:
        """All of them."""
        return {name: dict(series) for name, series in self._values.items()}

    def add(self, name: str, value: float, *labels: str) -> None:
        """A value of `ess_ray_NAME`."""
        self._values[PREFIX + name][labels] += value

    def of_device(self, name: str, value: float, device: Device, *labels: str) -> None:
        """A value of one device, or its part of the site's."""
        self.add(name, value, device.site, device.device if self.each_device else ALL_DEVICES, *labels)

    def by_label(self, name: str, values: Mapping[str, float]) -> None:
        """Values by the metric's only label."""
        for word, value in values.items():
            self.add(name, value, word)

    def histogram(self, name: str, site: str, up_to: Sequence[int], samples: int, sum_s: float) -> None:
        """So many do not exceed each of BUCKETS_S."""
        for bound_s, count in zip(BUCKETS_S, up_to, strict=True):
            self.add(f"{name}_bucket", count, site, f"{bound_s:g}")
        self.add(f"{name}_bucket", samples, site, "+Inf")
        self.add(f"{name}_count", samples, site)
        self.add(f"{name}_sum", sum_s, site)


def _account(found: _Found, account: Account) -> None:
    found.add("start_timestamp_seconds", account.first_us / 1e6)
    found.add("known_samples_total", account.known)
    found.add("recovered_samples_total", account.recovered)
    for device, books in account.devices.items():
        for status in Status:
            found.of_device("samples_total", books.by_status[status], device, status)
        for reason, samples in books.reasons.items():
            found.of_device("sample_reasons_total", samples, device, bounded(reason))
        if not books.gone:
            up = books.last_status in (Status.STORED, Status.PARTIAL) or books.last_reason in READ_ANYWAY
            found.add("devices", 1, device.site)
            found.add("devices_up", up, device.site)
            if found.each_device:
                found.of_device("device_up", up, device)
    for site, tables in account.rows.items():
        for table, rows in tables.items():
            found.add("rows_total", rows, site, table)
    for site, latency in account.latency.items():
        counts, sum_s = latency.up_to(BUCKETS_S)
        found.histogram("commit_delay_seconds", site, counts, latency.samples, sum_s)


def _today(found: _Found, account: Account, timezones: Mapping[str, str], late_us: int, now_us: int) -> None:
    start_us = {site: choose_day("today", timezone, now_us, 0).start_us for site, timezone in timezones.items()}
    for site, (expected, stored) in account.since(start_us, now_us - late_us).items():
        found.add("day_expected_samples", expected, site)
        found.add("day_stored_samples", stored, site)
        if expected:
            found.add("day_completeness_ratio", stored / expected, site)


def _polling(found: _Found, totals: CountTotals) -> None:
    for device, counts in totals.devices.items():
        for name in ONE_OF_A_DEVICE:  # counts that are zero are shown too
            found.of_device(name, 0, device)
        for (name, *reason), count in counts.items():
            found.of_device(name, count, device, *map(bounded, reason))
    for name, by_site in (
        ("request_seconds", totals.request_times),
        ("tick_lateness_seconds", totals.poll_lateness),
    ):
        for site, histogram in by_site.items():
            found.histogram(name, site, *_up_to(histogram))


def _up_to(histogram: Histogram) -> tuple[list[int], int, float]:
    """How many times do not exceed each bucket's bound, how many there are, their sum in seconds."""
    below = list(accumulate(histogram.buckets))
    return [below[bits] for bits in BUCKET_BITS], below[-1], histogram.sum_us / 1e6


def _journals(found: _Found, journals: Mapping[str, Backlog], now_us: int) -> None:
    for name, waiting in journals.items():
        poller = name.removeprefix("poller:")
        found.add("journal_items", waiting.items, poller)
        found.add("journal_depth_seconds", max(now_us - waiting.oldest_us, 0) / 1e6 if waiting.items else 0.0, poller)
        if waiting.items:
            found.add("journal_oldest_timestamp_seconds", waiting.oldest_us / 1e6, poller)
        found.add("journal_shed_samples_total", waiting.shed, poller)
        found.add("journal_disk_failing", waiting.failing, poller)


def _work(found: _Found, work: Work) -> None:
    found.add("normalised_rows_total", work.normalised_rows)
    found.add("normalise_seconds_total", work.normalise_s)
    found.add("batches_total", work.batches)
    found.add("transactions_total", work.flushes)
    found.add("copy_seconds_total", work.copy_s)
    found.add("write_seconds_total", work.write_s)
    found.by_label("transaction_retries_total", work.again)
    found.by_label("rejected_rows_total", work.rejected)


def _exported(found: _Found, exported: Exported) -> None:
    found.add("export_objects_total", exported.objects)
    found.add("export_rows_total", exported.rows)
    found.add("export_bytes_total", exported.bytes)
    found.add("export_failed_objects", exported.failed)
    found.by_label("export_lag_days", dict(exported.lag_days))


def bounded(reason: str) -> str:
    """A sample's reason as a metric's label: all exception codes that Modbus does not define are `exception other`."""
    code = exception_code(reason)
    return reason if code is None or code in DEFINED_CODES else f"{Reason.EXCEPTION} other"
