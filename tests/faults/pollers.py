"""Which devices a process polls: those behind the ports that it has connections to, proc(5), /proc/net/tcp."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

REMOTE, INODE = 2, 9  # columns of /proc/net/tcp


class PolledBy:
    """The devices of each process, remembered as long as the configuration stays: connections come and go."""

    def __init__(self, devices: Mapping[int, tuple[int, ...]]) -> None:
        """`devices`: by port."""
        self._devices = devices
        self._polled: dict[int, set[int]] = {}

    def look(self, pids: Iterable[int]) -> None:
        """Take in which connections these processes have now."""
        ports = _ports_by_inode()
        for pid in pids:
            polled = self._polled.setdefault(pid, set())
            for inode in _sockets(pid):
                polled.update(self._devices.get(ports.get(inode, 0), ()))

    def forget(self) -> None:
        """Devices may have moved from one process to another."""
        self._polled.clear()

    def of(self, pid: int) -> tuple[int, ...]:
        """The devices of a process; all if it was never seen with a connection."""
        self.look([pid])
        every = {device for devices in self._devices.values() for device in devices}
        return tuple(sorted(self._polled.get(pid) or every))


def _ports_by_inode() -> dict[str, int]:
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    columns = [line.split() for line in lines]
    return {each[INODE]: int(each[REMOTE].rpartition(":")[2], 16) for each in columns}


def _sockets(pid: int) -> list[str]:
    inodes = []
    for link in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            target = str(link.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.append(target[8:-1])
    return inodes
