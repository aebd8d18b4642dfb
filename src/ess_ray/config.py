"""From the words of the command line to frozen `Settings`: composed by Hydra, checked once, before anything starts.

The only user of Hydra and OmegaConf. Sites name their maps; the maps' files are found in the group `map/` of the user's
folder (`--config-dir`), then of the program's own, and composed as `maps.NAME`. Every error is a ConfigError whose text
is one line with the key in front.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from hydra import compose
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ess_ray.adapters.yaml_lines import line_finder
from ess_ray.config_schema import Config
from ess_ray.core.errors import ConfigError
from ess_ray.core.mapfile import load_map
from ess_ray.core.plan import make_plan
from ess_ray.core.recipe import make_recipe
from ess_ray.core.registers import RegisterMap
from ess_ray.core.samples import Device
from ess_ray.core.settings import ClusterSettings, DeviceSettings, Settings, StorageSettings
from ess_ray.core.standard import Standard, load_standard
from ess_ray.paths import conf_folder

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")  # of sites, devices and maps: they become object and folder names
LEVELS = ("debug", "info", "warning", "error")
DSN_VARIABLE = "ESS_RAY_DSN"
MASK = "********"


@dataclass(frozen=True)
class Composed:
    """The composed configuration and the folders that it came from, the user's first."""

    config: DictConfig
    folders: tuple[Path, ...]

    def to_yaml(self) -> str:
        """As YAML, secrets masked."""
        shown = self.config.copy()
        if shown.storage.dsn:
            shown.storage.dsn = MASK
        return OmegaConf.to_yaml(shown)


def compose_config(overrides: Sequence[str], config_dir: Path | None = None) -> Composed:
    """Compose the configuration. Raises ConfigError for an unknown key, group, option or a value of the wrong type."""
    if config_dir is not None and not config_dir.is_dir():
        raise ConfigError("--config-dir", f"there is no folder {config_dir}")
    folders = (*([config_dir.resolve()] if config_dir else []), conf_folder())
    words = [_quote_dsn(word) for word in overrides]
    ConfigStore.instance().store(name="schema", node=Config)
    with _hydra(folders):
        # Sites name their maps: a first look, without what is large, says which; the second composes them too.
        large = ("maps.", "standard.", "standard=")
        first = _compose([*(word for word in words if not word.lstrip("+~").startswith(large)), "~standard"])
        names = sorted({device.map for _, _, device in _devices(first)})
        maps = [f"+map@maps.{name}={name}" for name in names if name not in first.maps]
        return Composed(_compose([*maps, *words]), folders)


def load_settings(composed: Composed, environment: Mapping[str, str]) -> Settings:
    """Check everything and freeze it. Raises ConfigError (MapError for a register map)."""
    config = composed.config
    source = _one_of("source.kind", config.source.kind, ("simulated", "plant"))
    _one_of("logging.level", config.logging.level, LEVELS)
    if not config.sites:
        raise ConfigError("site", "no site is chosen: say for example site=all")
    standard_tree = _plain(config.standard)
    standard = load_standard(standard_tree)
    map_trees = {str(name): _plain(tree) for name, tree in config.maps.items()}
    maps = {name: _load_map(name, tree, standard, composed.folders) for name, tree in map_trees.items()}
    devices = tuple(
        _device(site, name, device, maps[device.map], map_trees[device.map], source == "simulated")
        for site, name, device in _devices(config)
    )
    if not devices:
        raise ConfigError("sites", "none of the chosen sites has a device")
    storage = _storage(config, environment, source == "simulated")
    return Settings(
        state_dir=Path(config.state_dir).expanduser().absolute(),
        duration_us=None if config.run.duration_s is None else _us("run.duration_s", config.run.duration_s, 1.0),
        drain_us=_us("run.drain_s", config.run.drain_s, 0.0),
        summary=Path(config.run.summary).absolute() if config.run.summary else None,
        require_complete=config.run.require_complete,
        simulated=source == "simulated",
        seed=config.source.seed,
        log_level=config.logging.level,
        timezones={str(name): _timezone(str(name), site.timezone) for name, site in config.sites.items()},
        devices=devices,
        maps=maps,
        map_trees=map_trees,
        standard=standard,
        standard_tree=standard_tree,
        storage=storage,
        cluster=_cluster(config, storage),
    )


