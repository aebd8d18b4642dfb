"""`job=import` from the words to the file, and to a site that plays it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ess_ray.app.exit_codes import OK, UNUSABLE
from ess_ray.config.compose import compose_config
from ess_ray.config.load import load_settings
from ess_ray.core.errors import ConfigError
from ess_ray.core.settings import Settings
from ess_ray.jobs.import_map import run

TABLE = "Address,Name,Type,Factor,Unit\n40011,Battery SOC,U16,10,%\n40012,Energy,U32,1,kWh\n40014,Odd,complex,1,V\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "Vendor table.csv"
    file.write_text(TABLE)
    return file


def settings(home: Path, *words: str) -> Settings:
    return load_settings(compose_config(words, home), {})


def test_a_table_becomes_a_map_that_a_site_plays(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("job=import", f"from={table}", "base=modicon", "order=CDAB", "columns={type: C, scale: Factor}")
    assert run(settings(tmp_path, *words)) == OK
    said = capsys.readouterr().out
    assert "3 values, 2 imported, 1 not" in said
    assert "not imported: Odd (line 4): type 'complex' is not among those of register maps" in said
    assert f"--config-dir {tmp_path}" in said
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "mine.yaml").write_text(
        "# @package sites.mine\ntimezone: Asia/Seoul\ndevices: {one: {map: vendor_table, period_s: 2}}\n"
    )
    played = settings(tmp_path, "job=check", "site=mine")
    values = played.devices[0].plan.requests, played.maps["vendor_table"].values
    assert [(request.function, request.address, request.count) for request in values[0]] == [(3, 10, 3)]
    assert [(value.column, str(value.scale), value.order, value.unit) for value in values[1]] == [
        ("battery_soc", "0.1", "ABCD", "%"),
        ("energy", "1", "CDAB", "kWh"),
    ]


def test_a_file_that_is_called_like_a_table_of_the_standard_fills_a_row_of_it(table: Path, tmp_path: Path) -> None:
    file = table.rename(tmp_path / "inverter.csv")
    assert run(settings(tmp_path, "job=import", f"from={file}", "base=modicon", "order=CDAB")) == OK
    made = (tmp_path / "map" / "inverter.yaml").read_text()
    assert "  - table: inverter\n    ids: {inverter_id: 1}\n    runs:\n" in made


def test_what_the_file_leaves_open_is_asked_and_nothing_is_written(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(settings(tmp_path, "job=import", f"from={table}")) == UNUSABLE
    said = capsys.readouterr().err
    assert "base=0 or base=1 or base=modicon: " in said
    assert f"job=import from={table} base=0 function=3 order=ABCD" in said
    assert not (tmp_path / "map").exists()


def test_nothing_is_overwritten(table: Path, tmp_path: Path) -> None:
    words = ("job=import", f"from={table}", "base=modicon", "order=ABCD", "name=mine")
    run(settings(tmp_path, *words))
    before = (tmp_path / "map" / "mine.yaml").read_text()
    with pytest.raises(ConfigError, match=r"name: .*mine.yaml is there already"):
        run(settings(tmp_path, *words, "table=other"))
    assert (tmp_path / "map" / "mine.yaml").read_text() == before


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["from=none.csv"], "from: there is no file .*none.csv"),
        ([], "from: say which file"),
        (["from=FILE", "base=2"], "importing.base: '2' is none of 0, 1, modicon"),
        (["from=FILE", "name=My Map"], "name: 'My Map': a name is a-z.*for example my_map"),
        (["from=FILE", "function=7"], "importing.function: 7 is not within 1 to 4"),
    ],
)
def test_words_that_cannot_be_meant_are_refused(words: list[str], problem: str, table: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=problem):
        settings(tmp_path, "job=import", *(word.replace("FILE", str(table)) for word in words))


def test_a_file_of_no_known_form_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.yaml"
    file.write_text("a: 1\n")
    with pytest.raises(ConfigError, match=r"from: .*has neither Home Assistant's .*nor ha-solarman's .*but a"):
        run(settings(tmp_path, "job=import", f"from={file}"))
