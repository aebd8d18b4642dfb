"""What a person sees: a banner, a live table by site, a summary at the end; plain lines where there is no terminal.

On a terminal everything fits its width: of a table, whole columns go and no word is cut. Elsewhere no line is wrapped.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, cast

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ess_ray.adapters.stores.kinds import EXAMPLES
from ess_ray.app.output import Output
from ess_ray.app.table import fitting
from ess_ray.cluster.start import Dashboard
from ess_ray.core.running.account import Account, DeviceAccount
from ess_ray.core.running.spread import Node
from ess_ray.core.samples import Status
from ess_ray.core.settings import Settings

LINE_EVERY_S = 10.0
MOST_LINES = 20  # sites or devices named one by one where there is no terminal: a fleet would flood a log
OTHER_LINES = 8  # of the live display: head, borders, troubles
MOST_NAMED = 3  # devices named while running; more are counted by reason

# What a narrow terminal does without, first to last.
DISPENSABLE = ("rows", "p50 ms", "samples/s", "p99 ms", "last tick")


class RunDisplay:
    """Shows one run; `show` is called every round and does little when nothing is due."""

    def __init__(self, console: Console | None = None) -> None:
        self._output = Output(sys.stdout)
        self.console = console or Console(highlight=False, file=cast(IO[str], self._output))
        self._live: Live | None = None
        self._next_line_s = 0.0

    @property
    def gone(self) -> bool:
        """Whether this was a terminal that has been closed since."""
        return self._output.gone

    def say(self, text: str) -> None:
        """One line; on a terminal it is wrapped between words."""
        self.console.print(text, markup=False, soft_wrap=not self.console.is_terminal)

    def banner(self, settings: Settings, database: str, dashboard: Dashboard, nodes: Sequence[Node]) -> None:
        """Who is collected, into what, and where to look."""
        registers = sum(r.count for s in settings.devices for r in s.plan.requests)
        sites = _listed(settings.timezones, MOST_LINES)
        rows = {
            "sites": f"{sites} ({_count(len(settings.devices), 'device')}, {registers} registers a round)",
            "source": "SIMULATED devices on this machine" if settings.simulated else "plants",
            "database": database,
            "cluster": f"{_count(len(nodes), 'node')}: {_listed([node.host for node in nodes], MOST_LINES)}",
            "dashboard": dashboard.url or "none",
            "its token": f"cat {dashboard.token_file}" if dashboard.token_file else "in the environment",
            "metrics": dashboard.metrics_url,
            "state": str(settings.state_dir),
            "export": _export(settings),
        }
        if not nodes:
            del rows["cluster"]
        if not self.console.is_terminal:
            for name, value in rows.items():
                self.say(f"{name}: {value}")
            return
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in rows.items():
            simulated = name == "source" and settings.simulated
            grid.add_row(name, Text(value, style="bold yellow" if simulated else ""))
        self.console.print(Panel(grid, title="ess_ray", title_align="left", expand=False))

    def start(self) -> None:
        """Begin the live table."""
        self._next_line_s = time.monotonic() + LINE_EVERY_S
        if self.console.is_terminal:
            self._live = Live(console=self.console, auto_refresh=False, transient=True)
            self._live.start()

    def stop(self) -> None:
        """End the live table."""
        if self._live:
            self._live.stop()
            self._live = None

    def show(
        self, account: Account, first_us: int, end_us: int | None, problem: str | None, export: str | None = None
    ) -> None:
        """The state of the run, now."""
        now_us = time.time_ns() // 1000
        until_us = min(now_us, end_us or now_us)
        if self._live:
            shown = [
                Text(_progress(first_us, until_us, end_us), style="dim"),
                self._table(account, first_us, until_us, max(self.console.height - OTHER_LINES, 1)),
            ]
            if troubled := _troubled(account.devices.values()):
                shown.append(Text(f"trouble: {troubled}", style="red"))
            if problem:
                shown.append(Text(f"database: {problem}", style="red"))
            if export:
                shown.append(Text(f"export: {export}", style="dim"))
            self._live.update(Group(*shown), refresh=True)
        elif time.monotonic() >= self._next_line_s:
            self._next_line_s = time.monotonic() + LINE_EVERY_S
            self._lines(account, first_us, until_us)
            if troubled := _troubled(account.devices.values()):
                self.say(f"trouble: {troubled}")
            if problem:
                self.say(f"database: {problem}")

    def summary(self, account: Account, first_us: int, end_us: int) -> None:
        """The run by site, and what each device lacks."""
        if self.console.is_terminal:
            self.console.print(self._table(account, first_us, end_us, len(account.rows)))
        else:
            self._lines(account, first_us, end_us)
        for line in _lacking(account, first_us, end_us):
            self.say(line)

    def _table(self, account: Account, first_us: int, until_us: int, most_rows: int) -> RenderableType:
        """The sites, as many columns as fit, at most `most_rows` rows."""
        figures = _by_site(account, first_us, until_us, most_rows)
        return fitting(self.console, [one.cells() for one in figures], DISPENSABLE)

    def _lines(self, account: Account, first_us: int, until_us: int) -> None:
        for figures in _by_site(account, first_us, until_us, MOST_LINES):
            self.say(figures.line())


def summary_lines(account: Account, first_us: int, end_us: int) -> Iterator[str]:
    """The run by site, and what each device lacks, for the log."""
    yield from (figures.line() for figures in _by_site(account, first_us, end_us, MOST_LINES))
    yield from _lacking(account, first_us, end_us)


@dataclass(frozen=True)
class _Figures:
    """What is shown of a site, or of several that have no line of their own; those have no latency."""

    name: str
    samples_per_s: float
    stored: int
    expected: int
    last_us: int | None
    p50_ms: float | None
    p99_ms: float | None
    rows: int

    def cells(self) -> dict[str, str]:
        """By column of the table."""
        return {
            "site": self.name,
            "samples/s": f"{self.samples_per_s:.1f}",
            "stored/expected": f"{self.stored}/{self.expected}",
            "last tick": _clock(self.last_us),
            "p50 ms": _whole(self.p50_ms),
            "p99 ms": _whole(self.p99_ms),
            "rows": str(self.rows),
        }

    def line(self) -> str:
        """As one line of a log."""
        text = f"{self.name}: {self.stored}/{self.expected} samples stored, {self.samples_per_s:.1f}/s"
        text += f", last tick {_clock(self.last_us)}, {self.rows} rows"
        return text if self.p99_ms is None else f"{text}, p50 {_whole(self.p50_ms)} ms, p99 {_whole(self.p99_ms)} ms"


def _by_site(account: Account, first_us: int, until_us: int, most: int) -> list[_Figures]:
    """Of each site; where there are more than `most`, the last are put together."""
    devices: dict[str, list[DeviceAccount]] = {site: [] for site in account.rows}
    for device, books in account.devices.items():
        devices[device.site].append(books)
    sites = list(devices)
    if len(sites) <= most:
        alone, together = sites, []
    else:
        alone, together = sites[: most - 1], sites[most - 1 :]
    figures = [_figures(account, site, [site], devices[site], first_us, until_us) for site in alone]
    if together:
        name = f"{len(together)} {'more ' if alone else ''}sites"
        rest = [books for site in together for books in devices[site]]
        figures.append(_figures(account, name, together, rest, first_us, until_us))
    return figures


def _figures(
    account: Account, name: str, sites: Sequence[str], devices: Sequence[DeviceAccount], first_us: int, until_us: int
) -> _Figures:
    latency = account.latency[sites[0]] if len(sites) == 1 else None
    return _Figures(
        name=name,
        samples_per_s=sum(d.by_status.total() for d in devices) / max((until_us - first_us) / 1e6, 1.0),
        stored=sum(d.by_status[Status.STORED] for d in devices),
        expected=sum(d.expected(first_us, until_us) for d in devices),
        last_us=max((d.last_tick_us for d in devices if d.last_tick_us), default=None),
        p50_ms=latency.percentile_ms(50) if latency else None,
        p99_ms=latency.percentile_ms(99) if latency else None,
        rows=sum(account.rows[site].total() for site in sites),
    )


def _export(settings: Settings) -> str:
    store = settings.export.store
    return store.location if store else f"nowhere ({EXAMPLES})"


def _progress(first_us: int, until_us: int, end_us: int | None) -> str:
    past_s = max(until_us - first_us, 0) // 1_000_000
    of = "" if end_us is None else f" of {(end_us - first_us) / 1e6:g}"
    return f"collecting for {past_s}{of} s; Ctrl-C stores what was read and stops"


def _troubled(devices: Iterable[DeviceAccount]) -> str:
    """The devices whose last sample was not complete, with the reason; many are counted by reason."""
    troubled = [d for d in devices if d.last_reason and not d.gone]
    if len(troubled) <= MOST_NAMED:
        return ", ".join(f"{d.settings.device} ({d.last_reason})" for d in troubled)
    reasons = Counter(d.last_reason for d in troubled)
    return f"{len(troubled)} devices: " + ", ".join(f"{count} × {why}" for why, count in reasons.most_common(3))


def _lacking(account: Account, first_us: int, end_us: int) -> Iterator[str]:
    """A line for each device that did not store every expected sample whole; of very many the first ones."""
    lacking = list(_incomplete(account, first_us, end_us))
    yield from lacking[:MOST_LINES]
    if (left := len(lacking) - MOST_LINES) > 0:
        yield f"{_count(left, 'more device')} with incomplete samples"


def _incomplete(account: Account, first_us: int, end_us: int) -> Iterator[str]:
    for device, books in account.devices.items():
        expected, statuses = books.expected(first_us, end_us), books.by_status
        counts = {str(status): statuses[status] for status in (Status.PARTIAL, Status.FAILED)}
        counts["not stored yet"] = expected - statuses.total()
        told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        reasons = ", ".join(f"{count} × {why}" for why, count in books.reasons.most_common())
        if told:
            yield f"{device}: of {_count(expected, 'sample')} {told}" + (f" ({reasons})" if reasons else "")


def _listed(names: Iterable[str], most: int) -> str:
    """Names with commas between them, the last of many only counted."""
    names = list(names)
    more = [f"{len(names) - most} more"] if len(names) > most else []
    return ", ".join(names[:most] + more)


def _clock(time_us: int | None) -> str:
    return datetime.fromtimestamp(time_us / 1e6, UTC).strftime("%H:%M:%SZ") if time_us else "-"


def _whole(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
