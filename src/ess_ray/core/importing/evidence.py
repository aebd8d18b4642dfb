"""What a register table leaves open, decided by what stands in it, or asked: base, function, factor, word order.

Each decision says what it took and by which cells. What only a guess could decide is a `Question`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from ess_ray.core.importing.choices import BASES, Choices, Question
from ess_ray.core.importing.decisions import SHOWN, Decisions
from ess_ray.core.importing.factors import decide_scale, what_ranges_are_of
from ess_ray.core.importing.headings import plain_heading
from ess_ray.core.importing.notations import is_open, is_writable, read_function, read_order, read_printed
from ess_ray.core.importing.quantities import read_unit
from ess_ray.core.importing.rows import SheetTable, TableRow, around
from ess_ray.core.maps.numbering import LAST_ADDRESS, MODICON_FUNCTIONS

# Sentences about how addresses count, in texts that name addresses; `Unit 1-1` and `racks start with 1` are none.
ABOUT_ADDRESSES = re.compile(r"addr|regist|\bpdu\b|offset|주소|번지|레지스터|地址|寄存器", re.IGNORECASE)
FROM_ONE = re.compile(
    r"\b(offset|base)\s*[:=]?\s*1\b|\b(start|count|number|begin)\w*\s+(from|at|with)\s+1\b|\b1[- ]based|one[- ]based|"
    r"\b(minus|subtract|less) 1\b|1부터 ?시작|从1开始",
    re.IGNORECASE,
)
FROM_ZERO = re.compile(
    r"\b(offset|base)\s*[:=]?\s*0\b|\b(start|count|number|begin)\w*\s+(from|at|with)\s+0\b|\b0[- ]based|zero[- ]based|"
    r"protocol[- ]offset|\bpdu address|0부터 ?시작|从0开始",
    re.IGNORECASE,
)
# The functions that a text names: numbers behind `Function code`, or the kind of register.
FUNCTION_CODES = re.compile(
    r"(?:function ?codes?|function(?= *\d)|기능 ?코드|功能码)(.{0,40})", re.IGNORECASE | re.DOTALL
)
READING = re.compile(r"(?<![\w.])(?:0x)?0*([34])(?![\w.])", re.IGNORECASE)
FUNCTION_KIND = re.compile(r"\b(holding|input)(?=[- ]?regist| and | or |/)", re.IGNORECASE)
SMALLEST_DIGIT, LARGEST_DIGIT = 10_001, 49_999  # addresses whose first digit may be the function


def decide(tables: Sequence[SheetTable], choices: Choices) -> Decisions:
    """The decisions for these tables, or questions. What the user says goes before everything."""
    decisions = Decisions()
    rows = [row for table in tables for row in table.rows]
    evident, why = (choices.base, "as said") if choices.base else _base(tables, rows)
    decisions.base = decisions.settle("base", BASES if _may_be_digits(rows) else BASES[:2], evident, why)
    _decide_function(decisions, tables, choices)
    decide_scale(decisions, rows, choices)
    _decide_order(decisions, tables, choices)
    decisions.ranges = what_ranges_are_of(rows, decisions.divides)
    decisions.decimals = not any(read_unit(row.cell("unit")).step for row in rows)
    _decide_widths(decisions, tables)
    return decisions


# --- addresses ------------------------------------------------------------------------------------------------------


def _base(tables: Sequence[SheetTable], rows: Sequence[TableRow]) -> tuple[str, str]:
    """How addresses are counted, and why; an empty first text: nobody knows, and the second has examples."""
    digits = _may_be_digits(rows)
    evident = _base_said(tables, digits) or _base_shown(rows, digits)
    if evident:
        return evident
    examples = ", ".join(_sent(row, digits) for row in rows[:SHOWN])
    return "", f"are addresses sent as they are printed, or counted from 1? {examples}"


def _base_said(tables: Sequence[SheetTable], digits: bool) -> tuple[str, str] | None:
    """What the file says of its addresses, by two columns of them or in words."""
    if evident := next(filter(None, map(_two_columns, tables)), None):
        return evident
    texts = (text for table in tables for text in around(table) if ABOUT_ADDRESSES.search(text))
    said: dict[str, str] = {}
    for text in dict.fromkeys(texts):
        for base, pattern in (("1", FROM_ONE), ("0", FROM_ZERO)):
            if pattern.search(text):
                said.setdefault(base, text)
    if len(said) != 1 or digits:  # behind a first digit, counting from 1 may be meant either way
        return None
    ((base, text),) = said.items()
    return base, f"the file says {_shown(text)}"


def _base_shown(rows: Sequence[TableRow], digits: bool) -> tuple[str, str] | None:
    """What the addresses themselves show."""
    if row := next((row for row in rows if row.printed.first > LAST_ADDRESS), None):
        return "modicon", f"{row.printed.first} ({row.where}) is above {LAST_ADDRESS}: its first digit is the function"
    if row := next((row for row in rows if row.printed.first == 0), None):
        return "0", f"there is an address 0 ({row.where})"
    if any(row.printed.hexadecimal for row in rows):
        return "0", "hexadecimal addresses are those that are sent"
    if digits and (row := next((row for row in rows if row.printed.first % 10_000 == 0), None)):
        return "0", f"{row.printed.first} ({row.where}) cannot be counted from 1 behind a first digit"
    if digits and (row := next((row for row in rows if _contradicts(row)), None)):
        return "0", f"{row.printed.first} has function {row.cell('function')} ({row.where}): its first digit is none"
    return None


def _shown(text: str) -> str:
    return repr(" ".join(text.split())[:60])


def _two_columns(table: SheetTable) -> tuple[str, str] | None:
    """The base, if the addresses stand in the table twice: decimal, and hexadecimal as they are sent."""
    others = [c for c in (*table.columns("hex"), *table.columns("address")) if c != table.address]
    for column in others:
        heading = plain_heading(table.sheet.seen(table.heading, column))
        differences = set()
        for row in table.rows:
            other = read_printed(table.sheet.seen(row.number, column), "hex" in heading)
            if other and other.hexadecimal != row.printed.hexadecimal:
                sign = 1 if other.hexadecimal else -1
                differences.add(sign * (row.printed.first - other.first))
        if len(differences) == 1 and (by := differences.pop()) in (0, 1, 40_001, 30_001):
            base = {0: "0", 1: "1"}.get(by, "modicon")
            if table.rows[0].printed.hexadecimal:
                base = "0"
            return base, f"decimal addresses are {by} above the hexadecimal ones beside them"
    return None


def _may_be_digits(rows: Sequence[TableRow]) -> bool:
    """Whether the first digit of all addresses may be the function, as in 40001."""
    numbers = [row.printed.first for row in rows if not row.printed.hexadecimal]
    return (
        bool(numbers)
        and len(numbers) == len(rows)
        and all(
            SMALLEST_DIGIT - 1 <= number <= LARGEST_DIGIT and number // 10_000 in MODICON_FUNCTIONS
            for number in numbers
        )
    )


def _contradicts(row: TableRow) -> bool:
    function = read_function(row.cell("function"))
    return function is not None and MODICON_FUNCTIONS[row.printed.first // 10_000] != function


def _sent(row: TableRow, digits: bool) -> str:
    number = row.printed.first
    text = f"{number} ({row.where}) is sent as {number} with base=0, as {number - 1} with base=1"
    return text + (f", as {number % 10_000 - 1} with base=modicon" if digits else "")


# --- function -------------------------------------------------------------------------------------------------------


def _decide_function(decisions: Decisions, tables: Sequence[SheetTable], choices: Choices) -> None:
    """The function of rows that do not say theirs."""
    rows = [row for table in tables for row in table.rows]
    silent = [row for row in rows if function_of(row) is None]
    if not silent or decisions.base == "modicon":
        return
    evident, why = str(choices.function or ""), "as said"
    if not evident:
        evident, why = _function_in_texts(tables)
    if not evident and (row := next((row for row in rows if is_writable(row.cell("access"))), None)):
        evident, why = "3", f"registers that can be written ({row.where}) are holding registers"
    if not evident:
        why = f"does the device read them as holding (3) or input registers (4)? For example {silent[0].where}"
    decisions.function = int(decisions.settle("function", ("3", "4"), evident, why))


def function_of(row: TableRow) -> int | None:
    """The function that the row's own cell or the title above it says."""
    if (number := read_function(row.cell("function"))) is not None:
        return number
    said = _functions_in(row.section)
    return said.pop() if len(said) == 1 else None


