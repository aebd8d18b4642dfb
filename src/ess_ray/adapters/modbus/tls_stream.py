"""Bytes over a TLS connection that stands, on a socket that does not block."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import suppress

from ess_ray.adapters.modbus.readiness import READ, WRITE

# All that a record may hold (RFC 8446, 5.1): what is left of one stays in OpenSSL, where epoll does not see it.
RECORD_BYTES = 1 << 14


class TlsStream:
    """Receives and sends as a socket does, to the same errors; what the socket does not take yet is sent later.

    `error`: of TLS, that ended it; None while it stands and after an end that is not TLS's doing.
    """

    __slots__ = ("_connection", "_unsent", "_waits_to_write", "_watch", "error")

    def __init__(self, connection: ssl.SSLSocket, watch: Callable[[int], None]) -> None:
        """`watch`: has `receive` called when the socket is ready for these events, READ or WRITE or both."""
        self._connection = connection
        self._watch = watch
        self._unsent = b""
        self._waits_to_write = False
        self.error: ssl.SSLError | None = None

    def receive(self, _: int) -> bytes:
        """What the next record holds; empty: the device has ended the connection.

        Raises BlockingIOError if no record is complete, else OSError: the connection is lost.
        """
        if self._waits_to_write:
            self._waits_to_write = False
            self._watch(READ)
            self._flush()
        try:
            return self._connection.recv(RECORD_BYTES)
        except ssl.SSLWantReadError:
            raise BlockingIOError from None
        except ssl.SSLWantWriteError:  # TLS itself has something to say first, as about new keys
            self._wait_to_write()
            raise BlockingIOError from None
        except ssl.SSLError as error:
            self.error = error
            raise

    def send(self, data: bytes) -> int:
        """Send all of it, now or as soon as the socket takes it. Raises OSError if the connection is lost."""
        self._unsent += data
        if not self._waits_to_write:
            self._flush()
        return len(data)

    def close(self) -> None:
        """Tell the device that nothing follows (close_notify), if the socket takes it; no answer is waited for."""
        with suppress(OSError, ValueError):
            self._connection.unwrap()

    def _flush(self) -> None:
        try:
            while self._unsent:
                self._unsent = self._unsent[self._connection.send(self._unsent) :]
        except ssl.SSLWantWriteError:
            self._wait_to_write()

    def _wait_to_write(self) -> None:
        self._waits_to_write = True
        self._watch(READ | WRITE)
