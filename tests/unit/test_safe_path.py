"""Scripts run in another user's folder, as root perhaps, and nothing that lies there is run or imported."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.baits import lay_baits, taken
from tests.make import SMALL

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(path.name for path in (ROOT / "scripts").iterdir())
# In these the user's folder is the working folder; the others work in the repository.
SHOW = ["--cfg", "job", "site=sionyu", "--config-dir", str(SMALL)]
FROM_ANYWHERE = {"run": SHOW, "psql": [], "pg_dump": [], "bench": ["--help"]}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with an environment that has nothing to install: the package is the one beside these tests."""
    clone = tmp_path / "clone"
    (clone / ".venv/bin").mkdir(parents=True)
    shutil.copytree(ROOT / "scripts", clone / "scripts")
    for package in ("benchmarks", "tests"):
        (clone / package).symlink_to(ROOT / package)
    python = f'PYTHONPATH="${{PYTHONPATH:+$PYTHONPATH:}}{ROOT / "src"}" exec "{sys.executable}" "$@"'
    for name, text in (("scripts/install", "exit 0"), (".venv/bin/python", python)):
        (clone / name).write_text(f"#!/bin/sh\n{text}\n")
        (clone / name).chmod(0o755)
    return clone


@pytest.mark.parametrize("script", FROM_ANYWHERE)
def test_a_script_imports_nothing_from_the_folder_in_which_it_is_called(
    script: str, clone: Path, tmp_path: Path
) -> None:
    folder = lay_baits(tmp_path / "stranger")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    command = [str(clone / "scripts" / script), *FROM_ANYWHERE[script]]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert taken(folder) == []
    assert "Traceback" not in done.stderr
    assert done.returncode == (1 if script in ("psql", "pg_dump") else 0), done.stderr  # there is no database


def test_the_program_itself_imports_nothing_from_there_once_it_runs(tmp_path: Path) -> None:
    folder = lay_baits(tmp_path / "stranger", ("yaml", "hydra", "hydra_plugins", "omegaconf", "numpy", "polars"))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    command = [sys.executable, "-m", "ess_ray.main", *SHOW]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, taken(folder)) == (0, []), done.stderr


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_that_does_not_work_in_the_repository_has_a_safe_path(script: str) -> None:
    text = (ROOT / "scripts" / script).read_text(encoding="utf-8")
    in_repository = 'cd "$(dirname "$0")/.."\n' in text or not text.startswith("#!/usr/bin/env bash")
    assert in_repository or "export PYTHONSAFEPATH=1" in text
