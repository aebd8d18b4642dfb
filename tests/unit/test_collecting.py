"""The rules of ticks, queues, shipments and books: pure, on made-up samples."""

from __future__ import annotations

import pytest

from ess_ray.core.account import Account, Latency
from ess_ray.core.cadence import Cadence, first_tick_us, shared_tick_us, ticks_between
from ess_ray.core.conduct import MOST_HELD, MOST_IN_FLIGHT, Conductor, group_lines
from ess_ray.core.outbox import HEAD_BYTES, MemoryOutbox
from ess_ray.core.plan import Plan
from ess_ray.core.samples import Device, Sample, Status
from ess_ray.core.settings import DeviceSettings

S = 1_000_000
ONE, TWO = Device("a", "one"), Device("b", "two")
LAYOUTS = {ONE: "layout1", TWO: "layout2"}


def sample(second: int, device: Device = ONE, status: Status = Status.STORED, reason: str | None = None) -> Sample:
    return Sample(device, LAYOUTS[device], second * S, status, reason, (), None, 1.0, 1, 0, b"image")


def settings(device: Device, period_s: int = 1) -> DeviceSettings:
    return DeviceSettings(device, "map", "host", 502, 1, Plan((), 0, "layout"), "recipe", period_s * S)


# --- ticks -----------------------------------------------------------------------------------------------------------


def test_ticks_lie_on_the_absolute_grid() -> None:
    assert first_tick_us(7 * S + 1, 5 * S) == 10 * S
    assert first_tick_us(10 * S, 5 * S) == 10 * S
    assert shared_tick_us(7 * S, [S, 2 * S, 5 * S]) == 10 * S
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


# --- outbox ----------------------------------------------------------------------------------------------------------


def test_a_sample_stays_in_the_outbox_until_it_is_acknowledged() -> None:
    outbox = MemoryOutbox(1 << 20)
    for second in range(3):
        outbox.put(sample(second))
    taken = outbox.take(2)
    assert [one.tick_us for _, one in taken] == [0, S]
    assert len(outbox) == 3
    outbox.acknowledge([number for number, _ in taken])
    assert len(outbox) == 1
    assert [one.tick_us for _, one in outbox.take(9)] == [2 * S]


def test_a_full_outbox_gives_up_the_oldest_values_and_says_so() -> None:
    outbox = MemoryOutbox(4 * HEAD_BYTES + 2 * len(b"image"))
    for second in range(4):
        outbox.put(sample(second))
    assert [(one.status, one.reason) for _, one in outbox.take(9)] == [
        (Status.FAILED, "journal_full"),
        (Status.FAILED, "journal_full"),
        (Status.STORED, None),
        (Status.STORED, None),
    ]
    assert outbox.overflowed == 2


def test_an_outbox_stays_within_its_bound_even_without_values_to_give_up() -> None:
    outbox = MemoryOutbox(3 * HEAD_BYTES)
    for second in range(10):
        outbox.put(sample(second))
    assert [one.tick_us // S for _, one in outbox.take(99)] == [7, 8, 9]


# --- conductor -------------------------------------------------------------------------------------------------------


def conductor() -> Conductor:
    return Conductor(2)


def test_samples_of_one_layout_travel_together_and_are_acknowledged_to_their_pollers() -> None:
    it = conductor()
    it.pulled(0, [7, 8], [sample(1), sample(2)], waiting=2, busy=False)
    it.pulled(1, [3], [sample(1, TWO)], waiting=1, busy=False)
    first, second = it.next_shipment(), it.next_shipment()
    assert first is not None
    assert second is not None
    assert (first.layout, first.samples) == ("layout1", [sample(1), sample(2)])
    assert second.layout == "layout2"
    assert it.acknowledgements(0) == []
    it.committed(first)
    assert (it.acknowledgements(0), it.acknowledgements(0), it.acknowledgements(1)) == ([7, 8], [], [])


def test_what_was_not_committed_goes_again_first() -> None:
    it = conductor()
    it.pulled(0, [1], [sample(1)], waiting=1, busy=True)
    lost = it.next_shipment()
    assert lost is not None
    it.pulled(0, [2], [sample(2)], waiting=2, busy=True)
    it.failed(lost)
    again = it.next_shipment()
    assert again is not None
    assert [held.number for held in again.held] == [1, 2]


def test_what_is_held_and_what_is_in_flight_are_bounded() -> None:
    it = conductor()
    for number in range(MOST_IN_FLIGHT + 1):
        it.pulled(0, [number], [sample(number)], waiting=1, busy=True)
        it.next_shipment()
    assert it.next_shipment() is None
    assert it.room() == MOST_HELD - MOST_IN_FLIGHT - 1


def test_numbers_of_a_poller_that_died_are_forgotten() -> None:
    it = conductor()
    it.pulled(0, [5], [sample(1)], waiting=1, busy=True)
    shipment = it.next_shipment()
    assert shipment is not None
    it.restarted(0)
    it.committed(shipment)
    assert it.acknowledgements(0) == []


def test_a_run_is_drained_when_everything_is_committed_and_acknowledged() -> None:
    it = conductor()
    it.pulled(1, [], [], waiting=0, busy=False)
    it.pulled(0, [1], [sample(1)], waiting=1, busy=False)
    shipment = it.next_shipment()
    assert shipment is not None
    it.committed(shipment)
    assert not it.drained
    it.pulled(0, [], [], waiting=0, busy=False)
    assert not it.drained  # the acknowledgement is still here
    it.acknowledgements(0)
    it.pulled(0, [], [], waiting=0, busy=False)
    assert it.drained


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
    assert group_lines(lines, per_actor, cores) == groups


# --- books -----------------------------------------------------------------------------------------------------------


def test_the_summary_adds_up() -> None:
    account = Account([settings(ONE), settings(TWO, 5)])
    account.committed([sample(10), sample(11, status=Status.FAILED, reason="timeout")], {"a": {"bank": 1}}, 0, 11 * S)
    account.committed([sample(10, TWO)], {"b": {"bank": 2, "rack": 8}}, 1, 11 * S)
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
    for ms in range(1, 1001):
        latency.add(ms * 1000)
    for percent in (1, 50, 99):
        assert latency.percentile_ms(percent) == pytest.approx(10 * percent, rel=0.011)
