"""The difference between two configurations, of which the job takes the new one while it runs (`jobs.collect.reload`).

Devices, their maps and sites may change, and the columns of the user's own. Every other setting holds as long as the
job runs.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.standard import Standard
from ess_ray.core.samples import Device
from ess_ray.core.settings import Settings

CHANGEABLE = {"timezones", "devices", "maps", "map_trees", "standard", "own", "unchosen_sites"}
WAYS = {
    "standard_tree": "stop the job and start it anew, or put new columns into a map or into another file of standard/"
}
ANEW = "stop the job and start it anew"


@dataclass(frozen=True, slots=True)
class Change:
    """The devices that are new, gone, or polled differently (map, address, times), and whether the standard is another.

    `columns`: those that are new in the standard, as `pcs.starts`.
    """

    added: tuple[Device, ...]
    removed: tuple[Device, ...]
    changed: tuple[Device, ...]
    columns: tuple[str, ...] = ()
    standard: bool = False

    def __bool__(self) -> bool:
        """True if any device is added, removed or changed, or the standard is."""
        return bool(self.added or self.removed or self.changed or self.standard)

    def __str__(self) -> str:
        """As text: `added hilltop/pcs; changed hilltop/gateway; new columns pcs.starts`."""
        parts = (
            ("added", self.added), ("removed", self.removed), ("changed", self.changed), ("new columns", self.columns),
        )  # fmt: skip
        texts = [f"{word} {', '.join(map(str, things))}" for word, things in parts if things]
        return "; ".join(texts) or ("changed the data standard" if self.standard else "")


def change(old: Settings, new: Settings) -> Change:
    """The change from `old` to `new`. Raises ConfigError for a key that cannot change while the job runs."""
    for field in fields(Settings):
        if field.name not in CHANGEABLE and getattr(old, field.name) != getattr(new, field.name):
            way = WAYS.get(field.name, ANEW)
            raise ConfigError(field.name, f"differs from what the job was started with: {way}")
    for site, timezone in old.timezones.items():
        if new.timezones.get(site, timezone) != timezone:
            raise ConfigError(f"sites.{site}.timezone", f"was {timezone} at the job's start: {ANEW}")
    before = {settings.device: settings for settings in old.devices}
    after = {settings.device: settings for settings in new.devices}
    return Change(
        tuple(device for device in after if device not in before),
        tuple(device for device in before if device not in after),
        tuple(device for device in after if device in before and after[device] != before[device]),
        _new_columns(old.standard, new.standard),
        old.standard != new.standard,
    )


def _new_columns(old: Standard, new: Standard) -> tuple[str, ...]:
    before = {(table.name, column) for table in old.tables.values() for column in table.columns}
    after = [(table.name, column) for table in new.tables.values() for column in table.columns]
    return tuple(f"{table}.{column}" for table, column in after if (table, column) not in before)
