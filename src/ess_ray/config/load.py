"""From the composed configuration to frozen `Settings`: checked once, at the door, before anything starts.

Every error is a ConfigError: one line with the key in front.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from ess_ray.adapters.local.yaml_lines import line_finder
from ess_ray.adapters.postgres.connect import check_dsn
from ess_ray.config.cluster import check_lines, cluster_settings, placement
from ess_ray.config.compose import Composed, devices_of
from ess_ray.config.export import export_settings
from ess_ray.config.fleet import FIRST, check_chosen, fleet_devices
from ess_ray.config.jobs import find_job
from ess_ray.config.probe import check_format, probe_settings
from ess_ray.config.report import report_settings
from ess_ray.config.schema import Config, DeviceConfig, StorageConfig
from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.plan import make_plan
from ess_ray.core.maps.recipe import make_recipe
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.standard import Standard, load_standard
from ess_ray.core.samples import Device
from ess_ray.core.settings import DeviceSettings, JournalLimits, PageSettings, Settings, StorageSettings

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")  # of sites, devices and maps: they become object and folder names
LEVELS = ("debug", "info", "warning", "error")
DSN_VARIABLE = "ESS_RAY_DSN"


def load_settings(composed: Composed, environment: Mapping[str, str]) -> Settings:
    """Check everything and freeze it. Raises ConfigError (MapError for a register map)."""
    config = composed.config
    source = _one_of("source.kind", config.source.kind, ("simulated", "plant"))
    job = find_job(config.job)
    has_no_site = job.devices == "one" and bool(config.probe.host)
    simulated = job.devices != "none" and source == "simulated" and not has_no_site
    _one_of("logging.level", config.logging.level, LEVELS)
    if not config.sites:
        raise ConfigError("site", "no site is chosen: say for example site=all")
    standard = load_standard(config.standard)
    maps = {name: _load_map(name, tree, standard, composed.folders) for name, tree in config.maps.items()}
    devices = _devices(config, maps)
    if job.devices == "all":  # a report asks the database only, also about what is gone
        _check_source(config, simulated)
    storage = _storage(config, environment, simulated, job.database)
    return Settings(
        job=job.name,
        state_dir=_state_dir(config.state_dir),
        duration_us=None if config.run.duration_s is None else _us("run.duration_s", config.run.duration_s, 1.0),
        drain_us=_us("run.drain_s", config.run.drain_s, 0.0),
        summary=_file("run.summary", config.run.summary),
        require_complete=config.run.require_complete,
        simulated=simulated,
        seed=config.source.seed,
        log_level=config.logging.level,
        timezones={name: _timezone(name, site.timezone) for name, site in config.sites.items()},
        devices=tuple(devices),
        maps=maps,
        map_trees=config.maps,
        standard=standard,
        standard_tree=config.standard,
        storage=storage,
        journal=_journal(config),
        cluster=cluster_settings(config, simulated),
        report=report_settings(config.day, config.report),
        export=export_settings(config, _state_dir(config.state_dir), standard, job.name),
        page=_page(config),
        check_format=check_format(config),
        probe=probe_settings(config, devices, simulated) if job.devices == "one" else None,
    )


# --- checking -------------------------------------------------------------------------------------------------------


def _load_map(name: str, tree: Mapping[str, object], standard: Standard, folders: Sequence[Path]) -> RegisterMap:
    files = [file for folder in folders if (file := folder / "map" / f"{name}.yaml").is_file()]
    return load_map(name, tree, standard, line_finder(files[0].read_text(encoding="utf-8")) if files else None)


def _check_source(config: Config, simulated: bool) -> None:
    hosts = {f"sites.{site}.devices.{name}.host": device.host for site, name, device in devices_of(config)}
    if config.fleet.devices:
        hosts["fleet.host"] = config.fleet.host
    if not hosts:
        raise ConfigError("sites", "none of the chosen sites has a device")
    for key, host in hosts.items():
        if simulated and host:
            raise ConfigError(key, "a host is given but source=simulated plays the device: say source=plant")
        if not simulated and not host:
            raise ConfigError(key, "source=plant needs the device's host name or address")


def _devices(config: Config, maps: Mapping[str, RegisterMap]) -> list[DeviceSettings]:
    """Those of the sites, and the fleet's."""
    devices = [
        replace(
            _device(f"sites.{site}.devices.{name}", Device(site, name), device, maps, config.maps),
            placement=placement(f"sites.{site}", config.sites[site].placement, name, device.placement),
        )
        for site, name, device in devices_of(config)
    ]
    if check_chosen(config):
        first = _device("fleet", FIRST, config.fleet, maps, config.maps)
        first = replace(first, placement=placement("fleet", config.fleet.placement))
        devices.extend(fleet_devices(config.fleet, first))
    check_lines(devices)
    return devices


