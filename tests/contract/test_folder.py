"""A folder as a store: kills, full disks, readers and wrong names."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ess_ray.adapters.stores.folder import Folder
from ess_ray.core.errors import StoreRefused, StoreUnavailable
from tests.faults.disk import small_disk
from tests.puts import LONG, NAME, SHORT, got, put


def parts(folder: Path) -> list[Path]:
    """All files, without the lock and the metadata."""
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return [folder / file for file in files if file.parts[0] not in (".lock", ".metadata")]


def test_a_folder_is_used_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "sionyu").mkdir(mode=0o750)
    put(Folder(tmp_path), SHORT)
    assert stat.S_IMODE((tmp_path / "sionyu").stat().st_mode) == 0o750
    assert [path.relative_to(tmp_path).as_posix() for path in parts(tmp_path)] == [NAME]


def test_a_killed_writer_leaves_nothing_that_stays(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from ess_ray.adapters.stores.folder import Folder\n"
        "with Folder(Path(sys.argv[1])).write(sys.argv[2], generation=0, metadata={}, content_type='') as upload:\n"
        "    upload.write(b'half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, tmp_path, NAME], check=False)
    assert killed.returncode == -signal.SIGKILL
    folder = Folder(tmp_path)
    assert folder.stat(NAME) is None
    assert len(parts(tmp_path)) == 1
    with folder.write(NAME, generation=0, metadata={}, content_type="") as living:
        living.write(SHORT)
        put(folder, LONG, name=f"{Path(NAME).parent}/other")  # sweeps the dead, not the living
    assert {path.name for path in parts(tmp_path)} == {Path(NAME).name, "other"}
    assert got(folder) == SHORT


def test_a_reader_sees_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    folder, stop = Folder(tmp_path), threading.Event()
    generation = put(folder, bytes([0]) * 100_000).generation
    seen: set[bytes] = set()

    def watch() -> None:
        while not stop.is_set():
            data = (tmp_path / NAME).read_bytes()
            seen.add(data[:1] if data == data[:1] * 100_000 else b"mixed")

    watching = threading.Thread(target=watch)
    watching.start()
    for number in range(1, 20):
        generation = put(folder, bytes([number]) * 100_000, generation).generation
    stop.set()
    watching.join()
    assert b"mixed" not in seen


def test_a_full_disk_is_reported_and_leaves_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", 2) as disk:
        if disk is None:
            pytest.skip("only root may mount a small disk")
        folder = Folder(tmp_path / "small")
        old = put(folder, LONG)
        with pytest.raises(StoreUnavailable, match="No space left on device: make room"):
            put(folder, LONG, old.generation)
        assert got(folder) == LONG
        assert len(parts(folder.path)) == 1
        put(folder, SHORT, old.generation)


@pytest.mark.parametrize("name", ["", "/etc/a", "../a", "a/../../b", "a//b", "a/.", "a/"])
def test_a_name_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreRefused, match=r"export\.name"):
        put(Folder(tmp_path / "export"), SHORT, name=name)
    assert not list(tmp_path.iterdir())


def test_a_path_that_is_no_folder_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "export").write_text("a file")
    with pytest.raises(StoreRefused, match=r"export\.folder"):
        put(Folder(tmp_path / "export"), SHORT)


def test_what_is_deleted_from_a_folder_that_is_gone_is_gone(tmp_path: Path) -> None:
    Folder(tmp_path / "gone").delete("site/day.csv", 7)
    assert not list(tmp_path.iterdir())