def _function_in_texts(tables: Sequence[SheetTable]) -> tuple[str, str]:
    said: dict[int, str] = {}
    for text in dict.fromkeys(text for table in tables for text in around(table)):
        for function in _functions_in(text):
            said.setdefault(function, text)
    if len(said) != 1:
        return "", ""
    ((function, text),) = said.items()
    return str(function), f"the file says {_shown(text)}"


def _functions_in(text: str) -> set[int]:
    """The functions that a text names, of those that read registers."""
    kinds = {3 if match[1].lower() == "holding" else 4 for match in FUNCTION_KIND.finditer(text)}
    behind = (match[1] for match in FUNCTION_CODES.finditer(text))
    codes = {int(code) for words in behind for code in READING.findall(words)}
    return kinds | codes


# --- word order -----------------------------------------------------------------------------------------------------


def _decide_order(decisions: Decisions, tables: Sequence[SheetTable], choices: Choices) -> None:
    """The order of numbers of several registers that do not say theirs; asked for when the first of them is read."""
    if choices.order:
        decisions.order = choices.order
        decisions.taken.append(f"order={choices.order}: as said")
        return
    said: dict[str, str] = {}
    texts = [text for table in tables for text in around(table)]
    for text in dict.fromkeys((*texts, *_notes(row for table in tables for row in table.rows))):
        if named := read_order(text):
            said.setdefault(named, text)
    if len(said) == 1:
        decisions.order, text = next(iter(said.items()))
        decisions.taken.append(f"order={decisions.order}: the file says {_shown(text)}")
    else:
        decisions.order = ""


def _notes(rows: Iterable[TableRow]) -> Iterator[str]:
    for row in rows:
        yield from row.texts("note")


# --- widths ---------------------------------------------------------------------------------------------------------


def _decide_widths(decisions: Decisions, tables: Sequence[SheetTable]) -> None:
    """How many registers `INT` takes: as many as there are to the next row, if no row of the type has less."""
    gaps: dict[str, list[int]] = {}
    for table in tables:
        for row, following in pairwise(table.rows):
            text = row.cell("type").strip()
            if is_open(text) and (gap := following.printed.first - row.printed.first) > 0 and row.printed.width == 1:
                gaps.setdefault(text, []).append(gap)
    for text, distances in gaps.items():
        usual = Counter(distances).most_common(1)[0][0]
        if usual in (2, 4) and min(distances) == usual:
            decisions.widths[text] = usual
            decisions.taken.append(f"{text} takes {usual} registers: its addresses go in steps of {usual}")


def ask_order(decisions: Decisions, where: str, name: str) -> None:
    """Ask for the order of words, once, for a row that does not say it."""
    if all(question.word != "order" for question in decisions.open):
        why = (
            f"{name} ({where}) takes two registers or more: does the high word come first (ABCD) or the low one (CDAB)?"
        )
        decisions.open.append(Question("order", ("ABCD", "CDAB"), why))
