"""Latencies of samples, counted in constant memory. Used by the account of a run."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from math import exp, log

import numpy as np


class Latency:
    """A distribution of latencies in logarithmic buckets, each 2 % wide: percentiles to 1 %, in constant memory."""

    _STEP = log(1.02)

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()

    def add(self, latencies_us: np.ndarray) -> None:
        """Count samples by their latencies, in microseconds; those below 1 count as 1."""
        buckets = np.rint(np.log(np.maximum(latencies_us, 1)) / self._STEP).astype(int)
        self._buckets.update(dict(zip(*map(np.ndarray.tolist, np.unique(buckets, return_counts=True)), strict=True)))

    def up_to(self, bounds_s: Sequence[float]) -> tuple[list[int], float]:
        """The number of samples up to each of the rising bounds (cumulative), and the sum of latencies, in seconds."""
        counts, sum_s = [0] * (len(bounds_s) + 1), 0.0
        for bucket, samples in self._buckets.items():
            seconds = exp(bucket * self._STEP) / 1e6
            counts[bisect_left(bounds_s, seconds)] += samples
            sum_s += seconds * samples
        return list(accumulate(counts[:-1])), sum_s

    @property
    def samples(self) -> int:
        """The number of samples counted."""
        return self._buckets.total()

    def percentile_ms(self, percent: float) -> float | None:
        """The latency in milliseconds that `percent` (0 to 100) of the samples do not exceed; None without samples."""
        left = self._buckets.total() * percent / 100
        for bucket in sorted(self._buckets):
            left -= self._buckets[bucket]
            if left <= 0:
                return round(exp(bucket * self._STEP) / 1000, 1)
        return None
