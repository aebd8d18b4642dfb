"""The daily export beside psql's \\copy of the same query to a file: one table, and four of them at once."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from benchmarks.copying import Psql, find_psql
from benchmarks.databases import running, servers
from benchmarks.measure import Part, Spread, in_turn, ratio, spread
from ess_ray.actors.exporter import Exporter, make_exporter
from ess_ray.adapters.postgres.day_rows import open_day
from ess_ray.core.day import offset_intervals
from ess_ray.core.exporting.objects import DayObject
from ess_ray.core.exporting.outcome import ExportOutcome
from ess_ray.core.settings import Settings
from tests import days
from tests.make import make_settings
from tests.stores import BUCKET, FakeStore

DAY = date(2026, 11, 22)
SETTINGS = "SET work_mem = '32MB'; SET jit = off; SET TimeZone = 'Asia/Seoul';"  # as the export has them
# By site: its biggest table, and for how many hours of the day it has rows: about 115,000 each.
TABLES = {"sionyu": ("rack", 4), "panri": ("rack", 2), "hwanggeum6": ("rack", 3), "seokhwan": ("module", 1)}


def run(rounds: int) -> Part:
    """On each server."""
    lines: dict[str, dict[str, Spread]] = {}
    for name, (bin_dir, options) in servers().items():
        with running(bin_dir, options) as dsn, TemporaryDirectory() as folder, bare_store() as endpoint:
            export = ["export=gcs", f"export.bucket={BUCKET}", f"export.endpoint={endpoint}"]
            store, files = settings_of(dsn, *export), settings_of(dsn, "export=local", f"export.folder={folder}")
            fill(dsn, files)
            for way, figures in _compare(dsn, find_psql(bin_dir), Path(folder), files, store, rounds).items():
                lines[f"{name}, {way}"] = figures
    return Part(
        "Export: a day's table as CSV",
        "Wall time. psql: \\copy (the same query) to a file, over a kept connection. Rows only: streamed, thrown away. "
        "Folder, bucket: the whole export with checksums, ledger and fsync, to a folder and to fake-gcs-server. "
        "Four at once: a process each.",
        "0.9 of psql's rows/s",
        lines,
    )


def settings_of(dsn: str, *words: str) -> Settings:
    """Of an export of the four plants from this database."""
    return make_settings("job=export", "storage=timescale", f"storage.dsn={dsn}", *words)


def fill(dsn: str, settings: Settings) -> None:
    """The hours of `TABLES`."""
    start_us = days.day_of(settings, "sionyu", DAY).start_us
    days.register(dsn, settings, start_us, start_us + 86_400_000_000)
    for device in settings.devices:
        hours = TABLES[device.device.site][1]
        days.fill(dsn, settings, device, start_us, start_us + hours * 3_600_000_000)


@contextmanager
def bare_store() -> Iterator[str]:
    """The endpoint of a fake-gcs-server with an empty bucket, without the tests' front: that would cost our CPU."""
    with TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as unused:
        store = FakeStore(Path(folder))
        store.port = unused.getsockname()[1]
        unused.close()
        store.endpoint = f"http://127.0.0.1:{store.port}"
        try:
            store.start()
            store.request("POST", "/storage/v1/b?project=p", json.dumps({"name": BUCKET}).encode())
            yield store.endpoint
        finally:
            store.kill()


def day_objects_of(exporter: Exporter, settings: Settings) -> list[DayObject]:
    """The objects that are measured, one a site."""
    chosen = []
    for site, (table, _) in TABLES.items():
        day_objects = exporter.ledger.day_objects(site, days.day_of(settings, site, DAY))
        chosen += [day_object for day_object in day_objects if day_object.table == table]
    return chosen


def export_once(exporter: Exporter, day_object: DayObject) -> int:
    """Export the object, which nobody has exported; gives its rows."""
    *_, outcome = exporter.export(day_object)
    assert isinstance(outcome, ExportOutcome)
    if not outcome.written:
        raise AssertionError(f"{day_object} was not exported: {outcome}")
    return outcome.rows


