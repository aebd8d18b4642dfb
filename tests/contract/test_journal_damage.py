"""Offered samples outlive kills, torn and corrupt files, and full disks. Real files."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ess_ray.adapters.journal.bounds import Limits
from ess_ray.core.batch import make_group, pack_group, unpack_group
from ess_ray.core.errors import JournalFailed
from ess_ray.core.samples import Event, EventKind
from tests.batches import samples_of
from tests.journals import DEVICE, S, everything, fill, given, opened, sample, seconds, take, wait_until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal" / "site__gateway.journal"


def test_a_group_comes_back_as_it_was_and_a_damaged_one_not_at_all() -> None:
    samples, event = [sample(1), sample(2)], Event(DEVICE, S, EventKind.DEVICE_LOST, None, "timeout")
    data = pack_group(make_group([*samples, event]))
    group = unpack_group(data)
    assert ([*samples_of(group.batches[0])], group.events, len(group), group.first_us) == (samples, [event], 3, S)
    for index in range(len(data)):
        damaged = data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :]
        with pytest.raises(ValueError, match="checksum"):
            unpack_group(damaged)


def test_what_was_offered_survives_kill_9(path: Path) -> None:
    script = f"""
import sys, time
sys.path[:0] = {sys.path!r}
from pathlib import Path
from tests.journals import opened, fill, everything
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


def test_a_torn_tail_is_cut_off_and_the_rest_is_there(path: Path) -> None:
    journal = opened(path)
    fill(journal, range(20), image=bytes(3000))
    wal = Path(f"{path}-wal").read_bytes()
    copy = path.with_name("copy.journal")
    copy.write_bytes(path.read_bytes())
    Path(f"{copy}-wal").write_bytes(wal[: len(wal) * 2 // 3])  # as after a power cut
    journal.close()
    torn = opened(copy)
    read = seconds(everything(torn))
    assert read == list(range(len(read)))
    assert 5 < len(read) < 20
    torn.close()


@pytest.mark.parametrize("damage", ["middle", "header"])
def test_a_corrupt_file_is_set_aside_and_never_blocks_a_start(path: Path, damage: str) -> None:
    journal = opened(path)
    fill(journal, range(40), image=bytes(3000))
    journal.close()
    data = bytearray(path.read_bytes())
    index = len(data) // 2 if damage == "middle" else 0
    data[index : index + 9000] = os.urandom(9000)
    path.write_bytes(data)
    again = opened(path)
    (note,) = again.notes
    assert "corrupt" in note
    assert list(path.parent.glob("*.corrupt-*[0-9]"))
    read = seconds(everything(again))
    assert len(read) == len(set(read))
    assert (len(read) > 20) == (damage == "middle")  # what can be read is taken over
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

    def renamed(source: Path, to: Path) -> Path:
        nonlocal left
        if not left:
            raise KeyboardInterrupt
        left -= 1
        return rename(source, to)

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
    received: list[int] = []
    while len(received) < 200:
        received += seconds(everything(journal))
        time.sleep(0.01)
    assert sorted(received) == list(range(200))
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


def test_a_file_that_cannot_be_renamed_or_deleted_is_a_failure_of_the_journal(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.parent.mkdir()
    path.write_bytes(os.urandom(9000))

    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", read_only)
        with pytest.raises(JournalFailed, match=r"site__gateway\.journal: Read-only file system"):
            opened(path)
    journal = opened(path)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", read_only)
        with pytest.raises(JournalFailed, match="Read-only"):
            journal.close()
    opened(path).close()  # its lock was given up
