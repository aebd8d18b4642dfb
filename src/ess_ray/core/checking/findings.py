"""The findings of `job=check`, and the rules that make them of what the job has measured. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ess_ray.core.batch import HEADER_DTYPE
from ess_ray.core.checking.reading import Reading
from ess_ray.core.checking.suspect import Doubt
from ess_ray.core.checking.ways import describe_reason
from ess_ray.core.maps.rates import row_periods, seconds
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.reasons import explain
from ess_ray.core.settings import DeviceSettings

ASSUMED_REPLY_MS = 20.0  # of a device not measured yet; a gateway with a serial bus behind it needs longer
BUSY_SHARE = 0.5  # of the period: beyond, one time-out makes a poll overrun
CLOCK_DOUBTFUL_S, CLOCK_WRONG_S = 1.0, 10.0
ENOUGH_HOURS, LEAST_HOURS = 24.0, 1.0
SLOW_SYNC_MS = 100.0
GROUP_BYTES = 64  # of a journal's row around its samples
ROW_BYTES, COLUMN_BYTES = 60, 8  # of a plain table's row: its header, time, site, device; a column


class Verdict(StrEnum):
    """The result of a check. A warning does not fail the job."""

    PASS = "pass"  # noqa: S105
    WARNING = "warning"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the result: what was checked of which subject, the verdict, and what to do about it."""

    subject: str  # site/device, database, export or journal
    what: str  # plan, name, tcp, poll, values, map …
    verdict: Verdict
    text: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Polled:
    """One device, checked: its findings, the values of one poll and the doubtful ones of these."""

    device: DeviceSettings
    findings: tuple[Finding, ...]
    readings: tuple[Reading, ...] = ()  # empty if nothing was read
    doubts: tuple[Doubt, ...] = ()
    read_ms: float = 0.0
    complete: bool = False  # the readings are those of one poll


@dataclass(slots=True)
class Checked:
    """The result of the whole job."""

    devices: list[Polled] = field(default_factory=list)
    others: list[Finding] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        """All findings, those of the devices first."""
        return [finding for device in self.devices for finding in device.findings] + self.others

    @property
    def failed(self) -> bool:
        """True if any finding is a FAIL: the job should end with exit code 1."""
        return any(finding.verdict is Verdict.FAIL for finding in self.findings)


# --- the plan -------------------------------------------------------------------------------------------------------


def plan_finding(device: DeviceSettings, register_map: RegisterMap) -> Finding:
    """The plan of a poll, with a warning if it takes longer than the period when each reply takes ASSUMED_REPLY_MS."""
    plan = device.plan
    requested = sum(request.count for request in plan.requests)
    used = len({(value.period_us, key) for value in register_map.values for key in value.keys})
    rows = len({(value.table, value.ids) for value in register_map.values})
    took_ms = poll_ms(device, ASSUMED_REPLY_MS)
    computed = f" and {len(register_map.computed)} computed" if register_map.computed else ""
    text = (
        f"map {device.map_name}: {count(len(register_map.values), 'value')}{computed} in {count(rows, 'row')}; "
        f"{count(len(plan.requests), 'request')}, {count(requested, 'register')} ({requested - used} in holes); "
        f"every {device.period_us / 1e6:g} s{_slower(device)}; "
        f"about {took_ms:.0f} ms a poll if a reply takes {ASSUMED_REPLY_MS:g} ms"
    )
    if took_ms * 1000 * _usual_part(device) <= device.period_us:
        return Finding(str(device.device), "plan", Verdict.PASS, text)
    advice = "set a longer period_s or shorter pauses, or give the map `readable` registers to join requests"
    return Finding(str(device.device), "plan", Verdict.WARNING, f"{text}: longer than its period", advice)


def _slower(device: DeviceSettings) -> str:
    """Which of a plan's requests are sent less often, for people: " (2 of the requests every 60 s)"."""
    periods = Counter(r.period_us for r in device.plan.requests if r.period_us > device.period_us)
    text = ", ".join(f"{number} of the requests every {seconds(period_us)}" for period_us, number in periods.items())
    return f" ({text})" if text else ""


