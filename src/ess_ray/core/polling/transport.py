"""A TCP connection as the state machine sees it (`core.polling.connection`); the real one is in `adapters.modbus`."""

from __future__ import annotations

from enum import Enum, auto
from typing import Protocol


class State(Enum):
    """State of a transport."""

    CLOSED = auto()
    CONNECTING = auto()
    READY = auto()  # connected, no request in flight
    WAITING = auto()  # connected, requests in flight


class Transport(Protocol):
    """A TCP connection that comes and goes; nothing here waits or raises.

    What happens later is reported to the connection that uses it, by its `connected`, `connect_failed`, `received` and
    `closed`.
    """

    def connect(self) -> None:
        """Begin an attempt to connect, while there is none and nothing is connected.

        It ends with `connected` or `connect_failed`; it has no time limit of its own: `close` gives it up.
        """

    def send(self, adus: bytes) -> None:
        """Send these bytes, one or more ADUs one behind the other, on the connection that stands.

        Nothing says that they were sent: a lost connection is reported by `closed`, or a reply does not come.
        """

    def close(self) -> None:
        """Close the connection at once or give up the attempt to connect; nothing of it is reported afterwards."""
