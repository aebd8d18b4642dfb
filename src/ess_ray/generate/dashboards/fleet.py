"""The fleet at a glance: how complete, what is silent, and why.

The expected samples come from the table `device`, as in `job=report`, which is the exact account: it allows for clocks
that jumped too. Samples are queried device by device, a range of the primary key each: with 3,000 devices the last five
minutes take one or two seconds. Panels that count a longer time are in a row that is closed at first.
"""

from __future__ import annotations

from collections.abc import Mapping

from ess_ray.generate.dashboards.grafana import RED, YELLOW, Json, Panel, Row, Steps, dashboard, promql, sql, variable

NOW = "5m"  # the range of panels that show the present
LOSS: Mapping[str, Steps] = {"loss, %": ((0.01, YELLOW), (1.0, RED))}
TROUBLE: Mapping[str, Steps] = {**LOSS, "silent": ((1.0, RED),)}
TO_PLANT = {"site": "/d/ess-ray-plant?var-site=${__data.fields.site}&${__url_time_range}"}
TO_DEVICE = {"device": TO_PLANT["site"] + "&var-device=${__data.fields.device}"} | TO_PLANT
PERCENT, AGES = {"loss, %": "%"}, {"newest tick": "s", "oldest last tick": "s"}
SITES = "SELECT DISTINCT site FROM device ORDER BY 1"
# The newest minute is still on its way: `storage.late_s`, as in the report.
SPANS = """
WITH span AS (
    SELECT site, device, map, period_s, valid_to IS NULL AS present,
           greatest(valid_from, $__timeFrom()) AS start,
           least(coalesce(valid_to, 'infinity'), $__timeTo(), now() - interval '60 s') AS until
    FROM device
    WHERE site IN (${site:sqlstring}) AND valid_from <= $__timeTo() AND coalesce(valid_to, 'infinity') > $__timeFrom()
)"""
COUNTED = f"""{SPANS}, counted AS (
    SELECT span.*, stored, partial, failed,
           ceil(extract(epoch FROM until)::float8 / period_s) - ceil(extract(epoch FROM start)::float8 / period_s)
           AS expected
    FROM span CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE status = 'stored') AS stored,
               count(*) FILTER (WHERE status = 'partial') AS partial,
               count(*) FILTER (WHERE status = 'failed') AS failed
        FROM sample
        WHERE sample.site = span.site AND sample.device = span.device AND $__timeFilter(time)
          AND time >= start AND time < until
    ) AS samples
    WHERE start < until
)"""
SUMS = """sum(expected) AS expected, sum(stored) AS stored, sum(partial) AS partial, sum(failed) AS failed,
       sum(expected - stored - partial - failed) AS "no row",
       100 * sum(expected - stored) / nullif(sum(expected), 0) AS "loss, %" """
# The newest sample whatever it is, and the newest that has values.
NEWEST = """, newest AS (
    SELECT span.*, tick, with_values, reason
    FROM span
    LEFT JOIN LATERAL (
        SELECT time AS tick, reason FROM sample
        WHERE sample.site = span.site AND sample.device = span.device AND $__timeFilter(time)
        ORDER BY time DESC LIMIT 1
    ) AS last ON true
    LEFT JOIN LATERAL (
        SELECT time AS with_values FROM sample
        WHERE sample.site = span.site AND sample.device = span.device AND $__timeFilter(time) AND status <> 'failed'
        ORDER BY time DESC LIMIT 1
    ) AS newest_values ON true
    WHERE present
), silent AS (
    SELECT *, coalesce(with_values < $__timeTo()::timestamptz - (3 * period_s + 10) * interval '1 s', true) AS is_silent
    FROM newest
)"""
AGE = "extract(epoch FROM $__timeTo()::timestamptz - {})::float8"
NUMBERS = f"""{COUNTED}{NEWEST}
SELECT (SELECT 100 * sum(expected - stored) / nullif(sum(expected), 0) FROM counted) AS "loss, %", count(*) AS devices,
       count(*) FILTER (WHERE is_silent) AS silent, {AGE.format("max(tick)")} AS "newest tick",
       {AGE.format("min(tick)")} AS "oldest last tick"
FROM silent"""
BY_SITE = f"""{COUNTED}
SELECT site, count(DISTINCT device) AS devices, {SUMS}
FROM counted GROUP BY site ORDER BY "loss, %" DESC NULLS LAST, site"""
BY_DEVICE = f"""{COUNTED}
SELECT site, device, {SUMS}
FROM counted GROUP BY site, device ORDER BY "loss, %" DESC NULLS LAST, site, device LIMIT 500"""
SILENT = f"""{SPANS}{NEWEST}
SELECT site, device, map, with_values AS "last values", tick AS "last tick",
       {AGE.format("tick")} AS "age of the last tick",
       coalesce(reason, CASE WHEN tick IS NULL THEN 'no row' END) AS reason
FROM silent WHERE is_silent ORDER BY with_values NULLS FIRST, site, device LIMIT 500"""
REASONS = f"""{SPANS}
SELECT status, coalesce(reason, 'registers missing') AS reason, count(*) AS samples,
       count(DISTINCT (site, device)) AS devices
FROM span CROSS JOIN LATERAL (
    SELECT status, reason FROM sample
    WHERE sample.site = span.site AND sample.device = span.device AND $__timeFilter(time) AND status <> 'stored'
) AS samples
GROUP BY 1, 2 ORDER BY samples DESC"""


