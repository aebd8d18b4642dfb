"""The heat map of a day, device by device and minute by minute, as HTML: for the report and for the page.

Losses differ by height, lightness and hue, so that they can be seen on grey paper and by people who cannot see red. The
page that shows it styles the classes `map`, `legend`, `day`, `axis` and those of LEVELS.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby
from operator import itemgetter

from ess_ray.core.day import MINUTE_US, Day
from ess_ray.core.reporting.completeness import DeviceReport, SiteReport, level_stretches
from ess_ray.core.reporting.evidence import Outcome

# Least share of a minute's ticks that was stored completely, class, height of the bar, text of the legend.
LEVELS = (
    (1.0, "all", 1.0, "all samples of the minute stored completely"),
    (0.9, "most", 0.4, "90 % or more"),
    (1e-9, "some", 0.7, "less than 90 %"),
    (0.0, "none", 1.0, "none"),
)
LEAST_WIDTH = 2.0  # minutes: a lost minute must be visible on a narrow page too


def heat_map(sites: Sequence[SiteReport]) -> str:
    """The heat map of all devices as HTML without styles: a table and its legend, names escaped.

    Sites come in the order given; neighbours whose days are the same share an axis. Sites without devices are left out.
    """
    rows = []
    for day, same in groupby((site for site in sites if site.devices), key=lambda site: site.day):
        rows += [
            f'<tr><th scope="row">{escape(report.device.site)}/<wbr>{escape(report.device.device)}</th>'
            f"<td>{_strip(day, report)}</td></tr>"
            for site in same
            for report in site.devices
        ]
        rows.append(f'<tr aria-hidden="true"><th></th><td>{_axis(day)}</td></tr>')
    legend = "".join(
        f'<li><svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">{_bar(0, 1, kind, height)}</svg> '
        f"{text}</li>"
        for _, kind, height, text in LEVELS
    )
    return (
        '<table class="map"><tbody>\n' + "\n".join(rows) + "\n</tbody></table>\n"
        f'<ul class="legend" aria-label="Meaning of the colours">{legend}<li>blank: no sample expected</li></ul>'
    )


def _strip(day: Day, report: DeviceReport) -> str:
    """One device's day: minutes of one level that follow each other are one bar, and losses are drawn on top."""
    bars = []
    for start, end, level in level_stretches(report, [least for least, *_ in LEVELS]):
        _, kind, height, _ = LEVELS[level]
        stored, expected = report.minute_stored[start:end].sum(), report.minute_expected[start:end].sum()
        from_us, to_us = (day.start_us + minute * MINUTE_US for minute in (start, end))
        title = f"{day.clock(from_us, '%H:%M')} to {day.clock(to_us, '%H:%M')}: {stored} of {expected} samples stored"
        width = end - start if level == 0 else max(LEAST_WIDTH, end - start)
        bars.append((level, _bar(min(start, day.minutes - width), width, kind, height, title)))
    lost = report.expected - report.count(Outcome.STORED)
    summary = f"{report.device}: {lost} of {report.expected} samples lost, {report.loss_percent:.4f} percent"
    return (
        f'<svg class="day" viewBox="0 0 {day.minutes} 1" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(summary)}">{"".join(bar for _, bar in sorted(bars, key=itemgetter(0)))}</svg>'
    )


def _bar(x: float, width: float, kind: str, height: float, title: str = "") -> str:
    label = f"<title>{escape(title)}</title>" if title else ""
    return f'<rect class="{kind}" x="{x:g}" y="{1 - height:g}" width="{width:g}" height="{height:g}">{label}</rect>'


def _axis(day: Day) -> str:
    """Labels with the site's clock every three hours; on a day when the clock is changed the labels jump with it."""
    marks = []
    for minute in range(0, day.minutes + 1, 180):
        label = day.clock(day.start_us + minute * MINUTE_US, "%H:%M") if minute < day.minutes else "24:00"
        anchor = "start" if minute == 0 else "end" if minute == day.minutes else "middle"
        kind = ' class="between"' if 0 < minute < day.minutes and minute % 360 else ""
        x = f"{100 * minute / day.minutes:.3f}%"
        marks.append(f'<text{kind} x="{x}" y="14" text-anchor="{anchor}">{label}</text>')
    return f'<svg class="axis">{"".join(marks)}</svg>'
