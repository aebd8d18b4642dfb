"""docs/backup.md does what it says: its commands are run against real servers, and afterwards every row is compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ess_ray.adapters.postgres.embedded.process import find_bin_dir
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.adapters.postgres.embedded.upgrade import find_programs
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.core.errors import CannotStart
from tests.backup_page import Shell
from tests.contract.test_migrations import KEPT, all_rows, restored
from tests.days import TABLES, day_of, register, ticks_of, write_events, write_ticks
from tests.flushes import compress
from tests.make import make_settings, shipped_standard

SITE, DAY = "panri", date(2026, 11, 22)
SETTINGS = make_settings(f"site={SITE}")
DEVICE = SETTINGS.devices[0]
TICKS = ticks_of(DEVICE, day_of(SETTINGS, SITE, DAY).start_us, day_of(SETTINGS, SITE, DAY).end_us)
DATABASES = ("ess_ray", "ess_ray_restored", "ess_ray_before")
ROLES = ("collector", "exporter", "reader")
EXPORTED = ("sample", "event", "device", "rejected", *TABLES)


@dataclass(frozen=True)
class Site:
    """A clone of ess_ray beside a server, which is reached by the administrator unless another role is given."""

    shell: Shell
    server: str
    has_timescale: bool
    version: int

    def dsn(self, database: str = "ess_ray", role: str = "") -> str:
        return make_conninfo(self.server, dbname=database, **({"user": role} if role else {}))

    def rows(self, database: str = "ess_ray") -> dict[str, list[str]]:
        return all_rows(self.dsn(database))

    def dump(self) -> None:
        self.shell.run("dump with TimescaleDB" if self.has_timescale else "dump")

    def restore(self) -> None:
        self.shell.run("restore with TimescaleDB" if self.has_timescale else "restore")


def url(dsn: str, database: str, role: str) -> str:
    """A DSN as a URL, as the page writes it: a socket's folder goes into it escaped."""
    parts = conninfo_to_dict(dsn)
    return f"postgresql://{role}@{quote(str(parts['host']), safe='')}:{parts.get('port', 5432)}/{database}"


