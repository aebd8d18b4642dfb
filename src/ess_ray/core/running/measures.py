"""The values of the metrics, made from the counts of a run. Pure; called by the driver every few seconds.

Names and labels are those of `core.running.metrics`. Where a fleet is too big for a series of each device
(`MOST_DEVICES`), the site's devices are added up as one device named `ALL_DEVICES`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ess_ray.core.day import choose_day
from ess_ray.core.polling.counts import CountTotals, Histogram
from ess_ray.core.reasons import ExceptionCode, Reason, Whose, bare_reason, exception_code
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
# Names of the counters that have one series for each device.
DEVICE_COUNTERS = [
    metric.name.removeprefix(PREFIX)
    for metric in METRICS
    if metric.kind is MetricKind.COUNTER and metric.labels == ("site", "device")
]


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of a run. `disk_bytes`: free and size of the disk of state_dir, None if they cannot be read.

    Keys of `journals` are pollers' names (`poller:SITE/DEVICE`), those of `deaths` poller, normaliser, writer, watcher.
    """

    account: Account
    totals: CountTotals
    work: Work
    journals: Mapping[str, Backlog]  # by poller
    deaths: Mapping[str, int]  # by kind of actor
    exported: Exported | None  # None: nothing is exported
    database_up: bool
    layouts_set_aside: int
    disk_bytes: tuple[int, int] | None


def measure(counts: Counts, timezones: Mapping[str, str], late_us: int, now_us: int) -> Values:
    """The values of all metrics at `now_us` (microseconds since 1970 UTC), by name of the series and labels' values.

    `timezones`: IANA names, by site. Today's ticks younger than `late_us` are not expected yet.
    """
    series = _Series(len(counts.account.devices))
    _account(series, counts.account)
    _today(series, counts.account, timezones, late_us, now_us)
    _polling(series, counts.totals)
    _journals(series, counts.journals, now_us)
    _work(series, counts.work)
    if counts.exported:
        _exported(series, counts.exported)
    series.by_label("actor_deaths_total", counts.deaths)
    series.add("database_up", counts.database_up)
    series.add("layouts_set_aside", counts.layouts_set_aside)
    if counts.disk_bytes:
        series.add("state_disk_free_bytes", counts.disk_bytes[0])
        series.add("state_disk_size_bytes", counts.disk_bytes[1])
    return series.values


class _Series:
    """The values of all series; what is added to a series twice is summed."""

    def __init__(self, devices: int) -> None:
        self._values: defaultdict[str, defaultdict[Labels, float]] = defaultdict(lambda: defaultdict(float))
        self.each_device = devices <= MOST_DEVICES

    @property
    def values(self) -> Values:
        """By the name of the series and its labels."""
        return {name: dict(series) for name, series in self._values.items()}

    def add(self, name: str, value: float, *labels: str) -> None:
        """Add to the series `ess_ray_NAME` with these labels."""
        self._values[PREFIX + name][labels] += value

    def of_device(self, name: str, value: float, device: Device, *labels: str) -> None:
        """Add a device's value, to its own series or to the one of its site's devices together."""
        self.add(name, value, device.site, device.device if self.each_device else ALL_DEVICES, *labels)

    def by_label(self, name: str, values: Mapping[str, float]) -> None:
        """Add values of a metric with one label, by that label."""
        for label, value in values.items():
            self.add(name, value, label)

    def histogram(self, name: str, site: str, up_to: Sequence[int], samples: int, sum_s: float) -> None:
        """Add a site's histogram: `up_to` has the number of samples that do not exceed each of BUCKETS_S."""
        for bound_s, count in zip(BUCKETS_S, up_to, strict=True):
            self.add(f"{name}_bucket", count, site, f"{bound_s:g}")
        self.add(f"{name}_bucket", samples, site, "+Inf")
        self.add(f"{name}_count", samples, site)
        self.add(f"{name}_sum", sum_s, site)


