"""All metrics: their names, kinds, units and labels. Rules, dashboards and docs/metrics.md are tested against
this list; `core.running.measures` makes the values.

Names follow Prometheus' conventions: base units in the name, `_total` for what only grows. Ray puts `ray_` before them,
which `deploy/prometheus/prometheus.yml` takes off again. A label's values are bounded: sites, devices of a small fleet
(`MOST_DEVICES`), pollers, tables, and words that are listed in the source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

PREFIX = "ess_ray_"
# Ray's exporter holds 2,000 series of a metric: with more devices than these a metric has the site's sum only, under
# this name of a device.
MOST_DEVICES, ALL_DEVICES = 200, "all"

Labels = tuple[str, ...]  # the values of a metric's labels, in their order
Values = Mapping[str, Mapping[Labels, float]]  # by a series' name


class MetricKind(StrEnum):
    """The kind of a metric, as Prometheus has them."""

    COUNTER = "counter"  # only grows, from zero at the job's start
    GAUGE = "gauge"
    HISTOGRAM = "histogram"  # three series, which grow: NAME_bucket with the label `le`, NAME_sum, NAME_count


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric. `help` is ASCII: Ray takes no other text."""

    name: str
    kind: MetricKind
    help: str
    labels: tuple[str, ...]

    @property
    def series(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the series that Prometheus gets, each with its labels' names."""
        if self.kind is not MetricKind.HISTOGRAM:
            return {self.name: self.labels}
        of_all = dict.fromkeys((f"{self.name}_sum", f"{self.name}_count"), self.labels)
        return {f"{self.name}_bucket": (*self.labels, "le"), **of_all}


def _metrics(kind: MetricKind, *listed: tuple[str, str, str]) -> Iterable[Metric]:
    return (Metric(PREFIX + name, kind, text, tuple(labels.split())) for name, labels, text in listed)


# Upper bounds of all histograms, in seconds: powers of two of a microsecond, since a time is counted by its bits.
BUCKET_BITS = range(8, 25)
BUCKETS_S = tuple((1 << bits) / 1e6 for bits in BUCKET_BITS)

METRICS: tuple[Metric, ...] = (
    *_metrics(
        MetricKind.COUNTER,
        ("samples_total", "site device status", "samples in the database: stored, partial, failed"),
        ("sample_reasons_total", "site device reason", "samples in the database that have a reason, by reason"),
        ("rows_total", "site table", "rows in the database, of the data tables"),
        ("known_samples_total", "", "samples that the database had already, as after a commit without a reply"),
        ("recovered_samples_total", "", "samples of earlier runs, stored out of the journals"),
        ("requests_total", "site device", "Modbus requests sent, retries included"),
        ("request_retries_total", "site device", "Modbus requests sent once more"),
        (
            "request_failures_total",
            "site device reason",
            "requests that failed: timeout, closed, exception 2 and so on",
        ),
        ("registers_read_total", "site device", "registers and bits that were read"),
        ("connections_total", "site device", "connections made, for the device whose poll was at work"),
        ("connection_failures_total", "site device reason", "connections that failed: refused, unreachable"),
        ("journal_shed_samples_total", "poller", "samples that lost their values to the journal's bounds"),
        ("normalised_rows_total", "", "rows made by the normalisers and stored"),
        ("normalise_seconds_total", "", "time the normalisers spent on them"),
        ("batches_total", "", "pollers' batches stored"),
        ("transactions_total", "", "transactions committed that held samples"),
        (
            "transaction_retries_total",
            "reason",
            "transactions begun again: known samples, refused rows, or all of it failed",
        ),
        ("copy_seconds_total", "", "time the writer spent in COPY"),
        ("write_seconds_total", "", "time the writer spent on transactions, COPY and commit included"),
        ("rejected_rows_total", "table", "rows that the database refused for good"),
        ("export_objects_total", "", "objects written to the store"),
        ("export_rows_total", "", "rows in them"),
        ("export_bytes_total", "", "their bytes, as stored"),
        (
            "actor_deaths_total",
            "actor",
            "processes that died and were started again: poller, normaliser, writer, watcher",
        ),
    ),
    *_metrics(
        MetricKind.HISTOGRAM,
        (
            "request_seconds",
            "site",
            "time from a request to its reply; one look at the clock for all that are ready",
        ),
        ("tick_lateness_seconds", "site", "how long behind its moment (tick and phase) a poll began"),
        ("commit_delay_seconds", "site", "time from that moment to the commit, of ticks since all actors were up"),
    ),
    *_metrics(
        MetricKind.GAUGE,
        ("start_timestamp_seconds", "", "the run's first tick"),
        ("devices", "site", "devices that are configured"),
        ("devices_up", "site", "devices whose latest sample in the database was read, at least in part"),
        ("device_up", "site device", "1 if the device is one of them; absent in a fleet of more than 200 devices"),
        ("device_frozen", "site device", "1 if all registers of the device have stayed the same for frozen_after_s"),
        ("day_expected_samples", "site", "samples expected of today, by the site's clock, since the run began"),
        ("day_stored_samples", "site", "how many of these are stored completely"),
        ("day_completeness_ratio", "site", "the share of these, 0 to 1"),
        ("journal_items", "poller", "samples and events that the database has not committed"),
        ("journal_depth_seconds", "poller", "age of the oldest of them, 0 without any"),
        ("journal_oldest_timestamp_seconds", "poller", "time of the oldest of them; absent without any"),
        ("journal_disk_failing", "poller", "1: the disk refuses, samples are held in memory"),
        ("database_up", "", "1: the latest write was committed, or none was needed"),
        ("layouts_set_aside", "", "layouts (map and plan) whose samples are refused for good and wait in the journals"),
        ("state_disk_free_bytes", "", "room on the disk of state_dir"),
        ("state_disk_size_bytes", "", "that disk's size"),
        ("export_lag_days", "site", "days from the oldest one that is not in the store to the last one that is over"),
        ("export_failed_objects", "", "objects that could not be exported when last tried"),
        ("export_held_objects", "", "objects that are not replaced: they hold more than the database has"),
    ),
)

SERIES: Mapping[str, tuple[str, ...]] = {name: labels for metric in METRICS for name, labels in metric.series.items()}
HELP: Mapping[str, str] = {name: metric.help for metric in METRICS for name in metric.series}
