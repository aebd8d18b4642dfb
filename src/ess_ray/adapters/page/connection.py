"""A connection to the page: it ends by itself if no request comes over it, and there is a bounded number of them."""

from __future__ import annotations

import asyncio
from typing import cast

from aiohttp.web_protocol import RequestHandler
from aiohttp.web_server import Server

MOST_CONNECTIONS = 64  # of all browsers together; one opens up to six
HEADER_S = 5.0  # until the header of the first request is complete
REQUEST_S = 60.0  # since the last header was complete: waiting for a query, writing the response, the pause after it


class PageConnection(RequestHandler):
    """aiohttp's handler of a connection, with an end: aborted when its time is over, or at once if it is one too many.

    aiohttp itself waits for a header without a limit.
    """

    __slots__ = ("_deadline",)

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(server, loop=loop, access_log=None)  # type: ignore[arg-type]  # aiohttp takes it
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept the connection, for HEADER_S at first, or abort it if there are more than MOST_CONNECTIONS."""
        super().connection_made(transport)
        too_many = self._manager is not None and len(self._manager.connections) > MOST_CONNECTIONS
        self._end_after(0.0 if too_many else HEADER_S)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Cancel the timer that would abort the connection: it is closed."""
        if self._deadline:
            self._deadline.cancel()
        super().connection_lost(exc)

    def begin_request(self) -> None:
        """Give the connection REQUEST_S from now on. Called in the event loop when a request's header is complete."""
        self._end_after(REQUEST_S)

    def _end_after(self, after_s: float) -> None:
        if self._deadline:
            self._deadline.cancel()
        transport = cast(asyncio.Transport, self.transport)
        self._deadline = self._loop.call_later(after_s, transport.abort)
