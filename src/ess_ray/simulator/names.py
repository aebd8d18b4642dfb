"""The signals of the simulated plant, and the columns of the data standard that show them.

Pure. A signal belongs to a rack, a bank (the aggregate of its racks), a cell, or the plant as a whole (tables without
identity). A column that is not recognised has no signal: the plant gives it a quiet constant.
"""

from __future__ import annotations

import re

from ess_ray.core.maps.registers import Value

SCOPES = {"rack": "rack", "bank": "bank", "module": "cell"}

QUANTITIES = ("cell_volt", "cell_temp", "module_temp", "module_humid")
STATISTICS = ("max", "min", "average", "gap", "max_position", "min_position")

# What every rack has, and every bank as the aggregate of its racks.
STATES = ("charging", "discharging", "standby", "full", "empty", "balancing")
UNIT_SIGNALS = (
    *("soc", "soh", "volt", "current", "power", *STATES),
    *(f"{quantity}.{statistic}" for statistic in STATISTICS for quantity in QUANTITIES),
)

_UNIT_NAMES = (
    (r"soc$", "soc"),
    (r"soh$", "soh"),
    (r"current_sensor_charge|status_for_charge", "charging"),
    (r"current_sensor_discharge|status_for_discharge", "discharging"),
    (r"status_for_standby", "standby"),
    (r"cell_balance_status", "balancing"),
    (r"^charging_stop", "full"),
    (r"^discharging_stop", "empty"),
    (r"(_dc)?_current$", "current"),
    (r"_power$", "power"),
    (r"_volt(age)?$", "volt"),
)
_PLANT_NAMES = (
    (r"^cmd_kw$|^set_power$", "set_kw"),
    (r"(^|_)(vdc|dc_volt(age)?(_\d)?)$", "dc_v"),
    (r"(^|_)(idc|dc_current)$", "dc_a"),
    (r"(^|_)(pdc|dc_power)$", "dc_kw"),
    (r"^ai_freq$", "ac_mhz"),  # the map's factor of 1000 makes it mHz
    (r"frequency$", "ac_hz"),
    (r"^ai_pf$", "power_factor_pct"),
    (r"power_factor$", "power_factor"),
    (r"v(ab|bc|ca)_rms$", "ac_v"),
    (r"l\d_voltage$", "phase_v"),
    (r"ac_voltage$", "ac_v"),
    (r"(^|_)(ias_rms|l1_current)$", "l1_a"),
    (r"(^|_)(ibs_rms|l2_current)$", "l2_a"),
    (r"(^|_)(ics_rms|l3_current)$", "l3_a"),
    (r"ac_current$", "ac_a"),
    (r"(^|_)(sac|apparent_power)$", "ac_kva"),
    (r"(^|_)(qac|reactive_power)$", "ac_kvar"),
    (r"(^|_)(pac|ac_power|ac_active_power)$", "ac_kw"),
    (r"(^|_)l\d_thd$", "thd_pct"),
    (r"^ai_d_kwh_ac$|discharge_energy$", "ac_discharged_kwh"),
    (r"^ai_c_kwh_ac$|charge_energy$", "ac_charged_kwh"),
    (r"^ai_d_kwh_dc$", "dc_discharged_kwh"),
    (r"^ai_c_kwh_dc$", "dc_charged_kwh"),
    (r"^inv\d+_active_power$", "solar_kw"),
    (r"^inv\d+_cumulative", "solar_kwh"),
    (r"^active_power", "meter_kw"),
    (r"^active_energy.*_high$", "meter_high_kwh"),
    (r"^active_energy", "meter_kwh"),
    (r"^system_temperature", "pcs_degc"),
    (r"^sensor[2-9]_temperature$", "corner_degc"),
    (r"^sensor[2-9]_humidity$", "corner_humidity"),
    (r"temperature$", "room_degc"),
    (r"humidity$", "room_humidity"),
    (r"^(st_charge|pcs_status_1)$", "charging"),
    (r"^(st_discharge|pcs_status_2)$", "discharging"),
)
PLANT_SIGNALS = tuple(dict.fromkeys(signal for _, signal in _PLANT_NAMES))

# Stored values of flags and settings that do not move; every other flag is at 0 unless there is trouble.
_AT_ONE = re.compile(
    r"status_for_(run|online)$|relay_(plus|minus)_status$|^order_source$|^pcs_control_0$"
    r"|^pcs_status_0$|^st_(run|ready|mode_l_r)$|^di_(dk|ak|ck|start)$"
)
_SETTINGS = (
    (r"^cmd_kvar$", 0.0),
    (r"^cmd_vdc", 900.0),
    (r"soc_low_trip", 5.0),
    (r"soc_high_trip", 95.0),
    (r"vbat_low_trip", 720.0),
    (r"vbat_high_trip", 1000.0),
)
_TROUBLE = re.compile(r"warning|fault|^flt_|^pcs_protection|emergency|tvoc|^st_fault|^st_stop|^di_|communication")


def signal_of(value: Value) -> str | None:
    """The signal that `value` shows, None where it shows none.

    One of UNIT_SIGNALS for the tables rack and bank, "volt" for a cell in the table module, else one of PLANT_SIGNALS.
    """
    if value.is_text or (value.choices and not {0, 1} <= set(value.choices)):
        return None
    if _TROUBLE.search(value.column):
        return None
    scope = SCOPES.get(value.table, "plant")
    if scope == "cell":
        return "volt" if cell_number(value) else None
    if scope == "plant":
        return _first(_PLANT_NAMES, value.column)
    return _statistic(value.column, scope) or _first(_UNIT_NAMES, value.column)


def resting_value(value: Value) -> float | None:
    """The stored value of a flag or a setting in a healthy plant, None for a measurement of no known kind."""
    if value.choices:
        return float(1 if 1 in value.choices and _AT_ONE.search(value.column) else value.choices[0])
    if _AT_ONE.search(value.column):
        return 1.0
    if not value.column_type.startswith("float"):
        return 0.0
    return next((number for pattern, number in _SETTINGS if re.search(pattern, value.column)), None)


def cell_number(value: Value) -> int | None:
    """The number of the cell in its module, from 1; None: `value` is no cell's voltage."""
    match = re.search(r"^cell_voltage_(\d+)$", value.column)
    return int(match[1]) if match else None


def _statistic(column: str, scope: str) -> str | None:
    quantity = next((name for name in QUANTITIES if name in column), None)
    statistic = next((name for name in ("max", "min", "gap", "average") if name in column), None)
    if quantity is None or statistic is None:
        return None
    if "position" in column:
        return f"{quantity}.{statistic}_position" if scope == "rack" else None
    return f"{quantity}.{statistic}"


def _first(patterns: tuple[tuple[str, str], ...], column: str) -> str | None:
    return next((signal for pattern, signal in patterns if re.search(pattern, column)), None)
