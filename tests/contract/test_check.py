"""`job=check` finds what would fail before it does, names it, and leaves nothing behind. Real sockets and databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ess_ray.adapters.postgres.schema import prepare
from ess_ray.core.maps.column_types import Column
from ess_ray.core.maps.fixed_columns import ROW_START
from ess_ray.core.maps.row_size import MAX_ROW_BYTES, row_bytes
from ess_ray.core.maps.standard import Table
from ess_ray.main import main
from tests import torture
from tests.contract.test_probe import PLAIN, hilltop, registers
from tests.faults.disk import small_disk
from tests.make import shipped_standard
from tests.peers import pymodbus_server
from tests.ports import unused_port
from tests.stores import BUCKET, FakeStore, Fault, Harm, Step


class CheckResult:
    """The exit code and the JSON of a check."""

    def __init__(self, code: int, text: str) -> None:
        self.code, self.all = code, json.loads(text)

    def line(self, subject: str, what: str) -> tuple[str, str]:
        """Verdict, and text with advice, of the last such line."""
        found = [one for one in self.all["findings"] if (one["subject"], one["what"]) == (subject, what)]
        return found[-1]["verdict"], f"{found[-1]['text']}: {found[-1]['advice']}"

    def device(self, what: str) -> tuple[str, str]:
        return self.line("hilltop/gateway", what)


class Check:
    """Checks the plant of tests.contract.test_probe."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def __call__(self, port: int, *words: str) -> CheckResult:
        self._capsys.readouterr()
        code = main([*hilltop(self.folder, port), "job=check", "check.format=json", *words])
        return CheckResult(code, self._capsys.readouterr().out)


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    return Check(tmp_path, capsys)


@pytest.fixture(scope="module")
def gateway() -> Iterator[int]:
    with pymodbus_server(registers(*PLAIN)) as port:
        yield port


def everything_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix != ".yaml")


def test_a_plant_that_is_in_order_passes_and_nothing_is_left_behind(check: Check, gateway: int) -> None:
    result = check(gateway)
    assert (result.code, result.all["ok"]) == (0, True)
    assert result.device("poll")[0] == result.device("values")[0] == result.line("export", "delete")[0] == "pass"
    assert {one["column"]: one["value"] for one in result.all["devices"]["hilltop/gateway"]}["bank_power"] == 12.345
    assert everything_below(check.folder) == ["map", "site"]


READINGS: dict[str, tuple[list[int], str]] = {
    "word order": (registers(*PLAIN[:4], 12345, 0), "looks as if its words were swapped: set order: CDAB"),
    "off by one": (registers(*PLAIN, at=11), "the whole map looks one too low: add 1 to every address"),
}


@pytest.mark.parametrize("mistake", READINGS)
def test_a_mistake_of_the_map_is_a_warning_that_names_it(mistake: str, check: Check) -> None:
    content, named = READINGS[mistake]
    with pymodbus_server(content) as port:
        result = check(port)
    assert result.code == 0
    assert result.device("values")[0] == "warning"
    assert named in result.device("map")[1]


DEVICES: dict[str, tuple[torture.Behaviour, str, str]] = {
    "silent": (torture.silent, "timeout", "check unit_id and"),
    "hangs up": (lambda _, __: [(0, None)], "closed", "one connection only"),
    "illegal address": (torture.refusing(2), "exception 2", "job=probe finds which"),
    "too many at once": (torture.refusing(3), "exception 3", "max_registers"),
    "failing": (torture.refusing(4), "exception 4", "the device's own alarms"),
    "busy": (torture.refusing(6), "exception 6", "period_s"),
    "no such unit": (torture.refusing(11), "exception 11", "unit_id"),
    "no Modbus": (torture.garbage, "bad protocol", "something else listening"),
}


@pytest.mark.parametrize("trouble", DEVICES)
def test_a_device_in_trouble_fails_and_is_told_what_to_do(trouble: str, check: Check) -> None:
    behaviour, reason, advice = DEVICES[trouble]
    with torture.device(behaviour) as port:
        result = check(port)
    verdict, text = result.device("poll")
    assert (result.code, verdict, result.device("tcp")[0]) == (1, "fail", "pass")
    assert reason in text
    assert advice in text


