"""Several rates in one map: blocks and runs that are read less often than the map, at ticks of their own.

A value with a period is due at the ticks that are whole multiples of it since 1970 UTC, whoever polls and whenever that
began: poller, decoder and report tell from a tick alone what belongs to it. A row is due when any of its values is;
at other ticks it is not written. Periods are microseconds, 0 is that of the device: each tick.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from ess_ray.core.errors import MapError
from ess_ray.core.maps.mapcheck import cell_location, label, location
from ess_ray.core.maps.registers import Value
from ess_ray.core.maps.standard import Standard

Row = tuple[str, tuple[int, ...]]  # table and identity
RowPeriods = Mapping[Row, int]  # of rows that are not due at each tick


def is_due(period_us: int, tick_us: int) -> bool:
    """True if what has this period belongs to the tick."""
    return not period_us or tick_us % period_us == 0


def by_period(values: Iterable[Value]) -> list[tuple[int, list[Value]]]:
    """The values of each period, those of each tick first, then the fastest; in the order that they come in."""
    ordered = sorted(values, key=lambda value: value.period_us)
    return [(period_us, list(of_period)) for period_us, of_period in groupby(ordered, lambda value: value.period_us)]


def row_periods(values: Iterable[Value]) -> RowPeriods:
    """The periods of the rows that are not due at each tick: of each the shortest of its values."""
    periods: dict[Row, int] = {}
    for value in values:
        row = value.table, value.ids
        periods[row] = min(value.period_us, periods.get(row, value.period_us))
    return {row: period_us for row, period_us in periods.items() if period_us}


def seconds(period_us: int) -> str:
    """A period as people write it: "60 s"."""
    return f"{period_us / 1e6:.10g} s"


def check_rates(name: str, values: Sequence[Value], standard: Standard) -> None:
    """Raises MapError unless something of the map `name` is due at each tick, and each row in one rhythm.

    In a row periods have to be multiples of the shortest: then it is due exactly when its most frequent values are.
    """
    shortest = min(values, key=lambda value: value.period_us)
    if shortest.period_us:
        problem = (
            f"no value is read every period_s of the map, the most frequent ones every {seconds(shortest.period_us)}: "
            f"give the map period_s: {shortest.period_us / 1e6:.10g}"
        )
        raise MapError(location(name), problem)
    periods = row_periods(values)
    for value in values if periods else ():
        row_us = periods.get((value.table, value.ids))
        if row_us and value.period_us % row_us:
            problem = (
                f"{label(value, standard)} is read every {seconds(value.period_us)}, other values of its row every "
                f"{seconds(row_us)}: in a row period_s has to be a multiple of the shortest"
            )
            raise MapError(cell_location(name, value), problem)
