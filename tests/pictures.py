"""Pictures of a real run for README.md and docs/running.md: `./scripts/pictures` writes docs/images/ anew.

Four simulated plants are collected for some minutes. tmux is their terminal, Chromium shows the page; both have to be
installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from tests.browser import Tab, browser_tab

IMAGES = Path(__file__).parents[1] / "docs" / "images"
JOB = f"{sys.executable} -m ess_ray.main"
COLUMNS, LINES = 100, 40
START_S, COLLECT_S, STOP_S = 60.0, 240.0, 20.0
HTML = (
    '<body style="margin: 0; padding: 4px 16px; background: {background}">'
    "<pre style=\"font: 13px/1.2 'DejaVu Sans Mono', monospace; color: {foreground}\">{code}</pre>"
)
DRAWN = "document.querySelectorAll('#curves path').length > 5 && document.querySelectorAll('#heat rect').length > 0"


def tmux(*words: str, check: bool = True) -> str:
    """The output of a command to tmux."""
    command = ["tmux", "-L", f"ess_ray_pictures_{os.getpid()}", *words]
    return subprocess.run(command, check=check, capture_output=True, text=True).stdout


@contextmanager
def collecting(folder: Path) -> Iterator[None]:
    """A collector at work in a terminal of its own, with its files in `folder`."""
    size = ("-x", str(COLUMNS), "-y", str(LINES))
    tmux("new-session", "-d", *size, "-c", str(folder), f"{JOB} site=all")
    try:
        yield
        tmux("send-keys", "C-c")
        time.sleep(STOP_S)
    finally:
        tmux("kill-server", check=False)  # it ends with its last terminal


def screen(target: str = "") -> Text:
    """What a terminal shows, with its colours."""
    return Text.from_ansi(tmux("capture-pane", "-p", "-e", "-t", f":{target}").rstrip())


def status(folder: Path) -> Text:
    """What `job=status` prints in a second terminal."""
    tmux("new-window", "-d", "-n", "status", "-c", str(folder), f"{JOB} job=status; sleep 60")
    while "page:" not in (text := screen("status")).plain:  # its last line
        time.sleep(1.0)
    return text


def draw_terminal(tab: Tab, shown: Sequence[tuple[str, Text]], folder: Path) -> None:
    """Draw commands and what each of them printed."""
    with (folder / "recorded").open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        for command, text in shown:
            console.print(Text.assemble(("$ ", "dim"), (command, "bold")), text, "", sep="\n")
    page = folder / "terminal.html"
    page.write_text(console.export_html(theme=DIMMED_MONOKAI, inline_styles=True, code_format=HTML), encoding="utf-8")
    tab.open(page.as_uri(), 850, 100)
    tab.wait_for("document.querySelectorAll('pre').length == 1")
    tab.screenshot(IMAGES / "terminal.png")


def draw_page(tab: Tab, url: str, name: str, width: int, height: int) -> None:
    """Draw the page of one plant, as much as a window of this size in pixels shows."""
    tab.open(f"{url}/?{name}#panri", width, height)
    tab.wait_for(DRAWN)
    time.sleep(1.0)  # the curves have their values, and the cards the state of this second
    tab.evaluate("scrollTo(0, 0)")
    tab.screenshot(IMAGES / f"{name}.png", full_page=False)


def main() -> None:
    """Write the pictures."""
    with tempfile.TemporaryDirectory(prefix="plants-") as name:
        folder = Path(name)
        with collecting(folder), browser_tab(folder / "browser") as tab:
            time.sleep(START_S)
            live, state = screen(), status(folder)
            draw_terminal(tab, [("./scripts/run site=all", live), ("./scripts/run job=status", state)], folder)
            time.sleep(COLLECT_S)
            url = state.plain.partition("page: ")[2].split()[0]
            draw_page(tab, url, "page-wide", 1180, 1000)
            draw_page(tab, url, "page-phone", 390, 840)


if __name__ == "__main__":
    main()
