"""The collector's health, from its own metrics (`core.running.metrics`) by way of Prometheus.

A gauge is queried with `max by`, so that a process that was started again is not counted twice.
"""

from __future__ import annotations

from ess_ray.generate.dashboards.grafana import GREEN, RED, YELLOW, Json, Panel, Row, dashboard, promql

PER = "[$__rate_interval]"
UP = {0: ("down", RED), 1: ("up", GREEN)}
ANY = {"": ((1.0, RED),)}


def collector() -> Json:
    """The dashboard of the collecting processes."""
    return dashboard(
        "collector", "ESS collector",
        "The collecting processes: polls, journals, writer, export. From Prometheus; the database need not be there.",
        [_now(), _samples(), _polls(), _journal(), _writer(), _export()],
    )  # fmt: skip


def _now() -> Row:
    lost = "sum(max by (site) (ess_ray_devices)) - sum(max by (site) (ess_ray_devices_up))"
    # A table has a series only once rows of it were refused: it shows zero as long as there are metrics at all.
    refused = "sum(max by (table) (ess_ray_rejected_rows_total)) or 0 * max(ess_ray_database_up)"
    free = "min(ess_ray_state_disk_free_bytes / ess_ray_state_disk_size_bytes)"
    ages = {"": ((10.0, YELLOW), (60.0, RED))}
    return Row("Now", [
        Panel("Database", [promql("max(ess_ray_database_up)", "", True)], 3, 4, "stat", texts=UP),
        Panel("Devices", [promql("sum(max by (site) (ess_ray_devices))", "", True)], 3, 4, "stat"),
        Panel("Silent devices", [promql(lost, "", True)], 3, 4, "stat", steps=ANY),
        Panel("Oldest in the journals", [promql("max(ess_ray_journal_depth_seconds)", "", True)], 3, 4, "stat", "s",
              steps=ages),
        Panel("Rows refused since the start", [promql(refused, "", True)], 4, 4, "stat", steps=ANY),
        Panel("Processes that died, range shown",
              [promql("sum(increase(ess_ray_actor_deaths_total[$__range]))", "", True)], 4, 4, "stat", steps=ANY),
        Panel("Free space on the journals' disk", [promql(free, "", True)], 4, 4, "stat", "1"),
    ])  # fmt: skip


def _samples() -> Row:
    by_status = f"sum by (status) (rate(ess_ray_samples_total{PER}))"
    reasons = f"sum by (reason) (rate(ess_ray_sample_reasons_total{PER}))"
    return Row("Samples", [
        Panel("Samples per second, by status", [promql(by_status, "{{status}}")], 8, unit="1/s"),
        Panel("Samples per second that have a reason", [promql(reasons, "{{reason}}")], 8, unit="1/s"),
        Panel("Completeness today, by plant", [promql("max by (site) (ess_ray_day_completeness_ratio)", "{{site}}")],
              8, unit="1", text="By the plant's own clock, since this run began. job=report is the exact account."),
    ])  # fmt: skip


def _polls() -> Row:
    requests, connections = (
        f"sum by (reason) (rate(ess_ray_{name}_failures_total{PER}))" for name in ("request", "connection")
    )
    per_s = {"sent": "requests", "sent again": "request_retries", "connections made": "connections"}
    return Row("Polls", [
        _times("Time from request to reply", "request_seconds"),
        _times("How late polls begin", "tick_lateness_seconds"),
        _times("From the tick to the commit", "commit_delay_seconds"),
        Panel("Requests per second", [promql(f"sum(rate(ess_ray_{name}_total{PER}))", label)
                                      for label, name in per_s.items()], 12, unit="1/s"),
        Panel("Failed requests and connections per second, by reason", [
            promql(requests, "request: {{reason}}"), promql(connections, "connection: {{reason}}"),
        ], 12, unit="1/s"),
    ])  # fmt: skip


def _times(title: str, metric: str) -> Panel:
    """Median and 99th percentile of all plants, and the worst plant's."""
    rate = f"rate(ess_ray_{metric}_bucket{PER})"
    return Panel(title, [
        promql(f"histogram_quantile(0.5, sum by (le) ({rate}))", "half within"),
        promql(f"histogram_quantile(0.99, sum by (le) ({rate}))", "99 % within"),
        promql(f"max(histogram_quantile(0.99, sum by (le, site) ({rate})))", "99 % within, worst plant"),
    ], 8, unit="s")  # fmt: skip


def _journal() -> Row:
    dropped = f"sum by (poller) (rate(ess_ray_journal_shed_samples_total{PER}))"
    return Row("Journals", [
        Panel("Samples that wait", [promql("max by (poller) (ess_ray_journal_items)", "{{poller}}")], 8),
        Panel("Age of the oldest", [promql("max by (poller) (ess_ray_journal_depth_seconds)", "{{poller}}")], 8,
              unit="s"),
        Panel("Trouble", [
            promql(dropped, "dropped per second, {{poller}}"),
            promql("max by (poller) (ess_ray_journal_disk_failing)", "disk refuses, {{poller}}"),
        ], 8, text="Samples that lost their values to the journal's bounds, and journals whose disk refuses."),
    ])  # fmt: skip


def _writer() -> Row:
    share = {"COPY": "copy_seconds", "all of a transaction": "write_seconds", "normalisers": "normalise_seconds"}
    commits = "sum(rate(ess_ray_transactions_total[$__rate_interval]))"
    each = [
        promql(f"sum(rate(ess_ray_{name}_total{PER})) / {commits}", label) for label, name in list(share.items())[:2]
    ]
    retries = f"sum by (reason) (rate(ess_ray_transaction_retries_total{PER}))"
    return Row("Database", [
        Panel("Rows per second, by table", [promql(f"sum by (table) (rate(ess_ray_rows_total{PER}))", "{{table}}")], 8,
              unit="rows/s"),
        Panel("Seconds at work, per second", [promql(f"sum(rate(ess_ray_{name}_total{PER}))", label)
                                              for label, name in share.items()], 8, unit="1"),
        Panel("Time of a transaction", each, 8, unit="s"),
        Panel("Transactions retried per second, by reason", [promql(retries, "{{reason}}")], 8, unit="1/s"),
        Panel("Duplicate samples per second, not written again",
              [promql(f"sum(rate(ess_ray_known_samples_total{PER}))", "duplicates")], 8, unit="1/s"),
        Panel("Rows refused per second, by table",
              [promql(f"sum by (table) (rate(ess_ray_rejected_rows_total{PER}))", "{{table}}")], 8, unit="rows/s"),
    ])  # fmt: skip


def _export() -> Row:
    return Row("Export", [
        Panel("Days behind, by plant", [promql("max by (site) (ess_ray_export_lag_days)", "{{site}}")], 8, unit="d"),
        Panel("Objects that could not be exported, or are held", [
            promql("max(ess_ray_export_failed_objects)", "failed"), promql("max(ess_ray_export_held_objects)", "held"),
        ], 8),
        Panel("Bytes exported per second", [promql(f"sum(rate(ess_ray_export_bytes_total{PER}))", "bytes")], 8,
              unit="B/s"),
    ])  # fmt: skip
