"""The devices' part of `job=check`: plan, name, connection, one poll, values; a closer look at what is not right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ess_ray.adapters.modbus.reach import poll_once, reach_all
from ess_ray.core.checking.computed import compute_readings, computed_doubts
from ess_ray.core.checking.findings import Finding, Polled, Verdict, plan_finding, poll_finding, value_finding
from ess_ray.core.checking.reading import read_values, registers_of
from ess_ray.core.checking.suspect import doubts
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.reasons import Reason
from ess_ray.core.samples import Sample
from ess_ray.core.settings import DeviceSettings, Settings
from ess_ray.jobs.closer_look import Look, causes_alone, look_closer

MOST_LOOKED_AT = 8  # devices that are looked at more closely, of which each may take half a minute


def check_devices(settings: Settings) -> list[Polled]:
    """Check every device: its plan, its host's name, a connection, one poll and its values.

    One result a device, in the order of the settings. What several devices behind one endpoint share is found once, and
    is among the findings of the first. `settings`: as for `jobs.check.check_all`.
    """
    reachability = reach_all(settings.devices)  # findings by endpoint
    reached = [
        device
        for device in settings.devices
        if all(finding.verdict is Verdict.PASS for finding in reachability[device.endpoint])
    ]
    samples = poll_once(reached)
    looks = _looks(settings, samples)
    polled = []
    for device in settings.devices:
        shared = reachability.pop(device.endpoint, [])  # shown once, with the endpoint's first device
        reachability[device.endpoint] = []
        name, register_map = str(device.device), settings.maps[device.map_name]
        findings = (plan_finding(device, register_map), *shared)
        polled.append(_polled(device, register_map, findings, samples.get(name), looks.get(name)))
    return polled


def _looks(settings: Settings, samples: Mapping[str, Sample]) -> dict[str, Look]:
    """A closer look at devices of which the poll is incomplete or has doubtful values: at the first few of them.

    Of the others the first of each map is weighed, without asking it anything more.
    """
    troubled = {}
    looks: dict[str, Look] = {}
    weighed: set[str] = set()  # maps of devices that read well
    for device in settings.devices:
        name, register_map = str(device.device), settings.maps[device.map_name]
        if not (sample := samples.get(name)):
            continue
        if _is_troubled(device, register_map, sample):
            troubled[name] = device, register_map, sample
        elif device.map_name not in weighed:
            weighed.add(device.map_name)
            looks[name] = Look(tuple(causes_alone(device, register_map, sample)), None)
    looks |= look_closer(dict([*troubled.items()][:MOST_LOOKED_AT]))
    for name in [*troubled][MOST_LOOKED_AT:]:
        text = f"not looked at more closely, as {MOST_LOOKED_AT} other devices were"
        finding = Finding(name, "map", Verdict.SKIPPED, text, f"job=probe device={name}")
        looks[name] = Look((finding,), None)
    return looks


def _is_troubled(device: DeviceSettings, register_map: RegisterMap, sample: Sample) -> bool:
    registers = registers_of(device.plan, sample.image, sample.missing)
    return sample.reason is not None or sample.retries > 0 or bool(doubts(register_map.values, registers))


def _polled(
    device: DeviceSettings,
    register_map: RegisterMap,
    findings: tuple[Finding, ...],
    sample: Sample | None,
    look: Look | None,
) -> Polled:
    name = str(device.device)
    if sample is None:
        skipped = Finding(name, "poll", Verdict.SKIPPED, "not polled: the device cannot be reached")
        return Polled(device, (*findings, skipped))
    poll = poll_finding(device, sample.read_ms, sample.reason, sample.missing_text, sample.retries)
    seen = look.findings if look else ()
    said = {finding.what for finding in seen if finding.verdict is not Verdict.SKIPPED}
    if said & {"settings", "map"} or (sample.reason == Reason.TIMEOUT and "columns" in said):
        poll = replace(poll, advice="")  # these lines say it better
    findings = (*findings, poll)
    registers = registers_of(device.plan, sample.image, sample.missing)
    if look and look.survey:
        registers |= look.survey.registers
    readings = read_values(register_map.values, registers)
    if not any(reading.read for reading in readings):
        skipped = Finding(name, "values", Verdict.SKIPPED, "not checked: nothing was read")
        return Polled(device, (*findings, skipped, *seen))
    computed = compute_readings(register_map.computed, readings)
    doubtful = [*doubts(register_map.values, registers), *computed_doubts(computed)]
    readings += computed
    findings = (*findings, value_finding(device, readings, doubtful), *seen)
    return Polled(device, findings, tuple(readings), tuple(doubtful), sample.read_ms, sample.reason is None)
