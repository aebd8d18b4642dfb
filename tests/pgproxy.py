"""A TCP proxy in front of a PostgreSQL that makes something happen at a chosen moment of a writer's transaction."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path


class Moment(StrEnum):
    """A moment of a transaction, recognised by the client's bytes."""

    IN_COPY = 'COPY "bank"'  # half of the first rows have gone to the server
    BEFORE_COMMIT = "COMMIT"  # the client has sent it, the server has not got it
    AFTER_COMMIT = "COMMIT "  # the server has answered it, the client has not got that


class Cut(Exception):  # noqa: N818
    """Raised by what happens: both connections end."""


class PostgresProxy:
    """Passes bytes on until `moment`, then calls `happens` once, with the connection waiting.

    `upstream`: the socket of the server that new connections lead to; `cut` ends those there are.
    """

    def __init__(self, upstream: Path) -> None:
        self.upstream = str(upstream)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.moment: Moment | None = None
        self.happens: Callable[[], None] = lambda: None
        self._clients: list[socket.socket] = []

    @contextmanager
    def running(self) -> Iterator[PostgresProxy]:
        """Serve until the block ends."""
        accepting = threading.Thread(target=self._accept, daemon=True)
        accepting.start()
        try:
            yield self
        finally:
            self._listener.shutdown(socket.SHUT_RDWR)
            accepting.join(5)
            self._listener.close()

    def cut(self) -> None:
        """End all connections."""
        for client in self._clients:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        self._clients.clear()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._clients.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            try:
                server.connect(self.upstream)
                while self._pass_on(client, server):
                    pass
            except (OSError, Cut):
                pass  # one side is gone: so goes the other

    def _pass_on(self, client: socket.socket, server: socket.socket) -> bool:
        for source in select.select([client, server], [], [])[0]:
            if not (data := source.recv(1 << 16)):
                return False
            if source is server:
                client.sendall(data)
            elif self.moment and self.moment.strip().encode() in data:
                self._at_moment(client, server, data)
            else:
                server.sendall(data)
        return True

    def _at_moment(self, client: socket.socket, server: socket.socket, data: bytes) -> None:
        moment, self.moment = self.moment, None
        if moment is Moment.BEFORE_COMMIT:
            self.happens()
            server.sendall(data)
            return
        server.sendall(data)
        answer = server.recv(1 << 16)
        if moment is Moment.AFTER_COMMIT:
            self.happens()
            raise Cut
        client.sendall(answer)
        rows = client.recv(1 << 16)
        server.sendall(rows[: len(rows) // 2])
        self.happens()
        server.sendall(rows[len(rows) // 2 :])
