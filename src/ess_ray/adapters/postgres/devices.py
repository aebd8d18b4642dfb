"""The table `device`: what was configured when, so that the expected samples of any past day can be counted.

Called at the job's start, after `prepare`, and when the configuration has changed.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ess_ray.adapters.postgres.connect import connect, translated, utc
from ess_ray.core.running.configured import Configured, PastConfiguration
from ess_ray.core.samples import Device

REGISTER_LIMIT_S = 120.0  # of the server's silence: the table may be locked by a start or a check of another job


def collector_name(state_dir: Path) -> str:
    """`host:state folder`: distinguishes collectors of the same devices; the same after a restart."""
    return f"{socket.gethostname()}:{state_dir}"


# The rows to compare with: one array a column; `at` is the moment from which each holds. What a map delivers is some
# kB: it goes over once a map.
CONFIGURED = """
WITH changed AS (
    SELECT * FROM unnest(%(changed_site)s::text[], %(changed_device)s::text[], %(changed_at)s::timestamptz[])
         AS t(site, device, at)
), configured AS (
    SELECT t.*, m.delivers, coalesce(changed.at, %(now)s) AS at
    FROM unnest(%(site)s::text[], %(device)s::text[], %(map)s::text[], %(map_hash)s::text[],
                %(period_s)s::float8[], %(phase_s)s::float8[], %(timezone)s::text[])
         AS t(site, device, map, map_hash, period_s, phase_s, timezone)
    JOIN unnest(%(map_hashes)s::text[], %(delivers)s::text[]) AS m(map_hash, delivers) USING (map_hash)
    LEFT JOIN changed USING (site, device)
)"""
# Rows from before the column `timezone`: a site's time zone could not be told from today's.
FILL_TIMEZONE = f"""{CONFIGURED}
UPDATE device d SET timezone = c.timezone FROM (SELECT DISTINCT site, timezone FROM configured) c
WHERE d.timezone IS NULL AND d.site = c.site"""
# Another collector that stored samples of a device within a day: it has taken it over, or polls it too.
OTHER = """
SELECT s.collector FROM sample s
WHERE s.site = d.site AND s.device = d.device AND s.time > %(now)s - interval '1 day'
  AND s.collector <> ALL (%(collectors)s) LIMIT 1"""
# A device that this collector no longer has is closed if the row is its own. Rows from before the column `collector`
# are its own if they are of its sites, or of those that it had before (`gone`). What another collector polls stays
# open, and is that one's from now on. A row that begins later than now was made while the clock was ahead, or it is
# behind now: such a row ends with its last sample, so that nothing of the past is lost.
CLOSE = f"""{CONFIGURED}, ending AS (
    SELECT d.ctid AS row, coalesce(changed.at, %(now)s) AS at,
           CASE WHEN (d.site, d.device) NOT IN (SELECT site, device FROM configured) THEN ({OTHER}) END AS other
    FROM device d LEFT JOIN changed USING (site, device)
    WHERE d.valid_to IS NULL
      AND ((d.site, d.device) IN (SELECT site, device FROM configured) OR d.collector = ANY (%(collectors)s)
           OR d.collector IS NULL AND (d.site IN (SELECT site FROM configured) OR d.site = ANY (%(gone)s)))
      AND (d.site, d.device, d.map, d.map_hash, d.period_s, d.phase_s, coalesce(d.timezone, '')) NOT IN
          (SELECT site, device, map, map_hash, period_s, phase_s, timezone FROM configured)
)
UPDATE device d SET collector = coalesce(e.other, d.collector), valid_to = CASE
    WHEN e.other IS NOT NULL THEN NULL
    WHEN d.valid_from < e.at THEN e.at
    ELSE coalesce((SELECT max(s.time) + d.period_s * interval '1 second' FROM sample s
                   WHERE s.site = d.site AND s.device = d.device AND s.time >= d.valid_from), d.valid_from) END