def _device(
    key: str,
    device: Device,
    config: DeviceConfig,
    maps: Mapping[str, RegisterMap],
    trees: Mapping[str, Mapping[str, object]],
) -> DeviceSettings:
    for what, word in (("site", device.site), ("device", device.device)):
        if not NAME.fullmatch(word):
            raise ConfigError(key, f"the {what}'s name {word!r} may hold only a-z, 0-9, _ and -")
    register_map = maps[config.map]
    max_registers = _within(f"{key}.max_registers", config.max_registers, 1, 125)
    max_bits = _within(f"{key}.max_bits", config.max_bits, 1, 2000)
    period_us = _us(f"{key}.period_s", config.period_s or register_map.period_s, 0.1, 86_400.0)
    return DeviceSettings(
        device=device,
        map_name=register_map.name,
        host=config.host or "",
        port=_within(f"{key}.port", config.port, 1, 65535),
        unit_id=_within(f"{key}.unit_id", config.unit_id, 0, 255),
        plan=make_plan(register_map, max_registers, max_bits),
        recipe=make_recipe(register_map.name, trees[config.map], max_registers, max_bits),
        period_us=period_us,
        phase_us=_us(f"{key}.phase_s", config.phase_s, 0.0, period_us / 1e6),
        connect_timeout_us=_us(f"{key}.connect_timeout_s", config.connect_timeout_s, 0.01),
        timeout_us=_us(f"{key}.timeout_s", config.timeout_s, 0.01),
        poll_limit_us=_us(f"{key}.poll_limit_s", config.poll_limit_s or 2e-6 * period_us, 0.01),
        retries=_within(f"{key}.retries", config.retries, 0, 10),
        connect_pause_us=_us(f"{key}.connect_pause_s", config.connect_pause_s, 0.0),
        request_pause_us=_us(f"{key}.request_pause_s", config.request_pause_s, 0.0),
        requests_at_once=_at_once(key, config),
        keep_connection=config.keep_connection,
        backoff_max_us=_us(f"{key}.backoff_max_s", config.backoff_max_s, 0.0),
        park_retry_us=_us(f"{key}.park_retry_s", config.park_retry_s, 1.0),
    )


def _at_once(key: str, config: DeviceConfig) -> int:
    """1 to 16: what a server may be made for (MODBUS Messaging on TCP/IP, NumberMaxOfServerTransaction)."""
    at_once = _within(f"{key}.requests_at_once", config.requests_at_once, 1, 16)
    if at_once > 1 and config.request_pause_s:
        raise ConfigError(f"{key}.requests_at_once", "requests with a pause between them cannot go out at once")
    return at_once


def _storage(config: Config, environment: Mapping[str, str], simulated: bool, database: bool) -> StorageSettings:
    kind = _one_of("storage.kind", config.storage.kind, ("embedded", "timescale"))
    for name in ("dsn", "dsn_file"):
        if kind == "embedded" and getattr(config.storage, name):
            raise ConfigError(f"storage.{name}", "a server is given, but storage=embedded: say storage=timescale")
    needed = kind == "timescale" and database
    dsn = _dsn(config.storage, environment) if needed else ""
    if needed and simulated and not config.storage.allow_simulated:
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


def _dsn(storage: StorageConfig, environment: Mapping[str, str]) -> str:
    if storage.dsn:
        key, dsn = "storage.dsn", storage.dsn
    elif storage.dsn_file:
        key, file = "storage.dsn_file", Path(storage.dsn_file).expanduser()
        try:
            dsn = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(key, f"{file} cannot be read: {getattr(error, 'strerror', 'not a text')}") from None
    else:
        key, dsn = DSN_VARIABLE, environment.get(DSN_VARIABLE, "")
        if not dsn:
            told = f"storage=timescale needs a server: set {DSN_VARIABLE}=postgresql://user@host/database"
            raise ConfigError("storage.dsn", told)
    check_dsn(key, dsn)
    return dsn


def _journal(config: Config) -> JournalLimits:
    return JournalLimits(
        capacity_bytes=_within("journal.max_mb", config.journal.max_mb, 1, 1 << 30) << 20,
        max_age_us=_us("journal.max_age_h", 3600 * config.journal.max_age_h, 60.0),
        sync=_one_of("journal.sync", config.journal.sync, ("full", "normal")),
    )


def _page(config: Config) -> PageSettings:
    host, port = config.page.host, config.page.port
    if not host:
        raise ConfigError("page.host", "expected a name or an address of this machine; page.port=null: no page")
    return PageSettings(host, None if port is None else _within("page.port", port, 0, 65535))


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
        raise ConfigError(key, f"{value_s:g} s is not within {least_s:g} to {most_s:.10g} s")
    return round(value_s * 1e6)


def _state_dir(text: str) -> Path:
    if not text:
        raise ConfigError("state_dir", "expected a folder; it is made if it is not there")
    return Path(text).expanduser().absolute()


def _file(key: str, text: str | None) -> Path | None:
    """A file to be written at the end of a run: what can be known to fail fails now."""
    if not text:
        return None
    file = Path(text).expanduser().absolute()
    if not file.parent.is_dir():
        raise ConfigError(key, f"there is no folder {file.parent}")
    if file.is_dir():
        raise ConfigError(key, f"{file} is a folder; expected a file")
    return file


def _timezone(site: str, name: str) -> str:
    key = f"sites.{site}.timezone"
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(key, f"there is no time zone {name!r}: say for example Asia/Seoul") from error
    return name


def environment() -> Mapping[str, str]:
    """The process's environment, read once at the door; what is started later does not inherit the password."""
    variables = dict(os.environ)
    os.environ.pop(DSN_VARIABLE, None)
    return variables
