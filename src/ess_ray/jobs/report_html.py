"""The completeness report as one HTML file: a heat map of the day and tables, without a script and without the network.

The tables also contain everything that the heat map shows, for readers who cannot see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from ess_ray.core.reporting.completeness import DeviceReport, SiteReport
from ess_ray.core.reporting.evidence import Outcome
from ess_ray.core.reporting.heat_map import heat_map
from ess_ray.jobs.report_text import length_text, site_summary, unproven_texts, with_counts

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.45 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 2rem auto; max-width: 72rem;
       padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; } h2 { font-size: 1.25rem; margin: 2.2rem 0 .3rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; } .map { margin-top: 1.4rem; }
.verdict { border-left: .4rem solid #0072b2; padding: .4rem .8rem; background: #f2f6fa; }
.verdict.bad { border-color: #b03a00; background: #fdf3ec; } .verdict ul { margin: .3rem 0; padding-left: 1.2rem; }
.scroll { overflow-x: auto; } .scroll:focus-visible { outline: 3px solid #0072b2; outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #d5d5d5; vertical-align: top; }
thead th { border-bottom: 2px solid #555; white-space: nowrap; } th[scope=row], .text { text-align: left; }
table.map { table-layout: fixed; } table.map th, table.map td { border: 0; padding: .12rem 0; }
table.map th { width: 12rem; padding-right: .6rem; overflow-wrap: anywhere; font-weight: 400;
                                text-align: left; }
svg { display: block; width: 100%; } svg.day { height: 1.5rem; border: 1px solid #888; box-sizing: border-box; }
svg.axis { height: 1.3rem; overflow: visible; font-size: 11px; fill: #333; }
.all { fill: #cfe3f3; } .most { fill: #e69f00; } .some { fill: #b5460f; } .none { fill: #1a1a1a; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; margin: .4rem 0 0; padding: 0; list-style: none;
          font-size: .9rem; }
.legend svg { display: inline-block; width: 1.4rem; height: 1.1rem; border: 1px solid #888; vertical-align: -.2rem; }
@media (max-width: 50rem) { table.map th { width: 8rem; } .axis .between { display: none; } }
@media print {
  body { margin: 0; max-width: none; font-size: 9.5pt; } .scroll { overflow: visible; }
  svg, .verdict { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  tr, .verdict, table.map { break-inside: avoid; } h2, h3 { break-after: avoid; } thead { display: table-header-group; }
}
@page { margin: 15mm; }
"""


def as_html(sites: Sequence[SiteReport], reasons: Sequence[str]) -> str:
    """The report as an HTML document. `reasons`: as of `report_text.as_json`; without one the verdict is "complete"."""
    days = " / ".join(sorted({str(site.day.date) for site in sites}))
    title = f"Completeness of {days}"
    return "\n".join([
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>",
        _verdict(reasons),
        heat_map(sites),
        *(_site(site) for site in sites),
        "</main>\n</body>\n</html>\n",
    ])  # fmt: skip


def _verdict(reasons: Sequence[str]) -> str:
    if not reasons:
        return '<p class="verdict">Complete: no loss is above the limit, and all rows agree with their samples.</p>'
    items = "".join(f"<li>{escape(reason)}</li>" for reason in reasons)
    return f'<div class="verdict bad"><strong>Not complete</strong><ul>{items}</ul></div>'


def _site(site: SiteReport) -> str:
    name = escape(site.site)
    parts = [
        f"<h2>{name}</h2>\n<p>{escape(site_summary(site))}</p>",
        "" if site.devices else "<p>No device was configured on this day.</p>",
        _table(f"{name}: samples by device", SAMPLE_COLUMNS, 1, map(_sample_cells, site.devices)),
        _table(f"{name}: reasons", ("device", "status", "reason", "samples"), 3, _reason_cells(site)),
        _table(f"{name}: longest gaps of each device", GAP_COLUMNS, 3, _gap_cells(site)),
        _table(f"{name}: rows by table", ROW_COLUMNS, 2, _row_cells(site)),
        _table(f"{name}: rows that do not agree with their samples", ("device", "problem"), 2, _unproven_cells(site)),
    ]
    return "<section>" + "\n".join(filter(None, parts)) + "</section>"


# --- the tables -----------------------------------------------------------------------------------------------------

Cells = Sequence[object]
SAMPLE_COLUMNS = (
    "device", "expected", "stored", "partial", "failed", "clock", "collector down", "late", "rejected rows", "loss",
)  # fmt: skip
GAP_COLUMNS = ("device", "start", "causes", "length", "samples")
ROW_COLUMNS = ("device", "table", "identities", "rows expected", "rows stored", "rows rejected", "loss")


def _table(caption: str, columns: Sequence[str], left: int, rows: Iterable[Cells]) -> str:
    """A table with its heading; its first `left` columns are text. Empty if there are no rows."""
    lines = []
    for first, *cells in rows:
        tds = (f'<td class="text">{c}</td>' if index < left else f"<td>{c}</td>" for index, c in enumerate(cells, 1))
        lines.append(f'<tr><th scope="row">{first}</th>{"".join(tds)}</tr>')
    if not lines:
        return ""
    header = "".join(
        f'<th scope="col"{" class=text" if index < left else ""}>{column}</th>' for index, column in enumerate(columns)
    )
    return (
        f'<h3>{caption}</h3>\n<div class="scroll" tabindex="0" role="region" aria-label="{caption}"><table>'
        f"<thead><tr>{header}</tr></thead>\n<tbody>\n" + "\n".join(lines) + "\n</tbody></table></div>"
    )


def _sample_cells(report: DeviceReport) -> Cells:
    counts = (report.expected, *(report.count(outcome) for outcome in Outcome), report.late, report.rejected)
    return [escape(report.device.device), *map(_number, counts), _percent(report.loss_percent)]


def _reason_cells(site: SiteReport) -> Iterator[Cells]:
    for report in site.devices:
        for outcome in Outcome:
            for reason, count in report.reasons(outcome).items():
                yield [escape(report.device.device), outcome, escape(reason), _number(count)]


def _gap_cells(site: SiteReport) -> Iterator[Cells]:
    for report in site.devices:
        for gap in report.gaps:
            causes = escape(with_counts(gap.causes))
            start, length = site.day.clock(gap.start_us), length_text(gap.length_us)
            yield [escape(report.device.device), start, causes, length, _number(gap.ticks)]


def _row_cells(site: SiteReport) -> Iterator[Cells]:
    for report in site.devices:
        for table in report.tables:
            counts = (table.identities, table.expected, table.rows, table.rejected)
            names = (escape(report.device.device), escape(table.table))
            yield [*names, *map(_number, counts), _percent(table.loss_percent)]


def _unproven_cells(site: SiteReport) -> Iterator[Cells]:
    for report in site.devices:
        for text in unproven_texts(report):
            yield [escape(report.device.device), escape(text)]


def _number(count: int) -> str:
    return f"{count:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _percent(value: float) -> str:
    return f"{value:.4f}\N{NO-BREAK SPACE}%"