FROM ending e WHERE d.ctid = e.row"""
# Rows from before the column `delivers`: an equal map delivers the same.
FILL = f"""{CONFIGURED}
UPDATE device d SET delivers = c.delivers FROM configured c
WHERE d.delivers IS NULL AND (d.site, d.device, d.map_hash) = (c.site, c.device, c.map_hash)"""
OWN = f"""{CONFIGURED}
UPDATE device d SET collector = %(collector)s FROM configured c
WHERE d.valid_to IS NULL AND (d.site, d.device) = (c.site, c.device) AND d.collector IS DISTINCT FROM %(collector)s"""
# Of two rows of a device none may hold at the same time: one that ends later than now ends now, and a new one leaves
# out the time of those that begin later; both are of a clock that was set back.
NEW = """
FROM configured c WHERE NOT EXISTS
     (SELECT FROM device o WHERE o.site = c.site AND o.device = c.device AND o.valid_to IS NULL)"""
SHORTEN = f"""{CONFIGURED}
UPDATE device d SET valid_to = n.at FROM (SELECT c.* {NEW}) AS n
WHERE (d.site, d.device) = (n.site, n.device) AND d.valid_from < n.at AND d.valid_to > n.at"""
OPEN = f"""{CONFIGURED}, new AS (
    SELECT c.* {NEW}
), later AS (
    SELECT d.site, d.device, min(d.valid_from) AS first, max(d.valid_to) AS last FROM device d JOIN new
      ON (d.site, d.device) = (new.site, new.device) AND d.valid_from >= new.at AND d.valid_to > d.valid_from
    GROUP BY d.site, d.device
)
INSERT INTO device (site, device, map, map_hash, period_s, phase_s, delivers, timezone, collector, valid_from, valid_to)
SELECT n.site, n.device, n.map, n.map_hash, n.period_s, n.phase_s, n.delivers, n.timezone, %(collector)s,
       span.valid_from, span.valid_to
FROM new n LEFT JOIN later l USING (site, device),
     LATERAL (VALUES (n.at, l.first, l.first > n.at), (coalesce(l.last, n.at), NULL, true))
         AS span(valid_from, valid_to, wanted)
WHERE span.wanted"""

# What an export has read of the table may have changed (docs/decisions/003).
CHANGED = """
INSERT INTO late_commit (site, tables, first, last)
SELECT site, '{device}', %(first)s, until FROM export_until
WHERE until > %(first)s AND (site = ANY (%(site)s) OR site = ANY (%(gone)s)
      OR site IN (SELECT site FROM device WHERE collector = ANY (%(collectors)s)))"""


# A database that knows of a change has rows that begin or end there, or later.
UNKNOWN = """
SELECT NOT EXISTS (
    SELECT FROM device d JOIN unnest(%s::text[], %s::text[], %s::timestamptz[]) AS t(site, device, at)
    USING (site, device) WHERE d.valid_from >= t.at OR d.valid_to >= t.at)"""


def count_unknown(dsn: str, changes: Iterable[Mapping[Device, int]], identity: str = "") -> int:
    """How many of the last changes the database knows nothing of, as one does that was restored from a backup.

    `changes`: newest first, each with its devices and since when it holds, microseconds since 1970 UTC. Raises
    DatabaseUnavailable (OtherDatabase unless the database has the `identity`, "" for any), DatabaseRefused.
    """
    number = 0
    with translated("looking for the devices"), connect(dsn, REGISTER_LIMIT_S, identity) as connection:
        for change in changes:
            sites, devices = [device.site for device in change], [device.device for device in change]
            moments = [utc(moment_us) for moment_us in change.values()]
            (unknown,) = connection.execute(UNKNOWN, [sites, devices, moments]).fetchone() or (False,)
            if not unknown:
                break
            number += 1
    return number


# Only where no row of the device holds yet. The last one of a device holds until the next row there is.
PAST = """
INSERT INTO device (site, device, map, map_hash, period_s, phase_s, delivers, timezone, collector, valid_from, valid_to)
SELECT p.site, p.device, p.map, p.map_hash, p.period_s, p.phase_s, p.delivers, p.timezone, %(collector)s,
       lower(piece), upper(piece)
