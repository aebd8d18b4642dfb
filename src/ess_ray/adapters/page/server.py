"""The page as a web server: its files and a few answers as JSON, in a thread of its own. For reading only.

Nobody is asked for a password, so it listens on loopback unless told otherwise. A browser is told to load nothing from
elsewhere, to run nothing but our file, and to let nobody frame it; a request by another host's name is refused, since
that is how a stranger's page would reach us from the same browser (DNS rebinding). Questions to the database wait for
one of WORKERS threads; more than MOST_WAITING at once are refused. Errors: CannotStart if there is no free port.
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
from ess_ray.core.errors import CannotStart, EssRayError, NotThere
from ess_ray.core.running.logfields import about

troubles = Troubles(__name__)

Answer = Callable[[Mapping[str, str]], dict[str, Any]]
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
START = "page.html"
FOLDER = Path(__file__).parents[2] / "page"
PORTS = 10  # tried, from the one that is wanted
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
    """`run` answers at once, `answers` (by their paths below /api/) may take a while; `port` 0 is any free one."""

    def __init__(self, host: str, port: int, run: Answer, answers: Mapping[str, Answer]) -> None:
        self._host, self._port = host, port
        self._now = run
        self._answers = answers
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="answer")
        self._waiting = 0
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="page", daemon=True)
        self._runner: web.AppRunner | None = None

    def start(self) -> str:
        """Serve; gives the address."""
        self._thread.start()
        return asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(START_S)

    def close(self) -> None:
        """Serve no more."""
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
            serve = partial(_file, file.read_text(encoding="utf-8"), KINDS[file.suffix])
            app.router.add_get("/" if file.name == START else f"/{file.name}", serve)
        app.router.add_get("/api/run", self._run)
        for name, answer in self._answers.items():
            app.router.add_get(f"/api/{name}", partial(self._answer, answer))
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await self._runner.setup()
        return f"http://{self._named}:{await self._listen(self._runner)}"

    async def _listen(self, runner: web.AppRunner) -> int:
        """The port; the next one if somebody has it."""
        for port in range(self._port, min(self._port + PORTS, 65536)) if self._port else (0,):
            try:
                await web.TCPSite(runner, self._host, port).start()
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise CannotStart(f"page.host={self._host}: {error.strerror}") from error
            else:
                return int(runner.addresses[0][1])
        raise CannotStart(f"page.port={self._port}: it and the next {PORTS - 1} ports are taken")

    @property
    def _named(self) -> str:
        return f"[{self._host}]" if ":" in self._host else self._host

    @web.middleware
    async def _guarded(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Only who calls us by an address of ours; every answer with the headers, errors too."""
        response: web.StreamResponse
        if not self._ours(request.host):
            response = _error(403, "this is not the page's own name: open it by the address that the collector says")
        else:
            try:
                response = await handler(request)
            except web.HTTPException as error:
                response = _error(error.status, error.reason)
        response.headers.update(HEADERS)
        return response

    def _ours(self, host: str) -> bool:
        """An address cannot be another's name; a name has to be one that we were given."""
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
        response = _json(self._now({}))
        response.enable_compression()
        return response

    async def _answer(self, answer: Answer, request: web.Request) -> web.Response:
        if self._waiting >= MOST_WAITING:
            return _error(503, "too many questions at once")
        self._waiting += 1
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._workers, answer, dict(request.query))
            response = _json(found)
        except NotThere as error:
            response = _error(400, str(error))
        except EssRayError as error:
            response = _error(503, str(error))
        except Exception:  # noqa: BLE001  # it is logged, with its trace
            text = f"{request.path} could not be answered"
            troubles.met(request.path, text, about("defect"), logging.ERROR, trace=True)
            response = _error(500, "an error of the program: see the collector's log")
        finally:
            self._waiting -= 1
        response.enable_compression()
        return response


async def _file(text: str, kind: str, _request: web.Request) -> web.Response:
    return web.Response(text=text, content_type=kind, charset="utf-8")


def _json(tree: dict[str, Any], status: int = 200) -> web.Response:
    text = json.dumps(tree, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    return web.Response(text=text, status=status, content_type="application/json")


def _error(status: int, text: str) -> web.Response:
    return _json({"error": text}, status)
