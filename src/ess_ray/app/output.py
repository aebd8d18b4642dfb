"""Standard output as the main job uses it: it may go away, and the job does not."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import IO, Any


class Output:
    """A file that ends in nothing once its terminal is closed or its pipe is broken."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._terminal = file.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    @property
    def gone(self) -> bool:
        """Whether it was a terminal that has been closed since."""
        try:
            return self._terminal and not os.tcgetpgrp(self._file.fileno())
        except OSError:
            return True

    def write(self, text: str) -> int:
        """As a file does, without its errors."""
        self._or_nothing(lambda: self._file.write(text))
        return len(text)

    def flush(self) -> None:
        """As a file does, without its errors."""
        self._or_nothing(self._file.flush)

    def _or_nothing(self, act: Callable[[], object]) -> None:
        try:
            act()
        except OSError:
            nothing = os.open(os.devnull, os.O_WRONLY)  # takes what is still in the buffer, too
            os.dup2(nothing, self._file.fileno())
            os.close(nothing)
