"""The main job's output: a banner, a live table by site, a summary at the end; plain lines where there is no terminal.

On a terminal everything fits its width: a table drops columns, and no word is cut. Elsewhere no line is wrapped. Used
by the driver's main thread alone. A terminal that is closed and a pipe that breaks raise nothing (`app.output`).
"""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, cast

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ess_ray.app.output import Output
from ess_ray.app.table import fitting_table
from ess_ray.core.errors import printable
from ess_ray.core.running.account import Account
from ess_ray.core.running.device_account import DeviceAccount
from ess_ray.core.running.logfields import about
from ess_ray.core.samples import Status
from ess_ray.jobs.collect.banner import MOST_LINES, count_text

log = logging.getLogger(__name__)

LINE_EVERY_S = 10.0
OTHER_LINES = 9  # of the live display that are not rows of the table: progress, header, borders, troubles, export
MOST_NAMED = 3  # devices in trouble that are named while running; more are counted by reason

MEDIAN, PERCENTILE_99 = "latency\nmedian ms", "latency\np99 ms"  # from the tick (plus phase) to the commit
DISPENSABLE = ("rows", MEDIAN, "samples/s", PERCENTILE_99, "last tick")  # a narrow terminal drops them, in order


class RunDisplay:
    """The display of one run: `banner` once, `show` every round inside `live()`, `summary` at the end.

    `say` and `note` may be called at any time. `console`: another place to print to than standard output, for tests.
    The ticks of the run are [first_us, end_us), microseconds since 1970 UTC.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._output = Output(sys.stdout)
        self.console = console or Console(highlight=False, file=cast(IO[str], self._output))
        self._live: Live | None = None
        self._next_line_s = 0.0

    @property
    def gone(self) -> bool:
        """True if this was a terminal that has been closed since."""
        return self._output.gone

    def close(self) -> None:
        """Wait a moment until everything is printed; nothing is afterwards."""
        self._output.finish()

    def print_text(self, text: str) -> None:
        """Print a sentence as one line; a terminal wraps it between words."""
        self.console.print(printable(text), markup=False, soft_wrap=not self.console.is_terminal)

    def note(self, text: str) -> None:
        """Print a sentence as `print_text` does, and write it to the log as a warning."""
        self.print_text(text)
        log.warning(text, extra=about("note"))

    def banner(self, rows: Mapping[str, str], simulated: bool) -> None:
        """Print what is collected and where to look (`banner.banner_rows`); `simulated`: with a warning colour."""
        if not self.console.is_terminal:
            for name, value in rows.items():
                self.print_text(f"{name}: {value}")
            return
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in rows.items():
            warned = name == "source" and simulated
            grid.add_row(name, Text(printable(value), style="bold yellow" if warned else ""))
        self.console.print(Panel(grid, title="ess_ray", title_align="left", expand=False))

    @contextmanager
    def live(self) -> Iterator[None]:
        """Keep a live table up for this block, where there is a terminal; it is gone afterwards."""
        self._next_line_s = time.monotonic() + LINE_EVERY_S
        if not self.console.is_terminal:
            yield
            return
        self._live = Live(console=self.console, auto_refresh=False, transient=True)
        try:
            with self._live:
                yield
        finally:
            self._live = None

    def show(
        self, account: Account, first_us: int, end_us: int | None, problem: str | None, export: str | None = None
    ) -> None:
        """Bring the live table up to date; without a terminal, print lines every LINE_EVERY_S. To be used in `live()`.

        `end_us`: None: until the run is stopped. `problem` of the database and state of the `export` are sentences,
        None if there is nothing to say.
        """
        now_us = time.time_ns() // 1000
        until_us = min(now_us, end_us or now_us)
        if self._live:
            parts = [
                Text(_progress(first_us, until_us, end_us), style="dim"),
                self._table(account, first_us, until_us, max(self.console.height - OTHER_LINES, 1)),
            ]
            parts.extend(Text(printable(line), style="red") for line in _troubles(account, problem))
            if export:
                parts.append(Text(printable(f"export: {export}"), style="dim"))
            self._live.update(Group(*parts), refresh=True)
        elif time.monotonic() >= self._next_line_s:
            self._next_line_s = time.monotonic() + LINE_EVERY_S
            self._lines(account, first_us, until_us)
            for line in _troubles(account, problem):
                self.print_text(line)

    def summary(self, account: Account, first_us: int, end_us: int) -> None:
        """Print the run by site, and a line for each device of which expected samples are missing or incomplete."""
        self.print_text(f"summary of {(end_us - first_us) / 1e6:g} s:")
        if self.console.is_terminal:
            self.console.print(self._table(account, first_us, end_us, len(account.rows)))
        else:
            self._lines(account, first_us, end_us)
        for line in _shortfalls(account, first_us, end_us):
            self.print_text(line)

    def next_steps(self, lines: Iterable[str]) -> None:
        """Print what a person may do now, where there is a terminal; a command stays in one piece, to be copied."""
        if self.console.is_terminal:
            for line in lines:
                self.console.print(Text(printable(line), style="dim"), soft_wrap=True)

    def _table(self, account: Account, first_us: int, until_us: int, most_rows: int) -> RenderableType:
        """The sites, as many columns as fit, at most `most_rows` rows."""
        rows = _by_site(account, first_us, until_us, most_rows)
        return fitting_table(self.console, [row.cells() for row in rows], DISPENSABLE)

    def _lines(self, account: Account, first_us: int, until_us: int) -> None:
        for row in _by_site(account, first_us, until_us, MOST_LINES):
            self.print_text(row.line())


def summary_lines(account: Account, first_us: int, end_us: int) -> Iterator[str]:
    """The lines of `RunDisplay.summary` where there is no terminal but for its first, for the log."""
    yield from (row.line() for row in _by_site(account, first_us, end_us, MOST_LINES))
    yield from _shortfalls(account, first_us, end_us)


@dataclass(frozen=True)
class _SiteRow:
    """The figures of one site, or of several that share a row; those have no latency."""

    name: str
    samples_per_s: float
    stored: int
    expected: int
    last_us: int | None  # the last tick that has a committed sample
    median_ms: float | None
    percentile_99_ms: float | None
    rows: int

    def cells(self) -> dict[str, str]:
        """The cells of the table, by column."""
        return {
            "site": self.name,
            "samples/s": f"{self.samples_per_s:.1f}",
            "stored/expected": f"{self.stored}/{self.expected}",
            "last tick": _clock(self.last_us),
            MEDIAN: _rounded(self.median_ms),
            PERCENTILE_99: _rounded(self.percentile_99_ms),
            "rows": str(self.rows),
        }

    def line(self) -> str:
        """The same as one line."""
        text = f"{self.name}: {self.stored} of {self.expected} samples stored completely, {self.rows} rows"
        text += f", {self.samples_per_s:.1f} samples/s, last tick {_clock(self.last_us)}"
        if self.percentile_99_ms is None:
            return text
        return f"{text}, median latency {_rounded(self.median_ms)} ms, p99 {_rounded(self.percentile_99_ms)} ms"


def _by_site(account: Account, first_us: int, until_us: int, most: int) -> list[_SiteRow]:
    """A row for each site; where there are more than `most` sites, the last row is the sum of all that are left."""
    devices: dict[str, list[DeviceAccount]] = {site: [] for site in account.rows}
    for device, device_account in account.devices.items():
        devices[device.site].append(device_account)
    sites = list(devices)
    alone, together = (sites, []) if len(sites) <= most else (sites[: most - 1], sites[most - 1 :])
    rows = [_site_row(account, site, [site], devices[site], first_us, until_us) for site in alone]
    if together:
        name = f"{len(together)} {'more ' if alone else ''}sites"
        their_devices = [device_account for site in together for device_account in devices[site]]
        rows.append(_site_row(account, name, together, their_devices, first_us, until_us))
    return rows


def _site_row(
    account: Account, name: str, sites: Sequence[str], devices: Sequence[DeviceAccount], first_us: int, until_us: int
) -> _SiteRow:
    latency = account.latency[sites[0]] if len(sites) == 1 else None
    return _SiteRow(
        name=name,
        samples_per_s=sum(d.by_status.total() for d in devices) / max((until_us - first_us) / 1e6, 1.0),
        stored=sum(d.by_status[Status.STORED] for d in devices),
        expected=sum(d.expected(first_us, until_us) for d in devices),
        last_us=max((d.last_tick_us for d in devices if d.last_tick_us), default=None),
        median_ms=latency.percentile_ms(50) if latency else None,
        percentile_99_ms=latency.percentile_ms(99) if latency else None,
        rows=sum(account.rows[site].total() for site in sites),
    )


def _progress(first_us: int, until_us: int, end_us: int | None) -> str:
    past_s = max(until_us - first_us, 0) // 1_000_000
    duration = "" if end_us is None else f" of {(end_us - first_us) / 1e6:g}"
    return f"collecting for {past_s}{duration} s; Ctrl-C stores what was read and stops"


def _troubles(account: Account, problem: str | None) -> Iterator[str]:
    """The lines about devices whose last sample is not complete (many are counted by reason), and the database."""
    devices = [d for d in account.devices.values() if d.last_reason and not d.gone]
    if devices and len(devices) <= MOST_NAMED:
        yield "last sample incomplete: " + ", ".join(f"{d.settings.device} ({d.last_reason})" for d in devices)
    elif devices:
        reasons = Counter(d.last_reason for d in devices).most_common(3)
        counts = ", ".join(f"{reason} on {count}" for reason, count in reasons)
        yield f"last sample incomplete: {len(devices)} devices ({counts})"
    if problem:
        yield f"not stored, samples wait in the journals: {problem}"


def _shortfalls(account: Account, first_us: int, end_us: int) -> Iterator[str]:
    """A line for each device that did not store every expected sample completely; of very many the first ones."""
    lines = [line for device in account.devices.values() if (line := _shortfall(device, first_us, end_us))]
    yield from lines[:MOST_LINES]
    if (left := len(lines) - MOST_LINES) > 0:
        yield f"{count_text(left, 'more device')} with incomplete or missing samples"


def _shortfall(device: DeviceAccount, first_us: int, end_us: int) -> str:
    """`sionyu/gateway: of 10 expected samples 2 partial, 1 failed; reasons: timeout 3 times`, "" if all are there."""
    expected, statuses = device.expected(first_us, end_us), device.by_status
    counts = {str(status): statuses[status] for status in (Status.PARTIAL, Status.FAILED)}
    counts["not stored yet"] = expected - statuses.total()
    shortfall = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    reasons = ", ".join(f"{reason} {count_text(count, 'time')}" for reason, count in device.reasons.most_common())
    if not shortfall:
        return ""
    text = f"{device.settings.device}: of {count_text(expected, 'expected sample')} {shortfall}"
    return f"{text}; reasons: {reasons}" if reasons else text


def _clock(time_us: int | None) -> str:
    return datetime.fromtimestamp(time_us / 1e6, UTC).strftime("%H:%M:%SZ") if time_us else "-"


def _rounded(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"
