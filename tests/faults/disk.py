"""Disks of the suite's own: a tmpfs that can be filled, an ext4 that can stop answering. Only root may mount them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class SmallDisk:
    """A mounted folder."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leave no byte free."""
        with self._ballast.open("wb") as file:
            while free := shutil.disk_usage(self._ballast.parent).free:
                try:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, free)
                except OSError:  # somebody else was faster
                    continue

    def free(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk | None]:
    """Mounted at `folder`, which is made; None where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, check=False).returncode:
        yield None
        return
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


class SilentDisk:
    """A mounted folder whose disk can stop answering: writers wait, and not even SIGKILL ends them meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._safety: subprocess.Popen[bytes] | None = None

    def stop_answering(self, at_most_s: float = 60.0) -> None:
        """Until `answer`; whatever becomes of the caller, `at_most_s` seconds at most."""
        subprocess.run(["fsfreeze", "-f", self.folder], check=True)
        rescue = 'sleep "$1"; fsfreeze -u "$2"'
        self._safety = subprocess.Popen(
            ["sh", "-c", rescue, "sh", str(at_most_s), self.folder], stderr=subprocess.DEVNULL
        )

    def answer(self) -> None:
        """Do all that was asked meanwhile."""
        if self._safety:
            subprocess.run(["fsfreeze", "-u", self.folder], check=False, stderr=subprocess.DEVNULL)
            self._safety.kill()
            self._safety.wait()
            self._safety = None


@contextmanager
def silent_disk(folder: Path, megabytes: int) -> Iterator[SilentDisk | None]:
    """Mounted at `folder`, which is made; None where that is not allowed."""
    folder.mkdir(parents=True)
    image = folder.with_name(f"{folder.name}.image")
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    commands = [["mkfs.ext4", "-q", "-m", "0", str(image)], ["mount", "-o", "loop,noatime", str(image), str(folder)]]
    if os.geteuid() or not all(map(shutil.which, ("mkfs.ext4", "fsfreeze"))):
        yield None
        return
    if any(subprocess.run(command, check=False).returncode for command in commands):
        yield None
        return
    disk = SilentDisk(folder)
    try:
        yield disk
    finally:
        disk.answer()
        subprocess.run(["umount", "-l", folder], check=True)
