"""Maps of a few columns, and what of them is stored for the registers of a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from ess_ray.core.batch import batch_of
from ess_ray.core.checking.reading import peek, read_values
from ess_ray.core.decoding.normalise import OUT_OF_RANGE, Decoder
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.plan import byte_offset, make_plan
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.standard import Standard, load_standard
from ess_ray.core.samples import Device, Sample, Status
from tests.decoded import dicts

TYPES = {
    "x": "float8", "y": "float8", "z": "float8", "whole": "int8", "small": "int2", "list": "float8[]", "up": "bool",
    "down": "bool", "word": "text",
}  # fmt: skip
STANDARD: Standard = load_standard(
    {
        "tables": {
            "one": {"columns": {name: {"type": type_, "meaning": "…"} for name, type_ in TYPES.items()}},
            "many": {
                "identity": ["part"],
                "columns": {name: {"type": type_, "meaning": "…"} for name, type_ in TYPES.items()},
            },
        }
    }
)


def made(columns: str, run: str = "at: 0", rows: str = "table: one", top: str = "function: 3") -> RegisterMap:
    text = f"{{period_s: 1, {top}, blocks: [{{{rows}, runs: [{{{run}, columns: [{columns}]}}]}}]}}"
    return load_map("test", yaml.safe_load(text), STANDARD)


def decoded(
    register_map: RegisterMap, *polls: Mapping[int, int], missing: tuple[int, ...] = (), table: str = "one"
) -> list[dict[str, Any]]:
    """The rows of a table; a poll has registers (function 3) by address, those that are not there are 0."""
    plan = make_plan(register_map)
    samples = []
    for registers in polls:
        image = bytearray(plan.image_bytes)
        for address, register in registers.items():
            start = byte_offset(plan, 3, address)
            image[start : start + 2] = (register & 0xFFFF).to_bytes(2)
        gaps = tuple((start := byte_offset(plan, 3, address), start + 2) for address in missing)
        status = Status.PARTIAL if gaps else Status.STORED
        samples.append(Sample(Device("s", "d"), plan.layout, 0, status, None, gaps, None, 1.0, 1, 0, bytes(image)))
    return dicts(Decoder(register_map, plan, STANDARD).decode(batch_of(samples))[table])


def one(columns: str, registers: Mapping[int, int], column: str = "x") -> tuple[object, bool]:
    """The value of a column and whether its row is flagged as out of range; as stored, and as shown to a person."""
    register_map = made(columns)
    (row,) = decoded(register_map, registers)
    held = {(3, address): registers.get(address, 0) & 0xFFFF for address in range(20)}
    (reading,) = [each for each in read_values(register_map.values, held) if each.value.column == column]
    peeked = peek(reading.value, held)
    assert (reading.number, peeked.number) == (row[column], row[column])
    return row[column], bool(row["quality"] & OUT_OF_RANGE)
