"""A day of a solar battery: charged by the sun from 9 to 16 h, discharged in the evening, at rest in the night.

Pure functions of a seed, used by `Plant`. Everything is per unit: charge as a fraction of the battery's capacity,
current as C-rate (fractions an hour, charging positive). A year of weather is drawn once, so that what was charged up
to any moment is a sum that needs no history.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MINUTES = 1440
NIGHT_SOC = 0.06  # where every day starts and ends
FULL_SWING = 0.86
PEAK_C_RATE = 0.27  # no day goes above it
HEAT_LAG_MIN = 100.0
_YEAR_DAYS = 365
_HOURS = np.arange(MINUTES + 1) / 60.0

# Rows of `Days.curves`.
C_RATE, CHARGED, DISCHARGED, SUN, SUN_HOURS, HEAT = range(6)

# Open-circuit voltage of an NMC cell, as a plant's day shows it at small currents.
_SOC_POINTS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_OCV_POINTS_V = (3.28, 3.385, 3.445, 3.515, 3.56, 3.60, 3.65, 3.735, 3.835, 3.93, 4.04, 4.17)
_SOC_GRID = np.linspace(0.0, 1.0, 401)
_OCV_V = np.convolve(np.pad(np.interp(_SOC_GRID, _SOC_POINTS, _OCV_POINTS_V), 12, "edge"), np.full(25, 0.04), "valid")
_OCV_SLOPE_V = np.gradient(_OCV_V, _SOC_GRID)
_OCV_SUM_VH = np.concatenate(([0.0], np.cumsum((_OCV_V[1:] + _OCV_V[:-1]) / 2 * np.diff(_SOC_GRID))))


def cell_voltage(soc: Floats) -> tuple[Floats, Floats]:
    """Open-circuit voltage in V at `soc` (0-1), and its slope in V for the whole capacity."""
    return np.interp(soc, _SOC_GRID, _OCV_V), np.interp(soc, _SOC_GRID, _OCV_SLOPE_V)


def charge_work(soc: Floats) -> Floats:
    """Work to charge one empty cell to `soc` (0-1), in Wh for each Ah of its capacity."""
    return np.interp(soc, _SOC_GRID, _OCV_SUM_VH)


def generator(seed: int, *salts: int) -> np.random.Generator:
    """A new generator whose random numbers depend on nothing but the arguments, of which the lowest 32 bits count."""
    return np.random.default_rng([number & 0xFFFFFFFF for number in (seed, *salts)])


class Days:
    """The days of one plant. A day is counted from 1970-01-01 in local time."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        random = generator(seed, 1)
        clear = random.random(_YEAR_DAYS) < 0.65
        self._weather = np.where(clear, random.uniform(0.85, 1.0, _YEAR_DAYS), random.uniform(0.25, 0.85, _YEAR_DAYS))
        work = charge_work(NIGHT_SOC + self._swings()) - charge_work(np.array(NIGHT_SOC))
        self._work = np.concatenate(([0.0], np.cumsum(work)))

    def work_before(self, day: int, since: int) -> float:
        """Work that the days in [since, day) charged (and discharged), in Wh for each Ah of a cell.

        Negative if `day` is before `since`.
        """
        return self._work_up_to(day) - self._work_up_to(since)

    def curves(self, day: int) -> Floats:
        """One row a curve (C_RATE … HEAT), one column a minute from 0:00 to 24:00 inclusive: shape (6, 1441).

        CHARGED and DISCHARGED are sums since midnight, as fractions of the capacity.
        SUN is the share of a clear noon's light, SUN_HOURS its sum since midnight, HEAT follows the square of the
        current with a lag; 1 would be reached at 0.2 C for ever.
        """
        today = self._motion(day)
        losses = (np.concatenate((self._motion(day - 1)[C_RATE, :-1], today[C_RATE])) / 0.2) ** 2
        decay = np.exp(np.arange(len(losses)) / HEAT_LAG_MIN)
        heat = np.cumsum(losses * decay) / decay / HEAT_LAG_MIN
        return np.vstack((today, heat[MINUTES:]))

    def _swings(self) -> Floats:
        return FULL_SWING * np.clip(1.2 * self._weather, 0.2, 1.0)

    def _work_up_to(self, day: int) -> float:
        years, day_of_year = divmod(day, _YEAR_DAYS)
        return float(years * self._work[-1] + self._work[day_of_year])

    def _motion(self, day: int) -> Floats:
        random = generator(self._seed, 2, day)
        weather = float(self._weather[day % _YEAR_DAYS])
        swing = float(self._swings()[day % _YEAR_DAYS])
        sun = _sun(weather, random)
        charged = swing * _charging(sun, surplus=1.4 * weather)
        discharged = swing * _discharging(random)
        c_rate = np.gradient(charged - discharged, 1 / 60)
        c_rate[np.abs(c_rate) < 0.002] = 0.0
        return np.vstack((c_rate, charged, discharged, sun, np.cumsum(sun) / 60))


def _sun(weather: float, random: np.random.Generator) -> Floats:
    height = np.clip(np.sin(np.pi * (_HOURS - 6) / 13), 0, None) * (_HOURS < 19)
    clouds = np.convolve(random.normal(size=MINUTES + 15), np.full(15, 1 / 15), "valid")
    passing = 1 + (0.05 + 1.6 * (1 - weather)) * np.minimum(clouds, 0.1)
    return np.asarray(height**1.3 * weather * np.clip(passing, 0.08, 1.0))


def _charging(sun: Floats, surplus: float) -> Floats:
    """Share of the day's charge taken so far; where there is more sun than room, the current fades out near the end."""
    ramp = np.clip(12 * (_HOURS - 9), 0, 1) * np.clip(12 * (16 - _HOURS), 0, 1)
    offered = surplus * _share(sun * ramp)
    taken = -np.logaddexp(-16 * offered, -16.0)  # a smooth min(offered, 1)
    return np.asarray((taken - taken[0]) / (taken[-1] - taken[0]))


def _discharging(random: np.random.Generator) -> Floats:
    levels = np.linspace(0.65, 1.0, 10) + random.uniform(-0.06, 0.06, 10)  # one each half hour from 17:30
    steps = np.zeros(MINUTES + 1)
    steps[1050:1350] = np.repeat(levels, 30) * (1 + 0.01 * random.normal(size=300))
    return _share(np.convolve(steps, np.full(5, 0.2), "same"))


def _share(rate: Floats) -> Floats:
    total = np.cumsum(rate)
    return np.asarray(total / total[-1])
