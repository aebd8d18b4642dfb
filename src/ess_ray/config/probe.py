"""The settings of `job=probe`, checked: called by `ess_ray.config.load` alone.

Errors: ConfigError that names the key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from ess_ray.config.device_schema import DeviceConfig
from ess_ray.config.schema import Config, ProbeConfig
from ess_ray.config.values import freeze
from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.numbering import LAST_ADDRESS
from ess_ray.core.maps.registers import READ_HOLDING_REGISTERS
from ess_ray.core.settings import DeviceSettings, ProbeSettings

FIRST_REGISTERS = 64  # read of a device without a map
MOST_LISTED = 8  # devices in a message


def probe_settings(config: Config, devices: Sequence[DeviceSettings], simulated: bool) -> ProbeSettings:
    """Freeze `device` and `probe`: the configured device that is chosen, or the address of another one.

    Raises ConfigError if both are given; if `device` is none of `devices`, or is left out and they are not just one;
    and if a device that is not simulated has no host.
    """
    probe = config.probe
    if probe.host and config.device:
        raise ConfigError("probe.host", "a configured device has its own host: set device=… or probe.host=…, not both")
    device = None if probe.host else _chosen(config.device, devices)
    if device and not device.host and not simulated:
        raise ConfigError(f"sites.{device.device.site}.devices.{device.device.device}.host", "has to be given")
    address = device or probe
    return freeze(
        ProbeSettings,
        device or DeviceConfig(),  # with its times
        device=device,
        host=address.host or "",
        port=address.port,
        unit_id=address.unit_id,
        tls=device.tls if device else None,
        tolerate=device.tolerate if device else frozenset(),
        windows=_windows(probe, device),
        configured=_configured(config, device),
        requests_s=probe.rate,
        most_requests=probe.most_requests,
        most_connections=probe.connections,
    )


def _chosen(name: str | None, devices: Sequence[DeviceSettings]) -> DeviceSettings:
    by_name = {str(device.device): device for device in devices}
    if name is None and len(by_name) == 1:
        return next(iter(by_name.values()))
    if name in by_name:
        return by_name[name]
    listed = ", ".join([*by_name][:MOST_LISTED]) + (", …" if len(by_name) > MOST_LISTED else "")
    problem = "has to be given" if name is None else f"{name!r} is none of the devices of the chosen sites"
    raise ConfigError("device", f"{problem}: one of {listed}; or probe.host=… for one that is not configured")


def _configured(config: Config, device: DeviceSettings | None) -> dict[str, object]:
    """What the site's file says of the device that is not the default; of one that is not configured its address."""
    if device is None:
        given: dict[str, object] = {"map": "MAP", "host": config.probe.host}
        given |= {"port": config.probe.port, "unit_id": config.probe.unit_id}
    elif device.device.site in config.sites and device.device.device in config.sites[device.device.site].devices:
        given = asdict(config.sites[device.device.site].devices[device.device.device])
    else:
        given = {key: value for key, value in asdict(config.fleet).items() if key in asdict(DeviceConfig())}
        given |= {"host": device.host, "port": device.port}
    usual = asdict(DeviceConfig()) | {"port": 502}
    return {key: value for key, value in given.items() if value is not None and value != usual[key]}


def _windows(probe: ProbeConfig, device: DeviceSettings | None) -> tuple[tuple[int, int, int], ...]:
    """Function, first and last address of what is read: what is given, else what the map reads, else the first ones."""
    if (probe.function, probe.address, probe.count) == (None, None, None) and device:
        requests = device.plan.requests
        return tuple((request.function, request.address, request.address + request.count - 1) for request in requests)
    function = probe.function or (device.plan.requests[0].function if device else READ_HOLDING_REGISTERS)
    address = probe.address or 0
    count = FIRST_REGISTERS if probe.count is None else probe.count
    return ((function, address, min(address + count - 1, LAST_ADDRESS)),)
