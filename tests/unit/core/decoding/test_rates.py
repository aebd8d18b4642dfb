"""Several rates in one device, decoded: what is not due is NULL and not missing, or its row is not there."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

import pytest

from ess_ray.core.batch import batch_of
from ess_ray.core.decoding.normalise import LATE, MISSING, Decoder, normalise
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.plan import locate, make_plan
from ess_ray.core.maps.standard import load_standard
from ess_ray.core.samples import Device, Sample, Status
from tests.decoded import dicts

S = 1_000_000
COLUMNS = {name: {"type": type_, "meaning": "…"} for name, type_ in {
    "x": "float8", "y": "float8", "energy": "int8", "name": "text", "list": "int2[]"
}.items()}  # fmt: skip
STANDARD = load_standard({"tables": {"one": {"columns": COLUMNS}, "many": {"identity": ["part"], "columns": COLUMNS}}})
# Row `one`: x each second, energy and y = x / energy each minute, name each hour.
# Rows `many`: 1 each second, 2 each minute, 3 each hour.
MAP = load_map("rates", {"period_s": 1, "function": 3, "blocks": [
    {"table": "one", "runs": [
        {"at": 0, "columns": ["x"]},
        {"at": 1, "period_s": 60, "columns": [
            {"energy": {"type": "uint32", "max": 9}}, {"y": {"quotient": ["x", "energy"]}}]},
        {"at": 3, "period_s": 3600, "columns": [{"name": {"type": "string", "length": 1}}]},
    ]},
    {"table": "many", "ids": {"part": 1}, "runs": [{"at": 10, "columns": ["x"]}]},
    {"table": "many", "ids": {"part": 2}, "period_s": 60, "runs": [
        {"at": 20, "columns": ["x", {"list": {"count": 2}}]}, {"at": 30, "period_s": 3600, "columns": ["y"]}]},
    {"table": "many", "ids": {"part": 3}, "period_s": 3600, "runs": [{"at": 40, "columns": ["x", "y"]}]},
]}, STANDARD)  # fmt: skip
PLAN = make_plan(MAP)
WORDS = {0: 5, 1: 0, 2: 7, 3: 0x4142, 10: 11, 20: 21, 21: 22, 22: 23, 30: 31, 40: 41, 41: 42}


def sample(tick_s: int, *missing: int) -> Sample:
    """All registers read that are due, but for the missing addresses."""
    image, gaps = bytearray(PLAN.image_bytes), []
    for value in MAP.values:
        start = locate(PLAN, value)
        if not value.period_us or tick_s % (value.period_us // S) == 0:
            words = [WORDS[value.address + n] for n in range(value.width)]
            image[start : start + 2 * value.width] = struct.pack(f">{value.width}H", *words)
            if value.address in missing:
                gaps.append((start, start + 2 * value.width))
    status = Status.PARTIAL if gaps else Status.STORED
    return Sample(Device("s", "d"), "l", tick_s * S, status, None, tuple(gaps), None, 1.5, 1, 0, bytes(image))


def row(tick_s: int, **columns: Any) -> dict[str, Any]:
    return {"time": tick_s * S, "site": "s", "device": "d", "quality": 0, **columns}


def one(tick_s: int, energy: int | None = None, name: str | None = None, quality: int = 0) -> dict[str, Any]:
    return row(tick_s, quality=quality, x=5.0, energy=energy, name=name, y=energy and 5 / energy)


def many(tick_s: int, part: int, x: int | None, y: int | None = None, **other: Any) -> dict[str, Any]:
    numbers = {name: None if number is None else float(number) for name, number in {"x": x, "y": y}.items()}
    return row(tick_s, part=part, **{"list": None, **numbers, **other})


EACH = [many(1, 1, 11)]
MINUTE = [many(60, 1, 11), many(60, 2, 21, list=[22, 23])]
HOUR = [many(3600, 1, 11), many(3600, 2, 21, 31, list=[22, 23]), many(3600, 3, 41, 42)]


@pytest.mark.parametrize(
    ("polled", "of_one", "of_many"),
    [
        ([sample(1)], [one(1)], EACH),
        ([sample(60)], [one(60, 7)], MINUTE),
        ([sample(3600)], [one(3600, 7, "AB")], HOUR),
        ([sample(1), sample(60), sample(3600)], [one(1), one(60, 7), one(3600, 7, "AB")], EACH + MINUTE + HOUR),
        ([sample(60, 1)], [one(60, quality=MISSING)], MINUTE),
        ([sample(60, 20), sample(1)], [one(60, 7), one(1)],
         [MINUTE[0], many(60, 2, None, list=[22, 23], quality=MISSING), *EACH]),
        ([sample(3600, 41)], [one(3600, 7, "AB")], [*HOUR[:2], many(3600, 3, 41, None, quality=MISSING)]),
    ],
)  # fmt: skip
def test_rows_and_cells_are_those_that_are_due(polled: list[Sample], of_one: list[Any], of_many: list[Any]) -> None:
    tables = Decoder(MAP, PLAN, STANDARD).decode(batch_of(polled))
    assert dicts(tables["one"]) == of_one
    found = dicts(tables["many"])
    assert found == [{key: expected[key] for key in found[0]} for expected in of_many]


def test_out_of_range_is_flagged_at_the_ticks_of_the_value() -> None:
    wrong = sample(60)
    place = locate(PLAN, next(value for value in MAP.values if value.column == "energy"))
    image = bytearray(wrong.image)
    image[place + 3] = 10
    tables = Decoder(MAP, PLAN, STANDARD).decode(batch_of([sample(59), replace(wrong, image=bytes(image)), sample(61)]))
    assert [(each["energy"], each["quality"]) for each in dicts(tables["one"])] == [(None, 0), (10, 1), (None, 0)]


def test_a_flush_says_how_many_rows_each_sample_has() -> None:
    failed = replace(sample(120), status=Status.FAILED, image=b"")
    batch = batch_of([sample(1), failed, sample(60), sample(3600)])
    rows = {table.table: table for table in normalise(Decoder(MAP, PLAN, STANDARD), batch, 4000 * S, 1000 * S).tables}
    assert {name: table.rows for name, table in rows.items()} == {"one": (1, 0, 1, 1), "many": (1, 0, 2, 3)}
    assert [len(table.data) for table in rows.values()] == [table.ends[-1] for table in rows.values()]
    quality = normalise(Decoder(MAP, PLAN, STANDARD), batch_of([sample(60)]), 4000 * S, 1000 * S).tables[1]
    assert quality.data.count(struct.pack(">ih", 2, LATE)) == 2
