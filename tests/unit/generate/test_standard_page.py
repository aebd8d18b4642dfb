"""docs/data-standard.md is made from the standard: it says what the standard, the maps and the tables say now."""

from __future__ import annotations

from pathlib import Path

import pytest

from ess_ray.generate.standard_page import main, page
from tests.make import make_settings

ROOT = Path(__file__).parents[3]


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
