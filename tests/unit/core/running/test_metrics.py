"""What is shown to Prometheus: names that exist, label sets that are bounded, figures that are the books'."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ess_ray.adapters.local.logs import MAIN_JOB, LogFile
from ess_ray.core.batch import batch_of
from ess_ray.core.polling.counts import REQUESTS, CountTotals, PollerCounts, connection_failure, request_failure
from ess_ray.core.reasons import Reason
from ess_ray.core.running.account import Account
from ess_ray.core.running.measures import Counts, bounded, measure
from ess_ray.core.running.metrics import HELP, METRICS, MOST_DEVICES, SERIES, MetricKind, Values
from ess_ray.core.running.work import Backlog, Exported, Work
from ess_ray.core.samples import Device, Sample, Status
from ess_ray.core.settings import DeviceSettings
from ess_ray.core.storing.flush import Committed, Cost
from ess_ray.generate.metrics_page import page
from tests.make import make_device

ROOT = Path(__file__).parents[4]
RULES = ROOT / "deploy/prometheus/rules.yml"
PAGES = [ROOT / f"docs/{page}.md" for page in ("alerts", "devices", "exports", "outages")]
NAMING = [RULES, *PAGES, *sorted((ROOT / "deploy/grafana").glob("**/*.json"))]
S, DAY_S = 1_000_000, 86_400
MIDNIGHT_S = 20_000 * DAY_S
EMPTY = Committed((), {}, committed_us=0)


def settings(number: int = 0, site: str = "a") -> DeviceSettings:
    return make_device(Device(site, f"d{number}"))


def counts(account: Account, totals: CountTotals | None = None, **others: Any) -> Counts:
    found: dict[str, Any] = {
        "work": Work(), "journals": {}, "deaths": {}, "exported": None, "database_up": True, "layouts_set_aside": 0,
        "disk_bytes": None,
    }  # fmt: skip
    return Counts(account, totals or CountTotals(), **(found | others))


def measured(counted: Counts, now_s: int = MIDNIGHT_S + 3600) -> Values:
    return measure(counted, {"a": "UTC"}, 60 * S, now_s * S)


def commit(account: Account, device: DeviceSettings, *samples: tuple[int, Status, str | None]) -> None:
    made = [
        Sample(device.device, "layout", second * S, status, reason, (), None, 1.0, 1, 0, b"image")
        for second, status, reason in samples
    ]
    answer = Committed((), {"a": {"rack": len(made)}}, committed_us=made[-1].tick_us + S // 4)
    account.committed([batch_of(made)], answer)


# --- names -----------------------------------------------------------------------------------------------------------


def test_the_page_in_docs_is_the_one_that_is_made() -> None:
    told = "docs/metrics.md is out of date: run ./scripts/standard"
    assert (ROOT / "docs/metrics.md").read_text("utf-8") == "\n".join(page()) + "\n", told


@pytest.mark.parametrize("file", NAMING, ids=lambda file: file.name)
def test_every_metric_that_a_rule_a_panel_or_the_guide_names_exists(file: Path) -> None:
    text, recorded = file.read_text("utf-8"), {rule["record"] for rule in rules() if "record" in rule}
    assert set(re.findall(r"(?<![\w:])ess_ray_\w+(?![\w:/])", text)) <= set(SERIES)
    assert set(re.findall(r"\w+:ess_ray_\w+:\w+", text)) <= recorded


def rules() -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"]:
        yield from group["rules"]


def test_an_alert_says_what_it_is_and_what_to_do() -> None:
    alerts = [rule for rule in rules() if "alert" in rule]
    assert len(alerts) >= 7
    assert all({"summary", "description"} <= set(alert["annotations"]) and alert["for"] for alert in alerts)


def test_every_file_that_an_alert_names_exists_as_the_program_writes_it() -> None:
    text = " ".join(line for rule in rules() for line in rule.get("annotations", {}).values())
    named = {name.removeprefix("./") for name in re.findall(r"\./[\w/]+|[\w/-]+\.(?:yml|json|log|md)\b", text)}
    log = str(LogFile("", MAIN_JOB, "driver", "info").path)
    assert log in named
    for name in named - {log}:
        assert (ROOT / name).is_file() or (RULES.parent / name).is_file(), name


def test_names_and_units_follow_prometheus_conventions() -> None:
    for metric in METRICS:
        assert metric.name.endswith("_total") == (metric.kind is MetricKind.COUNTER), metric.name
        assert not re.search(r"_(ms|us|minutes|hours|mb|kb|percent)(_|$)", metric.name)
    assert all(told.isascii() for told in HELP.values())  # Ray takes no other


def test_every_metric_has_a_value_and_every_value_is_a_metrics() -> None:
    account, work = Account([settings()]), Work()
    commit(account, settings(), (1, Status.FAILED, Reason.TIMEOUT))
    work.committed(1, Committed((), {}, 0, rejected={"rack": 1}, cost=Cost(1, 0.1, 0.1, 0.1, 1, 1)))
    polled, totals = PollerCounts(), CountTotals()
    of_device = polled.of(settings().device)
    of_device.request_times.add(7)
    for count in (REQUESTS, request_failure(Reason.TIMEOUT), connection_failure(Reason.REFUSED)):
        of_device.counts[count] += 1
    totals.add(polled.growth())
    exported, journals = Exported(1, 2, 3, 4, 5, {"a": 6}), {"poller:a/d0": Backlog(3, 7 * S, 1, failing=True)}
    counted = counts(
        account, totals, work=work, journals=journals, deaths={"writer": 1}, exported=exported, disk_bytes=(1, 2)
    )
    values = measured(counted)
    assert set(values) == set(SERIES)
    assert all(len(labels) == len(SERIES[name]) for name, series in values.items() for labels in series)
    assert values["ess_ray_journal_depth_seconds"] == {("a/d0",): MIDNIGHT_S + 3600 - 7}


# --- bounds ----------------------------------------------------------------------------------------------------------


def test_a_big_fleet_has_the_sites_sums_only() -> None:
    devices = [settings(number) for number in range(MOST_DEVICES + 1)]
    account = Account(devices)
    for device in devices:
        commit(account, device, (1, Status.STORED, None), (2, Status.FAILED, Reason.TIMEOUT))
    values = measured(counts(account))
    assert values["ess_ray_samples_total"]["a", "all", "stored"] == MOST_DEVICES + 1
    assert values["ess_ray_sample_reasons_total"] == {("a", "all", "timeout"): MOST_DEVICES + 1}
    assert "ess_ray_device_up" not in values
    assert values["ess_ray_devices_up"] == {("a",): 0}
    assert max(map(len, values.values())) < 30


def test_a_device_cannot_make_labels_of_its_own() -> None:
    assert {bounded(f"exception {code}") for code in range(1, 256)} == {
        *(f"exception {code}" for code in (1, 2, 3, 4, 5, 6, 8, 10, 11)), "exception other",
    }  # fmt: skip


# --- figures ---------------------------------------------------------------------------------------------------------


def test_what_a_restarted_poller_counts_adds_up() -> None:
    totals, device = CountTotals(), settings().device
    for _ in range(2):  # process starts
        polled = PollerCounts()
        of_device = polled.of(device)
        for _ in range(3):
            of_device.counts[REQUESTS] += 7
            of_device.counts[request_failure(Reason.TIMEOUT)] += 1
            of_device.request_times.add(1000)
            totals.add(polled.growth())
        assert not polled.growth().devices  # nothing has grown
    assert totals.devices[device] == {REQUESTS: 42, request_failure(Reason.TIMEOUT): 6}
    assert (totals.request_times["a"].buckets[10], totals.request_times["a"].sum_us) == (6, 6000)


def test_a_histogram_counts_what_does_not_exceed_a_bound() -> None:
    polled, totals = PollerCounts(), CountTotals()
    for took_us in (100, 1000, 1000, 3_000_000, 60_000_000):
        polled.of(settings().device).request_times.add(took_us)
    totals.add(polled.growth())
    values = measured(counts(Account([]), totals))
    bucket = values["ess_ray_request_seconds_bucket"]
    assert [bucket["a", le] for le in ("0.000256", "0.001024", "2.09715", "4.1943", "+Inf")] == [1, 3, 3, 4, 5]
    assert values["ess_ray_request_seconds_sum"]["a",] == pytest.approx(63.0021)


def test_completeness_is_of_the_sites_day_and_of_this_run() -> None:
    device = settings()
    account = Account([device], (MIDNIGHT_S - 100) * S)
    yesterday = [(second, Status.FAILED, Reason.TIMEOUT) for second in range(MIDNIGHT_S - 100, MIDNIGHT_S)]
    good = [(second, Status.STORED, None) for second in range(MIDNIGHT_S, MIDNIGHT_S + 90)]
    bad = [(second, Status.PARTIAL, "exception 4") for second in range(MIDNIGHT_S + 90, MIDNIGHT_S + 100)]
    commit(account, device, *yesterday, *good, *bad)
    values = measured(counts(account), MIDNIGHT_S + 100)
    assert values["ess_ray_day_expected_samples"]["a",] == 100  # those younger than `late_us` are there already
    assert values["ess_ray_day_completeness_ratio"]["a",] == 0.9
    values = measured(counts(account), MIDNIGHT_S + 260)  # nothing came for 100 s, beside the 60 that may be late
    assert values["ess_ray_day_expected_samples"]["a",] == 200
    assert values["ess_ray_day_stored_samples"]["a",] == 90
    assert measured(counts(account), MIDNIGHT_S - 50)["ess_ray_day_stored_samples"]["a",] == 90
