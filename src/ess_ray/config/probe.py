"""The settings of `job=check` and `job=probe`, checked: called by `ess_ray.config.load` alone.

Errors: ConfigError that names the key.
"""

from __future__ import annotations

from collections.abc import Sequence

from ess_ray.config.schema import Config, ProbeConfig
from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.registers import LAST_ADDRESS, READ_HOLDING_REGISTERS
from ess_ray.core.settings import DeviceSettings, ProbeSettings

FORMATS = ("terminal", "json")
FIRST_LOOK = 64  # registers of a device about which nothing is known
MOST_REQUESTS, MOST_RATE, MOST_CONNECTIONS = 100_000, 1000.0, 64


def check_format(config: Config) -> str:
    """Of `job=check`."""
    if config.check.format not in FORMATS:
        raise ConfigError("check.format", f"{config.check.format!r} is none of {', '.join(FORMATS)}")
    return config.check.format


def probe_settings(config: Config, devices: Sequence[DeviceSettings], simulated: bool) -> ProbeSettings:
    """Freeze `device` and `probe`."""
    probe = config.probe
    device = None if probe.host else _chosen(config.device, devices)
    if device and not device.host and not simulated:
        raise ConfigError(f"sites.{device.device.site}.devices.{device.device.device}.host", "has to be given")
    if probe.host and config.device:
        raise ConfigError("probe.host", "a configured device has its own host: say device=… or probe.host=…, not both")
    _within("probe.port", probe.port, 1, 65535)
    _within("probe.unit_id", probe.unit_id, 0, 255)
    _within("probe.rate", probe.rate, 0.1, MOST_RATE)
    _within("probe.most_requests", probe.most_requests, 1, MOST_REQUESTS)
    _within("probe.connections", probe.connections, 1, MOST_CONNECTIONS)
    windows = _windows(probe, device)
    if device is None:
        return ProbeSettings(
            None, probe.host or "", probe.port, probe.unit_id, windows, probe.rate, probe.most_requests,
            probe.connections,
        )  # fmt: skip
    return ProbeSettings(
        device, device.host, device.port, device.unit_id, windows, probe.rate, probe.most_requests, probe.connections,
        device.timeout_us, device.connect_timeout_us, device.connect_pause_us,
    )  # fmt: skip


def _chosen(name: str | None, devices: Sequence[DeviceSettings]) -> DeviceSettings:
    known = {str(device.device): device for device in devices}
    if name is None and len(known) == 1:
        return next(iter(known.values()))
    if name in known:
        return known[name]
    listed = ", ".join([*known][:8]) + (", …" if len(known) > 8 else "")
    problem = "has to be given" if name is None else f"{name!r} is none of the devices of the chosen sites"
    raise ConfigError("device", f"{problem}: one of {listed}; or probe.host=… for one that is not configured")


def _windows(probe: ProbeConfig, device: DeviceSettings | None) -> tuple[tuple[int, int, int], ...]:
    """What is asked for, else what the map reads, else the first registers."""
    if (probe.function, probe.address, probe.count) == (None, None, None) and device:
        return tuple((one.function, one.address, one.address + one.count - 1) for one in device.plan.requests)
    function = probe.function or (device.plan.requests[0].function if device else READ_HOLDING_REGISTERS)
    _within("probe.function", function, 1, 4)
    address = probe.address or 0
    _within("probe.address", address, 0, LAST_ADDRESS)
    count = FIRST_LOOK if probe.count is None else probe.count
    _within("probe.count", count, 1, LAST_ADDRESS + 1)
    return ((function, address, min(address + count - 1, LAST_ADDRESS)),)


def _within(key: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ConfigError(key, f"{value:g} is not within {least:g} to {most:g}")
