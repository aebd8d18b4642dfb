"""The groups that only memory has, because the disk refuses, is slow, or has not been asked yet; within bounds.

Pure. Used by `core.storing.groups`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ess_ray.core.batch import Group, pack_group, unpack_group, without_values
from ess_ray.core.storing.stored import StoredGroup

MOST_SAMPLES = 50_000  # that have their values
MOST_BYTES = 64 << 20  # of their groups
MOST_HEADER_BYTES = 8 << 20  # of groups without values


class Unwritten:
    """Unwritten groups by rising number.

    At most one commit is at work. It has all groups that were there when it began; those that are added meanwhile are
    for the next one. While it is at work, and after it has failed, nobody knows what of it is in the file (a disk may
    keep what it has called an error): `may_be_in_file`.
    """

    def __init__(self) -> None:
        self._groups: dict[int, StoredGroup] = {}
        self._committing: list[int] = []
        self._tried: set[int] = set()
        self._samples = self._bytes = self._header_bytes = 0  # with values: items and bytes; without: bytes

    def __len__(self) -> int:
        return len(self._groups)

    def __contains__(self, number: int) -> bool:
        return number in self._groups

    def add(self, stored: StoredGroup) -> None:
        """Add a group, with a higher number than all others, or in place of that of its number."""
        self.remove(stored.number)
        self._groups[stored.number] = stored
        self._count(stored, 1)

    def get(self, number: int) -> StoredGroup | None:
        """The group with this number; None: it is written, or gone."""
        return self._groups.get(number)

    def remove(self, number: int) -> None:
        """Forget the group with this number, if there is one."""
        if stored := self._groups.pop(number, None):
            self._count(stored, -1)

    def may_be_in_file(self, number: int) -> bool:
        """True if a commit has tried to write the group, or does now; also of a group that is removed since."""
        return number in self._tried

    def begin_commit(self) -> list[StoredGroup]:
        """The groups, oldest first, to be written now; `written` or `not_written` follows."""
        self._committing = list(self._groups)
        self._tried.update(self._committing)
        return list(self._groups.values())

    def written(self) -> None:
        """The file has what the commit had."""
        for number in self._committing:
            self.remove(number)
        self._tried.clear()
        self._committing = []

    def drop_values(self) -> Iterator[tuple[int, Group]]:
        """Take the values off the oldest groups until the bounds are kept; yields each with what is left of it."""
        if not self._has_too_many_values:
            return
        for number in list(self._groups):
            if not self._has_too_many_values:
                return
            stored = self._groups[number]
            if stored.has_values:
                group = without_values(unpack_group(stored.data))
                self._count(stored, -1)
                smaller = replace(stored, has_values=False, data=pack_group(group))
                self._groups[number] = smaller  # keeps its place in the order
                self._count(smaller, 1)
                yield number, group

    @property
    def _has_too_many_values(self) -> bool:
        return self._samples > MOST_SAMPLES or self._bytes > MOST_BYTES

    @property
    def has_too_many_headers(self) -> bool:
        """True if the groups without values exceed their bound."""
        return self._header_bytes > MOST_HEADER_BYTES

    def too_many_headers(self) -> Iterator[int]:
        """Numbers of groups without values, oldest first, as long as they exceed their bound; to be removed."""
        for number, stored in list(self._groups.items()):
            if not self.has_too_many_headers:
                return
            if not stored.has_values:
                yield number

    def _count(self, stored: StoredGroup, sign: int) -> None:
        if stored.has_values:
            self._samples += sign * stored.items
            self._bytes += sign * len(stored.data)
        else:
            self._header_bytes += sign * len(stored.data)
