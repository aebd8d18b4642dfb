"""Two figures of the export that take minutes: its memory, and Sionyu's day while four plants are collected.

`python -m benchmarks.export_day [memory] [day]`. Memory: what an export task grows by, over itself idle, for a million
rows of rack width in each form. Day: 86,400 ticks of 12 rows go to a fake-gcs-server by `job=export`, from its start to
its end, while the main job collects the four simulated plants into the same database, and must not miss a sample.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from benchmarks.databases import running, servers
from benchmarks.exporting import bare_store, export_once, forget, settings_of
from ess_ray.actors.exporter import make_exporter
from ess_ray.core.settings import Settings
from tests import days
from tests.stores import BUCKET

DAY = date(2026, 11, 22)
MILLION = ("panri", 59_400)  # 17 racks, a million rows in 16.5 hours
WHOLE_DAY = ("sionyu", 86_400)


def main() -> None:
    """Measure and print."""
    chosen = sys.argv[1:] or ["memory", "day"]
    name, (bin_dir, options) = list(servers().items())[-1]
    print(f"{name}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the start", flush=True)
    with running(bin_dir, options) as dsn, bare_store() as endpoint, TemporaryDirectory() as folder:
        if "memory" in chosen:
            measure_memory(dsn, endpoint, Path(folder))
        if "day" in chosen:
            measure_day(dsn, endpoint, Path(folder))


def fill(dsn: str, settings: Settings, site: str, length_s: int) -> int:
    """Write the first `length_s` of a day of one plant; gives the day's end in microseconds."""
    day = days.day_of(settings, site, DAY)
    days.register(dsn, settings, day.start_us, day.end_us)
    [device] = [device for device in settings.devices if device.device.site == site]
    days.fill(dsn, settings, device, day.start_us, day.start_us + length_s * 1_000_000)
    return day.end_us


def measure_memory(dsn: str, endpoint: str, folder: Path) -> None:
    """Measure each format, to a folder and to a bucket, in a process of its own."""
    site, length_s = MILLION
    fill(dsn, settings_of(dsn, f"site={site}", "export=local"), site, length_s)
    bucket = ["export=gcs", f"export.bucket={BUCKET}", f"export.endpoint={endpoint}"]
    for store in (["export=local", f"export.folder={folder / 'export'}"], bucket):
        for chosen_format in (["export.formats=[csv]"], ["export.gzip=true"], ["export.formats=[parquet]"]):
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
                settings = settings_of(dsn, f"site={site}", *store, *chosen_format)
                result = process.submit(grown, settings, dsn, site).result()
            print(f"{store[0]} {chosen_format[0]}: {result}", flush=True)


def grown(settings: Settings, dsn: str, site: str) -> str:
    """The growth of this process: it first exports an object without rows, so that all it needs is loaded."""
    exporter = make_exporter(settings, dsn)
    day_objects = {
        day_object.table: day_object
        for day_object in exporter.ledger.day_objects(site, days.day_of(settings, site, DAY))
    }
    export_once(exporter, day_objects["event"])
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak counts from here: proc(5)
    idle_mb, start_s, start_cpu_s = _memory_mb("VmRSS"), time.monotonic(), time.process_time()
    rows = export_once(exporter, day_objects["rack"])
    took_s, cpu_s = time.monotonic() - start_s, time.process_time() - start_cpu_s
    speed = f"{rows / took_s:,.0f} rows/s, {cpu_s:.1f} s of CPU"
    return f"{rows:,} rows, idle {idle_mb:.0f} MB, grew by {_memory_mb('VmHWM') - idle_mb:.1f} MB; {speed}"


def _memory_mb(name: str) -> float:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    return int(lines[name].split()[0]) / 1024


def measure_day(dsn: str, endpoint: str, folder: Path) -> None:
    """Sionyu's day, alone and with the main job at work."""
    site, length_s = WHOLE_DAY
    start_s = time.monotonic()
    fill(dsn, settings_of(dsn, f"site={site}", "export=local"), site, length_s)
    print(f"a day of {site} was written in {time.monotonic() - start_s:.0f} s", flush=True)
    export_day(dsn, endpoint, folder / "alone", "alone")
    summary = folder / "summary.json"
    with collecting(dsn, folder / "collecting", summary):
        export_day(dsn, endpoint, folder / "beside", "beside the main job")
    sites = json.loads(summary.read_text(encoding="utf-8"))["sites"]
    for name, totals in sites.items():
        [counts] = totals["devices"].values()
        latency = totals["latency_ms"]
        print(f"{name}: {counts['stored']} of {counts['expected']} samples stored, p99 {latency['p99']:.0f} ms")


def export_day(dsn: str, endpoint: str, state: Path, how: str) -> None:
    """Run `job=export` as a user runs it, of a day that is not exported yet."""
    site, _ = WHOLE_DAY
    words = [f"site={site}", "export=gcs", f"export.bucket={BUCKET}", f"export.endpoint={endpoint}"]
    settings = settings_of(dsn, *words)
    exporter = make_exporter(settings, dsn)
    day_objects = exporter.ledger.day_objects(site, days.day_of(settings, site, DAY))
    forget(dsn, [exporter], day_objects)
    start_s = time.monotonic()
    command = ["job=export", f"day={DAY}", "storage=timescale", f"storage.dsn={dsn}", f"state_dir={state}", *words]
    output = subprocess.run(ess_ray(command), check=True, capture_output=True, text=True).stdout
    print(f"Sionyu's day, {how}: {time.monotonic() - start_s:.1f} s in all\n{output}", end="", flush=True)


@contextmanager
def collecting(dsn: str, state: Path, summary: Path) -> Iterator[None]:
    """The main job on four simulated plants, from its first committed samples on; it has to store every sample."""
    words = ["storage=timescale", "storage.allow_simulated=true", f"storage.dsn={dsn}", "export=none"]
    words += [f"state_dir={state}", f"run.summary={summary}", "run.require_complete=true", "cluster.dashboard_port=0"]
    with subprocess.Popen(ess_ray(words), stdout=subprocess.PIPE, text=True) as job:
        assert job.stdout
        for line in job.stdout:
            if "samples stored" in line:
                break
        reading = Thread(target=job.stdout.read, daemon=True)  # or it would wait for its reader
        reading.start()
        yield
        job.send_signal(signal.SIGINT)
        reading.join()
    if job.returncode:
        raise AssertionError(f"the main job ended with {job.returncode}")


def ess_ray(words: list[str]) -> list[str]:
    """The command."""
    return [sys.executable, "-m", "ess_ray.main", *words]


if __name__ == "__main__":
    main()
