"""A small fleet, collected by ess_ray and in two usual ways."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.baselines import MAP, WAYS
from benchmarks.databases import running, server
from benchmarks.fleet import CPU
from benchmarks.load_device import FIRST_PORT, load_devices
from benchmarks.measure import Cell, Part
from benchmarks.processes import Watch
from benchmarks.whole_job import DEVICES, OTHERS, POSTGRESQL, WARM_S, Setting, fresh_database, postmaster, run_job

SIZE = 30  # devices: the slowest of the ways may be able to poll as many
SECONDS_S = 25
COLLECTOR = f"{CPU}the collector"
LARGER = 10  # times as many devices in a second run of ess_ray, which is made for more
ONE_POLLER = "cluster.devices_per_actor=100000"


def run(rounds: int, devices: int = SIZE, seconds_s: int = SECONDS_S) -> Part:
    """One run for each way."""
    name, bin_dir, settings = server()
    columns: dict[str, dict[str, Cell]] = {}
    with running(bin_dir, settings) as dsn:
        for way in WAYS:
            with fresh_database(dsn, "today") as database, load_devices(devices, MAP) as pid:
                columns[way] = _baseline(way, database, devices, seconds_s, pid)
        for size in (devices, LARGER * devices):
            with fresh_database(dsn, "today") as database, load_devices(size, MAP) as pid:
                result = run_job(database, Setting(size, MAP, seconds_s, pid=pid), rounds, ONE_POLLER)
                columns[f"ess_ray, {size} devices"] = {
                    "stored, %": 100 * result.stored / result.expected,
                    COLLECTOR: result.collector_ms,
                    f"{CPU}{POSTGRESQL}": result.cpu_ms[POSTGRESQL].median,
                }
    return Part(
        f"Today: {devices} devices, {seconds_s} s",
        f"pymodbus: asyncio, kept connections, executemany. scripts: a new connection a poll, INSERT and commit a row. "
        f"Neither has a journal or counts its losses; CPU of the collector and of the server ({name}). Ray's fixed "
        f"cost is large for a small fleet, so ess_ray is measured with {LARGER * devices} devices too.",
        "less CPU than either, and everything stored",
        {line: {way: column[line] for way, column in columns.items()} for line in next(iter(columns.values()))},
    )


def _baseline(way: str, dsn: str, devices: int, seconds_s: int, pid: int) -> dict[str, Cell]:
    command = [sys.executable, "-m", "benchmarks.baselines", way, dsn, str(devices), str(FIRST_PORT), str(seconds_s)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,
        Watch(process.pid, {postmaster(dsn): POSTGRESQL, pid: DEVICES}) as watch,
    ):
        start_s = time.time()
        stored = int(process.communicate()[0])
    cpu_s, passed_s = watch.cpu_s(start_s + WARM_S, start_s + seconds_s)
    # CPU for each device-tick that was stored, not for each expected: ticks that are skipped cost nothing.
    share = stored / (devices * seconds_s)
    ms_each = 1e3 / (share * devices * passed_s)
    return {
        "stored, %": 100 * share,
        COLLECTOR: ms_each * sum(seconds for kind, seconds in cpu_s.items() if kind not in OTHERS),
        f"{CPU}{POSTGRESQL}": ms_each * cpu_s[POSTGRESQL],
    }
