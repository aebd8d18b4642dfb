"""A closer look at a device that a poll did not read as its map says: why, and what to set. For `job=check`.

A bounded number of requests, one after the other; what is found is tried once more in a poll as the collector does it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from ess_ray.adapters.modbus.reach import poll_once
from ess_ray.adapters.modbus.reader import Budget, WayReader
from ess_ray.core.checking.causes import explains_all, find_causes
from ess_ray.core.checking.diagnosis import AskingLimits, Diagnosis, diagnose, longest_requests, look_at, mapped_keys
from ess_ray.core.checking.findings import Finding, Verdict
from ess_ray.core.checking.probed import SIZES
from ess_ray.core.checking.reading import read_values, registers_of
from ess_ray.core.checking.survey import Survey
from ess_ray.core.checking.unread import unread_lines
from ess_ray.core.checking.ways import Contact, Way, reason_text, settings_text, way_settings
from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.plan import Plan, make_plan
from ess_ray.core.maps.registers import MAX_BITS, MAX_REGISTERS, RegisterMap
from ess_ray.core.reasons import Reason, bare_reason
from ess_ray.core.samples import Sample
from ess_ray.core.settings import DeviceSettings, ProbeSettings

LIMITS = AskingLimits(most_requests=150, most_units=8)
REQUESTS_S = 20.0
PARALLEL = 8  # endpoints that are looked at side by side
PAUSES: tuple[Mapping[str, int], ...] = (
    {}, {"request_pause_us": 50_000}, {"request_pause_us": 200_000}, {"connect_pause_us": 1_000_000},
)  # fmt: skip
LOST = (Reason.TIMEOUT, Reason.CLOSED, Reason.INCOMPLETE)  # what a pause may help against
UNREAD_ADVICE = "take out of the map what the device does not have, or correct its addresses"
PAUSE_KEYS = {"request_pause_us": "request_pause_s", "connect_pause_us": "connect_pause_s"}


@dataclass(frozen=True, slots=True)
class Look:
    """What a closer look found; `survey` is what is known of the device, None if it was asked in another way."""

    findings: tuple[Finding, ...]
    survey: Survey | None


def look_closer(polled: Mapping[str, tuple[DeviceSettings, RegisterMap, Sample]]) -> dict[str, Look]:
    """A look at each of these devices, by name; those behind one endpoint one after the other. Waits for them."""
    endpoints: dict[tuple[str, int], list[str]] = {}
    for name, (device, _, _) in polled.items():
        endpoints.setdefault(device.endpoint, []).append(name)

    def look_behind(names: list[str]) -> list[tuple[str, Look]]:
        return [(name, _look(*polled[name])) for name in names]

    with ThreadPoolExecutor(PARALLEL, thread_name_prefix="look") as pool:
        return dict(look for looks in pool.map(look_behind, endpoints.values()) for look in looks)


def causes_alone(device: DeviceSettings, register_map: RegisterMap, sample: Sample) -> list[Finding]:
    """Findings about the map of a device that was read completely, without asking it anything more."""
    survey = Survey(registers=registers_of(device.plan, sample.image, sample.missing))
    return [_map_finding(device, str(cause)) for cause in find_causes(register_map.values, survey)]


def _look(device: DeviceSettings, register_map: RegisterMap, sample: Sample) -> Look:
    readers = WayReader(_probe_settings(device), Budget(REQUESTS_S, LIMITS.most_requests))
    first = Way(device.framing, device.unit_id, device.tolerate, device.connect_pause_us)
    allowed = {request.function: 0 for request in device.plan.requests}
    for request in device.plan.requests:
        allowed[request.function] = max(allowed[request.function], request.count)
    survey = Survey(registers_of(device.plan, sample.image, sample.missing), allowed=allowed)
    try:
        if sample.image:
            contact = Contact(first, sample.image, sample.image)
            keys = mapped_keys(register_map.values)
            diagnosis = look_at(register_map.values, keys, first, contact, survey, readers.ask, LIMITS)
        else:
            windows = [(r.function, r.address, r.address + r.count - 1) for r in device.plan.requests]
            diagnosis = diagnose(register_map.values, windows, first, readers.ask, LIMITS, survey)
    finally:
        readers.close()
    findings = [*_way_findings(device, register_map, sample, diagnosis)]
    findings += [_map_finding(device, str(cause)) for cause in diagnosis.causes]
    if diagnosis.contact.answered and not explains_all(diagnosis.causes):
        readings = read_values(register_map.values, diagnosis.survey.registers)
        for line in unread_lines(readings, diagnosis.survey.refused):
            findings.append(Finding(str(device.device), "columns", Verdict.FAIL, line, UNREAD_ADVICE))
    return Look(tuple(findings), diagnosis.survey if diagnosis.contact.way == first else None)


def _map_finding(device: DeviceSettings, text: str) -> Finding:
    advice = f"correct map {device.map_name}; job=probe device={device.device} shows the registers"
    return Finding(str(device.device), "map", Verdict.WARNING, text, advice)


def _way_findings(
    device: DeviceSettings, register_map: RegisterMap, sample: Sample, diagnosis: Diagnosis
) -> Iterator[Finding]:
    """What to set for the device, tried in a poll."""
    name, longest = str(device.device), longest_requests(device.plan)
    needed = {
        key: value for key, value in diagnosis.needed.items() if key not in SIZES or int(str(value)) < longest[key]
    }
    way = way_settings(diagnosis.first, diagnosis.contact.way)
    if needed:
        as_set = f"as it is set ({reason_text(diagnosis.contact.asked_as_set)})"
        what = as_set if way else "requests of the length that is set"
        tried = "" if diagnosis.causes else _tried(device, register_map, diagnosis)
        text = f"the device does not answer {what}, but does with {settings_text(needed)}{tried}"
        yield Finding(name, "settings", Verdict.WARNING, text, f"set {settings_text(needed)} for the device")
        return
    survey = diagnosis.survey
    lost = sample.retries or bare_reason(sample.reason or "") in LOST
    if lost and survey.registers and not survey.refused and not survey.not_searched:
        yield _pause_finding(device)


def with_needed(device: DeviceSettings, register_map: RegisterMap, diagnosis: Diagnosis) -> DeviceSettings:
    """The device with the settings that were found. Raises ConfigError if a value is longer than a request."""
    way, longest = diagnosis.way, longest_requests(device.plan)
    most = {key: min(longest[key], int(str(diagnosis.needed.get(key, longest[key])))) for key in SIZES}
    return replace(way.of(device), plan=device.plan if most == longest else _shorter_plan(register_map, **most))


def _shorter_plan(register_map: RegisterMap, max_registers: int, max_bits: int) -> Plan:
    return make_plan(register_map, max_registers or MAX_REGISTERS, max_bits or MAX_BITS)


def find_pause(device: DeviceSettings) -> Mapping[str, object] | None:
    """The pause with which a poll reads everything that is asked, none if it does without; None if none helps.

    Polls the device up to once for each of PAUSES, and once more without the one that helped.
    """
    for pause in PAUSES:
        if not _reads(device, pause):
            continue
        if pause and _reads(device, {}):  # it was a hiccup: the pause is not what helps
            return {}
        return {PAUSE_KEYS[key]: value / 1e6 for key, value in pause.items()}
    return None


def _reads(device: DeviceSettings, pause: Mapping[str, int]) -> bool:
    """True if a poll with this pause loses no reply."""
    sample = poll_once([replace(device, **pause)]).get(str(device.device))  # type: ignore[arg-type]
    return sample is not None and bare_reason(sample.reason or "") not in LOST and not sample.retries


def _tried(device: DeviceSettings, register_map: RegisterMap, diagnosis: Diagnosis) -> str:
    """What a poll reads with the settings that were found, as the rest of a sentence; empty if that is not all."""
    try:
        sample = poll_once([with_needed(device, register_map, diagnosis)]).get(str(device.device))
    except ConfigError:
        return ""
    if sample is None or sample.reason is not None:
        return ""
    return f": a poll reads all registers then, in {sample.read_ms:.0f} ms"


def _pause_finding(device: DeviceSettings) -> Finding:
    """What pause makes a device answer that answers each request alone: none if it was a hiccup."""
    pause = find_pause(device)
    if pause:
        text = f"the device answers each request alone, and all of a poll with {settings_text(pause)}"
        advice = f"set {settings_text(pause)} for the device"
    elif pause is None:
        text = "the device answers each request alone, but not all of a poll, with no pause that was tried"
        advice = "end other clients of the device; try longer pauses"
    else:
        text = "polled again, the device answered everything: it loses a reply now and then"
        advice = "nothing to set: what is lost is asked again"
    return Finding(str(device.device), "settings", Verdict.WARNING, text, advice)


def _probe_settings(device: DeviceSettings) -> ProbeSettings:
    return ProbeSettings(
        device=device, host=device.host, port=device.port, unit_id=device.unit_id, windows=(), requests_s=REQUESTS_S,
        most_requests=LIMITS.most_requests, most_connections=1, timeout_us=device.timeout_us,
        connect_timeout_us=device.connect_timeout_us, connect_pause_us=device.connect_pause_us, framing=device.framing,
        tls=device.tls, tolerate=device.tolerate,
    )  # fmt: skip
