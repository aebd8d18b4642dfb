"""A table of cells as a file has it: texts by row and column, merged cells, and how people find a cell again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Area = tuple[int, int, int, int]  # first row and column, last row and column, from 0, all inclusive


@dataclass(slots=True)
class Sheet:
    """A sheet of a workbook, or a CSV file (whose name is empty).

    `rows`: texts, without spaces at their ends; rows may differ in length. `row_numbers`: what each row is called, if
    not by its place from 1 on. `lettered`: columns are called A, B … and not by their number.
    """

    name: str
    rows: list[list[str]]
    hidden: bool = False
    merged: Sequence[Area] = ()
    row_numbers: Sequence[int] = ()
    comments: Sequence[str] = ()
    lettered: bool = True
    _above: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for first_row, first_column, last_row, last_column in self.merged:
            for row in range(first_row, last_row + 1):
                for column in range(first_column, last_column + 1):
                    if (row, column) != (first_row, first_column):
                        self._above[row, column] = first_row, first_column

    def text(self, row: int, column: int) -> str:
        """The cell's own text; empty for one that is not there, or that a merged cell covers."""
        return self.rows[row][column] if row < len(self.rows) and column < len(self.rows[row]) else ""

    def seen(self, row: int, column: int) -> str:
        """What a person sees in the cell: of a merged one what stands in its first."""
        return self.text(*self._above.get((row, column), (row, column)))

    def covered(self, row: int, column: int) -> bool:
        """True for a cell that a merged one covers, whose text stands in a row above."""
        return self._above.get((row, column), (row, column))[0] < row

    @property
    def width(self) -> int:
        """How many columns the longest row has."""
        return max(map(len, self.rows), default=0)

    def place(self, row: int, column: int | None = None) -> str:
        """A row or cell as people find it: `C12`, `row 12`, `sheet BMS, C12`."""
        number = self.row_numbers[row] if row < len(self.row_numbers) else row + 1
        if not self.lettered:
            return f"line {number}"
        where = f"row {number}" if column is None else f"{letters(column)}{number}"
        return f"sheet {self.name}, {where}" if self.name else where


def letters(column: int) -> str:
    """The letters of a column, from 0: A, B … Z, AA."""
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def column_number(text: str) -> int | None:
    """The column, from 0, that letters (A, AB) or a number from 1 name; None for other texts."""
    if text.isdecimal():
        return int(text) - 1 if int(text) else None
    if not text.isalpha() or not text.isascii() or len(text) > 3:
        return None
    number = 0
    for letter in text.upper():
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1
