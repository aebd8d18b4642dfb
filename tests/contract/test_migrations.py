"""A database of an earlier ess_ray is brought to the present schema once, with every row; a newer one is refused."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ess_ray.adapters.postgres import migrations
from ess_ray.adapters.postgres.completeness import open_completeness
from ess_ray.adapters.postgres.connect import connect
from ess_ray.adapters.postgres.database_check import database_findings
from ess_ray.adapters.postgres.embedded.process import find_bin_dir
from ess_ray.adapters.postgres.ledger import Ledger
from ess_ray.adapters.postgres.migrations import MIGRATIONS, Migration
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.adapters.postgres.schema_sql import SCHEMA_VERSION, relations
from ess_ray.core.checking.findings import Finding, Verdict
from ess_ray.core.errors import ConfigError, DatabaseRefused
from ess_ray.core.exporting.objects import Catalogue
from tests.make import shipped_standard

STANDARD = shipped_standard()
KEPT = sorted((Path(__file__).parents[1] / "data" / "databases").glob("*.sql"))
DAILY = timedelta(days=1)
NEWEST = MIGRATIONS[-1].version
# Steps as later versions may have them: a table without rows gets one, which running twice would double.
LATER = (
    Migration(NEWEST + 1, "a refused row", ("INSERT INTO rejected SELECT * FROM rejected",)),
    Migration(NEWEST + 2, "another index", ("CREATE INDEX ON late_commit (site, first)",)),
)
Rows = dict[str, list[str]]
Columns = dict[str, list[str]]


@pytest.fixture(params=KEPT, ids=lambda file: file.stem)
def old(request: pytest.FixtureRequest, dsn: str) -> str:
    """A database of an earlier version, restored by psql."""
    return restored(dsn, request.param)


def restored(dsn: str, file: Path) -> str:
    command = [find_bin_dir() / "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", dsn, "-f", file]
    subprocess.run([*map(str, command)], check=True, capture_output=True)
    return dsn


def columns_of(dsn: str) -> Columns:
    """The columns of each table of ours that the database has, but for `schema_version`."""
    names = [relation.name for relation in relations(STANDARD) if relation is not SCHEMA_VERSION]
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            """SELECT relname::text, array_agg(attname::text ORDER BY attnum)
               FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
               WHERE relname = ANY (%s) AND pg_table_is_visible(c.oid) AND attnum > 0 AND NOT attisdropped
               GROUP BY relname ORDER BY relname""",
            [names],
        )
        return dict(rows.fetchall())


def all_rows(dsn: str, columns: Columns | None = None) -> Rows:
    """Every row of every table that has `columns` (default: all that there are), each as text, in order."""
    rows = {}
    with psycopg.connect(dsn) as connection:
        for table, names in (columns or columns_of(dsn)).items():
            row = sql.SQL(", ").join(map(sql.Identifier, names))
            query = sql.SQL("SELECT ROW({})::text FROM {}").format(row, sql.Identifier(table))
            rows[table] = sorted(text for (text,) in connection.execute(query))
    return rows


def versions(dsn: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute("SELECT version, name FROM schema_version ORDER BY version").fetchall()


def check(dsn: str) -> list[Finding]:
    return database_findings(dsn, STANDARD, DAILY, DAILY, 1000.0, {})


def later(monkeypatch: pytest.MonkeyPatch, steps: Sequence[Migration] = LATER) -> None:
    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, *steps))


def test_a_database_of_an_earlier_version_keeps_every_row(old: str) -> None:
    columns, before = columns_of(old), all_rows(old)
    assert all(before.values()), "a row of every kind"
    change = prepare(old, STANDARD).schema
    assert (change.before, change.after) == (0, NEWEST)
    assert all_rows(old, columns) == before
    assert versions(old) == [(step.version, step.name) for step in MIGRATIONS]
    assert str(prepare(old, STANDARD).schema) == f"version {NEWEST}"
    assert all_rows(old, columns) == before


def test_steps_run_once_however_many_jobs_start(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    later(monkeypatch)
    rejected = all_rows(old)["rejected"]
    with ThreadPoolExecutor(4) as pool:
        changes = [str(start.schema) for start in pool.map(lambda _: prepare(old, STANDARD), range(4))]
    steps = "the schema has a version; a refused row; another index"
    assert sorted(changes) == [f"version 0 becomes {NEWEST + 2} ({steps})", *[f"version {NEWEST + 2}"] * 3]
    assert all_rows(old)["rejected"] == sorted([*rejected, *rejected])


def test_only_the_steps_that_lack_run(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(dsn, STANDARD)
    later(monkeypatch)
    assert str(prepare(dsn, STANDARD).schema) == f"version {NEWEST} becomes {NEWEST + 2} (a refused row; another index)"
    assert versions(dsn) == [(NEWEST, "made new"), *((step.version, step.name) for step in LATER)]


def test_a_step_that_fails_undoes_all(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    later(monkeypatch, [LATER[0], Migration(NEWEST + 2, "no such table", ("DROP TABLE no_such_table",))])
    before = all_rows(old)
    with pytest.raises(DatabaseRefused, match="no_such_table"):
        prepare(old, STANDARD)
    assert all_rows(old) == before
    with pytest.raises(psycopg.errors.UndefinedTable):
        versions(old)


def test_an_older_program_refuses_a_newer_schema_in_one_line(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as newer:
        later(newer)
        newer.setattr(migrations, "__version__", "7.0")
        prepare(dsn, STANDARD)
    said = rf"^storage: .* has schema version {NEWEST + 2} \(by ess_ray 7\.0\), .* up to {NEWEST}: update ess_ray here"
    with pytest.raises(ConfigError, match=said) as caught:
        prepare(dsn, STANDARD)
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match=said), open_completeness(dsn, STANDARD):
        pass
    with pytest.raises(ConfigError, match=said):
        Ledger(dsn, "/export", Catalogue(STANDARD), {}).removed_sites()
    failed = [finding for finding in check(dsn) if finding.verdict is Verdict.FAIL]
    assert [finding.text for finding in failed] == [str(caught.value)]


def test_what_only_reads_waits_for_the_main_job(old: str) -> None:
    with pytest.raises(ConfigError, match=rf"has schema version 0, .* needs version {NEWEST}: start the main job"):
        Ledger(old, "/export", Catalogue(STANDARD), {}).removed_sites()
    prepare(old, STANDARD)
    assert Ledger(old, "/export", Catalogue(STANDARD), {}).removed_sites() == {}


def test_the_check_says_what_the_next_start_does(old: str) -> None:
    def schema() -> Finding:
        return next(finding for finding in check(old) if finding.what == "schema")

    before = all_rows(old)
    assert schema().verdict is Verdict.WARNING
    assert schema().text.startswith(f"version 0 becomes {NEWEST} (the schema has a version) at the next start")
    assert all_rows(old) == before
    prepare(old, STANDARD)
    assert (schema().verdict, schema().text) == (Verdict.PASS, f"version {NEWEST}")


def test_a_role_that_may_not_change_tables_is_told_who_may(
    role: str, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(dsn, STANDARD)
    with psycopg.connect(dsn) as connection:
        connection.execute(f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO {role}")
    limited = make_conninfo(dsn, user=role)
    prepare(limited, STANDARD)
    later(monkeypatch)
    with pytest.raises(ConfigError, match=rf"role {role} may not change the tables: start .* as their owner, postgres"):
        prepare(limited, STANDARD)
    assert versions(dsn) == [(NEWEST, "made new")]


def test_a_reader_needs_no_right_to_read_the_version(role: str, dsn: str) -> None:
    prepare(dsn, STANDARD)
    with connect(make_conninfo(dsn, user=role)) as connection:
        migrations.check_version(connection)
