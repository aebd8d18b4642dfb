"""The completeness report as a table for the terminal, as JSON and as CSV. Loss is in percent."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from rich import box
from rich.console import Console
from rich.table import Table

from ess_ray.app.table import plain_cell
from ess_ray.core.day import EPOCH, HOUR_US, Day
from ess_ray.core.errors import printable
from ess_ray.core.reporting.completeness import DeviceReport, Gap, SiteReport
from ess_ray.core.reporting.evidence import Outcome
from ess_ray.core.reporting.proof import TableReport

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs what begins so
CSV_COLUMNS = (
    "day", "timezone", "site", "device", "expected", "stored", "partial", "failed", "clock", "collector_down", "late",
    "unexpected", "loss_percent", "longest_gap_start", "longest_gap_s", "reasons", "table", "identities",
    "rows_expected", "rows", "rows_rejected", "row_loss_percent", "unproven",
)  # fmt: skip


def print_report(console: Console, sites: Iterable[SiteReport]) -> None:
    """Print, for each site, a summary, a table of its devices, a table of its tables, and notes.

    Without devices, a summary and a note.
    """
    for site in sites:
        console.print(f"[bold]{plain_cell(site.site)}[/]: {site_summary(site)}", soft_wrap=True)
        if site.devices:
            console.print(_samples_by_device(console, site))
            console.print(_rows_by_table(console, site))
        for line in _notes(site):
            console.print(printable(line), markup=False, soft_wrap=True)
        console.print()


def site_summary(site: SiteReport) -> str:
    """The day and its completeness: `2026-11-22, Asia/Seoul: 86399 of 86400 samples stored, loss 0.0012 %`."""
    day = site.day
    hours = (day.end_us - day.start_us) / HOUR_US
    text = f"{day.date}, {day.timezone}"
    text += "" if hours == 24 else f", a day of {hours:g} hours"
    text += "" if day.until_us == day.end_us else f", until {day.clock(day.until_us)}"
    return f"{text}: {site.stored} of {site.expected} samples stored, loss {site.loss_percent:.4f} %"


def _samples_by_device(console: Console, site: SiteReport) -> Table:
    columns = (
        "device", "samples expected", "stored", "partial", "failed", "clock", "collector down", "late", "loss %",
    )  # fmt: skip
    table = _empty(console, columns)
    for report in site.devices:
        counts = (report.expected, *(report.count(outcome) for outcome in Outcome), report.late)
        table.add_row(plain_cell(report.device.device), *map(str, counts), f"{report.loss_percent:.4f}")
    return table


def _rows_by_table(console: Console, site: SiteReport) -> Table:
    columns = ("device", "table", "identities", "rows expected", "rows stored", "rows rejected", "loss %")
    table = _empty(console, columns, left=2)
    for report in site.devices:
        for rows in report.tables:
            counts = (rows.identities, rows.expected, rows.rows, rows.rejected)
            table.add_row(
                plain_cell(report.device.device), plain_cell(rows.table), *map(str, counts), f"{rows.loss_percent:.4f}"
            )
    return table


def _empty(console: Console, columns: Sequence[str], left: int = 1) -> Table:
    """A table without rows, boxed on a terminal; its first `left` columns are aligned to the left."""
    table = Table(box=box.SIMPLE_HEAD if console.is_terminal else None, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index < left else "right", overflow="fold")
    return table


def _notes(site: SiteReport) -> list[str]:
    """Sentences below the tables: reasons, the longest gap, and rows that do not agree with the samples."""
    if not site.devices:
        return ["no device was configured on this day"]
    notes = []
    for report in site.devices:
        name = report.device.device
        notes += [
            f"{name}: {outcome}: {with_counts(reasons)}" for outcome in Outcome if (reasons := report.reasons(outcome))
        ]
        if report.gaps:
            notes.append(f"{name}: longest gap {gap_text(site.day, report.gaps[0])}")
        if report.unexpected:
            notes.append(f"{name}: {report.unexpected} samples have a time at which none was expected")
        notes += [f"{name}: unproven: {text}" for text in unproven_texts(report)]
    return notes


def with_counts(counts: Mapping[str, int]) -> str:
    """Reasons or causes and how often they were met: `timeout × 12, exception 4 × 3`."""
    return ", ".join(f"{name} × {count}" for name, count in counts.items())


def gap_text(day: Day, gap: Gap) -> str:
    """Length, start and causes of a gap: `0:00:05 from 00:00:20 (collector down × 5)`."""
    return f"{length_text(gap.length_us)} from {day.clock(gap.start_us)} ({with_counts(gap.causes)})"


def length_text(length_us: int) -> str:
    """Microseconds as hours, minutes and seconds: `0:15:00`, with days or a fraction if need be: `1 day, 0:00:00`."""
    return str(timedelta(microseconds=length_us))


def unproven_texts(report: DeviceReport) -> list[str]:
    """A line for each identity whose rows do not agree: `rack 1/5 has 80 rows, but its samples require 90`."""
    texts = []
    for identity in report.unproven:
        ids = f" {'/'.join(map(str, identity.ids))}" if identity.ids else ""
        if identity.rows == identity.expected:
            problem = "as many as its samples require, but not all at the times of its samples"
        else:
            problem = f"but its samples require {identity.expected}"
        texts.append(f"{identity.table}{ids} has {identity.rows} rows, {problem}")
    return texts


def as_json(sites: Sequence[SiteReport], reasons: Sequence[str]) -> str:
    """The report as JSON: all but the heat map and the shorter gaps. Times are ISO 8601, UTC.

    `reasons`: the sentences of `core.reporting.completeness.problems`; without one the report is `complete`.
    """
    tree = {
        "complete": not reasons,
        "problems": list(reasons),
        "sites": {
            site.site: {
                "day": str(site.day.date),
                "timezone": site.day.timezone,
                "from": _iso(site.day.start_us),
                "until": _iso(site.day.until_us),
                "expected": site.expected,
                "stored": site.stored,
                "loss_percent": round(site.loss_percent, 4),
                "devices": {report.device.device: _device_tree(report) for report in site.devices},
            }
            for site in sites
        },
    }
    return json.dumps(tree, indent=2) + "\n"


def _device_tree(report: DeviceReport) -> dict[str, object]:
    return {
        "expected": report.expected,
        **{outcome.replace(" ", "_"): report.count(outcome) for outcome in Outcome},
        "reasons": {str(outcome): reasons for outcome in Outcome if (reasons := report.reasons(outcome))},
        "late": report.late,
        "rejected": report.rejected,
        "unexpected": report.unexpected,
        "loss_percent": round(report.loss_percent, 4),
        "longest_gap": _gap_tree(report.gaps[0]) if report.gaps else None,
        "tables": {table.table: _table_tree(table) for table in report.tables},
        "unproven": [
            {
                "table": identity.table, "identity": list(identity.ids),
                "expected": identity.expected, "rows": identity.rows,
            }
            for identity in report.unproven
        ],
    }  # fmt: skip


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


def as_csv(sites: Sequence[SiteReport], _reasons: Sequence[str]) -> str:
    """The report as CSV: a line for each table of each device, with the device's own numbers in each of its lines.

    The first line is CSV_COLUMNS; a device without tables has one line; lines end in CR LF. `_reasons` is not used.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_COLUMNS)
    for site in sites:
        for report in site.devices:
            for table in report.tables or (None,):
                cells = (*_device_cells(report), *_table_cells(report, table))
                writer.writerow((site.day.date, site.day.timezone, *cells))
    return text.getvalue()


