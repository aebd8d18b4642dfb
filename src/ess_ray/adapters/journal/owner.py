"""Where a journal's samples came from and where alone they may go, and the folder that follows from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from ess_ray.core.batch import FORMAT

SUFFIX = ".journal"


@dataclass(frozen=True, slots=True)
class JournalOwner:
    """Where a journal's samples came from and where alone they may go."""

    source: str  # "plant" or "simulated"
    database: str  # its identity, see `adapters.postgres.schema.Prepared`

    @property
    def about(self) -> dict[str, str]:
        """The rows of table `about` in this owner's journals: "format" (this release's), "source" and "database"."""
        return {"format": str(FORMAT), **asdict(self)}


def journal_owner(simulated: bool, database: str) -> JournalOwner:
    """The owner of samples of simulated devices, or of plants, for the database with this identity."""
    return JournalOwner("simulated" if simulated else "plant", database)


def journal_folder(state_dir: Path, owner: JournalOwner) -> Path:
    """The folder of this owner's journals, `journal/SOURCE-DATABASE` below the state folder. Does not make it."""
    return state_dir / "journal" / f"{owner.source}-{owner.database}"