def test_what_cannot_be_reached_is_told_where_it_ends(check: Check) -> None:
    port = unused_port()
    result = check(port)
    assert (result.code, result.device("name")[0], result.device("tcp")[0], result.device("poll")[0]) == (
        1, "pass", "fail", "skipped",
    )  # fmt: skip
    result = check(port, "sites.hilltop.devices.gateway.host=nobody.invalid")
    assert (result.device("name")[0], result.device("tcp")[0]) == ("fail", "skipped")


def test_a_configuration_that_cannot_be_used_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = hilltop(tmp_path, 502)
    for wrong in ("check.format=xml", "sites.hilltop.devices.gateway.timeout_s=0", "export=gcs"):
        assert main([*words, "job=check", wrong]) == 2
        assert wrong.split("=")[0] in capsys.readouterr().err


# --- the database ---------------------------------------------------------------------------------------------------


def tables(dsn: str) -> list[Any]:
    query = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
    with psycopg.connect(dsn) as connection:
        return connection.execute(query).fetchall()


def in_database(check: Check, port: int, dsn: str) -> CheckResult:
    (check.folder / "dsn.yaml").write_text(dsn, encoding="utf-8")
    return check(port, "storage=timescale", f"storage.dsn_file={check.folder}/dsn.yaml")


def test_the_database_is_tried_and_left_as_it_was(check: Check, gateway: int, dsn: str, has_timescale: bool) -> None:
    result = in_database(check, gateway, dsn)
    assert [result.line("database", what)[0] for what in ("connection", "clock", "tables", "rights", "insert")] == [
        "pass"
    ] * 5
    assert ("TimescaleDB" in result.line("database", "tables")[1]) is False
    versions = [one["text"] for one in result.all["findings"] if one["what"] == "version"]
    assert any("TimescaleDB 2" in text for text in versions) == has_timescale
    assert (result.code, tables(dsn)) == (0, [])


