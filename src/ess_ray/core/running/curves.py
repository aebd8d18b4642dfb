"""The curves of a device on the page, made from the columns that its map delivers; nothing is known of single plants.

A curve has one point a bucket of time, which is no shorter than the period of its columns: the lowest and the highest
value in it, and the mean where there is one column. Two columns that differ in min and max only are one curve, the
range between them. Tables with one row a bank give a line for each row; of tables with more rows the range over all
rows is drawn. A bucket without a value is no point, and no line is drawn over it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ess_ray.core.errors import NotFound
from ess_ray.core.maps.column_types import NUMERIC_TYPES, Column
from ess_ray.core.maps.recorded_rates import recorded_columns
from ess_ray.core.maps.standard import Standard

WINDOWS_S = {"15m": 900, "1h": 3600, "6h": 21_600}
DRAWN_TYPES = (*NUMERIC_TYPES, "bool")  # true is 1
MOST_POINTS = 300  # of a line
MOST_CURVES = 12  # of one reply

# Shown first, by the names of the shipped standard: of each tuple the first column that is delivered; of a pair of
# columns (lowest and highest) the lower one.
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
CURVES_WITHOUT_FAVOURITES = 6  # shown first if the standard has none of them


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve: the columns `low` and `high` of a table, the same column twice unless they are lowest and highest."""

    table: str
    low: Column
    high: Column
    split_by: str | None  # identity column with a line for each value
    spread: bool  # many rows a tick: the range over them is drawn
    period_us: int = 0  # of its columns, if they are read less often than the device

    @property
    def name(self) -> str:
        """The name in requests: `rack.rack_soc`."""
        return f"{self.table}.{self.low.name}"

    @property
    def title(self) -> str:
        """The title above the curve: `Rack: state of charge, lowest to highest`."""
        meaning = self.low.meaning.partition(";")[0]
        if self.pair:
            meaning = meaning.replace("Lowest ", "").replace("lowest ", "") + ", lowest to highest"
        elif self.spread and self.table not in meaning.lower():
            meaning += ", lowest to highest"
        plain = meaning[1:2].islower()  # not DC power
        return f"{self.table.capitalize()}: {meaning[0].lower() + meaning[1:] if plain else meaning}"

    @property
    def pair(self) -> bool:
        """True if the range between two columns is drawn."""
        return self.low is not self.high


def curves_of(standard: Standard, delivers: Mapping[str, Sequence[str]], period_us: int = 0) -> dict[str, Curve]:
    """All curves of a device, by `Curve.name`, favourites first.

    `delivers`: names of its map's columns, by table, and what `core.maps.recorded_rates` keeps beside them.
    `period_us`: of the device.
    """
    curves = {curve.name: curve for curve in _curves(standard, delivers, period_us)}
    return {name: curves[name] for name in dict.fromkeys([*_favourites(curves), *curves])}


def chosen(curves: Mapping[str, Curve], names: Iterable[str]) -> list[Curve]:
    """The curves of these names, in their order. `curves`: of `curves_of`.

    Without names the favourites; if there are none either, the first CURVES_WITHOUT_FAVOURITES.
    Raises NotFound for an unknown name, or more than MOST_CURVES.
    """
    names = list(names)
    if not names:
        names = _favourites(curves) or list(curves)[:CURVES_WITHOUT_FAVOURITES]
    if unknown := [name for name in names if name not in curves]:
        raise NotFound(f"{unknown[0]!r} is no curve of this device")
    if len(names) > MOST_CURVES:
        raise NotFound(f"{len(names)} curves were requested, and at most {MOST_CURVES} are given at once")
    return [curves[name] for name in names]


def unit(column: Column) -> str:
    """The column's unit as people write it: °C for degC, all others as they are."""
    return {"degC": "°C"}.get(column.unit, column.unit)


def bucket_us(window_us: int, period_us: int) -> int:
    """The time of one point, in microseconds, rounded up to whole seconds.

    At most MOST_POINTS in the window, none shorter than the device's period.
    """
    least_us = max(window_us / MOST_POINTS, period_us)
    return -int(-least_us // 1_000_000) * 1_000_000


def _favourites(curves: Mapping[str, Curve]) -> list[str]:
    by_column = {curve.low.name: name for name, curve in curves.items()}
    names = (next((by_column[column] for column in columns if column in by_column), None) for columns in FAVOURITES)
    return [name for name in names if name]


def _curves(standard: Standard, delivers: Mapping[str, Sequence[str]], period_us: int) -> Iterator[Curve]:
    periods = recorded_columns(delivers)
    for table in standard.tables.values():
        delivered = [column for name, column in table.columns.items() if name in delivers.get(table.name, ())]
        columns = {column.name: column for column in delivered if column.type in DRAWN_TYPES}
        split_by = table.identity[0] if len(table.identity) == 1 else None
        partners = {high: low for low in columns if (high := _partner(low)) in columns}
        for name, column in columns.items():
            if name not in partners:
                highest = columns.get(_partner(name), column)
                own_us = max(periods.get((table.name, each.name), 0) for each in (column, highest))
                slower_us = own_us if own_us > period_us else 0
                yield Curve(table.name, column, highest, split_by, len(table.identity) > 1, slower_us)


def _partner(low: str) -> str:
    """The column of the highest to that of the lowest: `rack_max_cell_voltage` of `rack_min_cell_voltage`; or ""."""
    words = low.split("_")
    return "_".join("max" if word == "min" else word for word in words) if "min" in words else ""
