"""The commands of docs/backup.md, run as they stand there: each fenced block in bash, its placeholders filled in.

A folder plays the clone: its `scripts/` start this Python instead of an environment of their own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "backup.md"
# The blocks of the page, in its order.
BLOCKS = (
    "databases", "dump", "dump embedded", "dump with TimescaleDB", "restore", "restore with TimescaleDB", "replace",
    "restore embedded", "copy", "restore days", "move away", "move in", "embedded to server", "install",
    "without a gap", "upgrade",
)  # fmt: skip
SCRIPTS = {
    "run": "ess_ray.main",
    **{name: f"ess_ray.app.programs {name}" for name in ("psql", "pg_dump", "pg_restore")},
}


def blocks() -> dict[str, str]:
    """The page's blocks by name."""
    texts = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(texts) == len(BLOCKS), "another number of blocks: name them here, and run them in a test"
    return dict(zip(BLOCKS, texts, strict=True))


class Shell:
    """A person in a clone of ess_ray who reads the page. `programs`: PostgreSQL's; `given`: placeholder → value."""

    def __init__(self, folder: Path, programs: Path, given: Mapping[str, str], **variables: str) -> None:
        self.folder = folder
        self._given = given
        self._variables = {
            **{key: value for key, value in os.environ.items() if not key.startswith("PG")},
            "PATH": os.pathsep.join([str(folder / "bin"), str(programs), os.environ["PATH"]]),
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
            **variables,
        }
        (folder / "deploy").symlink_to(ROOT / "deploy")
        for name, module in SCRIPTS.items():
            self.script(f"scripts/{name}", f'exec "{sys.executable}" -m {module} "$@"')

    def script(self, name: str, text: str) -> None:
        """A program of the folder that runs this shell text; those in `bin/` are found before all others."""
        file = self.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)

    def run(self, name: str, limit_s: float = 120) -> str:
        """Run a block of the page to its end, which has to be good; gives what it printed."""
        return self.bash(blocks()[name], limit_s)

    def bash(self, commands: str, limit_s: float = 120) -> str:
        """Run commands in which the page's databases and placeholders may stand."""
        text = blocks()["databases"] + commands
        for placeholder, value in self._given.items():
            text = re.sub(placeholder, value, text)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=self.folder,
            env=self._variables,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        return done.stdout
