"""The days of a site by the time zones that the table `device` has recorded."""

from __future__ import annotations

import psycopg

from ess_ray.core.day import Calendar, microseconds

ZONES = "SELECT DISTINCT valid_from, timezone FROM device WHERE site = %s AND timezone <> '' ORDER BY valid_from"


def calendar_of(connection: psycopg.Connection, site: str, timezone: str) -> Calendar:
    """The site's days; by `timezone` if its time zones were not recorded. Raises psycopg's errors."""
    zones: list[tuple[int, str]] = []
    for valid_from, zone in connection.execute(ZONES, [site]):
        if not zones or zones[-1][1] != zone:
            zones.append((microseconds(valid_from), zone))
    return Calendar(tuple(zones) or ((0, timezone),))
