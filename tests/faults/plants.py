"""The configuration of the job: sites, devices, periods; written anew while the job runs, for a reload.

With `midnights_s` there is a site for each, in a time zone of its own, made for it, in which a day ends in that minute:
so days end, and are exported, within a run of minutes.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
from collections.abc import Sequence
from datetime import UTC, date, datetime
from math import ceil
from pathlib import Path

from tests.faults.devices import groups

SITE = "oracle"
PERIOD_S, LONG_PERIOD_S, LIMIT_S = 1, 2, 1.5
DAY_S = 86_400
SYSTEM_ZONES = "/usr/share/zoneinfo"


def period_s(device: int) -> int:
    """Every fourth device has the long one."""
    return LONG_PERIOD_S if device % 4 == 3 else PERIOD_S


class Plants:
    """Sites and devices as they are configured now, in `conf`, a folder for --config-dir."""

    def __init__(
        self, folder: Path, ports: Sequence[int], devices: int, host: str = "127.0.0.1", offers: Sequence[str] = (),
        midnights_s: Sequence[float] = (),
    ) -> None:  # fmt: skip
        """All devices are behind `ports`, each to be polled by a node with one of `offers`, in turn."""
        self.devices = devices
        self.periods = {device: period_s(device) for device in range(devices)}
        self.conf = folder / "conf"
        self._zones = folder / "zones"
        self._host, self._offers = host, offers
        self._ports = {device: port for port, group in zip(ports, groups(devices), strict=True) for device in group}
        self._group = {device: number for number, group in enumerate(groups(devices)) for device in group}
        self._units = {device: unit for group in groups(devices) for unit, device in enumerate(group, 1)}
        self.sites = [f"{SITE}{number}" for number in range(len(midnights_s))] or [SITE]
        self._timezones = dict.fromkeys(self.sites, "UTC")
        # By every site's clock it is the same date whose end is met: all offsets are less than a day.
        self.offsets_s = dict.fromkeys(self.sites, 0)
        self.closed: date | None = None  # the date that ends at all sites
        self.closed_s = 0.0  # when it has ended at the last one
        if midnights_s:
            self._make_zones(midnights_s)
        shutil.copytree(Path(__file__).parent / "conf", self.conf)
        (self.conf / "site").mkdir()
        self.write()

    @property
    def environment(self) -> dict[str, str]:
        """What the job needs to find the time zones."""
        return {"PYTHONTZPATH": f"{self._zones}{os.pathsep}{SYSTEM_ZONES}"} if self._zones.is_dir() else {}

    def site_of(self, device: int) -> str:
        """The device's site."""
        return self.sites[device * len(self.sites) // self.devices]

    def date_at(self, device: int, second: int) -> date:
        """The date of a tick by the clock of its device's site."""
        return datetime.fromtimestamp(second + self.offsets_s[self.site_of(device)], UTC).date()

    def write(self) -> None:
        """Write the configuration as it is now, for the next start or reload. Every other device takes both requests
        of a poll at once.
        """
        lines = ["# @package sites"]
        for site in self.sites:
            lines += [f"{site}:", f"  timezone: {self._timezones[site]}", "  devices:"]
            lines += [f"    {self._line(device)}" for device in self.periods if self.site_of(device) == site]
        file = self.conf / "site" / f"{SITE}.yaml"
        file.with_suffix(".new").write_text("\n".join(lines) + "\n")
        file.with_suffix(".new").replace(file)

    def change(self, chance: random.Random) -> str:
        """Add the device that was taken out, or take one out, or change a period; the text says which."""
        missing = [device for device in range(self.devices) if device not in self.periods]
        device = chance.choice(sorted(self.periods))
        if missing and chance.random() < 0.5:
            (device,) = missing
            self.periods = dict(sorted({**self.periods, device: period_s(device)}.items()))
            what = "added"
        elif not missing and chance.random() < 0.5 and self._may_go(device):
            del self.periods[device]
            what = "removed"
        else:
            self.periods[device] = PERIOD_S + LONG_PERIOD_S - self.periods[device]
            what = f"period {self.periods[device]} s"
        self.write()
        return f"device {device}: {what}"

    def _may_go(self, device: int) -> bool:
        """A site keeps one device."""
        site = self.site_of(device)
        return sum(self.site_of(other) == site for other in self.periods) > 1

    def _line(self, device: int) -> str:
        offer = self._offers[self._group[device] % len(self._offers)] if self._offers else ""
        placement = f", placement: {{{offer}: 1}}" if offer else ""
        return (
            f"d{device:03}: {{map: numbered, host: {self._host}, port: {self._ports[device]}, "
            f"unit_id: {self._units[device]}, timeout_s: 0.5, period_s: {self.periods[device]}, "
            f"poll_limit_s: {LIMIT_S}, requests_at_once: {1 + device % 2}{placement}}}"
        )

    def _make_zones(self, midnights_s: Sequence[float]) -> None:
        """A file for each in the format of RFC 8536: version 1, no changes, one offset."""
        middle_s = sum(midnights_s) / len(midnights_s)
        noon = round(middle_s / DAY_S) * DAY_S  # the midnight of UTC that is nearest
        self.closed = datetime.fromtimestamp(noon - DAY_S, UTC).date()
        (self._zones / "Faults").mkdir(parents=True)
        for site, midnight_s in zip(self.sites, midnights_s, strict=True):
            self.offsets_s[site] = offset_s = noon - ceil(midnight_s / 60) * 60  # time zones are in minutes
            self.closed_s = max(self.closed_s, noon - offset_s)
            header = b"TZif\0" + bytes(15) + struct.pack(">6L", 0, 0, 0, 0, 1, 4)
            (self._zones / "Faults" / site).write_bytes(header + struct.pack(">lBB4s", offset_s, 0, 0, b"XXX\0"))
            self._timezones[site] = f"Faults/{site}"
