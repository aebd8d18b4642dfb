"""The plant that a register map implies, and which of its signals each value shows.

Made once a map, and shared by all plants that have this map.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ess_ray.core.maps.registers import RegisterMap, Value
from ess_ray.simulator.alarms import alarms
from ess_ray.simulator.day import PEAK_C_RATE, Floats
from ess_ray.simulator.encode import Encoder
from ess_ray.simulator.names import PLANT_SIGNALS, SCOPES, UNIT_SIGNALS, cell_number, resting_value, signal_of
from ess_ray.simulator.sides import scale_of

Indexes = NDArray[np.intp]

CAPACITY_AH = 226.0  # of a rack, at most
AC_VOLT = 380.0
SWING = 3.0  # raw units by which a column of the user's own moves, so that a person sees that it is read


class Topology:
    """The banks, racks, modules and cells of the plant that a map implies, and for each value its signal's index.

    All signals of a moment lie in one array: the plant's, then one row a unit signal with a column for each rack and,
    behind them, for each bank, then all cells.

    `racks` are (bank, rack), sorted, `bank_starts` each bank's first index in them; `modules` are those of one rack.
    `measured` are indexes of values that show a signal, `source` the index of each one's signal in the array;
    `resting` has the stored number of each other value, 0 for `unmodelled`: indexes of measurements without a signal.
    """

    def __init__(self, register_map: RegisterMap) -> None:
        self.values = register_map.values
        self.readable = _readable(register_map)
        self.encoder = Encoder(self.values, {function: len(mask) for function, mask in self.readable.items()})
        self.alarms = alarms(self.values)
        self._count_units()
        self._index_signals()
        resting = [resting_value(value) for value in self.values]
        self.resting: Floats = np.array([0.0 if number is None else number for number in resting])
        # Measurements that no signal of the simulated plant stands for: they get a quiet constant.
        measured = set(self.measured.tolist())
        self.unmodelled: Indexes = np.array(
            [i for i, number in enumerate(resting) if number is None and i not in measured], dtype=np.intp
        )
        self.unmodelled_step: Floats = np.array([float(abs(scale_of(self.values[i]))) for i in self.unmodelled])
        own = {(table.name, column) for table in register_map.own.values() for column in table.columns}
        is_own = [(self.values[i].table, self.values[i].column) in own for i in self.unmodelled]
        self.unmodelled_swing: Floats = np.where(is_own, SWING * self.unmodelled_step, 0.0)
        self.capacity_ah = CAPACITY_AH * self._rating()

    def _count_units(self) -> None:
        battery = [value for value in self.values if value.table in SCOPES]
        self.racks = sorted({value.ids[:2] for value in battery if len(value.ids) >= 2})
        banks = {value.ids[0] for value in battery if value.ids} - {rack[0] for rack in self.racks}
        self.racks = sorted([*self.racks, *((bank, 1) for bank in banks or (() if self.racks else (1,)))])
        self.banks = sorted({rack[0] for rack in self.racks})
        bank_of = [rack[0] for rack in self.racks]
        self.bank_starts = np.array([bank_of.index(bank) for bank in self.banks], dtype=np.intp)
        self.bank_sizes = np.array([bank_of.count(bank) for bank in self.banks], dtype=np.float64)
        modules = [value.ids[2] for value in battery if len(value.ids) == 3]
        modules += [value.element or 0 for value in self.values if value.column == "rack_module_faults"]
        self.modules = max(modules, default=20)
        self.cells_per_module = max((cell_number(value) or 0 for value in self.values), default=0) or 12

    @property
    def cells(self) -> int:
        """Cells in series in one rack."""
        return self.modules * self.cells_per_module

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Lengths of the three parts of the signals' array: plant, units (racks and banks), cells."""
        units = len(self.racks) + len(self.banks)
        return len(PLANT_SIGNALS), len(UNIT_SIGNALS) * units, len(self.racks) * self.cells

    def _index_signals(self) -> None:
        signals = {i: signal for i, value in enumerate(self.values) if (signal := signal_of(value)) is not None}
        sources = [self._signal_index(self.values[i], signal) for i, signal in signals.items()]
        self._signals = signals  # by index of the value
        self.measured: Indexes = np.array([*signals], dtype=np.intp)  # the values that show a signal
        self.source: Indexes = np.array(sources, dtype=np.intp)  # of each of them: where in the array of all signals

    def _signal_index(self, value: Value, signal: str) -> int:
        plant, units, _ = self.sizes
        scope = SCOPES.get(value.table, "plant")
        if scope == "plant":
            return PLANT_SIGNALS.index(signal)
        if scope == "cell":
            cell = (value.ids[2] - 1) * self.cells_per_module + (cell_number(value) or 1) - 1
            return plant + units + self.racks.index(value.ids[:2]) * self.cells + cell
        row = plant + UNIT_SIGNALS.index(signal) * (len(self.racks) + len(self.banks))
        if scope == "bank":
            return row + len(self.racks) + self.banks.index(value.ids[0])
        return row + self.racks.index(value.ids[:2])

    def _rating(self) -> float:
        """Share of a full-size plant whose currents and powers the map's registers can carry."""
        low, high = self.encoder.value_range
        room = [
            min(high[i], -low[i] if low[i] < 0 else high[i]) / peak
            for i, signal in self._signals.items()
            if (peak := self._peak(self.values[i], signal)) is not None
        ]
        return float(min([1.0, *(0.95 * share for share in room)]))

    def _peak(self, value: Value, signal: str) -> float | None:
        scope = SCOPES.get(value.table, "plant")
        racks = {"rack": 1.0, "bank": float(self.bank_sizes.max())}.get(scope, float(len(self.racks)))
        amps = PEAK_C_RATE * CAPACITY_AH * racks
        kilowatts = amps * self.cells * 4.2 / 1000
        if signal in ("current", "dc_a"):
            return amps
        if signal in ("power", "dc_kw", "ac_kw", "ac_kva", "set_kw"):
            return kilowatts
        return kilowatts * 1000 / AC_VOLT / 3**0.5 if signal in ("ac_a", "l1_a", "l2_a", "l3_a") else None


def _readable(register_map: RegisterMap) -> dict[int, bytes]:
    """For each function one byte an address, 1 where it may be read."""
    spans = [(function, address, address + 1) for value in register_map.values for function, address in value.keys]
    spans += [(function, address, address + 1) for function, address in register_map.readable_holes]
    spans += [(e.function, e.address, e.address + 1) for value in register_map.values for e in value.expected]
    ends: dict[int, int] = {}
    for function, _, end in sorted(spans):
        ends[function] = max(ends.get(function, 0), end)
    masks = {function: bytearray(end) for function, end in ends.items()}
    for function, start, end in spans:
        masks[function][start:end] = b"\1" * (end - start)
    return {function: bytes(mask) for function, mask in masks.items()}


def split(signals: Floats, topology: Topology) -> tuple[Floats, Floats, Floats]:
    """Views of the three parts of the signals' array: (plant), (signal, racks and banks), (rack, cell).

    `signals`: of length sum(topology.sizes); what is written into a view is written into it.
    """
    plant, units, cells = np.split(signals, np.cumsum(topology.sizes)[:-1])
    return plant, units.reshape(len(UNIT_SIGNALS), -1), cells.reshape(len(topology.racks), -1)
