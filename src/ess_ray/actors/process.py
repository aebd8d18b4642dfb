"""The process of an actor: every actor's `ready()` gives it, so that the driver can end one that hangs."""

from __future__ import annotations

import gc
import os
import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """A process: its number, and the name of its host."""

    pid: int
    host: str


GC_THRESHOLDS = 20_000, 10, 10  # see gc.set_threshold; samples come and go by the thousand and hold no cycles


def begin_process() -> ProcessInfo:
    """Settle this process for its work, and give its number and host; may be called again.

    From now on Python's garbage collector leaves alone what was made before, and looks seldom at what is new.
    """
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    return ProcessInfo(os.getpid(), socket.gethostname())