# --- composing ------------------------------------------------------------------------------------------------------


@contextmanager
def _hydra(folders: Sequence[Path]) -> Iterator[None]:
    path = create_config_search_path(str(folders[0]))
    for folder in folders[1:]:
        path.append("ess_ray", f"file://{folder}")
    GlobalHydra.instance().clear()
    Hydra.create_main_hydra2(task_name="ess_ray", config_search_path=path)
    try:
        yield
    finally:
        GlobalHydra.instance().clear()


def _compose(words: Sequence[str]) -> DictConfig:
    try:
        return compose("config", overrides=list(words))
    except (HydraException, OmegaConfBaseException) as error:
        raise _config_error(error) from error


def _config_error(error: Exception) -> ConfigError:
    """Hydra's several lines as one: the innermost OmegaConf error knows the key, a missing option lists the others."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OmegaConfBaseException) and cause.full_key:
            return ConfigError(cause.full_key, _first_line(cause))
        cause = cause.__cause__
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = str(error.missing_cfg_file).rpartition("/")
        known = ", ".join(sorted(error.options or ()))
        return ConfigError(group or "config", f"there is no {option!r}" + (f"; known: {known}" if known else ""))
    return ConfigError("command line", _first_line(error))


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0]


def _quote_dsn(word: str) -> str:
    """A DSN holds `=` and `?`, which Hydra's grammar wants in quotes: nobody should have to know that."""
    key, separator, value = word.partition("=")
    if key.lstrip("+") != "storage.dsn" or not separator or value[:1] in ("'", '"'):
        return word
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{key}='{escaped}'"


def _devices(config: DictConfig) -> Iterator[tuple[str, str, Any]]:
    for site, settings in config.sites.items():
        for name, device in settings.devices.items():
            if OmegaConf.is_missing(device, "map"):
                raise ConfigError(f"sites.{site}.devices.{name}.map", "the device needs a register map")
            yield str(site), str(name), device


# --- checking -------------------------------------------------------------------------------------------------------


def _load_map(name: str, tree: Mapping[str, object], standard: Standard, folders: Sequence[Path]) -> RegisterMap:
    files = [file for folder in folders if (file := folder / "map" / f"{name}.yaml").is_file()]
    return load_map(name, tree, standard, line_finder(files[0].read_text(encoding="utf-8")) if files else None)


def _device(
    site: str, name: str, config: Any, register_map: RegisterMap, tree: Mapping[str, object], simulated: bool
) -> DeviceSettings:
    key = f"sites.{site}.devices.{name}"
    for what, word in (("site", site), ("device", name)):
        if not NAME.fullmatch(word):
            raise ConfigError(key, f"the {what}'s name {word!r} may hold only a-z, 0-9, _ and -")
    if simulated and config.host:
        raise ConfigError(f"{key}.host", "a host is given but source=simulated plays the device: say source=plant")
    if not simulated and not config.host:
        raise ConfigError(f"{key}.host", "source=plant needs the device's host name or address")
    period_us = _us(f"{key}.period_s", config.period_s or register_map.period_s, 0.1, 86_400.0)
    return DeviceSettings(
        device=Device(site, name),
        map_name=register_map.name,
        host=config.host or "",
        port=_within(f"{key}.port", config.port, 1, 65535),
        unit_id=_within(f"{key}.unit_id", config.unit_id, 0, 255),
        plan=make_plan(register_map, config.max_registers, config.max_bits),
        recipe=make_recipe(register_map.name, tree, config.max_registers, config.max_bits),
        period_us=period_us,
        phase_us=_us(f"{key}.phase_s", config.phase_s, 0.0, period_us / 1e6),
        connect_timeout_us=_us(f"{key}.connect_timeout_s", config.connect_timeout_s, 0.01),
        timeout_us=_us(f"{key}.timeout_s", config.timeout_s, 0.01),
        poll_limit_us=_us(f"{key}.poll_limit_s", config.poll_limit_s or 2e-6 * period_us, 0.01),
        retries=_within(f"{key}.retries", config.retries, 0, 10),
        connect_pause_us=_us(f"{key}.connect_pause_s", config.connect_pause_s, 0.0),
        request_pause_us=_us(f"{key}.request_pause_s", config.request_pause_s, 0.0),
        keep_connection=config.keep_connection,
        backoff_max_us=_us(f"{key}.backoff_max_s", config.backoff_max_s, 0.0),
        park_retry_us=_us(f"{key}.park_retry_s", config.park_retry_s, 1.0),
    )


