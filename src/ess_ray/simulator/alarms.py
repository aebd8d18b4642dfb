"""Warnings and faults that come and go: about two warnings a day and a fault a week, each with what follows from it.

Pure. A fault comes in the hours of rest, so that no current flows through a rack that is shown as off.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ess_ray.core.maps.registers import Value
from ess_ray.simulator.day import generator

_FLAG = re.compile(r"warning|fault|^flt_|^pcs_protection")
_SUMMARY = re.compile(r"status_for_(warning|fault)$|^st_fault$|^master_rack_communication_fault$")
_HOURS = (
    (r"over_current_charge|over_voltage", (10, 15)),
    (r"over_current_discharge|under_voltage", (18, 22)),
    (r"over_temperature", (14, 23)),
    (r"under_temperature", (3, 7)),
)


@dataclass(frozen=True, slots=True)
class SimulatedAlarm:
    """One flag that can rise: `shows` are (index of the value in its map, number that is stored meanwhile).

    `hours`: [first, end) of the day. `fault`: False for a warning.
    """

    shows: tuple[tuple[int, float], ...]
    fault: bool
    hours: tuple[int, int]  # local time in which it may begin


@dataclass(frozen=True, slots=True)
class Incident:
    """An alarm of one day, in [start_s, end_s), seconds since midnight in local time; over before the day is."""

    start_s: int
    end_s: int
    alarm: SimulatedAlarm


def alarms(values: Sequence[Value]) -> tuple[SimulatedAlarm, ...]:
    """Every alarm that a map can show; `values` are all of the map's, in its order, to which indexes refer."""
    rows: dict[tuple[str, tuple[int, ...]], dict[str, int]] = {}
    for index, value in enumerate(values):
        rows.setdefault((value.table, value.ids), {})[value.column] = index
    rack_columns = {value.column for value in values if value.table == "rack"}
    result = []
    for index, value in enumerate(values):
        of_rack = value.table == "bank" and value.column in rack_columns  # rises with a rack's
        if _FLAG.search(value.column) and not _SUMMARY.search(value.column) and not of_rack:
            result.append(_alarm(index, value, rows))
    return tuple(result)


def incidents(seed: int, day: int, possible: Sequence[SimulatedAlarm]) -> tuple[Incident, ...]:
    """The incidents of one day (counted from 1970-01-01), in no order; empty on a quiet day.

    Always the same for the same arguments. Incidents may overlap.
    """
    random = generator(seed, 3, day)
    happening = []
    for fault, a_day in ((False, 2.0), (True, 0.15)):
        candidates = [alarm for alarm in possible if alarm.fault is fault]
        for _ in range(int(random.poisson(a_day)) if candidates else 0):
            alarm = candidates[int(random.integers(len(candidates)))]
            start_s = int(random.integers(3600 * alarm.hours[0], 3600 * alarm.hours[1]))
            happening.append(Incident(start_s, start_s + int(random.integers(20, 600)), alarm))
    return tuple(happening)


def _alarm(index: int, value: Value, rows: dict[tuple[str, tuple[int, ...]], dict[str, int]]) -> SimulatedAlarm:
    kind = "warning" if "warning" in value.column else "fault"
    own = rows[value.table, value.ids]
    bank = rows.get(("bank", value.ids[:1]), {}) if value.ids else {}
    raised = [own.get(f"{value.table}_status_for_{kind}"), bank.get(f"battery_status_for_{kind}")]
    raised += [bank.get(value.column) if value.element is None else None, own.get("st_fault")]
    if value.column.startswith("master_rack_communication"):
        raised.append(own.get("master_rack_communication_fault"))
    shows = {index: 1.0} | {other: 1.0 for other in raised if other is not None}
    stopped = own.get("rack_status_for_run") if kind == "fault" else None
    if stopped is not None:
        shows[stopped] = 0.0
    hours = next((hours for pattern, hours in _HOURS if re.search(pattern, value.column)), (0, 23))
    return SimulatedAlarm(tuple(shows.items()), kind == "fault", (1, 6) if kind == "fault" else hours)
