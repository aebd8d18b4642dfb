"""Lines for a person; and standard output of the main job, whose terminal may be closed and whose pipe may break."""

from __future__ import annotations

import os
import sys
from typing import Any, TextIO

from ess_ray.adapters.local.writing import WritingThread
from ess_ray.core.errors import printable

MOST_PIECES = 200  # that wait for a terminal which is held; the live table makes two a second


def print_line(text: str, *, error: bool = False) -> None:
    """Print a sentence as one line, on standard error if it is about an `error`.

    What is not printable is escaped: parts of the text may come from a database, a device or another user.
    """
    print(printable(text), file=sys.stderr if error else sys.stdout, flush=True)


class Output:
    """A text file whose writes are dropped once its terminal is closed or its pipe is broken; all else as of `file`.

    The first OSError turns the descriptor of `file` to /dev/null, for good. A terminal that is held (Ctrl-S) and a pipe
    whose reader stands still hold nobody up: a thread writes, and what waits for it is bounded.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._terminal = file.isatty()
        self._thread = WritingThread("output", MOST_PIECES)

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
        self._thread.put(lambda: self._write(text))
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""

    def finish(self) -> None:
        """Wait a moment for what is not written yet, at the end of the process."""
        self._thread.finish()

    def _write(self, text: str) -> None:
        """In the thread, and past the buffer of `file`: its lock, held by a write that hangs, would abort the exit."""
        data = text.encode(self._file.encoding, "replace")
        try:
            while data:
                data = data[os.write(self._file.fileno(), data) :]
        except OSError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._file.fileno())
            os.close(null)
