"""Tables out of XLSX: the only user of openpyxl, which is imported when a file is read."""

from __future__ import annotations

import io
import warnings
import zipfile
from pathlib import Path
from typing import Any

from ess_ray.adapters.importing.text_file import read_bytes
from ess_ray.core.errors import ConfigError
from ess_ray.core.importing.cells import Sheet

MOST_UNPACKED = 512 << 20  # bytes: an XLSX is a ZIP, which may hold much more than it has
MOST_CELLS = 4_000_000  # of a sheet, empty ones too
COLUMNS = 256  # that are looked at; formatted but empty ones may go on to XFD


def read_xlsx(file: Path) -> list[Sheet]:
    """Every sheet of the workbook, hidden ones too, with its merged cells.

    Formulas are the values that they had when the file was saved. Raises ConfigError if the file is no workbook.
    """
    import openpyxl

    data = read_bytes(file)
    try:
        unpacked = sum(member.file_size for member in zipfile.ZipFile(io.BytesIO(data)).infolist())
    except zipfile.BadZipFile as error:
        raise ConfigError("from", f"{file} is no XLSX workbook: {error}") from error
    if unpacked > MOST_UNPACKED:
        raise ConfigError("from", f"{file} unpacks to {unpacked:,} bytes, which no register table has")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about drawings and styles, which are not read
        try:
            workbook = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
        except Exception as error:  # whatever openpyxl meets in a broken file
            raise ConfigError("from", f"{file} cannot be read as XLSX: {type(error).__name__} {error}") from error
    return [_sheet(sheet, file) for sheet in workbook.worksheets]


def _sheet(sheet: Any, file: Path) -> Sheet:
    columns = min(sheet.max_column, COLUMNS)
    if sheet.max_row * columns > MOST_CELLS:
        raise ConfigError(
            "from", f"{file}: sheet {sheet.title} has {sheet.max_row} rows: too many for a register table"
        )
    rows = [[_text(cell) for cell in row] for row in sheet.iter_rows(max_col=columns, values_only=True)]
    merged = tuple(
        (area.min_row - 1, area.min_col - 1, area.max_row - 1, min(area.max_col, columns) - 1)
        for area in sheet.merged_cells.ranges
        if area.min_col <= columns
    )
    return Sheet(str(sheet.title), rows, hidden=sheet.sheet_state != "visible", merged=merged)


def _text(value: Any) -> str:
    """The cell as people see it: 40004 for the number 40004.0."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()
