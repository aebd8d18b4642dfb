"""The settings of `job=import`, checked: called by `config.load` alone. Errors: ConfigError that names the key."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ess_ray.adapters.local.plants_folder import USUAL
from ess_ray.config.schema import Config
from ess_ray.config.sunspec import sunspec_settings
from ess_ray.config.values import file_of
from ess_ray.core.errors import ConfigError
from ess_ray.core.importing.choices import Choices
from ess_ray.core.importing.names import plain_name
from ess_ray.core.settings import ImportSettings, SunSpecSettings


def import_settings(config: Config, folders: Sequence[Path]) -> ImportSettings | SunSpecSettings:
    """Freeze `importing` and the words `from`, `table` and `device` of `job=import`.

    `folders`: those of the configuration, the user's first if there is one. Raises ConfigError if there is no such file
    and for names that no map or table can have.
    """
    words, folder = config.importing, folders[0] if len(folders) > 1 else Path(USUAL)
    said = _name("name", words.name) if words.name else None
    if sunspec := sunspec_settings(config, said, folder):
        return sunspec
    file = file_of(config.from_)
    if file is None:
        raise ConfigError("from", "say which file: from=registers.xlsx (XLSX, CSV, YAML or TOML), or from=sunspec")
    if not file.is_file():
        raise ConfigError("from", f"there is no file {file}")
    columns = {str(role): str(column) for role, column in words.columns.items()}
    return ImportSettings(
        file,
        said or plain_name(f"{file.stem} {config.device or ''}", "device"),
        _name("table", config.table) if config.table else None,
        folder,
        words.encoding,
        Choices(columns, words.base, words.scale, words.order, words.function, words.sheet, config.device),
    )


def _name(key: str, name: str) -> str:
    if (plain := plain_name(name, "device")) != name:
        raise ConfigError(key, f"{name!r}: a name is a-z, then a-z, 0-9 and _; for example {plain}")
    return name