def _storage(config: DictConfig, environment: Mapping[str, str], simulated: bool) -> StorageSettings:
    kind = _one_of("storage.kind", config.storage.kind, ("embedded", "timescale"))
    dsn = _dsn(config.storage, environment) if kind == "timescale" else ""
    if kind == "timescale" and simulated and not config.storage.allow_simulated:
        raise ConfigError(
            "storage.allow_simulated",
            "simulated samples would go into a real database: say storage.allow_simulated=true if you mean it",
        )
    return StorageSettings(
        kind=kind,
        dsn=dsn,
        allow_simulated=config.storage.allow_simulated,
        late_us=_us("storage.late_s", config.storage.late_s, 0.0),
        chunk_us=_us("storage.chunk_h", 3600 * config.storage.chunk_h, 60.0),
        compress_after_us=_us("storage.compress_after_h", 3600 * config.storage.compress_after_h, 0.0),
    )


def _dsn(storage: Any, environment: Mapping[str, str]) -> str:
    if storage.dsn:
        return str(storage.dsn)
    if storage.dsn_file:
        try:
            return Path(storage.dsn_file).expanduser().read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError("storage.dsn_file", f"cannot be read: {error.strerror}") from error
    if environment.get(DSN_VARIABLE):
        return environment[DSN_VARIABLE]
    raise ConfigError("storage.dsn", f"storage=timescale needs a server: set {DSN_VARIABLE}=postgresql://user@host/db")


def _cluster(config: DictConfig, storage: StorageSettings) -> ClusterSettings:
    if config.cluster.address and storage.kind == "embedded":
        raise ConfigError("cluster.address", "the embedded database serves one machine only: use storage=timescale")
    per_actor: str = config.cluster.devices_per_actor
    if per_actor != "auto" and not (per_actor.isdecimal() and int(per_actor) > 0):
        raise ConfigError("cluster.devices_per_actor", f"{per_actor!r} is neither auto nor a number above 0")
    return ClusterSettings(
        address=config.cluster.address,
        devices_per_actor=None if per_actor == "auto" else int(per_actor),
        normalisers=_within("cluster.normalisers", config.cluster.normalisers, 1, 64),
        outbox_bytes=_within("cluster.outbox_mb", config.cluster.outbox_mb, 1, 65536) << 20,
        dashboard_port=_within("cluster.dashboard_port", config.cluster.dashboard_port, 0, 65535),
    )


def _plain(node: Any) -> dict[str, object]:
    return cast(dict[str, object], OmegaConf.to_container(node, resolve=True))


def _one_of(key: str, value: str, known: Sequence[str]) -> str:
    if value not in known:
        raise ConfigError(key, f"{value!r} is none of {', '.join(known)}")
    return value


def _within(key: str, value: int, least: int, most: int) -> int:
    if not least <= value <= most:
        raise ConfigError(key, f"{value} is not within {least} to {most}")
    return value


def _us(key: str, value_s: float, least_s: float, most_s: float = 1e9) -> int:
    if not least_s <= value_s <= most_s:
        raise ConfigError(key, f"{value_s:g} s is not within {least_s:g} to {most_s:g} s")
    return round(value_s * 1e6)


def _timezone(site: str, name: str) -> str:
    key = f"sites.{site}.timezone"
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(key, f"there is no time zone {name!r}: say for example Asia/Seoul") from error
    return name


def environment() -> Mapping[str, str]:
    """The process's environment, read once at the door."""
    return dict(os.environ)
