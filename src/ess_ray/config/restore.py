"""The settings of `job=restore`, checked: called by `config.load` alone. Errors: ConfigError that names the key."""

from __future__ import annotations

from pathlib import Path

from ess_ray.adapters.stores.kinds import EXAMPLES, FolderSettings
from ess_ray.config.export import export_store
from ess_ray.config.schema import Config
from ess_ray.config.values import file_of
from ess_ray.core.day import days_of_word
from ess_ray.core.errors import ConfigError
from ess_ray.core.exporting.store import StoreSettings
from ess_ray.core.maps.fixed_columns import FIXED_TABLES
from ess_ray.core.maps.standard import Standard
from ess_ray.core.settings import RestoreSettings

EXPORTS = "bucket"  # the word for where exports go


def restore_settings(config: Config, state_dir: Path, standard: Standard) -> RestoreSettings:
    """Freeze `restore` and the words `day`, `from` and `table` of `job=restore`.

    Raises ConfigError for `from` that is neither a folder nor, where exports go somewhere, `bucket`; for days that are
    none; for a table that is never exported.
    """
    tables = [*standard.tables, *FIXED_TABLES]
    if config.table is not None and config.table not in tables:
        raise ConfigError("table", f"{config.table!r} is none of {', '.join(tables)}")
    if config.last_day is not None:
        raise ConfigError("to", "belongs to job=export: several days are day=2026-11-20..2026-11-22 or day=all")
    first, last = ("", "") if config.day == "all" else days_of_word(config.day)
    return RestoreSettings(_store(config, state_dir), first, last, config.table, config.restore.run)


def _store(config: Config, state_dir: Path) -> StoreSettings:
    if config.from_ in (None, EXPORTS):
        store = export_store(config, state_dir)
        if store is None:
            raise ConfigError("from", f"say where the objects are: from=FOLDER, or from={EXPORTS} with {EXAMPLES}")
        return store
    folder = file_of(config.from_)
    if folder is None or not folder.is_dir():
        raise ConfigError("from", f"there is no folder {folder}: expected one with exported days, or {EXPORTS}")
    return FolderSettings(folder)
