"""The log: one line of JSON an event in the Elastic Common Schema, each process in a file of its own, rotated.

A file is bounded, and so is the number of files: `NAME.json` for each actor, by number, and for the driver. A disk that
is full costs lines of the log and nothing else.
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

from ecs_logging import StdlibFormatter

from ess_ray import __version__
from ess_ray.core.running.logfields import about

log = logging.getLogger(__name__)

SUFFIX = ".json"
DRIVER_BYTES, DRIVER_FILES = 10_000_000, 5  # and so many older ones
ACTOR_BYTES, ACTOR_FILES = 2_000_000, 1
# What ecs-logging would add: the message once more, names that are the same in every line, and Ray's mark.
EXCLUDED = ("log.original", "process.name", "process.thread.id", "_ray_timestamp_ns")


@dataclass(frozen=True, slots=True)
class LogPlace:
    """Where a process logs: `name` is the file's, `actor` what its lines say."""

    folder: str
    name: str
    actor: str
    level: str
    bytes: int = ACTOR_BYTES
    files: int = ACTOR_FILES

    @property
    def file(self) -> Path:
        """The one that is being written."""
        return Path(self.folder, self.name + SUFFIX)


class _File(logging.handlers.RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)

    def close(self) -> None:
        with suppress(OSError):  # what it could not write before
            super().close()


def log_to(place: LogPlace | None) -> None:
    """This process logs there from now on, which is the first line; None: as it did."""
    if place is None:
        return
    with suppress(OSError):  # on another machine of a cluster it may not be there yet
        Path(place.folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = _File(
        place.file, maxBytes=place.bytes, backupCount=place.files, delay=True, encoding="utf-8",
        errors="backslashreplace",
    )  # fmt: skip
    always = {
        "event.dataset": "ess_ray",
        "service.name": "ess_ray",
        "service.version": __version__,
        "host.name": socket.gethostname(),
        "ess.actor": place.actor,
    }
    handler.setFormatter(StdlibFormatter(extra=always, exclude_fields=EXCLUDED, ensure_ascii=False))
    logger = logging.getLogger("ess_ray")
    for old in logger.handlers:
        old.close()
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(place.level.upper())
    log.info("%s begins: ess_ray %s", place.actor, __version__, extra=about("begin"))


def exit_process_on_crash(work: Callable[[], None]) -> Callable[[], None]:
    """`work`, for a thread without which its process is useless: an exception ends the process, with exit code 1.

    Ray then starts the actor again.
    """

    def working() -> None:
        try:
            work()
        except BaseException:
            logging.getLogger(work.__module__).exception("a defect: this process ends", extra=about("defect"))
            os._exit(1)

    return working
