"""The heat map of a day, device by device and minute by minute, as HTML: for the report and for the page.

Losses differ by height, by lightness and by hue, so that they also tell on grey paper and to eyes that see no red. The
page around it gives the classes `map`, `legend`, `day`, `axis` and those of LEVELS their looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby

from ess_ray.core.day import MINUTE_US, Day
from ess_ray.core.reporting.completeness import DeviceReport, SiteReport, stretches
from ess_ray.core.reporting.evidence import Fate

# Of a minute's ticks at least this share was stored whole: class, height of the bar, words of the legend.
LEVELS = (
    (1.0, "all", 1.0, "all stored"),
    (0.9, "most", 0.4, "90 % or more"),
    (1e-9, "some", 0.7, "less than 90 %"),
    (0.0, "none", 1.0, "none stored whole"),
)
LEAST_WIDTH = 2.0  # minutes: a lost one is seen on a narrow page too


def heat_map(sites: Sequence[SiteReport]) -> str:
    """All devices; sites whose days are the same share an axis."""
    rows = []
    for day, same in groupby((site for site in sites if site.devices), key=lambda site: site.day):
        rows += [
            f'<tr><th scope="row">{escape(one.device.site)}/<wbr>{escape(one.device.device)}</th>'
            f"<td>{_strip(day, one)}</td></tr>"
            for site in same
            for one in site.devices
        ]
        rows.append(f'<tr aria-hidden="true"><th></th><td>{_axis(day)}</td></tr>')
    legend = "".join(
        f'<li><svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">{_bar(0, 1, kind, height)}</svg> '
        f"{words}</li>"
        for _, kind, height, words in LEVELS
    )
    return (
        '<table class="map"><tbody>\n' + "\n".join(rows) + "\n</tbody></table>\n"
        f'<ul class="legend" aria-label="Colours, by minute">{legend}<li>blank: nothing expected</li></ul>'
    )


def _strip(day: Day, report: DeviceReport) -> str:
    """One device's day, minute by minute: equal neighbours are one bar, losses lie on top."""
    bars = []
    for start, end, level in stretches(report, [least for least, *_ in LEVELS]):
        _, kind, height, words = LEVELS[level]
        stored, expected = report.minute_stored[start:end].sum(), report.minute_expected[start:end].sum()
        from_us, to_us = (day.start_us + minute * MINUTE_US for minute in (start, end))
        title = f"{day.clock(from_us, '%H:%M')} to {day.clock(to_us, '%H:%M')}: {stored} of {expected} stored"
        width = end - start if level == 0 else max(LEAST_WIDTH, end - start)
        bars.append((level, _bar(min(start, day.minutes - width), width, kind, height, title)))
    lost = report.expected - report.count(Fate.STORED)
    words = f"{report.device}: {lost} of {report.expected} samples lost, {report.loss_percent:.4f} percent"
    return (
        f'<svg class="day" viewBox="0 0 {day.minutes} 1" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(words)}">{"".join(bar for _, bar in sorted(bars, key=lambda one: one[0]))}</svg>'
    )


def _bar(x: float, width: float, kind: str, height: float, title: str = "") -> str:
    about = f"<title>{escape(title)}</title>" if title else ""
    return f'<rect class="{kind}" x="{x:g}" y="{1 - height:g}" width="{width:g}" height="{height:g}">{about}</rect>'


def _axis(day: Day) -> str:
    """The site's clock every three hours; on a day when it is changed the labels jump with it."""
    marks = []
    for minute in range(0, day.minutes + 1, 180):
        label = day.clock(day.start_us + minute * MINUTE_US, "%H:%M") if minute < day.minutes else "24:00"
        anchor = "start" if minute == 0 else "end" if minute == day.minutes else "middle"
        kind = ' class="between"' if 0 < minute < day.minutes and minute % 360 else ""
        x = f"{100 * minute / day.minutes:.3f}%"
        marks.append(f'<text{kind} x="{x}" y="14" text-anchor="{anchor}">{label}</text>')
    return f'<svg class="axis">{"".join(marks)}</svg>'
