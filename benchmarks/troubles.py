"""Fleets in trouble: devices that refuse connections, do not reply, or reply late. One run each."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

from benchmarks.databases import running, server
from benchmarks.fleet import CPU, MAP, TOGETHER
from benchmarks.load_device import load_devices
from benchmarks.measure import Cell, Part
from benchmarks.whole_job import TOTAL, Run, Setting, fresh_database, run_job

DEVICES = 1000
SLOW_S, DEAD_S = 30.0, 60.0
DEAD_WARM_S = 25.0  # until the pauses between the probes of a dead device are as long as they get
SLOWEST = f"150 ms, {TOGETHER} at once"
# By name: further options of `benchmarks.load_device`; None: there is no process, and nothing listens.
TROUBLES: dict[str, tuple[str, ...] | None] = {
    "none": (),
    "connection refused": None,
    "no connection": ("--unreachable",),
    "no answer": ("--silent",),
    "answers after 1 ms": ("--delay-ms", "1"),
    "after 10 ms": ("--delay-ms", "10"),
    "after 50 ms": ("--delay-ms", "50"),
    SLOWEST: ("--delay-ms", "150"),
}
DEAD = ("connection refused", "no connection", "no answer")


def run(rounds: int, devices: int = DEVICES) -> Part:
    """All troubles, and a fleet without any."""
    name, bin_dir, settings = server()
    columns: dict[str, dict[str, Cell]] = {}
    with running(bin_dir, settings) as dsn:
        for trouble, words in TROUBLES.items():
            with fresh_database(dsn, "fleet") as database, ExitStack() as stack:
                pid = None if words is None else stack.enter_context(load_devices(devices, MAP, *words))
                setting = Setting(devices, MAP, SLOW_S, pid=pid)
                if trouble in DEAD:
                    setting = replace(setting, seconds_s=DEAD_S, warm_s=DEAD_WARM_S)
                at_once = TOGETHER if trouble == SLOWEST else 1
                columns[trouble] = _figures(run_job(database, setting, rounds, f"fleet.requests_at_once={at_once}"))
    return Part(
        f"Trouble: {devices} devices that are dead or slow",
        f"As for the fleet, {name}; CPU of dead devices once their probes are rare, after {DEAD_WARM_S:g} s. "
        "A sample is accounted for if the database has it: as stored, or as failed with its reason.",
        "1000 dead devices <= 0.05 cores (poller); round trips of 50 ms: all stored",
        {line: {trouble: column.get(line) for trouble, column in columns.items()} for line in columns["none"]},
    )


def _figures(run: Run) -> dict[str, Cell]:
    cores_per_ms = run.devices / 1e3  # cores for each CPU ms of a device-tick
    cores = {kind: cores_per_ms * cell.median for kind, cell in run.cpu_ms.items()}
    return {
        "stored, %": 100 * run.stored / run.expected,
        "accounted for, %": 100 * run.accounted_for / run.expected,
        "tick to commit, p50 ms": run.p50_ms,
        "tick to commit, p99 ms": run.p99_ms,
        f"{CPU}all": run.cpu_ms[TOTAL],
        "cores, poller": cores.get("poller", 0.0),
        "cores, collector": cores_per_ms * run.collector_ms,
        "cores, all": cores[TOTAL],
    }
