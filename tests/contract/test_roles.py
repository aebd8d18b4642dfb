"""deploy/roles.sql, run by psql, and then each role for what it may and may not do, with and without TimescaleDB."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ess_ray.actors.exporter import make_exporter
from ess_ray.adapters.postgres.completeness import open_completeness
from ess_ray.adapters.postgres.database_check import database_findings
from ess_ray.adapters.postgres.embedded.process import find_bin_dir
from ess_ray.core.checking.findings import Verdict
from ess_ray.core.exporting.outcome import ExportEnd, ExportOutcome
from tests.days import day_of, register, ticks_of, write_ticks
from tests.make import make_settings

SCRIPT = Path(__file__).parents[2] / "deploy" / "roles.sql"
DAY, DAILY = date(2026, 11, 22), timedelta(days=1)
ROLES = ("collector", 'the "exporter"; it', "읽기")  # names as a person may choose them
TABLES = ("sample", "rack", "event", "device", "late_commit", "database_identity", "rejected", "export_object")
REFUSED = psycopg.errors.InsufficientPrivilege


def make_roles(dsn: str) -> None:
    words = [f"{role}={name}" for role, name in zip(("collector", "exporter", "reader"), ROLES, strict=True)]
    command = [str(find_bin_dir() / "psql"), "-qX", "-d", dsn, "-v", "ON_ERROR_STOP=1", "-f", str(SCRIPT)]
    command += [part for word in words for part in ("-v", word)]
    for _ in range(3):  # once, unless a job of TimescaleDB comes between, as the script says
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if "tuple concurrently updated" not in done.stderr:
            break
    assert done.returncode == 0, done.stderr


@pytest.fixture
def roles(server: str) -> Iterator[None]:
    """Ask for it before `dsn`: the roles go after the database that they have rights in."""
    yield
    with psycopg.connect(server, autocommit=True) as connection:
        for role in ROLES:
            with suppress(psycopg.errors.UndefinedObject):
                connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def refused(dsn: str, statement: str, *rights: type[psycopg.Error]) -> None:
    with psycopg.connect(dsn) as connection, pytest.raises(rights or (REFUSED,)):
        connection.execute(statement)


def test_each_role_can_do_its_job_and_nothing_else(roles: None, dsn: str, tmp_path: Path) -> None:
    make_roles(dsn)
    collector, exporter, reader = (make_conninfo(dsn, user=role) for role in ROLES)
    settings = make_settings("site=sionyu", f"state_dir={tmp_path}")
    device, day = settings.devices[0], day_of(settings, "sionyu", DAY)

    # The collector makes the tables and fills them, as the main job does; its own check finds nothing to complain of.
    register(collector, settings, day.start_us)
    write_ticks(collector, settings, device, ticks_of(device, day.start_us, day.start_us + 20_000_000), rough=False)
    make_roles(dsn)  # once more: the ledger is there now
    findings = database_findings(collector, settings.standard, DAILY, DAILY, 1000.0, {})
    assert not [finding for finding in findings if finding.verdict is Verdict.FAIL], findings

    # The exporter exports, and keeps its ledger.
    exports = make_exporter(settings, exporter)
    ends = [
        outcome.end
        for day_object in exports.ledger.day_objects("sionyu", day)
        for outcome in exports.export(day_object)
        if isinstance(outcome, ExportOutcome)
    ]
    assert ends
    assert set(ends) == {ExportEnd.EXPORTED}

    # The reader reads what a report asks for, and the data.
    with open_completeness(reader, settings.standard) as completeness:
        (span,) = completeness.spans("sionyu", day)
        assert completeness.evidence(span).runs
    for role in (exporter, reader):
        for table in TABLES:
            with psycopg.connect(role) as connection:
                connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))

    for statement in (
        "DELETE FROM sample", "TRUNCATE sample", "DROP TABLE rack", "UPDATE rack SET quality = 1",
        "INSERT INTO event VALUES (now(), 's', 'd', 'k', NULL, '')", "ALTER TABLE rack ADD COLUMN x int4",
        "CREATE TABLE mine (x int4)", "CREATE TEMP TABLE mine (x int4)", "CREATE SCHEMA mine", "CREATE ROLE mine",
        "INSERT INTO late_commit SELECT * FROM late_commit", "DELETE FROM export_object",
        "UPDATE device SET valid_to = now()",
    ):  # fmt: skip
        refused(exporter, statement)
        refused(reader, statement)
    for table in ("export_until", "export_object"):
        refused(reader, f"UPDATE {table} SET site = site")
    for statement in (
        "CREATE ROLE mine",
        "CREATE DATABASE mine",
        "SELECT pg_read_file('PG_VERSION')",
        "ALTER SYSTEM SET port = 1",
    ):
        refused(collector, statement, REFUSED, psycopg.errors.ActiveSqlTransaction)
