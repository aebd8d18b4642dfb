"""The page's web server: its files and its data as JSON, in a thread of its own. Only GET is served.

There is no password, so it listens on loopback unless `page.host` is another address. Its headers forbid the browser to
load anything from elsewhere, to run any script but the page's own, and to show the page in a frame. A request by the
name of another host is refused: a page of an attacker could reach the server that way from the same browser (DNS
rebinding). A connection without a request ends after seconds, and their number is bounded (see `connection`). Requests
that query the database wait for one of WORKERS threads; more than MOST_WAITING are refused.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

from aiohttp import web

from ess_ray.adapters.local.notices import Troubles
from ess_ray.adapters.page.connection import PageConnection
from ess_ray.core.errors import CannotStart, EssRayError, NotFound
from ess_ray.core.running.logfields import about

troubles = Troubles(__name__)

Source = Callable[[Mapping[str, str]], dict[str, Any]]  # the URL's parameters → a tree for JSON
CONTENT_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
START = "page.html"
FOLDER = Path(__file__).parents[2] / "page"
PORTS = 10  # that are tried, from the configured one on
WORKERS, MOST_WAITING = 2, 16
START_S, STOP_S = 10.0, 5.0
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "ess_ray",
}


class PageServer:
    """The server of one page; `start` begins it.

    `run` is called in the server's thread, so it must not wait for anything; `queries`, by their path below /api/, are
    called in worker threads. Each takes the URL's parameters (`run`: none) and returns a tree for `json.dumps`; an
    EssRayError of a query is answered with its text (NotFound: 400, others: 503). `host`: a name or an IP address to
    listen on. `port` 0 means any free port.
    """

    def __init__(self, host: str, port: int, run: Source, queries: Mapping[str, Source]) -> None:
        self._host, self._port = host, port
        self._status = run
        self._queries = queries
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="page-query")
        self._waiting = 0
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="page", daemon=True)
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.Server | None = None

    def start(self) -> str:
        """Serve from now on; returns the URL, `http://HOST:PORT`, with the port that was free. To be called once.

        Waits START_S at most, then raises TimeoutError. Raises CannotStart if the host cannot be used or no port is
        free, of PORTS from the configured one on. After any error `close` ends what was begun.
        """
        self._thread.start()
        return asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(START_S)

    def close(self) -> None:
        """Stop serving and end the threads; not to be called in one of them. Queries under way are not waited for.

        Raises TimeoutError if connections are not closed within STOP_S.
        """
        if self._listener and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._listener.close)
        if self._runner and self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(STOP_S)
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(STOP_S)
            self._loop.close()
        self._workers.shutdown(wait=False, cancel_futures=True)

    async def _start(self) -> str:
        app = web.Application(middlewares=[self._guarded])
        for file in FOLDER.iterdir():
            serve = partial(_file, file.read_text(encoding="utf-8"), CONTENT_TYPES[file.suffix])
            app.router.add_get("/" if file.name == START else f"/{file.name}", serve)
        app.router.add_get("/api/run", self._run)
        for name, query in self._queries.items():
            app.router.add_get(f"/api/{name}", partial(self._respond, query))
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await self._runner.setup()
        return f"http://{self._url_host}:{await self._listen(self._runner)}"

    async def _listen(self, runner: web.AppRunner) -> int:
        """Listen on the configured port or, if it is taken, on the next free one; returns it."""
        assert runner.server
        make_connection = partial(PageConnection, runner.server, self._loop)
        for port in range(self._port, min(self._port + PORTS, 65536)) if self._port else (0,):
            try:
                self._listener = await self._loop.create_server(make_connection, self._host, port)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise CannotStart(f"page.host={self._host}: {error.strerror}") from error
            else:
                return int(self._listener.sockets[0].getsockname()[1])
        raise CannotStart(f"page.port={self._port}: this port and the next {PORTS - 1} are taken")

    @property
    def _url_host(self) -> str:
        return f"[{self._host}]" if ":" in self._host else self._host

    @web.middleware
    async def _guarded(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Refuses requests by the name of another host, and gives every response its headers, errors too."""
        if isinstance(request.protocol, PageConnection):
            request.protocol.begin_request()
        response: web.StreamResponse
        if not self._is_own_host(request.host):
            response = _error(403, "this is not the page's own host: open it by the address that the collector shows")
        else:
            try:
                response = await handler(request)
            except web.HTTPException as error:
                response = _error(error.status, error.reason)
        response.headers.update(HEADERS)
        return response

    def _is_own_host(self, host: str) -> bool:
        """True for every IP address, which no DNS can point elsewhere, and for `localhost` and `page.host`."""
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        name = name.strip("[]").lower()
        if name in {"localhost", self._host.lower()}:
            return True
        try:
            ip_address(name)
        except ValueError:
            return False
        return True

    async def _run(self, _request: web.Request) -> web.Response:
        response = _json(self._status({}))
        response.enable_compression()
        return response

    async def _respond(self, query: Source, request: web.Request) -> web.Response:
        if self._waiting >= MOST_WAITING:
            return _error(503, "too many requests at once")
        self._waiting += 1
        try:
            tree = await asyncio.get_running_loop().run_in_executor(self._workers, query, dict(request.query))
            response = _json(tree)
        except NotFound as error:
            response = _error(400, str(error))
        except EssRayError as error:
            response = _error(503, str(error))
        except Exception:  # noqa: BLE001  # it is logged, with its trace
            text = f"the page's request {request.path} failed"
            troubles.met(request.path, text, about("defect"), logging.ERROR, trace=True)
            response = _error(500, "an error of the program: see the collector's log")
        finally:
            self._waiting -= 1
        response.enable_compression()
        return response


async def _file(text: str, content_type: str, _request: web.Request) -> web.Response:
    return web.Response(text=text, content_type=content_type, charset="utf-8")


def _json(tree: dict[str, Any], status: int = 200) -> web.Response:
    text = json.dumps(tree, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    return web.Response(text=text, status=status, content_type="application/json")


def _error(status: int, text: str) -> web.Response:
    return _json({"error": text}, status)
