"""Where an actor runs: what every actor's `ready()` says, so that one that hangs can be ended."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Alive:
    """A process."""

    pid: int
    host: str


def alive() -> Alive:
    """This process."""
    return Alive(os.getpid(), socket.gethostname())
