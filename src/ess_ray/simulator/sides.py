"""The registers beside values, as a simulated device fills them: exponents, factors, divisors, signs.

Used by `Encoder`. Exponents, factors and divisors stand still; a sign is that of the value. What a map reads of these
registers as values of their own is what stands in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from ess_ray.core.maps.registers import Side, Value
from ess_ray.simulator.day import Floats

EXPONENT = Decimal(-1)  # of every register that holds one
# What a value is multiplied, or divided, by for what stands beside it.
NUMBERS = {"exponent": 10**EXPONENT, "factor": Decimal(2), "divisor": Decimal(4)}

Key = tuple[int, int, tuple[int, int] | None]


class SideRegisters:
    """The registers beside the values of one map.

    `values`: what each of them reads, once, by function, address and bits.
    """

    def __init__(self, values: Sequence[Value]) -> None:
        sides = {_key(side.value): (owner, side) for owner, value in enumerate(values) for side in value.sides}
        self.values = [side.value for _, side in sides.values()]
        self._whole = {key for value in self.values if value.bits is None for key in value.keys}
        self._bits = {_key(value) for value in self.values if value.bits is not None}
        self._numbers: Floats = np.array([_number(side) for _, side in sides.values()])
        signs = [(number, owner, side) for number, (owner, side) in enumerate(sides.values()) if side.role == "sign"]
        self._signs = np.array([number for number, _, _ in signs], np.intp)
        self._owners = np.array([owner for _, owner, _ in signs], np.intp)
        self._negative: Floats = np.array([float(side.negative[0]) for _, _, side in signs])
        self._unsigned = np.array([i for i, value in enumerate(values) if has_sign(value)], np.intp)

    def hold(self, value: Value) -> bool:
        """True for a value, not one of `values`, whose registers are among them, in part at least."""
        if any(value is own for own in self.values):
            return False
        return _key(value) in self._bits or any(key in self._whole for key in value.keys[: value.width])

    def add_to(self, raw: Floats) -> Floats:
        """The raw numbers of the map's values, less signs that stand elsewhere, and behind them those of `values`."""
        numbers = self._numbers.copy()
        numbers[self._signs] = np.where(raw[self._owners] < 0, self._negative, numbers[self._signs])
        raw[self._unsigned] = np.abs(raw[self._unsigned])
        return np.concatenate([raw, numbers])


def scale_of(value: Value) -> Decimal:
    """What the raw number of a value is multiplied by, with what stands beside it."""
    scale = value.scale
    for side in value.sides:
        number = NUMBERS.get(side.role, Decimal(1))
        scale = scale / number if side.role == "divisor" else scale * number
    return scale


def _key(value: Value) -> Key:
    return value.function, value.address, value.bits


def has_sign(value: Value) -> bool:
    """True if the sign of a value stands in another register."""
    return any(side.role == "sign" for side in value.sides)


def _number(side: Side) -> float:
    """What stands in the register; of a sign, while its value is positive."""
    if side.role == "sign":
        return float(next(number for number in range(len(side.negative) + 1) if number not in side.negative))
    return float(EXPONENT if side.role == "exponent" else NUMBERS[side.role])
