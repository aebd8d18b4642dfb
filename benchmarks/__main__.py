"""The benchmarks: `scripts/bench [--rounds N] [--json FILE] [--only decode …] [--devices 300,1000] [--seconds 60]`."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

from benchmarks import copying, cores, decoding, disk, exporting, fleet, journaling, polling, starting, today, troubles
from benchmarks.measure import Part, end_with_parent

PARTS: dict[str, Callable[[int], Part]] = {
    "cores": cores.run,
    "poll": polling.run,
    "journal": journaling.run,
    "decode": decoding.run,
    "copy": copying.run,
    "export": exporting.run,
    "disk": disk.run,
    "fleet": fleet.run,
    "together": partial(fleet.run, sizes=fleet.TOGETHER_SIZES, at_once=fleet.TOGETHER),
    "trouble": troubles.run,
    "today": today.run,
    "start": starting.run,
}
LIBRARIES = ("numpy", "psycopg", "pyModbusTCP")


def main() -> None:
    """Measures and prints one part after the other, each in a process of its own."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="Speeds of ess_ray, each beside a floor measured in the same run"
    )
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS), help="default: all")
    parser.add_argument("--rounds", type=int, default=7, help="how often each way is measured (at least 2)")
    parser.add_argument("--devices", type=_numbers, help="sizes of fleets, as in 300,1000")
    parser.add_argument("--seconds", type=float, help="how long each fleet is collected")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()
    given = {"seconds_s": arguments.seconds, "sizes": arguments.devices}
    chosen = {name: value for name, value in given.items() if value}
    parts = PARTS | {name: partial(PARTS[name], **chosen) for name in ("fleet", "together", "today")}
    figures: dict[str, object] = {"machine": machine(), "rounds": arguments.rounds}
    print(f"{figures['machine']}\nMedians and quartiles of {arguments.rounds} rounds.", flush=True)
    for name in arguments.only:
        with ProcessPoolExecutor(1, get_context("spawn"), initializer=end_with_parent) as process:
            part = process.submit(parts[name], arguments.rounds).result()
        print(f"\n{part}", flush=True)
        figures[name] = asdict(part)
        if arguments.json:  # after each part: all of them take long
            arguments.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(","))


def machine() -> str:
    """The machine and the library versions that the figures belong to."""
    cores, busy = os.cpu_count(), os.getloadavg()[0]
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    system = f"{platform.system()} {platform.machine()}, {cores} cores, load {busy:.1f} before the start"
    return f"{system}; Python {platform.python_version()}, {libraries}"


if __name__ == "__main__":
    main()