@pytest.fixture
def site(server: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    """The clone, and a server without any of the page's databases and roles."""
    with psycopg.connect(server, autocommit=True) as connection:
        version = connection.info.server_version // 10_000
        available = "SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'"
        has_timescale = connection.execute(available).fetchone() is not None
        clean(connection)
        programs = find_bin_dir() if version == 18 else request.getfixturevalue("timescale_bin_dir")
        given = {
            r"postgresql://postgres@localhost/(\w+)": url(server, r"\1", "postgres"),
            "from=bucket": f"from={tmp_path / 'export'}",
        }
        shell = Shell(tmp_path, programs, given, ESS_RAY_DSN=url(server, "ess_ray", "collector"))
        yield Site(shell, server, has_timescale, version)
        clean(connection)


def clean(connection: psycopg.Connection) -> None:
    for name in DATABASES:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    for role in ROLES:
        connection.execute(f"DROP ROLE IF EXISTS {role}")


@pytest.fixture
def filled(site: Site) -> Site:
    """A database as the guide recommends it, with its roles, and half a day in it: of it compressed what can be."""
    with psycopg.connect(site.server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE ess_ray")
    site.shell.bash('psql --set=ON_ERROR_STOP=1 --dbname="$DATABASE" --file=deploy/roles.sql')
    dsn = site.dsn(role="collector")
    register(dsn, SETTINGS, TICKS[0])
    write_ticks(dsn, SETTINGS, DEVICE, TICKS[:8])
    write_events(dsn, DEVICE.device, TICKS[:4])
    if site.has_timescale:
        compress(dsn, "rack")
    return site


def test_a_dump_brings_every_row_back_and_takes_the_databases_place(filled: Site) -> None:
    before = filled.rows()
    filled.dump()
    write_ticks(filled.dsn(role="collector"), SETTINGS, DEVICE, TICKS[8:12])
    later = filled.rows()
    filled.restore()
    assert filled.rows("ess_ray_restored") == before
    filled.shell.run("replace")
    assert (filled.rows(), filled.rows("ess_ray_before")) == (before, later)

    prepared = prepare(filled.dsn(role="collector"), shipped_standard())
    assert prepared.hypertables is filled.has_timescale
    assert [prepared.identity] == [text.strip("()") for text in before["database_identity"]]
    write_ticks(filled.dsn(role="collector"), SETTINGS, DEVICE, TICKS[:4])  # which it has
    write_ticks(filled.dsn(role="collector"), SETTINGS, DEVICE, TICKS[8:12])
    rows = filled.rows()
    assert {name: rows[name] for name in EXPORTED} == {name: later[name] for name in EXPORTED}


def test_days_that_were_exported_after_the_backup_come_back_from_the_store(filled: Site) -> None:
    filled.dump()
    write_ticks(filled.dsn(role="collector"), SETTINGS, DEVICE, TICKS[8:16])
    filled.shell.bash(
        f"./scripts/run job=export site={SITE} storage=timescale day={DAY} export=local export.folder=export"
    )
    before = filled.rows()
    filled.restore()
    filled.shell.run("replace")
    lost = filled.rows()
    assert len(lost["sample"]) == len(before["sample"]) - 8
    filled.shell.run("restore days")
    rows = filled.rows()
    assert {name: rows[name] for name in EXPORTED} == {name: before[name] for name in EXPORTED}


def test_a_copy_beside_its_original_has_an_identity_of_its_own(filled: Site) -> None:
    filled.dump()
    filled.restore()
    filled.shell.run("copy")
    rows, copied = filled.rows(), filled.rows("ess_ray_restored")
    assert rows.pop("database_identity") != copied.pop("database_identity")
    assert copied == rows


@pytest.fixture
def embedded(tmp_path: Path) -> Path:
    """The folder of an embedded database in a clone, filled."""
    folder = tmp_path / "ess_ray_state/postgresql"
    folder.parent.mkdir(mode=0o700)
    with EmbeddedPostgres(folder) as server:
        restored(server.dsn, KEPT[0])
        prepare(server.dsn, shipped_standard())
    return folder


def embedded_rows(folder: Path) -> dict[str, list[str]]:
    with EmbeddedPostgres(folder) as server:
        return all_rows(server.dsn)


def test_an_embedded_database_is_restored_into_a_new_state_folder(tmp_path: Path, embedded: Path) -> None:
    journal = embedded.parent / "journal"
    journal.mkdir()
    (journal / "waiting").write_text("samples")
    shell = Shell(tmp_path, find_bin_dir(), {})
    shell.run("dump embedded")
    assert (tmp_path / "ess_ray.dump").stat().st_mode & 0o077 == 0
    shell.run("restore embedded")
    state = tmp_path / "ess_ray_state_restored"
    assert state.stat().st_mode & 0o077 == 0
    assert embedded_rows(state / "postgresql") == embedded_rows(embedded)
    assert (state / "journal/waiting").read_text() == "samples"


def test_an_embedded_database_moves_to_a_server_with_timescaledb(site: Site, embedded: Path) -> None:
    if not site.has_timescale or site.version < 18:
        pytest.skip("needs TimescaleDB on PostgreSQL 18 or newer: ESS_RAY_TEST_DSN")
    site.shell.run("embedded to server")
    before = embedded_rows(embedded)
    assert site.rows("ess_ray_restored") == before
    prepared = prepare(site.dsn("ess_ray_restored", "collector"), shipped_standard())
    assert (prepared.hypertables, prepared.notes) == (True, ())
    assert site.rows("ess_ray_restored") == before


def test_one_command_brings_the_embedded_database_to_the_next_postgresql(tmp_path: Path) -> None:
    folder = tmp_path / "ess_ray_state/postgresql"
    folder.parent.mkdir(mode=0o700)
    try:
        programs = find_programs(16)
    except CannotStart as error:
        pytest.skip(str(error))
    with EmbeddedPostgres(folder, programs) as server:
        restored(server.dsn, KEPT[0])
        before = all_rows(server.dsn)
    assert "tables with" in Shell(tmp_path, find_bin_dir(), {}).run("upgrade")
    assert embedded_rows(folder) == before
