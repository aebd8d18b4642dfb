"""`job=status`: the state of the collector of this state folder in one table, read from the watcher's file.

Exit code 0: all plants are ok or starting and the database takes everything; 1: trouble, which the table shows, or no
collector is at work, or its last status is too old.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

from rich.console import Console

from ess_ray.app.exit_codes import FAILED, OK
from ess_ray.app.running import RunningCollector, find_collector
from ess_ray.app.table import fitting_table
from ess_ray.core.errors import CannotStart, printable
from ess_ray.core.running.status import FILE, OLD_US, RunStatus, SiteStatus, status_from
from ess_ray.core.settings import Settings

FILE_WIDTH = 200  # columns where there is no terminal
DISPENSABLE = ("latency median ms", "rows", "latency p99 ms", "failed", "partial", "stored/expected")


def run(settings: Settings) -> int:
    """Print the status; returns the exit code: OK or FAILED.

    Raises CannotStart if no collector is at work, or if it has written no status yet.
    """
    running = find_collector(settings.state_dir)
    if running is None:
        raise CannotStart(f"no collector is at work in {settings.state_dir} (state_dir)")
    now_us = time.time_ns() // 1000
    status = _read(settings, running)
    print_status(Console(highlight=False, width=None if sys.stdout.isatty() else FILE_WIDTH), status, running, now_us)
    return OK if status.at(now_us).well else FAILED


def _read(settings: Settings, running: RunningCollector) -> RunStatus:
    """The newest status of the collector at work; one of a collector before it does not count."""
    try:
        status = status_from(json.loads((settings.state_dir / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        status = None
    if status is None or status.now_us < running.started_us:
        raise CannotStart(f"the collector (process {running.pid}) is starting: it has no status yet")
    return status


def print_status(console: Console, status: RunStatus, running: RunningCollector, now_us: int) -> None:
    """Print the table of sites (at least one) and the lines about the run.

    `now_us`: microseconds since 1970 UTC; a status that is older than OLD_US then shows every site as down.
    """
    shown = status.at(now_us)
    rows = [_cells(site, now_us) for site in shown.sites]
    console.print(fitting_table(console, rows, DISPENSABLE))
    for line in _lines(shown, running, now_us):
        console.print(printable(line), markup=False, soft_wrap=True)


def _cells(site: SiteStatus, now_us: int) -> dict[str, str]:
    """The cells of a site's row, by the column's name."""
    last = "none yet" if site.last_tick_us is None else f"{_length(now_us - site.last_tick_us)} ago"
    return {
        "site": site.site,
        "state": site.state_text,
        "stored/expected": f"{site.stored}/{site.expected}",
        "partial": str(site.partial),
        "failed": str(site.failed),
        "last tick": last,
        "latency median ms": "-" if site.p50_ms is None else f"{site.p50_ms:.0f}",
        "latency p99 ms": "-" if site.p99_ms is None else f"{site.p99_ms:.0f}",
        "rows": str(site.rows),
    }


def _lines(status: RunStatus, running: RunningCollector, now_us: int) -> Iterator[str]:
    source = "SIMULATED devices" if status.simulated else "plants"
    if now_us - status.now_us > OLD_US:
        yield f"process {running.pid} has given no status for {_length(now_us - status.now_us)}: all figures are older"
    yield f"collecting {source} for {_length(now_us - status.first_us)}, process {running.pid}; counts are since then"
    yield f"database: {status.database}" + (f"; {status.problem}" if status.problem else "")
    yield f"not in the database yet: {status.waiting} samples"
    if status.export:
        yield f"export: {status.export}"
    yield f"page: {status.page or 'not up yet'}"


def _length(length_us: int) -> str:
    """A length of time as text: `3 s`, from two minutes on `0:02:00`."""
    seconds = max(0, round(length_us / 1e6))
    return f"{seconds} s" if seconds < 120 else str(timedelta(seconds=seconds))
