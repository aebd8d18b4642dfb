"""docs/data-standard.md is made from the standard: it says what the standard, the maps and the tables say now."""

from __future__ import annotations

from pathlib import Path

import pytest

from ess_ray.generate.standard_page import main, page
from tests.make import make_settings

ROOT = Path(__file__).parents[3]
SITE = "# @package sites.mine\ntimezone: UTC\ndevices: {gateway: {map: mine}}\n"
STANDARD = "tables: {bank: {columns: {glow: {type: float8, unit: V, meaning: Glow}}}}"
MAP = """\
period_s: 1
function: 4
new: {heater: {identity: [heater_id], lamps: {meaning: Lamps}}}
blocks:
  - {table: bank, ids: {bank_id: 1}, runs: [{at: 0, columns: [glow: {scale: 0.1}]}]}
  - {table: heater, ids: {heater_id: 1}, runs: [{at: 9, columns: [lamps: {count: 3}]}]}
"""


def test_the_page_in_docs_is_the_one_that_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    advice = "docs/data-standard.md is out of date: run ./scripts/standard"
    assert capsys.readouterr().out == (ROOT / "docs/data-standard.md").read_text("utf-8"), advice


def test_a_column_names_the_plants_that_deliver_it() -> None:
    lines = page(make_settings()).splitlines()
    assert "| `bank_soc` | float8 | % | State of charge | all |" in lines
    assert any(
        line.startswith("| `max_module_humidity`") and "| panri, hwanggeum6, seokhwan |" in line for line in lines
    )
    assert any(line.startswith("| `rack_module_faults`") and "panri (20 long)" in line for line in lines)
    assert any(line.startswith("| `cell_voltage_12`") and line.endswith("| seokhwan |") for line in lines)


def test_of_chosen_sites_only_their_columns_are_claimed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site=sionyu"]) == 0
    assert "| `cell_voltage_12` | float8 | V | Voltage of cell 12 | none of these |" in capsys.readouterr().out
    assert main(["site=nowhere"]) == 2


def test_columns_of_ones_own_are_explained_with_the_plants_that_deliver_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in {"site/mine": SITE, "map/mine": MAP, "standard/mine": STANDARD}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.yaml").write_text(text)
    assert main(["--config-dir", str(tmp_path), "site=mine"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "They are described in standard/mine.yaml, map mine." in str(lines)
    assert "| `glow` | float8 | V | Glow | mine |" in lines
    assert "| `lamps` | int2[] |  | Lamps | mine (3 long) |" in lines
    assert lines[lines.index("## heater") + 2] == "A row for each `heater_id` and tick."
