"""The dashboards as files: up to date, whole, and in a form that Grafana takes."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.standard import load_standard
from ess_ray.generate.dashboards.alarms import alarms
from ess_ray.generate.dashboards.files import files
from ess_ray.generate.dashboards.grafana import DATABASE, METRICS, SCHEMA, UNITS, WIDTH
from tests.grafana import FOLDER, NAMES, expand, load, own_standard, panels, queries
from tests.make import shipped_standard

ROOT = Path(__file__).parents[3]
TYPES = {"postgres": "grafana-postgresql-datasource"}  # provisioning takes the old name, a panel names the plugin
MOMENT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_the_files_are_the_ones_that_are_made() -> None:
    written = {path.name: path.read_text("utf-8") for path in (FOLDER / "dashboards").iterdir()}
    assert written == files(shipped_standard()), "deploy/grafana/dashboards is out of date: run ./scripts/dashboards"


def test_a_standard_of_ones_own_makes_its_own_dashboards_or_is_refused() -> None:
    tree = yaml.safe_load((ROOT / "conf/standard/ess.yaml").read_text("utf-8"))
    tree["tables"]["pcs"]["columns"]["my_fault"] = {"type": "int2", "meaning": "Fault: it's mine"}
    assert "Fault: it''s mine" in files(load_standard(tree))["plant.json"]
    del tree["tables"]["rack"]["columns"]["rack_soc"]
    with pytest.raises(ConfigError, match="column rack_soc"):
        files(load_standard(tree))


def test_columns_of_ones_own_have_a_row_of_their_own_and_raise_alarms() -> None:
    text = files(own_standard())["plant.json"]
    titles = [panel["title"] for panel in panels(json.loads(text))]
    first = titles.index("Other columns") + 1
    assert titles[first : first + 6] == [
        "bank, V", "bank, no unit", "bank, no unit (2)", "charger, %", "charger, newest rows", "Alarms",
    ]  # fmt: skip
    assert "Other columns" not in {panel["title"] for panel in panels(load("plant"))}
    assert "('Fault: no light', 'bank.no_light_fault', no_light_fault)" in text, "a truth is an alarm"


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_has_a_position_a_number_a_title_and_a_query(name: str) -> None:
    tree = load(name)
    assert (tree["uid"], tree["schemaVersion"], tree["timezone"]) == (f"ess-ray-{name}", SCHEMA, "browser")
    all_panels = list(panels(tree))
    shown = [panel for panel in all_panels if panel["type"] != "row"]
    for values in ([panel["id"] for panel in all_panels], [panel["title"] for panel in shown]):
        assert not [value for value, times in Counter(values).items() if times > 1]
    assert all(panel["targets"] for panel in shown)
    refs = [[target["refId"] for target in panel["targets"]] for panel in shown]
    assert all(len(set(of)) == len(of) for of in refs)
    known = {*UNITS.values()}
    assert {panel["fieldConfig"]["defaults"]["unit"] for panel in shown} <= known


@pytest.mark.parametrize("name", NAMES)
def test_panels_do_not_overlap(name: str) -> None:
    places = [panel["gridPos"] for panel in panels(load(name))]
    assert all(place["x"] + place["w"] <= WIDTH for place in places)
    assert not [(a, b) for a, b in combinations(places, 2) if overlap(a, b)]


def overlap(a: dict[str, int], b: dict[str, int]) -> bool:
    return all(a[at] < b[at] + b[size] and b[at] < a[at] + a[size] for at, size in (("x", "w"), ("y", "h")))


def test_the_sources_are_those_that_are_provisioned() -> None:
    tree = provisioned("datasources")["datasources"]
    there = {(TYPES.get(source["type"], source["type"]), source["uid"]) for source in tree}
    assert there == {(source["type"], source["uid"]) for source in (DATABASE, METRICS)}
    for name in NAMES:
        dashboard = load(name)
        parts = [*panels(dashboard), *dashboard["templating"]["list"], *dashboard["annotations"]["list"]]
        used = [part["datasource"] for part in parts if part.get("type") != "row"]
        used += [target["datasource"] for panel in panels(dashboard) for target in panel.get("targets", ())]
        assert {(source["type"], source["uid"]) for source in used} <= there


def test_no_password_is_in_the_files() -> None:
    tree = provisioned("datasources")["datasources"]
    assert [source["secureJsonData"] for source in tree if "secureJsonData" in source] == [
        {"password": "${READER_PASSWORD}"}
    ]


def provisioned(kind: str) -> Any:
    return yaml.safe_load((FOLDER / "provisioning" / kind / "ess_ray.yaml").read_text("utf-8"))


def test_a_warning_or_fault_of_the_standard_is_an_alarm() -> None:
    standard = shipped_standard()
    columns = {column for table in standard.tables.values() for column in table.columns.values()}
    says_so = {column for column in columns if re.match(r"(Warning|Fault|PCS protection)\b", column.meaning)}
    assert says_so <= {column for table in standard.tables.values() for column in alarms(table)}
    assert len(says_so) > 80


@pytest.mark.parametrize("query", queries("postgresql"), ids=lambda query: f"{query}, {query.target['refId']}")
def test_a_query_is_bounded_by_time_and_plant(query: Any) -> None:
    text = query.target["rawSql"]
    tables = re.findall(r"FROM (sample|event|bank|rack|module|pcs|etc)\b", text)
    assert text.count("$__timeFilter(time)") >= len(tables) >= 1
    assert "${site:sqlstring}" in text
    assert "time_bucket" not in text


def test_a_macro_is_expanded_as_grafana_does() -> None:
    text = "SELECT $__interval_ms FROM t WHERE $__timeFilter(time) AND s IN (${site:sqlstring}) AND a > $__timeFrom()"
    assert expand(text, MOMENT, MOMENT, 5, {"site": ["it's", "b"]}) == (
        "SELECT 5 FROM t WHERE time BETWEEN '2026-11-22T12:00:00+00:00' AND '2026-11-22T12:00:00+00:00' "
        "AND s IN ('it''s','b') AND a > '2026-11-22T12:00:00+00:00'"
    )
    with pytest.raises(KeyError):
        expand("$__timeGroup(time, '5m')", MOMENT, MOMENT)
