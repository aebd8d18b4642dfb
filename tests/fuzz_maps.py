"""Decodes random polls by random register maps, and by an oracle of its own: `python -m tests.fuzz_maps 2000 SEED`.

The oracle reads the map's words as docs/register-maps.md has them, and computes each value in fractions; it shares
nothing with the program but the map. Every cell must be the number that is nearest to the oracle's, or NULL as there,
and every row flagged as there: for types, orders, scales, sentinels, ranges, lists of numbers, inversion, bits,
registers beside a value, computed columns, several rates, rows that repeat, and registers that were not read.
"""

from __future__ import annotations

import math
import random
import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from ess_ray.core.batch import batch_of
from ess_ray.core.decoding.normalise import MISSING, OUT_OF_RANGE, Decoder
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.plan import Plan, make_plan
from ess_ray.core.maps.recipe import follow_recipe, make_recipe
from ess_ray.core.maps.standard import load_standard
from ess_ray.core.samples import Device, Sample, Status
from tests.decoded import dicts

S = 1_000_000
TABLE, ROWS, MOST_REGISTERS = "made", 3, 120
WORDS = {"int16": 1, "uint16": 1, "int32": 2, "uint32": 2, "int64": 4, "uint64": 4, "float32": 2, "float64": 4}
CODES = {
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
}
ORDERS = ("ABCD", "CDAB", "BADC", "DCBA")
SCALES = (1, 1, 0.1, 0.001, 10, 0.25, -0.1, 1e-6)
LARGEST = 1e250
SCALED = {"scale", "offset", "exponent", "factor", "divisor", "sign"}
STANDARD = load_standard({"tables": {"other": {"columns": {"x": {"type": "float8", "meaning": "…"}}}}})
Registers = Mapping[int, int]


class Cell(NamedTuple):
    """A value as the oracle has it: None for NULL; the row is flagged if a value is out of range."""

    value: float | bool | None
    outside: bool = False


@dataclass
class Entry:
    """One column of the map: its words, the registers that it needs, and how often it is due."""

    name: str
    words: dict[str, Any]
    at: int = 0
    own: list[int] = field(default_factory=list)  # addresses in the first row, its own and those beside it
    period_s: int = 1


def make_entries(rng: random.Random) -> list[Entry]:
    """Random columns that follow each other, all in one row's stride, and some that are computed from them."""
    entries, at = [], 0
    for number in range(rng.randint(1, 7)):
        entry = Entry(f"c{number}", _number_words(rng), at)
        if rng.random() < 0.15:
            entry.words = {"bits": f"{(low := rng.randint(0, 12))}..{rng.randint(low + 1, 15)}"}
        at += WORDS.get(entry.words.get("type", ""), 1)
        entry.own = list(range(entry.at, at))
        if "type" in entry.words:
            at = _add_sides(rng, entry, at)
        entries.append(entry)
    for entry in entries[1:]:
        entry.period_s = 1 if rng.random() < 0.8 else rng.choice([2, 3])
    numbers = [entry for entry in entries if "type" in entry.words]
    if numbers and rng.random() < 0.5:
        entries.append(_computed(rng, numbers))
    return entries


def _number_words(rng: random.Random) -> dict[str, Any]:
    type_ = rng.choice(list(WORDS))
    words: dict[str, Any] = {"type": type_, "order": rng.choice(ORDERS)}
    if (scale := rng.choice(SCALES)) != 1:
        words["scale"] = scale
    if rng.random() < 0.2:
        words["offset"] = rng.choice([-40, 0.5, 1000])
    if rng.random() < 0.3:
        words["sentinel"] = rng.choice([0, 1, 7, [1, 2]])
    if rng.random() < 0.4:
        low, high = sorted(rng.sample([-100, -1, 0, 0.3, 5, 100, 1000], 2))
        words |= {"min": low, "max": high}
    elif not type_.startswith("float") and rng.random() < 0.15:
        words["enum"] = {0: "off", 1: "on", 5: "else"}
        words.pop("scale", None)
        words.pop("offset", None)
    if not type_.startswith("float") and rng.random() < 0.1:
        words["invert"] = rng.choice(["swap01", "nonzero"])
    return words


