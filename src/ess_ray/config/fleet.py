"""`site=fleet`: many devices of one kind at one address without a file, or a pass through OmegaConf, for each.

Called by `ess_ray.config.load` and `ess_ray.config.compose` alone. Errors: ConfigError that names the key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ess_ray.config.device_schema import FleetConfig
from ess_ray.config.schema import Config
from ess_ray.core.errors import ConfigError
from ess_ray.core.samples import Device
from ess_ray.core.settings import DeviceSettings

SITE = "fleet"  # as conf/site/fleet.yaml calls it
FIRST = Device(SITE, "d0000")  # all others are made like it
LAST_PORT = 65535


def check_chosen(config: Config) -> bool:
    """True if there is a fleet. Raises ConfigError if settings of a fleet are given without `site=fleet`."""
    chosen = SITE in config.sites
    if not chosen and config.fleet != FleetConfig():
        raise ConfigError("fleet", "is for many devices of one kind: set site=fleet")
    return chosen


def fleet_devices(fleet: FleetConfig, first: DeviceSettings) -> Iterator[DeviceSettings]:
    """The devices of the fleet: as `first`, but for names and ports, which count up, and phases, which are spread.

    Raises ConfigError, when the iteration begins, if there is none or too many for the ports, or if the phases leave
    the period.
    """
    most = LAST_PORT + 1 - first.port
    if not 1 <= fleet.devices <= most:
        raise ConfigError("fleet.devices", f"{fleet.devices} is not within 1 to {most}: from fleet.port up, one a port")
    longest_s = (first.period_us - first.phase_us) / 1e6
    if not 0 <= fleet.spread_s <= longest_s:
        problem = f"{fleet.spread_s:g} s is not within 0 to {longest_s:g} s, the period without fleet.phase_s"
        raise ConfigError("fleet.spread_s", problem)
    for number in range(fleet.devices):
        yield replace(
            first,
            device=Device(SITE, f"d{number:04d}"),
            port=first.port + number,
            phase_us=first.phase_us + round(1e6 * fleet.spread_s * number / fleet.devices),
        )
