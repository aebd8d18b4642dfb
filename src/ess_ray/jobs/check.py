"""`job=check`: try everything that the main job needs, and print what would fail and what to do about it.

Devices are polled once, database and store are written to and everything is undone: nothing is left behind. Exit code
1 if anything failed; warnings do not fail it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

from ess_ray.adapters.local.disk import free_bytes, nearest, sync_ms
from ess_ray.adapters.postgres.database_check import database_findings
from ess_ray.adapters.postgres.embedded.server import MIN_FREE_BYTES
from ess_ray.adapters.stores.store_check import store_findings
from ess_ray.app.exit_codes import FAILED, INTERRUPTED, OK
from ess_ray.app.serving import serving
from ess_ray.core.checking.findings import (
    Checked,
    Finding,
    Verdict,
    connection_findings,
    journal_rate,
    room_finding,
    size,
    sync_finding,
    table_rate,
)
from ess_ray.core.errors import CannotStart
from ess_ray.core.maps.row_size import widest_rows
from ess_ray.core.settings import Settings
from ess_ray.jobs.check_devices import check_devices
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