def _add_sides(rng: random.Random, entry: Entry, at: int) -> int:
    """Registers beside the value, behind it; gives the next free address."""
    for role, often in (("exponent", 0.15), ("factor", 0.1), ("divisor", 0.1), ("sign", 0.1)):
        if rng.random() < often and "enum" not in entry.words and "invert" not in entry.words:
            type_ = {"exponent": "int16", "sign": "uint16"}.get(role) or rng.choice(["int16", "uint16"])
            entry.words[role] = {"at": at, "type": type_, "order": "ABCD"}
            entry.words["scale"] = entry.words.get("scale", 0.5)  # else it may be a column of whole numbers
            entry.own.append(at)
            at += 1
    return at


def _computed(rng: random.Random, numbers: list[Entry]) -> Entry:
    kind = rng.choice(["sum", "difference", "product", "quotient"])
    names = [rng.choice(["", "-"]) + rng.choice(numbers).name for _ in range(2)]
    terms: list[Any] = [*names, rng.choice([2, 0.1])] if kind in ("sum", "product") else names
    return Entry("z", {kind: terms})


def map_of(entries: list[Entry], stride: int) -> dict[str, Any]:
    """The map's tree: a block of ROWS rows, a run for each rate."""
    new = {entry.name: {"meaning": "…", **({"type": "float8"} if not entry.own else {})} for entry in entries}
    runs: list[dict[str, Any]] = []
    for period_s in sorted({entry.period_s for entry in entries}):
        of_rate = [entry for entry in entries if entry.period_s == period_s]
        columns = [{entry.name: entry.words | ({"at": entry.at} if entry.own else {})} for entry in of_rate]
        for column in columns:
            for role in ("exponent", "factor", "divisor", "sign"):
                if role in (words := next(iter(column.values()))):
                    words[role] = words[role] | {"stride": stride}
        runs.append({"at": of_rate[0].at, "stride": stride, "columns": columns, "period_s": period_s})
    return {
        "period_s": 1, "function": 3, "readable": f"0..{ROWS * stride}",
        "new": {TABLE: {"identity": ["row"], **new}},
        "blocks": [{"table": TABLE, "repeat": {"row": ROWS}, "runs": runs}],
    }  # fmt: skip


# --- the oracle -------------------------------------------------------------------------------------------------------


def number_at(registers: Registers, address: int, type_: str, order: str) -> float:
    """The raw number: words and bytes in the order that the letters say, whole 64 bits as twice 32."""
    words = [registers[address + number] for number in range(WORDS[type_])]
    data = [word.to_bytes(2) for word in words]
    if order in ("CDAB", "DCBA"):
        data.reverse()
    if order in ("BADC", "DCBA"):
        data = [word[::-1] for word in data]
    number: float = struct.unpack(f">{CODES[type_]}", b"".join(data))[0]
    return number


def _multiplier(words: Mapping[str, Any], registers: Registers, shift: int) -> Fraction | Cell:
    """What the registers beside the value say; a Cell if there is no value by them."""
    product, outside, nothing = Fraction(1), False, False
    for role in ("exponent", "factor", "divisor", "sign"):
        if role not in words:
            continue
        number = int(number_at(registers, words[role]["at"] + shift, words[role]["type"], "ABCD"))
        if role == "exponent":
            nothing |= registers[words[role]["at"] + shift] == 0x8000
            fits = abs(number) <= 10
            outside |= not fits and registers[words[role]["at"] + shift] != 0x8000
            product *= Fraction(10) ** number if fits else 1
        elif role == "sign":
            product *= -1 if number == 1 else 1
        elif role == "divisor" and number == 0:
            outside = True
        else:
            product *= Fraction(number) if role == "factor" else 1 / Fraction(number)
    return Cell(None, outside) if outside or nothing else product


