"""The wheel alone is enough: installed outside the repository it runs and brings its configuration."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def run(*words: str | Path, folder: Path, **environment: str) -> str:
    done = subprocess.run(
        words, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's files. First in the import path, it hides the repository's own package."""
    built, site = tmp_path_factory.mktemp("built"), tmp_path_factory.mktemp("site")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", built, folder=REPOSITORY)
    install = ("-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", site)
    run(sys.executable, *install, *built.glob("*.whl"), folder=built)
    return site


def test_the_wheel_holds_the_whole_configuration(installed: Path) -> None:
    conf = installed / "ess_ray" / "conf"
    packed = {path.relative_to(conf) for path in conf.rglob("*.yaml")}
    ours = REPOSITORY / "conf"
    assert packed == {path.relative_to(ours) for path in ours.rglob("*.yaml")} != set()


def test_the_wheel_holds_the_page(installed: Path) -> None:
    ours = REPOSITORY / "src" / "ess_ray" / "page"
    assert {file.name for file in (installed / "ess_ray" / "page").iterdir()} == {file.name for file in ours.iterdir()}


@pytest.mark.parametrize("words", [("--help",), ("--cfg", "job", "site=all")])
def test_the_program_runs_from_the_wheel_in_an_empty_folder(
    installed: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    where = run(
        sys.executable, "-c", "import ess_ray; print(ess_ray.__file__)", folder=tmp_path, PYTHONPATH=str(installed)
    )
    assert where.startswith(str(installed))
    assert run(installed / "bin" / "ess_ray", *words, folder=tmp_path, PYTHONPATH=str(installed))
    assert list(tmp_path.iterdir()) == []
