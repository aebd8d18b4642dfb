"""The journal's promises, on real files: what was put is there after any death, until it is acknowledged."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ess_ray.adapters.journal import journal as journal_module
from ess_ray.adapters.journal.belonging import Belonging
from ess_ray.adapters.journal.bounds import Limits
from ess_ray.adapters.journal.file import JournalFile
from ess_ray.adapters.journal.journal import Journal
from ess_ray.core.batch import make_group, pack_group, unpack_group
from ess_ray.core.errors import JournalBusy, JournalFailed
from ess_ray.core.samples import Device, Event, EventKind, Sample, Status
from ess_ray.core.storing import groups
from ess_ray.core.storing.groups import StoredGroup, Taken
from tests.batches import samples_of

S = 1_000_000
DEVICE = Device("site", "gateway")
HERE = Belonging("plant", "db1")
LIMITS = Limits(1 << 30, 1 << 60, "full")


def sample(second: int, image: bytes = b"image") -> Sample:
    return Sample(DEVICE, "layout", second * S, Status.PARTIAL, "timeout", ((0, 2),), "4:0", 1.5, 3, 1, image)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal" / "site__gateway.journal"


def opened(path: Path, belonging: Belonging = HERE, limits: Limits = LIMITS, adopt: tuple[Path, ...] = ()) -> Journal:
    journal = Journal(path, belonging, limits, adopt)
    journal.learn({"layout": "recipe"})
    return journal


def fill(journal: Journal, seconds: range, image: bytes = b"image") -> None:
    """One group a second."""
    for second in seconds:
        before = journal._groups.last
        journal.put(sample(second, image))
        wait_until(lambda before=before: journal._groups.last > before)


def wait_until(true: object, limit_s: float = 10) -> None:
    deadline_s = time.monotonic() + limit_s
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


def given(taken: Taken) -> list[Sample]:
    return [sample for packed in taken.batches for sample in samples_of(packed)]


def everything(journal: Journal) -> list[Sample]:
    return given(take(journal))


def take(journal: Journal) -> Taken:
    return journal.take(1 << 20, 1 << 20)


def seconds(samples: list[Sample]) -> list[int]:
    return [one.tick_us // S for one in samples]


def test_a_group_comes_back_as_it_was_and_a_damaged_one_not_at_all() -> None:
    samples, event = [sample(1), sample(2)], Event(DEVICE, S, EventKind.DEVICE_LOST, None, "timeout")
    data = pack_group(make_group([*samples, event]))
    group = unpack_group(data)
    assert ([*samples_of(group.batches[0])], group.events, len(group), group.first_us) == (samples, [event], 3, S)
    for place in range(len(data)):
        damaged = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(ValueError, match="checksum"):
            unpack_group(damaged)


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
    monkeypatch.setattr(journal_module, "QUIET_S", quiet_s)
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
    journal.acknowledge(n for n, one in zip(taken.numbers, taken.batches, strict=True) if one.first_us < 60 * S)
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


def test_what_was_offered_survives_kill_9(path: Path) -> None:
    script = f"""
