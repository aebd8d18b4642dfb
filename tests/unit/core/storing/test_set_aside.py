"""What is refused for good stops nobody else, and is stored once it is accepted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from ess_ray.core.batch import FAILED_LAYOUT, NO_LAYOUT, Group, Packed, pack_samples, unpack
from ess_ray.core.samples import Device, Event, EventKind, Sample, Status
from ess_ray.core.storing.conduct import Conductor
from ess_ray.core.storing.held_samples import MOST_EVENTS_HELD, MOST_HELD, SMALL
from ess_ray.core.storing.set_aside import MOST_IN_A_ROW, TRIAL_EVERY_S
from ess_ray.core.storing.shipment import Shipment
from ess_ray.core.storing.taking import INDEX_BITS, Taken

GOOD, BAD = "good", "bad"


def packed(layout: str, *seconds: int, failed: tuple[int, ...] = ()) -> Packed:
    return pack_samples(layout, [
        Sample(Device("a", layout), layout, second, Status.FAILED, "timeout", (), None, 1.0, 1, 0, b"")
        if second in failed
        else Sample(Device("a", layout), layout, second, Status.STORED, None, (), None, 1.0, 1, 0, b"image")
        for second in seconds
    ])  # fmt: skip


@dataclass
class Run:
    """Pollers with journals of one batch a number, a database that refuses what `refuses` says, and the conductor."""

    pollers: int = 2
    refuses: Callable[[Packed], bool] = lambda batch: batch.layout == BAD
    now_s: float = 0.0
    journals: list[dict[int, Packed]] = field(default_factory=list)
    taken: list[set[int]] = field(default_factory=list)
    stored: list[tuple[str, int]] = field(default_factory=list)  # layout and tick
    tried: int = 0
    last: int = 0  # number of a batch

    def __post_init__(self) -> None:
        self.conductor = Conductor(self.pollers)
        self.journals = [{} for _ in range(self.pollers)]
        self.taken = [set() for _ in range(self.pollers)]

    def poll(self, poller: int, batch: Packed) -> None:
        self.last += 1
        self.journals[poller][self.last] = batch

    def round(self) -> None:
        """Pull, then write until nothing more goes."""
        for poller, (journal, taken) in enumerate(zip(self.journals, self.taken, strict=True)):
            if self.conductor.take_to_offer_again(poller):
                taken.clear()
                continue
            for number in self.conductor.acknowledgements(poller):
                journal.pop(number >> INDEX_BITS, None)
            pulled, (room, _) = Taken(), self.conductor.room(poller)
            for number, batch in journal.items():
                if number not in taken and pulled.samples < room:
                    pulled.add(number, Group([batch], []), self.conductor.not_to_pull(poller))
                    taken.add(number)  # also if it is passed over
            self.conductor.passed_over(poller, pulled.layouts_passed_over)
            self.conductor.pulled(poller, pulled.numbers, pulled.batches, fresh=len(pulled.batches))
        while shipment := self.conductor.next_shipment(now_s=self.now_s):
            self.write(shipment)

    def write(self, shipment: Shipment) -> None:
        self.tried += 1
        if any(map(self.refuses, shipment.batches)):
            self.conductor.refused(shipment, self.now_s)
            return
        for batch in shipment.batches:
            ticks_us = unpack(batch.data).headers["tick_us"].tolist()
            self.stored += [(batch.layout, tick_us) for tick_us in ticks_us]
        self.conductor.committed(shipment)

    def stored_of(self, layout: str) -> list[int]:
        return sorted({tick for of, tick in self.stored if of == layout})


def test_a_layout_that_is_refused_for_good_leaves_all_others_their_room() -> None:
    run = Run()
    for second in range(2 * MOST_HELD // 100):
        run.poll(0, packed(GOOD, second))
        run.poll(1, packed(BAD, *range(100 * second, 100 * second + 100)))
        run.round()
    assert run.stored_of(GOOD) == list(range(2 * MOST_HELD // 100))
    assert run.conductor.set_aside == {BAD}
    assert run.conductor.room(0) == (MOST_HELD // 2, MOST_HELD // 4)  # nothing of the other is held


def test_a_layout_that_is_set_aside_is_tried_once_a_minute_and_stored_once_it_is_accepted() -> None:
    run = Run()
    for second in range(200):
        run.poll(1, packed(BAD, second))
        run.round()
        run.now_s += 1
    assert run.tried == MOST_IN_A_ROW + 200 // TRIAL_EVERY_S
    run.refuses = lambda _: False
    run.now_s += TRIAL_EVERY_S
    for _ in range(10):
        run.round()
    assert run.stored_of(BAD) == list(range(200))
    assert not run.conductor.set_aside
    run.round()
    assert run.journals[1] == {}


def test_one_layout_that_is_accepted_again_has_the_others_tried_at_once() -> None:
    run = Run(refuses=lambda _: True)
    for poller, layout in enumerate((GOOD, BAD)):
        for second in range(MOST_IN_A_ROW):
            run.poll(poller, packed(layout, second))
            run.round()
            run.now_s += 10
    assert run.conductor.set_aside == {GOOD, BAD}
    run.refuses = lambda _: False
    run.now_s = 21 + TRIAL_EVERY_S  # that of the first is due, that of the second not
    for _ in range(10):
        run.round()
    assert (run.stored_of(GOOD), run.stored_of(BAD)) == ([0, 1, 2], [0, 1, 2])


def test_a_batch_that_is_refused_does_not_set_its_layout_aside() -> None:
    run = Run(refuses=lambda batch: batch.first_us == 3)
    for second in range(100):
        run.poll(0, packed(GOOD, second))
        run.round()
        run.now_s += 1
    assert run.stored_of(GOOD) == [second for second in range(100) if second != 3]
    assert not run.conductor.set_aside
    run.refuses = lambda _: False
    run.now_s += TRIAL_EVERY_S
    for _ in range(10):
        run.round()
    assert run.stored_of(GOOD) == list(range(100))


def test_a_batch_that_is_refused_again_and_again_does_not_set_aside_what_others_poll_later() -> None:
    run = Run(refuses=lambda batch: batch.first_us == 0)
    for minute in range(20):
        if minute in (0, 10):
            run.poll(minute // 10, packed(BAD, minute))
        run.round()
        run.now_s += TRIAL_EVERY_S
    assert run.stored_of(BAD) == [10]


def test_damaged_batches_of_a_poller_that_gives_no_more_do_not_stop_what_others_poll() -> None:
    run = Run(pollers=3, refuses=lambda batch: batch.first_us < MOST_IN_A_ROW)
    for second in range(MOST_IN_A_ROW):
        run.poll(1, packed(GOOD, second))
        run.round()
    assert run.conductor.set_aside
    for second in range(MOST_IN_A_ROW, MOST_IN_A_ROW + 10):
        run.now_s += TRIAL_EVERY_S + 1
        run.poll(2, packed(GOOD, second))
        run.round()
    assert run.stored_of(GOOD) == list(range(MOST_IN_A_ROW, MOST_IN_A_ROW + 10))


def test_failed_samples_of_a_layout_that_is_set_aside_are_stored_without_it() -> None:
    run = Run()
    for second in range(10):
        run.poll(0, packed(BAD, second, 100 + second, failed=(100 + second,)))
        run.poll(1, packed(BAD, second, 100 + second, failed=(second, 100 + second)))
        run.round()
    assert run.stored_of(FAILED_LAYOUT) == [*range(10), *range(100, 110)]
    run.round()
    assert (len(run.journals[0]), run.journals[1]) == (10, {})  # those with values wait


def test_a_batch_is_acknowledged_only_once_its_failed_samples_are_stored_too() -> None:
    run = Run(pollers=1, refuses=lambda batch: batch.first_us == 1 or batch.layout == FAILED_LAYOUT)
    run.poll(0, packed(BAD, 1, 2, failed=(2,)))  # refused: from now on its layout goes batch by batch
    run.round()
    run.poll(0, packed(BAD, 3, 4, failed=(4,)))
    run.round()
    run.round()
    assert (run.stored_of(BAD), len(run.journals[0])) == ([3, 4], 1)
    run.refuses = lambda batch: batch.layout == FAILED_LAYOUT
    run.now_s += TRIAL_EVERY_S
    run.round()
    run.round()
    assert (run.stored_of(BAD), run.journals) == ([1, 2, 3, 4], [{}])


def test_events_that_are_refused_stop_no_samples_and_take_no_more_than_their_room() -> None:
    run, event = Run(), Event(Device("a", GOOD), 1, EventKind.DEVICE_LOST)
    for number in range(2 * MOST_EVENTS_HELD):
        run.conductor.pulled_events(0, [number], [event])
    refused = 0
    while shipment := run.conductor.next_shipment():
        assert len(shipment.events) <= MOST_EVENTS_HELD
        run.conductor.refused(shipment, 0.0)
        refused += 1
    assert refused == 1 + MOST_IN_A_ROW
    assert run.conductor.not_to_pull(1) == run.conductor.set_aside == {NO_LAYOUT}
    run.poll(0, packed(GOOD, 1))
    run.round()
    assert run.stored_of(GOOD) == [1]


def test_a_layout_that_is_stuck_holds_its_part_only_even_of_pollers_that_have_others_beside_it() -> None:
    run = Run(pollers=1)
    stuck: list[Shipment] = []
    for second in range(2 * MOST_HELD // 100):
        for layout in (BAD, GOOD):
            run.poll(0, packed(layout, *range(100 * second, 100 * second + 100)))
        journal, taken = run.journals[0], run.taken[0]
        for number in [number for number in journal if number not in taken]:
            taken.add(number)
            run.conductor.pulled(0, [number << INDEX_BITS], [journal[number]], fresh=1)
        for shipment in _shipments(run.conductor):
            (run.write if shipment.layout == GOOD else stuck.append)(shipment)
    assert run.stored_of(GOOD) == list(range(2 * MOST_HELD))
    assert run.conductor.room(0)[0] > MOST_HELD // 5
    run.refuses = lambda _: False
    for shipment in stuck:
        run.write(shipment)
    for _ in range(20):
        run.round()
    assert run.stored_of(BAD) == list(range(2 * MOST_HELD))  # what was handed back too


def test_what_was_too_much_of_a_layout_is_offered_again_though_others_fill_all_room() -> None:
    conductor = Conductor(2)
    conductor.pulled(1, [1], [packed(BAD, *range(MOST_HELD))], fresh=0)
    old = packed("old", *range(SMALL))
    conductor.pulled(0, [1, 2, 3], [packed(GOOD, 1), old, packed("old", SMALL)], fresh=3)
    for shipment in _shipments(conductor):
        if shipment.layout == "old":
            conductor.committed(shipment)
    assert conductor.acknowledgements(0) == [2]
    assert conductor.take_to_offer_again(0)


def _shipments(conductor: Conductor) -> Iterator[Shipment]:
    while shipment := conductor.next_shipment():
        yield shipment


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from([GOOD, BAD]), st.booleans()), max_size=40), st.data())
def test_whatever_is_refused_meanwhile_everything_is_stored_in_the_end(
    polled: list[tuple[int, str, bool]], data: st.DataObject
) -> None:
    run = Run()
    run.refuses = lambda batch: batch.layout != FAILED_LAYOUT and data.draw(st.booleans())
    for second, (poller, layout, failed) in enumerate(polled):
        run.poll(poller, packed(layout, second, failed=(second,) if failed else ()))
        run.round()
        run.now_s += data.draw(st.sampled_from([0, 1, TRIAL_EVERY_S]))
    run.refuses = lambda _: False
    for _ in range(2 * len(polled) + 5):
        run.now_s += TRIAL_EVERY_S
        run.round()
    assert {tick for _, tick in run.stored} == set(range(len(polled)))
    assert run.journals == [{}, {}]
