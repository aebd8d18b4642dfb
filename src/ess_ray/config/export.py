"""The settings of the export, checked: called by `config.load` alone. Errors: ConfigError that names the key."""

from __future__ import annotations

import re
from pathlib import Path

from ess_ray.config.schema import Config, ExportConfig
from ess_ray.core.day import check_day
from ess_ray.core.errors import ConfigError
from ess_ray.core.exporting.objects import FORMS, check_template
from ess_ray.core.maps.fixed_columns import BOOKS
from ess_ray.core.maps.standard import Standard
from ess_ray.core.settings import ExportSettings

KINDS = ("auto", "local", "gcs", "none")
MOST_PARALLEL = 64
DAY_US = 86_400_000_000


def export_settings(config: Config, state_dir: Path, standard: Standard, job: str) -> ExportSettings:
    """Freeze `export` and the days of `job=export`."""
    export = config.export
    kind = _kind(export.kind, config.storage.kind)
    if job == "export" and kind == "none":
        raise ConfigError("export", "says where the objects go: export=local, or export=gcs export.bucket=NAME")
    _check_store(kind, export)
    first, last = _days(config)
    tables = [*standard.tables, *BOOKS]
    return ExportSettings(
        kind=kind,
        folder=Path(export.folder).expanduser().absolute() if export.folder else state_dir / "export",
        bucket=export.bucket or "",
        credentials_file=_credentials_file(export.credentials_file),
        endpoint=export.endpoint,
        template=check_template("export.name", export.name, [*map(str, config.sites)], tables),
        forms=_forms(export),
        gzip=export.gzip,
        parallel=_parallel(export.parallel),
        grace_us=_us("export.grace_s", export.grace_s),
        wait_us=_us("export.wait_s", export.wait_s),
        drop_after_us=_drop_after(export.drop_after, kind, config.storage.kind),
        first_day=first,
        last_day=last,
        verify=config.verify,
    )


def _kind(kind: str, storage: str) -> str:
    if kind not in KINDS:
        raise ConfigError("export.kind", f"{kind!r} is none of {', '.join(KINDS)}")
    if kind != "auto":
        return kind
    return "local" if storage == "embedded" else "none"


def _check_store(kind: str, export: ExportConfig) -> None:
    for name in ("bucket", "credentials_file", "endpoint"):
        if kind != "gcs" and getattr(export, name):
            raise ConfigError(f"export.{name}", "is for a bucket: say export=gcs")
    if kind != "local" and export.folder:
        raise ConfigError("export.folder", "is for files: say export=local")
    if kind == "gcs" and not export.bucket:
        raise ConfigError("export.bucket", "has to be given: the bucket's name")
    if kind == "gcs" and not re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]", export.bucket or ""):
        raise ConfigError("export.bucket", f"{export.bucket!r} is no bucket's name: it has no gs:// and no folders")
    if export.endpoint and not re.match(r"https?://.", export.endpoint):
        raise ConfigError("export.endpoint", f"{export.endpoint!r}: expected http://… or https://…")


def _credentials_file(text: str | None) -> Path | None:
    if not text:
        return None
    file = Path(text).expanduser().absolute()
    if not file.is_file():
        raise ConfigError("export.credentials_file", f"there is no file {file}: expected a service account's JSON")
    return file


def _forms(export: ExportConfig) -> tuple[str, ...]:
    for form in export.formats:
        if form not in FORMS:
            raise ConfigError("export.formats", f"{form!r} is none of {', '.join(FORMS)}")
    if not export.formats or len({*export.formats}) < len(export.formats):
        raise ConfigError("export.formats", "expected at least one, and none twice: say [csv], [parquet] or both")
    return tuple(export.formats)


def _parallel(number: int) -> int:
    if not 1 <= number <= MOST_PARALLEL:
        raise ConfigError("export.parallel", f"{number} is not within 1 to {MOST_PARALLEL}")
    return number


def _us(key: str, value_s: float) -> int:
    if not 0 <= value_s <= 86_400:
        raise ConfigError(key, f"{value_s:g} s is not within 0 to 86400 s")
    return round(value_s * 1e6)


def _drop_after(text: str | None, kind: str, storage: str) -> int | None:
    if not text:
        return None
    key = "export.drop_after"
    if not re.fullmatch(r"[1-9]\d{0,4}d", text):
        raise ConfigError(key, f"{text!r}: expected a number of days, for example 30d")
    if kind == "none":
        raise ConfigError(key, "only what was exported is dropped: say export=local or export=gcs")
    if storage == "embedded":
        raise ConfigError(key, "drops chunks of hypertables, and the embedded database has plain tables")
    return int(text[:-1]) * DAY_US


def _days(config: Config) -> tuple[str, str]:
    """The first and the last day that are meant, as words."""
    if config.first_day is None and config.last_day is None:
        return config.day, config.day  # checked with the report's
    if config.first_day is None:
        raise ConfigError("from", "is missing: say from=2026-11-01 to=2026-11-07, or day=…")
    first = check_day(config.first_day, "from")
    last = check_day(config.last_day or "yesterday", "to")
    if first[:1].isdigit() and last[:1].isdigit() and first > last:
        raise ConfigError("to", f"{last} is before from={first}")
    return first, last
