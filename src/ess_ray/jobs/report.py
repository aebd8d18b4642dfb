"""`job=report`: ask the database how complete a day was, tell it, and end with 1 if it was not complete enough.

The report goes to the terminal or to `report.file`, what is wrong with the day to standard error.
"""

from __future__ import annotations

import io
import sys
import time
from itertools import groupby

from rich.console import Console

from ess_ray.adapters.postgres.completeness import Completeness, open_completeness
from ess_ray.app.exit_codes import FAILED, OK
from ess_ray.app.serving import serving
from ess_ray.core.day import choose_day
from ess_ray.core.errors import ConfigError
from ess_ray.core.reporting.completeness import SiteReport, account_device, problems
from ess_ray.core.reporting.proof import identities_of
from ess_ray.core.settings import ReportSettings, Settings
from ess_ray.jobs.report_html import as_html
from ess_ray.jobs.report_text import as_csv, as_json, print_report

FILE_WIDTH = 160  # columns of the terminal's form where there is no terminal


def run(settings: Settings) -> int:
    """Report; gives the exit code. Raises ConfigError, CannotStart or another EssRayError."""
    now_us = time.time_ns() // 1000
    with serving(settings) as dsn, open_completeness(dsn, settings.standard) as completeness:
        sites = read_sites(completeness, settings, now_us)
    wrong = problems(sites, settings.report.max_loss_percent)
    _tell(settings.report, sites, wrong)
    for line in wrong:
        print(f"ess_ray: {line}", file=sys.stderr)
    return FAILED if wrong else OK


def read_sites(completeness: Completeness, settings: Settings, now_us: int) -> list[SiteReport]:
    """The report on each chosen site."""
    known = {one.map_hash: identities_of(one) for one in settings.maps.values()}
    reports = []
    for site, timezone in settings.timezones.items():
        day = choose_day(settings.report.day, timezone, now_us, settings.storage.late_us)
        devices = [
            account_device(day, [completeness.evidence(span) for span in spans], completeness.jumps(device, day), known)
            for device, spans in groupby(completeness.spans(site, day), key=lambda span: span.device)
        ]
        reports.append(SiteReport(site, day, tuple(devices)))
    return reports


def _tell(chosen: ReportSettings, sites: list[SiteReport], wrong: list[str]) -> None:
    if chosen.format == "terminal" and not chosen.file and sys.stdout.isatty():
        print_report(Console(highlight=False), sites)
        return
    text = _text(chosen.format, sites, wrong)
    if not chosen.file:
        sys.stdout.write(text)
        return
    try:
        chosen.file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError("report.file", f"{chosen.file} cannot be written: {error.strerror}") from error


def _text(form: str, sites: list[SiteReport], wrong: list[str]) -> str:
    if form != "terminal":
        return {"json": as_json, "csv": as_csv, "html": as_html}[form](sites, wrong)
    text = io.StringIO()
    print_report(Console(file=text, width=FILE_WIDTH, highlight=False), sites)
    return text.getvalue()
