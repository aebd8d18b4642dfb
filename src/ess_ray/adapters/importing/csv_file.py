"""Tables out of CSV: the separator is found out, lines that begin with # are comments."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from ess_ray.adapters.importing.text_file import read_text
from ess_ray.core.importing.cells import Sheet

SEPARATORS = ",;\t|"
LOOKED_AT = 200  # lines


def read_csv(file: Path, encoding: str | None = None) -> tuple[Sheet, str]:
    """The file as one sheet, and how it was read: separator and encoding. Raises ConfigError if it cannot be read."""
    text, encoding = read_text(file, encoding)
    separator = _separator(text)
    rows: list[list[str]] = []
    numbers: list[int] = []  # the line that each row begins at
    comments: list[str] = []
    lines = text.splitlines(keepends=True)
    reader = csv.reader(_without_comments(lines, comments), delimiter=separator, strict=False)
    csv.field_size_limit(1 << 20)
    line = 1
    for row in reader:
        rows.append([cell.strip() for cell in row])
        numbers.append(line)
        line = reader.line_num + 1
    shown = {"\t": "tab"}.get(separator, separator)
    sheet = Sheet("", rows, row_numbers=numbers, comments=comments, lettered=False)
    return sheet, f"separator {shown}, encoding {encoding}"


def _without_comments(lines: list[str], comments: list[str]) -> list[str]:
    """The lines with comments as empty ones, so that they are counted all the same."""
    kept = []
    for line in lines:
        if line.startswith("#"):
            comments.append(line.strip("# \r\n"))
            kept.append("\n")
        else:
            kept.append(line)
    return kept


def _separator(text: str) -> str:
    """The one of SEPARATORS that the most lines have equally often; of the title rows above nothing is known."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")][:LOOKED_AT]
    best = (0, 0, ",")
    for separator in SEPARATORS:
        counts = Counter(row for line in lines if (row := _count(line, separator)))
        if counts:
            often, number = counts.most_common(1)[0][1], counts.most_common(1)[0][0]
            best = max(best, (often * min(number, 3), number, separator))
    return best[2]


def _count(line: str, separator: str) -> int:
    """How often the separator stands in the line outside of quotes."""
    outside = line.split('"')[::2]
    return sum(part.count(separator) for part in outside)