def cell_of(entry: Entry, registers: Registers, shift: int) -> tuple[Cell, Fraction | None]:
    """The cell, and its exact value if it has one."""
    words = entry.words
    if "bits" in words:
        low, high = map(int, words["bits"].split(".."))
        bits = registers[entry.at + shift] >> low & (1 << high - low + 1) - 1
        return Cell(bits), Fraction(bits)
    multiplier = _multiplier(words, registers, shift)
    if isinstance(multiplier, Cell):
        return multiplier, None
    raw = number_at(registers, entry.at + shift, words["type"], words["order"])
    sentinels = words.get("sentinel", ())
    if math.isnan(raw) or raw in (sentinels if isinstance(sentinels, list) else [sentinels]):
        return Cell(None), None
    if words.get("invert") == "swap01" and raw in (0, 1):
        raw = 1 - raw
    elif words.get("invert") == "nonzero":
        raw = 1 if raw == 0 else 0
    exact = Fraction(raw) * _decimal(words.get("scale", 1)) * multiplier + _decimal(words.get("offset", 0))
    if words["type"].startswith("float"):  # scaled in double precision, and so compared
        outside = "min" in words and not float(words["min"]) <= float(exact) <= float(words["max"])
    else:
        outside = ("enum" in words and raw not in words["enum"]) or (
            "min" in words and not _decimal(words["min"]) <= exact <= _decimal(words["max"])
        )
    if words["type"] in ("int64", "int32", "int16", "uint16", "uint32") and not words.keys() & SCALED:
        return Cell(int(exact), outside), exact  # a column of whole numbers
    try:
        return Cell(float(exact), outside), exact
    except OverflowError:
        return Cell(None, True), None


def _decimal(number: float) -> Fraction:
    return Fraction(Decimal(str(number)))


def computed_cell(words: Mapping[str, Any], stored: Mapping[str, Any]) -> Cell:
    """The cell of a computed column, from the numbers of its row as they are stored."""
    ((kind, terms),) = words.items()
    operands: list[Fraction] = []
    for term in terms:
        if not isinstance(term, str):
            operands.append(_decimal(term))
            continue
        value = stored[term.removeprefix("-")]
        if value is None:
            return Cell(None)
        operands.append(_decimal(value) * (-1 if term.startswith("-") else 1))
    if kind == "quotient" and operands[1] == 0:
        return Cell(None, True)
    exact = {
        "sum": lambda: sum(operands, Fraction(0)), "difference": lambda: operands[0] - operands[1],
        "product": lambda: math.prod(operands, start=Fraction(1)), "quotient": lambda: operands[0] / operands[1],
    }[kind]()  # fmt: skip
    try:
        return Cell(float(exact))
    except OverflowError:
        return Cell(None, True)


def expected_rows(
    entries: list[Entry], stride: int, registers: Registers, missing: set[int], tick_s: int
) -> Iterator[dict[str, Any]]:
    """The rows of one poll, without what is computed; none for a row of which nothing is due."""
    read = [entry for entry in entries if entry.own]
    due = [entry for entry in read if tick_s % entry.period_s == 0]
    for row in range(ROWS if due else 0):
        cells, quality = {}, 0
        for entry in read:
            cells[entry.name] = Cell(None)
            if entry not in due:
                continue
            if missing & {address + row * stride for address in entry.own}:
                quality |= MISSING
                continue
            cells[entry.name], _ = cell_of(entry, registers, row * stride)
        quality |= OUT_OF_RANGE if any(cell.outside for cell in cells.values()) else 0
        yield {"row": row + 1, "quality": quality} | {name: cell.value for name, cell in cells.items()}


# --- the program ------------------------------------------------------------------------------------------------------


def sample_of(plan: Plan, registers: Registers, missing: set[int], tick_s: int) -> Sample:
    """The sample of a poll that read these registers, but for those that are missing."""
    image, gaps = bytearray(plan.image_bytes), []
    for request in plan.requests:
        for number in range(request.count):
            address, start = request.address + number, request.offset + 2 * number
            if address in missing:
                gaps.append((start, start + 2))
            else:
                image[start : start + 2] = registers[address].to_bytes(2)
    status = Status.PARTIAL if gaps else Status.STORED
    return Sample(Device("s", "d"), plan.layout, tick_s * S, status, None, tuple(gaps), None, 1.0, 1, 0, bytes(image))


