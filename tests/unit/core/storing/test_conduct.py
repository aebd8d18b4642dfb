"""Pulled samples go to the database in shipments, and their acknowledgements back: the conductor's rules."""

from __future__ import annotations

from ess_ray.core.batch import Packed, pack_samples
from ess_ray.core.samples import Device, Event, EventKind, Sample, Status
from ess_ray.core.storing.conduct import MOST_IN_FLIGHT, PART, Conductor
from ess_ray.core.storing.held_samples import MOST_HELD
from ess_ray.core.storing.shipment import Lane

S = 1_000_000
ONE, TWO = Device("a", "one"), Device("b", "two")
LAYOUTS = {ONE: "layout1", TWO: "layout2"}


def sample(second: int, device: Device = ONE) -> Sample:
    return Sample(device, LAYOUTS[device], second * S, Status.STORED, None, (), None, 1.0, 1, 0, b"image")


def packed(*samples: Sample) -> Packed:
    return pack_samples(samples[0].layout, samples)


def test_samples_of_one_layout_travel_together_and_are_acknowledged_to_their_pollers() -> None:
    conductor = Conductor(2)
    one, two, three = packed(sample(1)), packed(sample(2)), packed(sample(1, TWO))
    conductor.pulled(0, [7, 8], [one, two], fresh=2)
    conductor.pulled(1, [3], [three], fresh=1)
    first, second = conductor.next_shipment(), conductor.next_shipment()
    assert first is not None
    assert second is not None
    assert (first.layout, first.batches, len(first)) == ("layout1", (one, two), 2)
    assert second.layout == "layout2"
    assert conductor.acknowledgements(0) == []
    conductor.committed(first)
    assert [conductor.acknowledgements(poller) for poller in (0, 0, 1)] == [[7, 8], [], []]


def test_half_of_what_waits_is_a_shipment_but_no_small_part_of_it() -> None:
    conductor = Conductor(1)
    batch = packed(*[sample(n) for n in range(PART // 2)])
    conductor.pulled(0, range(8), [batch] * 8, fresh=8)
    sizes = []
    while shipment := conductor.next_shipment():
        sizes.append(len(shipment) / PART)
        conductor.committed(shipment)
    assert sizes == [2, 1, 1]


def test_fresh_samples_go_before_the_backlog_which_goes_beside_them() -> None:
    conductor = Conductor(1)
    conductor.pulled(0, [9, 1], [packed(sample(9)), packed(sample(1), sample(2))], fresh=1)
    conductor.pulled(0, [10], [packed(sample(10))], fresh=1)
    shipments = [conductor.next_shipment(), conductor.next_shipment()]
    assert [(s.lane, [batch.first_us // S for batch in s.batches]) for s in shipments if s] == [
        (Lane.FRESH, [9, 10]),
        (Lane.BACKLOG, [1]),
    ]


def test_what_was_not_committed_goes_again_first() -> None:
    conductor = Conductor(1)
    conductor.pulled(0, [1], [packed(sample(1))], fresh=1)
    lost = conductor.next_shipment()
    assert lost is not None
    conductor.pulled(0, [2], [packed(sample(2))], fresh=1)
    conductor.failed(lost)
    again = conductor.next_shipment()
    assert again is not None
    assert [origin.number for origin in again.origins] == [1, 2]


def test_a_probe_of_a_database_that_is_away_stays_small_however_much_waits() -> None:
    conductor = Conductor(1)
    conductor.pulled(0, [1, 2, 3], [packed(sample(n)) for n in (1, 2, 3)], fresh=3)
    for _ in range(2):
        probe = conductor.next_shipment(most=1)
        assert probe is not None
        assert [origin.number for origin in probe.origins] == [1]
        conductor.failed(probe)
    shipment = conductor.next_shipment()
    assert shipment is not None
    assert [origin.number for origin in shipment.origins] == [1, 2, 3]


def test_a_layout_that_fails_does_not_hold_up_the_others() -> None:
    conductor = Conductor(1)
    conductor.pulled(0, [1, 2], [packed(sample(1)), packed(sample(1, TWO))], fresh=2)
    failing = conductor.next_shipment()
    assert failing is not None
    conductor.failed(failing)
    following = conductor.next_shipment()
    assert following is not None
    assert (failing.layout, following.layout) == ("layout1", "layout2")


def test_what_is_held_and_what_is_in_flight_are_bounded_and_fresh_samples_keep_half_of_it() -> None:
    conductor = Conductor(2)
    assert conductor.room(0) == (MOST_HELD // 2, MOST_HELD // 4)
    for number in range(MOST_IN_FLIGHT[Lane.FRESH] + 1):
        conductor.pulled(0, [number], [packed(sample(number))], fresh=1)
        conductor.next_shipment()
    assert conductor.next_shipment() is None
    conductor.pulled(0, [9], [packed(*[sample(n) for n in range(MOST_HELD // 2)])], fresh=0)
    assert conductor.room(0) == ((MOST_HELD // 2 - 2 * (MOST_IN_FLIGHT[Lane.FRESH] + 1)) // 2, 0)


def test_numbers_of_a_poller_that_died_are_forgotten() -> None:
    conductor = Conductor(1)
    conductor.pulled(0, [5], [packed(sample(1))], fresh=1)
    shipment = conductor.next_shipment()
    assert shipment is not None
    conductor.restarted(0)
    conductor.committed(shipment)
    assert conductor.acknowledgements(0) == []


def test_events_travel_together_and_are_acknowledged_too() -> None:
    conductor = Conductor(1)
    events = [Event(ONE, S, EventKind.DEVICE_LOST), Event(ONE, 2 * S, EventKind.DEVICE_BACK)]
    conductor.pulled_events(0, [4, 5], events)
    shipment = conductor.next_shipment()
    assert shipment is not None
    conductor.failed(shipment)
    shipment = conductor.next_shipment()
    assert shipment is not None
    assert shipment.events == tuple(events)
    conductor.committed(shipment)
    assert conductor.acknowledgements(0) == [4, 5]


def test_a_run_is_drained_when_everything_is_committed_and_acknowledged() -> None:
    conductor = Conductor(1)
    conductor.pulled(0, [1], [packed(sample(1))], fresh=1)
    conductor.reported(0, waiting=1, busy=False, watermark_us=0)
    shipment = conductor.next_shipment()
    assert shipment is not None
    conductor.committed(shipment)
    conductor.reported(0, waiting=0, busy=False, watermark_us=0)
    assert not conductor.drained  # the acknowledgement is still here
    conductor.acknowledgements(0)
    assert conductor.drained


def test_the_watermark_of_a_site_is_its_slowest_poller_s_and_none_while_one_is_dead() -> None:
    conductor = Conductor(3)
    for poller, watermark_us in enumerate((30, 10, 20)):
        conductor.reported(poller, waiting=1, busy=True, watermark_us=watermark_us)
    assert conductor.watermark_us([0, 2]) == 20
    assert conductor.watermark_us([0, 1, 2]) == 10
    conductor.restarted(2)
    assert conductor.watermark_us([0, 2]) == 0