def _account(series: _Series, account: Account) -> None:
    series.add("start_timestamp_seconds", account.first_us / 1e6)
    series.add("known_samples_total", account.duplicates)
    series.add("recovered_samples_total", account.recovered)
    for device, ticks in account.devices.items():
        for status in Status:
            series.of_device("samples_total", ticks.by_status[status], device, status)
        for reason, samples in ticks.reasons.items():
            series.of_device("sample_reasons_total", samples, device, bounded(reason))
        if not ticks.gone:
            up = ticks.last_status in (Status.STORED, Status.PARTIAL) or ticks.last_reason in READ_ANYWAY
            series.add("devices", 1, device.site)
            series.add("devices_up", up, device.site)
            series.of_device("device_frozen", ticks.frozen_us is not None, device)
            if series.each_device:
                series.of_device("device_up", up, device)
    for site, tables in account.rows.items():
        for table, rows in tables.items():
            series.add("rows_total", rows, site, table)
    for site, latency in account.latency.items():
        counts, sum_s = latency.up_to(BUCKETS_S)
        series.histogram("commit_delay_seconds", site, counts, latency.samples, sum_s)


def _today(series: _Series, account: Account, timezones: Mapping[str, str], late_us: int, now_us: int) -> None:
    start_us = {site: choose_day("today", timezone, now_us, 0).start_us for site, timezone in timezones.items()}
    for site, (expected, stored) in account.since(start_us, now_us - late_us).items():
        series.add("day_expected_samples", expected, site)
        series.add("day_stored_samples", stored, site)
        if expected:
            series.add("day_completeness_ratio", stored / expected, site)


def _polling(series: _Series, totals: CountTotals) -> None:
    for device, counts in totals.devices.items():
        for name in DEVICE_COUNTERS:  # counts that are zero are shown too
            series.of_device(name, 0, device)
        for (name, *reason), count in counts.items():
            series.of_device(name, count, device, *map(bounded, reason))
    for name, by_site in (
        ("request_seconds", totals.request_times),
        ("tick_lateness_seconds", totals.poll_lateness),
    ):
        for site, histogram in by_site.items():
            series.histogram(name, site, *_up_to(histogram))


def _up_to(histogram: Histogram) -> tuple[list[int], int, float]:
    """How many times do not exceed each bucket's bound, how many there are, their sum in seconds."""
    below = list(accumulate(histogram.buckets))
    return [below[bits] for bits in BUCKET_BITS], below[-1], histogram.sum_us / 1e6


def _journals(series: _Series, journals: Mapping[str, Backlog], now_us: int) -> None:
    for name, waiting in journals.items():
        poller = name.removeprefix("poller:")
        series.add("journal_items", waiting.items, poller)
        series.add("journal_depth_seconds", max(now_us - waiting.oldest_us, 0) / 1e6 if waiting.items else 0.0, poller)
        if waiting.items:
            series.add("journal_oldest_timestamp_seconds", waiting.oldest_us / 1e6, poller)
        series.add("journal_shed_samples_total", waiting.values_dropped, poller)
        series.add("journal_disk_failing", waiting.failing, poller)


def _work(series: _Series, work: Work) -> None:
    series.add("normalised_rows_total", work.normalised_rows)
    series.add("normalise_seconds_total", work.normalise_s)
    series.add("batches_total", work.batches)
    series.add("transactions_total", work.transactions)
    series.add("copy_seconds_total", work.copy_s)
    series.add("write_seconds_total", work.write_s)
    series.by_label("transaction_retries_total", work.again)
    series.by_label("rejected_rows_total", work.rejected)


def _exported(series: _Series, exported: Exported) -> None:
    series.add("export_objects_total", exported.objects)
    series.add("export_rows_total", exported.rows)
    series.add("export_bytes_total", exported.bytes)
    series.add("export_failed_objects", exported.failed)
    series.add("export_held_objects", exported.held)
    series.by_label("export_lag_days", dict(exported.lag_days))


def bounded(reason: str) -> str:
    """A sample's reason as a metric's label: bare, and exception codes that Modbus lacks are all `exception other`."""
    code = exception_code(reason)
    return bare_reason(reason) if code is None or code in DEFINED_CODES else f"{Reason.EXCEPTION} other"
