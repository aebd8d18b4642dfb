"""The log: a line of JSON in the Elastic Common Schema for each event, each process in a file of its own, rotated.

A file is bounded, and so is the number of files: `logs/NAME.json` in the state folder for the main job (`ess_ray`), for
`job=export` (`export`), and for each actor, by number (`poller-0`). A full disk costs lines, nothing else; nor does
one that hangs.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecs_logging import StdlibFormatter

from ess_ray import __version__
from ess_ray.adapters.local.own_folder import check_own
from ess_ray.adapters.local.writing import UnhurriedHandler
from ess_ray.core.errors import ConfigError, printable
from ess_ray.core.running.logfields import about

log = logging.getLogger(__name__)

FOLDER, SUFFIX = "logs", ".json"
MAIN_JOB, EXPORT_JOB, RESTORE_JOB, JOURNALS_JOB = "ess_ray", "export", "restore", "journals"  # the names of their files
DRIVER_BYTES, DRIVER_FILES = 10_000_000, 5  # of the file that is written, and how many older ones are kept
ACTOR_BYTES, ACTOR_FILES = 2_000_000, 1
# What ecs-logging would add: the message once more, names that are the same in every line, and Ray's mark.
EXCLUDED = ("log.original", "process.name", "process.thread.id", "_ray_timestamp_ns")


@dataclass(frozen=True, slots=True)
class LogFile:
    """The file that a process logs into, and its bounds."""

    state_dir: str
    name: str  # of the file, without its suffix
    actor: str  # as each line names the process: "driver", "poller:site/device"
    level: str  # "debug", "info", "warning" or "error"
    bytes: int = ACTOR_BYTES  # after so many the file is put aside
    files: int = ACTOR_FILES  # so many that were put aside are kept

    @property
    def path(self) -> Path:
        """The file that is being written."""
        return Path(self.state_dir, FOLDER, self.name + SUFFIX)


class _Lines(StdlibFormatter):
    """Lines of JSON whose message a person may show on a terminal."""

    def format_to_ecs(self, record: logging.LogRecord) -> dict[str, Any]:
        fields: dict[str, Any] = super().format_to_ecs(record)
        return fields | {"message": printable(fields["message"])}


class _File(logging.handlers.RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)

    def close(self) -> None:
        with suppress(OSError):  # the disk does not take what was not written before either
            super().close()


def log_to(file: LogFile | None) -> None:
    """Log into this file from now on, in this process, and say so in its first line; None changes nothing.

    All loggers below "ess_ray" write there instead of where they did, and not to the root logger. The folder is made if
    it is not there, and nothing is raised if it cannot be: lines are lost then. If the state folder is another user's,
    nothing is changed.
    """
    if file is None:
        return
    try:
        check_own("state_dir", Path(file.state_dir))
    except ConfigError:  # the main job has refused its own; this is that of another machine
        return
    with suppress(OSError):  # on another machine of a cluster it may not be there yet
        file.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = _File(
        file.path, maxBytes=file.bytes, backupCount=file.files, delay=True, encoding="utf-8",
        errors="backslashreplace",
    )  # fmt: skip
    always = {
        "event.dataset": "ess_ray",
        "service.name": "ess_ray",
        "service.version": __version__,
        "host.name": socket.gethostname(),
        "ess.actor": file.actor,
    }
    handler.setFormatter(_Lines(extra=always, exclude_fields=EXCLUDED, ensure_ascii=False))
    logger = logging.getLogger("ess_ray")
    for old in logger.handlers:
        old.close()
    logger.handlers, logger.propagate = [UnhurriedHandler(handler)], False
    logger.setLevel(file.level.upper())
    log.info("%s begins: ess_ray %s", file.actor, __version__, extra=about("begin"))


def exit_process_on_crash(work: Callable[[], None]) -> Callable[[], None]:
    """`work`, for a thread without which its process is useless: an exception ends the process, with exit code 1.

    Ray then starts the actor again; without Ray it is the whole job.
    """

    def working() -> None:
        try:
            work()
        except BaseException:
            logging.getLogger(work.__module__).exception("a defect: this process ends", extra=about("defect"))
            print("ess_ray: a defect ends this process; the log has its trace", file=sys.stderr, flush=True)
            os._exit(1)

    return working
