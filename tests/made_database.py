"""`python -m tests.made_database > tests/data/databases/NAME.sql`: the dump of a small database, to be kept.

Run it on the commit before a change of the schema. The database is one as that commit makes and fills it, with a row of
every kind, in an embedded server (without TimescaleDB), by the collector's own writers and exporter.
tests/contract/test_migrations.py restores it and gives it to the present version.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from ess_ray import __version__
from ess_ray.actors.exporter import make_exporter
from ess_ray.adapters.postgres.connect import connect
from ess_ray.adapters.postgres.embedded.process import find_bin_dir
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.adapters.postgres.rejected import keep
from ess_ray.core.storing.rejects import Rejection
from tests.days import day_of, register, ticks_of, write_events, write_ticks
from tests.make import make_settings

DAY = date(2026, 11, 22)
STORE = "/srv/ess_ray/export"  # instead of a folder of the machine that ran this
TICKS = {"panri": 8, "seokhwan": 2}  # together they fill all five tables; of eight a sample is partial, one failed
SITES = tuple(TICKS)
UNKNOWN_TO_OLDER_PROGRAMS = ("\\restrict", "\\unrestrict", "SET transaction_timeout")


def fill(dsn: str, folder: Path) -> None:
    """Two plants' last ticks of a day, events, a refused row; the day exported; then a late tick of each."""
    words = [f"site=[{','.join(SITES)}]", "export=local", f"export.folder={folder}", f"state_dir={folder}"]
    settings = make_settings(*words)
    days = {site: day_of(settings, site, DAY) for site in SITES}
    register(dsn, settings, days[SITES[0]].start_us)
    for device in settings.devices:
        end_us = days[device.device.site].end_us
        ticks = ticks_of(device, end_us - TICKS[device.device.site] * device.period_us, end_us)
        write_ticks(dsn, settings, device, ticks)
        write_events(dsn, device.device, ticks[:4])
    exporter = make_exporter(settings, dsn)
    for site, day in days.items():
        for day_object in exporter.ledger.day_objects(site, day):
            list(exporter.export(day_object))
    for late in settings.devices:  # their day is exported already
        write_ticks(dsn, settings, late, [days[late.device.site].start_us], rough=False)
    first = settings.devices[0].device
    refused = Rejection((first, days[first.site].start_us), "rack", '{"rack_id": 3}', "23514", "of the user's")
    with connect(dsn) as connection:
        keep(connection, [refused], None)
        connection.execute("UPDATE export_object SET place = %s", [STORE])


def main() -> int:
    """Print the dump."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgresql") as server:
        fill(server.dsn, Path(folder) / "export")
        command = [str(find_bin_dir() / "pg_dump"), "--no-owner", "-d", server.dsn]
        dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = (line for line in dump.splitlines(True) if not line.startswith(UNKNOWN_TO_OLDER_PROGRAMS))
    sys.stdout.write("".join([f"-- Made by tests/made_database.py, ess_ray {__version__}\n", *lines]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
