"""The settings of `job=report`, checked: called by `config.load` alone. Errors: ConfigError that names the key."""

from __future__ import annotations

from pathlib import Path

from ess_ray.config.schema import ReportConfig
from ess_ray.core.day import check_day
from ess_ray.core.errors import ConfigError
from ess_ray.core.settings import ReportSettings

FORMATS = ("terminal", "json", "csv", "html")


def report_settings(day: str, config: ReportConfig) -> ReportSettings:
    """Freeze `day` and `report`."""
    if config.format not in FORMATS:
        raise ConfigError("report.format", f"{config.format!r} is none of {', '.join(FORMATS)}")
    if not 0 <= config.max_loss <= 100:
        raise ConfigError("report.max_loss", f"{config.max_loss:g} % is not within 0 to 100 %")
    file = Path(config.file).expanduser().absolute() if config.file else None
    if file and not file.parent.is_dir():
        raise ConfigError("report.file", f"there is no folder {file.parent}")
    return ReportSettings(check_day(day), config.format, file, config.max_loss)
