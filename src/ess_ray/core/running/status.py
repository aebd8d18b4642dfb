"""The state of a run at one moment, as plain data, for `job=status` and the page. Made once a second, from the account.

A state is that of the newest samples: a plant that lost an hour this morning and is read completely again is ok, while
its counts since the run's start have the hour. Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from ess_ray.core.running.account import Account
from ess_ray.core.running.device_account import DeviceAccount
from ess_ray.core.samples import Status

FILE = "status.json"  # in the state folder
MOST_LISTED = 200  # devices listed; if there are more, only those that are not ok
MARGIN_US = 5_000_000  # between the time that period and poll limit allow a sample and the moment that it is late
OLD_US = 10_000_000  # a status that was not renewed for so long says nothing of now


class Health(StrEnum):
    """The state of a device by its newest sample, or of a site's worst device; from good to bad."""

    OK = "ok"  # the newest sample has every register that the device gives
    STARTING = "starting"  # no sample is due yet
    PARTIAL = "partial"  # the newest sample lacks registers
    FROZEN = "frozen"  # it has registers, and they have stayed the same for `frozen_after_s`
    LATE = "late"  # samples that are due are not in the database
    SILENT = "silent"  # nothing was read for the newest sample
    DOWN = "collector down"  # the status was not renewed for OLD_US


SEVERITY = {state: severity for severity, state in enumerate(Health)}
OF_SAMPLE = {Status.STORED: Health.OK, Status.PARTIAL: Health.PARTIAL, Status.FAILED: Health.SILENT}


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """One device, by its name within the site: counts of ticks since the run's start.

    `reasons`: how many ticks have which reason, whatever their status. `last_…` are of its newest sample in
    the database, None without one; known to be silent since `lost_us`, to be frozen
    since `frozen_us`, None if it is not.
    """

    device: str
    map: str
    period_us: int
    state: Health
    expected: int
    stored: int
    partial: int
    failed: int
    reasons: Mapping[str, int]
    last_tick_us: int | None
    last_reason: str | None
    lost_us: int | None
    frozen_us: int | None


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """One site; counts of samples and rows since the run's start.

    `states`: how many devices are in each state, by a `Health`'s text; `troubles`: how many partial or silent devices
    have which reason in their newest sample, the three most frequent. `p50_ms`, `p99_ms`: latency from due to commit.
    """

    site: str
    timezone: str
    state: Health
    states: Mapping[str, int]
    troubles: Mapping[str, int]
    expected: int
    stored: int
    partial: int
    failed: int
    rows: int
    p50_ms: float | None
    p99_ms: float | None
    last_tick_us: int | None
    devices: tuple[DeviceStatus, ...]  # those that are listed, worst first

    @property
    def count(self) -> int:
        """The number of devices, listed or not."""
        return sum(self.states.values())

    @property
    def state_text(self) -> str:
        """The state in words: `ok`, or `2 of 40 devices silent: timeout`."""
        if self.state is Health.OK or not self.count:
            return str(self.state)
        concerned = "" if self.count == 1 else f"{self.states[self.state]} of {self.count} devices "
        reasons = ", ".join(self.troubles)
        return f"{concerned}{self.state}" + (f": {reasons}" if reasons else "")


@dataclass(frozen=True, slots=True)
class RunStatus:
    """The whole run. `problem`: why samples, all or some, are not stored; `waiting`: samples that are not in it yet."""

    first_us: int
    now_us: int
    end_us: int | None
    simulated: bool
    database: str
    problem: str | None
    waiting: int
    export: str | None
    page: str  # its address, or why there is none
    sites: tuple[SiteStatus, ...]

    @property
    def well(self) -> bool:
        """True if nobody needs to do anything: all sites are ok or starting, and the database takes samples."""
        return not self.problem and all(site.state in {Health.OK, Health.STARTING} for site in self.sites)

    def at(self, now_us: int) -> RunStatus:
        """The status to be shown at this moment: if it is older than OLD_US, every site and device is DOWN."""
        if now_us - self.now_us <= OLD_US:
            return self
        return replace(self, sites=tuple(_down(site) for site in self.sites))

    def tree(self) -> dict[str, Any]:
        """The status as dicts and lists for JSON; each site also has its `state_text`, by the key `words`."""
        tree = asdict(self)
        for branch, site in zip(tree["sites"], self.sites, strict=True):
            branch["words"] = site.state_text
        return tree


def status_from(tree: Mapping[str, Any]) -> RunStatus:
    """The status of which `RunStatus.tree` made this. Raises KeyError, TypeError or ValueError for any other tree."""
    sites = [
        {name: value for name, value in site.items() if name != "words"}
        | {
            "state": Health(site["state"]),
            "devices": tuple(DeviceStatus(**device | {"state": Health(device["state"])}) for device in site["devices"]),
        }
        for site in tree["sites"]
    ]
    return RunStatus(**{**tree, "sites": tuple(SiteStatus(**site) for site in sites)})


