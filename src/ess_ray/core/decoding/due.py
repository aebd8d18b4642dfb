"""What is due at the ticks of samples (`core.maps.rates`), as arrays: for `core.decoding.normalise`.

Values that are not due are not decoded: what a rule made of some samples is spread over all of them, NULL in between.
"""

from __future__ import annotations

import numpy as np

from ess_ray.core.decoding.decoded import Decoded
from ess_ray.core.decoding.pgcopy import ColumnValues


def are_due(periods_us: np.ndarray | int, ticks_us: np.ndarray) -> np.ndarray:
    """True where a tick belongs to a period, as `core.maps.rates.is_due` says; shapes go together as numpy's do."""
    due: np.ndarray = np.equal(ticks_us % np.maximum(periods_us, 1), 0)  # 0, each tick, as each microsecond
    return due


def spread(decoded: Decoded, due: np.ndarray | slice, samples: int) -> Decoded:
    """What was decoded of the samples `due`, (due, cells), among all the `samples`: NULL for the others."""

    def put(part: np.ndarray, elsewhere: bool) -> np.ndarray:
        every = np.full((samples, part.shape[1]), elsewhere, part.dtype)
        every[due] = part
        return every

    null = np.zeros(decoded.values.shape, bool) if decoded.null is None else decoded.null
    outside = None if decoded.outside is None else put(decoded.outside, elsewhere=False)
    return Decoded(put(decoded.values, elsewhere=False), put(null, elsewhere=True), outside)


def chosen_rows(column: ColumnValues, chosen: np.ndarray) -> ColumnValues:
    """The rows of a column that are `chosen`, a bool each."""
    values, null, sizes = column
    return ColumnValues(
        values[chosen], None if null is None else null[chosen], None if sizes is None else sizes[chosen]
    )