def _device_cells(report: DeviceReport) -> list[object]:
    gap = report.gaps[0] if report.gaps else None
    by_outcome = {outcome: report.reasons(outcome) for outcome in Outcome}
    reasons = "; ".join(f"{outcome}: {with_counts(counts)}" for outcome, counts in by_outcome.items() if counts)
    outcomes = (report.count(outcome) for outcome in Outcome)
    return [
        _text_cell(report.device.site), _text_cell(report.device.device), report.expected, *outcomes,
        report.late, report.unexpected,
        f"{report.loss_percent:.4f}", _iso(gap.start_us) if gap else "", gap.length_us / 1e6 if gap else 0,
        _text_cell(reasons),
    ]  # fmt: skip


def _text_cell(text: str) -> str:
    """The text as a cell of CSV: on one line, and nothing that a spreadsheet would run, a text behind an apostrophe."""
    return ("'" if text.startswith(FORMULA) else "") + printable(text)


def _table_cells(report: DeviceReport, table: TableReport | None) -> list[object]:
    if table is None:
        return [""] * 7
    unproven = sum(identity.table == table.table for identity in report.unproven)
    return [
        table.table, table.identities, table.expected, table.rows, table.rejected, f"{table.loss_percent:.4f}", unproven
    ]  # fmt: skip


def _iso(time_us: int) -> str:
    return (EPOCH + timedelta(microseconds=time_us)).isoformat()
