"""Points that have a column in the data standard: inverters, strings, meters, weather stations, batteries.

By model and group (the names of the groups within the model's own). A point without a column there, and each whose
column is filled already by a model in front of it, goes to the model's own table: see `core.sunspec.making`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Home(NamedTuple):
    """The table that points go to, and their columns. `each`: the identity column that counts models of one kind."""

    table: str
    columns: Mapping[str, str]
    each: str = ""  # "": the outermost


_LINES = ("L1", "L2", "L3")


def _phases(points: str, columns: str, names: Sequence[str] = "ABC") -> dict[str, str]:
    """`{}` of the point is a phase's letter, of the column its number."""
    return {points.format(name): columns.format(number) for number, name in enumerate(names, 1)}


def _between(points: str, columns: str, names: Sequence[str] = "ABC") -> dict[str, str]:
    """As `_phases`, of two phases each."""
    pairs = [(first, (first + 1) % 3) for first in range(3)]
    return {points.format(names[a], names[b]): columns.format(a + 1, b + 1) for a, b in pairs}


_INVERTER = {
    "W": "ac_power", "VA": "apparent_power", "VAr": "reactive_power", "PF": "power_factor", "Hz": "frequency",
    "A": "ac_current", **_phases("Aph{}", "ac_l{}_current"), **_phases("PhVph{}", "ac_l{}_voltage"),
    **_between("PPVph{}{}", "ac_l{}_l{}_voltage"), "WH": "exported_energy",
    "DCA": "dc_current", "DCV": "dc_voltage", "DCW": "dc_power", "TmpCab": "cabinet_temperature",
    "TmpSnk": "heat_sink_temperature", "TmpTrns": "transformer_temperature", "TmpOt": "other_temperature",
    "St": "operating_state", "StVnd": "vendor_state", "Evt1": "events", "Evt2": "events_2",
    **{f"EvtVnd{number}": f"vendor_events_{number}" for number in range(1, 5)},
}  # fmt: skip
_DER = {
    "W": "ac_power", "VA": "apparent_power", "Var": "reactive_power", "PF": "power_factor", "Hz": "frequency",
    "A": "ac_current", **_phases("A{}", "ac_l{}_current", _LINES), **_phases("V{}", "ac_l{}_voltage", _LINES),
    **_between("V{}{}", "ac_l{}_l{}_voltage", _LINES), **_phases("W{}", "ac_l{}_power", _LINES),
    "TotWhInj": "exported_energy", "TotWhAbs": "imported_energy", "TmpAmb": "ambient_temperature",
    "TmpCab": "cabinet_temperature", "TmpSnk": "heat_sink_temperature", "TmpTrns": "transformer_temperature",
    "TmpOt": "other_temperature", "InvSt": "operating_state", "Alrm": "events",
}  # fmt: skip
_METER = {
    "W": "active_power", "VA": "apparent_power", "VAR": "reactive_power", "PF": "power_factor", "Hz": "frequency",
    "A": "current", "PhV": "voltage", "PPV": "phase_to_phase_voltage", **_phases("Wph{}", "l{}_active_power"),
    **_phases("VAph{}", "l{}_apparent_power"), **_phases("VARph{}", "l{}_reactive_power"),
    **_phases("PFph{}", "l{}_power_factor"), **_phases("Aph{}", "l{}_current"), **_phases("PhVph{}", "l{}_voltage"),
    **_between("PhVph{}{}", "l{}_l{}_voltage"), **_between("PPVph{}{}", "l{}_l{}_voltage"),
    "TotWhExp": "exported_energy", **_phases("TotWhExpPh{}", "l{}_exported_energy"),
    "TotWhImp": "imported_energy", **_phases("TotWhImpPh{}", "l{}_imported_energy"),
    "TotVAhExp": "exported_apparent_energy", "TotVAhImp": "imported_apparent_energy",
    "TotVArhImpQ1": "q1_imported_reactive_energy", "TotVArhImpQ2": "q2_imported_reactive_energy",
    "TotVArhExpQ3": "q3_exported_reactive_energy", "TotVArhExpQ4": "q4_exported_reactive_energy", "Evt": "events",
}  # fmt: skip
_COMBINED = {
    "InDCA": "dc_current", "InDCV": "dc_voltage", "InDCW": "dc_power", "InDCWh": "energy", "InEvt": "events",
    "InEvtVnd": "vendor_events",
}  # fmt: skip
_RACK = {
    "SoC": "rack_soc", "SoH": "rack_soh", "V": "rack_voltage", "A": "rack_current",
    "CellVMax": "rack_max_cell_voltage", "CellVMin": "rack_min_cell_voltage", "CellVAvg": "rack_cell_voltage_average",
    "ModTmpMax": "rack_max_module_temperature", "ModTmpMaxMod": "rack_max_module_temperature_position",
    "ModTmpMin": "rack_min_module_temperature", "ModTmpMinMod": "rack_min_module_temperature_position",
}  # fmt: skip

