"""What `job=check` finds, as data, and the rules that judge it. Pure: the job measures, this says what it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ess_ray.core.batch import HEADER_DTYPE
from ess_ray.core.checking.reading import Reading
from ess_ray.core.checking.suspect import Doubt
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.reasons import explain
from ess_ray.core.settings import DeviceSettings

ASSUMED_ANSWER_MS = 20.0  # of a device nobody has measured yet: a gateway with a serial bus behind it needs longer
BUSY_SHARE = 0.5  # of the period: beyond, one time-out makes a poll overrun
CLOCK_DOUBTFUL_S, CLOCK_WRONG_S = 1.0, 10.0
ENOUGH_HOURS, LEAST_HOURS = 24.0, 1.0
SLOW_SYNC_MS = 100.0
GROUP_BYTES = 64  # of a journal's row around its samples
ROW_BYTES, COLUMN_BYTES = 60, 8  # of a plain table's row: its head, time, site, device; a column


class Verdict(StrEnum):
    """How a check ended. A warning does not fail the job, but a person should know."""

    PASS = "pass"  # noqa: S105
    WARNING = "warning"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was tried on what, how it ended, and what to do about it."""

    subject: str  # site/device, database, export or journal
    what: str
    verdict: Verdict
    text: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Polled:
    """One device, tried."""

    device: DeviceSettings
    findings: tuple[Finding, ...]
    readings: tuple[Reading, ...] = ()  # empty if nothing was read
    doubts: tuple[Doubt, ...] = ()
    read_ms: float = 0.0


@dataclass(slots=True)
class Checked:
    """Everything that was tried."""

    devices: list[Polled] = field(default_factory=list)
    others: list[Finding] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        """All lines, in order."""
        return [one for device in self.devices for one in device.findings] + self.others

    @property
    def failed(self) -> bool:
        """Whether the job should end with 1."""
        return any(one.verdict is Verdict.FAIL for one in self.findings)


# --- the plan -------------------------------------------------------------------------------------------------------


def plan_finding(device: DeviceSettings, register_map: RegisterMap) -> Finding:
    """What a poll asks, and how long that would take at an assumed speed."""
    plan = device.plan
    asked = sum(request.count for request in plan.requests)
    used = sum(width for request in plan.requests for _, width in request.atoms)
    rows = len({(value.table, value.ids) for value in register_map.values})
    took_ms = poll_ms(device, ASSUMED_ANSWER_MS)
    text = (
        f"map {device.map_name}: {count(len(register_map.values), 'value')} in {count(rows, 'row')}; "
        f"{count(len(plan.requests), 'request')}, {count(asked, 'register')} ({asked - used} in holes); "
        f"every {device.period_us / 1e6:g} s; "
        f"about {took_ms:.0f} ms a poll if an answer takes {ASSUMED_ANSWER_MS:g} ms"
    )
    if took_ms * 1000 <= device.period_us:
        return Finding(str(device.device), "plan", Verdict.PASS, text)
    advice = "a longer period_s, more readable registers in the map or shorter pauses"
    return Finding(str(device.device), "plan", Verdict.WARNING, f"{text}: longer than its period", advice)


def poll_ms(device: DeviceSettings, answer_ms: float) -> float:
    """How long a poll takes, pauses included, if each answer takes this long."""
    requests = len(device.plan.requests)
    connect_us = 0 if device.keep_connection else device.connect_pause_us + 1000 * answer_ms
    return requests * answer_ms + ((requests - 1) * device.request_pause_us + connect_us) / 1000


def line_findings(devices: Sequence[Polled], took_ms: Mapping[str, float]) -> list[Finding]:
    """Devices that share a connection are read one behind the other: whether they get round within their period."""
    lines: dict[tuple[str, int], list[DeviceSettings]] = {}
    for one in devices:
        lines.setdefault(one.device.endpoint, []).append(one.device)
    found = []
    for (host, port), sharing in lines.items():
        sum_ms = sum(took_ms.get(str(device.device), 0.0) for device in sharing)
        least_us = min(device.period_us for device in sharing)
        if len(sharing) > 1:
            text = f"{len(sharing)} devices, {sum_ms:.0f} ms of {least_us / 1000:.0f} ms"
            found.append(_within(f"{host}:{port}", "line", text, 1000 * sum_ms / least_us))
    return found


def _within(subject: str, what: str, text: str, share: float) -> Finding:
    if share <= BUSY_SHARE:
        return Finding(subject, what, Verdict.PASS, text)
    verdict = Verdict.FAIL if share > 1 else Verdict.WARNING
    advice = "a longer period_s, more readable registers in the map, or a faster way to the device"
    return Finding(subject, what, verdict, f"{text}: {share:.0%} of the period", advice)


