"""Alarms of a plant: columns of the standard that are not zero while something is the matter.

Their names tell them; tests/unit/generate/test_dashboards.py finds a column that is left out although its meaning says
"Warning" or "Fault". SQL is PostgreSQL's with Grafana's variables: the site, the devices, the time range. Of a standard
without any alarm all of it is valid, and finds none.
"""

from __future__ import annotations

import re

from ess_ray.core.maps.column_types import Column, TypeFamily, is_array, value_type
from ess_ray.core.maps.standard import Standard, Table
from ess_ray.generate.dashboards.curves import CHOSEN, SLOWER, WITHIN, part, text, words

NAMES = re.compile(r"^flt_|fault|warning|^pcs_protection_\d+_\d+$|^emergency_status$|^tvoc_status$")
NEWEST = f"""newest AS (
    SELECT device, max(time) AS time FROM sample WHERE {WITHIN} AND status <> 'failed' GROUP BY device
)"""
NO_ALARM = """
    SELECT time, device, '' AS part, '' AS name, '' AS alarm, '' AS source FROM sample WHERE false"""
# Of columns that are read less often than the device: how often now, in seconds.
SLOW = f"""slow AS (
    SELECT device, source, max(every_s) AS every_s
    FROM device, LATERAL ({SLOWER}) AS slower, jsonb_array_elements_text(names) AS source
    WHERE {CHOSEN} AND valid_to IS NULL
    GROUP BY device, source
)"""
# The newest tick at which an alarm was read.
READ = "date_bin(coalesce(every_s, 1e-6) * interval '1 s', newest.time, 'epoch')"
STEP = "greatest($__interval_ms, 1000) * interval '1 ms'"


def alarms(table: Table) -> list[Column]:
    """The table's alarms: columns of whole numbers, arrays of them, or truths whose names match NAMES; [] if none."""
    return [column for column in table.columns.values() if _may_alarm(column) and NAMES.search(column.name)]


def _may_alarm(column: Column) -> bool:
    return value_type(column.type).family in (TypeFamily.INTEGER, TypeFamily.BOOLEAN)


def active(standard: Standard) -> str:
    """SQL for a number: how many alarms there are by the newest samples with values, one sample of each device.

    No sample, no row: silence is no good news.
    """
    return f"""
{_with_alarms(standard)}, {NEWEST}, {SLOW}
SELECT count(DISTINCT (device, part, alarm)) FILTER (WHERE alarm IS NOT NULL AND alarm.time = {READ}) AS alarms
FROM newest LEFT JOIN alarm USING (device) LEFT JOIN slow USING (device, source)
HAVING count(*) > 0"""


def listed(standard: Standard) -> str:
    """SQL for a table: each alarm of the range, where, since when, and whether the newest sample still has it."""
    return f"""
{_with_alarms(standard)}, {NEWEST}, {SLOW}
SELECT max(alarm.time) = min({READ}) AS "now", alarm, device, part, min(alarm.time) AS first,
       max(alarm.time) AS last, count(*) AS samples
FROM alarm LEFT JOIN newest USING (device) LEFT JOIN slow USING (device, source)
GROUP BY alarm, device, part
ORDER BY last DESC, alarm, device, part LIMIT 500"""


def counted(standard: Standard) -> str:
    """SQL for series: how many alarms were on in a bin, by table."""
    return f"""
{_with_alarms(standard)}
SELECT date_bin({STEP}, time, 'epoch') AS time, name AS metric, count(DISTINCT (device, part, alarm)) AS value
FROM alarm
GROUP BY 1, 2 ORDER BY 1, 2"""


def flagged(standard: Standard) -> str:
    """SQL for series: how many rows were out of range, incomplete or late in a bin, by table."""
    bits = "(VALUES ('out of range', 1), ('registers missing', 2), ('stored late', 4)) AS bits (label, bit)"
    rows = "\n    UNION ALL ".join(
        f"SELECT time, quality, '{name}' AS name FROM {name} WHERE {WITHIN} AND quality <> 0"
        for name in standard.tables
    )
    return f"""
WITH flagged AS (
    {rows}
)
SELECT date_bin({STEP}, time, 'epoch') AS time, name || ': ' || label AS metric, count(*) AS value
FROM flagged CROSS JOIN {bits}
WHERE quality & bit <> 0
GROUP BY 1, 2 ORDER BY 1, 2"""


def events() -> str:
    """SQL for a table: the newest 500 events of the devices in the time range, newest first."""
    return f"""
SELECT time, device, kind, until, detail FROM event WHERE {WITHIN} ORDER BY time DESC LIMIT 500"""


def event_marks() -> str:
    """SQL for marks in the curves, (time, timeend, text, tags): each of the oldest 1000 events in the time range."""
    return f"""
SELECT time, until AS timeend, concat_ws(': ', kind, nullif(detail, '')) AS text, device AS tags
FROM event WHERE {WITHIN} ORDER BY time LIMIT 1000"""


def _with_alarms(standard: Standard) -> str:
    tables = [table for table in standard.tables.values() if alarms(table)]
    return f"WITH alarm AS ({' UNION ALL '.join(map(_of, tables)) or NO_ALARM}\n)"


def _of(table: Table) -> str:
    """SQL for a row for each alarm that is on. Rows without any are left out first: most rows have none."""
    on = {column.name: _is_on(column) for column in alarms(table)}
    labels = {column.name: text(_label(column)) for column in alarms(table)}
    values = ", ".join(f"({labels[name]}, '{table.name}.{name}', {test})" for name, test in on.items())
    return f"""
    SELECT time, device, {part(table)} AS part, '{table.name}' AS name, alarm, source
    FROM {table.name}, LATERAL (VALUES {values}) AS flags (alarm, source, is_on)
    WHERE {WITHIN} AND ({" OR ".join(on.values())}) AND is_on"""


def _is_on(column: Column) -> str:
    if is_array(column.type):
        return f"0 <> ANY ({column.name})"
    return column.name if column.type == "bool" else f"{column.name} <> 0"


def _label(column: Column) -> str:
    return re.sub(r", (0 = \w+|as the vendor numbers it)", "", words(column))
