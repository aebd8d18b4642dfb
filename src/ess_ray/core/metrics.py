"""All metrics: their names, kinds, units and labels. Whatever names one (rules, dashboards, the page in docs/) is
tested against this list; `core.measures` gives their values.

Names follow Prometheus' conventions: base units in the name, `_total` for what only grows. Ray puts `ray_` before them,
which `deploy/prometheus/prometheus.yml` takes off again. A label's values are bounded: sites, devices (of a small
fleet, see `MOST_DEVICES`), pollers, tables, and words that are listed in the source.
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
Values = Mapping[str, Mapping[Labels, float]]  # by a metric's name


class Kind(StrEnum):
    """What a metric's value is."""

    COUNTER = "counter"  # grows, from zero at the job's start
    GAUGE = "gauge"
    HISTOGRAM = "histogram"  # three series: name_bucket with the label `le`, name_sum, name_count; they grow


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric; `buckets` are a histogram's upper bounds."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def series(self) -> Mapping[str, tuple[str, ...]]:
        """What is exported: the labels, by name."""
        if self.kind is not Kind.HISTOGRAM:
            return {self.name: self.labels}
        buckets, rest = (*self.labels, "le"), dict.fromkeys((f"{self.name}_sum", f"{self.name}_count"), self.labels)
        return {f"{self.name}_bucket": buckets, **rest}


def _listed(kind: Kind, *metrics: tuple[str, str, str]) -> Iterable[Metric]:
    return (Metric(PREFIX + name, kind, told, tuple(labels.split())) for name, labels, told in metrics)


# Seconds, as powers of two of a microsecond: the bucket of a time is the number of its bits.
FIRST_BIT, LAST_BIT = 8, 24
BUCKETS_S = tuple((1 << bits) / 1e6 for bits in range(FIRST_BIT, LAST_BIT + 1))

METRICS: tuple[Metric, ...] = (
    *_listed(
        Kind.COUNTER,
        ("samples_total", "site device status", "samples committed: stored, partial, failed"),
        ("sample_reasons_total", "site device reason", "samples committed with a reason, by reason"),
    ),
    *_listed(
        Kind.GAUGE,
        ("start_timestamp_seconds", "", "the first tick of the run"),
        ("device_up", "site device", "1: the device's latest committed sample was read, at least in part"),
        ("devices", "site", "devices that are configured"),
        ("devices_up", "site", "devices whose latest committed sample was read, at least in part"),
    ),
)

SERIES: Mapping[str, tuple[str, ...]] = {name: labels for one in METRICS for name, labels in one.series.items()}
HELP: Mapping[str, str] = {name: metric.help for metric in METRICS for name in metric.series}
