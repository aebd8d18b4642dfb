"""The data standard: what a good tree becomes, and what is said of a wrong one."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from ess_ray.adapters.postgres.schema_sql import relations
from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.column_types import Column
from ess_ray.core.maps.standard import RESERVED_TABLES, Standard, load_standard
from tests.make import shipped_standard

ROOT = Path(__file__).parents[4]
COLUMN = {"type": "float8", "unit": "%", "meaning": "State of charge"}


def tree(name: str = "soc", table: str = "bank", identity: Any = ("bank_id",), **changes: Any) -> dict[str, Any]:
    column = {key: value for key, value in (COLUMN | changes).items() if value is not None}
    return {"tables": {table: {"identity": list(identity), "columns": {name: column}}}}


def test_a_standard_keeps_tables_and_columns_in_order() -> None:
    standard = load_standard(tree() | {})
    assert list(standard.tables) == ["bank"]
    assert standard.tables["bank"].identity == ("bank_id",)
    assert dict(standard.tables["bank"].columns) == {"soc": Column("soc", "float8", "%", "State of charge")}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({}, "standard: tables is missing"),
        ({"tables": []}, "standard.tables: expected"),
        ({"tables": {"bank": {}}}, "standard.tables.bank: columns is missing"),
        ({"tables": {"bank": {"columns": {}}}}, "at least one column"),
        (tree(name="Soc"), "standard.tables.bank.columns.Soc: 'Soc': a name is a-z"),
        (tree(name="s" * 64), "at most 63 characters"),
        (tree(name="quality"), "every table has"),
        (tree(name="bank_id"), "identity column already"),
        (tree(table="sample"), "choose another"),
        (tree(identity=["bank_id", "bank_id"]), "twice"),
        (tree(type="float"), "standard.tables.bank.columns.soc.type: unknown type 'float'; did you mean float"),
        (tree(type="text[]"), "unknown type"),
        (tree(type=None), "type is missing"),
        (tree(meaning=None), "meaning is missing"),
        (tree(units="%"), "unknown key 'units'; did you mean unit?"),
        (tree(unit=3), "expected text, found 3"),
        ({"tables": {"t": {"columns": {f"c{n}": COLUMN for n in range(1597)}}}}, "has 1601 columns with those that"),
    ],
)
def test_a_wrong_standard_is_told_where_and_what(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=r"^standard") as error:
        load_standard(wrong)
    assert words in str(error.value)


def test_the_tables_of_batteries_in_the_shipped_standard_are_the_union_of_the_plants() -> None:
    standard = shipped_standard()
    want = {
        (line["table"], line["column"], line["type"], line["unit"])
        for path in (ROOT / "tests/data/registers").glob("*.csv")
        for line in csv.DictReader(path.read_text("utf-8").splitlines())
    }
    tables = [standard.tables[name] for name in dict.fromkeys(table for table, *_ in sorted(want))]
    assert {(t.name, c.name, c.type, c.unit) for t in tables for c in t.columns.values()} == want
    assert {t.name: t.identity for t in standard.tables.values()} == {
        "bank": ("bank_id",),
        "rack": ("bank_id", "rack_id"),
        "module": ("bank_id", "rack_id", "module_id"),
        "pcs": (),
        "etc": (),
        "inverter": ("inverter_id",),
        "string": ("inverter_id", "string_id"),
        "meter": ("meter_id",),
        "weather": ("weather_id",),
    }


def test_the_names_of_the_collectors_own_tables_are_reserved() -> None:
    assert {relation.name for relation in relations(Standard({}))} == {*RESERVED_TABLES}
