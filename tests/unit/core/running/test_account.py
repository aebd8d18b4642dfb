"""The account of a run adds up: every expected sample is counted once, or has its reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ess_ray.core.batch import batch_of
from ess_ray.core.running.account import Account
from ess_ray.core.running.device_account import Ticks
from ess_ray.core.running.latency import Latency
from ess_ray.core.samples import Device, Event, EventKind, Sample, Status
from ess_ray.core.storing.flush import Committed
from tests.make import make_device, make_sample

S = 1_000_000
ONE, TWO, NEW = Device("a", "one"), Device("b", "two"), Device("c", "new")
LAYOUTS = {ONE: "layout1", TWO: "layout2"}


def sample(second: int, device: Device = ONE, status: Status = Status.STORED, reason: str | None = None) -> Sample:
    return make_sample(second * S, device, layout=LAYOUTS[device], status=status, reason=reason)


def answer(rows: dict[str, dict[str, int]] | None = None, known: int = 0) -> Committed:
    return Committed(((ONE, 0),) * known, rows or {}, committed_us=11 * S)


def test_the_summary_adds_up() -> None:
    account = Account([make_device(ONE), make_device(TWO, period_us=5 * S)])
    first = [sample(10), sample(11, status=Status.FAILED, reason="timeout")]
    account.committed([batch_of(first)], answer({"a": {"bank": 1}}))
    account.committed([batch_of([sample(10, TWO)])], answer({"b": {"bank": 2, "rack": 8}}, known=1))
    assert account.summary(10 * S, 12 * S, True, "here") == {
        "simulated": True,
        "database": "here",
        "duration_s": 2.0,
        "sites": {
            "a": {
                "devices": {"one": {"expected": 2, "stored": 1, "partial": 0, "failed": 1, "reasons": {"timeout": 1}}},
                "rows": {"bank": 1},
                "latency_ms": {"p50": 0.0, "p99": pytest.approx(1000, rel=0.01)},
            },
            "b": {
                "devices": {"two": {"expected": 1, "stored": 1, "partial": 0, "failed": 0, "reasons": {}}},
                "rows": {"bank": 2, "rack": 8},
                "latency_ms": {"p50": pytest.approx(1000, rel=0.01), "p99": pytest.approx(1000, rel=0.01)},
            },
        },
    }
    assert account.unaccounted(10 * S, 13 * S) == 1
    assert not account.complete(10 * S, 12 * S)


def test_samples_that_there_was_no_time_for_are_counted_once_they_are_stored() -> None:
    account, batches = Account([make_device(ONE)]), [batch_of([sample(10), sample(11)])]
    refused = {(ONE, 10 * S): Status.FAILED}
    account.committed(batches, replace(answer(), demoted=refused, left=((ONE, 11 * S),)))
    assert account.devices[ONE].by_status == {Status.FAILED: 1}
    account.committed(batches, answer())
    assert account.devices[ONE].by_status == {Status.FAILED: 1, Status.STORED: 1}


def test_a_run_without_a_jump_of_the_clock_names_none() -> None:
    account = Account([make_device(ONE)], first_us=10 * S)
    account.committed([batch_of([sample(10), sample(11)])], answer())
    account.end(12 * S)
    assert dict(account.devices[ONE].reasons) == {}


def test_latencies_are_exact_to_a_percent() -> None:
    latency = Latency()
    latency.add(1000 * np.arange(1, 1001))
    for percent in (1, 50, 99):
        assert latency.percentile_ms(percent) == pytest.approx(10 * percent, rel=0.011)


def test_a_tick_is_new_once_in_whatever_order_ticks_come() -> None:
    order = [*range(5), *range(20, 30), 19, 7, 6, 5, 40, 8, *range(9, 19)]
    ticks = Ticks()
    assert all(ticks.add(one) for one in order)
    assert not any(ticks.add(one) for one in order)
    assert ticks._ranges == [[0, 30], [40, 41]]


def test_a_sample_that_is_offered_twice_is_counted_once() -> None:
    account = Account([make_device(ONE)], first_us=10 * S)
    for _ in range(2):
        account.committed([batch_of([sample(11), sample(10), sample(9000)])], answer())
    assert account.devices[ONE].by_status == {Status.STORED: 3}


def test_what_a_run_has_no_sample_of_is_counted_with_its_reason() -> None:
    account = Account([make_device(ONE)], first_us=10 * S)
    account.committed([batch_of([sample(9), sample(10)]), batch_of([sample(10, TWO)])], answer())
    assert account.recovered == 2  # of an earlier run, and of a device that is no longer configured
    account.events([Event(ONE, 12 * S, EventKind.CLOCK_FORWARD, 15 * S)])
    account.collector_down(10 * S, 20 * S)
    device = account.devices[ONE]
    assert (device.by_status[Status.STORED], device.by_status[Status.FAILED]) == (1, 9)
    assert device.reasons == {"clock": 3, "collector down": 6}
    assert account.unaccounted(10 * S, 20 * S) == 0


JUMP = Event(ONE, 12 * S, EventKind.CLOCK_FORWARD, 15 * S)


@pytest.mark.parametrize(
    ("events", "samples", "reasons", "lost_s"),
    [
        ([Event(ONE, -300 * S, EventKind.CLOCK_FORWARD, 9 * S)], 0, {}, None),  # of an earlier run, in the journal
        ([Event(ONE, -300 * S, EventKind.CLOCK_FORWARD, 13 * S)], 0, {"clock": 3}, None),  # the run began within it
        ([Event(ONE, 18 * S, EventKind.CLOCK_FORWARD, 900 * S)], 0, {"clock": 2}, None),  # it ended within it
        ([JUMP, JUMP], 0, {"clock": 3}, None),  # its poller was killed
        ([JUMP, Event(ONE, 14 * S, EventKind.CLOCK_FORWARD, 16 * S)], 0, {"clock": 4}, None),
        ([JUMP], 10, {}, None),  # the clock was set back, and all were read
        ([Event(ONE, 9 * S, EventKind.DEVICE_LOST)], 0, {}, None),
        ([Event(ONE, 12 * S, EventKind.DEVICE_BACK), Event(ONE, 11 * S, EventKind.DEVICE_LOST)], 0, {}, None),
        ([Event(ONE, 12 * S, EventKind.DEVICE_LOST), Event(ONE, 11 * S, EventKind.DEVICE_BACK)], 0, {}, 12),
    ],
)
def test_no_tick_is_counted_twice_nor_one_of_another_run(
    events: list[Event], samples: int, reasons: dict[str, int], lost_s: int | None
) -> None:
    account = Account([make_device(ONE)], first_us=10 * S)
    account.events(events)
    if samples:
        account.committed([batch_of([sample(second) for second in range(10, 10 + samples)])], answer())
    account.end(20 * S)
    account.collector_down(10 * S, 20 * S)
    device = account.devices[ONE]
    assert {reason: n for reason, n in device.reasons.items() if n and reason != "collector down"} == reasons
    assert device.by_status.total() == device.expected(10 * S, 20 * S) == 10
    assert device.lost_us == (None if lost_s is None else lost_s * S)


def test_rows_of_a_commit_whose_answer_was_lost_are_counted_once() -> None:
    account = Account([make_device(ONE)], first_us=10 * S)
    rows = {(ONE, second * S): {"bank": 2} for second in (9, 10)}
    for _ in range(2):
        result = Committed(tuple(rows), {"a": {"bank": 0}}, committed_us=11 * S, duplicate_rows=rows)
        account.committed([batch_of([sample(9), sample(10)])], result)
    assert account.rows == {"a": {"bank": 2}}  # those of the tick before the run are of another run


def test_a_device_that_changes_comes_and_goes_is_expected_in_its_time_only() -> None:
    account = Account([make_device(ONE), make_device(TWO)], first_us=10 * S)
    for device, settings in ((ONE, make_device(ONE, period_us=5 * S)), (TWO, None), (NEW, make_device(NEW))):
        account.change(device, settings, 20 * S)
    account.committed([batch_of([sample(19), sample(20), sample(20)])], answer())
    expected = {device.device: books.expected(10 * S, 30 * S) for device, books in account.devices.items()}
    assert expected == {"one": 10 + 2, "two": 10, "new": 10}
    assert account.devices[ONE].by_status.total() == 2
    assert [device.device for device, books in account.devices.items() if books.gone] == ["two"]
    account.change(TWO, make_device(TWO), 25 * S)
    assert account.devices[TWO].expected(10 * S, 30 * S) == 15
