"""Waiting for thousands of sockets in one thread: epoll where there is one, poll elsewhere (macOS).

One thread waits and calls the handlers; only `call` may be used from other threads. Raises no errors of its own.
"""

from __future__ import annotations

import math
import select
import socket
from collections import deque
from collections.abc import Callable
from functools import partial

from ess_ray.core.polling.cadence import Now

# So many sockets are served before the clocks are read again: one or two milliseconds of work.
AT_ONCE = 64
READ, WRITE = select.POLLIN, select.POLLOUT  # the same numbers for epoll
Handler = Callable[[Now], None]


class Readiness:
    """Sockets that are waited for, and the handlers to be called once they are ready: to be read, or connected.

    `wait(seconds)` gives the ready ones as (file number, events), empty when the time is over; it calls no handler.
    Whoever waits then calls `handlers[file number]` with both clocks.
    """

    def __init__(self) -> None:
        self.handlers: dict[int, Handler] = {}  # by file number
        self._epoll = select.epoll() if hasattr(select, "epoll") else None
        self._waiter = self._epoll or select.poll()
        # Waits at most so many seconds; gives the ready file numbers, each with the events it is ready for.
        self.wait: Callable[[float], list[tuple[int, int]]] = (
            partial(self._epoll.poll, maxevents=AT_ONCE) if self._epoll else self._poll
        )
        self._calls: deque[Handler] = deque()
        self._wakeup_send, self._wakeup_recv = socket.socketpair()
        self._wakeup_send.setblocking(False)
        self._wakeup_recv.setblocking(False)
        self.watch(self._wakeup_recv, self._run_calls)

    def watch(self, watched: socket.socket, handler: Handler, events: int = READ) -> None:
        """Call `handler` when this socket can be read or, for WRITE, once its connection stands, or takes bytes.

        A socket that is watched already gets the new handler. Errors and a connection that failed count as both.
        """
        number = watched.fileno()
        watched_before = number in self.handlers
        self.handlers[number] = handler
        (self._waiter.modify if watched_before else self._waiter.register)(number, events)

    def forget(self, watched: socket.socket) -> None:
        """Watch this socket no more; must be called before it is closed. One that is not watched is no error."""
        if self.handlers.pop(watched.fileno(), None):
            self._waiter.unregister(watched.fileno())

    def call(self, handler: Handler) -> None:
        """Have `handler` called soon by the thread that waits, in the order of the calls. For any thread.

        Ends a `wait` that is under way. Does nothing once `close` was called.
        """
        self._calls.append(handler)
        try:
            self._wakeup_send.send(b"!")
        except OSError:
            return  # the waiting thread has unread wake-ups already, or has ended

    def close(self) -> None:
        """Close what waiting needs, not the watched sockets; no other method but `call` may be called afterwards."""
        self._wakeup_send.close()
        self._wakeup_recv.close()
        if self._epoll:
            self._epoll.close()

    def _poll(self, pause_s: float) -> list[tuple[int, int]]:
        return self._waiter.poll(math.ceil(pause_s * 1000))

    def _run_calls(self, now: Now) -> None:
        self._wakeup_recv.recv(4096)
        while self._calls:
            self._calls.popleft()(now)