def _register(rng: random.Random) -> int:
    return rng.choice(
        [rng.randrange(65536), rng.randrange(65536), 0, 1, 2, 5, 7, 0x8000, 0xFFFF, 0xFFFE, 0x7FC0, 0x7F80]
    )


def _make_finite(rng: random.Random, entries: list[Entry], stride: int, registers: dict[int, int]) -> None:
    """No float is infinite or nearly so: what becomes of such a number the maps leave open."""
    for entry in entries:
        type_ = entry.words.get("type", "")
        for shift in range(0, ROWS * stride, stride) if type_.startswith("float") else ():
            while abs(number_at(registers, entry.at + shift, type_, entry.words["order"])) > LARGEST:
                for address in range(entry.at + shift, entry.at + shift + WORDS[type_]):
                    registers[address] = rng.randrange(65536)


def _same(got: object, right: object, rounded: bool) -> bool:
    """`rounded`: a float of the device that was scaled, in double precision."""
    if rounded and isinstance(got, float) and isinstance(right, float):
        return math.isclose(got, right, rel_tol=1e-14, abs_tol=1e-12)
    return got == right


def play(seed: int) -> int:
    """One random map and some polls; the number of cells. Raises AssertionError if one is not the oracle's."""
    rng = random.Random(seed)
    entries = make_entries(rng)
    stride = max(address for entry in entries for address in entry.own) + 1 + rng.choice([0, 2])
    tree, limit = map_of(entries, stride), rng.choice([125, MOST_REGISTERS])
    register_map = load_map("made", tree, STANDARD)
    layout = make_plan(register_map, limit).layout
    decodes = follow_recipe(make_recipe(register_map, tree, limit, 2000), layout, STANDARD)  # as a normaliser does
    plan = decodes[1]
    polls = []
    for tick_s in range(6, 6 + rng.randint(1, 8)):
        registers = {address: _register(rng) for address in range(ROWS * stride + 1)}
        _make_finite(rng, entries, stride, registers)
        asked = [
            address + row * stride
            for entry in entries
            for address in entry.own
            for row in range(ROWS)
            if tick_s % entry.period_s == 0
        ]
        gone = set(rng.sample(asked, 1)) if rng.random() < 0.2 else set()
        polls.append((tick_s, registers, gone))
    samples = [sample_of(plan, registers, gone, tick_s) for tick_s, registers, gone in polls]
    rows = dicts(Decoder(*decodes).decode(batch_of(samples))[TABLE])
    expected = [
        {"time": tick_s * S} | row
        for tick_s, registers, gone in polls
        for row in expected_rows(entries, stride, registers, gone, tick_s)
    ]
    assert len(rows) == len(expected), f"{len(rows)} rows instead of {len(expected)}"
    rounded = {entry.name for entry in entries if entry.words.get("type", "").startswith("float")}
    for row, right in zip(rows, expected, strict=True):
        for entry in entries:
            if not entry.own:
                right[entry.name], outside = computed_cell(entry.words, row)
                right["quality"] |= OUT_OF_RANGE if outside else 0
        wrong = {name: (row[name], cell) for name, cell in right.items() if not _same(row[name], cell, name in rounded)}
        assert not wrong, (
            f"row {right['row']} at {right['time'] // S} s has (the oracle has) {wrong} by {tree['blocks']}"
        )
    return len(rows) * len(entries)


def main() -> None:
    """Play so many maps, from a seed on."""
    runs, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    cells = failed = 0
    for number in range(seed, seed + runs):
        try:
            cells += play(number)
        except Exception as error:  # noqa: BLE001  # whatever it is, the next map may show another
            failed += 1
            print(f"python -m tests.fuzz_maps 1 {number}: {type(error).__name__}: {error}")
    print(f"{runs} maps, {cells} cells, {failed} maps with a cell that is not the oracle's")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
