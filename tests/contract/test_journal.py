"""The journal's promises, on real files: what was put is there after any death, until it is acknowledged."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import pytest

from ess_ray.adapters.journal import memory
from ess_ray.adapters.journal.bounds import BoundLosses, Bounds, Limits
from ess_ray.adapters.journal.file import JournalFile
from ess_ray.adapters.journal.journal import Journal
from ess_ray.adapters.journal.owner import JournalOwner
from ess_ray.core.errors import JournalBusy, JournalFailed
from ess_ray.core.samples import Event, EventKind
from ess_ray.core.storing import groups
from ess_ray.core.storing.shares import journal_shares
from ess_ray.core.storing.stored import BacklogSpan, StoredGroup
from tests.journals import (
    DEVICE,
    HERE,
    LIMITS,
    S,
    everything,
    fill,
    given,
    offered,
    opened,
    sample,
    seconds,
    take,
    wait_until,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal" / "site__gateway.journal"


@pytest.mark.parametrize(
    ("all_in", "quiet_s", "limit_s", "least_s"),
    [
        (True, 60.0, 20.0, 0.0),
        (False, 0.05, 20.0, 0.05),  # a poll is still at work, and nothing came for a moment
        (False, 60.0, 0.3, 0.3),
    ],
    ids=["all are in", "one is slow", "the limit"],
)
def test_who_waits_for_polls_gets_them_together_and_does_not_wait_for_a_slow_one(
    path: Path, monkeypatch: pytest.MonkeyPatch, all_in: bool, quiet_s: float, limit_s: float, least_s: float
) -> None:
    monkeypatch.setattr(memory, "QUIET_S", quiet_s)
    journal = opened(path)
    for second in range(3):
        journal.put(sample(second))
    begun_s = time.monotonic()
    journal.wait(limit_s, lambda: all_in)
    assert least_s <= time.monotonic() - begun_s < 10
    assert seconds(everything(journal)) == [0, 1, 2]
    journal.close()


def test_what_an_outage_has_left_does_not_wait_for_polls(path: Path) -> None:
    journal = opened(path)
    fill(journal, range(3))
    journal.close()
    journal = opened(path)
    begun_s = time.monotonic()
    journal.wait(20.0, lambda: False)
    assert time.monotonic() - begun_s < 10
    assert seconds(everything(journal)) == [0, 1, 2]
    journal.close()


def test_the_oldest_tick_that_waits_is_known_wherever_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "FRESH_GROUPS", 2)
    other = path.with_name("gone__gateway.journal")
    journal = opened(other)
    fill(journal, range(40, 42))
    journal.close()
    journal = opened(path)
    assert journal.oldest_us() is None
    fill(journal, range(50, 53))  # the first of them is in the file only
    assert journal.oldest_us() == 50 * S
    journal.acknowledge(take(journal).numbers[:2])  # fresh ones go first
    assert journal.oldest_us() == 50 * S
    journal.close()
    journal = opened(path, adopt=(other,))  # what is adopted has higher numbers than what is younger
    fill(journal, range(60, 61))
    assert journal.oldest_us() == 40 * S
    taken = take(journal)
    assert journal.oldest_us() == 40 * S
    journal.acknowledge(n for n, batch in zip(taken.numbers, taken.batches, strict=True) if batch.first_us < 60 * S)
    assert journal.oldest_us() == 60 * S
    journal.acknowledge(taken.numbers)
    assert journal.oldest_us() is None
    journal.close()


def test_what_was_not_acknowledged_is_there_again_after_a_restart(path: Path) -> None:
    journal = opened(path)
    fill(journal, range(4))
    taken = take(journal)
    assert (seconds(given(taken)), taken.fresh) == ([0, 1, 2, 3], 4)
    journal.acknowledge(taken.numbers[:2])
    journal.close()
    again = opened(path)
    taken = take(again)
    assert (given(taken), taken.fresh, len(again)) == ([sample(2), sample(3)], 0, 2)
    assert again.recipes == {"layout": "recipe"}
    again.acknowledge(taken.numbers)
    again.close()
    assert not path.exists()  # nothing was left in it


def test_fresh_groups_come_before_the_backlog(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "FRESH_GROUPS", 2)
    journal = opened(path)
    fill(journal, range(6))
    taken = journal.take(10, 3)
    assert (seconds(given(taken)), taken.fresh) == ([4, 5, 0, 1, 2], 2)
    assert seconds(everything(journal)) == [3]
    fill(journal, range(6, 10))  # what is handed out is not offered twice
    assert seconds(everything(journal)) == [8, 9, 6, 7]
    assert everything(journal) == []
    journal.close()


def test_events_are_kept_and_acknowledged_like_samples(path: Path) -> None:
    journal = opened(path)
    event = Event(DEVICE, 7 * S, EventKind.CLOCK_FORWARD, 9 * S, "set")
    journal.put(event)
    wait_until(lambda: offered(journal) == 1)
    journal.close()
    again = opened(path)
    taken = take(again)
    assert taken.events == [event]
    again.acknowledge(taken.event_numbers)
    assert len(again) == 0
    again.close()


def test_a_full_journal_gives_up_the_oldest_values_and_counts_them(path: Path) -> None:
    journal = opened(path, limits=Limits(20_000, 1 << 60, "normal"))
    fill(journal, range(30), image=bytes(1000))
    journal.close()
    again = opened(path)
    samples = everything(again)
    lost = [sample for sample in samples if sample.reason == "journal_full"]
    assert seconds(samples) == list(range(30))
    assert journal.values_dropped == len(lost) > 5
    assert seconds(lost) == list(range(len(lost)))  # the oldest
    assert path.stat().st_size < 100_000
    again.close()


def test_samples_too_old_lose_their_values(path: Path) -> None:
    journal = opened(path)
    fill(journal, range(3))
    journal.close()
    again = opened(path, limits=Limits(1 << 30, 0, "full"))
    fill(again, range(3, 4))
    reasons = {sample.tick_us // S: sample.reason for sample in everything(again)}
    assert reasons[0] == reasons[1] == reasons[2] == "journal_full"
    again.close()


def test_a_second_process_is_kept_out(path: Path) -> None:
    journal = opened(path)
    with pytest.raises(JournalBusy, match="in use by another collector"):
        Journal(path, HERE, LIMITS, wait_s=0.0)
    journal.close()


@pytest.mark.parametrize(
    "other", [JournalOwner("plant", "db2"), JournalOwner("simulated", "db1")], ids=["database", "source"]
)
def test_samples_drain_only_to_where_they_belong(path: Path, other: JournalOwner) -> None:
    journal = opened(path)
    fill(journal, range(3))
    journal.close()
    foreign = opened(path, owner=other)
    assert everything(foreign) == []
    (note,) = foreign.notes
    assert "renamed to" in note
    foreign.close()
    (aside,) = path.parent.glob("*.foreign-*[0-9]")
    aside.rename(path)
    back = opened(path)
    assert seconds(everything(back)) == [0, 1, 2]
    back.close()


def test_a_journal_that_was_not_opened_is_free_for_the_next(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(JournalFile, "recipes", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            Journal(path, HERE, LIMITS)
    Journal(path, HERE, LIMITS, wait_s=0.0).close()


def test_what_is_acknowledged_while_the_backlog_is_read_is_not_handed_out_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "FRESH_GROUPS", 2)
    journal = opened(path)
    fill(journal, range(2))
    first = journal.take(2, 0)
    fill(journal, range(2, 6))
    read = journal._file.read

    def read_and_acknowledged(span: BacklogSpan, samples: int, size: int) -> list[StoredGroup]:
        stored = read(span, samples, size)
        journal.acknowledge(first.numbers)
        wait_until(lambda: not journal._memory._groups.withheld & {1, 2})
        return stored

    monkeypatch.setattr(journal._file, "read", read_and_acknowledged)
    assert seconds(given(journal.take(0, 100))) == [2, 3]
    assert len(journal) == 4
    journal.close()


def test_who_lost_what_was_handed_out_is_given_it_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "FRESH_GROUPS", 2)
    journal = opened(path)
    fill(journal, range(3))
    first = journal.take(3, 0)
    fill(journal, range(3, 7))
    journal.take(1, 1)
    assert not journal.all_taken
    journal.acknowledge(first.numbers[:1])
    journal.offer_again()
    again = take(journal)
    assert journal.all_taken
    assert sorted(seconds(given(again))) == [0, *range(2, 7)]
    journal.acknowledge(again.numbers)
    assert len(journal) == 0
    journal.close()
    assert not path.exists()


def test_what_is_being_written_is_still_to_be_taken() -> None:
    waiting = memory.JournalMemory(groups.Groups(0, 0, 0))
    assert waiting.all_taken
    waiting.put(sample(1))
    waiting.add_group()
    waiting.begin_commit()
    assert not waiting.all_taken


def test_what_was_put_while_nothing_was_written_makes_groups_that_can_be_sent(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "GROUP_ITEMS", 3)
    journal = opened(path)
    with journal._memory._work:
        for second in range(10):
            journal.put(sample(second))
    wait_until(lambda: offered(journal) == 4)
    taken = take(journal)
    assert seconds(given(taken)) == list(range(10))
    assert max(packed.samples for packed in taken.batches) == 3
    journal.close()


def test_a_journal_without_a_poller_is_taken_over_and_noted(path: Path) -> None:
    orphan = path.with_name("gone__gateway.journal")
    journal = opened(orphan)
    fill(journal, range(3))
    journal.close()
    journal = opened(path)
    fill(journal, range(3, 5))
    journal.close()
    both = opened(path, adopt=(orphan,))
    assert sorted(seconds(everything(both))) == [0, 1, 2, 3, 4]
    assert not orphan.exists()
    assert "3 samples are sent to the database" in both.notes[0]
    both.close()


def test_a_pull_reads_no_more_of_the_backlog_than_it_gives(path: Path) -> None:
    journal = opened(path)
    for index in range(12):  # of 20 MB each
        with journal._memory._work:
            for second in range(20):
                journal.put(sample(20 * index + second, bytes(1 << 20)))
        wait_until(lambda index=index: offered(journal) == index + 1)
    journal.close()
    journal = opened(path)
    tracemalloc.start()
    few = given(journal.take(0, 10))
    _, few_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(few) == 20  # groups are not split
    assert few_bytes < 150 << 20
    assert len(given(journal.take(0, 1 << 20))) == 40  # and no pull has more than MOST_TAKEN_BYTES and a group
    assert len(everything(journal)) == 40
    journal.close()


def test_journals_that_come_one_by_one_keep_one_bound_together(path: Path) -> None:
    capacity = 200_000
    journals: list[Journal] = []
    for number in range(6):
        limits = Limits(capacity, 1 << 60, "normal")  # as if nobody had said how much it may have
        journals.append(opened(path.with_name(f"site__{number}.journal"), limits=limits))
        for second in range(0, 60, 4):
            for journal, share in zip(journals, journal_shares(capacity, [j.bytes for j in journals]), strict=True):
                journal.bound(share)
            fill(journals[-1], range(second, second + 4), bytes(2000))
        if not number:
            assert not journals[0].values_dropped  # 60 % of the bound are its own as long as it is alone
        for journal, share in zip(journals, journal_shares(capacity, [j.bytes for j in journals]), strict=True):
            journal.bound(share)
            fill(journal, range(60, 61))
    assert sum(journal._bounds.bytes for journal in journals) <= capacity
    assert sum(len(journal) for journal in journals) == 6 * 60 + 21  # no tick is gone
    for journal in journals:
        journal.close()


def test_what_the_bounds_had_deleted_before_the_disk_failed_is_counted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = JournalFile(path, HERE, "normal")
    file.commit([StoredGroup(number, 1, 0, False, b"header") for number in range(1, 11)], [])
    bounds, losses, commit, commits = Bounds(file, LIMITS), BoundLosses(), file.commit, iter(range(3))

    def fail_after_three(groups: Iterable[StoredGroup], deleted: Iterable[int]) -> None:
        if next(commits, None) is None:
            raise JournalFailed("no answer")
        commit(groups, deleted)

    monkeypatch.setattr(file, "commit", fail_after_three)
    bounds.capacity_bytes = 0
    with pytest.raises(JournalFailed):
        bounds.keep(0, set(), set(), 0, 0, losses)
    assert losses.forgotten == {1: 1, 2: 1, 3: 1}
    assert file.extent()[1] == 7
    file.close()
