"""`job=upgrade` brings an embedded database of an older PostgreSQL to the present one: all rows, or nothing changes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ess_ray.adapters.postgres.embedded.data_folder import UPGRADED, data_version
from ess_ray.adapters.postgres.embedded.process import find_bin_dir
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.adapters.postgres.embedded.upgrade import find_programs
from ess_ray.core.errors import CannotStart
from ess_ray.main import main
from tests.contract.test_migrations import KEPT, all_rows, restored

OTHERS = ("CREATE ROLE reader LOGIN", 'CREATE DATABASE "an other"')
IN_ANOTHER = (
    'CREATE TABLE "odd; name" (x int, y float8[])',
    """INSERT INTO "odd; name" SELECT x, ARRAY[x / 3.0, NULL, 'NaN'] FROM generate_series(1, 1000) AS x""",
    'GRANT SELECT ON "odd; name" TO reader',
)


def programs(version: int) -> Path:
    """The old PostgreSQL of a test: the wheel has 16 too, and this machine perhaps 15."""
    try:
        return find_programs(version)
    except CannotStart as error:
        pytest.skip(str(error))


@pytest.fixture(params=[15, 16])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    """A state folder whose database an older PostgreSQL has made, and the folder of that one's programs."""
    bin_dir, state = programs(request.param), tmp_path / "it's a state"
    state.mkdir(mode=0o700)
    with EmbeddedPostgres(state / "postgresql", bin_dir) as server:
        restored(server.dsn, KEPT[0])
        for statements, dsn in ((OTHERS, server.dsn), (IN_ANOTHER, make_conninfo(server.dsn, dbname="an other"))):
            with psycopg.connect(dsn, autocommit=True) as connection:
                for statement in statements:
                    connection.execute(statement)
    return state, bin_dir


def rows(state: Path, bin_dir: Path | None = None) -> list[object]:
    """All rows of the database that is served, and of the other one, as its reader sees them."""
    with EmbeddedPostgres(state / "postgresql", bin_dir) as server:
        another = make_conninfo(server.dsn, dbname="an other", user="reader")
        with psycopg.connect(another) as connection:
            odd = connection.execute('SELECT t::text FROM "odd; name" AS t ORDER BY x').fetchall()
        return [all_rows(server.dsn), odd]


def run(state: Path, *words: str) -> int:
    return main(["job=upgrade", "site=sionyu", f"state_dir='{str(state).replace(chr(39), chr(92) + chr(39))}'", *words])


def test_an_upgrade_keeps_every_row_and_the_old_files(
    old: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    state, bin_dir = old
    before, version = rows(state, bin_dir), data_version(state / "postgresql/data")
    with pytest.raises(CannotStart, match=rf"made by PostgreSQL {version}, .* run \./scripts/run job=upgrade"):
        EmbeddedPostgres(state / "postgresql").start()
    assert run(state) == 0
    said = capsys.readouterr().out
    assert f"is of PostgreSQL 18 now (it was {version}): 14 tables with " in said
    assert rows(state) == before
    kept = state / "postgresql" / f"data.postgresql-{version}"
    assert str(kept) in said
    assert data_version(kept) == version
    assert not {"upgrade", UPGRADED} & {path.name for path in (state / "postgresql").iterdir()}
    assert run(state) == 0
    assert "there is nothing to do" in capsys.readouterr().out


@pytest.mark.parametrize("old", [16], indirect=True)
def test_programs_that_are_gone_are_named_and_may_be_given(
    old: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state, bin_dir = old
    before = rows(state, bin_dir)
    monkeypatch.setattr("ess_ray.adapters.postgres.embedded.upgrade.installed_programs", lambda version: iter(()))
    assert run(state) == 1
    assert "the programs of PostgreSQL 16, which made the database, are not here any more" in capsys.readouterr().err
    assert rows(state, bin_dir) == before
    assert run(state, f"upgrade.programs={find_bin_dir()}") == 1
    assert "which does not read it" in capsys.readouterr().err
    assert run(state, f"upgrade.programs={bin_dir}") == 0
    assert rows(state) == before


@pytest.mark.parametrize("old", [15], indirect=True)
def test_an_upgrade_that_fails_changes_nothing(old: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    state, bin_dir = old
    with EmbeddedPostgres(state / "postgresql", bin_dir) as server, psycopg.connect(server.dsn) as connection:
        connection.execute("CREATE EXTENSION adminpack")  # PostgreSQL 17 has given it up
    before = rows(state, bin_dir)
    assert run(state) == 1
    said = capsys.readouterr().err
    assert "given up and has changed nothing: psql failed" in said
    assert "adminpack" in said
    assert rows(state, bin_dir) == before
    assert not (state / "postgresql/upgrade").exists()


@pytest.mark.parametrize("old", [16], indirect=True)
def test_a_kill_between_the_two_renames_costs_nothing(old: tuple[Path, Path]) -> None:
    state, bin_dir = old
    folder = state / "postgresql"
    before = rows(state, bin_dir)
    for left in ("upgrade", UPGRADED):  # before the first of the two
        shutil.copytree(folder / "data", folder / left)
    assert rows(state, bin_dir) == before
    assert run(state) == 0
    assert not {"upgrade", UPGRADED} & {path.name for path in folder.iterdir()}
    (folder / "data").rename(folder / UPGRADED)  # as it is in between
    assert rows(state) == before


def test_an_upgrade_beside_a_running_collector_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bin_dir = programs(16)
    tmp_path.chmod(0o700)
    with EmbeddedPostgres(tmp_path / "postgresql", bin_dir) as server:
        assert run(tmp_path) == 1
        assert "uses the embedded database" in capsys.readouterr().err
        psycopg.connect(server.dsn).close()
    command = [str(bin_dir / "pg_controldata"), str(tmp_path / "postgresql/data")]
    assert "shut down" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
