"""In whatever order things happen, a journal's groups are neither lost nor handed out twice. No disk takes part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ess_ray.core.batch import make_group, pack_group
from ess_ray.core.samples import Device, Event, EventKind, Sample, Status
from ess_ray.core.storing import groups as groups_module
from ess_ray.core.storing.groups import Groups
from ess_ray.core.storing.stored import StoredGroup
from ess_ray.core.storing.taking import INDEX_BITS, UNNUMBERED, Taken

DEVICE = Device("site", "gateway")
ALL = 1 << 20


@dataclass
class Queue:
    """Groups with a file that is a dict, and somebody who takes and acknowledges."""

    groups: Groups = field(default_factory=lambda: Groups(0, 0, 0))
    file: dict[int, StoredGroup] = field(default_factory=dict)
    put: int = 0  # groups; each has two batches of a sample and an event
    set_aside: frozenset[str] = frozenset()  # layouts
    held: dict[int, int] = field(default_factory=dict)  # group by number of a part taken and not acknowledged
    acknowledged: set[int] = field(default_factory=set)  # numbers of parts
    commit: tuple[list[StoredGroup], list[int]] | None = None  # at work: what it writes and deletes

    def put_group(self) -> None:
        self.put += 1
        second = self.put * 1_000_000
        samples = [Sample(DEVICE, layout, second, Status.STORED, None, (), None, 1, 1, 0, b"x") for layout in "ab"]
        group = make_group([*samples, Event(DEVICE, second, EventKind.DEVICE_LOST)])
        self.groups.add(group, pack_group(group), second)

    def begin_commit(self) -> None:
        if self.commit is None:
            written, deleted = self.groups.begin_commit()
            self.commit = list(written), list(deleted)

    def end_commit(self, kept: bool = True, answered: bool = True) -> None:
        """The commit at work has an outcome: the file has all of it or nothing, and the disk says so or errs."""
        self.begin_commit()
        assert self.commit is not None
        (written, deleted), self.commit = self.commit, None
        if kept:
            self.file |= {stored.number: stored for stored in written}
            for number in deleted:
                self.file.pop(number, None)
        if answered:
            self.groups.written()
        else:
            self.groups.not_written()
        self.groups.offer()

    def put_and_commit(self, kept: bool) -> None:
        if self.commit:
            self.end_commit()
        self.put_group()
        self.end_commit(kept, answered=kept)

    def put_and_offer(self) -> None:
        """As if the disk had not answered for long."""
        self.begin_commit()
        self.put_group()
        self.groups.offer()

    def take(self, fresh: int, backlog: int) -> Taken:
        taken = Taken()
        self.groups.take_fresh(fresh, taken, self.set_aside)
        most = taken.looked_at + backlog
        while taken.looked_at < most and self.groups.has_backlog:
            span = self.groups.backlog()
            read = [self.file[number] for number in sorted(self.file) if span.after < number <= span.end]
            assert not self.groups.take_stored(span, read, most, taken, self.set_aside)
        assert not self.set_aside & {batch.layout for batch in taken.batches}
        parts = [*taken.numbers, *taken.event_numbers]
        assert not set(parts) & self.held.keys()  # nothing is handed out twice …
        assert not {part for part in parts if part in self.acknowledged and self._has_all(part)}
        self.held |= {part: part >> INDEX_BITS for part in parts}
        return taken

    def acknowledge(self, count: int) -> None:
        parts = list(self.held)[:count]
        self.groups.acknowledge(parts)
        self.acknowledged |= set(parts)
        for part in parts:
            del self.held[part]

    def lose(self) -> None:
        """The taken parts are lost on their way; parts of a group that were acknowledged are offered again with it."""
        self.acknowledged -= {part for part in self.acknowledged if not self._has_all(part)}
        self.held.clear()
        self.groups.offer_again()

    def store_again(self) -> None:
        """No layout is set aside any more: what was passed over is offered again, like what is lost."""
        self.set_aside = frozenset()
        self.lose()

    @property
    def done_with(self) -> int:
        """Items of groups that are acknowledged as a whole."""
        return sum(self._has_all(part) for part in self.acknowledged)

    def _has_all(self, part: int) -> bool:
        first = part >> INDEX_BITS << INDEX_BITS
        return {first, first + 1, first + 2} <= self.acknowledged


STEPS: dict[str, Callable[[Queue, int], object]] = {
    "put": lambda queue, _: queue.put_and_commit(kept=True),
    "put while the disk refuses": lambda queue, _: queue.put_and_commit(kept=False),
    "put while the disk does not answer": lambda queue, _: queue.put_and_offer(),
    "commit": lambda queue, _: queue.end_commit(),
    "the disk errs": lambda queue, _: queue.end_commit(kept=False, answered=False),
    "the disk errs, and has written all the same": lambda queue, _: queue.end_commit(kept=True, answered=False),
    "take": lambda queue, count: queue.take(count, count // 2),
    "acknowledge": lambda queue, count: queue.acknowledge(count),
    "lose": lambda queue, _: queue.lose(),
    "set aside": lambda queue, _: setattr(queue, "set_aside", frozenset("a")),
    "store again": lambda queue, _: queue.store_again(),
}


@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 12)), max_size=60))
def test_every_group_is_acknowledged_once_in_the_end(steps: list[tuple[str, int]]) -> None:
    queue = Queue()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(groups_module, "FRESH_GROUPS", 2)
        for name, count in steps:
            STEPS[name](queue, count)
            assert queue.groups.items == 3 * queue.put - queue.done_with
        queue.end_commit()
        queue.store_again()
        queue.take(ALL, ALL)
        queue.acknowledge(ALL)
        queue.end_commit()
    assert (queue.groups.items, queue.groups.withheld, queue.file, queue.held) == (0, set(), {}, {})
    assert len(queue.acknowledged) == 3 * queue.put


@pytest.mark.parametrize("lose", [False, True])
def test_a_group_that_is_taken_while_the_bounds_delete_it_is_counted_once(lose: bool) -> None:
    queue = Queue()
    queue.put_and_commit(kept=True)
    queue.lose()  # not taken yet, and backlog after that
    queue.take(ALL, ALL)
    queue.groups.lost(0, {1: 3})
    assert queue.groups.items == 3
    if lose:
        queue.lose()
    queue.acknowledge(ALL)
    assert queue.groups.items == 0


def test_what_is_set_aside_stays_in_the_file_costs_no_memory_and_its_failed_samples_are_given() -> None:
    queue = Queue(set_aside=frozenset("a"))
    good = [Sample(DEVICE, layout, 1, Status.STORED, None, (), None, 1, 1, 0, b"x") for layout in "ab"]
    failed = [Sample(DEVICE, "a", second, Status.FAILED, "timeout", (), None, 1, 1, 0, b"") for second in (2, 3)]
    for group in (make_group([*good, failed[0]]), make_group(failed), make_group(good[:1])):
        queue.groups.add(group, pack_group(group), 1)
        queue.end_commit()
    taken = queue.take(ALL, ALL)
    assert [(batch.layout, batch.samples) for batch in taken.batches] == [("failed", 1), ("b", 1), ("failed", 2)]
    assert taken.numbers == [UNNUMBERED, (1 << INDEX_BITS) + 1, 2 << INDEX_BITS]
    queue.acknowledge(ALL)
    queue.end_commit()
    assert (set(queue.file), queue.groups.withheld, queue.groups.waiting_us()) == ({1, 3}, set(), [1])
    assert queue.groups.bounds_after == 0  # the bounds of the journal hold for them too
    queue.store_again()
    assert [batch.layout for batch in queue.take(ALL, ALL).batches] == ["a", "b", "a"]
