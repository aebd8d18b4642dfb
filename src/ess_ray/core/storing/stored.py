"""Groups as the journal's file has them, and spans of them. Data only."""

from __future__ import annotations

from dataclasses import dataclass

from ess_ray.core.batch import unpack_group


@dataclass(frozen=True, slots=True)
class StoredGroup:
    """A group as the file has it."""

    number: int
    items: int
    made_us: int  # microseconds since 1970 UTC
    has_values: bool  # False: the journal's bounds have cost them
    data: bytes  # of `core.batch.pack_group`

    @property
    def oldest_us(self) -> int:
        """The oldest tick or time of an event, since 1970 UTC; of a damaged group, when it was made. Unpacks it."""
        try:
            return unpack_group(self.data).first_us
        except ValueError:
            return self.made_us


@dataclass(frozen=True, slots=True)
class BacklogSpan:
    """A part of the backlog that may be read: groups with after < number <= end, but for those `withheld`."""

    after: int
    end: int
    withheld: frozenset[int]
