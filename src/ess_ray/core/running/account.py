"""The account of a run: every sample that was committed, by device, status and reason, and how long it took.

Times are microseconds since 1970 UTC. Latency runs from the moment a sample was due (tick plus phase) to the commit.
The driver reports every commit and event to it (`cluster.shipping`); status, metrics and summary are made from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from ess_ray.core.batch import STATUSES, Batch
from ess_ray.core.day import QUARTER_US
from ess_ray.core.reasons import Reason
from ess_ray.core.running.device_account import DeviceAccount
from ess_ray.core.running.latency import Latency
from ess_ray.core.samples import Device, Event, EventKind, Status
from ess_ray.core.settings import DeviceSettings
from ess_ray.core.storing.flush import Committed

COLLECTOR_DOWN = "collector down"  # the reason of ticks that have no sample row, since nobody polled


class Account:
    """All devices of a run: the samples of its ticks, rows and latencies by site, and what earlier runs left behind."""

    def __init__(self, devices: Iterable[DeviceSettings], first_us: int = 0) -> None:
        self.first_us = first_us
        self.latency_from_us = 0  # of earlier ticks how late they are stored is no matter: the run was starting
        self._end_us: int | None = None
        self.devices = {settings.device: DeviceAccount(settings) for settings in devices}
        self._by_name = {str(device): account for device, account in self.devices.items()}  # as batches name them
        self.rows: dict[str, Counter[str]] = {device.site: Counter() for device in self.devices}
        self.latency = {site: Latency() for site in self.rows}
        self._lost: dict[str, Counter[int]] = {}  # committed but partial or failed, by site and quarter of an hour
        self.duplicates = 0  # samples that the database had before
        self.recovered = 0  # samples of earlier runs, out of the journals

    def change(self, device: Device, settings: DeviceSettings | None, first_us: int) -> None:
        """The device has these settings from `first_us` on; None: it is no longer configured."""
        if device in self.devices:
            self.devices[device].change(settings, first_us)
        elif settings:
            self.devices[device] = self._by_name[str(device)] = DeviceAccount(settings, first_us)
            self.rows.setdefault(device.site, Counter())
            self.latency.setdefault(device.site, Latency())

    def end(self, end_us: int) -> None:
        """The run polls no tick from `end_us` on: none is expected, whatever the wall clock jumped over."""
        self._end_us = end_us
        for account in self.devices.values():
            account.end(end_us)

    def committed(self, batches: Iterable[Batch], result: Committed) -> None:
        """Count what one transaction stored of these batches; samples of ticks before the run count as recovered."""
        for batch in batches:
            self._count(batch, result)
        for site, tables in result.rows.items():
            self.rows.setdefault(site, Counter()).update(tables)
        self.duplicates += len(result.duplicates)

    def _count(self, batch: Batch, result: Committed) -> None:
        demoted = {(str(device), tick_us): status for (device, tick_us), status in result.demoted.items()}
        left = {(str(device), tick_us) for device, tick_us in result.left}
        latency_us: dict[str, list[int]] = {}
        headers = zip(batch.devices, batch.headers["tick_us"].tolist(), batch.headers["status"].tolist(), strict=True)
        for index, (name, tick_us, code) in enumerate(headers):
            if left and (name, tick_us) in left:
                continue
            account = self._by_name.get(name)
            if account is None or tick_us < self.first_us:
                self.recovered += 1
            elif account.new(tick_us):
                status, reason = STATUSES[code], batch.notes[index].reason if index in batch.notes else None
                if (name, tick_us) in demoted:  # the database refused rows of it
                    status, reason = demoted[name, tick_us], Reason.REJECTED
                account.add(tick_us, status, reason)
                device = account.settings.device
                self.rows[device.site].update(result.duplicate_rows.get((device, tick_us), {}))
                if status is not Status.STORED:
                    self._lost.setdefault(device.site, Counter())[tick_us // QUARTER_US] += 1
                if tick_us < self.latency_from_us:
                    continue
                due_us = tick_us + account.settings.phase_us
                latency_us.setdefault(device.site, []).append(result.committed_us - due_us)
        for site, latencies_us in latency_us.items():
            self.latency[site].add(np.array(latencies_us))

    def events(self, events: Iterable[Event]) -> None:
        """Note which devices are lost or frozen, and which are it no more.

        Ticks of the run that the wall clock jumped over count as failed.
        Events of earlier runs, out of the journals, are passed over.
        """
        for event in events:
            account = self.devices.get(event.device)
            if account is None:
                continue
            if event.kind in {EventKind.DEVICE_LOST, EventKind.DEVICE_BACK} and event.time_us >= self.first_us:
                account.reachable(event.time_us, event.kind is EventKind.DEVICE_BACK)
            elif event.kind in {EventKind.DEVICE_FROZEN, EventKind.DEVICE_MOVES} and event.time_us >= self.first_us:
                account.stands(event.time_us, event.kind is EventKind.DEVICE_FROZEN)
            elif event.kind is EventKind.CLOCK_FORWARD and event.until_us:
                account.jump(max(event.time_us, self.first_us), min(event.until_us, self._end_us or event.until_us))

    def begin_anew(self, devices: Iterable[Device], time_us: int) -> None:
        """A poller that has died is started again: what it reported of its devices is not known any more."""
        for device in devices:
            if account := self.devices.get(device):
                account.begin_anew(time_us)

    def since(self, start_us: Mapping[str, int], until_us: int) -> dict[str, tuple[int, int]]:
        """(expected, stored) by site: ticks from `start_us` of the site on, or from the run's first one if later.

        `start_us`: by site, the beginning of a quarter of an hour; its sites are those of the result. Expected are the
        ticks before `until_us`, and of later ones those that are committed already.
        """
        first_us = {site: max(site_us, self.first_us) for site, site_us in start_us.items()}
        expected, counted = Counter[str](), Counter[str]()
        for device, account in self.devices.items():
            if site_us := first_us.get(device.site):
                expected[device.site] += account.expected(site_us, max(site_us, until_us))
                counted[device.site] += account.counted_from(site_us)
        counts = {}
        for site, site_us in first_us.items():
            lost = sum(n for quarter, n in self._lost.get(site, {}).items() if quarter >= site_us // QUARTER_US)
            counts[site] = max(expected[site], counted[site]), counted[site] - lost
        return counts

    def collector_down(self, first_us: int, end_us: int) -> None:
        """Count the run's ticks in [first_us, end_us) without a sample as failed, for the reason `COLLECTOR_DOWN`.

        To be called once, for the whole run, when all journals are drained.
        """
        for account in self.devices.values():
            account.miss(COLLECTOR_DOWN, account.expected(first_us, end_us) - account.by_status.total())

    def unaccounted(self, first_us: int, end_us: int) -> int:
        """The number of ticks in [first_us, end_us), the whole run, that are not counted in any status."""
        return sum(device.expected(first_us, end_us) - device.by_status.total() for device in self.devices.values())

    def complete(self, first_us: int, end_us: int) -> bool:
        """True if every sample expected in [first_us, end_us), the whole run, is stored: none partial or failed."""
        return all(
            device.expected(first_us, end_us) == device.by_status[Status.STORED] for device in self.devices.values()
        )

    def summary(self, first_us: int, end_us: int, simulated: bool, database: str) -> dict[str, object]:
        """The run in numbers, in the form that docs/running.md gives for `run.summary`."""
        sites: dict[str, object] = {}
        for site in self.latency:
            sites[site] = {
                "devices": {
                    device.device: {
                        "expected": account.expected(first_us, end_us),
                        **{str(status): account.by_status[status] for status in Status},
                        "reasons": dict(account.reasons),
                    }
                    for device, account in self.devices.items()
                    if device.site == site
                },
                "rows": dict(self.rows[site]),
                "latency_ms": {f"p{p}": self.latency[site].percentile_ms(p) for p in (50, 99)},
            }
        duration_s = (end_us - first_us) / 1e6
        return {"simulated": simulated, "database": database, "duration_s": duration_s, "sites": sites}
