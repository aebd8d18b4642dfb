"""The difference between two configurations, of which the job takes the new one while it runs (`jobs.collect.reload`).

Devices, their maps and sites may change. Every other setting holds as long as the job runs.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from ess_ray.core.errors import ConfigError
from ess_ray.core.samples import Device
from ess_ray.core.settings import Settings

CHANGEABLE = {"timezones", "devices", "maps", "map_trees"}


@dataclass(frozen=True, slots=True)
class Change:
    """The devices that are new, gone, or polled differently (map, address, times)."""

    added: tuple[Device, ...]
    removed: tuple[Device, ...]
    changed: tuple[Device, ...]

    def __bool__(self) -> bool:
        """True if any device is added, removed or changed."""
        return bool(self.added or self.removed or self.changed)

    def __str__(self) -> str:
        """As text: `added hilltop/pcs; changed hilltop/gateway`."""
        parts = (("added", self.added), ("removed", self.removed), ("changed", self.changed))
        return "; ".join(f"{word} {', '.join(map(str, devices))}" for word, devices in parts if devices)


def change(old: Settings, new: Settings) -> Change:
    """The change from `old` to `new`. Raises ConfigError for a key that cannot change while the job runs."""
    for field in fields(Settings):
        if field.name not in CHANGEABLE and getattr(old, field.name) != getattr(new, field.name):
            raise ConfigError(
                field.name,
                "differs from what the job was started with: stop the job and start it anew",
            )
    for site, timezone in old.timezones.items():
        if new.timezones.get(site, timezone) != timezone:
            raise ConfigError(
                f"sites.{site}.timezone",
                f"was {timezone} at the job's start: stop the job and start it anew",
            )
    before = {settings.device: settings for settings in old.devices}
    after = {settings.device: settings for settings in new.devices}
    return Change(
        tuple(device for device in after if device not in before),
        tuple(device for device in before if device not in after),
        tuple(device for device in after if device in before and after[device] != before[device]),
    )
