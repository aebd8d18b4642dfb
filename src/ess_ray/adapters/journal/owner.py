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
        """The rows of table `about` in a journal of this owner and of the format that this release writes."""
        return {"format": str(FORMAT), **asdict(self)}


def journal_folder(state_dir: Path, owner: JournalOwner) -> Path:
    """The folder of the journals of a source and a database, below the state folder."""
    return state_dir / "journal" / f"{owner.source}-{owner.database}"
