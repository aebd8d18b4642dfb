"""The settings of `job=report`, checked: called by `config.load` alone. Errors: ConfigError that names the key."""

from __future__ import annotations

from ess_ray.config.schema import ReportConfig
from ess_ray.config.values import file_of
from ess_ray.core.day import ReportSettings, check_day
from ess_ray.core.errors import ConfigError


def report_settings(day: str, config: ReportConfig) -> ReportSettings:
    """Freeze `day` and `report`.

    Raises ConfigError if `day` is neither a date (YYYY-MM-DD) nor today or yesterday, and if there is no folder for the
    report's file.
    """
    file = file_of(config.file)
    if file and not file.parent.is_dir():
        raise ConfigError("report.file", f"there is no folder {file.parent}")
    return ReportSettings(check_day(day), config.format, file, config.max_loss)
