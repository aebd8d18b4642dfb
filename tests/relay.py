"""A port in front of another that cuts what comes back from it into pieces, or off."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

Cut = Callable[[bytes], Iterator[bytes]]


@contextmanager
def relay(port: int, cut: Cut) -> Iterator[int]:
    """The port in front of `port`; `cut` gives the pieces in which bytes travel on, an empty one to hang up."""
    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as ends:
        threading.Thread(target=_accept, args=(server, port, cut, ends), daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def _accept(server: socket.socket, port: int, cut: Cut, ends: ExitStack) -> None:
    with suppress(OSError):
        while True:
            client, device = server.accept()[0], socket.create_connection(("127.0.0.1", port))
            for end in (client, device):
                ends.enter_context(end)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_pass_on, args=(client, device, lambda data: iter((data,))), daemon=True).start()
            threading.Thread(target=_pass_on, args=(device, client, cut), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket, cut: Cut) -> None:
    with suppress(OSError):
        while data := source.recv(4096):
            for piece in cut(data):
                if not piece:
                    target.shutdown(socket.SHUT_RDWR)
                target.sendall(piece)
