"""The rules of ticks, queues, shipments and books: pure, on made-up samples."""

from __future__ import annotations

import numpy as np
import pytest

from ess_ray.core.batch import Packed, batch_of, pack_samples
from ess_ray.core.maps.plan import Plan
from ess_ray.core.polling.cadence import Cadence, first_tick_us, ticks_between
from ess_ray.core.running.account import Account, Latency, Ticks
from ess_ray.core.samples import Device, Event, Kind, Sample, Status
from ess_ray.core.settings import DeviceSettings
from ess_ray.core.storing.conduct import MOST_HELD, MOST_IN_FLIGHT, PART, Conductor, group_lines, place_lines, share
from ess_ray.core.storing.flush import Committed

S = 1_000_000
ONE, TWO, NEW = Device("a", "one"), Device("b", "two"), Device("c", "new")
LAYOUTS = {ONE: "layout1", TWO: "layout2"}


def sample(second: int, device: Device = ONE, status: Status = Status.STORED, reason: str | None = None) -> Sample:
    return Sample(device, LAYOUTS[device], second * S, status, reason, (), None, 1.0, 1, 0, b"image")


def packed(*samples: Sample) -> Packed:
    return pack_samples(samples[0].layout, samples)


def answer(rows: dict[str, dict[str, int]] | None = None, known: int = 0) -> Committed:
    return Committed(((ONE, 0),) * known, rows or {}, committed_us=11 * S)


def settings(device: Device, period_s: int = 1) -> DeviceSettings:
    return DeviceSettings(device, "map", "host", 502, 1, Plan((), 0, "layout"), "recipe", period_s * S)


# --- ticks -----------------------------------------------------------------------------------------------------------


def test_ticks_lie_on_the_absolute_grid() -> None:
    assert first_tick_us(7 * S + 1, 5 * S) == 10 * S
    assert first_tick_us(10 * S, 5 * S) == 10 * S
    assert ticks_between(7 * S, 21 * S, 5 * S) == 3  # 10, 15, 20


def test_a_cadence_gives_every_tick_of_its_window_once_and_late_ones_together() -> None:
    cadence = Cadence(S, 300_000)
    cadence.start(10 * S, 14 * S)
    assert list(cadence.due(10 * S)) == []
    assert cadence.next_due_us() == 10 * S + 300_000
    assert list(cadence.due(10 * S + 300_000)) == [10 * S]
    assert list(cadence.due(12 * S + 300_000)) == [11 * S, 12 * S]
    assert list(cadence.due(99 * S)) == [13 * S]
    assert cadence.next_due_us() is None


def test_a_stopped_cadence_ends_at_its_last_tick() -> None:
    cadence = Cadence(S, 0)
    cadence.start(0, None)
    assert list(cadence.due(2 * S)) == [0, S, 2 * S]
    cadence.stop(4 * S)
    assert list(cadence.due(9 * S)) == [3 * S]


def test_a_clock_that_jumps_ahead_passes_over_ticks_and_one_that_jumps_back_takes_none_twice() -> None:
    cadence = Cadence(S, 0)
    cadence.start(0, None)
    assert list(cadence.due(9 * S)) == [n * S for n in range(10)]
    assert cadence.jump(100 * S + 300_000) == range(10 * S, 101 * S, S)
    assert list(cadence.due(102 * S)) == [101 * S, 102 * S]
    assert cadence.jump(5 * S + 300_000) == range(6 * S, 10 * S, S)  # these were taken, 10 to 100 were not
    assert list(cadence.due(11 * S)) == [10 * S, 11 * S]
    assert cadence.jump(100 * S + 300_000) == range(12 * S, 103 * S, S)
    assert list(cadence.due(103 * S)) == [103 * S]


# --- conductor -------------------------------------------------------------------------------------------------------


def test_samples_of_one_layout_travel_together_and_are_acknowledged_to_their_pollers() -> None:
    it = Conductor(2)
    one, two, three = packed(sample(1)), packed(sample(2)), packed(sample(1, TWO))
    it.pulled(0, [7, 8], [one, two], fresh=2)
    it.pulled(1, [3], [three], fresh=1)
    first, second = it.next_shipment(), it.next_shipment()
    assert first is not None
    assert second is not None
    assert (first.layout, first.batches, len(first)) == ("layout1", (one, two), 2)
    assert second.layout == "layout2"
    assert it.acknowledgements(0) == []
    it.committed(first)
    assert (it.acknowledgements(0), it.acknowledgements(0), it.acknowledgements(1)) == ([7, 8], [], [])


