"""Ports of dashboard and metrics: the configured one, or the next that is free. Called before Ray is started."""

from __future__ import annotations

import errno
import os
import random
import socket
import sys
import time
from pathlib import Path

from ess_ray.core.errors import CannotStart

PORTS = 10  # that are tried, from the configured one on
LEAVING_S = 20.0  # what is left of a run that was killed ends within that, see `app.guard`
GUARD = b"ess_ray.app.guard"
LOW_PORT = 20_000  # Ray's workers have 10,002 to 19,999 (Ray, "Configuring Ray", Ports)
LOCAL_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")  # first and last port for connections: ip(7)
LOCAL_PORTS_DEFAULT = "32768 60999"

_claims: list[socket.socket] = []  # of the ports that this process has chosen


def choose_port(key: str, port: int, ray_folder: Path) -> int:
    """The port, or the next free one of ten if another program has it at 127.0.0.1; 0, any free port, stays 0.

    Waits, at most LEAVING_S, while what is left of a killed run of this folder is being ended and has the port: the
    next run has the same ports. Two jobs of ess_ray never choose the same one: it is this process's until that ends,
    whether it is opened or not. Another program may still take it before it is opened, and other addresses are not
    looked at. Raises CannotStart, which names the setting `key`, if all ten are taken.
    """
    if port == 0:
        return 0
    until_s = time.monotonic() + LEAVING_S
    while not _is_free(port) and _is_being_ended(ray_folder) and time.monotonic() < until_s:
        time.sleep(0.2)
    for candidate in range(port, min(port + PORTS, 65536)):
        if _is_free(candidate) and _claim(candidate):
            return candidate
    raise CannotStart(
        f"{key}={port}: this port and the next {PORTS - 1} are taken by other programs: choose another, or 0 for any"
    )


def unused_port() -> int:
    """A free port for a program that opens it seconds later, as Ray does with that of its metrics; 0 if there is none.

    Not one that the kernel gives to connections: one of them would have taken it by then, and Ray would not start.
    """
    range_text = LOCAL_PORTS.read_text() if LOCAL_PORTS.exists() else LOCAL_PORTS_DEFAULT
    first, last = map(int, range_text.split())
    candidates = [*range(LOW_PORT, first), *range(last + 1, 65536)]
    random.shuffle(candidates)
    return next((port for port in candidates if _is_free(port) and _claim(port)), 0)


def _claim(port: int) -> bool:
    """False if another job of ess_ray on this machine has chosen the port, and may open it in a moment.

    A socket with a name in Linux's abstract namespace (unix(7)) says so: it is gone with the process, however that
    ends, and like the port it belongs to the network namespace.
    """
    if not sys.platform.startswith("linux"):
        return True
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0ess_ray port {port}")
    except OSError as error:
        claim.close()
        return error.errno != errno.EADDRINUSE  # where such names are forbidden nothing is known, and nothing is lost
    _claims.append(claim)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _is_being_ended(ray_folder: Path) -> bool:
    """True if the guard of an earlier run of this folder is still ending its processes; our own is our child."""
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
