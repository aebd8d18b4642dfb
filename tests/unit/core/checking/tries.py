"""Maps with one mistake each, and the device that they are wrong about: what `test_causes.py` tries.

The maps are those of the plants, cut to a few racks and modules: with ranges for what has a unit or is a state, and
without any. The device is the simulator's plant, as registers: whatever the right map does not name is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

from ess_ray.core.checking import guesses
from ess_ray.core.checking.scopes import Scope, columns, runs
from ess_ray.core.checking.survey import Key
from ess_ray.core.checking.weighing import keys_of
from ess_ray.core.maps.registers import BIT_FUNCTIONS, Value
from ess_ray.simulator.plant import Plant
from tests.make import shipped_map

NOON_US, HOUR_US = 1_750_042_800_000_000, 3_600_000_000  # 12:00 of a day in June, in Seoul
PLANTS = ("sionyu", "panri", "hwanggeum6", "seokhwan")
# By unit and a part of the name, the first that fits; states are 0 to 15.
RANGES = (
    ("%", "", 0, 100), ("degC", "gap", 0, 50), ("degC", "", -20, 80), ("V", "gap", 0, 1), ("V", "cell", 2, 5),
    ("V", "", 100, 1500), ("A", "", -1500, 1500), ("kW", "", -1500, 1500), ("Hz", "", 55, 65), ("kWh", "", 0, 10**8),
)  # fmt: skip
ILLEGAL_ADDRESS = 2
POWERS = (1, -1, 2, -2)  # of ten, by which a scale is wrong


@dataclass(frozen=True)
class Try:
    """A map with a mistake, what should be named first, and of which scope: "map", "run" or "column"."""

    name: str
    kind: str
    scope: str
    values: tuple[Value, ...]


class Registers:
    """A device: its registers, and how it is read; counts the requests."""

    def __init__(self, registers: Mapping[Key, int]) -> None:
        self.registers = registers
        self.requests = 0

    def read(self, function: int, address: int, count: int) -> bytes | int:
        self.requests += 1
        keys = [(function, address + number) for number in range(count)]
        if not all(key in self.registers for key in keys):
            return ILLEGAL_ADDRESS
        size = 1 if function in BIT_FUNCTIONS else 2
        return b"".join(self.registers[key].to_bytes(size, "big") for key in keys)


def plant_map(name: str, ranges: bool, cut: bool = True) -> tuple[Value, ...]:
    """The plant's map with ranges or without; `cut`: a few racks and modules of it."""
    values = (value for value in shipped_map(name).values if not cut or _is_kept(value))
    return tuple(
        _ranged(value) if ranges else replace(value, minimum=None, maximum=None, choices=()) for value in values
    )


def device(name: str, values: Sequence[Value], hour: int = 12) -> Registers:
    """The plant at an hour of the day, with the registers of `values` and no others."""
    registers = _plant_registers(name, hour)
    return Registers({key: registers[key] for value in values for key in keys_of(value)})


def tries(name: str, ranges: bool) -> Iterator[Try]:
    """Every mistake, one by one, in a map that could be loaded."""
    right = plant_map(name, ranges)
    for kind, scope, what, wrong in _mistakes(right):
        values = tuple(sorted(wrong, key=lambda value: (value.function, value.address, value.bits or ())))
        if _loads(values):
            yield Try(f"{name} {'with' if ranges else 'without'} ranges, {what}", kind, scope, values)


def _mistakes(right: Sequence[Value]) -> Iterator[tuple[str, str, str, list[Value]]]:
    def changed(change: Callable[[Value], Value | None], indices: Sequence[int]) -> list[Value]:
        chosen = {*indices}
        return [(change(value) or value) if i in chosen else value for i, value in enumerate(right)]

    everything = range(len(right))
    for by in (1, -1):
        yield f"address {-by:+d}", "map", f"the whole map {by:+d}", changed(_shifted(by), everything)
        for run in _long(runs(right)):
            yield f"address {-by:+d}", "run", f"{run.name} {by:+d}", changed(_shifted(by), run.indices)
    if any(value.width > 1 for value in right):
        yield "words", "map", "words swapped", changed(lambda value: guesses.swapped(value, words=True), everything)
    yield "bytes", "map", "bytes swapped", changed(lambda value: guesses.swapped(value, bytes_=True), everything)
    yield "function", "map", "another function", changed(guesses.by_other_function, everything)
    yield (
        "printed",
        "map",
        "addresses as printed",
        changed(lambda v: replace(v, address=v.address + 30_001), everything),
    )
    for number, column in enumerate(columns(right)):
        power = POWERS[number % len(POWERS)]
        if _shows(right[column.indices[0]], power):
            yield f"scale {-power:+d}", "column", f"{column.name} e{power:+d}", changed(_scaled(power), column.indices)
    for number, run in enumerate(_long(runs(right))):
        power = POWERS[number % len(POWERS)]
        if sum(_shows(right[index], power) for index in run.indices) > 4:
            yield f"scale {-power:+d}", "run", f"{run.name} e{power:+d}", changed(_scaled(power), run.indices)


def _long(scopes: Sequence[Scope]) -> list[Scope]:
    return [scope for scope in scopes if len(scope.indices) > 2]


def _shifted(by: int) -> Callable[[Value], Value]:
    return lambda value: replace(value, address=value.address + by)


def _scaled(power: int) -> Callable[[Value], Value | None]:
    return lambda value: replace(value, scale=value.scale.scaleb(power)) if value.column_type == "float8" else None


def _shows(value: Value, power: int) -> bool:
    """True if a person could tell that the value's scale is wrong: by what its quantity can be, or by its like.

    A temperature of 2.4 instead of 24 degrees, a distortion of 0.2 instead of 2 percent is nothing unusual.
    """
    if re.search("gap|thd", value.column) or value.scale == 1:
        return False
    if value.unit == "degC" or "humidity" in value.column:
        return power > 0
    return value.unit in ("%", "V", "Hz")


def _is_kept(value: Value) -> bool:
    if value.table in ("pcs", "etc"):
        return True
    return all(number <= most for number, most in zip(value.ids, (1, 2, 2), strict=False))


def _bare(value: Value) -> Value:
    return replace(value, minimum=None, maximum=None, choices=())


def _ranged(value: Value) -> Value:
    if value.column_type.startswith("int"):
        return replace(value, minimum=Decimal(0), maximum=Decimal(15))
    for unit, name, low, high in RANGES:
        if value.unit == unit and re.search(name, value.column):
            return replace(value, minimum=Decimal(low), maximum=Decimal(high))
    return value


def _loads(values: Sequence[Value]) -> bool:
    """True if no two values read the same register, and none lies outside: other maps are refused when loaded."""
    keys = [key for value in values if value.bits is None for key in keys_of(value)]
    return len(keys) == len({*keys}) and all(0 <= address <= 0xFFFF for _, address in keys)


@cache
def _plant_registers(name: str, hour: int) -> Mapping[Key, int]:
    plant, registers = _plant(name), {}
    for function, data in plant.image(NOON_US + (hour - 12) * HOUR_US).items():
        size = 1 if function in BIT_FUNCTIONS else 2
        for address, readable in enumerate(plant.readable[function]):
            if readable:
                registers[function, address] = int.from_bytes(data[size * address : size * (address + 1)], "big")
    return registers


@cache
def _plant(name: str) -> Plant:
    return Plant(shipped_map(name), seed=1)
