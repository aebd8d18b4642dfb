"""Which curves of a device are drawn, and how finely: from the columns that its map delivers, never plant by plant.

A curve has one point a bucket of time: the lowest and the highest value in it, and the mean where there is one column.
Two columns that differ in min and max only are one curve, the range between them. Tables with one row a bank give a
line for each; of finer ones the range over all rows is drawn. A bucket without a value is no point: nothing is
connected over a gap by whoever draws this.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ess_ray.core.errors import NotFound
from ess_ray.core.maps.column_types import NUMERIC_TYPES, Column
from ess_ray.core.maps.standard import Standard

WINDOWS_S = {"15m": 900, "1h": 3600, "6h": 21_600}
MOST_POINTS = 300  # of a line
MOST_CURVES = 12  # of an answer

# What an operator looks at first, as the shipped standard names it: of each line the first that is delivered, of a pair
# the lower column.
FAVOURITES = (
    ("bank_soc",),
    ("bank_power",),
    ("bank_dc_volt",),
    ("bank_dc_current",),
    ("rack_soc",),
    ("rack_min_cell_voltage", "min_cell_voltage_of_bank"),
    ("rack_min_cell_temperature", "min_cell_temperature_of_bank", "min_module_temperature"),
    ("ac_active_power", "ac_power"),
    ("active_power_total", "inv1_active_power"),
)
OTHERWISE = 6  # curves of a standard that has none of them


@dataclass(frozen=True, slots=True)
class Curve:
    """One drawing: the columns `low` and `high` of a table, the same one twice unless they are a pair."""

    table: str
    low: Column
    high: Column
    split_by: str | None  # identity column with a line for each value
    spread: bool  # many rows a tick: the range over them is drawn

    @property
    def name(self) -> str:
        """How it is asked for."""
        return f"{self.table}.{self.low.name}"

    @property
    def title(self) -> str:
        """For a person."""
        meaning = self.low.meaning.partition(";")[0]
        if self.pair:
            meaning = meaning.replace("Lowest ", "").replace("lowest ", "") + ", lowest to highest"
        elif self.spread and self.table not in meaning.lower():
            meaning += ", lowest to highest"
        plain = meaning[1:2].islower()  # not DC power
        return f"{self.table.capitalize()}: {meaning[0].lower() + meaning[1:] if plain else meaning}"

    @property
    def pair(self) -> bool:
        """Whether it is the range between two columns."""
        return self.low is not self.high


def curves_of(standard: Standard, delivers: Mapping[str, Collection[str]]) -> dict[str, Curve]:
    """Every curve of a device, by name, those that are looked at first in front."""
    found = {curve.name: curve for curve in _curves(standard, delivers)}
    return {name: found[name] for name in dict.fromkeys([*_favourites(found), *found])}


def chosen(curves: Mapping[str, Curve], names: Iterable[str]) -> list[Curve]:
    """Those named, or those to begin with. Raises NotFound."""
    names = list(names)
    if not names:
        names = _favourites(curves) or list(curves)[:OTHERWISE]
    if unknown := [name for name in names if name not in curves]:
        raise NotFound(f"{unknown[0]!r} is no curve of this device")
    if len(names) > MOST_CURVES:
        raise NotFound(f"{len(names)} curves are more than {MOST_CURVES}")
    return [curves[name] for name in names]


def unit(column: Column) -> str:
    """As it is written for a person."""
    return {"degC": "°C"}.get(column.unit, column.unit)


def bucket_us(window_us: int, period_us: int) -> int:
    """Whole seconds for one point, so that there are at most MOST_POINTS; no shorter than the device's period."""
    least_us = max(window_us / MOST_POINTS, period_us)
    return -int(-least_us // 1_000_000) * 1_000_000


def _favourites(curves: Mapping[str, Curve]) -> list[str]:
    by_column = {curve.low.name: name for name, curve in curves.items()}
    found = (next((by_column[one] for one in line if one in by_column), None) for line in FAVOURITES)
    return [name for name in found if name]


def _curves(standard: Standard, delivers: Mapping[str, Collection[str]]) -> Iterator[Curve]:
    for table in standard.tables.values():
        there = [one for name, one in table.columns.items() if name in delivers.get(table.name, ())]
        columns = {one.name: one for one in there if one.type in NUMERIC_TYPES}
        split_by = table.identity[0] if len(table.identity) == 1 else None
        partners = {high: low for low in columns if (high := _partner(low)) in columns}
        for name, column in columns.items():
            if name not in partners:
                yield Curve(table.name, column, columns.get(_partner(name), column), split_by, len(table.identity) > 1)


def _partner(low: str) -> str:
    """`rack_max_cell_voltage` of `rack_min_cell_voltage`; nothing for others."""
    words = low.split("_")
    return "_".join("max" if word == "min" else word for word in words) if "min" in words else ""
