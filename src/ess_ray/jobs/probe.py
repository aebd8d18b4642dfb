"""`job=probe`: read from one device with a bounded number of requests, and show what its registers could mean.

Exit code 1 if no register could be read, if one of the map was not or is doubtful, or if the device needs other
settings. Only functions 1-4 are sent, at `probe.rate` requests a second at most.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace

from rich.console import Console

from ess_ray.adapters.modbus.reach import resolve, try_tls
from ess_ray.adapters.modbus.reader import Budget, Reader, WayReader, count_connections
from ess_ray.adapters.modbus.tls import Failure
from ess_ray.app.exit_codes import FAILED, INTERRUPTED, OK
from ess_ray.app.output import print_line
from ess_ray.core.checking.computed import compute_readings, computed_doubts
from ess_ray.core.checking.diagnosis import AskingLimits, Diagnosis, diagnose
from ess_ray.core.checking.explore import MOST_AT_ONCE, explore
from ess_ray.core.checking.probed import Probed
from ess_ray.core.checking.reading import read_values
from ess_ray.core.checking.survey import AddressRange, Survey
from ess_ray.core.checking.suspect import doubts
from ess_ray.core.checking.ways import Way
from ess_ray.core.checking.weighing import keys_of
from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.registers import RegisterMap, Value
from ess_ray.core.settings import DeviceSettings, ProbeSettings, Settings
from ess_ray.jobs.closer_look import PAUSES, find_pause, with_needed
from ess_ray.jobs.probe_text import print_probed
from ess_ray.simulator.launch import simulate

TIMED = 20  # requests whose time is taken
MOST_UNITS = 16  # other unit ids that are tried on a device that does not answer, or whose map does not fit


def run(settings: Settings) -> int:
    """Probe the device, print the result, return the exit code: OK, FAILED or INTERRUPTED.

    `settings.probe` has to be there, as for `job=probe` it is. Raises CannotStart if the simulator cannot start.
    """
    probe = settings.probe
    assert probe is not None
    try:
        with ExitStack() as stack:
            if settings.simulated and probe.device:
                probe = _simulated(settings, probe.device, stack)
            try:
                resolve(probe.host, probe.port)
            except OSError as error:
                reason = error.strerror or error
                text = f"ess_ray: {probe.host} has no address ({reason}): check host and the name server"
                print_line(text, error=True)
                return FAILED
            if no_tls := _no_tls(probe):
                print_line(f"ess_ray: {probe.host}:{probe.port}: {no_tls.reason}: {no_tls.advice}", error=True)
                return FAILED
            probed = probe_device(probe, settings.maps[probe.device.map_name] if probe.device else None)
    except KeyboardInterrupt:
        return INTERRUPTED
    print_probed(probed, Console(highlight=False))
    return OK if probed.good else FAILED


def _no_tls(probe: ProbeSettings) -> Failure | None:
    """Why the device has no TLS; None: it has, or needs none, or takes no connection, which the search will say."""
    if probe.tls is None:
        return None
    try:
        tried = try_tls(probe)
    except OSError:
        return None
    return tried if isinstance(tried, Failure) else None


def probe_device(probe: ProbeSettings, register_map: RegisterMap | None) -> Probed:
    """Probe the way to the device, its registers, request sizes, speed, connections, until `most_requests` are sent.

    `register_map`: the device's, None without one. Waits for the device. One that does not reply raises
    nothing: `diagnosis` has no registers then, and says why.
    """
    budget = Budget(probe.requests_s, probe.most_requests)
    readers = WayReader(probe, budget)
    first = Way(probe.framing, probe.unit_id, probe.tolerate, probe.connect_pause_us)
    values = register_map.values if register_map else ()
    asked = _asked(values, probe.windows)
    diagnosis = diagnose(asked, probe.windows, first, readers.ask, AskingLimits(probe.most_requests, MOST_UNITS))
    survey, reader = diagnosis.survey, readers.reader(diagnosis.contact.way)
    if diagnosis.contact.answered:
        explore(survey, reader.read)
    times_ms, timed = _times(reader, survey)
    reader.close()
    pauses = _pauses(probe, register_map, diagnosis, budget) if register_map else {}
    connections = at_once = None
    function, address = min(survey.registers, default=(0, 0))
    if survey.registers and budget.left >= probe.most_connections:
        connections = count_connections(reader.settings, budget, probe.most_connections, function, address)
    if survey.registers and budget.left >= MOST_AT_ONCE:
        at_once = reader.count_replies_at_once(function, address, MOST_AT_ONCE)
    readings = [reading for reading in read_values(values, survey.registers) if reading.read or reading.value in asked]
    computed = compute_readings(register_map.computed, readings) if register_map else []
    return Probed(
        settings=probe,
        diagnosis=diagnosis,
        readings=tuple(readings),
        computed=tuple(reading for reading in computed if reading.read),
        doubts=(*doubts(asked, survey.registers), *computed_doubts(computed)),
        median_ms=statistics.median(times_ms) if times_ms else 0.0,
        worst_ms=max(times_ms, default=0.0),
        timed=timed,
        connections=connections,
        at_once=at_once,
        sent=probe.most_requests - budget.left,
        pauses=pauses,
    )


def _pauses(
    probe: ProbeSettings, register_map: RegisterMap, diagnosis: Diagnosis, budget: Budget
) -> Mapping[str, object]:
    """The pause that a poll needs whose requests are all answered one by one, slowly; {} if it needs none."""
    survey, device = diagnosis.survey, probe.device
    if device is None or not diagnosis.contact.answered or diagnosis.causes or survey.refused or survey.not_searched:
        return {}
    try:
        device = with_needed(device, register_map, diagnosis)
    except ConfigError:
        return {}
    requests = len(device.plan.requests) * (1 + device.retries) * (len(PAUSES) + 1)
    if requests > budget.left:
        return {}
    budget.left -= requests
    return find_pause(replace(device, host=probe.host, port=probe.port)) or {}


def _asked(values: Iterable[Value], windows: Sequence[AddressRange]) -> tuple[Value, ...]:
    """The values whose registers lie in the windows."""
    keys = {(function, address) for function, first, last in windows for address in range(first, last + 1)}
    return tuple(value for value in values if keys.issuperset(keys_of(value)))


def _times(reader: Reader, survey: Survey) -> tuple[list[float], tuple[int, int]]:
    """(times in milliseconds, (number of times, registers of each request)) of the largest request, repeated."""
    runs = survey.runs
    if not runs:
        return [], (0, 0)
    function, first, last = max(runs, key=lambda span: span[2] - span[1])
    count = min(last - first + 1, survey.largest[function])
    reader.took_ms.clear()
    for _ in range(TIMED):
        reader.read(function, first, count)
    return reader.took_ms, (len(reader.took_ms), count)


def _simulated(settings: Settings, device: DeviceSettings, stack: ExitStack) -> ProbeSettings:
    """The probe's settings with the device played by the simulator."""
    played = simulate(replace(settings, devices=(device,)), stack).devices[0]
    assert settings.probe is not None
    return replace(settings.probe, device=played, host=played.host, port=played.port, tls=played.tls)
