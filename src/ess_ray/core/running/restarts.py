"""When a server that has ended is started again: at once, and ever more seldom while that does not help."""

from __future__ import annotations

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
STEADY_S = 60.0  # a server that was up for so long has come up well: its next end is a new trouble


class RestartPauses:
    """The pauses before each start. Moments are seconds of any clock that does not jump."""

    def __init__(self) -> None:
        self._in_vain = 0  # starts in a row that have failed, or after which it was not up for STEADY_S
        self._up_since_s: float | None = None

    def up(self, now_s: float) -> None:
        """Note that the server has come up."""
        self._up_since_s = now_s

    def before_start_s(self, now_s: float) -> float:
        """Seconds to wait before the next start, now that the server has ended or a start has failed."""
        if self._up_since_s is not None and now_s >= self._up_since_s + STEADY_S:
            self._in_vain = 0
        self._up_since_s = None
        pause_s = min(FIRST_PAUSE_S * 2 ** (self._in_vain - 1), LONGEST_PAUSE_S) if self._in_vain else 0.0
        self._in_vain = min(self._in_vain + 1, 16)
        return pause_s
