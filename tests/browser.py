"""Chromium without a window, driven by its debugging protocol: opens a page, presses keys, evaluates expressions."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-port=0",
)  # fmt: skip
START_S, REPLY_S = 60.0, 30.0
KEYS = {"Tab": 9, "Enter": 13, "ArrowLeft": 37, "ArrowRight": 39}


class Tab:
    """One page. `console` has what was logged, also what the page's own Content-Security-Policy refused, as JSON."""

    def __init__(self, runner: asyncio.Runner, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._runner, self._socket = runner, socket
        self._numbers = count(1)
        self.console: list[str] = []

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call a method of the debugging protocol; returns its result."""
        return self._runner.run(asyncio.wait_for(self._call(method, parameters), REPLY_S))

    def open(self, url: str, width: int, height: int, dark: bool = False) -> None:
        """Show a page in a window of this size in pixels."""
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme)
        self.call("Page.navigate", url=url)

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        return self.call("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def wait_for(self, script: str) -> None:
        """Wait until a JavaScript expression is true; fails with the page's text after REPLY_S."""
        end_s = time.monotonic() + REPLY_S
        while not self.evaluate(script):
            assert time.monotonic() < end_s, (script, self.evaluate("document.body.innerText"), self.console)
            time.sleep(0.1)

    def press(self, key: str, times: int = 1) -> None:
        """Press a key of KEYS as a person does."""
        for _ in range(times):
            for kind in ("rawKeyDown", "char", "keyUp") if key == "Enter" else ("rawKeyDown", "keyUp"):
                text = {"text": "\r"} if kind == "char" else {}
                self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=KEYS[key], **text)

    def screenshot(self, file: Path, full_page: bool = True) -> None:
        """Write a PNG of the full page, or of the part that the window shows."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=full_page)
        file.write_bytes(base64.b64decode(shot["data"]))

    async def _call(self, method: str, parameters: dict[str, object]) -> dict[str, Any]:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            message = await self._socket.receive_json()
            if message.get("id") == number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result
            if message.get("method") in {"Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"}:
                self.console.append(json.dumps(message["params"]))


@contextmanager
def browser_tab(profile: Path) -> Iterator[Tab]:
    """A tab of a new Chromium with an empty profile in the folder `profile`."""
    assert CHROMIUM
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with asyncio.Runner() as runner:
            session = runner.run(_session())
            port = _port(profile / "DevToolsActivePort")
            try:
                yield Tab(runner, runner.run(_attach(session, port)))
            finally:
                runner.run(session.close())
    finally:
        process.terminate()
        process.wait(20)


def _port(file: Path) -> int:
    end_s = time.monotonic() + START_S
    while not file.exists() or not file.read_text().strip():
        assert time.monotonic() < end_s, "Chromium does not start"
        time.sleep(0.1)
    return int(file.read_text().split()[0])


async def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()


async def _attach(session: aiohttp.ClientSession, port: int) -> aiohttp.ClientWebSocketResponse:
    async with session.put(f"http://127.0.0.1:{port}/json/new?about:blank") as response:
        url = (await response.json())["webSocketDebuggerUrl"]
    return await session.ws_connect(url, max_msg_size=0)
