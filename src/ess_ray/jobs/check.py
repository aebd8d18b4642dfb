"""`job=check`: try everything that the main job needs, and print what would fail and what to do about it.

Devices are polled once, database and store are written to and everything is undone: nothing is left behind. Exit code
1 if anything failed; warnings do not fail it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta

from ess_ray.adapters.local.disk import free_bytes, nearest, sync_ms
from ess_ray.adapters.modbus.reach import poll_once, reach_all
from ess_ray.adapters.postgres.database_check import database_findings
from ess_ray.adapters.postgres.embedded.server import MIN_FREE_BYTES
from ess_ray.adapters.stores.store_check import store_findings
from ess_ray.app.exit_codes import FAILED, INTERRUPTED, OK
from ess_ray.app.serving import serving
from ess_ray.core.checking.findings import (
    Checked,
    Finding,
    Polled,
    Verdict,
    connection_findings,
    journal_rate,
    plan_finding,
    poll_finding,
    room_finding,
    size,
    sync_finding,
    table_rate,
    value_finding,
)
from ess_ray.core.checking.reading import read_values, registers_of
from ess_ray.core.checking.suspect import doubts, patterns
from ess_ray.core.errors import CannotStart
from ess_ray.core.maps.row_size import widest_rows
from ess_ray.core.samples import Sample
from ess_ray.core.settings import DeviceSettings, Settings
from ess_ray.jobs.check_text import as_json, print_checked
from ess_ray.simulator.launch import simulate

MAKE_ROOM = "make room there, or set state_dir to another disk"


def run(settings: Settings) -> int:
    """Check everything, print the findings, return the exit code. Raises CannotStart if the simulator cannot start."""
    try:
        with ExitStack() as stack:
            checked = check_all(simulate(settings, stack) if settings.simulated else settings)
    except KeyboardInterrupt:
        return INTERRUPTED
    if settings.check_format == "json":
        sys.stdout.write(as_json(checked))
    else:
        print_checked(checked)
    return FAILED if checked.failed else OK


def check_all(settings: Settings) -> Checked:
    """All checks, in the order of a sample's way: devices, database, export, journal. What fails is a finding.

    `settings`: of simulated devices, with the ports of the running simulator.
    """
    polled = check_devices(settings)
    took_ms = {str(device.device.device): device.read_ms for device in polled}
    others = [*connection_findings(polled, took_ms), *_database(settings), *_export(settings), *_journal(settings)]
    return Checked(polled, others)


def check_devices(settings: Settings) -> list[Polled]:
    """Check every device: its plan, its host's name, a connection, one poll and its values.

    One result a device, in the order of the settings. What several devices behind one endpoint share is found once, and
    is among the findings of the first. `settings`: as for `check_all`.
    """
    reachability = reach_all(settings.devices)  # findings by endpoint
    reached = [
        device
        for device in settings.devices
        if all(finding.verdict is Verdict.PASS for finding in reachability[device.endpoint])
    ]
    samples = poll_once(reached)
    polled = []
    for device in settings.devices:
        shared = reachability.pop(device.endpoint, [])  # shown once, with the endpoint's first device
        reachability[device.endpoint] = []
        polled.append(_polled(settings, device, shared, samples))
    return polled


def _polled(settings: Settings, device: DeviceSettings, shared: list[Finding], samples: Mapping[str, Sample]) -> Polled:
    name, register_map = str(device.device), settings.maps[device.map_name]
    findings = [plan_finding(device, register_map), *shared]
    sample = samples.get(name)
    if sample is None:
        return Polled(
            device, (*findings, Finding(name, "poll", Verdict.SKIPPED, "not polled: the device cannot be reached"))
        )
    findings.append(poll_finding(device, sample.read_ms, sample.reason, sample.missing_text))
    if not sample.image:
        return Polled(device, (*findings, Finding(name, "values", Verdict.SKIPPED, "not checked: nothing was read")))
    registers = registers_of(device.plan, sample.image, sample.missing)
    readings = read_values(register_map.values, registers)
    doubtful = doubts(register_map.values, registers)
    findings.append(value_finding(device, readings, doubtful))
    for pattern in patterns(device.plan.requests, register_map.values, registers):
        advice = f"job=probe device={name} shows it; then correct map {device.map_name}"
        findings.append(Finding(name, "map", Verdict.WARNING, str(pattern), advice))
    return Polled(device, tuple(findings), tuple(readings), tuple(doubtful), sample.read_ms)


def _database(settings: Settings) -> list[Finding]:
    storage = settings.storage
    if storage.kind == "embedded" and not (settings.state_dir / "postgresql").is_dir():
        return [
            Finding(
                "database",
                "connection",
                Verdict.SKIPPED,
                "not checked: the embedded database is made at the first start",
            )
        ]
    rate = table_rate(settings.devices, settings.maps)
    try:
        with serving(settings) as dsn:
            return database_findings(
                dsn,
                settings.standard,
                timedelta(microseconds=storage.chunk_us),
                timedelta(microseconds=storage.compress_after_us),
                rate,
                widest_rows(settings.maps.values(), settings.standard),
            )
    except CannotStart as error:
        return [
            Finding(
                "database",
                "connection",
                Verdict.FAIL,
                str(error),
                "see the text above, and logs/ in the state folder",
            )
        ]


def _export(settings: Settings) -> list[Finding]:
    store = settings.export.store
    if store is None:
        return [Finding("export", "write", Verdict.SKIPPED, "not checked: nothing is exported (export=none)")]
    return store_findings(store)


def _journal(settings: Settings) -> Iterator[Finding]:
    folder, rate = nearest(settings.state_dir), journal_rate(settings.devices)
    try:
        free = free_bytes(folder)
        yield room_finding(free, settings.journal.capacity_bytes, settings.journal.max_age_us / 3.6e9, rate)
        if settings.storage.kind == "embedded" and free < MIN_FREE_BYTES:
            text = f"{size(free)} free, and the embedded database does not start below {size(MIN_FREE_BYTES)}"
            yield Finding("journal", "room", Verdict.FAIL, text, MAKE_ROOM)
        yield sync_finding(*sync_ms(folder, round(rate) + 1))
    except OSError as error:
        yield Finding("journal", "disk", Verdict.FAIL, f"{folder}: {error.strerror}", MAKE_ROOM)
