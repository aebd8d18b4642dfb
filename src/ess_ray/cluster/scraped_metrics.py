"""Metrics offered to Prometheus by this process itself, without Ray. Names and labels are the same as with Ray."""

from __future__ import annotations

import time
from collections.abc import Iterator
from wsgiref.simple_server import WSGIServer

import prometheus_client
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry

from ess_ray.core.running.metrics import HELP, SERIES, Values

INTERVAL_S = 10.0  # as Ray's
HOST = "127.0.0.1"


class ScrapedMetrics(Collector):
    """Keeps the last values and gives them to whoever asks the server of `serve`, until they are two intervals old."""

    def __init__(self) -> None:
        self._values: Values = {}
        self._set_s = 0.0  # of the monotonic clock

    def __call__(self, values: Values) -> None:
        """Offer these values from now on: numbers by the name of a series of `SERIES`, then by its labels' values."""
        self._values, self._set_s = values, time.monotonic()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The values as the library wants them; called by the server's threads. Like Ray, all of them as gauges."""
        if time.monotonic() > self._set_s + 2 * INTERVAL_S:
            return
        for name, series in self._values.items():
            family = GaugeMetricFamily(name, HELP[name], labels=SERIES[name])
            for labels, value in series.items():
                family.add_metric(labels, value)
            yield family

    def serve(self, port: int) -> tuple[WSGIServer, str]:
        """Offer them on loopback, in threads, at the port, or any if it is 0; gives the server and its URL."""
        registry = CollectorRegistry()
        registry.register(self)
        server, _ = prometheus_client.start_http_server(port, HOST, registry)
        return server, f"http://{HOST}:{server.server_port}/metrics"
