"""Columns of the user's own, from files in `standard/` of his folder and from maps, in one effective standard."""

from __future__ import annotations

from pathlib import Path

import pytest

from ess_ray.config.compose import compose_config
from ess_ray.config.load import load_settings
from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.recipe import follow_recipe
from ess_ray.core.maps.standard import load_standard
from ess_ray.core.settings import Settings
from ess_ray.simulator.__main__ import read_map
from tests.make import shipped_standard

SITE = """\
# @package sites.x
timezone: UTC
devices: {a: {map: first}, b: {map: second}}
"""
MAP = """\
period_s: 1
function: 3
new: {NEW}
blocks:
  - {table: bank, ids: {bank_id: 1}, runs: [{at: 0, columns: [bank_soc, FILLED]}]}
"""
STANDARD = "tables: {bank: {columns: {heat: {type: float8, unit: degC, meaning: Heat}}}}"


def write(folder: Path, **files: str) -> Path:
    for name, text in {"site/x": SITE, **files}.items():
        file = folder / f"{name}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return folder


def load(folder: Path, *words: str) -> Settings:
    return load_settings(compose_config(["site=x", *words], folder), {})


def brings(name: str, described: str) -> str:
    return MAP.replace("NEW", f"bank: {{{name}: {{{described}}}}}").replace("FILLED", name)


def test_files_and_maps_extend_the_standard_by_themselves(tmp_path: Path) -> None:
    files = {"map/first": brings("glow", "meaning: Glow"), "map/second": brings("heat", "meaning: known")}
    settings = load(write(tmp_path, **files, **{"standard/mine": STANDARD, "standard/none": "tables: {}"}))
    shipped = shipped_standard().tables["bank"]
    assert list(settings.standard.tables["bank"].columns) == [*shipped.columns, "heat", "glow"]
    assert {name: [*table.columns] for name, table in settings.own.items()} == {"bank": ["heat", "glow"]}
    assert load_standard(settings.standard_tree) == shipped_standard()
    second = settings.devices[1]
    decoded = follow_recipe(second.recipe, second.plan.layout, shipped_standard())[0].values
    assert [value.column for value in decoded] == ["bank_soc", "heat"], "samples carry what files described"


def test_a_file_that_is_chosen_stands_for_the_shipped_one(tmp_path: Path) -> None:
    plain = MAP.replace("new: {NEW}\n", "").replace(", FILLED", "")
    own = "tables: {bank: {identity: [bank_id], columns: {bank_soc: {type: float8, meaning: State of charge}}}}"
    write(tmp_path, **{"map/first": plain, "map/second": plain, "standard/ess": own, "standard/mine": STANDARD})
    settings = load(tmp_path)
    assert {name: [*table.columns] for name, table in settings.standard.tables.items()} == {
        "bank": ["bank_soc", "heat"]
    }


def test_the_simulator_alone_plays_a_map_with_the_standard_of_its_folder(tmp_path: Path) -> None:
    plain = MAP.replace("new: {NEW}\n", "").replace("FILLED", "heat")
    write(tmp_path, **{"map/first": plain, "standard/mine": STANDARD})
    assert [value.column for value in read_map(str(tmp_path / "map/first.yaml")).values] == ["bank_soc", "heat"]


@pytest.mark.parametrize(
    ("files", "text"),
    [
        (
            {"map/first": brings("glow", "unit: V, meaning: a"), "map/second": brings("glow", "unit: kV, meaning: a")},
            "bank.glow: has the unit 'V' in map first, line 3, and 'kV' in map second, line 3: give one",
        ),
        (
            {"map/first": brings("heat", "unit: K, meaning: a"), "map/second": brings("glow", "meaning: a")},
            "map first, line 3: new.bank.heat: has the unit 'degC' in standard/mine.yaml, and 'K' in map first, line 3",
        ),
        (
            {"standard/other": STANDARD.replace("float8", "int2")},
            "bank.heat: has the type 'float8' in standard/mine.yaml, and 'int2' in standard/other.yaml: give one",
        ),
        (
            {"standard/other": STANDARD.replace("columns", "identity: [n], columns")},
            "table bank: has the identity ['bank_id'] in the data standard, and ['n'] in standard/other.yaml",
        ),
        ({"standard/other": "tables: {bank: {columns: {A: {}}}}"}, "standard/other.yaml.tables.bank.columns.A: 'A': a"),
        ({"standard/other": "tables: {bank: ]"}, "standard/other.yaml, YAML, line 1: "),
        ({"standard/other": "# nothing"}, "standard/other.yaml: expected `tables: {…}`"),
        ({"standard/other": "tables: ${nothing}"}, "standard/other.yaml: expected `tables: {…}`"),
    ],
)  # fmt: skip
def test_what_contradicts_is_told_in_one_line_with_both_places(
    tmp_path: Path, files: dict[str, str], text: str
) -> None:
    usual = {f"map/{name}": brings("glow", "unit: V, meaning: a") for name in ("first", "second")}
    with pytest.raises(ConfigError) as error:
        load(write(tmp_path, **(usual | {"standard/mine": STANDARD} | files)))
    assert str(error.value).startswith(text)
    assert "\n" not in str(error.value)
