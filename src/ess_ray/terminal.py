"""What a person sees: a banner, a live table by site, a summary at the end; plain lines where there is no terminal."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime

from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.table import Table

from ess_ray.core.account import Account, DeviceAccount
from ess_ray.core.cadence import ticks_between
from ess_ray.core.samples import Status
from ess_ray.core.settings import Settings

LINE_EVERY_S = 10.0


class Terminal:
    """Shows one run; `show` is called every round and does little when nothing is due."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self._live: Live | None = None
        self._next_line_s = 0.0

    def say(self, text: str) -> None:
        """One line."""
        self.console.print(text, markup=False, soft_wrap=True)

    def banner(self, settings: Settings, database: str, dashboard: str, token_file: str) -> None:
        """Who is collected, into what, and where to look."""
        rows = Table.grid(padding=(0, 2))
        registers = sum(r.count for s in settings.devices for r in s.plan.requests)
        sites = ", ".join(settings.timezones)
        rows.add_row("sites", f"{sites} ({_count(len(settings.devices), 'device')}, {registers} registers a round)")
        rows.add_row("source", "[bold yellow]SIMULATED[/] devices on this machine" if settings.simulated else "plants")
        rows.add_row("database", database)
        rows.add_row("dashboard", f"{dashboard}  (token: cat {token_file})")
        rows.add_row("state", str(settings.state_dir))
        if self.console.is_terminal:
            self.console.print(Panel(rows, title="ess_ray", title_align="left", expand=False))
        else:
            self.console.print(rows, soft_wrap=True)

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

    def show(self, account: Account, first_us: int, end_us: int | None, problem: str | None) -> None:
        """The state of the run, now."""
        now_us = time.time_ns() // 1000
        until_us = min(now_us, end_us or now_us)
        if self._live:
            table = _table(account, first_us, until_us)
            table.caption = f"[red]database: {problem}[/]" if problem else None
            self._live.update(table, refresh=True)
        elif time.monotonic() >= self._next_line_s:
            self._next_line_s = time.monotonic() + LINE_EVERY_S
            for site in account.rows:
                self.say(_line(account, site, first_us, until_us))
            if problem:
                self.say(f"database: {problem}")

    def summary(self, account: Account, first_us: int, end_us: int) -> None:
        """The run in one table."""
        self.console.print(_table(account, first_us, end_us))


def _table(account: Account, first_us: int, until_us: int) -> Table:
    table = Table(title_justify="left")
    for name in ("site", "samples/s", "stored/expected", "last tick", "p50 ms", "p99 ms", "rows", "failing"):
        table.add_column(name, justify="left" if name in ("site", "failing") else "right")
    for site in account.rows:
        table.add_row(*_cells(account, site, first_us, until_us))
    return table


def _cells(account: Account, site: str, first_us: int, until_us: int) -> list[str]:
    devices = [d for device, d in account.devices.items() if device.site == site]
    stored = sum(d.by_status[Status.STORED] for d in devices)
    expected = sum(ticks_between(first_us, until_us, d.settings.period_us) for d in devices)
    last_us = max((d.last_tick_us for d in devices if d.last_tick_us), default=None)
    latency = account.latency[site]
    elapsed_s = max((until_us - first_us) / 1e6, 1.0)
    return [
        site,
        f"{sum(d.by_status.total() for d in devices) / elapsed_s:.1f}",
        f"{stored}/{expected}",
        datetime.fromtimestamp(last_us / 1e6, UTC).strftime("%H:%M:%S") if last_us else "-",
        *(f"{ms:.0f}" if (ms := latency.percentile_ms(p)) is not None else "-" for p in (50, 99)),
        str(account.rows[site].total()),
        _failing(devices),
    ]


def _line(account: Account, site: str, first_us: int, until_us: int) -> str:
    _, rate, stored, last, p50, p99, rows, failing = _cells(account, site, first_us, until_us)
    text = f"{site}: {stored} samples stored, {rate}/s, last tick {last}, p50 {p50} ms, p99 {p99} ms, {rows} rows"
    return f"{text}; {failing}" if failing else text


def _failing(devices: list[DeviceAccount]) -> str:
    """The devices whose last sample was not complete, with the reason; many are counted by reason."""
    failing = [d for d in devices if d.last_reason]
    if len(failing) <= 3:
        return ", ".join(f"{d.settings.device.device}: {d.last_reason}" for d in failing)
    reasons = Counter(d.last_reason for d in failing)
    return ", ".join(f"{count} × {reason}" for reason, count in reasons.most_common(3))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
