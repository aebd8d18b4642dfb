"""What a decoding rule gives, and what it is called with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np


class Decoded(NamedTuple):
    """Values, as many as raw numbers: 1-d, of the dtype of the column's type, texts as UTF-8.

    `null`: true where there is no value (what `values` holds there means nothing); `outside`: true where it is out of
    range. None: nowhere.
    """

    values: np.ndarray
    null: np.ndarray | None
    outside: np.ndarray | None

    def reshaped(self, shape: tuple[int, ...]) -> Decoded:
        """The same values in another shape."""
        null, outside = self.null, self.outside
        return Decoded(
            self.values.reshape(shape),
            None if null is None else null.reshape(shape),
            None if outside is None else outside.reshape(shape),
        )

    def value(self, index: int) -> float | bool | str | None:
        """One of them as Python's; None for NULL."""
        if self.null is not None and self.null[index]:
            return None
        value: float | bool | bytes = self.values[index].item()
        return value.decode() if isinstance(value, bytes) else value


# From raw numbers (1-d, `raw_dtype`), a bool for each that is true where there is none (None: all are there), and the
# raw numbers of each side, as many.
Decode = Callable[[np.ndarray, np.ndarray | None, Sequence[np.ndarray]], Decoded]
