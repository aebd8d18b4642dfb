"""What the factors and ranges of a register table mean: by ranges, units and headings, or asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from ess_ray.core.importing.choices import Choices
from ess_ray.core.importing.decisions import SHOWN, Decisions
from ess_ray.core.importing.headings import plain_heading
from ess_ray.core.importing.notations import read_type
from ess_ray.core.importing.quantities import decimal, read_range, read_scale, read_unit
from ess_ray.core.importing.rows import TableRow
from ess_ray.core.maps.numbering import LAST_ADDRESS
from ess_ray.core.maps.raw_types import TYPES, raw_limits

# A step of ten of these is no measurement; a step of 10 W or 10 Wh is.
FINE_UNITS = {"Hz", "degC", "%", "V", "A", "mV", "degF", "deg", "pf", "Degrees", "Decimal degrees"}


def decide_scale(decisions: Decisions, rows: Sequence[TableRow], choices: Choices) -> None:
    """Whether the factors of the file divide or multiply: the same for all that do not say it themselves."""
    cells = ((row, read_scale(row.cell("scale"))) for row in rows if read_unit(row.cell("unit")).step is None)
    open_ = [(row, cell.factor) for row, cell in cells if cell and cell.divides is None and abs(cell.factor) != 1]
    above = [(row, factor) for row, factor in open_ if abs(factor) > 1]
    if not open_:
        return
    evident, why = (choices.scale, "as said") if choices.scale else _divides(open_)
    if not evident and not above:
        return  # 0.1 multiplies, where nothing speaks against it
    if not evident:
        row, factor = above[0]
        unit = read_unit(row.cell("unit")).unit
        why = f"{row.title} ({row.where}): with {factor:f}, is 500 {500 / factor:f} or {500 * factor:f} {unit}?{why}"
    decisions.divides = decisions.settle("scale", ("divide", "multiply"), evident, why) == "divide"


def _divides(factors: Sequence[tuple[TableRow, Decimal]]) -> tuple[str, str]:
    """The word, and why; an empty word if nothing speaks or rows contradict each other."""
    heading = factors[0][0].table.heading_of("scale")
    if re.search(r"divi", plain_heading(heading)):
        return "divide", f"the column is called {heading!r}"
    if re.search(r"resolution|accuracy|step|분해능|分辨率|精度|auflösung", plain_heading(heading)):
        return "multiply", f"the column is called {heading!r}"
    votes: dict[str, list[str]] = {"divide": [], "multiply": []}
    for row, factor in factors:
        smaller = _makes_smaller(row, factor)
        if smaller is not None:
            votes["divide" if smaller == (abs(factor) > 1) else "multiply"].append(row.where)
    if not any(votes.values()) and (below := [row.where for row, factor in factors if abs(factor) < 1]):
        votes["multiply"] = below
    dividing, multiplying = votes["divide"], votes["multiply"]
    if dividing and multiplying:
        return "", f" Rows speak for both: {dividing[0]} divides, {multiplying[0]} multiplies"
    speaking = dividing or multiplying
    if not speaking:
        return "", ""
    places = ", ".join(speaking[:SHOWN])
    return "divide" if dividing else "multiply", f"by ranges, units and factors of {len(speaking)} rows: {places}"


def _makes_smaller(row: TableRow, factor: Decimal) -> bool | None:
    """Whether the value is smaller than the raw number, by the row's range, else its unit; None if nothing says it."""
    bounds, limits = bounds_of(row), _raw_limits(row)
    if bounds and any(bound != bound.to_integral_value() for bound in bounds):
        return True
    if bounds and limits and bounds[1] > limits[1] + 1:
        return False
    fine = read_unit(row.cell("unit")).unit in FINE_UNITS and (abs(factor) >= 10 or abs(factor) <= Decimal("0.1"))
    return True if fine else None


def _raw_limits(row: TableRow) -> tuple[int, int] | None:
    """The least and greatest raw number of the row's type, None for a type that does not say."""
    type_ = read_type(row.cell("type"), row.printed.width if row.printed.width > 1 else 0)
    return raw_limits(type_.type, None) if type_ and type_.type in TYPES else None


def bounds_of(row: TableRow) -> tuple[Decimal, Decimal] | None:
    """The range that the row names, as it is written; None for none, or for one of nothing (0 to 0)."""
    if span := read_range(row.cell("range")):
        return span.low, span.high
    low, high = decimal(row.cell("minimum")), decimal(row.cell("maximum"))
    return (low, high) if low is not None and high is not None and low < high else None


def what_ranges_are_of(rows: Sequence[TableRow], divides: bool) -> str:
    """Whether ranges are of values or of raw numbers, where a factor makes a difference; empty: nobody knows."""
    votes = set()
    for row in rows:
        scale, bounds = read_scale(row.cell("scale")), bounds_of(row)
        unit = read_unit(row.cell("unit"))
        factor = unit.step or (scale.factor if scale else None)
        if bounds is None or factor is None or factor == 1:
            continue
        step = 1 / factor if divides and unit.step is None else factor
        if any(bound != bound.to_integral_value() for bound in bounds):
            votes.add("values")
        elif (bounds[1] > LAST_ADDRESS * step and step < 1) or (
            unit.unit == "%" and bounds[1] * step in (Decimal(100), Decimal(110), Decimal(120))
        ):
            votes.add("raw")
        elif unit.unit == "%" and bounds[1] == 100:
            votes.add("values")
    return votes.pop() if len(votes) == 1 else ""
