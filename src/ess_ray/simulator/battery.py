"""Racks and cells of one simulated plant at one moment: alike, but no two the same, and every aggregate consistent.

Pure. Charging currents are positive. `Battery.show` fills the rack, bank and cell parts of the signals' array.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ess_ray.simulator.day import FULL_SWING, NIGHT_SOC, Floats, cell_voltage, generator
from ess_ray.simulator.names import QUANTITIES, STATES, STATISTICS, UNIT_SIGNALS
from ess_ray.simulator.topology import Topology

CELL_OHM_AH = 0.14  # resistance of a cell times the capacity of its rack
_NOISE = np.random.default_rng(0).normal(size=1 << 16)


def _each(cell_degc: float, module_degc: float, module_humidity: float) -> Floats:
    return np.reshape((cell_degc, module_degc, module_humidity), (3, 1, 1))


_PER_DEGC = _each(1.0, 1.0, -1.5)  # of room and rack; warmer air is drier


@dataclass(frozen=True, slots=True)
class Moment:
    """State of the plant as a whole at one second.

    `second` counts from 1970 UTC, `minute` from 1970 in local time. `c_rate` (fractions of the capacity an hour,
    charging positive) and `heat` are those of `day.Days.curves`.
    """

    second: int
    minute: int  # the same for all seconds of a minute
    days: float  # since commissioning
    soc: float  # 0-1
    c_rate: float
    heat: float  # this and the next change once a minute
    room_degc: float


def noise(time: int, salt: int, count: int) -> Floats:
    """`count` standard normal numbers that depend on `time` (in any unit) and `salt` only, shape (count,).

    A slice of a table, which costs nothing: not to be changed. Above 32768 numbers, the same at all times.
    """
    if 2 * count > len(_NOISE):
        return np.resize(_NOISE, count)
    start = (time * 7919 + salt * 104729) % (len(_NOISE) - count)
    return _NOISE[start : start + count]


SOC, SOH, VOLT, CURRENT, POWER = range(5)  # rows, in the order of names.UNIT_SIGNALS
_STATES = slice(POWER + 1, POWER + 1 + len(STATES))
_MAX, _MIN, _AVERAGE, _GAP = (
    slice(start, start + len(QUANTITIES)) for start in range(_STATES.stop, len(UNIT_SIGNALS), len(QUANTITIES))[:4]
)


class Battery:
    """The racks and cells of one plant: how they differ is drawn once from its seed."""

    def __init__(self, topology: Topology, seed: int) -> None:
        self._topology, self._seed = topology, seed
        random = generator(seed, 4)
        racks, modules, cells = len(topology.racks), topology.modules, topology.cells
        share = random.normal(1.0, 0.012, racks)
        self._amps = topology.capacity_ah * share / share.mean()  # at 1 C
        self._soc_swing = 1 + random.normal(0, 0.004, racks)
        self._soc_offset = random.normal(0, 0.002, racks)
        self._soh_pct = 99.2 - random.uniform(0, 1.2, racks)
        self._cell_soc = random.normal(0, 0.0012, (racks, cells))
        self._cell_ohm = random.normal(1, 0.05, (racks, cells)) * CELL_OHM_AH / topology.capacity_ah
        # (cell temperature, module temperature, module humidity) of each rack and module, and what heat adds to it.
        spread = _each(0.9, 0.7, 1.5) * random.normal(size=(3, racks, modules))
        rack_degc = random.normal(0, 0.8, (racks, 1))
        self._climate = _each(2.5, 1.0, 71.5) + spread + _PER_DEGC * rack_degc
        self._warming = _each(9.0, 2.5, -3.0) + 0.3 * spread

        self._minute = -1

    def show(self, moment: Moment, units: Floats, cells: Floats) -> None:
        """Set `units` (signal, racks and banks) and `cells` (rack, cell; V) as they are at `moment`.

        Both are views from `topology.split`; signals are in the order of `names.UNIT_SIGNALS`, racks before banks.
        The same two arrays must be given every time: temperatures and humidities are set once a minute.
        """
        racks = units[:, : len(cells)]
        soc = np.clip(NIGHT_SOC + (moment.soc - NIGHT_SOC) * self._soc_swing + self._soc_offset, 0, 1)
        amps = moment.c_rate * self._amps * (1 + 0.003 * noise(moment.second, self._seed, len(soc)))
        self._set_cells(moment, soc, amps, cells)
        racks[SOC], racks[CURRENT], racks[VOLT] = 100 * soc, amps, cells.sum(axis=1)
        racks[SOH] = self._soh_pct - 0.0008 * moment.days
        _set_statistics(racks, 0, cells[None], 3)
        if moment.minute != self._minute:
            _set_statistics(racks, 1, self._climate_at(moment), 1)
            self._minute = moment.minute
        self._aggregate(racks, units[:, len(cells) :])
        _set_power_and_states(units)

    def _set_cells(self, moment: Moment, soc: Floats, amps: Floats, cells: Floats) -> None:
        volt, slope = cell_voltage(soc)
        np.multiply(self._cell_soc, slope[:, None], out=cells)
        cells += volt[:, None]
        cells += self._cell_ohm * amps[:, None]
        cells += 0.0002 * noise(moment.second, self._seed + 1, cells.size).reshape(cells.shape)

    def _climate_at(self, moment: Moment) -> Floats:
        readings = self._climate + moment.heat * self._warming
        readings += _PER_DEGC * moment.room_degc
        readings += 0.05 * noise(moment.minute, self._seed + 2, readings.size).reshape(readings.shape)
        return np.asarray(readings)

    def _aggregate(self, racks: Floats, banks: Floats) -> None:
        starts, sizes = self._topology.bank_starts, self._topology.bank_sizes
        banks[CURRENT] = np.add.reduceat(racks[CURRENT], starts)
        for rows in (slice(SOC, VOLT + 1), _AVERAGE):
            banks[rows] = np.add.reduceat(racks[rows], starts, axis=1) / sizes
        banks[_MAX] = np.maximum.reduceat(racks[_MAX], starts, axis=1)
        banks[_MIN] = np.minimum.reduceat(racks[_MIN], starts, axis=1)
        banks[_GAP] = banks[_MAX] - banks[_MIN]


def _set_power_and_states(rows: Floats) -> None:
    """Power and the states (in the order of names.STATES) from soc, voltage and current."""
    rows[POWER] = rows[VOLT] * rows[CURRENT] / 1000
    charging, discharging = rows[CURRENT] > 0.3, rows[CURRENT] < -0.3
    standby = ~(charging | discharging)
    full, empty = rows[SOC] > 100 * (NIGHT_SOC + FULL_SWING) - 1, rows[SOC] < 100 * NIGHT_SOC + 1
    states = (charging, discharging, standby, full, empty & standby, standby & (rows[SOC] > 85))
    rows[_STATES] = states


def _set_statistics(racks: Floats, first: int, readings: Floats, decimals: int) -> None:
    """Set the statistics of `readings` (quantity from number `first` on, rack, sensor), rounded as a battery manager
    reports them: gap is exactly max - min, positions count from 1.
    """
    block = racks[_STATES.stop :].reshape(len(STATISTICS), len(QUANTITIES), -1)[:, first : first + len(readings)]
    readings.max(axis=2, out=block[0])
    readings.min(axis=2, out=block[1])
    np.divide(readings.sum(axis=2), readings.shape[2], out=block[2])
    block[:3].round(decimals, out=block[:3])
    np.subtract(block[0], block[1], out=block[3])
    block[4], block[5] = readings.argmax(axis=2) + 1, readings.argmin(axis=2) + 1
