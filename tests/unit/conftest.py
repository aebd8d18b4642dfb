"""Unit tests touch neither the network nor Ray: both are refused here."""

from __future__ import annotations

import socket
import sys
from typing import NoReturn

import pytest
from hypothesis import settings

settings.register_profile("busy machine", deadline=None)  # else an example that takes 200 ms once fails its test
settings.load_profile("busy machine")


def _refuse(*_: object, **__: object) -> NoReturn:
    raise AssertionError("a unit test must use neither sockets nor Ray: move it to tests/contract or tests/cluster")


@pytest.fixture(autouse=True)
def _no_network_no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("bind", "connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, _refuse)
    monkeypatch.setattr(socket, "getaddrinfo", _refuse)
    if "ray" in sys.modules:  # a first import inside a test is refused by its need for a free port
        monkeypatch.setattr("ray.init", _refuse)
