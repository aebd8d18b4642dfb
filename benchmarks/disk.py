"""Bytes on disk of an hour of a few devices, before and after TimescaleDB has compressed its chunks."""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks.databases import compress, disk_bytes, running, servers
from benchmarks.material import layout, samples
from benchmarks.measure import Cell, Part
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.adapters.postgres.writer import FlushWriter
from ess_ray.core.batch import batch_of
from ess_ray.core.decoding.normalise import Decoder, normalise
from ess_ray.core.samples import Sample

MAP = "sionyu"
DEVICES, TICKS = 8, 3600
SECONDS_A_FLUSH = 60  # larger than in a run: it is what is stored that counts
NO_TIME_US = 1 << 62
DAY_S = 86_400


def run(rounds: int) -> Part:  # noqa: ARG001  bytes do not scatter
    """On each server."""
    columns: dict[str, dict[str, Cell]] = {}
    for name, (bin_dir, settings) in servers().items():
        with running(bin_dir, settings) as dsn:
            prepare(dsn, layout(MAP).standard)
            _fill(dsn)
            columns[name] = _figures(dsn, compressible=bool(settings))
    return Part(
        f"Disk: {TICKS} s of {DEVICES} simulated devices",
        f"Map {MAP}, 12 rows a device-tick; tables, indexes and the rows of `sample`, WAL aside. Compressed: every "
        "chunk, segments of an hour.",
        "250 bytes a device-tick compressed",
        {line: {name: column.get(line) for name, column in columns.items()} for line in columns[list(columns)[-1]]},
    )


def _figures(dsn: str, compressible: bool) -> dict[str, Cell]:
    ticks = DEVICES * TICKS
    plain = disk_bytes(dsn) / ticks
    figures: dict[str, Cell] = {"bytes a device-tick": plain, "GB a day, 1000 devices": plain * DAY_S / 1e6}
    if compressible:
        start_s = time.perf_counter()
        compress(dsn)
        figures["seconds a million rows, to compress"] = (time.perf_counter() - start_s) / (12 * ticks) * 1e6
        compressed = disk_bytes(dsn) / ticks
        figures |= {"bytes, compressed": compressed, "GB a day, compressed": compressed * DAY_S / 1e6}
    return figures


def _fill(dsn: str) -> None:
    of, writer = layout(MAP), FlushWriter(dsn)
    decoder = Decoder(of.map, of.plan, of.standard)
    for polled in _minutes():
        writer.write(normalise(decoder, batch_of(polled), 0, NO_TIME_US))
    writer.close()


def _minutes() -> Iterator[list[Sample]]:
    """In the order that they come: all devices, tick after tick."""
    for first in range(0, TICKS, SECONDS_A_FLUSH):
        devices = [samples(MAP, SECONDS_A_FLUSH, first, f"d{number:04d}", seed=number) for number in range(DEVICES)]
        yield [sample for tick in zip(*devices, strict=True) for sample in tick]
