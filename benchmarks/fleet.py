"""Fleets end to end: the real job, real sockets and a real server, all on this machine; one run for each size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.cores import speed
from benchmarks.databases import disk_bytes, running, server
from benchmarks.load_device import FIRST_PORT, ceiling, load_devices
from benchmarks.material import layout
from benchmarks.measure import Cell, Part, Spread
from benchmarks.whole_job import OTHERS, TOTAL, Run, Setting, fresh_database, run_job

MAP = "sionyu"
SIZES = (10, 100, 300, 1000, 3000)
TOGETHER, TOGETHER_SIZES = 7, (1000, 3000, 5000)  # all requests of a poll at once, for devices that take them
SECONDS_S = 120.0
GROWTH_FROM = 100  # devices: with fewer, Ray's fixed cost is most of the cost
BEFORE = ("one core before the run, turns/s", "all cores, times the work of one")  # as in `benchmarks.cores`
CPU = "CPU ms a device-tick, "
AIM = (
    "all stored; p99 < 700 ms at 1000 devices, < 2000 ms at 3000; "
    "collector <= 0.25 ms CPU and <= 1 MB a device at 1000; exponent <= 1"
)


def run(rounds: int, sizes: Sequence[int] = SIZES, seconds_s: float = SECONDS_S, at_once: int = 1) -> Part:
    """All sizes, smallest first, with `at_once` requests at once; each run is cut into `rounds` slices of time."""
    server_name, bin_dir, settings = server()
    with load_devices(max(sizes), MAP) as pid:
        held = ceiling(pid, max(sizes), MAP, FIRST_PORT)
    columns: dict[str, dict[str, Cell]] = {}
    runs = []
    with running(bin_dir, settings) as dsn:
        for devices in sorted(sizes):
            columns[f"{devices} devices"] = dict(zip(BEFORE, speed(rounds), strict=True))
            with fresh_database(dsn, "fleet") as database, load_devices(devices, MAP) as pid:
                setting = Setting(devices, MAP, seconds_s, pid=pid)
                runs.append(run_job(database, setting, rounds, f"fleet.requests_at_once={at_once}"))
                bytes_a_tick = disk_bytes(database) / max(1, runs[-1].stored)
            columns[f"{devices} devices"] |= figures(runs[-1]) | {"bytes a device-tick, not compressed": bytes_a_tick}
    if len(grown := [run for run in runs if run.devices >= GROWTH_FROM]) > 1:
        columns |= _growth(grown)
    lines = [line for column in columns.values() for line in column]
    return Part(
        f"Fleet: the whole job for {seconds_s:g} s, every device every second"
        + (f", {at_once} requests at once" if at_once > 1 else ""),
        f"Map {MAP}, {layout(MAP).registers} registers, {len(layout(MAP).plan.requests)} requests, 12 rows; "
        f"{server_name}; devices, server and collector on this machine. Medians and quartiles over {rounds} slices of "
        f"a run; growth from {GROWTH_FROM} devices on: the exponent of CPU over devices, and a straight line, cores = "
        f"fixed + each x devices / 1000, with its largest error. The simulated devices alone sustain {held}.",
        AIM,
        {line: {name: column.get(line) for name, column in columns.items()} for line in dict.fromkeys(lines)},
    )


def figures(run: Run) -> dict[str, Cell]:
    """The figures of a run, by name."""
    a_million = 1e3 / layout(MAP).registers
    collector_mb = sum(megabytes for kind, megabytes in run.memory_mb.items() if kind not in OTHERS)
    return {
        "stored, %": 100 * run.stored / run.expected,
        "tick to commit, p50 ms": run.p50_ms,
        "tick to commit, p99 ms": run.p99_ms,
        f"{CPU}all": run.cpu_ms[TOTAL],
        f"{CPU}collector": run.collector_ms,
        **{f"{CPU}{kind}": cell for kind, cell in sorted(run.cpu_ms.items()) if kind != TOTAL},
        "CPU s a million registers, all": a_million * run.cpu_ms[TOTAL].median,
        "CPU s a million registers, collector": a_million * run.collector_ms,
        "cores, all": run.devices * run.cpu_ms[TOTAL].median / 1e3,
        **{f"MB, {kind}": megabytes for kind, megabytes in sorted(run.memory_mb.items())},
        "MB a device, collector": collector_mb / run.devices,
        **{f"start: {step}, s": seconds_s for step, seconds_s in run.started_s.items()},
    }


def _growth(runs: Sequence[Run]) -> dict[str, dict[str, Cell]]:
    """How each kind's CPU grows with the devices, as columns: an exponent, and a line through all sizes."""
    sizes = np.array([run.devices for run in runs], float)
    names = ("exponent", "fixed, cores", "each, ms", "largest error, %")
    columns: dict[str, dict[str, Cell]] = {name: {} for name in names}
    for line in figures(runs[0]):
        cells = [figures(run).get(line) for run in runs]
        numbers = [cell.median if isinstance(cell, Spread) else cell for cell in cells]
        if not line.startswith(CPU) or not all(numbers):
            continue
        cores = sizes * np.array(numbers, float) / 1e3
        each, fixed = np.polyfit(sizes, cores, 1, w=1 / cores)  # relative: the small sizes count as much
        columns["exponent"][line] = float(np.polyfit(np.log(sizes), np.log(cores), 1)[0])
        columns["fixed, cores"][line], columns["each, ms"][line] = float(fixed), float(1e3 * each)
        columns["largest error, %"][line] = float(100 * np.max(np.abs((fixed + each * sizes) / cores - 1)))
    return columns
