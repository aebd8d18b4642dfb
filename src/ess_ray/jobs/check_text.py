"""What `job=check` found, for a terminal of any width or as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ess_ray.core.checking.findings import Checked, Finding, Polled, Verdict
from ess_ray.core.checking.reading import Reading, place_text, range_text, row_text, show, with_unit
from ess_ray.core.checking.suspect import Doubt

FILE_WIDTH = 140  # columns where there is no terminal
STYLES = {Verdict.PASS: "green", Verdict.WARNING: "yellow", Verdict.FAIL: "bold red", Verdict.SKIPPED: "dim"}
WORDS = {Verdict.PASS: "pass", Verdict.WARNING: "warn", Verdict.FAIL: "FAIL", Verdict.SKIPPED: "skip"}
COUNTED = {
    Verdict.PASS: "passed", Verdict.WARNING: "with a warning", Verdict.FAIL: "failed", Verdict.SKIPPED: "skipped",
}  # fmt: skip
MOST_TABLES = 8  # devices whose values are shown though nothing is wrong with them
MOST_DOUBTS = 12  # of one device
LEAST_FOLDED = 3  # columns in a row that all read 0
MOST_DISTINCT = 3  # words or flags that are listed


def print_checked(checked: Checked, console: Console | None = None) -> None:
    """Everything: values first, verdicts last, where a person looks."""
    console = console or Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, FILE_WIDTH)
    quiet = len(checked.devices) > MOST_TABLES
    for device in checked.devices:
        if device.readings and (device.doubts or not quiet):
            console.print(values_table(device))
        if device.doubts:
            print_doubts(console, device.doubts)
    subject = ""
    for finding in checked.findings:
        if quiet and finding.verdict is Verdict.PASS and finding.subject not in ("database", "export", "journal"):
            continue
        if finding.subject != subject:
            subject = finding.subject
            console.print(Text(subject, style="bold"))
        console.print(_line(finding))
    counts = Counter(one.verdict for one in checked.findings)
    said = ", ".join(f"{counts[one]} {word}" for one, word in COUNTED.items())
    console.print(Text(said, style="bold red" if checked.failed else "bold green"))


def as_json(checked: Checked) -> str:
    """The same for a program."""
    found: dict[str, Any] = {
        "ok": not checked.failed,
        "findings": [
            {"subject": one.subject, "what": one.what, "verdict": one.verdict, "text": one.text, "advice": one.advice}
            for one in checked.findings
        ],
        "devices": {str(one.device.device): [_value(reading) for reading in one.readings] for one in checked.devices},
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def values_table(device: Polled) -> Table:
    """A line for each column of each data table: its values, what is expected, and what is flagged."""
    doubtful = {id_of(one.reading): one for one in device.doubts}
    table = Table(
        title=f"{device.device.device}: one poll, {device.read_ms:.0f} ms", title_justify="left", box=box.SIMPLE_HEAD,
        title_style="bold", pad_edge=False,
    )  # fmt: skip
    for name, justify in (("column", "left"), ("reads", "right"), ("expected", "left"), ("", "left")):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    columns: dict[tuple[str, str], list[Reading]] = {}
    for reading in device.readings:
        columns.setdefault((reading.value.table, reading.value.column), []).append(reading)
    rows: list[tuple[str, str, str, str, str]] = []
    for (name, column), readings in sorted(columns.items(), key=lambda one: one[0][0]):
        wrong = sum(one.outside for one in readings)
        odd = sum(id_of(one) in doubtful for one in readings) - wrong
        unread = sum(not one.read for one in readings)
        marks = ((wrong, "out of range"), (odd, "unusual"), (unread, "not read"))
        mark = ", ".join(f"{number} {word}" for number, word in marks if number)
        some = readings[0].value
        expected = with_unit(range_text(some), some.unit) if range_text(some) else ""
        rows.append((name, column, _summary(readings), expected, mark))
    for (name, reads, expected, mark), group in groupby(rows, key=_alike):
        names = [row[1] for row in group]
        if len(names) < LEAST_FOLDED or reads.split(" ")[0] != "0" or mark:
            for one in names:
                table.add_row(f"{name} {one}", reads, expected, mark, style="yellow" if mark else "")
        else:
            table.add_row(f"{name} {names[0]} … {names[-1]}, {len(names)} columns", reads, expected, mark)
    return table


def _alike(row: tuple[str, str, str, str, str]) -> tuple[str, str, str, str]:
    """A row of the table without its column's name."""
    return row[0], *row[2:]


def id_of(reading: Reading) -> tuple[object, ...]:
    """What tells a value of a device from all others."""
    value = reading.value
    return value.table, value.ids, value.column, value.element


def print_doubts(console: Console, doubtful: Sequence[Doubt]) -> None:
    """A line for each doubtful reading: what it is, why, and what it would be otherwise."""
    for doubt in doubtful[:MOST_DOUBTS]:
        value = doubt.reading.value
        text = f"{row_text(value)} ({place_text(value)}) reads {doubt.reading.text()}, {doubt.why}"
        instead = f"; {'; '.join(doubt.instead)}" if doubt.instead else ""
        console.print(Text(f"! {text}{instead}", style="yellow"))
    if len(doubtful) > MOST_DOUBTS:
        console.print(Text(f"! and {len(doubtful) - MOST_DOUBTS} more doubtful readings", style="yellow"))


def _summary(readings: Sequence[Reading]) -> str:
    """The values of a column: one, or from least to most and how many."""
    if len(readings) == 1:
        return readings[0].text()
    numbers = [one.number for one in readings if one.number is not None]
    if not numbers:
        return "no value"
    unit, times = readings[0].value.unit, f" ({len(readings)})"
    distinct = [show(one) for one in sorted({*numbers}, key=str)]
    if isinstance(numbers[0], (str, bool)) or len(distinct) == 1:
        return with_unit(", ".join(distinct[:MOST_DISTINCT]), unit) + times
    least, most = min(map(float, numbers)), max(map(float, numbers))
    return with_unit(f"{show(least)} … {show(most)}", unit) + times


def _line(finding: Finding) -> Table:
    line = Table.grid(padding=(0, 1))
    for width in (2, 4, 10):
        line.add_column(width=width, no_wrap=True)
    line.add_column(overflow="fold")
    advice = Text(f"\n→ {finding.advice}", style="italic") if finding.advice else Text("")
    style = STYLES[finding.verdict]
    line.add_row("", Text(WORDS[finding.verdict], style=style), finding.what, Text(finding.text) + advice)
    return line


def _value(reading: Reading) -> dict[str, Any]:
    value = reading.value
    return {
        "table": value.table, "ids": value.ids, "column": value.column, "element": value.element,
        "function": value.function, "address": value.address, "value": _finite(reading.number), "unit": value.unit,
        "read": reading.read, "out_of_range": reading.outside,
    }  # fmt: skip


def _finite(number: float | bool | str | None) -> float | bool | str | None:
    """JSON knows no infinity."""
    return str(number) if isinstance(number, float) and number - number != 0 else number
