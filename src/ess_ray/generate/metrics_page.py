"""The metrics as a page: `python -m ess_ray.generate.metrics_page`; `scripts/standard` writes docs/metrics.md so.

Made from `core.running.metrics`; a test holds the page in docs/ against it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ess_ray.core.running.metrics import ALL_DEVICES, METRICS, MOST_DEVICES

INTRODUCTION = f"""\
# Metrics

Made by `./scripts/standard` from `core/running/metrics.py`: change that, not this page. How to scrape them, and what to
be woken up for: [alerts.md](alerts.md).

Counters begin at zero with the job. With more than {MOST_DEVICES} devices there are no series of single devices: the
label `device` is `{ALL_DEVICES}`, and `ess_ray_device_up` is left out. Reasons are those of
[data-standard.md](data-standard.md); exceptions that Modbus does not know are `exception other`.

Ray puts `ray_` before the names, and the labels of its process (`WorkerId`, `SessionName`, `NodeAddress` and others)
beside these; `deploy/prometheus/prometheus.yml` takes the prefix off, the rules there aggregate those labels away. Ray
calls every one of them a gauge: it would keep the counters of a dead process as long as it lives itself.

| metric | labels | kind | what it is |
|---|---|---|---|"""


def page() -> Iterator[str]:
    """The page in Markdown, to be joined by line ends: the introduction as one text, then a line for each metric."""
    yield INTRODUCTION
    for metric in METRICS:
        labels = ", ".join(metric.labels) or "-"
        yield f"| `{metric.name}` | {labels} | {metric.kind} | {metric.help} |"


if __name__ == "__main__":
    print("\n".join(page()))