def poll_ms(device: DeviceSettings, reply_ms: float) -> float:
    """The time of a poll in milliseconds, pauses included, if each reply takes `reply_ms`.

    So does connecting, unless the connection is kept. Requests are taken to go out one after the other, whatever
    `requests_at_once` says.
    """
    requests = len(device.plan.requests)
    connect_us = 0 if device.keep_connection else device.connect_pause_us + 1000 * reply_ms
    return requests * reply_ms + ((requests - 1) * device.request_pause_us + connect_us) / 1000


def connection_findings(devices: Sequence[Polled], took_ms: Mapping[str, float]) -> list[Finding]:
    """A finding for each connection that devices share: whether all are read within the shortest of their periods.

    `took_ms`: milliseconds that each device's poll took, by "site/device"; 0 for one that is missing. Devices of a
    connection are read one after the other; a connection of one device has no finding.
    """
    endpoints: dict[tuple[str, int], list[DeviceSettings]] = {}
    for polled in devices:
        endpoints.setdefault(polled.device.endpoint, []).append(polled.device)
    findings = []
    for (host, port), sharing in endpoints.items():
        each_ms = [(took_ms.get(str(device.device), 0.0), _usual_part(device)) for device in sharing]
        sum_ms, usual_ms = sum(ms for ms, _ in each_ms), sum(ms * part for ms, part in each_ms)
        least_us = min(device.period_us for device in sharing)
        if len(sharing) > 1:
            text = f"{len(sharing)} devices one after the other in {sum_ms:.0f} ms of {least_us / 1000:.0f} ms"
            shares = 1000 * usual_ms / least_us, 1000 * sum_ms / least_us
            findings.append(_within(f"{host}:{port}", "connection", text, *shares))
    return findings


def _usual_part(device: DeviceSettings) -> float:
    """The part of its plan's requests that a device is sent at each tick; 1 unless its map has several rates."""
    requests = device.plan.requests
    usual = sum(request.period_us <= device.period_us for request in requests)
    return usual / len(requests) if requests else 1.0


def _within(subject: str, what: str, text: str, usual: float, share: float) -> Finding:
    """`usual`: of the period, at most ticks; `share`: when everything is due at once."""
    if usual < share:
        text += f", when everything is due at once ({usual:.0%} of the period at most ticks)"
    if usual <= BUSY_SHARE and share <= (BUSY_SHARE if usual == share else 1):
        return Finding(subject, what, Verdict.PASS, text)
    verdict = Verdict.FAIL if usual > 1 else Verdict.WARNING
    advice = "set a longer period_s, give the map `readable` registers to join requests, or a faster way to the device"
    return Finding(subject, what, verdict, f"{text}: {share:.0%} of the period", advice)


# --- a poll ---------------------------------------------------------------------------------------------------------


def poll_finding(
    device: DeviceSettings, read_ms: float, reason: str | None, missing: str | None, retries: int
) -> Finding:
    """The finding of one poll: it fails with a reason, or if it took longer than the period.

    `reason`: the sample's ("timeout", "exception 2"), None if all registers were read; `missing`: its `missing_text`,
    what was not read, None if that is everything; `retries`: how often a request was sent again. `core.reasons` has the
    advice.
    """
    name, period_ms = str(device.device), device.period_us / 1000
    if reason is None:
        again = f", {count(retries, 'request')} sent again" if retries else ""
        text = f"all registers read in {read_ms:.0f} ms of {period_ms:.0f} ms{again}"
        return _within(name, "poll", text, _usual_part(device) * read_ms / period_ms, read_ms / period_ms)
    text = f"{describe_reason(reason)}; " + (f"not read: {missing}" if missing else "nothing was read")
    return Finding(name, "poll", Verdict.FAIL, text, explain(reason).advice)


def value_finding(device: DeviceSettings, readings: Sequence[Reading], doubtful: Sequence[Doubt]) -> Finding:
    """The finding about the values of a poll: a warning if any of them is doubtful.

    `readings`: all of the device's map; `doubtful`: `suspect.doubts` of the same values, those out of range included.
    """
    name = str(device.device)
    read = sum(reading.read for reading in readings)
    flagged = sum(reading.outside for reading in readings)
    text = f"{read} values, {flagged} out of range, {len(doubtful) - flagged} unusual"
    if not doubtful:
        return Finding(name, "values", Verdict.PASS, text)
    return Finding(
        name, "values", Verdict.WARNING, text, f"see the table of values; job=probe device={name} shows other readings"
    )