HOMES: Mapping[tuple[int, tuple[str, ...]], Home] = {
    **{(model, ()): Home("inverter", _INVERTER) for model in (101, 102, 103, 111, 112, 113)},
    (701, ()): Home("inverter", _DER),
    **{(model, ()): Home("meter", _METER) for model in (201, 202, 203, 204, 211, 212, 213, 214, 220)},
    (160, ("module",)): Home("string", {
        "IDStr": "name", "DCA": "dc_current", "DCV": "dc_voltage", "DCW": "dc_power", "DCWH": "energy",
        "Tmp": "temperature", "DCSt": "operating_state", "DCEvt": "events",
    }),
    (714, ("Prt",)): Home("string", {
        "IDStr": "name", "DCA": "dc_current", "DCV": "dc_voltage", "DCW": "dc_power", "DCWhInj": "energy",
        "Tmp": "temperature", "DCSta": "operating_state", "DCAlrm": "events",
    }),
    **{(model, ("string",)): Home("string", _COMBINED) for model in (401, 402, 403, 404)},
    (302, ("repeating",)): Home("weather", {
        "GHI": "global_horizontal_irradiance", "POAI": "plane_of_array_irradiance", "DFI": "diffuse_irradiance",
        "DNI": "direct_irradiance", "OTI": "other_irradiance",
    }),
    (303, ("temp",)): Home("weather", {"TmpBOM": "module_temperature"}),
    (307, ()): Home("weather", {
        "TmpAmb": "air_temperature", "RH": "humidity", "Pres": "air_pressure", "WndSpd": "wind_speed",
        "WndDir": "wind_direction", "Rain": "rain", "Snw": "snow",
    }),
    (308, ()): Home("weather", {
        "GHI": "global_horizontal_irradiance", "TmpBOM": "module_temperature", "TmpAmb": "air_temperature",
        "WndSpd": "wind_speed",
    }),
    (802, ()): Home("bank", {
        "SoC": "bank_soc", "SoH": "bank_soh", "V": "bank_dc_volt", "A": "bank_dc_current", "W": "bank_power",
        "CellVMax": "max_cell_voltage_of_bank", "CellVMin": "min_cell_voltage_of_bank",
    }),
    (803, ()): Home("bank", {"ModTmpMax": "max_module_temperature", "ModTmpMin": "min_module_temperature"}),
    (803, ("string",)): Home("rack", {f"Str{point}": column for point, column in _RACK.items()}),
    (804, ()): Home("rack", _RACK, each="rack_id"),
    (713, ()): Home("bank", {"SoC": "bank_soc", "SoH": "bank_soh"}),
    (124, ()): Home("bank", {"ChaState": "bank_soc"}),
}  # fmt: skip
# The common model in front of those of a part of the device: it says what that part is.
COMMON = 1
NAMEPLATE = {"Mn": "maker", "Md": "model", "Vr": "firmware", "SN": "serial_number"}
WITH_NAMEPLATE = ("inverter", "meter", "weather")  # tables that have these columns

# Of the units that SunSpec writes, and that of the column: what a number is to be multiplied by.
UNITS = {
    "C": "degC", "Pct": "%", "PF": "", "cos()": "", "HPa": "hPa", "mps": "m/s", "Var": "var", "Varh": "varh",
    "WH": "Wh", "AH": "Ah", "kAH": "kAh", "Secs": "s", "Sec": "s", "mSecs": "ms", "Degrees": "deg", "meters": "m",
    "W/m^2": "W/m2", "text": "", "SF": "", "hhmmss": "", "hhmmss.sssZ": "", "YYYYMMDD": "",
}  # fmt: skip
FACTORS = {
    **{(small, f"k{small}"): "0.001" for small in ("W", "VA", "var", "Wh", "VAh", "varh")},
    ("%", ""): "0.01",
}  # fmt: skip


def unit_of(units: str) -> str:
    """A unit of SunSpec as the data standard writes it; a share of something is %."""
    return "%" if units.startswith("%") else UNITS.get(units, units)


def factor_to(units: str, unit: str) -> str | None:
    """What a number in `units` of SunSpec is multiplied by for a column in `unit`; "1": nothing, None: it cannot be."""
    return "1" if unit_of(units) == unit else FACTORS.get((unit_of(units), unit))
