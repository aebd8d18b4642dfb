"""A TCP proxy that does to a connection what networks do; for Modbus and PostgreSQL alike. All proxies share a thread.

In a black hole nothing passes, not even the end of a connection; what was sent comes late when the hole is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from enum import StrEnum
from threading import Thread
from typing import Any, Self

DELAY_S = 0.4
DRIP_S = 0.05
TRAP_S = 0.05
BEAT_S, STALL_S = 0.05, 0.25  # a loop that is so late has not got a processor: nobody else has, either
CHUNK = 1 << 16


class Mode(StrEnum):
    """The treatment of bytes that pass."""

    PASS = "pass"
    DELAY = "delay"
    DRIP = "drip"
    BLACKHOLE = "blackhole"
    REFUSE = "refuse"


class ProxyThread:
    """The loop that all proxies run on."""

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._proxies: list[Proxy] = []
        self.stalls: list[tuple[float, float]] = []  # from when until when it stood still
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._beat(), self._loop)
        return self

    def __exit__(self, *_: object) -> None:
        self.do(self._cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def do(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run `work` on the loop, to its end."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def proxy(self, target_port: int) -> Proxy:
        """A proxy for a port of loopback."""
        proxy = Proxy(self, target_port)
        self._proxies.append(proxy)
        self.do(proxy.listen())
        return proxy

    async def _beat(self) -> None:
        while True:
            began_s = time.time()
            await asyncio.sleep(BEAT_S)
            if time.time() > began_s + BEAT_S + STALL_S:
                self.stalls.append((began_s, time.time()))

    async def _cancel_all(self) -> None:
        for proxy in self._proxies:
            proxy.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Proxy:
    """One port in front of another."""

    def __init__(self, thread: ProxyThread, target_port: int) -> None:
        self.port = 0
        self._thread = thread
        self._target_port = target_port
        self._mode = Mode.PASS
        self._passable = asyncio.Event()
        self._passable.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._trap: tuple[bytes, bool, Callable[[], object] | None] | None = None

    def set(self, mode: Mode) -> None:
        """Treat everything so from now on."""
        self._thread.do(self._set(mode))

    def cut(self) -> None:
        """Break every connection, wherever it is."""
        self._thread.do(self._cut())

    def trap(self, word: bytes, whole: bool, spring: Callable[[], object] | None = None) -> None:
        """Break every connection once `word` goes to the server: behind all of its bytes, or in the middle of them.

        `spring` is done before that.
        """
        self._trap = (word, whole, spring)

    async def listen(self) -> None:
        """Take connections, always on the same port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Take no connection any more."""
        if self._server:
            self._server.close()
            self._server = None

    async def _set(self, mode: Mode) -> None:
        self._mode = mode
        if mode is Mode.BLACKHOLE:
            self._passable.clear()
        else:
            self._passable.set()
        if mode is Mode.REFUSE:
            self.close()
            await self._cut()
        elif self._server is None:
            await self.listen()

    async def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.close()
            return
        ends = {writer, far_writer}
        self._writers |= ends
        try:
            await asyncio.gather(self._pump(reader, far_writer, to_server=True), self._pump(far_reader, writer))
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to_server: bool = False) -> None:
        """One direction, to its end; the other end is closed then, as a firewall that has seen the end does."""
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                if to_server and self._trap and self._trap[0] in data:
                    await self._spring(data, writer)
                else:
                    await self._pass(data, writer)
        await self._passable.wait()
        writer.close()

    async def _spring(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        assert self._trap
        (_, whole, spring), self._trap = self._trap, None
        writer.write(data if whole else data[: len(data) // 2])
        await writer.drain()
        if spring:
            spring()
        await asyncio.sleep(TRAP_S)  # the server does what it was told
        await self._cut()

    async def _pass(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        if self._mode is Mode.DELAY:
            await asyncio.sleep(DELAY_S)
        while self._mode is Mode.DRIP and data and not writer.is_closing():
            await asyncio.sleep(DRIP_S)
            writer.write(data[:1])
            data = data[1:]
        await self._passable.wait()
        writer.write(data)
        await writer.drain()
