"""The configurations of a collector that its database has to know: the last ones it has, and those that it lacks.

What is polled while the database is away is expected by these. They are kept beside the journals
(`adapters.local.configured_file`) until `adapters.postgres.devices` has entered them, so that no restart forgets them;
the last ones also after that, since a restored backup knows nothing of them. Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ess_ray.core.samples import Device

DAY_US = 86_400_000_000
MOST_PENDING = 100  # reloads while the database is away; of more the last one counts
MOST_EARLIER = 20  # that were registered before the last one: a backup that is older lacks those in between


@dataclass(frozen=True, slots=True)
class Configured:
    """A device as it is configured: the name and the hash of its map, its period and phase in seconds.

    `timezone` is a name of the IANA database.
    """

    device: Device
    map: str
    map_hash: str
    period_s: float
    phase_s: float
    # Columns by table, see `core.exporting.objects.delivered_by`, and their periods (`core.maps.recorded_rates`).
    delivers: Mapping[str, Sequence[str]]
    timezone: str = ""  # of the site; empty if it is unknown


@dataclass(frozen=True, slots=True)
class ConfiguredFleet:
    """The devices of a collector from `first_us` on; `changed_us`: the moments of devices that have one of their own.

    Devices of the configuration before that are gone now may be in `changed_us` too.
    """

    first_us: int
    devices: tuple[Configured, ...]
    changed_us: Mapping[Device, int] = field(default_factory=dict)

    @property
    def sites(self) -> set[str]:
        """The names of the sites."""
        return {configured.device.site for configured in self.devices}


@dataclass(frozen=True, slots=True)
class PastConfiguration:
    """A device as it was configured in [start_us, end_us); an `end_us` of None: nothing else is recorded after it."""

    configured: Configured
    start_us: int
    end_us: int | None


@dataclass(frozen=True, slots=True)
class ConfigurationRecord:
    """The configurations in one database: `registered` is there, `pending` are to be entered, oldest first.

    `collectors`: the names under which this state folder has collected, newest last (`collector_name`). `earlier`: what
    was registered before, at most MOST_EARLIER of them, newest last.
    """

    collectors: tuple[str, ...] = ()
    registered: ConfiguredFleet | None = None
    pending: tuple[ConfiguredFleet, ...] = ()
    earlier: tuple[ConfiguredFleet, ...] = ()

    def begun(self, collector: str) -> ConfigurationRecord:
        """The record of a run under this name."""
        return replace(self, collectors=(*(name for name in self.collectors if name != collector), collector))

    def appended(self, configuration: ConfiguredFleet) -> ConfigurationRecord:
        """The record with a configuration that holds from now on, and is to be entered.

        One that is the same as the last holds since then, and is entered once more: the database may be an older copy.
        A clock that was set back since, by a day at most, counts from where it was: what was polled until then was
        configured before. Beyond MOST_PENDING it takes the place of the last one.
        """
        last = self.pending[-1] if self.pending else self.registered
        if last and last.devices == configuration.devices:
            return self if self.pending else replace(self, pending=(last,))
        if last and last.first_us - DAY_US < configuration.first_us < last.first_us:
            moments = configuration.changed_us.items()
            changed_us = {device: max(moment_us, last.first_us) for device, moment_us in moments}
            configuration = ConfiguredFleet(last.first_us, configuration.devices, changed_us)
        return replace(self, pending=(*self.pending[: MOST_PENDING - 1], configuration))

    def entered(self) -> ConfigurationRecord:
        """The record once the oldest of `pending` is in the database."""
        earlier, entered = self.earlier, self.pending[0]
        if self.registered and self.registered.devices != entered.devices:
            earlier = (*earlier, self.registered)[-MOST_EARLIER:]
        return replace(self, registered=entered, pending=self.pending[1:], earlier=earlier)

    def changes(self) -> list[dict[Device, int]]:
        """What each registered configuration changed, newest first: devices, and the moment from which it holds."""
        changes: list[dict[Device, int]] = []
        before: dict[Device, Configured] = {}
        for configuration in self._registered:
            now = {configured.device: configured for configured in configuration.devices}
            changed = {device for device in before.keys() | now.keys() if before.get(device) != now.get(device)}
            changes.append({d: configuration.changed_us.get(d, configuration.first_us) for d in changed})
            before = now
        return changes[::-1]

    def taken_back(self, number: int) -> ConfigurationRecord:
        """The record if the database has lost the last `number` configurations that were registered."""
        if not number:
            return self
        kept, lost = self._registered[:-number], self._registered[-number:]
        last = kept[-1] if kept else None
        return replace(self, earlier=kept[:-1], registered=last, pending=(*lost, *self.pending))

    @property
    def _registered(self) -> tuple[ConfiguredFleet, ...]:
        return (*self.earlier, self.registered) if self.registered else ()

    def spans(self, first_us: int, end_us: int) -> list[PastConfiguration]:
        """The configurations of each device that held in [first_us, end_us), as far as they are recorded."""
        held: list[PastConfiguration] = []
        last: dict[Device, tuple[Configured, int]] = {}
        for configuration in (*self._registered, *self.pending):
            now = {configured.device: configured for configured in configuration.devices}
            for device in last.keys() | now.keys():
                at_us = configuration.changed_us.get(device, configuration.first_us)
                before, since_us = last.pop(device, (None, at_us))
                if before and before != now.get(device):
                    held.append(PastConfiguration(before, max(since_us, first_us), at_us))
                    since_us = at_us
                if device in now:
                    last[device] = now[device], since_us
        held += [PastConfiguration(configured, max(since_us, first_us), None) for configured, since_us in last.values()]
        return [each for each in held if each.start_us < min(end_us, each.end_us or end_us)]

    def to_tree(self) -> dict[str, Any]:
        """The record as dicts and lists for JSON; what a map delivers stands there once."""
        configurations = (*self._registered, *self.pending)
        delivers = {each.map_hash: each.delivers for configuration in configurations for each in configuration.devices}
        return {
            "collectors": self.collectors,
            "delivers": {key: {table: list(columns) for table, columns in of.items()} for key, of in delivers.items()},
            "registered": self.registered and _tree_of(self.registered),
            "pending": [_tree_of(configuration) for configuration in self.pending],
            "earlier": [_tree_of(configuration) for configuration in self.earlier],
        }


def record_of_tree(tree: Mapping[str, Any]) -> ConfigurationRecord:
    """The record that became this tree by `ConfigurationRecord.to_tree`. Raises KeyError, TypeError, ValueError."""
    registered, delivers = tree["registered"], tree["delivers"]
    return ConfigurationRecord(
        tuple(tree["collectors"]),
        registered and _configuration(registered, delivers),
        tuple(_configuration(each, delivers) for each in tree["pending"]),
        tuple(_configuration(each, delivers) for each in tree.get("earlier", ())),  # older versions kept none
    )


def _tree_of(configuration: ConfiguredFleet) -> dict[str, Any]:
    devices = [
        [c.device.site, c.device.device, c.map, c.map_hash, c.period_s, c.phase_s, c.timezone]
        for c in configuration.devices
    ]
    changed_us = [[device.site, device.device, moment_us] for device, moment_us in configuration.changed_us.items()]
    return {"first_us": configuration.first_us, "devices": devices, "changed_us": changed_us}


def _configuration(tree: Mapping[str, Any], delivers: Mapping[str, Any]) -> ConfiguredFleet:
    devices = (
        Configured(Device(site, device), name, map_hash, period_s, phase_s, delivers[map_hash], timezone)
        for site, device, name, map_hash, period_s, phase_s, timezone in tree["devices"]
    )
    changed_us = {Device(site, device): int(moment_us) for site, device, moment_us in tree["changed_us"]}
    return ConfiguredFleet(int(tree["first_us"]), tuple(devices), changed_us)
