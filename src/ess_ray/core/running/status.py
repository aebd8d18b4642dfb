"""A run at one moment, as plain data: what `job=status` and the page show. Made once a second, from the books.

Unlike the books it tells how things stand now: a plant that lost an hour this morning and is read whole again is well,
and its counts say the rest. Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from ess_ray.core.running.account import Account, DeviceAccount
from ess_ray.core.samples import Status as SampleStatus

FILE = "status.json"  # in the state folder
MOST_LISTED = 200  # devices named one by one; of more, only those in trouble
MARGIN_US = 5_000_000  # a sample that is so much later than it may be by its settings is late
OLD_US = 10_000_000  # a status that was not renewed for so long tells of the past


class Health(StrEnum):
    """How a device, or the worst of a site's devices, does; from well to bad."""

    OK = "ok"  # the newest sample has every register that the device gives
    STARTING = "starting"  # none is due yet
    PARTIAL = "partial"  # the newest sample lacks registers
    LATE = "late"  # samples that are due have not come to the database
    SILENT = "silent"  # the newest sample has nothing
    DOWN = "collector down"  # nobody has looked for a while


SEVERITY = {state: place for place, state in enumerate(Health)}
OF_SAMPLE = {SampleStatus.STORED: Health.OK, SampleStatus.PARTIAL: Health.PARTIAL, SampleStatus.FAILED: Health.SILENT}


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """One device; counts are those of the run, `last_reason` and `lost_us` (silent since) hold now."""

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


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """One site; `states` and `troubles` count its devices by state and by what their newest sample lacked."""

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
    devices: tuple[DeviceStatus, ...]  # those listed, worst first

    @property
    def count(self) -> int:
        """Of all its devices."""
        return sum(self.states.values())

    @property
    def words(self) -> str:
        """How it does: `ok`, or `2 of 40 devices silent: timeout`."""
        if self.state is Health.OK or not self.count:
            return str(self.state)
        ill = self.states[self.state]
        who = "" if self.count == 1 else f"{ill} of {self.count} devices "
        why = ", ".join(self.troubles)
        return f"{who}{self.state}" + (f": {why}" if why else "")


@dataclass(frozen=True, slots=True)
class Status:
    """The facts. `problem`: what is the matter with the database; `waiting`: samples that it does not have yet."""

    first_us: int
    now_us: int
    end_us: int | None
    simulated: bool
    database: str
    problem: str | None
    waiting: int
    export: str | None
    page: str  # where it is, or why there is none
    sites: tuple[SiteStatus, ...]

    @property
    def well(self) -> bool:
        """Nothing needs anybody."""
        return not self.problem and all(site.state in {Health.OK, Health.STARTING} for site in self.sites)

    def at(self, now_us: int) -> Status:
        """As it is to be shown at this moment: what is too old says nothing of now."""
        if now_us - self.now_us <= OLD_US:
            return self
        return replace(self, sites=tuple(_down(site) for site in self.sites))

    def tree(self) -> dict[str, Any]:
        """As JSON takes it, with the words."""
        found = asdict(self)
        for site, one in zip(found["sites"], self.sites, strict=True):
            site["words"] = one.words
        return found


def status_from(tree: Mapping[str, Any]) -> Status:
    """The status that became this tree. Raises KeyError, TypeError or ValueError for another one."""
    sites = [
        {name: value for name, value in site.items() if name != "words"}
        | {
            "state": Health(site["state"]),
            "devices": tuple(DeviceStatus(**one | {"state": Health(one["state"])}) for one in site["devices"]),
        }
        for site in tree["sites"]
    ]
    return Status(**{**tree, "sites": tuple(SiteStatus(**site) for site in sites)})


@dataclass(frozen=True, slots=True)
class Facts:
    """What the books do not know of a facts."""

    timezones: Mapping[str, str]
    end_us: int | None
    simulated: bool
    database: str
    problem: str | None = None
    waiting: int = 0
    export: str | None = None
    page: str = ""


