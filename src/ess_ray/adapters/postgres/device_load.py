"""The configurations of a day out of an exported object into the table `device`, joined to what it has.

Errors: psycopg's, to be translated by the caller.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from psycopg import sql

from ess_ray.adapters.postgres.connect import DatabaseConnection, utc
from ess_ray.core.day import microseconds
from ess_ray.core.exporting.configurations import Configuration, JoinedHistory, join
from ess_ray.core.exporting.restoring import LoadCount
from ess_ray.core.maps.column_types import Column

RESTORED = """
SELECT device, time, until, map, map_hash, period_s, phase_s, {delivers}, {timezone} FROM pg_temp.restored_device"""
EXISTING = """
SELECT device, valid_from, valid_to, map, map_hash, period_s, phase_s, delivers, timezone FROM device
WHERE site = %s AND device = ANY (%s)"""
LONGER = """
UPDATE device SET valid_from = %s, valid_to = %s
WHERE site = %s AND device = %s AND valid_from = %s AND valid_to IS NOT DISTINCT FROM %s"""
ADD = """
INSERT INTO device (site, device, valid_from, valid_to, map, map_hash, period_s, phase_s, delivers, timezone)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
CHANGED = """
INSERT INTO late_commit (site, tables, first, last)
SELECT site, '{device}', %s, until FROM export_until WHERE site = %s AND until > %s"""


def load_devices(
    connection: DatabaseConnection, site: str, columns: tuple[Column, ...], *, run: bool, exists: bool
) -> LoadCount:
    """Enter the configurations of the temporary table `restored_device`, within the caller's transaction.

    `columns`: of the object. `run`: False counts only. `exists`: False if the database has no table `device` yet.
    """
    names = {column.name for column in columns}
    optional = {name: sql.SQL(name if name in names else "NULL") for name in ("delivers", "timezone")}
    restored = _configurations(connection.execute(sql.SQL(RESTORED).format(**optional)))
    if run:
        connection.execute("LOCK TABLE device IN SHARE ROW EXCLUSIVE MODE")  # as `devices.register_devices` does
    devices = sorted({each.device for each in restored})
    existing = _configurations(connection.execute(EXISTING, [site, devices])) if exists else []
    history = join(existing, restored)
    if run:
        _enter(connection, site, history)
    return LoadCount(len(restored), history.new, history.lacking)


def _enter(connection: DatabaseConnection, site: str, history: JoinedHistory) -> None:
    for before, row in history.longer:
        limits = [utc(row.start_us), _utc(row.end_us), site, row.device, utc(before.start_us), _utc(before.end_us)]
        connection.execute(LONGER, limits)
    with connection.cursor() as cursor:
        cursor.executemany(
            ADD, [(site, row.device, utc(row.start_us), _utc(row.end_us), *row.values) for row in history.added]
        )
    changed = [*history.added, *(row for _, row in history.longer)]
    if changed:
        first = utc(min(row.start_us for row in changed))
        connection.execute(CHANGED, [first, site, first])


def _configurations(rows: Iterable[tuple[Any, ...]]) -> list[Configuration]:
    return [
        Configuration(device, microseconds(start), end and microseconds(end), tuple(values))
        for device, start, end, *values in rows
    ]


def _utc(time_us: int | None) -> datetime | None:
    return None if time_us is None else utc(time_us)