import sys, time
sys.path[:0] = {sys.path!r}
from pathlib import Path
from tests.contract.test_journal import opened, fill, everything
journal = opened(Path({str(path)!r}))
fill(journal, range(5))
print(len(everything(journal)), flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "5\n"
        os.kill(child.pid, signal.SIGKILL)
    journal = opened(path)
    assert seconds(everything(journal)) == [0, 1, 2, 3, 4]
    journal.close()


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
    wait_until(lambda: journal._groups.last == 1)
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
    lost = [one for one in samples if one.reason == "journal_full"]
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
    reasons = {one.tick_us // S: one.reason for one in everything(again)}
    assert reasons[0] == reasons[1] == reasons[2] == "journal_full"
    again.close()


def test_a_second_process_is_kept_out(path: Path) -> None:
    journal = opened(path)
    with pytest.raises(JournalBusy, match="in use by another collector"):
        Journal(path, HERE, LIMITS, wait_s=0.0)
    journal.close()


@pytest.mark.parametrize(
    "other", [Belonging("plant", "db2"), Belonging("simulated", "db1")], ids=["database", "source"]
)
def test_samples_drain_only_to_where_they_belong(path: Path, other: Belonging) -> None:
    journal = opened(path)
    fill(journal, range(3))
    journal.close()
    foreign = opened(path, belonging=other)
    assert everything(foreign) == []
    (note,) = foreign.notes
    assert "set aside" in note
    foreign.close()
    (aside,) = path.parent.glob("*.foreign-*[0-9]")
    aside.rename(path)
    back = opened(path)
    assert seconds(everything(back)) == [0, 1, 2]
    back.close()


def test_a_torn_tail_is_cut_off_and_the_rest_is_there(path: Path) -> None:
    journal = opened(path)
    fill(journal, range(20), image=bytes(3000))
    wal = Path(f"{path}-wal").read_bytes()
    copy = path.with_name("copy.journal")
    copy.write_bytes(path.read_bytes())
    Path(f"{copy}-wal").write_bytes(wal[: len(wal) * 2 // 3])  # as after a power cut
    journal.close()
    torn = opened(copy)
    found = seconds(everything(torn))
    assert found == list(range(len(found)))
    assert 5 < len(found) < 20
    torn.close()


@pytest.mark.parametrize("damage", ["middle", "header"])
def test_a_corrupt_file_is_set_aside_and_never_blocks_a_start(path: Path, damage: str) -> None:
    journal = opened(path)
    fill(journal, range(40), image=bytes(3000))
    journal.close()
    data = bytearray(path.read_bytes())
    place = len(data) // 2 if damage == "middle" else 0
    data[place : place + 9000] = os.urandom(9000)
    path.write_bytes(data)
    again = opened(path)
    (note,) = again.notes
    assert "corrupt" in note
    assert list(path.parent.glob("*.corrupt-*[0-9]"))
    found = seconds(everything(again))
    assert len(found) == len(set(found))
    assert (len(found) > 20) == (damage == "middle")  # what can be read is taken over
    fill(again, range(100, 101))
    assert seconds(everything(again)) == [100]
    again.close()


def test_a_kill_while_a_corrupt_file_is_set_aside_loses_nothing_of_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = opened(path)
    fill(journal, range(40), image=bytes(3000))
    journal.close()
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 9000] = os.urandom(9000)
    path.write_bytes(data)
    rename, left = Path.rename, 0

    def renamed(one: Path, to: Path) -> Path:
        nonlocal left
        if not left:
            raise KeyboardInterrupt
        left -= 1
        return rename(one, to)

    monkeypatch.setattr(Path, "rename", renamed)
    for _ in range(3):  # killed before the first step, then before the second, then before the third
        with pytest.raises(KeyboardInterrupt):
            opened(path)
        left = 1
    left = 9
    again = opened(path)
    assert len(everything(again)) > 10
    again.close()


def test_a_disk_that_refuses_for_a_while_makes_no_journal_corrupt(path: Path) -> None:
    journal = opened(path)
    fill(journal, range(3))
    journal.close()
    Path(f"{path}-wal").mkdir()  # SQLite cannot open it
    with pytest.raises(JournalFailed):
        opened(path)
    Path(f"{path}-wal").rmdir()
    again = opened(path)
    assert (again.notes, seconds(everything(again))) == ((), [0, 1, 2])
    again.close()


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

    def read_and_acknowledged(*bounds: int) -> list[StoredGroup]:
        found = read(*bounds)
        journal.acknowledge(first.numbers)
        wait_until(lambda: not journal._groups.withheld & {1, 2})
        return found

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
    journal.acknowledge(first.numbers[:1])
    journal.offer_again()
    again = take(journal)
    assert sorted(seconds(given(again))) == [0, *range(2, 7)]
    journal.acknowledge(again.numbers)
    assert len(journal) == 0
    journal.close()
    assert not path.exists()


def test_a_damaged_group_stays_in_the_file_and_stops_nothing(path: Path) -> None:
    journal = opened(path)
    fill(journal, range(3))
    journal.close()
    file = sqlite3.connect(path)
    with file:
        file.execute("UPDATE sample_group SET data = x'00112233445566778899' WHERE id = 1")
    file.close()
    again = opened(path, limits=Limits(1 << 30, 0, "full"))  # too old: the bounds come by as well
    fill(again, range(3, 6))
    taken = take(again)
    assert sorted(seconds(given(taken))) == [1, 2, 3, 4, 5]
    assert again.trouble is None
    again.acknowledge(taken.numbers)
    again.offer_again()
    assert (everything(again), len(again)) == ([], 0)
    again.close()
    assert path.exists()


def test_what_came_while_nothing_was_written_makes_groups_that_can_be_sent(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "GROUP_ITEMS", 3)
    journal = opened(path)
    with journal._lock:
        for second in range(10):
            journal.put(sample(second))
    wait_until(lambda: not journal._pending and not journal._at_work)
    taken = take(journal)
    assert seconds(given(taken)) == list(range(10))
    assert max(packed.samples for packed in taken.batches) == 3
    journal.close()


def test_a_journal_without_a_poller_is_taken_over_and_said(path: Path) -> None:
    orphan = path.with_name("gone__gateway.journal")
    journal = opened(orphan)
    fill(journal, range(3))
    journal.close()
    mine = opened(path)
    fill(mine, range(3, 5))
    mine.close()
    both = opened(path, adopt=(orphan,))
    assert sorted(seconds(everything(both))) == [0, 1, 2, 3, 4]
    assert not orphan.exists()
    assert "3 samples are taken over" in both.notes[0]
    both.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder], check=False)
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_costs_no_sample_while_the_process_lives(small_disk: Path) -> None:
    journal = opened(small_disk / "a.journal")
    for second in range(200):
        journal.put(sample(second, bytes(4000)))
        time.sleep(0.001)
    wait_until(lambda: journal.trouble is not None)
    found: list[int] = []
    while len(found) < 200:
        found += seconds(everything(journal))
        time.sleep(0.01)
    assert sorted(found) == list(range(200))
    assert "full" in (journal.trouble or "")
    journal.offer_again()  # what is in memory only, too
    assert sorted(seconds(everything(journal))) == list(range(200))
    subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
    wait_until(lambda: journal.trouble is None)
    journal.close()  # of what nobody has acknowledged all is in the file now
    again = opened(small_disk / "a.journal")
    assert sorted(seconds(everything(again))) == list(range(200))
    again.close()


def test_power_loss_costs_at_most_what_was_not_offered(path: Path) -> None:
    """Only what was synced survives: a copy of the files at the moment of an offer holds what was offered."""
    journal = opened(path)
    fill(journal, range(10))
    offered = seconds(everything(journal))
    copy = path.with_name("copy.journal")
    for suffix in ("", "-wal"):
        Path(f"{copy}{suffix}").write_bytes(Path(f"{path}{suffix}").read_bytes())
    journal.close()
    with sqlite3.connect(path) as file:
        assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    survived = opened(copy)
    assert set(offered) <= set(seconds(everything(survived)))
    survived.close()
