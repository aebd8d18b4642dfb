"""The collector at work in a state folder, and the result of its last reload: small files that only the owner may read.

The main job writes them; `job=status` and `job=reload`, which run beside it, read them. `python -m ess_ray.app.running
FOLDER` is the health check of deploy/compose.yaml: exit code 0 if a collector is at work in the state folder, 1 if not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from ess_ray.adapters.local.own_folder import check_own
from ess_ray.adapters.local.private_file import write_private
from ess_ray.app.exit_codes import FAILED, OK
from ess_ray.core.errors import ConfigError

COLLECTOR_FILE, RELOAD_FILE = "collector.json", "reload.json"
PROC = Path("/proc")
START_TIME = 19  # of the fields of /proc/PID/stat behind the name of the program, proc(5)


@dataclass(frozen=True, slots=True)
class RunningCollector:
    """A main job at work, by its process."""

    pid: int
    started_us: int  # since 1970 UTC
    process_start: str  # of that process and no other, ever: see `process_start`


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
def announced(state_dir: Path, started_us: int) -> Iterator[None]:
    """Keep `collector.json` in the state folder for this block: this process collects there since `started_us`.

    `started_us`: microseconds since 1970 UTC. The folder has to be there. Raises OSError if the file cannot be written.
    """
    file = state_dir / COLLECTOR_FILE
    running = RunningCollector(os.getpid(), started_us, process_start(os.getpid()))
    write_private(file, json.dumps(asdict(running)))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def find_collector(state_dir: Path) -> RunningCollector | None:
    """The collector at work in this state folder, which may be signalled; None: there is none.

    A file left behind by one that was killed does not count, whatever process has its number now. The folder's owner
    has to be checked before, by `check_own`.
    """
    try:
        tree = json.loads((state_dir / COLLECTOR_FILE).read_text(encoding="utf-8"))
        running = RunningCollector(int(tree["pid"]), int(tree["started_us"]), str(tree["process_start"]))
    except (OSError, ValueError, TypeError, KeyError):  # KeyError: of an older version
        return None
    return running if running.process_start and process_start(running.pid) == running.process_start else None


def process_start(pid: int) -> str:
    """The moment at which a process began, to compare it with another only; empty if there is no such process.

    On Linux the boot and the clock tick since then, proc(5): numbers of processes are given anew, also after a boot.
    """
    if not (PROC / "self").exists():
        command = ["ps", "-o", "lstart=", "-p", str(pid)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    try:
        state, *fields = (PROC / f"{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    return "" if state == "Z" else f"{boot} {fields[START_TIME - 1]}"  # Z: it has ended, and its parent has not noticed


def write_reload_result(state_dir: Path, result: ReloadResult) -> None:
    """Replace `reload.json`, the result of the last reload, in the state folder. Raises OSError if that fails."""
    write_private(state_dir / RELOAD_FILE, json.dumps(asdict(result)))


def reload_result(state_dir: Path, requested_us: int) -> ReloadResult | None:
    """The last reload's result if it was decided at `requested_us` (microseconds since 1970 UTC) or later.

    None: there is none yet, or its file cannot be read.
    """
    try:
        tree = json.loads((state_dir / RELOAD_FILE).read_text(encoding="utf-8"))
        result = ReloadResult(tree["at_us"], ReloadOutcome(tree["outcome"]), tree["message"])
    except (OSError, ValueError, KeyError):  # KeyError: of an older version
        return None
    return result if result.at_us >= requested_us else None


def main(state_dir: Path) -> int:
    """The health check; gives OK if a collector is at work in the state folder, else FAILED.

    FAILED, with a line on standard error, also for a folder that another user made or may change.
    """
    try:
        check_own("state_dir", state_dir)
    except ConfigError as error:
        print(f"ess_ray: {error}", file=sys.stderr)
        return FAILED
    return OK if find_collector(state_dir) else FAILED


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
