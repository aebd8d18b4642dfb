"""The oracle knows which devices a process polls."""

from __future__ import annotations

import os
import socket

from tests.faults.pollers import PolledBy


def test_devices_that_nobody_reaches_may_be_those_of_any_poller() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        polled_by = PolledBy({server.getsockname()[1]: (0, 1), 1: (2,)})
        assert polled_by.of(os.getpid(), [os.getppid()]) == (0, 1, 2)
        assert polled_by.of(os.getppid(), [os.getpid()]) == (2,)
