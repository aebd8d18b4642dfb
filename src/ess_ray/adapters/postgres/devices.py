"""The table `device`: what was configured when, so that the expected samples of any past day can be counted.

Called at the job's start, after `prepare`, and when the configuration has changed.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ess_ray.adapters.postgres.connect import connect, translated, utc
from ess_ray.core.samples import Device

REGISTER_LIMIT_S = 120.0  # of the server's silence: the table may be locked by a start or a check of another job


@dataclass(frozen=True, slots=True)
class Configured:
    """A device as it is configured now: the name and the hash of its map, its period and phase in seconds.

    `timezone` is a name of the IANA database.
    """

    device: Device
    map: str
    map_hash: str
    period_s: float
    phase_s: float
    delivers: Mapping[str, Sequence[str]]  # columns by table, see `core.exporting.objects.delivered_by`
    timezone: str = ""  # of the site; empty if it is unknown


def collector_name(state_dir: Path) -> str:
    """`host:state folder`: distinguishes collectors of the same devices; the same after a restart."""
    return f"{socket.gethostname()}:{state_dir}"


# The rows to compare with: one array a column. What a map delivers is some kB: it goes over once a map.
NOW_CONFIGURED = """
WITH configured AS (
    SELECT t.*, m.delivers
    FROM unnest(%(site)s::text[], %(device)s::text[], %(map)s::text[], %(map_hash)s::text[],
                %(period_s)s::float8[], %(phase_s)s::float8[], %(timezone)s::text[])
         AS t(site, device, map, map_hash, period_s, phase_s, timezone)
    JOIN unnest(%(map_hashes)s::text[], %(delivers)s::text[]) AS m(map_hash, delivers) USING (map_hash)
)"""
# A site that is not in the rows is another collector's business and stays as it is. So does a device of a site that
# this collector no longer has, if another one took it over: it has stored samples of it within a day.
CLOSE = f"""{NOW_CONFIGURED}
UPDATE device d SET valid_to = greatest(%(now)s, valid_from)
WHERE valid_to IS NULL AND (site IN (SELECT site FROM configured) OR site = ANY(%(gone)s) AND NOT EXISTS
      (SELECT FROM sample s WHERE s.site = d.site AND s.device = d.device
       AND s.time > %(now)s - interval '1 day' AND s.collector <> %(collector)s))
  AND (site, device, map, map_hash, period_s, phase_s, coalesce(timezone, '')) NOT IN
      (SELECT site, device, map, map_hash, period_s, phase_s, timezone FROM configured)"""
# Rows from before the column `timezone`: a site's time zone could not be told from today's.
FILL_TIMEZONE = f"""{NOW_CONFIGURED}
UPDATE device d SET timezone = c.timezone FROM (SELECT DISTINCT site, timezone FROM configured) c
WHERE d.timezone IS NULL AND d.site = c.site"""
# Rows from before the column `delivers`: an equal map delivers the same.
FILL = f"""{NOW_CONFIGURED}
UPDATE device d SET delivers = c.delivers FROM configured c
WHERE d.delivers IS NULL AND (d.site, d.device, d.map_hash) = (c.site, c.device, c.map_hash)"""
OPEN = f"""{NOW_CONFIGURED}
INSERT INTO device (site, device, map, map_hash, period_s, phase_s, delivers, timezone, valid_from)
SELECT c.site, c.device, c.map, c.map_hash, c.period_s, c.phase_s, c.delivers, c.timezone, %(now)s FROM configured c
WHERE NOT EXISTS (SELECT FROM device d WHERE d.site = c.site AND d.device = c.device AND d.valid_to IS NULL)"""

# What an export has read of the table may have changed (docs/decisions/003).
CHANGED = """
INSERT INTO late_commit (site, tables, first, last)
SELECT site, '{device}', %(now)s, until FROM export_until
WHERE until > %(now)s AND (site = ANY (%(site)s) OR site = ANY (%(gone)s))"""


def register_devices(
    dsn: str,
    devices: Sequence[Configured],
    now_us: int,
    gone: Iterable[str] = (),
    collector: str = "",
    identity: str = "",
) -> None:
    """Close the rows of devices that changed or are gone, open rows for devices that changed or are new.

    `devices`: all devices of every site of this collector, each once; a device of these sites that is not among them is
    gone. `gone`: sites that this collector, by its name `collector`, no longer has; what another one has stored
    samples of within a day stays. All other sites stay as they are. `now_us`: microseconds
    since 1970 UTC, where one row ends and the next begins. One transaction; without a change it changes nothing. Waits
    for a lock on the table, up to 120 s. Raises DatabaseUnavailable (OtherDatabase unless the database has the
    `identity`, "" for any), DatabaseRefused.
    """
    delivers = {c.map_hash: c.delivers for c in devices}
    arguments = {
        "site": [c.device.site for c in devices],
        "device": [c.device.device for c in devices],
        "map": [c.map for c in devices],
        "map_hash": [c.map_hash for c in devices],
        "period_s": [c.period_s for c in devices],
        "phase_s": [c.phase_s for c in devices],
        "timezone": [c.timezone for c in devices],
        "map_hashes": list(delivers),
        "delivers": [
            json.dumps({name: list(columns) for name, columns in tables.items()}) for tables in delivers.values()
        ],
        "gone": list(gone),
        "now": utc(now_us),
    }
    with translated("registering the devices"), connect(dsn, REGISTER_LIMIT_S, identity) as connection:
        connection.execute("LOCK TABLE late_commit IN ROW EXCLUSIVE MODE")  # before all else, as a writer does
        arguments["collector"] = connection.storable(collector)
        connection.execute("LOCK TABLE device IN SHARE ROW EXCLUSIVE MODE")  # two collectors take turns
        connection.execute(FILL_TIMEZONE, arguments)
        closed = connection.execute(CLOSE, arguments).rowcount
        connection.execute(FILL, arguments)
        opened = connection.execute(OPEN, arguments).rowcount
        if closed or opened:
            connection.execute(CHANGED, arguments)
