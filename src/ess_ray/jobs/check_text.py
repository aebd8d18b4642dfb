"""The findings of `job=check`, for a terminal of any width or as JSON."""

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
from ess_ray.core.checking.reading import Reading, address_text, range_text, row_text, show, with_unit
from ess_ray.core.checking.suspect import Doubt
from ess_ray.core.errors import printable
from ess_ray.core.maps.registers import COMPUTED

FILE_WIDTH = 140  # columns where there is no terminal
STYLES = {Verdict.PASS: "green", Verdict.WARNING: "yellow", Verdict.FAIL: "bold red", Verdict.SKIPPED: "dim"}
VERDICT_TEXTS = {Verdict.PASS: "pass", Verdict.WARNING: "warn", Verdict.FAIL: "FAIL", Verdict.SKIPPED: "skip"}
COUNT_TEXTS = {
    Verdict.PASS: "passed", Verdict.WARNING: "with a warning", Verdict.FAIL: "failed", Verdict.SKIPPED: "skipped",
}  # fmt: skip
MOST_TABLES = 8  # devices whose values are shown though nothing is wrong with them
MOST_DOUBTS = 12  # of one device
LEAST_FOLDED = 3  # columns in a row that all read 0
MOST_DISTINCT = 3  # words or flags that are listed


def print_checked(checked: Checked, console: Console | None = None) -> None:
    """Print values first, then the findings, and how many passed and failed last, where a person looks.

    Of more than MOST_TABLES devices, only values of those with doubts and only findings that did not pass (of database,
    export and journal all). `console`: None: standard output; one that is no terminal is widened to FILE_WIDTH.
    """
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
            console.print(Text(printable(subject), style="bold"))
        console.print(_finding_row(finding))
    counts = Counter(finding.verdict for finding in checked.findings)
    summary = ", ".join(f"{counts[verdict]} {text}" for verdict, text in COUNT_TEXTS.items())
    console.print(Text(summary, style="bold red" if checked.failed else "bold green"))


def as_json(checked: Checked) -> str:
    """The same as JSON for a program; `ok` is false if the job ends with 1."""
    report: dict[str, Any] = {
        "ok": not checked.failed,
        "findings": [
            {
                "subject": finding.subject,
                "what": finding.what,
                "verdict": finding.verdict,
                "text": printable(finding.text),
                "advice": finding.advice,
            }
            for finding in checked.findings
        ],
        "devices": {
            str(polled.device.device): [_value(reading) for reading in polled.readings] for polled in checked.devices
        },
    }
    return json.dumps(report, indent=1, ensure_ascii=False) + "\n"


def values_table(device: Polled) -> Table:
    """A table with a line for each column of each data table: its values, what is expected, and what is flagged.

    From LEAST_FOLDED on, columns in a row that read 0 and are not flagged share a line. Empty without readings.
    """
    doubtful = {_identity(doubt.reading) for doubt in device.doubts}
    what = f"one poll, {device.read_ms:.0f} ms" if device.complete else "what could be read"
    table = Table(
        title=f"{device.device.device}: {what}", title_justify="left", box=box.SIMPLE_HEAD,
        title_style="bold", pad_edge=False,
    )  # fmt: skip
    for name, justify in (("column", "left"), ("reads", "right"), ("expected", "left"), ("", "left")):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    columns: dict[tuple[str, str], list[Reading]] = {}
    for reading in device.readings:
        columns.setdefault((reading.value.table, reading.value.column), []).append(reading)
    rows: list[tuple[str, str, str, str, str]] = []
    for (name, column), readings in sorted(columns.items(), key=lambda column: column[0][0]):
        outside = sum(reading.outside for reading in readings)
        unusual = sum(_identity(reading) in doubtful for reading in readings) - outside
        unread = sum(not reading.read for reading in readings)
        marks = ((outside, "out of range"), (unusual, "unusual"), (unread, "not read"))
        mark = ", ".join(f"{number} {word}" for number, word in marks if number)
        value = readings[0].value
        expected = with_unit(range_text(value), value.unit) if range_text(value) else ""
        rows.append((name, column, _summary(readings), expected, mark))
    for (name, reads, expected, mark), group in groupby(rows, key=_alike):
        names = [row[1] for row in group]
        if len(names) < LEAST_FOLDED or reads.split(" ")[0] != "0" or mark:
            for column in names:
                table.add_row(f"{name} {column}", reads, expected, mark, style="yellow" if mark else "")
        else:
            table.add_row(f"{name} {names[0]} … {names[-1]}, {len(names)} columns", reads, expected, mark)
    return table


def _alike(row: tuple[str, str, str, str, str]) -> tuple[str, str, str, str]:
    """A row of the table without its column's name."""
    return row[0], *row[2:]


def _identity(reading: Reading) -> tuple[object, ...]:
    """(table, row, column, element): unique within a device."""
    value = reading.value
    return value.table, value.ids, value.column, value.element


def print_doubts(console: Console, doubtful: Sequence[Doubt]) -> None:
    """Print a line for each doubtful reading: what it is, why it is doubtful, and what it would be otherwise.

    Beyond MOST_DOUBTS one line says how many more.
    """
    for doubt in doubtful[:MOST_DOUBTS]:
        value = doubt.reading.value
        text = f"{row_text(value)} ({address_text(value)}) reads {doubt.reading.text()}, {doubt.why}"
        instead = f"; {'; '.join(doubt.instead)}" if doubt.instead else ""
        console.print(Text(printable(f"! {text}{instead}"), style="yellow"))
    if len(doubtful) > MOST_DOUBTS:
        console.print(Text(f"! and {len(doubtful) - MOST_DOUBTS} more doubtful readings", style="yellow"))


def _summary(readings: Sequence[Reading]) -> str:
    """The values of a column as text: its one value, or the range from least to most and how many there are."""
    if len(readings) == 1:
        return readings[0].text()
    numbers = [reading.number for reading in readings if reading.number is not None]
    if not numbers:
        return "no value"
    unit, times = readings[0].value.unit, f" ({len(readings)})"
    distinct = [show(number) for number in sorted({*numbers}, key=str)]
    if isinstance(numbers[0], (str, bool)) or len(distinct) == 1:
        return with_unit(", ".join(distinct[:MOST_DISTINCT]), unit) + times
    least, most = min(map(float, numbers)), max(map(float, numbers))
    return with_unit(f"{show(least)} … {show(most)}", unit) + times


def _finding_row(finding: Finding) -> Table:
    row = Table.grid(padding=(0, 1))
    for width in (2, 4, 10):
        row.add_column(width=width, no_wrap=True)
    row.add_column(overflow="fold")
    advice = Text(f"\n→ {finding.advice}", style="italic") if finding.advice else Text("")
    style = STYLES[finding.verdict]
    row.add_row(
        "", Text(VERDICT_TEXTS[finding.verdict], style=style), finding.what, Text(printable(finding.text)) + advice
    )
    return row


def _value(reading: Reading) -> dict[str, Any]:
    value = reading.value
    where = (None, None) if value.raw_type == COMPUTED else (value.function, value.address)
    return {
        "table": value.table, "ids": value.ids, "column": value.column, "element": value.element,
        "function": where[0], "address": where[1], "value": _finite(reading.number), "unit": value.unit,
        "read": reading.read, "out_of_range": reading.outside,
    }  # fmt: skip


def _finite(number: float | bool | str | None) -> float | bool | str | None:
    """The number, or its text if it is infinite or not a number, which JSON cannot hold."""
    return str(number) if isinstance(number, float) and number - number != 0 else number
