"""`job=report`: how complete a day was, from the database; exit code 1 if it was not complete enough.

The report goes to standard output or to `report.file`, the reasons for exit code 1 to standard error.
"""

from __future__ import annotations

import io
import sys
import time
from itertools import groupby

from rich.console import Console

from ess_ray.adapters.postgres.completeness import Completeness, open_completeness
from ess_ray.app.exit_codes import FAILED, OK
from ess_ray.app.output import print_line
from ess_ray.app.serving import serving
from ess_ray.core.day import ReportSettings, choose_day
from ess_ray.core.errors import ConfigError
from ess_ray.core.reporting.completeness import SiteReport, account_device, problems
from ess_ray.core.reporting.proof import identities_of
from ess_ray.core.settings import Settings
from ess_ray.jobs.report_html import as_html
from ess_ray.jobs.report_text import as_csv, as_json, print_report

FILE_WIDTH = 160  # columns of the format `terminal` when the output is not a terminal


def run(settings: Settings) -> int:
    """Print or write the report; returns the exit code: OK or FAILED.

    Raises ConfigError for a day that has not begun or a file that cannot be written, CannotStart or another
    EssRayError.
    """
    now_us = time.time_ns() // 1000
    with serving(settings) as dsn, open_completeness(dsn, settings.standard) as completeness:
        sites = read_sites(completeness, settings, now_us)
    reasons = problems(sites, settings.report.max_loss_percent)
    _output(settings.report, sites, reasons)
    for reason in reasons:
        print_line(f"ess_ray: {reason}", error=True)
    return FAILED if reasons else OK


def read_sites(completeness: Completeness, settings: Settings, now_us: int) -> list[SiteReport]:
    """The report on each configured site for `settings.report.day`, in the order of the settings.

    A site of which nothing was configured that day has no devices in it. `now_us`, microseconds since 1970 UTC, says
    which date is today. Raises ConfigError for a day that has not begun, and the errors of the database.
    """
    identities = {register_map.map_hash: identities_of(register_map) for register_map in settings.maps.values()}
    reports = []
    for site, timezone in settings.timezones.items():
        late_us = settings.storage.late_us
        day = completeness.recorded_day(
            site, choose_day(settings.report.day, timezone, now_us, late_us), now_us - late_us
        )
        devices = []
        for device, spans in groupby(completeness.spans(site, day), key=lambda span: span.device):
            evidence = [completeness.evidence(span) for span in spans]
            devices.append(account_device(day, evidence, completeness.jumps(device, day), identities))
        reports.append(SiteReport(site, day, tuple(devices)))
    return reports


def _output(settings: ReportSettings, sites: list[SiteReport], reasons: list[str]) -> None:
    if settings.format == "terminal" and not settings.file and sys.stdout.isatty():
        print_report(Console(highlight=False), sites)
        return
    text = _text(settings.format, sites, reasons)
    if not settings.file:
        sys.stdout.write(text)
        return
    try:
        settings.file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError("report.file", f"{settings.file} cannot be written: {error.strerror}") from error


def _text(format_name: str, sites: list[SiteReport], reasons: list[str]) -> str:
    if format_name != "terminal":
        return {"json": as_json, "csv": as_csv, "html": as_html}[format_name](sites, reasons)
    text = io.StringIO()
    print_report(Console(file=text, width=FILE_WIDTH, highlight=False), sites)
    return text.getvalue()
