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

    def of(self, pid: int, pollers: Iterable[int]) -> tuple[int, ...]:
        """The devices that a process may poll: those it was seen with, and those that none of `pollers` was seen with.

        The latter may have been out of reach since the configuration was changed.
        """
        self.look({pid, *pollers})
        every = {device for devices in self._devices.values() for device in devices}
        others = {device for other, polled in self._polled.items() if other != pid for device in polled}
        return tuple(sorted(every - others | self._polled[pid]))


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