def test_half_of_what_waits_is_a_shipment_but_no_small_part_of_it() -> None:
    it = Conductor(1)
    batch = packed(*[sample(n) for n in range(PART // 2)])
    it.pulled(0, range(8), [batch] * 8, fresh=8)
    sizes = []
    while shipment := it.next_shipment():
        sizes.append(len(shipment) / PART)
        it.committed(shipment)
    assert sizes == [2, 1, 1]


def test_fresh_samples_go_before_the_backlog_which_goes_beside_them() -> None:
    it = Conductor(1)
    it.pulled(0, [9, 1], [packed(sample(9)), packed(sample(1), sample(2))], fresh=1)
    it.pulled(0, [10], [packed(sample(10))], fresh=1)
    lanes = [it.next_shipment(), it.next_shipment()]
    assert [[batch.first_us // S for batch in lane.batches] for lane in lanes if lane] == [[9, 10], [1]]


def test_what_was_not_committed_goes_again_first() -> None:
    it = Conductor(1)
    it.pulled(0, [1], [packed(sample(1))], fresh=1)
    lost = it.next_shipment()
    assert lost is not None
    it.pulled(0, [2], [packed(sample(2))], fresh=1)
    it.failed(lost)
    again = it.next_shipment()
    assert again is not None
    assert [origin.number for origin in again.origins] == [1, 2]


def test_a_probe_of_a_database_that_is_away_stays_small_however_much_waits() -> None:
    it = Conductor(1)
    it.pulled(0, [1, 2, 3], [packed(sample(n)) for n in (1, 2, 3)], fresh=3)
    for _ in range(2):
        probe = it.next_shipment(most=1)
        assert probe is not None
        assert [origin.number for origin in probe.origins] == [1]
        it.failed(probe)
    whole = it.next_shipment()
    assert whole is not None
    assert [origin.number for origin in whole.origins] == [1, 2, 3]


def test_a_layout_that_fails_does_not_hold_up_the_others() -> None:
    it = Conductor(1)
    it.pulled(0, [1, 2], [packed(sample(1)), packed(sample(1, TWO))], fresh=2)
    failing = it.next_shipment()
    assert failing is not None
    it.failed(failing)
    following = it.next_shipment()
    assert following is not None
    assert (failing.layout, following.layout) == ("layout1", "layout2")


def test_what_is_held_and_what_is_in_flight_are_bounded_and_fresh_samples_keep_half_of_it() -> None:
    it = Conductor(2)
    assert it.room() == (MOST_HELD // 2, MOST_HELD // 4)
    for number in range(MOST_IN_FLIGHT + 1):
        it.pulled(0, [number], [packed(sample(number))], fresh=1)
        it.next_shipment()
    assert it.next_shipment() is None
    it.pulled(0, [9], [packed(*[sample(n) for n in range(MOST_HELD // 2)])], fresh=0)
    assert it.room() == ((MOST_HELD // 2 - MOST_IN_FLIGHT - 1) // 2, 0)


def test_numbers_of_a_poller_that_died_are_forgotten() -> None:
    it = Conductor(1)
    it.pulled(0, [5], [packed(sample(1))], fresh=1)
    shipment = it.next_shipment()
    assert shipment is not None
    it.restarted(0)
    it.committed(shipment)
    assert it.acknowledgements(0) == []


def test_events_travel_together_and_are_acknowledged_too() -> None:
    it = Conductor(1)
    events = [Event(ONE, S, Kind.DEVICE_LOST), Event(ONE, 2 * S, Kind.DEVICE_BACK)]
    it.pulled_events(0, [4, 5], events)
    shipment = it.next_shipment()
    assert shipment is not None
    it.failed(shipment)
    shipment = it.next_shipment()
    assert shipment is not None
    assert shipment.events == tuple(events)
    it.committed(shipment)
    assert it.acknowledgements(0) == [4, 5]


def test_a_run_is_drained_when_everything_is_committed_and_acknowledged() -> None:
    it = Conductor(1)
    it.pulled(0, [1], [packed(sample(1))], fresh=1)
    it.state(0, waiting=1, busy=False, settled_us=0)
    shipment = it.next_shipment()
    assert shipment is not None
    it.committed(shipment)
    it.state(0, waiting=0, busy=False, settled_us=0)
    assert not it.drained  # the acknowledgement is still here
    it.acknowledgements(0)
    assert it.drained


def test_a_site_is_settled_up_to_its_slowest_poller_and_not_at_all_while_one_is_dead() -> None:
    it = Conductor(3)
    for poller, settled_us in enumerate((30, 10, 20)):
        it.state(poller, waiting=1, busy=True, settled_us=settled_us)
    assert it.settled_us([0, 2]) == 20
    assert it.settled_us([0, 1, 2]) == 10
    it.restarted(2)
    assert it.settled_us([0, 2]) == 0


@pytest.mark.parametrize(
    ("lines", "per_actor", "cores", "groups"),
    [
        ([1, 1, 1, 1], None, 2, [[0], [1], [2], [3]]),
        ([1] * 1000, None, 2, [list(range(500)), list(range(500, 1000))]),
        ([1, 1, 1], 2, 2, [[0, 1], [2]]),
        ([3, 1, 1], 2, 2, [[0], [1, 2]]),  # a line is never split
    ],
)
def test_devices_have_an_actor_each_until_that_costs_too_much(
    lines: list[int], per_actor: int | None, cores: int, groups: list[list[int]]
) -> None:
    assert group_lines(lines, per_actor or share(lines, cores)) == groups


# --- books -----------------------------------------------------------------------------------------------------------


def test_the_summary_adds_up() -> None:
    account = Account([settings(ONE), settings(TWO, 5)])
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
    account = Account([settings(ONE)], first_us=10 * S)
    for _ in range(2):
        account.committed([batch_of([sample(11), sample(10), sample(9000)])], answer())
    assert account.devices[ONE].by_status == {Status.STORED: 3}


def test_what_a_run_has_no_sample_of_is_counted_with_its_reason() -> None:
    account = Account([settings(ONE)], first_us=10 * S)
    account.committed([batch_of([sample(9), sample(10)]), batch_of([sample(10, TWO)])], answer())
    assert account.recovered == 2  # of an earlier run, and of a device that is no longer configured
    account.events([Event(ONE, 12 * S, Kind.CLOCK_FORWARD, 15 * S)])
    account.collector_down(10 * S, 20 * S)
    device = account.devices[ONE]
    assert (device.by_status[Status.STORED], device.by_status[Status.FAILED]) == (1, 9)
    assert device.reasons == {"clock": 3, "collector down": 6}
    assert account.unaccounted(10 * S, 20 * S) == 0


def test_a_device_that_changes_comes_and_goes_is_expected_in_its_time_only() -> None:
    account = Account([settings(ONE), settings(TWO)], first_us=10 * S)
    account.change([settings(ONE, 5), settings(NEW)], 20 * S)
    account.committed([batch_of([sample(19), sample(20), sample(20)])], answer())
    expected = {device.device: books.expected(10 * S, 30 * S) for device, books in account.devices.items()}
    assert expected == {"one": 10 + 2, "two": 10, "new": 10}
    assert account.devices[ONE].by_status.total() == 2
    assert [device.device for device, books in account.devices.items() if books.gone] == ["two"]
    account.change([settings(ONE, 5), settings(NEW), settings(TWO)], 25 * S)
    assert account.devices[TWO].expected(10 * S, 30 * S) == 15


@pytest.mark.parametrize(
    ("pollers", "lines", "per_actor", "placed"),
    [
        ([["a"], ["b"]], {"a": 1, "b": 1, "c": 1}, 1, [["a"], ["b"], ["c"]]),  # one device an actor
        ([["a"], ["b"]], {"b": 1, "c": 1}, 1, [["c"], ["b"]]),  # an idle poller is used again
        ([["a"], ["b"]], {"b": 1}, 1, [[], ["b"]]),
        ([["a", "b"], ["c"]], {"a": 1, "b": 1, "c": 1, "d": 1}, 4, [["a", "b"], ["c", "d"]]),  # the emptiest
        ([["a", "b"]], {"a": 1, "b": 1, "c": 2}, 3, [["a", "b"], ["c"]]),  # a line is never split
    ],
)
def test_a_line_stays_with_its_poller_and_a_new_one_goes_where_there_is_room(
    pollers: list[list[str]], lines: dict[str, int], per_actor: int, placed: list[list[str]]
) -> None:
    assert place_lines(pollers, lines, per_actor) == placed
