"""The metrics that Prometheus would scrape: those that are documented, with the summary's figures, also after a death.

One run: a device with exceptions, and a silent one whose last poll holds the drain up, so that the other's figures are
final while the metrics are still served.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
import urllib.request
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ess_ray.core.running.metrics import SERIES
from tests import torture
from tests.cluster.test_security import descendants
from tests.jobs.job import at, start

LINE = re.compile(r"ray_(ess_ray_\w+)\{(.*)\} (\S+)")
# Nothing in this run sets these.
NOT_SEEN = {
    "ess_ray_rejected_rows_total", "ess_ray_connection_failures_total", "ess_ray_journal_oldest_timestamp_seconds",
}  # fmt: skip
LIMIT_S = 120.0  # for metrics to come
TOTALS = ("samples_total", "requests_total", "registers_read_total")
Key = tuple[str, ...]


@dataclass
class Scrape:
    """The result of a scrape: values by name and labels, and the processes that set them."""

    text: str
    values: dict[str, dict[Key, float]] = field(default_factory=dict)
    workers: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for line in self.text.splitlines():
            if match := LINE.fullmatch(line):
                labels = dict(re.findall(r'(\w+)="([^"]*)"', match[2]))
                self.workers.add(labels.get("WorkerId", ""))
                key = tuple(labels[name] for name in SERIES[match[1]])
                self.values.setdefault(match[1], {})[key] = float(match[3])

    def __getitem__(self, name: str) -> dict[Key, float]:
        return self.values.get(f"ess_ray_{name}", {})


@dataclass(frozen=True)
class FinishedRun:
    """A run that is over."""

    before: Scrape  # the deaths
    last: Scrape
    summary: dict[str, Any]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    folder = tmp_path_factory.mktemp("metrics")
    # And its parts: else it would be halved after ten polls, and the samples stored but for the parked registers.
    broken = torture.only_for(200, torture.refusing(4), registers=125)
    long = [f"sites.panri.devices.gateway.{name}=8" for name in ("timeout_s", "poll_limit_s")]
    with ExitStack() as stack, torture.device(broken) as sionyu, torture.device(torture.silent) as panri:
        words = ["site=[sionyu,panri]", "source=plant", "run.summary=summary.json", *long]
        options = [*at("sionyu", sionyu), *at("panri", panri), "cluster.metrics_port=0"]
        job = start(folder, *words, *options, RAY_metrics_report_interval_ms="1000")
        stack.callback(job.kill)
        line = _line_from(job, "metrics: ")
        url = line.rsplit(" ", 1)[1].strip()
        before = _wait(job, url, lambda seen: seen["samples_total"].get(("sionyu", "gateway", "partial"), 0) > 0)
        os.kill(_pid(job, b"ray::watcher"), signal.SIGKILL)
        os.kill(_pid(job, b"ray::poller", "sionyu__gateway.journal"), signal.SIGKILL)
        last = _wait(job, url, lambda seen: _goes_on(seen, before))
        # Just after a poll of the silent device has ended, the next holds the drain up for all of its limit.
        last = _wait(job, url, lambda seen: _silent_polls(seen) > _silent_polls(last))
        job.send_signal(signal.SIGINT)
        while job.poll() is None:
            with suppress(OSError):
                last = seen if _silent_polls(seen := _scrape(url)) else last
            time.sleep(0.3)
        output, _ = job.communicate(timeout=60)
    assert job.returncode == 0, line + output
    return FinishedRun(before, last, json.loads((folder / "summary.json").read_text()))


def _goes_on(seen: Scrape, before: Scrape) -> bool:
    """True if both that were killed are at work again, and the silent device was seen to be silent."""
    deaths, reasons = seen["actor_deaths_total"], seen["sample_reasons_total"]
    return (
        not before.workers & seen.workers
        and all(sum(seen[name].values()) > sum(before[name].values()) for name in TOTALS)
        and (deaths.get(("watcher",)), deaths.get(("poller",))) == (1, 1)
        and ("panri", "gateway", "timeout") in reasons
    )


def _silent_polls(seen: Scrape) -> float:
    # Ray's agent leaves out for a moment what a dead process told it and its successor has not told yet.
    return seen["sample_reasons_total"].get(("panri", "gateway", "timeout"), 0.0)


def _line_from(job: subprocess.Popen[str], beginning: str) -> str:
    assert job.stdout is not None
    return next(line for line in job.stdout if line.startswith(beginning))


def _wait(job: subprocess.Popen[str], url: str, until: Any) -> Scrape:
    deadline_s = time.monotonic() + LIMIT_S
    while job.poll() is None and time.monotonic() < deadline_s:
        with suppress(OSError):
            if until(seen := _scrape(url)):
                return seen
        time.sleep(0.2)
    raise AssertionError("the metrics that were waited for did not come")


def _scrape(url: str) -> Scrape:
    with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310
        return Scrape(response.read().decode())


def _pid(job: subprocess.Popen[str], role: bytes, file: str = "") -> int:
    """The actor of a role, with a file of that name open."""
    for pid in descendants(job.pid):
        with suppress(OSError):
            process = Path(f"/proc/{pid}")
            named = (process / "cmdline").read_bytes().lower().startswith(role)
            if named and (not file or any(handle.readlink().name == file for handle in (process / "fd").iterdir())):
                return pid
    raise AssertionError(f"there is no {role.decode()}")


def test_every_documented_metric_is_served_and_no_other(ran: FinishedRun) -> None:
    assert set(SERIES) - set(ran.last.values) <= NOT_SEEN
    assert set(ran.last.values) <= set(SERIES)


def test_the_figures_are_the_summarys(ran: FinishedRun) -> None:
    counts = ran.summary["sites"]["sionyu"]["devices"]["gateway"]
    rows = ran.summary["sites"]["sionyu"]["rows"]
    last = ran.last
    assert counts["partial"] >= 3
    for status in ("stored", "partial"):
        assert last["samples_total"]["sionyu", "gateway", status] == counts[status]
    assert last["sample_reasons_total"]["sionyu", "gateway", "exception 4"] == counts["reasons"]["exception 4"]
    assert {table: last["rows_total"]["sionyu", table] for table in rows} == rows
    assert 0 < last["commit_delay_seconds_bucket"]["sionyu", "+Inf"] < counts["partial"]  # not of those before Ray
    assert (last["device_up"]["sionyu", "gateway"], last["device_up"]["panri", "gateway"]) == (1, 0)
    assert last["sample_reasons_total"]["panri", "gateway", "timeout"] >= 1
    assert last["request_failures_total"]["panri", "gateway", "timeout"] >= 1
    assert last["request_failures_total"]["sionyu", "gateway", "exception 4"] > 0
    assert last["day_completeness_ratio"]["sionyu",] == 0


def test_a_dead_watchers_series_are_gone_and_the_totals_go_on(ran: FinishedRun) -> None:
    assert len(ran.last.workers) == 1
    assert _goes_on(ran.last, ran.before)
