"""The configuration, composed by Hydra of words of the command line, the files of `conf/` and the user's folder.

What wins: the words, then `ess_ray.yaml` of the user's folder, then the files that are chosen by name. Sites name their
maps; the maps' files are found in the group `map/` of the user's folder, then of the program's own, and composed as
`maps.NAME`. Of `standard/` one file is chosen, and those that the user's folder has beside it extend it. Every error is
a ConfigError of one line; none quotes a DSN.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import yaml
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf._utils import get_omega_conf_dumper
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from ess_ray.adapters.stores.kinds import CHOICES, KEYS
from ess_ray.config.device_schema import DeviceConfig
from ess_ray.config.files import ConfigFiles
from ess_ray.config.fleet import SITE as FLEET
from ess_ray.config.jobs import NEW
from ess_ray.config.messages import config_error
from ess_ray.config.own_sites import check_names, choose_sites, unchosen_sites
from ess_ray.config.paths import conf_folder
from ess_ray.config.plants_file import PlantsFile, read_plants_file
from ess_ray.config.schema import ALIASES, Config
from ess_ray.config.standards import own_standards
from ess_ray.config.yaml_source import SmallFiles, Tree, YamlFiles, plain_tree
from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.reuse import included_names

MASK = "********"
LARGE = ("maps.", "standard")  # words about maps and the standard, which are large
TEXTS = (  # taken as they are
    "state_dir", "run.summary", "report.file", "storage.dsn", "storage.dsn_file",
    "export.name", *(f"export.{key}" for key in KEYS),
    "cluster.token_file", "from", "sheet", "name", "device", "unit", "new.table", "new.ca_file",
)  # fmt: skip
WORD = re.compile(r"(?P<key>~?[A-Za-z0-9_.@/-]+)(?P<equals>=)?(?P<value>.*)", re.DOTALL)

ConfigStore.instance().store(name="schema", node=Config)  # as conf/config.yaml calls it
for _kind in CHOICES:  # the words export=local, export=gcs …
    ConfigStore.instance().store(group="export", name=_kind, node={"kind": _kind})


@dataclass(frozen=True)
class Composed:
    """The composed configuration, plain dataclasses and trees, and the folders that it came from, the user's first.

    `own`: what the user's ess_ray.yaml says; `words` may say something else. `unchosen`: a sentence about the user's
    sites that are left out; empty: there are none.
    """

    config: Config
    folders: tuple[Path, ...]
    standards: Mapping[str, Tree] = field(
        default_factory=dict
    )  # by place (`standard/mine.yaml`): what the user's folder has beside the chosen one
    own: PlantsFile = field(default_factory=PlantsFile)
    words: tuple[str, ...] = ()
    unchosen: str = ""
    home: Path | None = None  # the user's folder, which for job=new need not be there

    def to_yaml(self) -> str:
        """The configuration as YAML, secrets masked."""
        tree = asdict(self.config)
        if self.config.storage.dsn:
            tree["storage"]["dsn"] = MASK
        dumper = get_omega_conf_dumper()  # quotes texts that OmegaConf would read as something else
        text: str = yaml.dump(tree, Dumper=dumper, default_flow_style=False, allow_unicode=True, sort_keys=False)
        return text


def compose_config(overrides: Sequence[str], config_dir: Path | None = None) -> Composed:
    """Compose the configuration from words `key=value` and the files of `conf/` and of a folder of the user.

    Reads all files anew. Raises ConfigError for a folder that is not there, a file that is not YAML, an unknown key,
    group or option, a value that is missing or of the wrong type; bounds are checked by `config.load`. Hydra's state is
    global: one call at a time in a process.
    """
    there = config_dir is not None and config_dir.is_dir()
    if config_dir and not there and NEW not in overrides:
        raise ConfigError("--config-dir", f"there is no folder {config_dir}")
    folders = (*([config_dir.resolve()] if config_dir and there else []), conf_folder())
    if there:
        check_names(folders[0])
    own = read_plants_file(folders[0]) if there else PlantsFile()
    words = [_readable(number, word) for number, word in enumerate(overrides, 1)]
    try:
        config, standards = _compose_large(folders, choose_sites([*own.words(), *words], folders), own.tree(words))
    except ConfigError as error:
        raise own.located(error, words) from None
    unchosen = unchosen_sites(folders[0], config.sites) if there else ""
    return Composed(config, folders, standards, own, tuple(words), unchosen, config_dir)


def devices_of(config: Config) -> Iterator[tuple[str, str, DeviceConfig]]:
    """Site, name and settings of every device that has its own settings; the devices of a fleet are not among them."""
    for site, settings in config.sites.items():
        for name, device in settings.devices.items():
            yield site, name, device


def _compose_large(folders: Sequence[Path], words: Sequence[str], own: Tree) -> tuple[Config, dict[str, Tree]]:
    """The configuration with maps and standard, and the standards that the user's folder has beside the chosen one."""
    # Sites name their maps: a first pass, without what is large, says which.
    small = [word for word in words if not word.lstrip("~").startswith(LARGE)]
    files = ConfigFiles(folders, SmallFiles)
    config = _compose(files, small, own)
    standard = _chosen("standard", words) or files.default_option("standard")
    standards = own_standards(folders[0], standard) if len(folders) > 1 else {}
    names = _with_included(_missing_maps(config), config.maps, folders)
    large = None if len(small) < len(words) or config.standard else _read_large(standard, names, folders)
    if large is None:
        return _compose_maps(names, folders, words, own), standards
    config.standard, maps = large
    config.maps |= maps
    return config, standards


