"""Flushes through the writer beside psql's \\copy of the same bytes into the same tables, and beside INSERT."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from benchmarks.databases import running, servers
from benchmarks.material import layout, samples
from benchmarks.measure import Part, Spread, in_turn, ratio, spread
from ess_ray.adapters.postgres.copy_rows import COPY_HEADER, COPY_TRAILER
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.adapters.postgres.writer import FlushWriter
from ess_ray.core.batch import batch_of
from ess_ray.core.decoding.normalise import Decoder, normalise
from ess_ray.core.storing.flush import Flush, TableRows
from tests.decoded import dicts

MAP = "sionyu"
SIZES = (4, 1000)  # samples a flush: half a second of a small fleet, and a backlog
INSERTS = 200
NO_TIME_US = 1 << 62


def run(rounds: int) -> Part:
    """On each server, for each size."""
    lines: dict[str, dict[str, Spread]] = {}
    for name, (bin_dir, settings) in servers().items():
        with running(bin_dir, settings) as dsn:
            prepare(dsn, layout(MAP).standard)
            for size in SIZES:
                for way, figures in _compare(dsn, find_psql(bin_dir), size, rounds).items():
                    lines[f"{name}, {size} samples a flush, {way}"] = figures
    return Part(
        "COPY: flushes into the tables of the standard",
        f"Wall time; map {MAP}, 12 rows a sample with its row of `sample`; one transaction a flush, on disk when done. "
        "psql: \\copy in binary, in one transaction too, over one kept connection. INSERT: of racks, each commits.",
        "0.9 of psql's rows/s",
        lines,
    )


def find_psql(bin_dir: Path) -> Path:
    """The psql beside the server."""
    return bin_dir / "psql"


def _compare(dsn: str, psql: Path, size: int, rounds: int) -> dict[str, dict[str, Spread]]:
    decoder = Decoder(layout(MAP).map, layout(MAP).plan, layout(MAP).standard)
    polled = samples(MAP, size)
    flush = normalise(decoder, batch_of(polled), 0, NO_TIME_US)
    first = normalise(decoder, batch_of(samples(MAP, 1, first=-1)), 0, NO_TIME_US)  # makes the chunks
    racks = dicts(decoder.decode(batch_of(samples(MAP, INSERTS // decoder.rows("rack"))))["rack"])
    rows = sum(sum(table.rows) for table in (flush.samples, *flush.tables))
    writer = FlushWriter(dsn)
    with TemporaryDirectory() as folder, Psql(dsn, psql).open() as terminal, psycopg.connect(dsn) as connection:
        script = _script(flush, Path(folder))

        def fresh(count: int, work: Callable[[], object]) -> Callable[[], float]:
            def measure() -> float:
                tables = ", ".join(table.table for table in (flush.samples, *flush.tables))
                connection.execute(f"TRUNCATE {tables}")
                connection.commit()
                writer.write(first)
                start = time.perf_counter()
                work()
                return count / (time.perf_counter() - start)

            return measure

        taken = in_turn(
            {
                "writer": fresh(rows, lambda: writer.write(flush)),
                "psql": fresh(rows, lambda: terminal.run(script)),
                "INSERT": fresh(len(racks), lambda: _insert(connection, racks)),
            },
            rounds,
        )
    writer.close()
    return {
        way: {
            "rows/s": spread(numbers),
            "of psql's": ratio(numbers, taken["psql"]),
            "times INSERT's": ratio(numbers, taken["INSERT"]),
        }
        for way, numbers in taken.items()
    }


def _script(flush: Flush, folder: Path) -> str:
    """Write the flush as files; returns psql's commands to copy them."""
    lines = ["BEGIN;"]
    for table in (flush.samples, *flush.tables):
        file = folder / table.table
        file.write_bytes(COPY_HEADER + table.data + COPY_TRAILER)
        lines.append(_copy_line(table, file))
    return "\n".join([*lines, "COMMIT;"])


def _copy_line(table: TableRows, file: Path) -> str:
    return f"\\copy {table.table} ({', '.join(table.columns)}) from '{file}' with (format binary)"


def _insert(connection: psycopg.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    names = ", ".join(rows[0])
    places = ", ".join("to_timestamp(%s / 1e6)" if name == "time" else "%s" for name in rows[0])
    for row in rows:
        connection.execute(f"INSERT INTO rack ({names}) VALUES ({places})", list(row.values()))
        connection.commit()


class Psql:
    """A psql that stays, so that its start is not measured."""

    def __init__(self, dsn: str, program: Path) -> None:
        self._command = [str(program), "-X", "-q", "-v", "ON_ERROR_STOP=1", dsn]

    @contextmanager
    def open(self) -> Iterator[Psql]:
        """Start it, and end it afterwards."""
        with subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin
            assert process.stdout
            self._commands, self._replies = process.stdin, process.stdout
            try:
                yield self
            finally:
                self._commands.close()

    def run(self, script: str) -> None:
        """Have psql run the script, and wait for its end."""
        self._commands.write(f"{script}\n\\echo done\n")
        self._commands.flush()
        if self._replies.readline() != "done\n":
            raise AssertionError("psql failed; its message is printed above")
