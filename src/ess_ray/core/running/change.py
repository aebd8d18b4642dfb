"""What a new configuration changes while the job runs. Pure; `ess_ray.jobs.collect.reload` carries it out.

Devices, their maps and sites may change. Everything else holds for a whole run.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from ess_ray.core.errors import ConfigError
from ess_ray.core.samples import Device
from ess_ray.core.settings import Settings

CHANGEABLE = {"timezones", "devices", "maps", "map_trees"}


@dataclass(frozen=True, slots=True)
class Change:
    """The devices that come, go, or are polled differently (map, address, times)."""

    added: tuple[Device, ...]
    removed: tuple[Device, ...]
    changed: tuple[Device, ...]

    def __bool__(self) -> bool:
        """Whether there is something to do."""
        return bool(self.added or self.removed or self.changed)

    def __str__(self) -> str:
        """`added hilltop/pcs; changed hilltop/gateway`."""
        parts = (("added", self.added), ("removed", self.removed), ("changed", self.changed))
        return "; ".join(f"{word} {', '.join(map(str, devices))}" for word, devices in parts if devices)


def change(old: Settings, new: Settings) -> Change:
    """From one to the other. Raises ConfigError for a key that cannot change while the job runs."""
    for field in fields(Settings):
        if field.name not in CHANGEABLE and getattr(old, field.name) != getattr(new, field.name):
            raise ConfigError(field.name, "differs from what the job was started with: that needs a restart")
    for site, timezone in old.timezones.items():
        if new.timezones.get(site, timezone) != timezone:
            raise ConfigError(f"sites.{site}.timezone", f"was {timezone}: another one needs a restart")
    before = {settings.device: settings for settings in old.devices}
    after = {settings.device: settings for settings in new.devices}
    return Change(
        tuple(device for device in after if device not in before),
        tuple(device for device in before if device not in after),
        tuple(device for device in after if device in before and after[device] != before[device]),
    )