def _missing_maps(config: Config) -> list[str]:
    """The maps that devices name and that are not in the configuration yet. Raises ConfigError if others are in it."""
    fleet = {config.fleet.map} if FLEET in config.sites else set()
    named = {device.map for _, _, device in devices_of(config)} | fleet
    if unused := sorted(config.maps.keys() - named):
        raise ConfigError(f"maps.{unused[0]}", "no device of the chosen sites has this map")
    return sorted(named - config.maps.keys())


def _with_included(names: Sequence[str], trees: Mapping[str, Tree], folders: Sequence[Path]) -> list[str]:
    """The names of maps, and of those that they include, as far as there are files of them; `trees`: are there already.

    Maps that take Hydra to compose them are not looked into: see `_compose_maps`.
    """
    left: dict[str, None] = {}
    waiting = [*names, *(name for tree in trees.values() for name in included_names(tree))]
    while waiting:
        name = waiting.pop()
        if name in left or name in trees or (name not in names and not _files(f"map/{name}", folders)):
            continue
        left[name] = None
        waiting += included_names(_read_tree(f"map/{name}", folders) or {})
    return sorted(left)


def _compose_maps(names: Sequence[str], folders: Sequence[Path], words: Sequence[str], own: Tree) -> Config:
    """The configuration with these maps, by Hydra, and with whatever they turn out to include then."""
    while True:
        named = [f"+map@maps.{name}={name}" for name in names]
        config = _compose(ConfigFiles(folders, YamlFiles), [*named, *words], own)
        more = _with_included([], config.maps, folders)
        if not more:
            return config
        names = [*names, *more]


def _compose(files: ConfigFiles, words: Sequence[str], own: Tree) -> Config:
    """The configuration as plain dataclasses, references resolved. Raises ConfigError, also if a value is missing."""
    with _as_config_errors():
        config = files.compose(words, own)
        try:
            plain = OmegaConf.to_object(config)  # raises if a value refers to nothing, too
        except MissingMandatoryValue:
            raise ConfigError(min(OmegaConf.missing_keys(config)), "has to be given") from None
    assert isinstance(plain, Config)
    return plain


def _read_large(standard: str, maps: Sequence[str], folders: Sequence[Path]) -> tuple[Tree, dict[str, Tree]] | None:
    """Standard and maps as Hydra would add them, in a fraction of its time.

    None: one of them takes Hydra, because it is composed of other files, or if only for Hydra to complain.
    """
    trees = {name: _read_tree(f"map/{name}", folders) for name in maps}
    standard_tree = _read_tree(f"standard/{standard}", folders)
    if standard_tree is None:
        return None
    plain = {name: tree for name, tree in trees.items() if tree is not None}
    return (standard_tree, plain) if len(plain) == len(maps) else None


def _chosen(group: str, words: Sequence[str]) -> str:
    """The option of a group that the words name last; "" if none does."""
    return next((word.partition("=")[2] for word in reversed(words) if word.startswith(f"{group}=")), "")


def _read_tree(name: str, folders: Sequence[Path]) -> Tree | None:
    files = _files(name, folders)
    return plain_tree(files[0]) if files else None


def _files(name: str, folders: Sequence[Path]) -> list[Path]:
    return [file for folder in folders if (file := folder / f"{name}.yaml").is_file()]


@contextmanager
def _as_config_errors() -> Iterator[None]:
    """Errors of Hydra, OmegaConf and YAML as ConfigError.

    No cause is chained: Hydra's texts quote what was given, where a password may stand.
    """
    try:
        yield
    except (HydraException, OmegaConfBaseException, ValueError, yaml.YAMLError) as error:
        raise config_error(error) from None


# --- words ----------------------------------------------------------------------------------------------------------


def _readable(number: int, word: str) -> str:
    """The word as Hydra's grammar wants it; `number` counts words from 1.

    Raises ConfigError for a word that a person would read otherwise than Hydra.
    """
    parts = WORD.fullmatch(word)
    if not parts or (not parts["equals"] and not word.startswith("~")):
        # Not quoted: it may be a DSN.
        raise ConfigError(f"command line, setting {number}", "expected key=value")
    key, value = parts["key"], parts["value"]
    name = ALIASES.get(key, key)
    if key in TEXTS and value not in ("", "null") and value[:1] not in ("'", '"'):
        return f"{name}={_quoted(value)}"
    if key == "columns":
        return f"++{name}={value}"  # its keys are the user's
    if key in ALIASES:
        return f"{name}={value}"
    if "," in value and value[0] not in "[{'\"":
        raise ConfigError(key, "several values go into brackets, as in site=[sionyu,panri]; a text with commas in '…'")
    return word


def _quoted(text: str) -> str:
    """The text as Hydra's grammar quotes it: backslashes count only before a quote, and `${` would refer to a key."""
    escaped = re.sub(r"(\\*)('|$)", lambda match: 2 * match[1] + ("\\'" if match[2] else ""), text)
    return "'" + escaped.replace("${", "\\${") + "'"
