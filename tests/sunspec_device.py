"""A SunSpec device made from the definitions of its models alone: it shares nothing with what makes maps of them.

Source: "SunSpec Device Information Model Specification": types, unimplemented values, scale factors, groups.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from importlib.metadata import distribution
from pathlib import Path
from random import Random
from typing import Any

FOLDER = Path(str(distribution("pysunspec2").locate_file("sunspec2/models/json")))
NUMBERS = sorted(int(file.stem.removeprefix("model_")) for file in FOLDER.glob("model_*.json"))
SIGNED = {"int16": 1, "int32": 2, "int64": 4, "sunssf": 1}
UNSIGNED = {
    "uint16": 1, "uint32": 2, "uint64": 4, "acc16": 1, "acc32": 2, "acc64": 4, "enum16": 1, "enum32": 2,
    "bitfield16": 1, "bitfield32": 2, "bitfield64": 4, "count": 1,
}  # fmt: skip
ZERO_IS_NONE = ("acc16", "acc32", "acc64")
Number = Fraction | float | str | None


@dataclass(frozen=True)
class Cell:
    """A value of the device: its registers, what they mean in `units`, and the number of each repeating group."""

    name: str
    address: int
    registers: list[int]
    value: Number | list[int]
    units: str
    rows: tuple[int, ...]


@dataclass
class SunSpecModel:
    """A model with random values. `registers` begin with ID and L."""

    number: int
    address: int
    registers: list[int] = field(default_factory=list)
    cells: dict[int, Cell] = field(default_factory=dict)  # by their first address
    counts: dict[str, int] = field(default_factory=dict)


def make_model(number: int, address: int, rng: Random, most: int = 3) -> SunSpecModel:
    """A model with 0 to `most` of each group that repeats; one value in five is not implemented."""
    tree = json.loads((FOLDER / f"model_{number}.json").read_text("utf-8"))["group"]
    model = SunSpecModel(number, address)
    names = {str(group["count"]) for group in _groups(tree) if isinstance(group.get("count"), str)}
    model.counts = {name: rng.randint(0, most) for name in sorted(names)}
    _fill(model, tree, {}, (), rng, most)
    model.registers[:2] = [number, len(model.registers) - 2]
    return model


def make_chain(*numbers: int, most: int = 2) -> list[SunSpecModel]:
    """Models one behind the other, from 40002 on; what a point counts is there `most` times."""
    models: list[SunSpecModel] = []
    for number in numbers:
        address = models[-1].address + len(models[-1].registers) if models else 40002
        made = (make_model(number, address, Random(seed), most) for seed in range(999))
        models.append(next(one for one in made if all(count == most for count in one.counts.values())))
    return models


def as_registers(models: Sequence[SunSpecModel], *behind: int) -> list[int]:
    """A device with these models: its registers from address 0 on, and `behind` the last of them."""
    registers = [0] * 40000 + [0x5375, 0x6E53]
    for model in models:
        registers += model.registers
    return [*registers, *behind]


def _groups(tree: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for group in tree.get("groups", ()):
        yield group
        yield from _groups(group)


def _fill(
    model: SunSpecModel, tree: Mapping[str, Any], outer: dict[str, int | None], rows: tuple[int, ...], rng: Random,
    most: int,
) -> None:  # fmt: skip
    factors = dict(outer)
    for point in tree["points"]:
        if point["type"] == "sunssf":
            factors[point["name"]] = None if rng.random() < 0.1 else rng.randint(-10, 10)
    for point in tree["points"]:
        _add(model, point, factors, rows, rng)
    for group in tree.get("groups", ()):
        count = group.get("count")
        if count is None:
            _fill(model, group, factors, rows, rng, most)
            continue
        for row in range(model.counts[count] if isinstance(count, str) else rng.randint(0, most)):
            _fill(model, group, factors, (*rows, row + 1), rng, most)


def _add(
    model: SunSpecModel, point: Mapping[str, Any], factors: dict[str, int | None], rows: tuple[int, ...], rng: Random
) -> None:
    name, type_, size = point["name"], point["type"], point["size"]
    address = model.address + len(model.registers)
    if type_ == "sunssf":
        factor = factors[name]
        model.registers.append(0x8000 if factor is None else factor & 0xFFFF)
        return
    registers, value = _random(type_, size, point, rng)
    if name in model.counts and not rows:
        registers, value = [model.counts[name]], Fraction(model.counts[name])
    model.registers += registers
    if type_ == "pad" or (name in ("ID", "L") and len(model.registers) <= 2):
        return
    if isinstance(value, Fraction) and "sf" in point:
        factor = point["sf"] if isinstance(point["sf"], int) else factors[point["sf"]]
        value = None if factor is None else value * Fraction(10) ** factor
    for at in range(0, size, 125):  # no request is longer
        part = registers[at : at + 125]
        whole = value if len(part) == size else _text(part)
        model.cells[address + at] = Cell(name, address + at, part, whole, point.get("units") or "", rows)


def _random(type_: str, size: int, point: Mapping[str, Any], rng: Random) -> tuple[list[int], Number | list[int]]:
    none = rng.random() < 0.2
    if type_ in ("eui48", "ipv6addr"):
        words = [0 if type_ == "eui48" and not word else rng.randrange(1 << 16) for word in range(size)]
        none = none and type_ == "eui48"
        words = [0, 0xFFFF, 0xFFFF, 0xFFFF] if none else words
        text = "0x" + "".join(f"{word:04X}" for word in words)
        return words, words if type_ == "ipv6addr" else None if none else text
    if type_ == "ipaddr":
        data = bytes(4) if none else bytes(rng.randint(1, 255) for _ in range(4))
        return list(struct.unpack(">2H", data)), None if none else ".".join(map(str, data))
    if type_ == "string":
        text = "" if none else "".join(rng.choice("ABCxyz019-/ é") for _ in range(rng.randint(1, size)))
        data = text.encode()[: 2 * size].decode(errors="ignore").encode().ljust(2 * size, b"\0")
        registers = list(struct.unpack(f">{size}H", data))
        return registers, _text(registers)
    if type_ == "float32":
        data = b"\x7f\xc0\0\0" if none else struct.pack(">f", rng.uniform(-1e6, 1e6))
        value = struct.unpack(">f", data)[0]
        return list(struct.unpack(">2H", data)), None if none else value
    if type_ == "pad":
        return [0x8000], None
    width = {**SIGNED, **UNSIGNED}[type_]
    assert width == size, (type_, size)
    bits = 16 * width
    if none:
        raw = 0 if type_ in ZERO_IS_NONE else 1 << (bits - 1) if type_ in SIGNED else (1 << bits) - 1
    elif symbols := [symbol["value"] for symbol in point.get("symbols", ()) if type_.startswith("enum")]:
        raw = rng.choice(symbols)
    else:
        raw = rng.choice([1, (1 << bits) - 2, rng.randrange(1, 1 << bits), rng.randrange(1, 1 << bits)])
    registers = [raw >> (16 * (width - 1 - word)) & 0xFFFF for word in range(width)]
    number = raw - (1 << bits) if type_ in SIGNED and raw >> (bits - 1) else raw
    nothing = {0} if type_ in ZERO_IS_NONE else {1 << (bits - 1)} if type_ in SIGNED else {(1 << bits) - 1}
    return registers, None if raw in nothing else Fraction(number)


def _text(registers: list[int]) -> str:
    data = struct.pack(f">{len(registers)}H", *registers).partition(b"\0")[0]
    return data.decode(errors="replace").rstrip(" ")
