"""Hydra's composition of configuration files, without Hydra's own configuration (its logging, sweeps and help).

Called by `ess_ray.config.compose` alone. Hydra's public `compose` adds its own configuration and deletes it again, and
copies all that it has before it begins: that is half of its time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import ConfigRepository
from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra._internal.core_plugins.structured_config_source import StructuredConfigSource
from hydra._internal.defaults_list import create_defaults_list
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.default_element import GroupDefault
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import setup_globals
from hydra.plugins.config_source import ConfigResult
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from ess_ray.config.yaml_source import YamlFiles

ROOT = "config"  # the file that the composition begins with


class ConfigFiles(ConfigLoaderImpl):
    """The configuration files of some folders, of two with the same name that of the first folder; each is read once.

    `source` reads them. What `hydra.core.config_store` holds comes behind the last folder.
    """

    def __init__(self, folders: Sequence[Path], source: type[YamlFiles]) -> None:
        for kind in (source, StructuredConfigSource):
            SourcesRegistry.instance().register(kind)
        setup_globals()  # makes ${now:…} known
        path = ConfigSearchPathImpl()
        for folder in folders:
            path.append("main", f"{source.scheme()}://{folder}")
        path.append("schema", f"{StructuredConfigSource.scheme()}://")
        super().__init__(path)
        self.repository = _ReadOnce(path)

    def compose(self, words: Sequence[str], own: Mapping[str, Any]) -> DictConfig:
        """The configuration that `config.yaml` and the words `key=value` ask for, closed for unknown keys. Once only.

        `own`: a tree of values that win over those of the files, and the words over them. Raises Hydra's and
        OmegaConf's errors, and those of YAML.
        """
        overrides = OverridesParser.create().parse_overrides(list(words))
        self.validate_sweep_overrides_legal(overrides, RunMode.RUN, from_shell=False)
        chosen = create_defaults_list(self.repository, ROOT, overrides, prepend_hydra=False, skip_missing=False)
        config = self._compose_config_from_defaults_list(chosen.defaults, self.repository)
        if own:
            config.merge_with(own)
        OmegaConf.set_struct(config, True)
        self._apply_overrides_to_config(chosen.config_overrides, config)
        return config

    def default_option(self, group: str) -> str:
        """The option that the defaults of `config.yaml` name for a group; empty if they name none."""
        config = self.repository.load_config(ROOT)
        defaults = (config.defaults_list if config else None) or []
        options = (entry.value for entry in defaults if isinstance(entry, GroupDefault) and entry.group == group)
        return str(next(options, ""))


class _ReadOnce(ConfigRepository):
    """Files by their names without `.yaml`, as `site/all`, each read when it is first asked for."""

    def __init__(self, path: ConfigSearchPathImpl) -> None:
        super().__init__(path)
        self._loaded: dict[str, ConfigResult | None] = {}

    def load_config(self, config_path: str) -> ConfigResult | None:
        """The file with its defaults; None if no folder has it."""
        if config_path not in self._loaded:
            self._loaded[config_path] = super().load_config(config_path)
        return self._loaded[config_path]
