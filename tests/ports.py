"""Ports of servers that begin later, come back, or never come: nobody else gets one in the meantime."""

from __future__ import annotations

import secrets
import socket
from contextlib import suppress

FIRST, MANY = 22000, 8000  # below those that the system gives to who asks for any, as other tests do all the time


def unused_port() -> int:
    """On loopback. Out of so many that two tests at once do not meet; no seeded chance, which would repeat itself."""
    while True:
        port = FIRST + secrets.randbelow(MANY)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
