"""The settings of the export, checked: called by `config.load` alone. Errors: ConfigError that names the key."""

from __future__ import annotations

import re
from pathlib import Path

from ess_ray.adapters.stores.formats import FORMATS
from ess_ray.adapters.stores.kinds import EXAMPLES, KEYS, KINDS
from ess_ray.config.schema import Config, ExportConfig
from ess_ray.config.values import freeze
from ess_ray.core.day import check_days, days_of_word
from ess_ray.core.errors import ConfigError
from ess_ray.core.exporting.formats import ObjectFormat
from ess_ray.core.exporting.objects import check_template
from ess_ray.core.exporting.store import StoreSettings
from ess_ray.core.maps.fixed_columns import FIXED_TABLES
from ess_ray.core.maps.standard import Standard
from ess_ray.core.settings import ExportSettings

DAY_US = 86_400_000_000


def export_settings(config: Config, state_dir: Path, standard: Standard, job: str) -> ExportSettings:
    """Freeze `export` and the days of `job=export`; `job` is the job that runs, a key of `config.jobs.JOBS`.

    `state_dir`: absolute, for the local store. Without a store the field `store` is None.

    Raises ConfigError for: `job=export` without a store; a key that belongs to another kind of store, or whose value
    its own does not take; a template that does not give each object a name of its own; formats that are unknown, none
    or named twice; `drop_after` that is no number of days, or without a store or hypertables; `from` and `to` that are
    no days, lack the first or are in the wrong order; `replace=smaller` for more than one site and its day;
    `removed_site` that is configured.
    """
    export = config.export
    store = export_store(config, state_dir)
    if job == "export" and store is None:
        raise ConfigError("export", f"nothing says where the objects go: set {EXAMPLES}")
    if export.removed_site is not None and (job != "export" or export.removed_site in config.sites):
        raise ConfigError("export.removed_site", "belongs to job=export, and is a site that is no longer configured")
    first, last = _days(config, job)
    tables = [*standard.tables, *FIXED_TABLES]
    return freeze(
        ExportSettings,
        export,
        store=store,
        template=check_template("export.name", export.name, [*config.sites], tables),
        formats=_formats(export),
        drop_after_us=_drop_after(export.drop_after, store, config.storage.kind),
        first_day=first,
        last_day=last,
        verify=config.verify,
        replace_smaller=_replace_smaller(config, job),
    )


def export_store(config: Config, state_dir: Path) -> StoreSettings | None:
    """The store that exports go to; None if nothing is exported. Raises ConfigError as `export_settings` does."""
    return _store(_kind(config.export.kind, config.storage.kind), config.export, state_dir)


def _kind(kind: str, storage: str) -> str:
    """The kind of store, a key of KINDS or "none": `auto` depends on the kind of database."""
    if kind == "auto":
        return "local" if storage == "embedded" else "none"
    return kind


def _store(kind: str, export: ExportConfig, state_dir: Path) -> StoreSettings | None:
    """The settings of the store of this kind; None for "none". Keys that belong to another kind are an error."""
    settings = None if kind == "none" else KINDS[kind]
    own_keys = settings.keys() if settings else ()
    values: dict[str, str | None] = {key: getattr(export, key) for key in KEYS}
    for key, value in values.items():
        if value and key not in own_keys:
            words = " or ".join(f"export={name}" for name, other in KINDS.items() if key in set(other.keys()))
            raise ConfigError(f"export.{key}", f"is not used with export={kind}: set {words}, or leave it out")
    return settings.from_config(values, state_dir) if settings else None


def _formats(export: ExportConfig) -> tuple[ObjectFormat, ...]:
    for name in export.formats:
        if name not in FORMATS:
            raise ConfigError("export.formats", f"{name!r} is none of {', '.join(FORMATS)}")
    if not export.formats or len({*export.formats}) < len(export.formats):
        problem = f"expected at least one of {', '.join(FORMATS)} in brackets, none twice: set for example [csv]"
        raise ConfigError("export.formats", problem)
    formats = [FORMATS[name] for name in export.formats]
    return tuple(each.gzipped() if export.gzip and each.is_text else each for each in formats)


def _drop_after(text: str | None, store: StoreSettings | None, storage: str) -> int | None:
    if not text:
        return None
    key = "export.drop_after"
    if not re.fullmatch(r"[1-9]\d{0,4}d", text):
        raise ConfigError(key, f"{text!r}: expected a number of days, for example 30d")
    if store is None:
        raise ConfigError(key, f"only what was exported is dropped, and nothing is exported: set {EXAMPLES}")
    if storage == "embedded":
        raise ConfigError(key, "drops chunks of hypertables, and the embedded database has plain tables")
    return int(text[:-1]) * DAY_US


def _replace_smaller(config: Config, job: str) -> bool:
    if config.export.replace == "never":
        return False
    named = re.fullmatch(r"\d{4}-\d\d-\d\d", config.day) and config.from_ is None and config.last_day is None
    if job != "export" or (len(config.sites) != 1 and not config.export.removed_site) or not named or config.verify:
        problem = "replaces objects that hold more: say job=export, one site and its day, as in site=… day=2026-11-22"
        raise ConfigError("export.replace", problem)
    return True


def _days(config: Config, job: str) -> tuple[str, str]:
    """First and last day of `job=export`: dates, "today" or "yesterday"."""
    if job in ("restore", "import"):  # it understands day, from and to otherwise
        return "yesterday", "yesterday"
    if config.from_ is None and config.last_day is None:
        return days_of_word(config.day)
    if config.from_ is None:
        raise ConfigError("from", "is missing: set from=2026-11-01 to=2026-11-07, or day=…")
    return check_days(config.from_, config.last_day or "yesterday", "from", "to")
