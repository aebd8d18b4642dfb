"""The completeness report as a table for the terminal, as JSON and as CSV. Loss is in percent."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import timedelta

from rich import box
from rich.console import Console
from rich.table import Table

from ess_ray.core.day import EPOCH, HOUR_US, Day
from ess_ray.core.reporting.completeness import DeviceReport, Gap, SiteReport
from ess_ray.core.reporting.evidence import Fate
from ess_ray.core.reporting.proof import TableReport

CSV_COLUMNS = (
    "day", "timezone", "site", "device", "expected", "stored", "partial", "failed", "clock", "collector_down", "late",
    "unexpected", "loss_percent", "longest_gap_start", "longest_gap_s", "reasons", "table", "identities",
    "rows_expected", "rows", "rows_rejected", "row_loss_percent", "unproven",
)  # fmt: skip


def print_report(console: Console, sites: Iterable[SiteReport]) -> None:
    """Tables and lines: boxed on a terminal, plain elsewhere."""
    for site in sites:
        console.print(f"[bold]{site.site}[/]: {site_words(site)}", soft_wrap=True)
        if site.devices:
            console.print(_devices(console, site))
            console.print(_tables(console, site))
        for line in _lines(site):
            console.print(line, markup=False, soft_wrap=True)
        console.print()


def site_words(site: SiteReport) -> str:
    """Which day, and how complete in one line."""
    day = site.day
    hours = (day.end_us - day.start_us) / HOUR_US
    words = f"{day.date}, {day.timezone}"
    words += "" if hours == 24 else f", a day of {hours:g} hours"
    words += "" if day.until_us == day.end_us else f", until {day.clock(day.until_us)}"
    return f"{words}: {site.stored} of {site.expected} samples stored, loss {site.loss_percent:.4f} %"


def _devices(console: Console, site: SiteReport) -> Table:
    table = _empty(console, ("device", "expected", "stored", "partial", "failed", "clock", "down", "late", "loss %"))
    for one in site.devices:
        counts = (one.expected, *(one.count(fate) for fate in Fate), one.late)
        table.add_row(one.device.device, *map(str, counts), f"{one.loss_percent:.4f}")
    return table


def _tables(console: Console, site: SiteReport) -> Table:
    table = _empty(console, ("device", "table", "identities", "rows expected", "rows", "rejected", "loss %"), left=2)
    for one in site.devices:
        for rows in one.tables:
            counts = (rows.identities, rows.expected, rows.rows, rows.rejected)
            table.add_row(one.device.device, rows.table, *map(str, counts), f"{rows.loss_percent:.4f}")
    return table


def _empty(console: Console, columns: Sequence[str], left: int = 1) -> Table:
    table = Table(box=box.SIMPLE_HEAD if console.is_terminal else None, pad_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place < left else "right", overflow="fold")
    return table


def _lines(site: SiteReport) -> list[str]:
    """What the numbers do not say: reasons, the longest gap, what does not agree."""
    if not site.devices:
        return ["no device was configured"]
    lines = []
    for one in site.devices:
        name = one.device.device
        lines += [f"{name}: {fate}: {counted(reasons)}" for fate in Fate if (reasons := one.reasons(fate))]
        if one.gaps:
            lines.append(f"{name}: longest gap {gap_words(site.day, one.gaps[0])}")
        if one.unexpected:
            lines.append(f"{name}: {one.unexpected} samples stand at no expected tick")
        lines += [f"{name}: unproven: {words}" for words in unproven_words(one)]
    return lines


def counted(counts: dict[str, int]) -> str:
    """Reasons and how often: `timeout × 12, exception 4 × 3`."""
    return ", ".join(f"{name} × {count}" for name, count in counts.items())


def gap_words(day: Day, gap: Gap) -> str:
    """When, how long, why."""
    return f"{length_words(gap.length_us)} from {day.clock(gap.start_us)} ({counted(dict(gap.causes))})"


def length_words(length_us: int) -> str:
    """`0:15:00`, hours first."""
    return str(timedelta(microseconds=length_us))


def unproven_words(report: DeviceReport) -> list[str]:
    """Table, identity and count of what does not agree with the samples."""
    lines = []
    for one in report.unproven:
        ids = f" {'/'.join(map(str, one.ids))}" if one.ids else ""
        where = ", at other ticks" if one.rows == one.expected else ""
        lines.append(f"{one.table}{ids} has {one.rows} rows, {one.expected} expected of its samples{where}")
    return lines


def as_json(sites: Sequence[SiteReport], wrong: Sequence[str]) -> str:
    """Everything but the heat map."""
    tree = {
        "complete": not wrong,
        "problems": list(wrong),
        "sites": {
            site.site: {
                "day": str(site.day.date),
                "timezone": site.day.timezone,
                "from": _iso(site.day.start_us),
                "until": _iso(site.day.until_us),
                "expected": site.expected,
                "stored": site.stored,
                "loss_percent": round(site.loss_percent, 4),
                "devices": {one.device.device: _device_tree(one) for one in site.devices},
            }
            for site in sites
        },
    }
    return json.dumps(tree, indent=2) + "\n"


def _device_tree(report: DeviceReport) -> dict[str, object]:
    return {
        "expected": report.expected,
        **{fate.replace(" ", "_"): report.count(fate) for fate in Fate},
        "reasons": {str(fate): reasons for fate in Fate if (reasons := report.reasons(fate))},
        "late": report.late,
        "rejected": report.rejected,
        "unexpected": report.unexpected,
        "loss_percent": round(report.loss_percent, 4),
        "longest_gap": _gap_tree(report.gaps[0]) if report.gaps else None,
        "tables": {table.table: _table_tree(table) for table in report.tables},
        "unproven": [
            {"table": one.table, "identity": list(one.ids), "expected": one.expected, "rows": one.rows}
            for one in report.unproven
        ],
    }


def _gap_tree(gap: Gap) -> dict[str, object]:
    return {
        "start": _iso(gap.start_us), "length_s": gap.length_us / 1e6, "ticks": gap.ticks, "causes": dict(gap.causes),
    }  # fmt: skip


def _table_tree(table: TableReport) -> dict[str, object]:
    return {
        "identities": table.identities,
        "expected": table.expected,
        "rows": table.rows,
        "rejected": table.rejected,
        "loss_percent": round(table.loss_percent, 4),
    }


def as_csv(sites: Sequence[SiteReport], _wrong: Sequence[str]) -> str:
    """One line a site, device and table; the device's numbers stand in each of its lines."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_COLUMNS)
    for site in sites:
        for one in site.devices:
            for table in one.tables or (None,):
                writer.writerow((site.day.date, site.day.timezone, *_device_cells(one), *_table_cells(one, table)))
    return text.getvalue()


def _device_cells(report: DeviceReport) -> list[object]:
    gap = report.gaps[0] if report.gaps else None
    reasons = "; ".join(f"{fate}: {counted(found)}" for fate in Fate if (found := report.reasons(fate)))
    return [
        report.device.site, report.device.device, report.expected, *(report.count(fate) for fate in Fate), report.late,
        report.unexpected, f"{report.loss_percent:.4f}", _iso(gap.start_us) if gap else "",
        gap.length_us / 1e6 if gap else 0, reasons,
    ]  # fmt: skip


def _table_cells(report: DeviceReport, table: TableReport | None) -> list[object]:
    if table is None:
        return [""] * 7
    unproven = sum(one.table == table.table for one in report.unproven)
    return [
        table.table, table.identities, table.expected, table.rows, table.rejected, f"{table.loss_percent:.4f}", unproven
    ]  # fmt: skip


def _iso(time_us: int) -> str:
    return (EPOCH + timedelta(microseconds=time_us)).isoformat()