TODAY = "max by (site) (ess_ray_day_completeness_ratio)"
ROWS = "sum by (table) (rate(ess_ray_rows_total[$__rate_interval]))"
BY_METRICS = "From the collector's own metrics, so it needs Prometheus; a day is the plant's, since the run began."


def fleet() -> Json:
    """The dashboard of all plants together."""
    return dashboard(
        "fleet", "ESS fleet",
        "How complete the samples of all plants are, which devices are silent, and why. Loss: the expected samples "
        "that are not stored completely, in percent.",
        [_now(), _range(), _today()],
        variables=[variable("site", "Plant", SITES, several=True, every=True)],
        refresh="1m",
    )  # fmt: skip


def _now() -> Row:
    return Row("Now: the last 5 minutes, less the newest minute, which is still on its way", [
        Panel("Fleet", [sql(NUMBERS)], 24, 4, "stat", since=NOW, units=PERCENT | AGES, steps=TROUBLE),
        Panel("Plants", [sql(BY_SITE)], 12, kind="table", since=NOW, units=PERCENT, steps=LOSS,
              links=TO_PLANT),
        Panel("Completeness today", [promql(TODAY, "{{site}}", instant=True)], 6, kind="stat", unit="1",
              text=BY_METRICS),
        Panel("Rows per second, by table", [promql(ROWS, "{{table}}")], 6, unit="rows/s", text=BY_METRICS),
        Panel("Silent devices", [sql(SILENT)], 12, kind="table", units={"age of the last tick": "s"},
              links=TO_DEVICE,
              text="No values for three periods and ten seconds; looked for in the range shown."),
        Panel("Partial and failed samples, by reason", [sql(REASONS)], 12, kind="table", since=NOW),
    ])  # fmt: skip


def _range() -> Row:
    return Row("The range shown: counts every sample of it", [
        Panel("Partial and failed samples over time, by reason", [_bins("concat_ws(': ', status, reason)")], 12,
              bars=True),
        Panel("Partial and failed samples over time, by plant", [_bins("site")], 12, bars=True),
        Panel("Devices, those that lost most first", [sql(BY_DEVICE)], 24, 10, "table", units=PERCENT, steps=LOSS,
              links=TO_DEVICE),
    ], closed=True)  # fmt: skip


def _today() -> Row:
    return Row("Today, by the browser's clock: counts every sample since midnight", [
        Panel("Plants today", [sql(BY_SITE)], 12, kind="table", since="now/d", units=PERCENT, steps=LOSS,
              links=TO_PLANT),
        Panel("Partial and failed samples today, by reason", [sql(REASONS)], 12, kind="table", since="now/d"),
        Panel("Devices today, those that lost most first", [sql(BY_DEVICE)], 24, 10, "table", since="now/d",
              units=PERCENT, steps=LOSS, links=TO_DEVICE),
    ], closed=True)  # fmt: skip


def _bins(metric: str) -> Json:
    """SQL for series: partial and failed samples in a bin, by `metric`, which is SQL too."""
    text = f"""{SPANS}
SELECT date_bin(greatest($__interval_ms, 1000) * interval '1 ms', time, 'epoch') AS time,
       {metric} AS metric, count(*) AS value
FROM span CROSS JOIN LATERAL (
    SELECT time, status, reason FROM sample
    WHERE sample.site = span.site AND sample.device = span.device AND $__timeFilter(time) AND status <> 'stored'
) AS samples
GROUP BY 1, 2 ORDER BY 1, 2"""
    return sql(text, series=True)
