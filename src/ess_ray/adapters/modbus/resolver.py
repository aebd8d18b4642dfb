"""Addresses of host names, looked up in threads: a name server that does not answer blocks one for half a minute.

A name has one thread at most, however many wait for it. A name that took long has its next look-ups in threads
apart, where it waits its turn among its like: names that nobody answers for take nothing from the others.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

# Threads are made when they are needed. At the start no name has been slow yet, and a fleet may have many that are.
THREADS, SLOW_THREADS = 256, 64
SLOW_S = 1.0

Address = tuple[int, int, int, str, Any]  # family, type, protocol, name, socket address: as getaddrinfo gives them
Receiver = Callable[[Sequence[Address]], None]


class Resolver:
    """Look-ups of one process.

    States of a name: not in `_waiting`: no thread has it; in `_waiting`: one thread has it or will have it, and calls
    what waits for it then, by port. In `_slow`: its last look-up took longer than SLOW_S.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="resolve")
        self._slow_threads = ThreadPoolExecutor(SLOW_THREADS, thread_name_prefix="resolve-slow")
        self._lock = Lock()
        self._waiting: dict[str, dict[int, Receiver]] = {}
        self._slow: set[str] = set()

    def resolve(self, host: str, port: int, receive: Receiver) -> None:
        """Have `receive` called once, in a resolver's thread, with the host's addresses and this port; does not wait.

        An empty sequence: there are none, or the look-up failed. While a call for this host and port waits, another one
        takes its place, and the earlier `receive` is not called. Must not be called after `close`.
        """
        with self._lock:
            if host in self._waiting:
                self._waiting[host][port] = receive
                return
            self._waiting[host] = {port: receive}
            threads = self._slow_threads if host in self._slow else self._threads
        threads.submit(self._look_up, host)

    def close(self) -> None:
        """Begin no further look-up; those under way are not waited for, and still call `receive`."""
        for threads in (self._threads, self._slow_threads):
            threads.shutdown(wait=False, cancel_futures=True)

    def _look_up(self, host: str) -> None:
        begun_s = time.monotonic()
        addresses: Sequence[Address] = ()
        try:
            addresses = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            pass  # no addresses
        finally:
            with self._lock:
                (self._slow.add if time.monotonic() - begun_s > SLOW_S else self._slow.discard)(host)
                waiting = self._waiting.pop(host)
            for port, receive in waiting.items():
                receive([(*address[:4], (address[4][0], port, *address[4][2:])) for address in addresses])