def forget(dsn: str, exporters: Sequence[Exporter], day_objects: Sequence[DayObject]) -> None:
    """Delete the objects and their entries in the ledger."""
    with psycopg.connect(dsn) as connection:
        connection.execute("TRUNCATE export_object")
    for exporter in exporters:
        for day_object in day_objects:
            if stored := exporter.store.stat(day_object.name):
                exporter.store.delete(day_object.name, stored.generation)


def _compare(
    dsn: str, psql: Path, folder: Path, files: Settings, store: Settings, rounds: int
) -> dict[str, dict[str, Spread]]:
    exporters = [make_exporter(files, dsn), make_exporter(store, dsn)]
    day_objects = day_objects_of(exporters[0], files)
    first, counts = day_objects[0], [export_once(exporters[0], day_object) for day_object in day_objects]
    exported = {day_object: (folder / day_object.name).read_bytes() for day_object in day_objects}

    def fresh(count: int, work: Callable[[], object]) -> Callable[[], float]:
        def measure() -> float:
            forget(dsn, exporters, day_objects)
            start = time.perf_counter()
            work()
            return count / (time.perf_counter() - start)

        return measure

    with ExitStack() as stack:
        terminals = [stack.enter_context(Psql(dsn, psql).open()) for _ in day_objects]
        scripts = [
            f"{SETTINGS}\n{copy_line(dsn, day_object, folder / f'{day_object.site}.psql')}"
            for day_object in day_objects
        ]
        for day_object, terminal, script in zip(day_objects, terminals, scripts, strict=True):
            terminal.run(script)
            by_psql = (folder / f"{day_object.site}.psql").read_bytes().replace(b"\n", b"\r\n")
            if exported[day_object].partition(b"\n")[2] != by_psql:
                raise AssertionError(f"{day_object}: psql and the export disagree")
        processes = stack.enter_context(ProcessPoolExecutor(len(day_objects), mp_context=get_context("spawn")))
        threads = stack.enter_context(ThreadPoolExecutor(len(day_objects)))
        one_table = {
            "psql": fresh(counts[0], lambda: terminals[0].run(scripts[0])),
            "rows only": fresh(counts[0], lambda: read_all(dsn, first)),
            "folder": fresh(counts[0], lambda: export_once(exporters[0], first)),
            "bucket": fresh(counts[0], lambda: export_once(exporters[1], first)),
        }
        four_at_once = {
            "psql": fresh(sum(counts), lambda: list(threads.map(lambda t, s: t.run(s), terminals, scripts))),
            "folder": fresh(sum(counts), lambda: list(processes.map(export_once, exporters[:1] * 4, day_objects))),
            "bucket": fresh(sum(counts), lambda: list(processes.map(export_once, exporters[1:] * 4, day_objects))),
        }
        lines = {}
        for title, ways in (("one table", one_table), ("four at once", four_at_once)):
            taken = in_turn(ways, rounds)
            for way, numbers in taken.items():
                lines[f"{title}, {way}"] = {"rows/s": spread(numbers), "of psql's": ratio(numbers, taken["psql"])}
        return lines


def copy_line(dsn: str, day_object: DayObject, file: Path) -> str:
    """psql's words for the same query into a file."""
    with open_day(dsn, day_object) as rows:
        [(start_us, end_us, _)] = offset_intervals(day_object.day)
        query = " ".join(rows._statement(start_us, end_us).decode().split())  # noqa: SLF001
    return query.replace("COPY", "\\copy", 1).replace("TO STDOUT", f"to '{file}'", 1)


def read_all(dsn: str, day_object: DayObject) -> int:
    """Stream the rows and do nothing with them."""
    with open_day(dsn, day_object) as rows:
        return sum(map(len, rows))
