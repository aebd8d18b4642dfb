"""Fleets from small to large, collected by ess_ray with Ray and in one process, the small one in two usual ways too."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import product

from benchmarks.baselines import MAP, WAYS
from benchmarks.databases import running, server
from benchmarks.fleet import CPU
from benchmarks.load_device import FIRST_PORT, load_devices
from benchmarks.measure import Cell, Part
from benchmarks.processes import Watch
from benchmarks.whole_job import DEVICES, OTHERS, POSTGRESQL, WARM_S, Run, Setting, fresh_database, postmaster, run_job

SIZE = 30  # devices: the slowest of the usual ways may be able to poll as many
SIZES = (4, 30, 300, 1000)
SECONDS_S = 25
COLLECTOR, MEMORY = f"{CPU}the collector", "memory of the collector (PSS), MB"
CLUSTERS = {"Ray": "cluster=local", "one process": "cluster=none"}


def run(rounds: int, sizes: Sequence[int] = SIZES, seconds_s: float = SECONDS_S) -> Part:
    """One run for each way and size."""
    name, bin_dir, settings = server()
    columns: dict[str, dict[str, Cell]] = {}
    with running(bin_dir, settings) as dsn:
        for way in WAYS:
            with fresh_database(dsn, "today") as database, load_devices(SIZE, MAP) as pid:
                columns[f"{way}, {SIZE} devices"] = _baseline(way, database, SIZE, int(seconds_s), pid)
        for size, (platform, words) in product(sizes, CLUSTERS.items()):
            with fresh_database(dsn, "today") as database, load_devices(size, MAP) as pid:
                result = run_job(database, Setting(size, MAP, seconds_s, pid=pid), rounds, words)
                columns[f"{platform}, {size} devices"] = _figures(result)
    lines = dict.fromkeys(line for column in columns.values() for line in column)
    return Part(
        f"Today: {seconds_s:g} s",
        f"pymodbus: asyncio, kept connections, executemany. scripts: a new connection a poll, INSERT and commit a row. "
        f"Neither has a journal or counts its losses. ess_ray: with Ray, and in one process without. CPU of the "
        f"collector and of the server ({name}).",
        "one process: 30 devices <= 0.8 ms, <= 120 MB, first row <= 2.5 s; 1000 devices <= 0.2 ms, <= 150 MB, "
        "p99 <= 600 ms; everything stored",
        {line: {way: column.get(line) for way, column in columns.items()} for line in lines},
    )


def _figures(result: Run) -> dict[str, Cell]:
    return {
        "stored, %": 100 * result.stored / result.expected,
        COLLECTOR: result.collector_ms,
        f"{CPU}{POSTGRESQL}": result.cpu_ms[POSTGRESQL].median,
        MEMORY: sum(mb for kind, mb in result.memory_mb.items() if kind not in OTHERS),
        "from the command to the first row, s": result.started_s["first row"],
        "from tick to commit, p50, ms": result.p50_ms,
        "from tick to commit, p99, ms": result.p99_ms,
    }


def _baseline(way: str, dsn: str, devices: int, seconds_s: int, pid: int) -> dict[str, Cell]:
    command = [sys.executable, "-m", "benchmarks.baselines", way, dsn, str(devices), str(FIRST_PORT), str(seconds_s)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,
        Watch(process.pid, {postmaster(dsn): POSTGRESQL, pid: DEVICES}) as watch,
    ):
        start_s = time.time()
        time.sleep(0.8 * seconds_s)
        memory = watch.memory_mb()
        stored = int(process.communicate()[0])
    cpu_s, passed_s = watch.cpu_s(start_s + WARM_S, start_s + seconds_s)
    # CPU for each device-tick that was stored, not for each expected: ticks that are skipped cost nothing.
    share = stored / (devices * seconds_s)
    ms_each = 1e3 / (share * devices * passed_s)
    return {
        "stored, %": 100 * share,
        COLLECTOR: ms_each * sum(seconds for kind, seconds in cpu_s.items() if kind not in OTHERS),
        f"{CPU}{POSTGRESQL}": ms_each * cpu_s[POSTGRESQL],
        MEMORY: sum(mb for kind, mb in memory.items() if kind not in OTHERS),
    }
