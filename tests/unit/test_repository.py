"""The laws of the house, read from the source: which part may import what."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "ess_ray"
FILES = sorted(path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py"))

# Imports run one way. The top (main, app, config, jobs, generate, every __main__) may import all and is imported by
# nothing below it.
MAY_IMPORT = {
    "core": {"core"},
    "adapters": {"core", "adapters"},
    "actors": {"core", "adapters", "actors"},
    "simulator": {"core", "adapters", "config", "simulator"},
    "cluster": {"core", "adapters", "actors", "simulator", "cluster"},
}
# Libraries that a part may use; adapters: see their own test.
LIBRARIES = {
    "core": {"numpy", "polars"},
    "actors": set(),
    "simulator": {"numpy"},
    "cluster": {"ray"},
    "top": {"hydra", "omegaconf", "rich", "yaml"},
}
# Of the standard library, what would give the pure part a clock, a socket or a process of its own.
IMPURE = {"asyncio", "multiprocessing", "select", "selectors", "socket", "ssl", "subprocess", "time"}


def imports(file: str) -> Iterator[str]:
    """Every module that a file of the package imports, wherever in the file, as a dotted name."""
    for node in ast.walk(ast.parse((SOURCE / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}, line {node.lineno}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part(file: str) -> str:
    first = file.partition("/")[0]
    return first if first in MAY_IMPORT and not file.endswith("/__main__.py") else "top"


def libraries(file: str) -> set[str]:
    roots = {name.split(".")[0] for name in imports(file)}
    return roots - sys.stdlib_module_names - {"ess_ray"}


@pytest.mark.parametrize("file", [file for file in FILES if part(file) != "top"])
def test_imports_run_one_way(file: str) -> None:
    ours = {name.split(".")[1] for name in imports(file) if name.startswith("ess_ray.")}
    assert ours - {"__version__"} <= MAY_IMPORT[part(file)]


@pytest.mark.parametrize("file", [file for file in FILES if part(file) != "adapters"])
def test_each_part_uses_only_its_libraries(file: str) -> None:
    assert libraries(file) <= LIBRARIES[part(file)]


@pytest.mark.parametrize("file", [file for file in FILES if part(file) == "adapters"])
def test_an_adapter_wraps_one_library(file: str) -> None:
    found = libraries(file)
    assert len(found) <= 1
    assert not found & {"ray", "hydra", "omegaconf"}


@pytest.mark.parametrize("file", [file for file in FILES if part(file) == "core"])
def test_the_core_has_no_clock_socket_or_process(file: str) -> None:
    assert not {name.split(".")[0] for name in imports(file)} & IMPURE


def test_a_poller_process_loads_neither_polars_nor_psycopg() -> None:
    code = (
        "import sys, ess_ray.actors.poller; print(*{'polars', 'psycopg', 'hydra', 'yaml', 'rich'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.split() == []
