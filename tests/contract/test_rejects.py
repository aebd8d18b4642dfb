"""Rows that a database refuses for good are kept with their reason; all others are stored; nothing is lost."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ess_ray.actors.writer import Writer
from ess_ray.adapters.postgres.connect import utc
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.core.errors import DatabaseRefused
from ess_ray.core.samples import Status
from ess_ray.core.storing.flush import Committed, rejoined, rows_by_sample
from tests.flushes import BANK_TYPES, PCS_TYPES, STANDARD, counts, flush_of, keys_of, rows

pytestmark = pytest.mark.tables(STANDARD)


@pytest.fixture
def prepared(dsn: str) -> str:
    prepare(dsn, STANDARD)
    return dsn


@pytest.fixture
def writer(prepared: str) -> Iterator[Writer]:
    writer = Writer(prepared)
    yield writer
    writer.close()


MUCH = ("much", "08P01", "\\x6d756368")  # a field that is too short for its type
TOO_MUCH = ("a lot of it", "22P03", "\\x61206c6f74206f66206974")  # too long


@pytest.mark.parametrize(("power", "sqlstate", "shown"), [MUCH, TOO_MUCH, (None, "23502", None)])
def test_a_refused_row_is_kept_with_its_reason_and_the_rest_is_stored(
    prepared: str, writer: Writer, power: str | None, sqlstate: str, shown: str | None
) -> None:
    keys = keys_of(range(9))
    good = flush_of(keys)
    with psycopg.connect(prepared) as connection:
        connection.execute("ALTER TABLE pcs ALTER power SET NOT NULL")
    bad = rows("pcs", PCS_TYPES | {"power": "text"}, [[(keys[4][1], "jeju", "rack-1", 0, power)]])
    pieces = rows_by_sample(good.tables[1])
    pcs = rejoined(good.tables[1], [*pieces[:4], bad.data, *pieces[5:]], [1] * 9)
    answer = writer.write(replace(good, tables=(good.tables[0], pcs)))
    assert answer.rows == {"jeju": {"bank": 18, "pcs": 8}}
    assert (answer.rejected, answer.demoted, answer.duplicates) == ({"pcs": 1}, {keys[4]: Status.PARTIAL}, ())
    assert counts(prepared) == (9, 18, 8)
    with psycopg.connect(prepared) as connection:
        demoted = "SELECT time, status, reason FROM sample WHERE status <> 'stored'"
        assert connection.execute(demoted).fetchall() == [(utc(keys[4][1]), "partial", "rejected")]
        record = connection.execute("SELECT time, site, device, table_name, sqlstate, row_data FROM rejected")
        *names, row_data = record.fetchall()[0]
        assert names == [utc(keys[4][1]), "jeju", "rack-1", "pcs", sqlstate]
        assert json.loads(row_data)["power"] == shown
    assert writer.write(good).duplicates == tuple(good.keys)  # it was decided once
    assert counts(prepared) == (9, 18, 8)


REFUSALS = {  # what a user may add to his database, and what becomes of the samples 0-9: rows of bank and pcs
    "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$; "
    "CREATE TRIGGER no BEFORE INSERT ON bank FOR EACH ROW WHEN (NEW.bank_id = 2) EXECUTE FUNCTION no()": (10, 10),
    "ALTER TABLE pcs ADD CHECK (extract(second FROM time)::int % 2 = 0)": (20, 5),
    "ALTER TABLE bank ADD CHECK (false); ALTER TABLE pcs ADD CHECK (false)": (0, 0),
    "CREATE UNIQUE INDEX ON bank (site, device, time)": (10, 10),
}


@pytest.mark.parametrize(("rule", "stored"), REFUSALS.items())
def test_every_row_is_stored_or_kept_whatever_the_database_asks(
    prepared: str, writer: Writer, rule: str, stored: tuple[int, int]
) -> None:
    with psycopg.connect(prepared, autocommit=True) as connection:
        connection.execute(rule.encode())
    answer = writer.write(flush_of(keys_of(range(10))))
    assert counts(prepared) == (10, *stored)
    with psycopg.connect(prepared) as connection:
        kept: dict[str, int] = dict(
            connection.execute("SELECT table_name, count(*) FROM rejected GROUP BY 1").fetchall()
        )
        failed = connection.execute("SELECT count(*) FROM sample WHERE status = 'failed'").fetchone()
    assert kept == answer.rejected == {name: n for name, n in (("bank", 20 - stored[0]), ("pcs", 10 - stored[1])) if n}
    assert failed == (0 if any(stored) else 10,)


def test_a_rule_that_speaks_up_at_the_commit_only_is_found_too(prepared: str, writer: Writer) -> None:
    with psycopg.connect(prepared, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN RAISE 'no' USING ERRCODE = 'check_violation'; END$$"
        )
        connection.execute(
            "CREATE CONSTRAINT TRIGGER no AFTER INSERT ON pcs INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no()"
        )
    assert writer.write(flush_of(keys_of(range(2)))).rejected == {"pcs": 2}
    assert counts(prepared) == (2, 4, 0)


def test_where_not_even_rejected_can_be_written_a_file_is(prepared: str, tmp_path: Path) -> None:
    with psycopg.connect(prepared, autocommit=True) as connection:
        connection.execute("ALTER TABLE pcs ADD CHECK (power > 0)")
        connection.execute("DROP TABLE rejected")
    flush = flush_of(keys_of(range(2)))
    with closing(Writer(prepared)) as writer, pytest.raises(DatabaseRefused, match='relation "rejected"'):
        writer.write(flush)
    assert counts(prepared) == (0, 0, 0)
    with closing(Writer(prepared, tmp_path / "rejected")) as writer:
        assert writer.write(flush).rejected == {"pcs": 2}
    assert counts(prepared) == (2, 4, 0)
    lines = [json.loads(line) for line in (tmp_path / "rejected/rejected.jsonl").read_text().splitlines()]
    assert [line["time"] for line in lines] == [utc(tick_us).isoformat() for _, tick_us in flush.keys]
    assert {line["row_data"]["power"] for line in lines} == {-1.5}
    assert {(line["table_name"], line["sqlstate"]) for line in lines} == {("pcs", "23514")}


@pytest.mark.parametrize(
    ("change", "sqlstate"),
    [
        ("ALTER TABLE pcs RENAME TO other", "42P01"),
        ("ALTER TABLE pcs RENAME power TO other", "42703"),
        ("ALTER TABLE pcs RENAME TO old; CREATE TABLE pcs (LIKE old) PARTITION BY RANGE (time)", "23514"),
        ("ALTER TABLE sample ADD CHECK (false)", "23514"),  # without its sample no row means anything
    ],
)
def test_what_no_row_is_at_fault_for_rejects_no_row(prepared: str, writer: Writer, change: str, sqlstate: str) -> None:
    with psycopg.connect(prepared, autocommit=True) as connection:
        connection.execute(change.encode())
        with pytest.raises(DatabaseRefused) as caught:
            writer.write(flush_of(keys_of(range(3))))
        assert caught.value.sqlstate == sqlstate
        assert connection.execute("SELECT FROM sample UNION ALL SELECT FROM rejected").fetchall() == []


def test_rights_that_are_missing_reject_no_row(role: str, prepared: str) -> None:
    with psycopg.connect(prepared) as connection:
        connection.execute(
            f"GRANT SELECT, INSERT ON sample, bank, rejected, late_commit, export_until, database_identity TO {role}"
        )
    limited = make_conninfo(prepared, user=role)
    with closing(Writer(limited)) as writer:
        with pytest.raises(DatabaseRefused, match="permission denied for table pcs") as caught:
            writer.write(flush_of(keys_of(range(3))))
        assert caught.value.sqlstate == "42501"
        with psycopg.connect(prepared) as connection:
            connection.execute(f"GRANT INSERT ON pcs TO {role}")
        writer.write(flush_of(keys_of(range(3))))
    assert counts(prepared) == (3, 6, 3)


@pytest.mark.parametrize("work_s", [0.5, 0.0])  # 0: the time is over before a part is small enough to be searched
def test_however_many_rows_are_refused_each_call_ends_soon_and_makes_progress(
    prepared: str, writer: Writer, monkeypatch: pytest.MonkeyPatch, work_s: float
) -> None:
    monkeypatch.setattr("ess_ray.adapters.postgres.writer.WORK_S", work_s)
    with psycopg.connect(prepared, autocommit=True) as connection:
        connection.execute("ALTER TABLE bank ADD CHECK (bank_id = 1 AND extract(second FROM time)::int % 3 = 0)")
    flush, answers = flush_of(keys_of(range(600))), list[Committed]()
    while not answers or answers[-1].left:
        begun_s = time.monotonic()
        answers.append(writer.write(flush))
        assert time.monotonic() - begun_s < 10
    lefts = [len(answer.left) for answer in answers]
    assert len(answers) > 1
    assert lefts == sorted(lefts, reverse=True)
    assert len(set(lefts)) == len(lefts)
    assert counts(prepared) == (600, 200, 600)
    assert sum(answer.rejected["bank"] for answer in answers) == 1000
    assert sum(len(answer.demoted) for answer in answers) == 600
    assert not any(answer.duplicates for answer in answers)
    assert len(writer.write(flush).duplicates) == 600


@pytest.mark.parametrize("work_s", [10.0, 0.0])
def test_a_refused_row_costs_flushes_beside_it_nothing_but_time(
    prepared: str, writer: Writer, monkeypatch: pytest.MonkeyPatch, work_s: float
) -> None:
    monkeypatch.setattr("ess_ray.adapters.postgres.writer.WORK_S", work_s)
    with psycopg.connect(prepared, autocommit=True) as connection:
        connection.execute("ALTER TABLE pcs ADD CHECK (extract(second FROM time)::int % 10 <> 1)")
    keys = keys_of(range(4))
    flushes = [flush_of(keys[:2]), flush_of(keys[2:])]
    first, second = writer.write_together(flushes)
    assert (first.demoted, first.left) == ({keys[1]: Status.PARTIAL}, ())
    assert second.left == (() if work_s else tuple(keys[2:]))
    if second.left:
        (second,) = writer.write_together(flushes[1:])
    assert (second.demoted, second.duplicates, second.left) == ({}, (), ())
    assert counts(prepared) == (4, 8, 3)


def test_a_sample_with_more_refused_rows_than_a_search_takes_is_stored_without_them(
    prepared: str, writer: Writer
) -> None:
    key = keys_of(range(1))
    with psycopg.connect(prepared, autocommit=True) as connection:
        connection.execute("CREATE UNIQUE INDEX ON bank (time, (bank_id / 100))")
    wide = [[(key[0][1], "jeju", "rack-1", 0, number, 1.0, [1], 1, 1, True, "ä") for number in range(300)]]
    flush = replace(flush_of(key), tables=(rows("bank", BANK_TYPES, wide), flush_of(key).tables[1]))
    answer = writer.write(flush)  # rows of different searches exclude each other
    assert (answer.rejected, counts(prepared)) == ({"bank": 297}, (1, 3, 1))
