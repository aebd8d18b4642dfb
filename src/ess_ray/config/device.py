"""The settings of devices, checked: called by `ess_ray.config.load` alone. Errors: ConfigError that names the key.

A further setting of a device is a field of `DeviceConfig` and the field of the same name of `DeviceSettings`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ess_ray.config.cluster import placement
from ess_ray.config.compose import devices_of
from ess_ray.config.device_schema import DeviceConfig, TlsConfig
from ess_ray.config.fleet import FIRST, check_chosen, fleet_devices
from ess_ray.config.maps import DeviceMaps
from ess_ray.config.schema import Config
from ess_ray.config.values import check_group, check_range, file_of, freeze
from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.mapcheck import location
from ess_ray.core.maps.plan import Plan, make_plan
from ess_ray.core.maps.rates import seconds
from ess_ray.core.maps.recipe import make_recipe
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.polling.framing import Tolerance
from ess_ray.core.polling.framings import FRAMINGS
from ess_ray.core.samples import Device
from ess_ray.core.settings import DeviceSettings, TlsSettings

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")  # of sites and devices: they become names of objects and folders
PORT, TLS_PORT = 502, 802  # of Modbus TCP, and of Modbus/TCP Security: MB-TCP-Security-v21
PERIODS = 2  # that a poll may take unless its limit is given


def device_settings(config: Config, maps: DeviceMaps) -> list[DeviceSettings]:
    """All devices of the sites, and those of the fleet; `maps` then holds their maps.

    A host that is not given is empty here: see `check_hosts`. Raises ConfigError for a value that cannot be used, and
    if devices behind one host and port differ in placement, framing, TLS or `tolerate`.
    """
    devices = []
    for site, name, device in devices_of(config):
        key = f"sites.{site}.devices.{name}"
        nodes = placement(f"sites.{site}", config.sites[site].placement, name, device.placement)
        devices.append(_device(key, Device(site, name), device, nodes, maps))
    if check_chosen(config):
        nodes = placement("fleet", config.fleet.placement)
        first = _device("fleet", FIRST, config.fleet, nodes, maps)
        devices.extend(fleet_devices(config.fleet, first))
    _check_shared_connections(devices)
    return devices


def check_hosts(config: Config, simulated: bool) -> None:
    """Raises ConfigError if a device has no host, or has one although it is simulated, or if there is no device."""
    hosts = {f"sites.{site}.devices.{name}.host": device.host for site, name, device in devices_of(config)}
    if config.fleet.devices:
        hosts["fleet.host"] = config.fleet.host
    if not hosts:
        raise ConfigError("sites", "none of the chosen sites has a device")
    for key, host in hosts.items():
        if simulated and host and not config.source.ignore_hosts:
            problem = "a host is given but source=simulated plays the device: set source=plant to read it"
            raise ConfigError(key, f"{problem}, or source.ignore_hosts=true to play it all the same")
        if not simulated and not host:
            raise ConfigError(key, "source=plant needs the device's host name or address")


def _device(
    key: str,
    device: Device,
    config: DeviceConfig,
    nodes: frozenset[str],
    maps: DeviceMaps,
) -> DeviceSettings:
    for what, name in (("site", device.site), ("device", device.device)):
        if not NAME.fullmatch(name):
            raise ConfigError(key, f"the {what}'s name {name!r} may hold only a-z, 0-9, _ and -")
    check_group(key, config)
    register_map = maps.of(key, device.site, config)
    period_s = register_map.period_s if config.period_s is None else config.period_s
    check_range(f"{key}.period_s", period_s, 0.1, 86_400)
    check_range(f"{key}.phase_s", config.phase_s, 0, period_s)
    if config.requests_at_once > 1 and config.request_pause_s:
        raise ConfigError(
            f"{key}.requests_at_once",
            "is above 1, but request_pause_s puts a pause between requests: give one of the two",
        )
    poll_limit_s = PERIODS * period_s if config.poll_limit_s is None else config.poll_limit_s
    plan = _plan(key, register_map, config)
    _check_rates(f"{key}.period_s", round(period_s * 1e6), plan, register_map)
    return freeze(
        DeviceSettings,
        config,
        device=device,
        map_name=register_map.name,
        host=config.host or "",
        port=config.port or (TLS_PORT if config.framing == "tls" else PORT),
        plan=plan,
        recipe=make_recipe(
            register_map, maps.trees[register_map.name], config.max_registers, config.max_bits, config.borders
        ),
        period_us=round(period_s * 1e6),
        poll_limit_us=round(poll_limit_s * 1e6),
        tls=_tls(key, config),
        tolerate=_tolerate(key, config),
        placement=nodes,
    )


def _check_rates(key: str, period_us: int, plan: Plan, register_map: RegisterMap) -> None:
    """Raise ConfigError unless all ticks of each block are ticks of the device, or the other way round."""
    for of_block_us in filter(None, plan.periods_us):
        if of_block_us % period_us and period_us % of_block_us:
            value = next(value for value in register_map.values if value.period_us == of_block_us)
            problem = (
                f"is {seconds(period_us)}, but {location(register_map.name, value.line, value.address)} is read every "
                f"{seconds(of_block_us)}: one of the two has to be a whole multiple of the other"
            )
            raise ConfigError(key, problem)


def _plan(key: str, register_map: RegisterMap, config: DeviceConfig) -> Plan:
    try:
        return make_plan(register_map, config.max_registers, config.max_bits, config.borders)
    except ConfigError as error:
        named = error.key in ("max_registers", "max_bits", "borders")
        raise ConfigError(f"{key}.{error.key}" if named else error.key, error.problem) from error


def _tolerate(key: str, config: DeviceConfig) -> frozenset[str]:
    """What the device may get wrong. Raises ConfigError for what its framing does not have, or cannot tell apart."""
    framing, tolerate = FRAMINGS[config.framing], frozenset(config.tolerate)
    if needless := sorted(tolerate - framing.tolerable):
        raise ConfigError(f"{key}.tolerate", f"{needless[0]}: replies with framing={config.framing} have none")
    if config.requests_at_once > 1 and not (framing.numbered and Tolerance.TRANSACTION_ID not in tolerate):
        why = f"tolerate={Tolerance.TRANSACTION_ID}" if framing.numbered else f"framing={config.framing}"
        raise ConfigError(f"{key}.requests_at_once", f"is above 1, but {why} lets no reply be told from another: set 1")
    return tolerate


def _tls(key: str, config: DeviceConfig) -> TlsSettings | None:
    tls = config.tls
    if config.framing != "tls":
        if tls != TlsConfig():
            raise ConfigError(f"{key}.tls", "belongs to framing=tls: set that, or leave it out")
        return None
    for name, other in (("certificate_file", "key_file"), ("key_file", "certificate_file")):
        if getattr(tls, name) and not getattr(tls, other):
            raise ConfigError(f"{key}.tls.{other}", f"has to be given with {name}; it may be the same file")
    return TlsSettings(
        file_of(tls.ca_file), file_of(tls.certificate_file), file_of(tls.key_file), tls.server_name or ""
    )


def check_tls(devices: Iterable[DeviceSettings]) -> None:
    """Reads the files of TLS as the poller will, each once. Raises ConfigError that names device and key."""
    seen: set[TlsSettings] = set()
    for device in devices:
        if device.tls and device.tls not in seen:
            from ess_ray.adapters.modbus.tls import client_context  # most configurations need none of it

            seen.add(device.tls)
            try:
                client_context(device.tls)
            except ConfigError as error:
                raise ConfigError(f"{_key(device.device)}.tls.{error.key}", error.problem) from error


def _key(device: Device) -> str:
    return "fleet" if device == FIRST else f"sites.{device.site}.devices.{device.device}"


def _check_shared_connections(devices: Iterable[DeviceSettings]) -> None:
    """Raises ConfigError if devices of one connection (host and port) differ in what belongs to that."""
    first: dict[tuple[str, int], DeviceSettings] = {}
    for device in devices:
        other = first.setdefault(device.endpoint, device)
        for name in ("placement", "framing", "tls", "tolerate", "connections"):
            if device.host and getattr(device, name) != getattr(other, name):
                key = f"{_key(device.device)}.{name}"
                raise ConfigError(key, f"differs from that of {other.device}, which is behind the same host and port")
