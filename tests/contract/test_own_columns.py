"""Columns of the user's own in a database: added beside writers, explained there, and known when their map is gone."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime

import psycopg
import pytest

from ess_ray.actors.normaliser import Normaliser
from ess_ray.adapters.postgres import schema
from ess_ray.adapters.postgres.live import open_live
from ess_ray.adapters.postgres.own_columns import described, read_remembered
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.adapters.postgres.writer import FlushWriter
from ess_ray.core.batch import batch_of, pack
from ess_ray.core.day import microseconds
from ess_ray.core.errors import DatabaseUnavailable
from ess_ray.core.maps.column_types import Column
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.own_columns import merged, own_columns
from ess_ray.core.maps.plan import make_plan
from ess_ray.core.maps.recipe import make_recipe
from ess_ray.core.maps.standard import Standard, Table, tree_of
from ess_ray.core.running.curves import curves_of
from ess_ray.generate.dashboards.files import files
from tests.grafana import expand, own_standard, panels
from tests.make import make_sample, shipped_standard

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


OWN_PANELS = ("bank, V", "bank, no unit", "bank, no unit (2)", "charger, %")
START, END = (datetime(2025, 11, 22, 12, 0, second, tzinfo=UTC) for second in (0, 9))
CHOSEN = {"site": ["s"], "device": ["d"]}


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


def fill(dsn: str, standard: Standard) -> None:
    """One sample of the device s/d at START, with a row in each table of `own_standard`'s own columns."""
    prepare(dsn, standard)
    delivers = json.dumps({name: [*table.columns] for name, table in own_columns(standard).items()})
    with psycopg.connect(dsn) as connection:
        connection.execute(f"INSERT INTO sample (time, site, device, status) VALUES ('{START}', 's', 'd', 'stored')")
        connection.execute(
            "INSERT INTO device (site, device, map, map_hash, period_s, phase_s, valid_from, delivers) "
            "VALUES ('s', 'd', 'm', '', 1, 0, %s, %s)", [START, delivers],
        )  # fmt: skip
        for table, columns, values in (
            ("bank", "bank_id, glow, no_light_fault, lamp_0, lamp_8", "1, 1, true, 8, 9"),
            ("charger", "charger_id, plug_id, load, word, few", "1, 2, 5, 'w', '{1,2}'"),
        ):
            start = f"INSERT INTO {table} (time, site, device, quality, {columns}) "
            connection.execute(f"{start} VALUES ('{START}', 's', 'd', 0, {values})")


def test_dashboards_show_them(dsn: str) -> None:
    own = own_standard()
    fill(dsn, own)
    with psycopg.connect(dsn) as connection:
        shown = {
            panel["title"]: connection.execute(expand(sent, START, END, variables=CHOSEN).encode()).fetchall()
            for panel in panels(json.loads(files(own)["plant.json"]))
            for sent in (target["rawSql"] for target in panel.get("targets", ()))
        }
    points = [(title, name, value) for title in OWN_PANELS for _, name, value in shown[title]]
    assert {point for point in points if point[2] is not None} == {
        ("bank, V", "bank 1 Glow", 1), ("bank, no unit", "bank 1 Fault: no light", 1),
        ("bank, no unit", "bank 1 Lamp 0, lamp_0", 8), ("bank, no unit (2)", "bank 1 Lamp 2", 9),
        ("charger, %", "charger 1 plug 2 Load", 5),
    }  # fmt: skip
    assert shown["charger, newest rows"] == [("d", 1, 2, "w", [1, 2], START)]
    assert shown["Alarms"] == [(1,)]


def test_the_page_draws_numbers_and_truths_of_them(dsn: str) -> None:
    own, start_us = own_standard(), microseconds(START)
    fill(dsn, own)
    with open_live(dsn, own, "s") as live:
        curves = curves_of(own, live.configuration("d").delivers)
        chosen = [curves[name] for name in ("bank.no_light_fault", "bank.glow", "charger.load")]
        lines = live.lines("d", chosen, (start_us, start_us + 9_000_000), 1_000_000)
        rows = live.rows("d", own.tables["bank"], ["no_light_fault", "glow"], start_us).rows
    assert [of_curve[0].points for of_curve in lines] == [[(start_us, n, n, n)] for n in (1, 1, 5)]
    assert rows == [[1, True, 1]]


def test_samples_that_waited_while_their_column_went_are_stored_with_it(dsn: str) -> None:
    tree = {
        "period_s": 1, "function": 4, "new": {"bank": {"waited": {"unit": "V", "meaning": "Volts"}}},
        "blocks": [{"table": "bank", "ids": {"bank_id": 1}, "runs": [{"at": 0, "columns": ["bank_soc", "waited"]}]}],
    }  # fmt: skip
    then = load_map("mine", tree, shipped_standard())
    recipe, plan = make_recipe(then, tree, 125, 2000), make_plan(then)
    prepare(dsn, merged(shipped_standard(), [then.own]))
    samples = batch_of([make_sample(1_000_000, layout=plan.layout, image=b"\0\5\0\6")])
    prepare(dsn, shipped_standard())  # a start with a map that has no such column any more
    normaliser = Normaliser(tree_of(shipped_standard().tables))
    with closing(FlushWriter(dsn)) as writer:
        writer.write(normaliser.normalise(plan.layout, recipe, [pack(samples)], 2_000_000, 1 << 62))
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT bank_soc, waited FROM bank").fetchall() == [(5, 6)]
