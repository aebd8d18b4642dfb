"""A disk that does not answer, and says no error either: samples go on to the database, and memory stays bounded."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ess_ray.adapters.journal import backlog, memory
from ess_ray.adapters.journal.journal import Journal
from ess_ray.core.samples import Device, Sample, Status
from ess_ray.core.storing.stored import BacklogSpan, StoredGroup
from ess_ray.core.storing.taking import Taken
from tests.faults.disk import SilentDisk, silent_disk
from tests.journals import S, everything, fill, given, opened, sample, seconds, wait_until

IMAGE = bytes(992)  # of 496 registers


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SilentDisk]:
    with silent_disk(tmp_path / "disk", 64) as disk:
        if disk is None:
            pytest.skip("a disk that stops answering cannot be mounted here")
        yield disk


@pytest.fixture(autouse=True)
def _short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "STALL_S", 0.3)
    monkeypatch.setattr(backlog, "READ_LIMIT_S", 0.5)


def taken_in_time(journal: Journal) -> Taken:
    began_s = time.monotonic()
    journal.wait(0.1, lambda: True)
    journal.oldest_us()
    taken = journal.take(1 << 20, 1 << 20)
    assert time.monotonic() - began_s < 3
    return taken


def collect(journal: Journal, samples: list[Sample], count: int) -> None:
    """Take, without acknowledging, until there are so many."""
    while len(samples) < count:
        samples += given(taken_in_time(journal))
        time.sleep(0.02)


def test_samples_are_offered_while_the_disk_does_not_answer_each_exactly_once(disk: SilentDisk) -> None:
    path = disk.folder / "a.journal"
    journal = opened(path)
    fill(journal, range(3), IMAGE)
    disk.stop_answering()
    taken: list[Sample] = []
    for second in range(3, 30):
        journal.put(sample(second, IMAGE))
        new = taken_in_time(journal)
        taken += given(new)
        journal.acknowledge(new.numbers)
        time.sleep(0.05)
    collect(journal, taken, 30)
    assert seconds(taken) == list(range(30))
    assert "has not answered" in (journal.trouble or "")
    disk.answer()
    wait_until(lambda: journal.trouble is None)
    journal.close()
    again = opened(path)  # what nobody has acknowledged is in it, and nothing else
    assert set(seconds(everything(again))) == set(range(30)) - set(range(len(taken) - len(again)))
    again.close()


def test_a_backlog_that_cannot_be_read_keeps_nothing_waiting(disk: SilentDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = disk.folder / "a.journal"
    journal = opened(path)
    fill(journal, range(20), IMAGE)
    journal.close()
    journal = opened(path)
    read = journal._file.read

    def read_from_the_silent_disk(span: BacklogSpan, samples: int, size: int) -> list[StoredGroup]:
        Path(disk.folder, "probe").write_bytes(b"")  # a read alone may be answered from the page cache
        return read(span, samples, size)

    monkeypatch.setattr(journal._file, "read", read_from_the_silent_disk)
    disk.stop_answering()
    journal.put(sample(20, IMAGE))
    fresh: list[Sample] = []
    collect(journal, fresh, 1)
    assert seconds(fresh) == [20]
    disk.answer()
    collect(journal, fresh, 21)
    assert sorted(seconds(fresh)) == list(range(21))
    journal.close()


def test_memory_is_bounded_while_neither_disk_nor_database_takes_anything(disk: SilentDisk) -> None:
    """300 devices, a quarter of an hour at one sample a second: no tick is missing in the end, none doubled."""
    ticks, devices = 900, [Device("site", f"device-{number}") for number in range(300)]
    journal = opened(disk.folder / "a.journal")
    disk.stop_answering(300)
    before, grown = memory_mb(), []
    for tick in range(ticks):
        for device in devices:
            stored = Sample(device, "layout", tick * S, Status.STORED, None, (), None, 1.0, 7, 0, bytes(IMAGE))
            journal.put(stored)
        if not tick % 100:
            grown.append(memory_mb() - before)
        if not tick % 10:
            journal.wait(0.01, lambda: True)
            time.sleep(0.35 if tick == 10 else 0)  # the disk is known to be silent from then on
    assert max(grown) < 250
    assert grown[-1] < grown[3] + 40  # by then the bound is reached
    assert len(journal) == ticks * len(devices)
    disk.answer()
    counted: Counter[str] = Counter()
    reasons: Counter[str | None] = Counter()
    while len(journal):
        taken = journal.take(5000, 5000)
        for each in given(taken):
            counted[f"{each.device} {each.tick_us}"] += 1
            reasons[each.reason] += 1
        journal.acknowledge(taken.numbers)
    assert len(counted) == counted.total() == ticks * len(devices)
    assert reasons["journal_full"] == journal.values_dropped
    assert reasons[None] > 40_000
    journal.close()


def memory_mb() -> float:
    """The resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
