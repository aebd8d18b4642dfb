"""Ports of dashboard and metrics: the configured one, or the next that is free. Called before Ray is started."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from ess_ray.core.errors import CannotStart

PORTS = 10  # that are tried, from the configured one on
LEAVING_S = 20.0  # what is left of a run that was killed ends within that, see `app.guard`
GUARD = b"ess_ray.app.guard"


def choose_port(key: str, port: int, ray_folder: Path) -> int:
    """The port, or the next free one of ten if another program has it at 127.0.0.1; 0, any free port, stays 0.

    Waits, at most LEAVING_S, while what is left of a killed run of this folder is being ended and has the port: the
    next run has the same ports. The port is not reserved, and other addresses are not looked at. Raises CannotStart,
    which names the setting `key`, if all ten are taken.
    """
    if port == 0:
        return 0
    until_s = time.monotonic() + LEAVING_S
    while not _is_free(port) and _is_being_ended(ray_folder) and time.monotonic() < until_s:
        time.sleep(0.2)
    for candidate in range(port, min(port + PORTS, 65536)):
        if _is_free(candidate):
            return candidate
    raise CannotStart(
        f"{key}={port}: this port and the next {PORTS - 1} are taken by other programs: choose another, or 0 for any"
    )


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _is_being_ended(ray_folder: Path) -> bool:
    """True if the guard of an earlier run of this folder is still at work; our own is a child of this process."""
    folder = os.fsencode(ray_folder.resolve())
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            parent = int((process / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
        except OSError:
            continue
        if GUARD in words and folder in words and parent != os.getpid():
            return True
    return False
