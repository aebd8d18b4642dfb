"""Late commits: which exported days changed since, in one query, and when their rows are needed no more.

The table `late_commit` has the transactions of writers that touched a day after its export began (docs/decisions/003).
Used by `adapters.postgres.ledger`, in its transactions; psycopg's errors are left to it.
"""

from __future__ import annotations

from psycopg import sql

from ess_ray.adapters.postgres.connect import DatabaseConnection

MOST_FORGOTTEN = 5_000  # rows in one transaction, for which exports wait
# Whoever exports holds it, shared, from before its snapshot until its entry is committed.
EXPORTS_AT_WORK = "hashtextextended('ess_ray exports at work', 0)"

# `entry` stands for the chosen rows of `export_object`. A mark of another cluster has no snapshot here. Entries and
# late commits meet by the days (UTC) that they touch, so that each is looked at once and not each with each; a day's
# entry touches two. Below `xmin` a snapshot shows everything.
CHANGED = """
here AS (SELECT system_identifier AS cluster, pg_snapshot_xmax(pg_current_snapshot()) AS now FROM pg_control_system()),
marked AS MATERIALIZED (
    SELECT *, pg_snapshot_xmin(seen) AS seen_before, pg_snapshot_xmax(seen) AS seen_up_to
    FROM (SELECT entry.*, CASE WHEN split_part(mark, '/', 1) = here.cluster::text
                               THEN split_part(mark, '/', 2)::pg_snapshot END AS seen FROM entry, here) AS e
),
late AS MATERIALIZED (
    SELECT l.xid, l.tables, l.first, l.last, l.site, touched
    FROM here, late_commit AS l,
         generate_series(date_trunc('day', l.first, 'UTC'), l.last, interval '24 hours') AS touched
    WHERE l.site IN (SELECT site FROM entry) AND l.cluster = here.cluster
      AND l.xid >= (SELECT seen_before FROM marked WHERE seen IS NOT NULL ORDER BY seen_before LIMIT 1)
),
touching AS MATERIALIZED (
    SELECT marked.*, touched
    FROM marked, generate_series(date_trunc('day', starts, 'UTC'), ends, interval '24 hours') AS touched
    WHERE seen IS NOT NULL
),
changed AS (
    SELECT DISTINCT e.site, e.table_name, e.day, e.form, e.place
    FROM touching AS e JOIN late ON late.touched = e.touched
    WHERE late.site IS NOT DISTINCT FROM e.site -- no key of the join: mostly there is one site
      AND late.xid >= e.seen_before AND late.last >= e.starts AND late.first < e.ends
      AND e.table_name = ANY (late.tables) AND NOT pg_visible_in_snapshot(late.xid, e.seen)
)"""
# With a mark of another cluster, or of the future (the database is an older copy), it is unknown: NULL.
IS_CHANGED = """
CASE WHEN marked.seen_up_to <= here.now
     THEN (marked.site, marked.table_name, marked.day, marked.form, marked.place) IN (SELECT * FROM changed) END"""
# Needed is a row that the snapshot of some entry of its day does not show, in whatever store and cluster: a dump may
# come back to where its marks mean something.
FORGET = f"""
WITH touching AS MATERIALIZED (
    SELECT e.*, pg_snapshot_xmin(seen) AS seen_before, touched
    FROM (SELECT site, table_name, starts, ends, split_part(mark, '/', 1) AS cluster,
                 nullif(split_part(mark, '/', 2), '')::pg_snapshot AS seen FROM export_object) AS e,
         generate_series(date_trunc('day', starts, 'UTC'), ends, interval '24 hours') AS touched
    WHERE seen IS NOT NULL
),
late AS MATERIALIZED (
    SELECT l.*, l.ctid AS row, touched
    FROM late_commit AS l, generate_series(date_trunc('day', first, 'UTC'), last, interval '24 hours') AS touched
),
needed AS (
    SELECT late.row
    FROM late JOIN touching AS e ON late.touched = e.touched
    WHERE late.site IS NOT DISTINCT FROM e.site AND late.cluster::text IS NOT DISTINCT FROM e.cluster
      AND late.xid >= e.seen_before AND late.last >= e.starts AND late.first < e.ends
      AND e.table_name = ANY (late.tables) AND NOT pg_visible_in_snapshot(late.xid, e.seen)
)
DELETE FROM late_commit WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM late_commit EXCEPT SELECT row FROM needed LIMIT {MOST_FORGOTTEN}))"""
CLAIM_ALL = f"SELECT pg_try_advisory_xact_lock({EXPORTS_AT_WORK})"
MAY_DELETE = "SELECT has_table_privilege('late_commit', 'DELETE')"


def forget_late_commits(connection: DatabaseConnection) -> int:
    """Delete late commits that every export of their day has read, MOST_FORGOTTEN at most; returns how many.

    0 too while an export is at work, whose snapshot may not show one, and for a role that may not delete.
    """
    for question in (MAY_DELETE, CLAIM_ALL):
        row = connection.execute(sql.SQL(question)).fetchone()
        if not row or not row[0]:
            return 0
    return connection.execute(sql.SQL(FORGET)).rowcount
