"""Which collector is at work in a state folder, and what it answered: small files, readable by their owner only.

`python -m ess_ray.app.running FOLDER` is the health check of deploy/compose.yaml: 0 if there is one, 1 if not.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from ess_ray.adapters.local.private_file import write_private

FILE, ANSWER = "collector.json", "reload.json"


@dataclass(frozen=True, slots=True)
class RunningCollector:
    """A collector at work."""

    pid: int
    started_us: int  # since 1970 UTC


@contextmanager
def announced(state_dir: Path, running: RunningCollector) -> Iterator[None]:
    """The file is there for this block."""
    file = state_dir / FILE
    write_private(file, json.dumps(asdict(running)))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def find_collector(state_dir: Path) -> RunningCollector | None:
    """The collector at work there; a file left behind by one that was killed does not count."""
    try:
        running = RunningCollector(**json.loads((state_dir / FILE).read_text(encoding="utf-8")))
        os.kill(running.pid, 0)
    except (OSError, ValueError, TypeError):
        return None
    return running


def answer_after(state_dir: Path, asked_us: int) -> dict[str, str] | None:
    """What came of the request of that moment; None: not known yet."""
    try:
        answer: dict[str, str] = json.loads((state_dir / ANSWER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return answer if int(answer["at_us"]) >= asked_us else None


if __name__ == "__main__":
    sys.exit(find_collector(Path(sys.argv[1])) is None)
