"""Samples → values, and → bytes for COPY."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchmarks.floors import LoopFloor, NumpyFloor
from benchmarks.material import MAPS, layout, samples
from benchmarks.measure import Part, Spread, cpu_s, in_turn, ratio, spread
from ess_ray.core.batch import batch_of
from ess_ray.core.decoding.normalise import OUT_OF_RANGE, Decoder, normalise
from ess_ray.core.decoding.pgcopy import ColumnValues
from ess_ray.core.samples import Sample, Status

SAMPLES = 200
TO_ROWS, TO_BYTES, GAPS = "to rows", "to COPY bytes", "to COPY bytes, 3 samples with gaps"


def run(rounds: int) -> Part:
    """Measure every map: registers decoded a second of CPU time, beside a floor in numpy and a loop in Python."""
    lines = {}
    for name in MAPS:
        for way, figures in _map(name, rounds).items():
            lines[f"{name} {way}"] = figures
    return Part(
        f"Decode: {SAMPLES} samples of each map in one call",
        "CPU time, one thread. Floor: numpy, one gather, scaling and range a kind of value. Loop: Python, by value.",
        "10 M registers/s to rows",
        lines,
    )


def _map(name: str, rounds: int) -> dict[str, dict[str, Spread]]:
    material, complete = layout(name), samples(name, SAMPLES)
    decoder, floor = Decoder(material.map, material.plan, material.standard), NumpyFloor(material)
    batch, loop, few = batch_of(complete), LoopFloor(material), [sample.image for sample in complete[:10]]
    _check(name, decoder, floor, complete)
    gaps = list(complete)
    for index in (3, SAMPLES // 2, SAMPLES - 50):
        gaps[index] = replace(gaps[index], status=Status.PARTIAL, missing=((0, 40),))
    taken = in_turn(
        {
            "floor": lambda: cpu_s(lambda: floor.decode(complete)),
            "loop": lambda: cpu_s(lambda: loop.decode(few)) * SAMPLES / len(few),
            TO_ROWS: lambda: cpu_s(lambda: decoder.decode(batch)),
            TO_BYTES: lambda: cpu_s(lambda: normalise(decoder, batch, 0, 0)),
            GAPS: lambda: cpu_s(lambda: normalise(decoder, batch_of(gaps), 0, 0)),
        },
        rounds,
    )
    return {
        way: {
            "registers/s": spread([SAMPLES * material.registers / seconds for seconds in taken[way]]),
            "times the floor's CPU": ratio(taken[way], taken["floor"]),
            "of the loop's CPU": ratio(taken[way], taken["loop"]),
        }
        for way in (TO_ROWS, TO_BYTES, GAPS)
    }


def _check(name: str, decoder: Decoder, floor: NumpyFloor, complete: Sequence[Sample]) -> None:
    """Raises AssertionError unless all three do the same work: values and flags agree."""
    tables = decoder.decode(batch_of(complete))
    values, outside = floor.decode(complete)
    by_value, outside_by_value = LoopFloor(layout(name)).decode(sample.image for sample in complete)
    leading = ("time", "site", "device", "quality", "bank_id", "rack_id", "module_id")
    sums = [_sum(column) for columns in tables.values() for name, column in columns.items() if name not in leading]
    flagged = any((columns["quality"].values & OUT_OF_RANGE).any() for columns in tables.values())
    totals = [sum(sums), sum(float(column.sum()) for column in values), sum(sum(row.values()) for row in by_value)]
    if not np.allclose(totals, totals[0], rtol=1e-9):
        raise AssertionError(f"{name}: decoder, floor and loop disagree: {totals}")
    if not flagged == any(flags.any() for flags in outside) == bool(outside_by_value):
        raise AssertionError(f"{name}: decoder, floor and loop disagree on what is out of range")


def _sum(column: ColumnValues) -> float:
    return float((column.values if column.null is None else np.where(column.null, 0, column.values)).sum())
