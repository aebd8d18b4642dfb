"""The page's connections: one that sends no request ends after seconds, and there is a bounded number of them."""

from __future__ import annotations

import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from ess_ray.adapters.page import connection
from ess_ray.adapters.page.connection import MOST_CONNECTIONS
from ess_ray.adapters.page.server import PageServer

LARGE = {"sites": ["x" * 1000] * 50_000}  # more than the buffers of a socket hold


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(connection, "HEADER_S", 1.0)
    monkeypatch.setattr(connection, "REQUEST_S", 2.0)
    server = PageServer("127.0.0.1", 0, lambda _: {"sites": None}, {"large": lambda _: LARGE})
    url = server.start()
    yield int(url.rpartition(":")[2])
    server.close()


def lasts_s(client: socket.socket, pieces: bytes = b"") -> float:
    """For how long a connection lasts that sends one of these bytes ten times a second, and reads nothing."""
    begun_s, rest = time.monotonic(), list(pieces)
    client.settimeout(0.1)
    with suppress(ConnectionError):
        while time.monotonic() < begun_s + 10:
            if rest:
                client.send(bytes([rest.pop(0)]))
            try:
                if client.recv(1) == b"":
                    break
            except TimeoutError:
                pass
            else:
                pytest.fail("a response")
            time.sleep(0.1)
    return time.monotonic() - begun_s


@pytest.mark.parametrize("pieces", [b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-Slow: yes\r\n" * 100])
def test_a_connection_without_a_complete_header_ends(port: int, pieces: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        assert 0.5 < lasts_s(client, pieces) < 4


def test_a_connection_whose_response_is_not_read_ends(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET /api/large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(4)
        received = 0
        client.settimeout(5)
        with suppress(ConnectionError):
            while data := client.recv(1 << 20):
                received += len(data)
        assert received < 50_000_000


def test_their_number_is_bounded_and_the_page_is_served_again_when_they_have_ended(port: int) -> None:
    with ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(2 * MOST_CONNECTIONS)
        ]
        time.sleep(0.3)
        assert len(_sockets(port)) <= MOST_CONNECTIONS
        time.sleep(1.2)
        assert _sockets(port) == []
        assert _status(port) == 200
        assert clients


def test_a_connection_that_is_used_lasts(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        for _ in range(6):
            client.sendall(b"GET /api/run HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 200 OK")
            time.sleep(0.5)


def _status(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/run", timeout=5) as response:
        return int(response.status)


def _sockets(port: int) -> list[str]:
    """The server's own ends of connections that stand."""
    standing, address = "01", f":{port:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [fields[2] for fields in lines if fields[1].endswith(address) and fields[3] == standing]
