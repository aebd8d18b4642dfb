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
    """A TCP connection that comes and goes; nothing here waits or raises."""

    def connect(self) -> None: ...
    def send(self, adus: bytes) -> None: ...
    def close(self) -> None: ...
