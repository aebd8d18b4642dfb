"""The signals that the main job understands: end (Ctrl-C, SIGTERM), end at once, reload (SIGHUP).

Installed in the driver's main thread, where Python runs the handlers.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType


class Signals:
    """Requests that came by signal; handlers only set flags, which the rounds of the run read.

    The first SIGINT or SIGTERM while samples are collected requests the end in order (`end_requested`); a second one,
    or one before collecting has begun, raises KeyboardInterrupt. SIGHUP requests a reload; a terminal that is closed
    sends SIGHUP too, then (`terminal_gone()`) it counts as SIGTERM.
    """

    def __init__(self, terminal_gone: Callable[[], bool]) -> None:
        self._terminal_gone = terminal_gone
        self._reload_requested = False
        self.end_requested = False
        self.collecting = False  # set by the job once the first tick is fixed

    def install(self) -> None:
        """Install the handlers; to be called again after `ray.init`, which replaces that of SIGTERM.

        From the main thread only. The handlers before are not kept.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._end)
        signal.signal(signal.SIGHUP, self._hang_up)

    def take_reload(self) -> bool:
        """True if a reload was requested since the last call, which takes the request away."""
        requested, self._reload_requested = self._reload_requested, False
        return requested

    def _hang_up(self, number: int, frame: FrameType | None) -> None:
        if self._terminal_gone():
            self._end(number, frame)
        else:
            self._reload_requested = True

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        if self.end_requested or not self.collecting:
            raise KeyboardInterrupt
        self.end_requested = True
