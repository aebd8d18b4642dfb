"""Lines for a person; and standard output of the main job, whose terminal may be closed and whose pipe may break."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import IO, Any

from ess_ray.core.errors import printable


def print_line(text: str, *, error: bool = False) -> None:
    """Print a sentence as one line, on standard error if it is about an `error`.

    What is not printable is escaped: parts of the text may come from a database, a device or another user.
    """
    print(printable(text), file=sys.stderr if error else sys.stdout, flush=True)


class Output:
    """A text file whose writes are dropped once its terminal is closed or its pipe is broken; all else as of `file`.

    The first OSError turns the descriptor of `file` to /dev/null, for good.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._terminal = file.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    @property
    def gone(self) -> bool:
        """True if `file` was a terminal that has been closed since; always False for a pipe or a file."""
        try:
            return self._terminal and not os.tcgetpgrp(self._file.fileno())
        except OSError:
            return True

    def write(self, text: str) -> int:
        """Write the text or drop it; gives its length in characters in both cases. Raises no OSError."""
        self._or_drop(lambda: self._file.write(text))
        return len(text)

    def flush(self) -> None:
        """Flush what was written, or drop it. Raises no OSError."""
        self._or_drop(self._file.flush)

    def _or_drop(self, action: Callable[[], object]) -> None:
        try:
            action()
        except OSError:
            null = os.open(os.devnull, os.O_WRONLY)  # takes what is still in the buffer, too
            os.dup2(null, self._file.fileno())
            os.close(null)
