"""What decoding is compared with: plain numpy, and one value at a time. Both give values, not rows ready to store."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.material import Layout
from ess_ray.core.decoding.rules import shared_part
from ess_ray.core.maps.plan import locate
from ess_ray.core.maps.registers import Value
from ess_ray.core.samples import Sample


@dataclass(frozen=True)
class Kind:
    """Values that differ only in their place: of 16 bits or 32."""

    like: Value
    places: np.ndarray  # of the high word, in words of the image
    low_places: np.ndarray  # of the low word


class NumpyFloor:
    """For each kind of value one gather, one scaling and one comparison with its range: less cannot be done."""

    def __init__(self, of: Layout) -> None:
        kinds: dict[Value, list[Value]] = {}
        for value in of.map.values:
            kinds.setdefault(shared_part(value), []).append(value)
        self._kinds = []
        for shared, values in kinds.items():
            first = np.array([locate(of.plan, value) // 2 for value in values])
            high, low = (first + 1, first) if shared.order == "CDAB" else (first, first + 1)
            self._kinds.append(Kind(shared, high if shared.width == 2 else first, low))

    def decode(self, samples: Sequence[Sample]) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """(values, out of range) of each kind, (S, values)."""
        images = np.frombuffer(b"".join(sample.image for sample in samples), ">u2").reshape(len(samples), -1)
        words = images.astype(np.uint16)
        pairs = [_decode(words, kind) for kind in self._kinds]
        return [values for values, _ in pairs], [outside for _, outside in pairs]


def _decode(words: np.ndarray, kind: Kind) -> tuple[np.ndarray, np.ndarray]:
    like = kind.like
    raw = words.take(kind.places, axis=1)
    if like.width == 2:
        raw = raw.astype(np.uint32) << 16 | words.take(kind.low_places, axis=1)
    raw = raw.view(like.raw_type)
    if like.invert == "swap01":
        raw = np.where(raw <= 1, 1 - raw, raw)
    elif like.invert == "nonzero":
        raw = (raw == 0).astype(raw.dtype)
    values = raw
    if like.column_type == "float8":
        values = raw / float(1 / like.scale) if like.scale != 1 else raw.astype(np.float64)
    outside = np.zeros(values.shape, bool)
    if like.minimum is not None:
        outside |= values < float(like.minimum)
    if like.maximum is not None:
        outside |= values > float(like.maximum)
    return values, outside


class LoopFloor:
    """Value for value, as a script would."""

    def __init__(self, of: Layout) -> None:
        self._table = [(name_of(value), locate(of.plan, value) // 2, value) for value in of.map.values]

    def decode(self, images: Iterable[bytes]) -> tuple[list[dict[str, float]], int]:
        """(values of each image by name, how many are out of range)."""
        decoded, outside = [], 0
        for image in images:
            words = struct.unpack(f">{len(image) // 2}H", image)
            row = {}
            for name, place, value in self._table:
                raw = words[place]
                if value.width == 2:
                    other = words[place + 1]
                    raw = other << 16 | raw if value.order == "CDAB" else raw << 16 | other
                bits = 16 * value.width
                if value.raw_type.startswith("i") and raw >> (bits - 1):
                    raw -= 1 << bits
                if value.invert == "swap01" and raw in (0, 1):
                    raw = 1 - raw
                elif value.invert == "nonzero":
                    raw = int(raw == 0)
                number = raw if value.scale == 1 else float(raw * value.scale)
                if (value.minimum is not None and number < value.minimum) or (
                    value.maximum is not None and number > value.maximum
                ):
                    outside += 1
                row[name] = number
            decoded.append(row)
        return decoded, outside


def name_of(value: Value) -> str:
    """Unique within a map."""
    return f"{value.table}.{value.column}.{value.ids}.{value.element}"
