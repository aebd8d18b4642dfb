"""Waiting for thousands of sockets in one thread: epoll where there is one, poll elsewhere (macOS).

One thread waits and calls; only `call` may come from others. No error of its own.
"""

from __future__ import annotations

import math
import select
import socket
from collections import deque
from collections.abc import Callable
from functools import partial

from ess_ray.core.polling.cadence import Now

# So many sockets are served before the clocks are read again: a millisecond's work or two.
AT_ONCE = 64
Handler = Callable[[Now], None]


class Readiness:
    """Who is called when a socket can be read (or, while it connects, written)."""

    def __init__(self) -> None:
        self.handlers: dict[int, Handler] = {}  # by file number
        self._epoll = select.epoll() if hasattr(select, "epoll") else None
        self._waiter = self._epoll or select.poll()
        # After this pause in seconds at the latest: the file numbers that are ready, each with what it is ready for.
        self.wait: Callable[[float], list[tuple[int, int]]] = (
            partial(self._epoll.poll, maxevents=AT_ONCE) if self._epoll else self._poll
        )
        self._calls: deque[Handler] = deque()
        self._bell, self._ear = socket.socketpair()
        self._bell.setblocking(False)
        self._ear.setblocking(False)
        self.watch(self._ear, self._hear)

    def watch(self, watched: socket.socket, handler: Handler, connecting: bool = False) -> None:
        """Call `handler` when this can be read, or its connection stands or has failed; it may be watched already."""
        number, kind = watched.fileno(), select.POLLOUT if connecting else select.POLLIN
        known = number in self.handlers
        self.handlers[number] = handler
        (self._waiter.modify if known else self._waiter.register)(number, kind)

    def forget(self, watched: socket.socket) -> None:
        """To be called before it is closed."""
        if self.handlers.pop(watched.fileno(), None):
            self._waiter.unregister(watched.fileno())

    def call(self, handler: Handler) -> None:
        """Have it called by the thread that waits."""
        self._calls.append(handler)
        try:
            self._bell.send(b"!")
        except OSError:
            return  # it rings already, or nobody waits any more

    def close(self) -> None:
        """Nobody waits any more."""
        self._bell.close()
        self._ear.close()
        if self._epoll:
            self._epoll.close()

    def _poll(self, pause_s: float) -> list[tuple[int, int]]:
        return self._waiter.poll(math.ceil(pause_s * 1000))

    def _hear(self, now: Now) -> None:
        self._ear.recv(4096)
        while self._calls:
            self._calls.popleft()(now)
