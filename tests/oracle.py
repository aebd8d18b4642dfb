"""The oracle: the rows of a poll by the plants' register lists (tests/data/registers), value by value, in decimals."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

REGISTERS = Path(__file__).parent / "data" / "registers"
IDS = ("bank_id", "rack_id", "module_id")

Row = dict[str, object]


def rows(plant: str, registers: Sequence[int]) -> dict[str, dict[tuple[int, ...], Row]]:
    """The rows of one poll by table and identity: quality, and each column's value; arrays as lists."""
    tables: dict[str, dict[tuple[int, ...], Row]] = {}
    with (REGISTERS / f"{plant}.csv").open(encoding="utf-8") as file:
        for line in csv.DictReader(file):
            ids = tuple(int(line[name]) for name in IDS if line[name])
            row = tables.setdefault(line["table"], {}).setdefault(ids, {"quality": 0})
            value, outside = _value(line, registers)
            row["quality"] = int(outside) | int(str(row["quality"]))
            if line["element"]:
                items = row.setdefault(line["column"], [])
                assert isinstance(items, list)
                assert len(items) == int(line["element"]) - 1
                items.append(value)
            else:
                row[line["column"]] = value
    return tables


def _value(line: Mapping[str, str], registers: Sequence[int]) -> tuple[int | float, bool]:
    words = registers[int(line["address"]) :][: int(line["width"])]
    if line["word_order"] == "little":
        words = list(reversed(words))
    raw = 0
    for word in words:
        raw = raw << 16 | word
    bits = 16 * len(words)
    if line["signed"] == "1" and raw >= 1 << (bits - 1):
        raw -= 1 << bits
    if line["invert"] == "swap01" and raw in (0, 1):
        raw = 1 - raw
    elif line["invert"] == "nonzero":
        raw = int(raw == 0)
    value = raw * Decimal(line["scale"])
    outside = (line["min"] != "" and value < Decimal(line["min"])) or (
        line["max"] != "" and value > Decimal(line["max"])
    )
    return (float(value) if line["type"] == "float8" else int(value)), outside