@dataclass(frozen=True, slots=True)
class Facts:
    """The parts of a status besides the account; see `RunStatus`. `timezones`: by site, in the order to be shown."""

    timezones: Mapping[str, str]
    end_us: int | None
    simulated: bool
    database: str
    problem: str | None = None
    waiting: int = 0
    export: str | None = None
    page: str = ""


def status_of(account: Account, facts: Facts, now_us: int) -> RunStatus:
    """The status at `now_us`: sites in the order of `facts.timezones`, of each the worst devices first.

    With more than MOST_LISTED devices only those not ok are listed, MOST_LISTED at most in all. Devices that are no
    longer configured are left out, and so are sites that the account does not have.
    """
    until_us = now_us if facts.end_us is None else min(now_us, facts.end_us)
    sites = {site: _Site() for site in facts.timezones if site in account.rows}
    for device, device_account in account.devices.items():
        if not device_account.gone and device.site in sites:
            sites[device.site].add(device.device, device_account, account.first_us, until_us)
    every = sum(site.states.total() for site in sites.values()) <= MOST_LISTED
    free = MOST_LISTED
    statuses = []
    for name, site in sites.items():
        listed = site.listed(every)[:free]
        free -= len(listed)
        devices = tuple(_device(device, account.first_us, until_us) for device in listed)
        statuses.append(_site(account, name, facts.timezones[name], site, devices))
    return RunStatus(
        account.first_us, now_us, facts.end_us, facts.simulated, facts.database, facts.problem, facts.waiting,
        facts.export, facts.page, tuple(statuses),
    )  # fmt: skip


@dataclass(slots=True)
class _Listed:
    """A device that may be listed."""

    name: str
    state: Health
    account: DeviceAccount


@dataclass(slots=True)
class _Site:
    """The sums over a site's devices."""

    states: Counter[Health] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    statuses: Counter[Status] = field(default_factory=Counter)
    expected: int = 0
    last_tick_us: int | None = None
    devices: list[_Listed] = field(default_factory=list)

    def add(self, name: str, account: DeviceAccount, first_us: int, until_us: int) -> None:
        state = _state(account, first_us, until_us)
        self.states[state] += 1
        if state in {Health.PARTIAL, Health.SILENT} and account.last_reason:
            self.troubles[account.last_reason] += 1
        for status, count in account.by_status.items():
            self.statuses[status] += count
        self.expected += account.expected(first_us, until_us)
        if account.last_tick_us is not None:
            self.last_tick_us = max(account.last_tick_us, self.last_tick_us or 0)
        self.devices.append(_Listed(name, state, account))

    def listed(self, every: bool) -> Sequence[_Listed]:
        named = self.devices if every else [device for device in self.devices if device.state is not Health.OK]
        return sorted(named, key=lambda device: -SEVERITY[device.state])


def _state(account: DeviceAccount, first_us: int, until_us: int) -> Health:
    settings = account.settings
    patience_us = settings.period_us + settings.phase_us + settings.poll_limit_us + MARGIN_US
    since_us = account.last_tick_us if account.last_tick_us is not None else max(first_us, account.since_us)
    if until_us - since_us > patience_us:
        return Health.LATE
    if account.last_status is None:
        return Health.STARTING
    frozen = account.frozen_us is not None and account.last_status is not Status.FAILED
    return Health.FROZEN if frozen else OF_SAMPLE[account.last_status]


def _device(listed: _Listed, first_us: int, until_us: int) -> DeviceStatus:
    account, settings = listed.account, listed.account.settings
    return DeviceStatus(
        listed.name, settings.map_name, settings.period_us, listed.state, account.expected(first_us, until_us),
        *_counts(account.by_status), dict(account.reasons), account.last_tick_us, account.last_reason, account.lost_us,
        account.frozen_us,
    )  # fmt: skip


def _site(account: Account, name: str, timezone: str, site: _Site, devices: tuple[DeviceStatus, ...]) -> SiteStatus:
    latency = account.latency[name]
    return SiteStatus(
        name, timezone, max(site.states, key=SEVERITY.__getitem__, default=Health.STARTING),
        {str(state): count for state, count in site.states.items()}, dict(site.troubles.most_common(3)), site.expected,
        *_counts(site.statuses), account.rows[name].total(), latency.percentile_ms(50), latency.percentile_ms(99),
        site.last_tick_us, devices,
    )  # fmt: skip


def _counts(statuses: Mapping[Status, int]) -> tuple[int, int, int]:
    stored, partial, failed = (statuses.get(status, 0) for status in Status)
    return stored, partial, failed


def _down(site: SiteStatus) -> SiteStatus:
    devices = tuple(replace(device, state=Health.DOWN) for device in site.devices)
    return replace(site, state=Health.DOWN, states={str(Health.DOWN): site.count}, troubles={}, devices=devices)
