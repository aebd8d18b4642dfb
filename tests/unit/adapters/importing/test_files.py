"""Tables out of files as they are saved: encodings, separators, workbooks with merged and hidden cells."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import openpyxl
import pytest

from ess_ray.adapters.importing.csv_file import read_csv
from ess_ray.adapters.importing.map_file import write_new
from ess_ray.adapters.importing.text_file import read_text
from ess_ray.adapters.importing.trees import read_toml, read_yaml
from ess_ray.adapters.importing.xlsx import read_xlsx
from ess_ray.core.errors import ConfigError

KOREAN = "주소,이름,단위\n10,배터리 전압,V\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16", "utf-16-le"])
def test_korean_is_read_in_every_encoding_that_it_is_saved_in(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(KOREAN.encode(encoding))
    sheet, how = read_csv(file)
    assert sheet.rows == [["주소", "이름", "단위"], ["10", "배터리 전압", "V"]]
    assert how.startswith("separator ,, encoding ")


def test_an_encoding_can_be_said_and_has_to_fit(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes("Größe".encode("cp1252"))
    assert read_text(file, "cp1252") == ("Größe", "cp1252")
    with pytest.raises(ConfigError, match=r"encoding: .* is not utf-8"):
        read_text(file, "utf-8")
    with pytest.raises(ConfigError, match=r"encoding: .* is not klingon"):
        read_text(file, "klingon")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_below_titles_and_comments(separator: str, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    rows = [separator.join(row) for row in (["Address", "Name", "Unit"], ["1", '"a, b; c"', "V"], ["2", "d", "A"])]
    file.write_text("\n".join(["# one, two, three", "Vendor 1.0", "2025", *rows]))
    sheet, how = read_csv(file)
    assert sheet.rows[3:] == [["Address", "Name", "Unit"], ["1", "a, b; c", "V"], ["2", "d", "A"]]
    assert sheet.comments == ["one, two, three"]
    assert how.startswith(f"separator {'tab' if separator == chr(9) else separator}")


def test_lines_are_counted_with_comments_and_line_breaks_in_cells(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text('#comment\nAddress,Name\n1,"two\nlines"\n2,b\n')
    sheet, _ = read_csv(file)
    assert [sheet.place(row) for row in (1, 2, 3)] == ["line 2", "line 3", "line 5"]


def test_a_workbook_keeps_positions_merged_cells_and_hidden_sheets(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    shown = book.active
    shown.title = "BMS"
    shown["B2"], shown["C2"], shown["C3"] = "Type", 40004.0, 0.1
    shown["D2"] = dt.date(2026, 1, 2)
    shown.merge_cells("B2:B3")
    book.create_sheet("old").sheet_state = "hidden"
    file = tmp_path / "table.xlsx"
    book.save(file)
    sheet, hidden = read_xlsx(file)
    assert (sheet.name, sheet.hidden, hidden.name, hidden.hidden) == ("BMS", False, "old", True)
    assert (sheet.text(1, 2), sheet.text(2, 2)) == ("40004", "0.1")
    assert (sheet.text(2, 1), sheet.seen(2, 1), sheet.covered(2, 1)) == ("", "Type", True)
    assert sheet.place(1, 2) == "sheet BMS, C2"


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "table.xlsx"
    file.write_text("no zip")
    with pytest.raises(ConfigError, match="is no XLSX workbook"):
        read_xlsx(file)
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_xlsx(tmp_path / "none.xlsx")


def test_what_is_no_yaml_or_toml_is_refused_with_its_line() -> None:
    with pytest.raises(ConfigError, match=r"x.yaml, line 2: is no YAML"):
        read_yaml("a: 1\nb: [", "x.yaml")
    with pytest.raises(ConfigError, match=r"x.yaml: expected a mapping"):
        read_yaml("text", "x.yaml")
    with pytest.raises(ConfigError, match=r"x.conf: is no TOML: .*line 2"):
        read_toml("a = 1\nb =\n", "x.conf")


def test_a_map_is_written_once(tmp_path: Path) -> None:
    file = tmp_path / "map" / "new.yaml"
    write_new(file, "first")
    with pytest.raises(ConfigError, match="is there already, and nothing is overwritten"):
        write_new(file, "second")
    assert file.read_text() == "first"
