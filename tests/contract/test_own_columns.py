"""Columns of the user's own in a database: added beside writers, explained there, and known when their map is gone."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from ess_ray.adapters.postgres import schema
from ess_ray.adapters.postgres.own_columns import described, read_remembered
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.core.errors import DatabaseUnavailable
from ess_ray.core.maps.column_types import Column
from ess_ray.core.maps.standard import Standard, Table

SOC = Column("soc", "float8", "%", "State of charge")
OWN = {
    "rack": Table(
        "rack",
        ("bank_id", "rack_id"),
        {
            "glow": Column("glow", "float8", "°C", "Glow, 100 % of it", place="map mine, line 3"),
            "lamps": Column("lamps", "int2[]", "", "Lamps ['of' the panel]", place="map mine, line 4"),
        },
    ),
    "meter": Table("meter", (), {"on": Column("on", "bool", "", "", place="standard/mine.yaml")}),
}


def standard(*own: str) -> Standard:
    """A table rack with a column, and of OWN what is named."""
    rack = {"soc": SOC} | (dict(OWN["rack"].columns) if "rack" in own else {})
    tables = {"rack": Table("rack", ("bank_id", "rack_id"), rack)}
    return Standard(tables | {name: OWN[name] for name in own if name != "rack"})


def test_a_column_is_explained_in_the_database_and_known_when_nothing_else_knows_it(dsn: str) -> None:
    prepare(dsn, standard())
    assert prepare(dsn, standard("rack", "meter")).notes == prepare(dsn, standard("rack", "meter")).notes
    with psycopg.connect(dsn) as connection:
        assert described(connection) == OWN
        (comment,) = connection.execute("SELECT col_description('rack'::regclass, 8)").fetchone() or ()
    assert comment == "Glow, 100 % of it [°C]"  # as psql shows it
    assert read_remembered(dsn, standard()) == standard("rack", "meter")
    assert [*read_remembered(dsn, standard()).tables["rack"].columns] == ["soc", "glow", "lamps"]


def test_another_unit_than_that_of_older_rows_is_told_once(dsn: str) -> None:
    usual = len(prepare(dsn, standard("meter")).notes)
    volts = Table("meter", (), {"on": Column("on", "bool", "V", "", place="map mine, line 5")})
    changed = Standard({"meter": volts})
    first, second = prepare(dsn, changed), prepare(dsn, changed)
    assert first.notes[-1].startswith("meter.on has the unit 'V' in map mine, line 5, and had '' until now")
    assert (len(first.notes), len(second.notes)) == (usual + 1, usual)


def test_a_column_is_added_beside_writers_and_no_row_waits_for_a_long_query(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "BRIEFLY_S", 0.2)
    prepare(dsn, standard())
    row = "INSERT INTO rack VALUES (now(), 's', 'd', 0, 1, 1, 50)"
    with (
        psycopg.connect(dsn) as query,
        psycopg.connect(dsn, autocommit=True) as writer,
        ThreadPoolExecutor() as threads,
    ):
        query.execute("SELECT count(*) FROM rack")  # in a transaction that stays open
        adding = threads.submit(prepare, dsn, standard("rack", "meter"), beside_writers=True)
        longest_s = 0.0
        for _ in range(40):
            began_s = time.monotonic()
            writer.execute(row)
            longest_s = max(longest_s, time.monotonic() - began_s)
            time.sleep(0.02)
        assert not adding.done()
        assert longest_s < 1
        query.rollback()
        adding.result(20)
        writer.execute(
            "INSERT INTO rack (time, site, device, quality, bank_id, rack_id, glow) "
            "VALUES (now(), 's', 'd', 0, 1, 1, 2)"
        )


def test_a_table_that_stays_in_use_is_told(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "BRIEFLY_S", 0.05)
    monkeypatch.setattr(schema, "BRIEF_LIMIT_S", 0.2)
    prepare(dsn, standard())
    with psycopg.connect(dsn) as query:
        query.execute("SELECT count(*) FROM rack")
        with pytest.raises(
            DatabaseUnavailable, match="preparing the database: canceling statement due to lock timeout"
        ):
            prepare(dsn, standard("rack"), beside_writers=True)