def test_a_table_that_does_not_fit_fails(check: Check, gateway: int, dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE bank (time timestamptz, bank_soc text)")
    result = in_database(check, gateway, dsn)
    assert (result.code, result.line("database", "tables")[0]) == (1, "fail")
    assert "bank" in result.line("database", "tables")[1]


@pytest.mark.parametrize("count", [990, 994, 995, 1010])
def test_a_row_is_as_large_as_postgresql_says(count: int, dsn: str) -> None:
    columns = {f"c{n}": Column(f"c{n}", "float8", "", "") for n in range(count)} | {"no": Column("no", "int2", "", "")}
    table = Table("wide", (), columns)
    names = [name for name in columns if name != "no"]  # NULL: the row has the bits that say so
    with psycopg.connect(dsn) as connection:
        definition = ", ".join(f"{column.name} {column.type}" for column in (*ROW_START, *columns.values()))
        connection.execute(f"CREATE TABLE wide ({definition})".encode())
        values = ", ".join(["'2026-01-01'", f"'{'s' * 20}'", f"'{'d' * 20}'", "0", *["1"] * count])
        insert = f"INSERT INTO wide (time, site, device, quality, {', '.join(names)}) VALUES ({values})".encode()
        if row_bytes(table, names) <= MAX_ROW_BYTES:
            connection.execute(insert)
        else:
            with pytest.raises(psycopg.errors.ProgramLimitExceeded, match=f"size {row_bytes(table, names)}, maximum"):
                connection.execute(insert)


def test_a_table_that_takes_no_row_fails(check: Check, gateway: int, dsn: str) -> None:
    assert in_database(check, gateway, dsn).code == 0
    text = make_conninfo(dsn)
    with psycopg.connect(text) as connection:
        prepare(text, shipped_standard())
        connection.execute("ALTER TABLE bank ADD CHECK (bank_soc > 2)")
    result = in_database(check, gateway, dsn)
    verdict, text = result.line("database", "insert")
    assert (result.code, verdict) == (1, "fail")
    assert "into bank" in text
    assert [one["text"] for one in result.all["findings"] if one["what"] == "insert" and "rack" in one["text"]] == []


def test_a_role_without_rights_fails(role: str, check: Check, gateway: int, dsn: str) -> None:
    result = in_database(check, gateway, make_conninfo(dsn, user=role))
    assert (result.code, result.line("database", "rights")[0]) == (1, "fail")
    assert role in result.line("database", "rights")[1]


def test_a_server_that_takes_no_writes_fails(check: Check, gateway: int, dsn: str) -> None:
    assert in_database(check, gateway, dsn).code == 0
    result = in_database(check, gateway, make_conninfo(dsn, options="-c default_transaction_read_only=on"))
    assert (result.code, result.line("database", "rights")[0]) == (1, "fail")
    assert "read-only" in result.line("database", "rights")[1]


@contextmanager
def passwords_asked_of(role: str, dsn: str) -> Iterator[None]:
    """The server lets this role in with its password only."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD 'right'").format(sql.Identifier(role)))
        row = connection.execute("SHOW hba_file").fetchone()
        assert row
        file = Path(row[0])
        before = file.read_text()
        file.write_text(f"local all {role} scram-sha-256\nhost all {role} all scram-sha-256\n{before}")
        connection.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            file.write_text(before)
            connection.execute("SELECT pg_reload_conf()")


def test_a_wrong_password_is_named_and_not_told(role: str, check: Check, gateway: int, dsn: str) -> None:
    with passwords_asked_of(role, dsn):
        result = in_database(check, gateway, make_conninfo(dsn, user=role, password="geheim"))
    verdict, text = result.line("database", "connection")
    assert (result.code, verdict) == (1, "fail")
    assert "password authentication failed" in text
    assert "geheim" not in json.dumps(result.all)


# --- store and disk -------------------------------------------------------------------------------------------------


def in_bucket(check: Check, port: int, fake: FakeStore, name: str) -> CheckResult:
    return check(port, "export=gcs", f"export.bucket={name}", f"export.endpoint={fake.endpoint}")


def test_an_object_goes_into_the_bucket_and_out_again(check: Check, gateway: int, fake: FakeStore) -> None:
    result = in_bucket(check, gateway, fake, BUCKET)
    assert (result.code, result.line("export", "write")[0], result.line("export", "delete")[0]) == (0, "pass", "pass")
    made = {name for name, _ in fake.made}
    deleted = {name for step, name in fake.steps if step is Step.DELETE}
    assert len(made) == 1
    assert made == deleted


def test_a_missing_bucket_is_named(check: Check, gateway: int, fake: FakeStore) -> None:
    result = in_bucket(check, gateway, fake, "nowhere")
    verdict, text = result.line("export", "write")
    assert (result.code, verdict) == (1, "fail")
    assert "nowhere" in text


@pytest.mark.parametrize(("step", "failed"), [(Step.BEGIN, "write"), (Step.DELETE, "delete")])
def test_a_right_that_the_bucket_does_not_give_is_named(
    step: Step, failed: str, check: Check, gateway: int, fake: FakeStore
) -> None:
    fake.faults.append(Fault(step, Harm.STATUS, 403, times=9))
    result = in_bucket(check, gateway, fake, BUCKET)
    verdict, text = result.line("export", failed)
    assert (result.code, verdict) == (1, "fail")
    assert "roles/storage.objectUser" in text


def test_a_full_disk_is_found_for_journal_and_export(check: Check, gateway: int, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 8) as disk:
        if disk is None:
            pytest.skip("only root may mount a disk of its own")
        disk.fill()
        result = check(gateway, f"state_dir={tmp_path}/disk/state")
    assert result.code == 1
    assert [result.line(*of)[0] for of in (("journal", "disk"), ("journal", "room"), ("export", "write"))] == [
        "fail"
    ] * 3
    assert "make room" in result.line("journal", "disk")[1]
