"""A Modbus TCP server that does next to nothing: an answer of zeros a request. `python -m benchmarks.lean_server PORTS`

Prints its ports on one line and serves until standard input ends. A process of its own, so that its CPU time is not the
client's. Requests must come whole and one at a time, as all clients here send them.
"""

from __future__ import annotations

import json
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

REQUEST_BYTES = 12


def serve(ports: int) -> None:
    """Listen on as many ports, on loopback."""
    poll = select.epoll()
    listeners = {each.fileno(): each for each in (socket.create_server(("127.0.0.1", 0)) for _ in range(ports))}
    clients: dict[int, socket.socket] = {}
    for number in (sys.stdin.fileno(), *listeners):
        poll.register(number, select.EPOLLIN)
    print(json.dumps([each.getsockname()[1] for each in listeners.values()]), flush=True)
    while True:
        for number, _ in poll.poll():
            if number in clients:
                request = clients[number].recv(REQUEST_BYTES)
                if len(request) == REQUEST_BYTES:
                    clients[number].send(request[:2] + answer(request[2:]))
                else:
                    clients.pop(number).close()
            elif number in listeners:
                client, _ = listeners[number].accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                clients[client.fileno()] = client
                poll.register(client.fileno(), select.EPOLLIN)
            else:
                return


@cache
def answer(request: bytes) -> bytes:
    """All of an answer but its transaction, to all of a request but its transaction."""
    data = 2 * int.from_bytes(request[8:10], "big")
    return b"\0\0" + (3 + data).to_bytes(2, "big") + request[4:6] + bytes([data]) + bytes(data)


@contextmanager
def lean_server(ports: int) -> Iterator[list[int]]:
    """The ports of a server that runs meanwhile."""
    command = [sys.executable, "-m", "benchmarks.lean_server", str(ports)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin
        assert server.stdout
        try:
            yield json.loads(server.stdout.readline())
        finally:
            server.stdin.close()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
