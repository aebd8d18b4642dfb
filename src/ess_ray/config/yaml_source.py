"""YAML files read with libyaml, several times as fast as OmegaConf reads them in Python: Hydra's sources, plain trees.

Called by `ess_ray.config.compose` alone. The rules (numbers, keys given twice) are OmegaConf's own.
"""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra.plugins.config_source import ConfigResult
from omegaconf import OmegaConf
from omegaconf._utils import get_yaml_loader

from ess_ray.adapters.local.plants_folder import path_in
from ess_ray.adapters.local.yaml_bounds import check_bounds
from ess_ray.config.device_schema import TlsConfig
from ess_ray.config.numbered import expand_devices
from ess_ray.config.rules import rule_of
from ess_ray.core.maps.addresses import ZEROS
from ess_ray.core.maps.registers import ROLES
from ess_ray.core.maps.sentinels import HEXADECIMAL

Tree: TypeAlias = dict[str, Any]  # of dicts, lists, texts, numbers, booleans and None

ADDRESSES = ("at", "readable", "words", *ROLES)  # keys of a map that hold addresses
TLS_FILES = frozenset(field.name for field in fields(TlsConfig) if rule_of(field).path)
HEADER = 512  # characters in which Hydra looks for `# @package`


class YamlFiles(FileConfigSource):
    """A folder of configuration files: `libyaml://FOLDER` in Hydra's search path."""

    @staticmethod
    def scheme() -> str:
        """The scheme of this source in addresses of Hydra's search path."""
        return "libyaml"

    def load_config(self, config_path: str) -> ConfigResult:
        """The tree of the file at `config_path` in the folder, with or without `.yaml`; the file has to be there.

        What libyaml does not take, Hydra's own source reads: its errors tell the right line. Raises ConfigError for a
        file that is beyond the bounds of `yaml_bounds`.
        """
        file = Path(self.path, self._normalize_file_name(config_path))
        text = file.read_text(encoding="utf-8")
        check_bounds(text, _shown(file))
        if (tree := _tree(text)) is None:
            return super().load_config(config_path)
        if config_path.startswith("site/"):
            tree = _counted_from(Path(self.path), expand_devices(tree, _shown(file)))
        header = self._get_header_dict(text[:HEADER])
        return ConfigResult(self.provider, self.full_path(), OmegaConf.create(tree), header)


class SmallFiles(YamlFiles):
    """The same folder with an empty standard: Hydra would load even one that is deleted with `~standard`."""

    @staticmethod
    def scheme() -> str:
        """The scheme of this source in addresses of Hydra's search path."""
        return "small"

    def load_config(self, config_path: str) -> ConfigResult:
        """The file's tree, as of `YamlFiles`; an empty one for a file in `standard/`."""
        if config_path.startswith("standard/"):
            return ConfigResult(self.provider, self.full_path(), OmegaConf.create({}), {"package": None})
        return super().load_config(config_path)


def plain_tree(file: Path) -> Tree | None:
    """The tree of a file as it is, not to be changed. None: it takes Hydra to compose it or to say what is wrong.

    Plain is a file that names no package and no defaults, and whose values are neither references (`${…}`) nor of a
    type that OmegaConf does not take. Raises ConfigError for a file that is beyond the bounds of `yaml_bounds`.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    check_bounds(text, _shown(file))
    return _plain_tree(text)


def load_tree(text: str) -> Any:
    """What the text says, None if nothing. Raises yaml.YAMLError or ValueError for what is not YAML."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506  # a SafeLoader


def _shown(file: Path) -> str:
    """A file as messages name it: with its group, `map/sionyu.yaml`."""
    return "/".join(file.parts[-2:])


def _counted_from(folder: Path, node: Any, tls: bool = False) -> Any:
    """What a site's file says, with the paths in it, which are those of TLS, as they count from the folder."""
    if not isinstance(node, dict):
        return node
    return {
        key: path_in(folder, value)
        if tls and key in TLS_FILES and isinstance(value, str) and value and "${" not in value
        else _counted_from(folder, value, key == "tls")
        for key, value in node.items()
    }


@lru_cache(maxsize=64)  # a reload composes the same files again
def _tree(text: str) -> Tree | None:
    """The tree of a text, not to be changed; None if libyaml does not take it or it is no mapping."""
    try:
        tree = load_tree(text)
    except (ValueError, yaml.YAMLError):
        return None
    return tree if isinstance(tree, dict) else None


@lru_cache(maxsize=16)
def _plain_tree(text: str) -> Tree | None:
    tree = _tree(text)
    if tree is None or "@package" in text or "defaults" in tree:
        return None
    return tree if all(isinstance(key, str) for key in tree) and _is_plain(tree) else None


def _is_plain(node: object) -> bool:
    """True if OmegaConf would hand the node back as it is."""
    if isinstance(node, dict):
        return all(isinstance(key, str | int | float) for key in node) and all(map(_is_plain, node.values()))
    if isinstance(node, list):
        return all(map(_is_plain, node))
    return "${" not in node if isinstance(node, str) else node is None or isinstance(node, int | float)


class _Loader(yaml.cyaml.CParser, get_yaml_loader()):  # type: ignore[misc]
    """OmegaConf's loader behind libyaml's parser, put together as yaml.CSafeLoader is."""

    def __init__(self, stream: str) -> None:
        yaml.cyaml.CParser.__init__(self, stream)
        yaml.constructor.SafeConstructor.__init__(self)
        yaml.resolver.Resolver.__init__(self)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping. What a map means otherwise than YAML stays text: a sentinel in hexadecimal digits
        (`core.maps.sentinels`), and an address with zeros in front (`core.maps.addresses`), which would be octal.
        """
        for key, value in node.value:
            pattern = HEXADECIMAL if key.value == "sentinel" else ZEROS if key.value in ADDRESSES else None
            for item in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if pattern and isinstance(item, yaml.ScalarNode) and pattern.fullmatch(item.value):
                    item.tag = "tag:yaml.org,2002:str"
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping
