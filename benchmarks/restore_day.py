"""Hours of Sionyu's day back into an empty database by `job=restore`, beside psql's bare \\copy of the same rows.

`python -m benchmarks.restore_day [hours]`, 6 hours if not given: 43,200 rows each. psql gets CSV as PostgreSQL writes
it, a table after the other. The restore begins with its checks of every object and ends with reading the day back for
the ledger. Each server and format twice, in turn.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks.copying import find_psql
from benchmarks.databases import running, servers
from benchmarks.exporting import DAY, settings_of
from ess_ray.actors.exporter import make_exporter
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.core.settings import Settings
from ess_ray.main import main
from tests import days

SITE = "sionyu"
TABLES = ("sample", *days.TABLES)
FORMATS = {"csv": ["export.formats=[csv]"], "parquet": ["export.formats=[parquet]"]}


def run(hours: int) -> None:
    """Print rows a second of psql and of the restore, on each server."""
    for name, (bin_dir, options) in servers().items():
        with running(bin_dir, options) as dsn, TemporaryDirectory() as place:
            folder = Path(place)
            stores = {each: [f"export.folder={folder / each}", *words] for each, words in FORMATS.items()}
            settings = {
                each: settings_of(dsn, f"site={SITE}", "export=local", *words) for each, words in stores.items()
            }
            rows = fill(dsn, settings, folder, hours)
            for number in range(2):
                psql_s = by_psql(new_database(dsn, f"psql_{number}"), settings["csv"], find_psql(bin_dir), folder)
                for each, words in stores.items():
                    restore_s = by_restore(new_database(dsn, f"{each}_{number}"), folder / "state", words)
                    print(
                        f"{name}, {each}: {rows} rows; psql {rows / psql_s:,.0f} rows/s, restore "
                        f"{rows / restore_s:,.0f} rows/s: {psql_s / restore_s:.2f} of psql's",
                        flush=True,
                    )


def fill(dsn: str, settings: dict[str, Settings], folder: Path, hours: int) -> int:
    """Write the hours, export them in each format, and have the server write them as CSV; gives the number of rows."""
    chosen = settings["csv"]
    day = days.day_of(chosen, SITE, DAY)
    days.register(dsn, chosen, day.start_us, day.end_us)
    days.fill(dsn, chosen, chosen.devices[0], day.start_us, day.start_us + hours * 3_600_000_000)
    for of_format in settings.values():
        exporter = make_exporter(of_format, dsn)
        for day_object in exporter.ledger.day_objects(SITE, day):
            for _ in exporter.export(day_object):
                pass
    rows = 0
    with psycopg.connect(dsn) as connection:
        for table in TABLES:
            with (folder / f"{table}.csv").open("wb") as file, connection.cursor() as cursor:
                with cursor.copy(f"COPY (SELECT * FROM {table} ORDER BY time) TO STDOUT (FORMAT csv)") as copy:
                    for block in copy:
                        file.write(block)
                rows += cursor.rowcount
    return rows


def new_database(dsn: str, name: str) -> str:
    """The DSN of an empty database on the same server."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return make_conninfo(dsn, dbname=name)


def by_psql(dsn: str, settings: Settings, psql: Path, folder: Path) -> float:
    """Seconds that psql takes, with the tables there."""
    prepare(dsn, settings.standard)
    begun_s = time.monotonic()
    for table in TABLES:
        command = f"\\copy {table} FROM '{folder / table}.csv' CSV"
        subprocess.run([psql, dsn, "-qc", command], check=True)
    return time.monotonic() - begun_s


def by_restore(dsn: str, state: Path, store: list[str]) -> float:
    """Seconds that the job takes; the database has no tables yet."""
    base = ["job=restore", f"site={SITE}", f"day={DAY}", "restore.run=true", f"state_dir={state}"]
    begun_s = time.monotonic()
    with redirect_stdout(StringIO()):
        code = main([*base, "storage=timescale", f"storage.dsn={dsn}", "export=local", *store])
    assert code == 0
    return time.monotonic() - begun_s


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 6)
