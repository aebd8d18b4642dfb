"""A plant that never was: the registers of its device at any second, as a pure function of map, seed and time.

Called by `server` (and by tests). It has no state but caches: the same arguments give the same image, in any order.
Charging currents and powers are positive, in the battery and in the converter.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone

import numpy as np

from ess_ray.core.maps.registers import RegisterMap
from ess_ray.simulator import day as curve
from ess_ray.simulator.alarms import Incident, incidents
from ess_ray.simulator.battery import CURRENT, POWER, VOLT, Battery, Moment, noise
from ess_ray.simulator.day import MINUTES, NIGHT_SOC, Days, Floats, charge_work, generator
from ess_ray.simulator.encode import Image
from ess_ray.simulator.names import PLANT_SIGNALS
from ess_ray.simulator.topology import AC_VOLT, Topology, split

COMMISSIONED_DAY = 18262  # 2020-01-01; counters start here
DAY_S = 86400
SOLAR_KW = 4.0  # of an inverter
AUXILIARY_KW = 8.2
CONVERTER_EFFICIENCY = 0.975


class Plant:
    """The plant that `register_map` implies. Plants with one map may share its `topology`, which is costly to make.

    `utc_offset_s`: local time minus UTC, all the year. Not to be called from several threads at once.
    """

    def __init__(
        self, register_map: RegisterMap, seed: int, utc_offset_s: int = 32400, topology: Topology | None = None
    ) -> None:
        self.topology = topology or Topology(register_map)
        self._seed, self._utc_offset_s = seed, utc_offset_s
        self._days, self._battery = Days(seed), Battery(self.topology, seed)
        self._signals = np.zeros(sum(self.topology.sizes))
        self._parts = split(self._signals, self.topology)
        self._resting = self.topology.resting.copy()
        self._resting[self.topology.unmodelled] = self._constants()
        self._day, self._second = -1, -1
        self._curves: Floats = np.zeros((6, MINUTES + 1))
        self._incidents: tuple[Incident, ...] = ()
        self._image: Image = {}

    @property
    def readable(self) -> dict[int, bytes]:
        """For each function of the map one byte an address, from address 0: 1 where it may be read, else 0."""
        return self.topology.readable

    def image(self, now_us: int) -> Image:
        """The device's registers and bits by function, for the whole second that `now_us` (since 1970 UTC) lies in.

        Functions 3 and 4: two bytes a register, big end first; functions 1 and 2: one byte, 0 or 1, a bit; both from
        address 0. Only functions of the map are there.
        """
        second = now_us // 1_000_000
        if second != self._second:
            self._image = self._make_image(second)
            self._second = second
        return self._image

    def _make_image(self, second: int) -> Image:
        day, second_of_day = divmod(second + self._utc_offset_s, DAY_S)
        if day != self._day:
            self._curves, self._incidents = self._days.curves(day), incidents(self._seed, day, self.topology.alarms)
            self._day = day
        minute, second_of_minute = divmod(second_of_day, 60)
        start, end = self._curves[:, minute], self._curves[:, minute + 1]
        now: list[float] = (start + (end - start) * (second_of_minute / 60)).tolist()
        moment = self._moment(second, day, minute, now)
        plant, units, cells = self._parts
        self._battery.show(moment, units, cells)
        signals = self._plant_signals(moment, day, now, units[:, len(cells) :])
        plant[:] = [signals[name] for name in PLANT_SIGNALS]
        numbers = self._resting.copy()
        if len(self.topology.unmodelled):
            flicker = noise(second, self._seed + 5, len(self.topology.unmodelled))
            numbers[self.topology.unmodelled] *= 1 + 0.001 * flicker
            numbers[self.topology.unmodelled] += self.topology.unmodelled_swing * flicker
        numbers[self.topology.measured] = self._signals[self.topology.source]
        self._add_incidents(numbers, second_of_day)
        clock = datetime.fromtimestamp(second, timezone(timedelta(seconds=self._utc_offset_s)))
        return self.topology.encoder.encode(numbers, clock)

    def _moment(self, second: int, day: int, minute: int, now: list[float]) -> Moment:
        season = math.sin(2 * math.pi * (day - 110) / 365.25)
        afternoon = math.sin(2 * math.pi * (minute / MINUTES - 9 / 24))
        return Moment(
            second=second,
            minute=day * MINUTES + minute,
            days=(second + self._utc_offset_s) / DAY_S - COMMISSIONED_DAY,
            soc=NIGHT_SOC + now[curve.CHARGED] - now[curve.DISCHARGED],
            c_rate=now[curve.C_RATE],
            heat=float(self._curves[curve.HEAT, minute]),
            room_degc=23.5 + 1.5 * season + 1.3 * afternoon,
        )

    def _plant_signals(self, moment: Moment, day: int, now: list[float], banks: Floats) -> dict[str, float]:
        flicker = noise(moment.second, self._seed + 3, 8).tolist()
        signals = _grid(moment, flicker) | self._energies(moment, day, now)
        volts, amps, kilowatts = banks[[VOLT, CURRENT, POWER]].tolist()
        dc_v, dc_a, dc_kw = sum(volts) / len(volts), sum(amps), sum(kilowatts)
        signals |= _converter(dc_v, dc_a, dc_kw, flicker)
        setpoint = 1e-3 * moment.c_rate * dc_v * self.topology.capacity_ah * len(self.topology.racks)
        return signals | {
            "set_kw": float(round(setpoint)),
            "solar_kw": SOLAR_KW * now[curve.SUN],
            "solar_kwh": SOLAR_KW * now[curve.SUN_HOURS],
            "meter_kw": AUXILIARY_KW * (1 + 0.25 * (moment.heat - 0.2) + 0.02 * flicker[6]),
            "pcs_degc": moment.room_degc + 6 + 14 * moment.heat,
            "room_degc": moment.room_degc + 0.03 * flicker[7],
            "room_humidity": 38 - 1.6 * (moment.room_degc - 23.5) + 0.1 * flicker[7],
            "corner_degc": moment.room_degc + 0.8 + 0.03 * flicker[6],
            "corner_humidity": 36.5 - 1.6 * (moment.room_degc - 23.5) + 0.1 * flicker[6],
        }

    def _energies(self, moment: Moment, day: int, now: list[float]) -> dict[str, float]:
        """Counters in kWh since commissioning; what a day moves depends on its states of charge alone."""
        kwh_per_cell_work = 1e-3 * self.topology.capacity_ah * self.topology.cells * len(self.topology.racks)
        before = self._days.work_before(day, COMMISSIONED_DAY)
        top = NIGHT_SOC + now[curve.CHARGED]
        night, now_at, full = charge_work(np.array((NIGHT_SOC, moment.soc, top))).tolist()
        charged = kwh_per_cell_work * (before + full - night)
        discharged = kwh_per_cell_work * (before + full - now_at)
        meter_kwh = max(0.0, moment.days) * 24 * AUXILIARY_KW
        return {
            "dc_charged_kwh": charged * 1.01,  # the resistance of the cells costs about 1 % each way
            "dc_discharged_kwh": discharged * 0.99,
            "ac_charged_kwh": charged * 1.01 / CONVERTER_EFFICIENCY,
            "ac_discharged_kwh": discharged * 0.99 * CONVERTER_EFFICIENCY,
            "meter_kwh": meter_kwh % 0x10000,
            "meter_high_kwh": meter_kwh // 0x10000,
        }

    def _constants(self) -> Floats:
        """A constant for each measurement that no signal stands for: fixed by the seed, a few hundred raw units."""
        return generator(self._seed, 5).integers(0, 400, len(self.topology.unmodelled)) * self.topology.unmodelled_step

    def _add_incidents(self, numbers: Floats, second_of_day: int) -> None:
        for incident in self._incidents:
            if incident.start_s <= second_of_day < incident.end_s:
                for index, stored in incident.alarm.shows:
                    numbers[index] = stored


def _grid(moment: Moment, flicker: list[float]) -> dict[str, float]:
    """Frequency and voltages of the 60 Hz grid: slow swings and a little noise."""
    slow = math.sin(moment.second / 97) + 0.7 * math.sin(moment.second / 419) + 0.5 * math.sin(moment.second / 5003)
    hertz = 60 + 0.008 * slow + 0.003 * flicker[0]
    volt = AC_VOLT * (1 + 0.004 * slow + 0.0005 * flicker[1])
    return {"ac_hz": hertz, "ac_mhz": 1000 * hertz, "ac_v": volt, "phase_v": volt / math.sqrt(3)}


def _converter(dc_v: float, dc_a: float, dc_kw: float, flicker: list[float]) -> dict[str, float]:
    ac_kw = dc_kw / CONVERTER_EFFICIENCY if dc_kw > 0 else dc_kw * CONVERTER_EFFICIENCY
    runs = abs(dc_a) > 0.3
    factor = 0.995 - 0.002 * min(2.0, abs(flicker[2])) if runs else 1.0
    kva = abs(ac_kw) / factor
    amps = 1000 * kva / AC_VOLT / math.sqrt(3)
    return {
        "dc_v": dc_v,
        "dc_a": dc_a,
        "dc_kw": dc_kw,
        "ac_kw": ac_kw,
        "ac_kva": kva,
        "ac_kvar": math.sqrt(max(0.0, kva**2 - ac_kw**2)),
        "power_factor": factor,
        "power_factor_pct": 100 * factor,
        "ac_a": amps,
        "l1_a": amps * (1.004 + 0.001 * flicker[3]),
        "l2_a": amps * (0.998 + 0.001 * flicker[4]),
        "l3_a": amps * (0.998 + 0.001 * flicker[5]),
        "thd_pct": 1.8 + 0.2 * abs(flicker[3]) if runs else 0.0,
        "charging": float(dc_a > 0.3),
        "discharging": float(dc_a < -0.3),
    }
