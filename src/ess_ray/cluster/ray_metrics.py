"""Metrics by way of Ray: each node's agent offers them to Prometheus, with those of Ray itself.

Every series is a gauge for Ray, those that only grow too. Ray keeps a counter as long as its node lives, also when its
actor is dead, but drops a gauge that was not set for two of its intervals. The totals are counted by the driver, so
they go on where they were when the watcher is started again. Prometheus does not mind: `rate()` looks at the numbers.
"""

from __future__ import annotations

from typing import Any

import ray
from ray.util.metrics import Gauge

from ess_ray.core.running.metrics import HELP, SERIES, Values


def report_interval_s() -> float:
    """Seconds between two times that Ray takes the values; in between each has to be set anew."""
    config: Any = ray._config  # noqa: SLF001  # Ray has no public way to ask
    return max(1.0, float(config.metrics_report_interval_ms()) / 1e3)


class RayMetrics:
    """Sets the gauges. Made in the driver, used in the watcher's process."""

    def __init__(self) -> None:
        self._gauges: dict[str, Gauge] = {}

    def __call__(self, values: Values) -> None:
        """Set all values: numbers by the name of a series, then by the values of its labels, in the order of `SERIES`.

        To be called within every `report_interval_s`; what is not set any more disappears by itself. Raises KeyError
        for a series that is not in `core.running.metrics.SERIES`, ValueError if there are more or fewer labels.
        """
        for name, series in values.items():
            gauge = self._gauges.get(name)
            if gauge is None:
                self._gauges[name] = gauge = Gauge(name, HELP[name], SERIES[name])
            for labels, value in series.items():
                gauge.set(value, dict(zip(SERIES[name], labels, strict=True)))
