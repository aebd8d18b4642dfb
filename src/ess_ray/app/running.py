"""The collector at work in a state folder, and the result of its last reload: small files that only the owner may read.

The main job writes them; `job=status` and `job=reload`, which run beside it, read them. `python -m ess_ray.app.running
FOLDER` is the health check of deploy/compose.yaml: exit code 0 if a collector is at work in the state folder, 1 if not.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from ess_ray.adapters.local.private_file import write_private

COLLECTOR_FILE, RELOAD_FILE = "collector.json", "reload.json"


@dataclass(frozen=True, slots=True)
class RunningCollector:
    """A main job at work, by its process."""

    pid: int
    started_us: int  # since 1970 UTC


class ReloadOutcome(StrEnum):
    """The end of a reload."""

    DONE = "done"
    UNCHANGED = "unchanged"  # the configuration is the one in force
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ReloadResult:
    """The answer to a reload, for `job=reload` and for the log."""

    at_us: int  # when it was decided, since 1970 UTC
    outcome: ReloadOutcome
    message: str  # a sentence


@contextmanager
def announced(state_dir: Path, running: RunningCollector) -> Iterator[None]:
    """Keep `collector.json` in the state folder for this block."""
    file = state_dir / COLLECTOR_FILE
    write_private(file, json.dumps(asdict(running)))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def find_collector(state_dir: Path) -> RunningCollector | None:
    """The collector at work there; a file left behind by one that was killed does not count."""
    try:
        running = RunningCollector(**json.loads((state_dir / COLLECTOR_FILE).read_text(encoding="utf-8")))
        os.kill(running.pid, 0)
    except (OSError, ValueError, TypeError):
        return None
    return running


def write_reload_result(state_dir: Path, result: ReloadResult) -> None:
    """Replace the result of the last reload. Raises OSError."""
    write_private(state_dir / RELOAD_FILE, json.dumps(asdict(result)))


def reload_result(state_dir: Path, requested_us: int) -> ReloadResult | None:
    """The result of the reload that was requested at that moment; None: there is none yet."""
    try:
        tree = json.loads((state_dir / RELOAD_FILE).read_text(encoding="utf-8"))
        result = ReloadResult(tree["at_us"], ReloadOutcome(tree["outcome"]), tree["message"])
    except (OSError, ValueError, KeyError):  # KeyError: of an older version
        return None
    return result if result.at_us >= requested_us else None


if __name__ == "__main__":
    sys.exit(find_collector(Path(sys.argv[1])) is None)
