"""Where an actor runs: what every actor's `ready()` says, so that one that hangs can be ended."""

from __future__ import annotations

import gc
import os
import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """A process."""

    pid: int
    host: str


FEW_COLLECTIONS = 20_000, 10, 10  # thresholds: samples come and go by the thousand and hold no cycles


def begin_process() -> ProcessInfo:
    """This process. From now on Python's garbage collector looks at what is new only, and seldom."""
    gc.freeze()
    gc.set_threshold(*FEW_COLLECTIONS)
    return ProcessInfo(os.getpid(), socket.gethostname())