# --- what is around -------------------------------------------------------------------------------------------------


def clock_finding(ahead_s: float, uncertain_s: float) -> Finding:
    """The finding about the database's clock: `ahead_s` of this machine's (negative: behind), ± `uncertain_s`."""
    text = (
        f"{abs(ahead_s):.3f} s {'ahead of' if ahead_s > 0 else 'behind'} this machine's clock (± {uncertain_s:.3f} s)"
    )
    off_s = abs(ahead_s) - uncertain_s
    verdict = Verdict.FAIL if off_s > CLOCK_WRONG_S else Verdict.WARNING if off_s > CLOCK_DOUBTFUL_S else Verdict.PASS
    return Finding(
        "database", "clock", verdict, text,
        "" if verdict is Verdict.PASS else "have both clocks set by NTP: rows are flagged as late by the difference",
    )  # fmt: skip


def sync_finding(median_ms: float, worst_ms: float) -> Finding:
    """The finding about the time that the journal's disk needs to have a write on it for good: of several writes.

    A warning if the median is above SLOW_SYNC_MS; the worst is only shown.
    """
    text = f"writing to the disk for good (fsync) takes {median_ms:.1f} ms (worst {worst_ms:.1f} ms)"
    if median_ms <= SLOW_SYNC_MS:
        return Finding("journal", "disk", Verdict.PASS, text)
    return Finding(
        "journal", "disk", Verdict.WARNING, text, "put state_dir on a faster disk, or set journal.sync=normal"
    )


def room_finding(free_bytes: int, capacity_bytes: int, max_age_h: float, rate: float) -> Finding:
    """The finding about the longest outage that the journals bridge.

    `free_bytes`: on the disk of state_dir; `capacity_bytes` and `max_age_h` (hours): the bounds of all journals
    together; `rate`: bytes a second of all samples, see `journal_rate`.
    """
    hours = min(free_bytes, capacity_bytes) / rate / 3600 if rate else float("inf")
    bound = "journal.max_mb" if capacity_bytes < free_bytes else "the free room"
    reach = f"{max_age_h:g} hours, by journal.max_age_h" if hours >= max_age_h else f"{hours:.1f} hours, by {bound}"
    text = f"{size(free_bytes)} free; {size(rate)}/s: an outage of the database is bridged for {reach}"
    if min(hours, max_age_h) >= ENOUGH_HOURS:
        return Finding("journal", "room", Verdict.PASS, text)
    verdict = Verdict.WARNING if min(hours, max_age_h) >= LEAST_HOURS else Verdict.FAIL
    return Finding("journal", "room", verdict, text, "make room on the disk of state_dir, or raise that bound")


def journal_rate(devices: Sequence[DeviceSettings]) -> float:
    """Bytes a second that the devices' samples take in the journals."""
    each = HEADER_DTYPE.itemsize + GROUP_BYTES
    return sum(
        (device.plan.image_bytes + each + len(str(device.device))) * 1e6 / device.period_us for device in devices
    )


def table_rate(devices: Sequence[DeviceSettings], maps: Mapping[str, RegisterMap]) -> float:
    """Bytes a second that the devices' rows take in plain tables, roughly. `maps`: by name, those of all devices."""
    sizes = {name: _row_bytes(register_map) for name, register_map in maps.items()}
    return sum(
        each * 1e6 / max(period_us, device.period_us)
        for device in devices
        for period_us, each in [(0, ROW_BYTES), *sizes[device.map_name].items()]
    )


def _row_bytes(register_map: RegisterMap) -> Counter[int]:
    """Bytes of all rows of a map that have a period, by that; 0: of those of each tick."""
    rows, sizes = Counter((cell.table, cell.ids) for cell in register_map.cells), Counter[int]()
    periods = row_periods(register_map.values)
    for row, values in rows.items():
        sizes[periods.get(row, 0)] += ROW_BYTES + COLUMN_BYTES * values
    return sizes


def count(number: int, what: str) -> str:
    """A number with its noun, given in the singular: "1 row", "2 rows"."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def size(number: float) -> str:
    """A number of bytes for a person, in steps of 1000: "3.5 MB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.4g} TB"