def status_of(account: Account, facts: Facts, now_us: int) -> Status:
    """The status now."""
    until_us = now_us if facts.end_us is None else min(now_us, facts.end_us)
    sites = {site: _Site() for site in facts.timezones if site in account.rows}
    for device, books in account.devices.items():
        if not books.gone and device.site in sites:
            sites[device.site].add(device.device, books, account.first_us, until_us)
    every = sum(site.states.total() for site in sites.values()) <= MOST_LISTED
    left = MOST_LISTED
    found = []
    for name, site in sites.items():
        listed = site.listed(every)[:left]
        left -= len(listed)
        devices = tuple(_device(one, account.first_us, until_us) for one in listed)
        found.append(_site(account, name, facts.timezones[name], site, devices))
    return Status(
        account.first_us, now_us, facts.end_us, facts.simulated, facts.database, facts.problem, facts.waiting,
        facts.export, facts.page, tuple(found),
    )  # fmt: skip


@dataclass(slots=True)
class _Listed:
    """A device that may be named."""

    name: str
    state: Health
    books: DeviceAccount


@dataclass(slots=True)
class _Site:
    """The sums over a site's devices."""

    states: Counter[Health] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    statuses: Counter[SampleStatus] = field(default_factory=Counter)
    expected: int = 0
    last_tick_us: int | None = None
    devices: list[_Listed] = field(default_factory=list)

    def add(self, name: str, books: DeviceAccount, first_us: int, until_us: int) -> None:
        state = _state(books, first_us, until_us)
        self.states[state] += 1
        if state in {Health.PARTIAL, Health.SILENT} and books.last_reason:
            self.troubles[books.last_reason] += 1
        for status, count in books.by_status.items():
            self.statuses[status] += count
        self.expected += books.expected(first_us, until_us)
        if books.last_tick_us is not None:
            self.last_tick_us = max(books.last_tick_us, self.last_tick_us or 0)
        self.devices.append(_Listed(name, state, books))

    def listed(self, every: bool) -> Sequence[_Listed]:
        named = self.devices if every else [one for one in self.devices if one.state is not Health.OK]
        return sorted(named, key=lambda one: -SEVERITY[one.state])


def _state(books: DeviceAccount, first_us: int, until_us: int) -> Health:
    settings = books.settings
    patience_us = settings.period_us + settings.phase_us + settings.poll_limit_us + MARGIN_US
    since_us = books.last_tick_us if books.last_tick_us is not None else max(first_us, books.since_us)
    if until_us - since_us > patience_us:
        return Health.LATE
    return Health.STARTING if books.last_status is None else OF_SAMPLE[books.last_status]


def _device(one: _Listed, first_us: int, until_us: int) -> DeviceStatus:
    books = one.books
    return DeviceStatus(
        one.name, books.settings.map_name, books.settings.period_us, one.state, books.expected(first_us, until_us),
        *_counts(books.by_status), dict(books.reasons), books.last_tick_us, books.last_reason, books.lost_us,
    )  # fmt: skip


def _site(account: Account, name: str, timezone: str, site: _Site, devices: tuple[DeviceStatus, ...]) -> SiteStatus:
    latency = account.latency[name]
    return SiteStatus(
        name, timezone, max(site.states, key=SEVERITY.__getitem__, default=Health.STARTING),
        {str(state): count for state, count in site.states.items()}, dict(site.troubles.most_common(3)), site.expected,
        *_counts(site.statuses), account.rows[name].total(), latency.percentile_ms(50), latency.percentile_ms(99),
        site.last_tick_us, devices,
    )  # fmt: skip


def _counts(statuses: Mapping[SampleStatus, int]) -> tuple[int, int, int]:
    stored, partial, failed = (statuses.get(status, 0) for status in SampleStatus)
    return stored, partial, failed


def _down(site: SiteStatus) -> SiteStatus:
    devices = tuple(replace(one, state=Health.DOWN) for one in site.devices)
    return replace(site, state=Health.DOWN, states={str(Health.DOWN): site.count}, troubles={}, devices=devices)
