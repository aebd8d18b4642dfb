"""Computed columns as readings: what would be stored of them, computed as it would be stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ess_ray.core.checking.expected import why_doubtful
from ess_ray.core.checking.reading import Reading
from ess_ray.core.checking.suspect import Doubt
from ess_ray.core.decoding.computed import compute
from ess_ray.core.decoding.pgcopy import ColumnValues
from ess_ray.core.maps.column_types import value_type
from ess_ray.core.maps.registers import COMPUTED, Computed, Value


def compute_readings(computed: Iterable[Computed], readings: Iterable[Reading]) -> list[Reading]:
    """A reading for each computed column of a map, in their order.

    `readings`: those of the map's values. One counts as read if all that it is computed from was. Its `Reading.value`
    has the raw type COMPUTED and no registers.
    """
    known = {(each.value.table, each.value.ids, each.value.column): each for each in readings}
    made = []
    for each in computed:
        operands = {name: known.get((each.table, each.ids, name)) for name in each.expression.columns}
        reading = _reading(each, {name: operand for name, operand in operands.items() if operand and operand.read})
        known[each.table, each.ids, each.column] = reading
        made.append(reading)
    return made


def computed_doubts(readings: Sequence[Reading]) -> list[Doubt]:
    """The doubtful ones among `compute_readings`: there is nothing to guess, what they are computed from says it."""
    return [Doubt(reading, why, ()) for reading in readings if reading.read and (why := why_doubtful(reading))]


def _reading(computed: Computed, operands: dict[str, Reading]) -> Reading:
    value = Value(
        computed.table, computed.column, None, computed.ids, 0, 0, 0, COMPUTED, minimum=computed.minimum,
        maximum=computed.maximum, column_type=computed.column_type, unit=computed.unit, note=computed.note,
        line=computed.line,
    )  # fmt: skip
    if len(operands) < len(computed.expression.columns):
        return Reading(value, False, b"", None, False)
    columns = {
        name: ColumnValues(
            np.array([operand.number or 0], value_type(operand.value.column_type).dtype),
            np.array([operand.number is None]),
        )
        for name, operand in operands.items()
    }
    decoded = compute(computed, columns, {})
    return Reading(value, True, b"", decoded.value(0), decoded.outside is not None)