# --- a poll ---------------------------------------------------------------------------------------------------------


def poll_finding(device: DeviceSettings, read_ms: float, reason: str | None, missing: str | None) -> Finding:
    """How the poll went: `reason` and `missing` as of a sample."""
    name, period_ms = str(device.device), device.period_us / 1000
    if reason is None:
        text = f"all registers in {read_ms:.0f} ms of {period_ms:.0f} ms"
        return _within(name, "poll", text, read_ms / period_ms)
    why = explain(reason)
    text = f"{reason}: {why.meaning}; " + (f"not read: {missing}" if missing else "nothing was read")
    return Finding(name, "poll", Verdict.FAIL, text, why.advice)


def value_finding(device: DeviceSettings, readings: Sequence[Reading], doubtful: Sequence[Doubt]) -> Finding:
    """Whether what was read makes sense."""
    name = str(device.device)
    read = sum(one.read for one in readings)
    flagged = sum(one.outside for one in readings)
    text = f"{read} values, {flagged} out of range, {len(doubtful) - flagged} unusual"
    if not doubtful:
        return Finding(name, "values", Verdict.PASS, text)
    return Finding(name, "values", Verdict.WARNING, text, f"see above; job=probe device={name} shows other readings")


# --- what is around -------------------------------------------------------------------------------------------------


def clock_finding(ahead_s: float, uncertain_s: float) -> Finding:
    """The database's clock against ours; its own measuring error is not held against it."""
    text = f"{abs(ahead_s):.3f} s {'ahead of' if ahead_s > 0 else 'behind'} ours (± {uncertain_s:.3f} s)"
    off_s = abs(ahead_s) - uncertain_s
    verdict = Verdict.FAIL if off_s > CLOCK_WRONG_S else Verdict.WARNING if off_s > CLOCK_DOUBTFUL_S else Verdict.PASS
    return Finding(
        "database", "clock", verdict, text,
        "" if verdict is Verdict.PASS else "have both clocks set by NTP: rows count as late by them",
    )  # fmt: skip


def sync_finding(median_ms: float, worst_ms: float) -> Finding:
    """How fast the journal's disk is."""
    text = f"fsync {median_ms:.1f} ms, worst {worst_ms:.1f} ms"
    if median_ms <= SLOW_SYNC_MS:
        return Finding("journal", "disk", Verdict.PASS, text)
    return Finding("journal", "disk", Verdict.WARNING, text, "a faster disk for state_dir, or journal.sync=normal")


def room_finding(free_bytes: int, capacity_bytes: int, max_age_h: float, rate: float) -> Finding:
    """How long the journals can bridge an outage: `rate` is what the devices bring, in bytes a second."""
    hours = min(free_bytes, capacity_bytes) / rate / 3600
    bound = "journal.max_mb" if capacity_bytes < free_bytes else "the free room"
    reach = f"{max_age_h:g} hours, by journal.max_age_h" if hours >= max_age_h else f"{hours:.1f} hours, by {bound}"
    text = f"{size(free_bytes)} free; {size(rate)}/s: an outage is bridged for {reach}"
    if min(hours, max_age_h) >= ENOUGH_HOURS:
        return Finding("journal", "room", Verdict.PASS, text)
    verdict = Verdict.WARNING if min(hours, max_age_h) >= LEAST_HOURS else Verdict.FAIL
    return Finding("journal", "room", verdict, text, "make room below state_dir, or raise that bound")


def journal_rate(devices: Sequence[DeviceSettings]) -> float:
    """Bytes a second that go into the journals."""
    each = HEADER_DTYPE.itemsize + GROUP_BYTES
    return sum((one.plan.image_bytes + each + len(str(one.device))) * 1e6 / one.period_us for one in devices)


def table_rate(devices: Sequence[DeviceSettings], maps: Mapping[str, RegisterMap]) -> float:
    """Bytes a second that go into plain tables, roughly."""
    sizes = {name: _rows_bytes(one) for name, one in maps.items()}
    return sum((sizes[one.map_name] + ROW_BYTES) * 1e6 / one.period_us for one in devices)


def _rows_bytes(register_map: RegisterMap) -> int:
    rows = {(value.table, value.ids) for value in register_map.values}
    return ROW_BYTES * len(rows) + COLUMN_BYTES * len(register_map.values)


def count(number: int, what: str) -> str:
    """As people say it: 1 row, 2 rows."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def size(number: float) -> str:
    """Bytes for a person: "3.5 MB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.4g} TB"