FROM unnest(%(site)s::text[], %(device)s::text[], %(map)s::text[], %(map_hash)s::text[], %(period_s)s::float8[],
            %(phase_s)s::float8[], %(timezone)s::text[], %(delivers)s::text[], %(begins)s::timestamptz[],
            %(ends)s::timestamptz[])
         AS p(site, device, map, map_hash, period_s, phase_s, timezone, delivers, begins, ends),
     LATERAL (SELECT range_agg(tstzrange(d.valid_from, d.valid_to)) AS taken,
                     min(d.valid_from) FILTER (WHERE d.valid_from >= p.begins) AS next
              FROM device d WHERE (d.site, d.device) = (p.site, p.device)
                              AND coalesce(d.valid_to, 'infinity') > d.valid_from) AS rows,
     LATERAL unnest(tstzmultirange(tstzrange(p.begins, coalesce(p.ends, greatest(rows.next, %(end)s))))
                    - coalesce(rows.taken, '{}')) AS piece"""


def register_past(
    dsn: str, times: Sequence[PastConfiguration], end_us: int, collector: str = "", identity: str = ""
) -> None:
    """Enter how devices were configured in times of which the table has nothing; what it has stays as it is.

    A time without an end lasts until the device's next row, at least until `end_us`. One transaction; doing it again
    changes nothing. Raises DatabaseUnavailable (OtherDatabase unless the database has the `identity`), DatabaseRefused.
    """
    configured = [each.configured for each in times]
    arguments = {
        **_columns(configured),
        "delivers": [_json(c.delivers) for c in configured],
        "begins": [utc(each.start_us) for each in times],
        "ends": [None if each.end_us is None else utc(each.end_us) for each in times],
        "end": utc(end_us),
        "collector": collector or None,
        "collectors": [],
        "gone": [],
        "first": utc(min((each.start_us for each in times), default=end_us)),
    }
    with translated("registering the devices of the past"), connect(dsn, REGISTER_LIMIT_S, identity) as connection:
        connection.execute("LOCK TABLE late_commit IN ROW EXCLUSIVE MODE")
        connection.execute("LOCK TABLE device IN SHARE ROW EXCLUSIVE MODE")
        if connection.execute(PAST, arguments).rowcount:
            connection.execute(CHANGED, arguments)


def _columns(devices: Sequence[Configured]) -> dict[str, list[Any]]:
    """The arrays of a query that has a row for each device."""
    return {
        "site": [c.device.site for c in devices],
        "device": [c.device.device for c in devices],
        "map": [c.map for c in devices],
        "map_hash": [c.map_hash for c in devices],
        "period_s": [c.period_s for c in devices],
        "phase_s": [c.phase_s for c in devices],
        "timezone": [c.timezone for c in devices],
    }


def _json(delivers: Mapping[str, Sequence[str]]) -> str:
    return json.dumps({name: list(columns) for name, columns in delivers.items()})


def register_devices(
    dsn: str,
    devices: Sequence[Configured],
    now_us: int,
    gone: Iterable[str] = (),
    collectors: Sequence[str] = (),
    changed_us: Mapping[Device, int] | None = None,
    identity: str = "",
) -> None:
    """Close the rows of devices that changed or are gone, open rows for devices that changed or are new.

    `devices`: all devices of this collector, each once, as they are configured from `now_us` on, microseconds since
    1970 UTC; `changed_us`: the moments of devices that have one of their own, gone ones too. A device that is not among
    them is gone if the collector registered it: under one of its names `collectors` (the present one is the last, see
    `collector_name`), or, in rows of older versions, if it is of a site of these devices or of `gone`, the sites that
    the collector had before. What another collector has stored samples of within a day stays, and is that one's. Two
    rows of a device never hold at the same time, also if the clock was set back.

    One transaction; without a change it changes nothing. Waits for a lock on the table, up to 120 s. Raises
    DatabaseUnavailable (OtherDatabase unless the database has the `identity`, "" for any), DatabaseRefused.
    """
    changed_us = changed_us or {}
    delivers = {c.map_hash: c.delivers for c in devices}
    arguments = {
        **_columns(devices),
        "map_hashes": list(delivers),
        "delivers": [_json(tables) for tables in delivers.values()],
        "gone": list(gone),
        "now": utc(now_us),
        "first": utc(min([now_us, *changed_us.values()])),
        "changed_site": [device.site for device in changed_us],
        "changed_device": [device.device for device in changed_us],
        "changed_at": [utc(moment_us) for moment_us in changed_us.values()],
    }
    with translated("registering the devices"), connect(dsn, REGISTER_LIMIT_S, identity) as connection:
        connection.execute("LOCK TABLE late_commit IN ROW EXCLUSIVE MODE")  # before all else, as a writer does
        names = [connection.storable(name) for name in collectors]
        arguments |= {"collectors": names, "collector": names[-1] if names else None}
        connection.execute("LOCK TABLE device IN SHARE ROW EXCLUSIVE MODE")  # two collectors take turns
        changed = 0
        for statement in (FILL_TIMEZONE, CLOSE, SHORTEN, FILL, OWN, OPEN):
            rows = connection.execute(statement, arguments).rowcount
            changed += rows if statement in (CLOSE, SHORTEN, OPEN) else 0
        if changed:
            connection.execute(CHANGED, arguments)
