"""What all TLS connections of a loop share: their files, read in a thread, and turns for their handshakes.

A step of a handshake computes for up to six milliseconds (docs/decisions/016). The loop does one, serves what is ready
and does the next: a thousand devices that connect at once keep no other waiting. Nothing here loads OpenSSL before the
first device needs it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from ess_ray.adapters.local.background import Background
from ess_ray.core.errors import ConfigError
from ess_ray.core.polling.cadence import Now
from ess_ray.core.settings import TlsSettings

if TYPE_CHECKING:
    from ssl import SSLContext

Step = Callable[[Now], None]


class Turns:
    """Steps of handshakes, one each time that the loop looks at what is due."""

    def __init__(self, wake: Callable[[int, Turns], None]) -> None:
        """`wake`: has `look` called at a moment of the monotonic clock, in microseconds."""
        self._wake = wake
        self._steps: deque[Step] = deque()

    def __repr__(self) -> str:
        return "a TLS handshake"

    def want(self, step: Step) -> None:
        """Have a step done when its turn has come."""
        self._steps.append(step)
        if len(self._steps) == 1:
            self.look_at(0)

    def look(self, now: Now) -> None:
        """Do one step. Called by the loop."""
        if self._steps:
            step = self._steps.popleft()
            if self._steps:
                self.look_at(0)
            step(now)

    def look_at(self, at_us: int) -> None:
        """Have `look` called at this moment; 0: once the loop has served what is ready."""
        self._wake(at_us, self)


class Loaded(NamedTuple):
    """What the files of TLS gave: a `context` is good, if an older one beside a `problem` of the files as they are."""

    context: SSLContext | None
    problem: ConfigError | None


class TlsFiles:
    """Contexts by their settings, made anew when a file has changed: what is renewed counts from the next connection.

    Files are looked at in a thread, since a disk may hang; once for all connections that wait.
    """

    def __init__(self) -> None:
        self._thread = Background("tls-files")
        self._lock = Lock()
        self._waiting: dict[TlsSettings, dict[Hashable, Callable[[Loaded], None]]] = {}
        self._known: dict[TlsSettings, tuple[object, Loaded]] = {}  # with the files' stamps

    def load(self, tls: TlsSettings, who: Hashable, receive: Callable[[Loaded], None]) -> None:
        """Have `receive` called once, in the thread; does not wait. A later call of `who` takes this one's place."""
        with self._lock:
            if tls not in self._waiting:
                self._waiting[tls] = {}
                self._thread.submit(lambda: self._load(tls))
            self._waiting[tls][who] = receive

    def _load(self, tls: TlsSettings) -> None:
        with self._lock:
            waiting = self._waiting.pop(tls)
        loaded = self._loaded(tls)
        for receive in waiting.values():
            receive(loaded)

    def _loaded(self, tls: TlsSettings) -> Loaded:
        from ess_ray.adapters.modbus.tls import client_context

        stamps = [_stamp(file) for file in (tls.ca_file, tls.certificate_file, tls.key_file)]
        known_stamps, known = self._known.get(tls, (None, Loaded(None, None)))
        if stamps != known_stamps:
            try:
                known = Loaded(client_context(tls), None)
            except ConfigError as error:
                known = Loaded(known.context, error)
            self._known[tls] = stamps, known
        return known


def _stamp(file: Path | None) -> object:
    """Another one once the file is another one, or has another text."""
    try:
        known = file.stat() if file else None
    except OSError as error:
        return error.errno
    return known and (known.st_ino, known.st_size, known.st_mtime_ns, known.st_mode)
