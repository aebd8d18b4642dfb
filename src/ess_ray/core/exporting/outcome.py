"""Reports of an object's export or verification: its progress, and how it ended. Made by `actors.exporter`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ExportEnd(StrEnum):
    """The way in which the export or verification of an object ended."""

    EXPORTED = "exported"
    REPLACED = "exported again"  # the day had changed
    ENTERED = "entered"  # the store had it, equal to the database, and the ledger did not
    UNCHANGED = "unchanged"
    VERIFIED = "verified"
    HELD = "held"  # the object stays as it is: the database has less, or another one wrote it
    BUSY = "busy"  # another exporter is working on it
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """Progress of one object: its rows so far, and the share of its day that they cover, 0 to 1."""

    rows: int
    share: float


@dataclass(frozen=True, slots=True)
class ExportOutcome:
    """The end of an object's export or verification; rows and bytes are those of the object."""

    end: ExportEnd
    rows: int = 0
    bytes: int = 0
    problem: str = ""  # of HELD, FAILED and BUSY: why, for a person

    @property
    def succeeded(self) -> bool:
        """True if the store has the object as it should be."""
        return self.end not in (ExportEnd.HELD, ExportEnd.FAILED, ExportEnd.BUSY)

    @property
    def written(self) -> bool:
        """True if the object was written into the store."""
        return self.end in (ExportEnd.EXPORTED, ExportEnd.REPLACED)


ExportReport = ExportProgress | ExportOutcome
